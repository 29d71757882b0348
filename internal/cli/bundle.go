package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/bundle"
	"github.com/otelaudit/otelaudit/internal/record"
)

type bundleOptions struct {
	database      databaseFlags
	tenant        string
	key, out      string
	filter        bundle.Filter
	actor, target entityFlags
	since, until  string
	epoch         int32
	first, last   int64
	format        formatFlag
	access        accessFlags
}

func newBundle(sys *System) *cobra.Command {
	o := &bundleOptions{}
	cmd := &cobra.Command{
		Use:   "bundle --tenant T --out FILE [flags]",
		Short: "Write a file with events and their proof for an auditor",
		Long: `Write the events of a tenant that match every filter into one file, with the proof
that they are in the tenant's signed log, the checkpoints, the public keys, and a
manifest signed by the log's key: the filter, how many events, the first and last,
and a hash of the file. 'otelaudit verify-bundle' verifies it offline, and so does
the second verifier in verifier/.

That the events are in the log is proven. That none is missing is proven where the
filter is none, or a range of --first-seq to --last-seq; under any other filter it
is what the holder of the key attests in the manifest. To attest it, every event
of the tenant is read and recomputed; where the store contradicts its log, nothing
is written (exit code 1). So it is where events were removed that no verified event
of the tenant _system announces; the announcements go into the bundle, which takes
a login that may read them.

The window is since <= t < until. Events committed meanwhile are not in it.

FILE is there whole or not at all. Exit codes: 0 it is written; 1 the store
contradicts its log; 2 usage or environment; 3 interrupted.`,
		Example: `  otelaudit bundle --tenant acme --key log.key --out acme.bundle
  otelaudit bundle --tenant acme --key log.key --out denials.bundle --outcome denied --since 2026-01-01 --until 2026-04-01`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.register(cmd)
	return cmd
}

func (o *bundleOptions) register(cmd *cobra.Command) {
	o.database.register(cmd, "AUDIT_READER_URL")
	f := cmd.Flags()
	f.StringVar(&o.tenant, "tenant", "", "`tenant` whose events they are (required)")
	f.StringVar(&o.key, "key", "", "key `FILE` of the log (default: $AUDIT_LOG_KEY_FILE)")
	f.StringVar(&o.out, "out", "", "`FILE` to write (required)")
	f.StringVar(&o.filter.ActionPrefix, "action-prefix", "", "actions that begin with `text`")
	f.StringVar(&o.filter.Action, "action", "", "this `action`")
	o.target.register(cmd, "target", "what it was done to,")
	o.actor.register(cmd, "actor", "who did it,")
	f.StringVar(&o.filter.Outcome, "outcome", "", "`outcome`: success, failure, denied, unknown or an alias")
	f.StringVar(&o.filter.CorrelationID, "correlation-id", "", "events of one operation, by its `id`")
	f.StringVar(&o.filter.CausationID, "causation-id", "", "events caused by the event with this `id`")
	f.StringVar(&o.filter.TraceID, "trace-id", "", "events of a trace, 32 hexadecimal `digits`")
	f.StringVar(&o.filter.RequestID, "request-id", "", "events of a request, by its `id`")
	f.StringVar(&o.filter.IP, "ip", "", "events from a client `address`, as it was recorded")
	f.StringVar(&o.since, "since", "", "from this `time` on: RFC 3339, a date, or an age such as 30d")
	f.StringVar(&o.until, "until", "", "before this `time`")
	f.Int32Var(&o.epoch, "epoch", 0, "this `EPOCH` of the tenant's log alone")
	f.Int64Var(&o.first, "first-seq", 0, "from this `SEQ` on; with --epoch")
	f.Int64Var(&o.last, "last-seq", 0, "up to and with this `SEQ`; with --epoch")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	o.access.register(cmd)
}

func (o *bundleOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.check(cmd, sys)
	if err != nil {
		return err
	}
	path := o.key
	if path == "" {
		path = sys.Getenv("AUDIT_LOG_KEY_FILE")
	}
	ring, err := loadKey(path)
	if err != nil {
		return err
	}
	scanner, err := o.access.scan(cmd, sys, &o.database, access.ActionBundle, o.tenant)
	if err != nil {
		return describeCheck(cmd.Context(), err)
	}
	defer scanner.Close()
	if err := o.access.recordBefore(cmd, sys, scanner.Reader(), access.ActionBundle, o.tenant); err != nil {
		return err
	}
	progress := newCountLine(sys)
	options := bundle.Options{
		Tenant: o.tenant, Filter: o.filter, Ring: ring, Now: sys.Now,
		Progress: func(read, of int64) { progress.show(fmt.Sprintf("events of %d read", of), read) },
	}
	var report bundle.Report
	err = writeFileWhole(o.out, func(w io.Writer) error {
		var err error
		report, err = bundle.Build(cmd.Context(), scanner, w, options)
		return err
	})
	progress.stop()
	if err != nil {
		return describeBundle(cmd.Context(), err)
	}
	return writeReport(sys, format, &report)
}

// check completes the filter from the flags.
func (o *bundleOptions) check(cmd *cobra.Command, sys *System) (format string, err error) {
	if err := refuseEmpty(cmd); err != nil {
		return "", err
	}
	if o.tenant == "" {
		return "", usageError("every bundle is one tenant's: --tenant T", "bundle needs --tenant")
	}
	if o.out == "" {
		return "", usageError("", "bundle needs --out FILE")
	}
	if format, err = o.format.choose(sys); err != nil {
		return "", err
	}
	actor, err := o.actor.parse()
	if err != nil {
		return "", err
	}
	target, err := o.target.parse()
	if err != nil {
		return "", err
	}
	f := &o.filter
	f.ActorType, f.ActorID, f.TargetType, f.TargetID = actor.kind, actor.id, target.kind, target.id
	if f.Outcome != "" {
		outcome, known := record.ParseOutcome(f.Outcome)
		if !known {
			return "", usageError(outcomeHint, "--outcome %q is no outcome", f.Outcome)
		}
		f.Outcome = outcome
	}
	if f.TraceID != "" && !isHexadecimal(f.TraceID, 16) {
		return "", usageError("", "--trace-id %q is not 32 hexadecimal digits", f.TraceID)
	}
	f.TraceID = strings.ToLower(f.TraceID)
	w, err := parseWindow(o.since, o.until, sys.Now())
	if err != nil {
		return "", err
	}
	f.Since, f.Until = wholeMicroseconds(w.since), wholeMicroseconds(w.until)
	if cmd.Flags().Changed("epoch") {
		f.Epoch = &o.epoch
	}
	if cmd.Flags().Changed("first-seq") {
		f.FirstSeq = &o.first
	}
	if cmd.Flags().Changed("last-seq") {
		f.LastSeq = &o.last
	}
	if err := f.Check(); err != nil {
		return "", usageError("", "the filter cannot be meant: %w", err)
	}
	return format, nil
}

// wholeMicroseconds cuts a bound as event times are cut; the zero time stays.
func wholeMicroseconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func describeBundle(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return describeCheck(ctx, err)
	case errors.Is(err, bundle.ErrDamaged), errors.Is(err, bundle.ErrRoot):
		return negative("nothing was written; 'otelaudit verify' says what is wrong, and where", "%w", err)
	case errors.Is(err, bundle.ErrNoLog):
		return negative("", "%w", err)
	case errors.Is(err, bundle.ErrSystemUnseen):
		return environmentError("use a login of the auditor role, or one that may read the tenant _system, too", err)
	}
	return describeProof(err)
}

type verifyBundleOptions struct {
	trust  pinnedTrust
	format formatFlag
}

func newVerifyBundle(sys *System) *cobra.Command {
	o := &verifyBundleOptions{}
	cmd := &cobra.Command{
		Use:   "verify-bundle --trust FILE BUNDLE [flags]",
		Short: "Verify a bundle offline",
		Long: `Verify what 'otelaudit bundle' wrote, without a database and without any secret:
the signatures of checkpoints and manifest, that every record leads to the signed
root, matches the filter, is of the tenant, stands in order and once, and that the
file is the one that was signed, to the last byte.

"complete" says what is proven about events that are not in it: "proven", the
filter takes everything in its range and nothing in it is missing; "proven from seq
N", so it is of all that retention left, and that the events before were meant to
go is proven, not what they were; "attested", the holder of the log's key signed
that these are all that match, or events were removed one by one. A bundle of
another log than --log is refused.

Exit codes: 0 it holds; 1 it does not; 2 wrong usage, or not a bundle.`,
		Example: `  otelaudit verify-bundle --trust trust acme.bundle`,
		Args:    exactly("BUNDLE"),

		ValidArgsFunction: offerFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, sys, args[0])
		},
	}
	o.trust.register(cmd, "trust `FILE` with the public keys you believe")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	return cmd
}

func (o *verifyBundleOptions) run(cmd *cobra.Command, sys *System, path string) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	trust, err := o.trust.load(sys)
	if err != nil {
		return err
	}
	file, err := openRegular(path)
	if err != nil {
		return err
	}
	defer file.Close()
	report, err := bundle.Verify(file, trust)
	switch {
	case errors.Is(err, bundle.ErrNotBundle):
		return environmentError("'otelaudit bundle' makes them", fmt.Errorf("%s: %w", path, err))
	case err != nil:
		return describeFalse(fmt.Errorf("%s: %w", path, err))
	}
	return writeReport(sys, format, &report)
}

// bundleReport is a report as JSON, in the order a person reads it.
type bundleReport struct {
	TenantID  string              `json:"tenant_id"`
	Log       string              `json:"log"`
	Filter    bundle.Filter       `json:"filter"`
	Events    int64               `json:"events"`
	Complete  string              `json:"complete"` // proven, proven from seq N, or attested
	Removed   int64               `json:"removed,omitempty"`
	CreatedAt string              `json:"created_at"`
	Epochs    []bundleEpochReport `json:"epochs"`
}

type bundleEpochReport struct {
	Epoch      int32  `json:"epoch"`
	Log        string `json:"log"`
	Size       int64  `json:"size"`
	RecordedAt string `json:"recorded_at"`
	Events     int64  `json:"events"`
	Pruned     int64  `json:"pruned,omitempty"`
	Lost       int64  `json:"previous_epoch_lost_size,omitempty"`
}

func writeReport(sys *System, format string, r *bundle.Report) error {
	shown := bundleReport{
		TenantID: r.Header.TenantID, Log: r.Header.Log, Filter: r.Header.Filter, Events: r.Events,
		Complete: r.Complete(), Removed: r.Removed, CreatedAt: instant(r.CreatedAt),
	}
	for i := range r.Epochs {
		e := &r.Epochs[i]
		shown.Epochs = append(shown.Epochs, bundleEpochReport{
			Epoch: e.Epoch, Log: e.Origin, Size: e.Size, RecordedAt: instant(e.RecordedAt), Events: e.Events, Pruned: e.Pruned, Lost: e.Lost,
		})
	}
	object, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, object)
}
