package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/store"
)

type proveOptions struct {
	database    databaseFlags
	trust       trustFlag
	tenant      string
	size        int64
	out, record string
	consistency bool
	from        string
	access      accessFlags
}

func newProve(sys *System) *cobra.Command {
	o := &proveOptions{}
	cmd := &cobra.Command{
		Use:   "prove --tenant T EVENT_ID [flags] | prove --tenant T --consistency --from FILE",
		Short: "Prove that an event is in the log, without showing any other",
		Long: `Write the proof that one event is in the signed log of its tenant: a C2SP
tlog-proof, which holds hashes and a signed checkpoint and no event. With --record
the event's canonical bytes go into a file of their own; the two files and a trust
file are all that 'otelaudit verify-proof' needs.

The record is recomputed from the columns, and the proof is verified before it is
written; with a trust file its signature, too. --at proves it against an older
commit: the one in which the event was committed also proves when.

With --consistency the proof says that the log has only grown since an old
checkpoint, in the form that C2SP tlog-witness defines.

It needs the reader role for the tenant. Exit code 1 when there is no such event,
or when the store contradicts its own log, which 'otelaudit verify' looks into.`,
		Example: `  otelaudit prove --tenant acme 01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b10 --out event.proof --record event.json
  otelaudit prove --tenant acme --consistency --from checkpoint-of-last-year --out grown.proof`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.consistency {
				return exactly()(cmd, args)
			}
			return exactly("EVENT_ID")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, sys, args)
		},
	}
	o.database.register(cmd, "AUDIT_READER_URL")
	o.trust.register(cmd, "trust `FILE` to check the signature with")
	f := cmd.Flags()
	f.StringVar(&o.tenant, "tenant", "", "`tenant` the event belongs to (required)")
	f.Int64Var(&o.size, "at", 0, "prove against the commit of this `SIZE` (default: the newest)")
	f.StringVar(&o.out, "out", "", "`FILE` for the proof (default: standard output)")
	f.StringVar(&o.record, "record", "", "`FILE` for the canonical record")
	f.BoolVar(&o.consistency, "consistency", false, "prove that the log has only grown since --from")
	f.StringVar(&o.from, "from", "", "`FILE` with the old checkpoint")
	o.access.register(cmd)
	return cmd
}

func (o *proveOptions) run(cmd *cobra.Command, sys *System, args []string) error {
	if err := o.check(cmd); err != nil {
		return err
	}
	trust, err := o.trust.load(sys, false)
	if err != nil {
		return err
	}
	if o.consistency {
		return o.proveConsistency(cmd, sys, trust)
	}
	scanner, err := o.access.scan(cmd, sys, &o.database, access.ActionProve, o.tenant)
	if err != nil {
		return err
	}
	defer scanner.Close()
	if err := o.access.recordBefore(cmd, sys, scanner.Reader(), access.ActionProve, o.tenant, "event_id", args[0]); err != nil {
		return err
	}
	proven, err := prove.Event(cmd.Context(), scanner, o.tenant, args[0], o.size)
	if err != nil {
		return describeProof(err)
	}
	file := proven.Proof.Marshal()
	if trust != nil {
		if _, err := prove.VerifyInclusion(trust, file, proven.Canonical); err != nil {
			return describeProof(err)
		}
	}
	if o.record != "" {
		if err := writeBytes(sys, o.record, proven.Canonical); err != nil {
			return err
		}
	}
	return writeBytes(sys, o.out, file)
}

func (o *proveOptions) check(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	switch {
	case o.tenant == "":
		return usageError("every log is one tenant's: --tenant T", "prove needs --tenant")
	case o.size < 0 || o.size == 0 && cmd.Flags().Changed("at"):
		return usageError("it is the size of a commit, as in its checkpoint", "--at %d is not a size", o.size)
	case o.consistency && o.from == "":
		return usageError("'otelaudit checkpoint' prints one; keep it where this store's administrators cannot write", "--consistency needs --from FILE")
	case !o.consistency && o.from != "":
		return usageError("", "--from goes with --consistency")
	case o.consistency && (o.record != "" || o.size != 0):
		return usageError("", "--record and --at do not go with --consistency")
	case o.out != "" && o.out == o.record:
		return usageError("", "--out and --record are the same file")
	}
	return nil
}

func (o *proveOptions) proveConsistency(cmd *cobra.Command, sys *System, trust *keys.Trust) error {
	ctx := cmd.Context()
	notes, err := readKeptCheckpoints(o.from)
	if err != nil {
		return err
	}
	scanner, err := o.access.scan(cmd, sys, &o.database, access.ActionProve, o.tenant)
	if err != nil {
		return err
	}
	defer scanner.Close()
	if err := o.access.recordBefore(cmd, sys, scanner.Reader(), access.ActionProve, o.tenant); err != nil {
		return err
	}
	note := newestOfTenant(notes, o.tenant)
	if note == nil {
		return negative("", "--from %s: it holds no checkpoint of tenant %q", o.from, o.tenant)
	}
	old, err := anchor.Unverified(note)
	if err != nil {
		return environmentError("", fmt.Errorf("--from %s: %w", o.from, err))
	}
	proof, _, err := prove.Growth(ctx, scanner, o.tenant, old)
	if err != nil {
		return describeProof(err)
	}
	file := proof.Marshal()
	if trust != nil {
		if _, _, err := prove.VerifyConsistency(trust, file, note); err != nil {
			return describeProof(err)
		}
	}
	return writeBytes(sys, o.out, file)
}

// readKeptCheckpoints reads a file that must hold a checkpoint.
func readKeptCheckpoints(path string) ([][]byte, error) {
	notes, err := readAnchorFiles("from", path)
	if err == nil && len(notes) == 0 {
		return nil, environmentError("", fmt.Errorf("--from: %s: %w", path, anchor.ErrNone))
	}
	return notes, err
}

// newestOfTenant picks the newest checkpoint of the tenant's newest epoch.
func newestOfTenant(notes [][]byte, tenant string) []byte {
	var newest []byte
	var epoch int32
	var size int64
	for _, note := range notes {
		c, err := anchor.Unverified(note)
		if err != nil {
			continue
		}
		origin, err := merkle.ParseOrigin(c.Origin)
		if err != nil || merkle.TenantOrigin(origin.Log, tenant, origin.Epoch) != c.Origin {
			continue
		}
		if newest == nil || origin.Epoch > epoch || origin.Epoch == epoch && c.Size > size {
			newest, epoch, size = note, origin.Epoch, c.Size
		}
	}
	return newest
}

// scan opens the store for reading logs: of one tenant, or of all for "".
func (d *databaseFlags) scan(ctx context.Context, sys *System, tenant string) (*store.Scanner, error) {
	url, err := d.resolve(sys)
	if err != nil {
		return nil, err
	}
	scanner, err := store.OpenScanner(ctx, store.Options{URL: url, Schema: d.schema}, tenant)
	if errors.Is(err, store.ErrOneTenant) {
		return nil, environmentError("--tenant T names one; a login of the auditor role sees all", err)
	}
	return scanner, describeRead(err)
}

// describeProof gives what keeps a proof from being made, or from holding, its
// exit code and hint.
func describeProof(err error) error {
	const look = "'otelaudit verify' says what is wrong, and where"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return negative("", "%w", err)
	case errors.Is(err, prove.ErrEvidence), errors.Is(err, prove.ErrFork):
		return negative(look, "%w", err)
	case errors.Is(err, prove.ErrBehind):
		return negative("a backup was restored, or the end was cut off; "+look, "%w", err)
	case errors.Is(err, prove.ErrUnsigned):
		return negative("'otelaudit recover --new-epoch' puts what is stored under a signature", "%w", err)
	case errors.Is(err, prove.ErrNoCommit):
		return negative("sizes are those of checkpoints; without --at it is the newest", "%w", err)
	case errors.Is(err, keys.ErrSignature):
		return negative("is this the trust file of the log that signed?", "%w", err)
	case errors.Is(err, keys.ErrNotTrusted), errors.Is(err, merkle.ErrProof), errors.Is(err, merkle.ErrCheckpoint):
		return negative("", "%w", err)
	}
	return describeRead(err)
}
