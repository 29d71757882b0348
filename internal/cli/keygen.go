package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

type keygenOptions struct{ log, mac, out, trust string }

func newKeygen(sys *System) *cobra.Command {
	o := &keygenOptions{}
	cmd := &cobra.Command{
		Use:   "keygen (--log NAME --trust FILE | --mac ID) --out FILE",
		Short: "Make the key of a log, or of origin MACs",
		Long: `Make the Ed25519 key with which collectors sign a log, and print its public half.

The private key goes into the file --out, mode 0600, which must not exist: a key
is never overwritten. The public key goes into the trust file, which is made
where there is none. Bring the key file to every collector by your secret store,
and the trust file to everybody who verifies, on a way that whoever administers
the database does not control.

The log's name is part of every signature and cannot be changed later. It looks
like a URL without a scheme, such as audit.example.com/prod; give every
environment one of its own.

With --mac it makes a key file for origin MACs instead, with one key of that id,
and prints the id.`,
		Example: `  otelaudit keygen --log audit.example.com/prod --out log.key --trust trust
  otelaudit keygen --mac edge-2026-01 --out mac.key`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(cmd, sys); err != nil {
				return err
			}
			return o.run(sys)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.log, "log", "", "`name` of the log that the key signs for")
	f.StringVar(&o.mac, "mac", "", "`id` of a MAC key to make instead")
	f.StringVar(&o.out, "out", "", "`FILE` for the secret (required)")
	f.StringVar(&o.trust, "trust", "", "trust `FILE` that gets the public key (default: $AUDIT_TRUST_FILE)")
	return cmd
}

func (o *keygenOptions) validate(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	switch {
	case o.log == "" && o.mac == "":
		return usageError(helpHint(cmd), "keygen needs --log NAME or --mac ID")
	case o.log != "" && o.mac != "":
		return usageError("", "--log and --mac exclude each other")
	case o.out == "":
		return usageError("", "keygen needs --out FILE for the secret")
	case o.mac != "" && o.trust != "":
		return usageError("", "--trust goes with --log: a MAC key has no public half")
	case o.mac != "":
		return nil
	}
	if err := merkle.CheckLogName(o.log); err != nil {
		return usageError("such as --log audit.example.com/prod", "--log: %w", err)
	}
	if o.trust == "" {
		o.trust = sys.Getenv("AUDIT_TRUST_FILE")
	}
	if o.trust == "" {
		return usageError("without it nobody can verify what the key signs", "keygen needs --trust FILE")
	}
	return nil
}

func (o *keygenOptions) run(sys *System) error {
	if o.mac != "" {
		if err := keys.CreateMAC(o.out, sys.Rand, o.mac); err != nil {
			return keyFailure(err)
		}
		_, err := fmt.Fprintln(sys.Stdout, o.mac)
		return err
	}
	key, err := (&keys.Files{Key: o.out, Trust: o.trust}).Create(sys.Rand, o.log, sys.Now())
	if err != nil {
		return keyFailure(err)
	}
	_, err = fmt.Fprintln(sys.Stdout, key.Verifier)
	return err
}

// keyFailure gives the errors of key and trust files their hint.
func keyFailure(err error) error {
	hint := ""
	switch {
	case errors.Is(err, keys.ErrExists):
		hint = "give another --out, or add a key to this file with 'otelaudit keys rotate'"
	case errors.Is(err, keys.ErrPending):
		hint = "'otelaudit keys list' shows them, 'otelaudit keys retire KEYID' ends the older one"
	case errors.Is(err, keys.ErrLastKey):
		hint = "'otelaudit keys rotate' makes the key that takes its place"
	case errors.Is(err, keys.ErrUnknown):
		hint = "name the trust file that belongs to this key file, in its newest version"
	case errors.Is(err, keys.ErrTrust):
		hint = "a trust file begins with the line \"" + keys.TrustHeader + "\"; 'otelaudit keygen' writes one"
	case errors.Is(err, keys.ErrKey):
		hint = "a key file is what 'otelaudit keygen' writes"
	}
	return environmentError(hint, err)
}
