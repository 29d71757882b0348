package cli

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// keyChange is what rotate and retire share: the files, and the store in which
// a change of keys is an event.
type keyChange struct {
	files   keyFiles
	journal keyLog
}

func (c *keyChange) register(cmd *cobra.Command) {
	c.files.register(cmd)
	c.journal.register(cmd)
}

// finish records what the files say now. The files are changed by then: what
// goes wrong here takes nothing back, and says how to go on.
func (c *keyChange) finish(ctx context.Context, sys *System) error {
	const remedy = "'otelaudit keys record' does, any time later"
	if !c.journal.named(sys) {
		fmt.Fprintf(sys.Stderr, "The change is not recorded in a store: no database is named.\nhint: %s\n", remedy)
		return nil
	}
	err := c.journal.record(ctx, sys, c.files)
	if err != nil {
		fmt.Fprintf(sys.Stderr, "The keys are changed, but the change is not recorded in the store.\nhint: %s\n", remedy)
	}
	return err
}

func newKeysRotate(sys *System) *cobra.Command {
	c := &keyChange{}
	var mac, id string
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new key that signs beside the old one",
		Long: `Make a new key of the log. It stands in front of the old one in the key file, and
both sign from the next start of the collectors on. The trust file gets a line
for the new key, valid from now. Prints that line.

Then bring the trust file to everybody who verifies and the key file to every
collector, restart the collectors, and end the old key with 'keys retire'.

With a database it is an event audit.key.rotate of the tenant _system.

--mac puts a new key in front of a MAC key file instead.`,
		Example: `  otelaudit keys rotate --key log.key --trust trust --database-url postgres://writer@db.example/app
  otelaudit keys rotate --mac mac.key --id edge-2026-02`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("mac") || cmd.Flags().Changed("id") {
				return rotateMAC(cmd, sys, mac, id)
			}
			if err := c.files.resolve(cmd, sys); err != nil {
				return err
			}
			if err := c.journal.check(sys); err != nil {
				return err
			}
			key, err := (&keys.Files{Key: c.files.key, Trust: c.files.trust}).Rotate(sys.Rand, sys.Now())
			if err != nil {
				return keyFailure(err)
			}
			if _, err := fmt.Fprintln(sys.Stdout, key.Line()); err != nil {
				return err
			}
			return c.finish(cmd.Context(), sys)
		},
	}
	c.register(cmd)
	cmd.Flags().StringVar(&mac, "mac", "", "MAC key `FILE` to rotate instead")
	cmd.Flags().StringVar(&id, "id", "", "`id` of the new MAC key")
	return cmd
}

func rotateMAC(cmd *cobra.Command, sys *System, path, id string) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	switch {
	case path == "" || id == "":
		return usageError("", "--mac FILE and --id ID go together")
	case cmd.Flags().Changed("key") || cmd.Flags().Changed("trust") || cmd.Flags().Changed("database-url"):
		return usageError("", "--mac excludes --key, --trust and --database-url: a MAC key belongs to no log")
	}
	if err := keys.RotateMAC(path, sys.Rand, id); err != nil {
		return keyFailure(err)
	}
	_, err := fmt.Fprintln(sys.Stdout, id)
	return err
}

func newKeysRetire(sys *System) *cobra.Command {
	c := &keyChange{}
	alone := time.Hour
	cmd := &cobra.Command{
		Use:   "retire KEYID",
		Short: "End a key that another one has taken the place of",
		Long: `End a key, named by its hash or by its name and hash as 'keys list' shows them.

Its private half is taken out of the key file; the public half stays, so that
collectors go on appending to what it signed. Its line in the trust file ends
now; what it signed before stays verifiable. Prints that line.

Every collector must sign with the new key already, because what only the
retired key signs from now on is not trusted. With a database this is checked:
it refuses, with exit code 1, when a log's newest commit is younger than
--alone-within and bears only the signature of the key that is to be retired.
The retirement is then an event audit.key.retire of the tenant _system.`,
		Example: "  otelaudit keys retire d3cc6907 --key log.key --trust trust --database-url postgres://writer@db.example/app",
		Args:    exactly("KEYID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.files.resolve(cmd, sys); err != nil {
				return err
			}
			if err := c.journal.check(sys); err != nil {
				return err
			}
			if alone <= 0 {
				return usageError("", "--alone-within %s is not a time", alone)
			}
			if err := c.refuseWhileAlone(cmd.Context(), sys, args[0], alone); err != nil {
				return err
			}
			key, err := (&keys.Files{Key: c.files.key, Trust: c.files.trust}).Retire(args[0], sys.Now())
			if err != nil {
				return keyFailure(err)
			}
			if _, err := fmt.Fprintln(sys.Stdout, key.Line()); err != nil {
				return err
			}
			return c.finish(cmd.Context(), sys)
		},
	}
	c.register(cmd)
	cmd.Flags().DurationVar(&alone, "alone-within", alone, "`time` within which the key must have signed nothing alone")
	return cmd
}

//go:embed sql/keys_heads.sql
var keysHeadsSQL string

// refuseWhileAlone refuses to retire a key with which a collector still signs
// alone.
func (c *keyChange) refuseWhileAlone(ctx context.Context, sys *System, id string, within time.Duration) error {
	if !c.journal.named(sys) {
		fmt.Fprintln(sys.Stderr, "No database is named: whether every collector signs with the new key is not checked.")
		return nil
	}
	ring, err := keys.LoadRing(c.files.key)
	if err != nil {
		return keyFailure(err)
	}
	remaining := slices.DeleteFunc(ring.Public(), func(public string) bool {
		key := (&keys.TrustedKey{Verifier: public}).ID()
		return id == key || strings.HasSuffix(key, "+"+id)
	})
	if len(remaining) == 0 {
		return nil // Retire says why it cannot be
	}
	var text strings.Builder
	text.WriteString(keys.TrustHeader + "\n")
	for _, public := range remaining {
		text.WriteString((&keys.TrustedKey{Verifier: public, Log: ring.LogName()}).Line() + "\n")
	}
	others, err := keys.ParseTrust([]byte(text.String()))
	if err != nil {
		return keyFailure(err)
	}
	return c.journal.eachHead(ctx, sys, sys.Now().Add(-within), func(tenant string, at time.Time, note []byte) error {
		if _, err := others.Checkpoint(note); err == nil {
			return nil
		}
		return negative("bring the key file with both keys to every collector, restart them, wait for new commits or for --alone-within, and run this again",
			"the newest commit of tenant %s, of %s, is signed by none of the keys that remain", tenant, at.UTC().Format(time.RFC3339))
	})
}

// eachHead calls do with the newest commit of every log that is younger than
// since, newest first.
func (l *keyLog) eachHead(ctx context.Context, sys *System, since time.Time, do func(tenant string, at time.Time, note []byte) error) error {
	url, err := l.database.resolve(sys)
	if err != nil {
		return err
	}
	config, err := pgurl.Parse(url, "otelaudit keys")
	if err != nil {
		return environmentError("", err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return describeDatabase(pgurl.Describe(err))
	}
	defer conn.Close(context.WithoutCancel(ctx))
	query := strings.ReplaceAll(keysHeadsSQL, "{{schema}}", pgx.Identifier{l.database.schema}.Sanitize())
	rows, err := conn.Query(ctx, query, since)
	if err != nil {
		return describeDatabase(pgurl.Describe(err))
	}
	defer rows.Close()
	for rows.Next() {
		var tenant, note string
		var at time.Time
		if err := rows.Scan(&tenant, &at, &note); err != nil {
			return describeDatabase(pgurl.Describe(err))
		}
		if err := do(tenant, at, []byte(note)); err != nil {
			return err
		}
	}
	return describeDatabase(pgurl.Describe(rows.Err()))
}
