package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
)

func newKeys(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Rotate, retire and list the keys of a log",
		Long: `Rotate, retire and list the keys of a log.

A rotation has two steps, with a time of both keys between them, so that no
signature is ever made that somebody cannot verify: 'rotate' makes a key that
signs beside the old one, 'retire' ends the old one when every collector has the
new one. docs/keys.md is the whole procedure.`,
		Example: `  otelaudit keys list --key log.key --trust trust
  otelaudit keys rotate --key log.key --trust trust
  otelaudit keys retire d3cc6907 --key log.key --trust trust`,
	}
	asGroup(cmd)
	cmd.AddCommand(newKeysList(sys), newKeysRotate(sys), newKeysRetire(sys), newKeysRecord(sys))
	return cmd
}

// keyFiles are --key and --trust, as every command of the group has them.
type keyFiles struct{ key, trust string }

func (f *keyFiles) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.key, "key", "", "key `FILE` of the log (default: $AUDIT_LOG_KEY_FILE)")
	cmd.Flags().StringVar(&f.trust, "trust", "", "trust `FILE` of the log (default: $AUDIT_TRUST_FILE)")
}

// resolve fills in the environment and demands both files.
func (f *keyFiles) resolve(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	if f.key == "" {
		f.key = sys.Getenv("AUDIT_LOG_KEY_FILE")
	}
	if f.trust == "" {
		f.trust = sys.Getenv("AUDIT_TRUST_FILE")
	}
	switch {
	case f.key == "":
		return usageError("--key FILE or AUDIT_LOG_KEY_FILE", "no key file is named")
	case f.trust == "":
		return usageError("--trust FILE or AUDIT_TRUST_FILE", "no trust file is named")
	}
	return nil
}

func (f *keyFiles) load() (*keys.Ring, *keys.Trust, error) {
	ring, err := keys.LoadRing(f.key)
	if err != nil {
		return nil, nil, keyFailure(fmt.Errorf("--key: %w", err))
	}
	trust, err := keys.LoadTrust(f.trust)
	if err != nil {
		return nil, nil, keyFailure(fmt.Errorf("--trust: %w", err))
	}
	return ring, trust, nil
}

func newKeysList(sys *System) *cobra.Command {
	var files keyFiles
	var format formatFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys of a log and what they are good for",
		Long: `List every key of a key file and a trust file: whether collectors sign with it,
whether they still accept what it signed, and when verifiers trust it. Private
keys are not shown. Exit code 1 when a key signs that is not trusted now.`,
		Example: "  otelaudit keys list --key log.key --trust trust --format table",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			form, err := format.choose(sys)
			if err != nil {
				return err
			}
			if err := files.resolve(cmd, sys); err != nil {
				return err
			}
			ring, trust, err := files.load()
			if err != nil {
				return err
			}
			all := listKeys(ring, trust, sys.Now())
			if err := printKeys(sys.Stdout, form, all); err != nil {
				return err
			}
			for i := range all {
				if all[i].Signs && !all[i].Trusted {
					return negative("name the trust file that belongs to this key file, in its newest version",
						"key %s signs and is not trusted now", all[i].Key)
				}
			}
			return nil
		},
	}
	files.register(cmd)
	format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	return cmd
}

// listedKey is one line of the list: a line of the trust file, or a key of the
// key file that has none.
type listedKey struct {
	Key      string     `json:"key"`
	Log      string     `json:"log"`
	Verifier string     `json:"verifier"`
	Signs    bool       `json:"signs"`    // collectors sign with it
	Accepted bool       `json:"accepted"` // collectors append to what it signed
	Trusted  bool       `json:"trusted"`  // by verifiers, now
	From     *time.Time `json:"from,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
}

func listKeys(ring *keys.Ring, trust *keys.Trust, now time.Time) []listedKey {
	var all []listedKey
	public, retired := ring.Public(), ring.Retired()
	rest := slices.Concat(public, retired)
	for _, key := range trust.Keys() {
		signs := slices.Contains(public, key.Verifier)
		listed := listedKey{
			Key: key.ID(), Log: key.Log, Verifier: key.Verifier,
			Signs: signs, Accepted: signs || slices.Contains(retired, key.Verifier),
			Trusted: (key.From.IsZero() || !now.Before(key.From)) && (key.Until.IsZero() || now.Before(key.Until)),
		}
		if !key.From.IsZero() {
			listed.From = &key.From
		}
		if !key.Until.IsZero() {
			listed.Until = &key.Until
		}
		all = append(all, listed)
		rest = slices.DeleteFunc(rest, func(verifier string) bool { return verifier == key.Verifier })
	}
	for _, verifier := range rest {
		key := keys.TrustedKey{Verifier: verifier}
		all = append(all, listedKey{
			Key: key.ID(), Log: ring.LogName(), Verifier: verifier,
			Signs: slices.Contains(public, verifier), Accepted: true,
		})
	}
	return all
}

func printKeys(w io.Writer, format string, all []listedKey) error {
	switch format {
	case formatJSON:
		return writeJSON(w, all)
	case formatJSONL:
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for i := range all {
			if err := e.Encode(&all[i]); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tCOLLECTORS\tTRUSTED\tFROM\tUNTIL")
	for i := range all {
		key := &all[i]
		use := "-"
		switch {
		case key.Signs:
			use = "sign"
		case key.Accepted:
			use = "accept"
		}
		trusted := "no"
		if key.Trusted {
			trusted = "yes"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", key.Key, use, trusted, endCell(key.From), endCell(key.Until))
	}
	return table.Flush()
}

func endCell(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
