package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/systemlog"
)

// pruneOptions are the flags of prune.
type pruneOptions struct {
	database  databaseFlags
	olderThan string
	tenant    string
	batchSize int
	noDrop    bool
	preview   bool
	announce  announceFlags
	access    accessFlags
	format    formatFlag
}

func newPrune(sys *System) *cobra.Command {
	o := &pruneOptions{}
	cmd := &cobra.Command{
		Use:   "prune [--older-than AGE] [--tenant T] [--preview]",
		Short: "Remove events whose time is over",
		Long: `Remove the events of all tenants, or of one, that were recorded before now less
--older-than, by the server's clock; left out, the policies of 'otelaudit
retention' decide, and tenants without one keep everything. An age below a day, or
shorter than a policy, is refused. Only whole commits go, from the beginning of a
log, and what a legal hold keeps, or is behind it, stays: it is counted as
held_back, which is no failure.

A month of which everything goes is dropped at once; otherwise events go in
batches, each a transaction of its own. A prune that was interrupted or killed has
done what it has done: run it again. With a prune of all tenants, quarantined
records past the policy _quarantine and the identities of events that were pruned
90 days ago go, too.

The removal of a signed log is announced first, by an event audit.prune of the
tenant _system: written with the log's key and a login of the writer role, or sent
by OTLP (--endpoint) as an identity that may write there. 'otelaudit verify'
accepts what is gone because of it. See docs/retention.md.

--preview says what would go and removes nothing. It is a read and leaves a trace.
A reader names its tenant; auditor and pruner may ask for all.`,
		Example: `  otelaudit prune --older-than 365d --preview
  otelaudit prune --key log.key --anchors anchors
  otelaudit prune --tenant acme --older-than 365d --endpoint https://audit.example.com:4318 \
      --header "Authorization=Bearer …"`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, sys) },
	}
	o.database.register(cmd, "AUDIT_PRUNER_URL")
	f := cmd.Flags()
	f.StringVar(&o.olderThan, "older-than", "", "`age` such as 365d (default: the policies decide)")
	f.StringVar(&o.tenant, "tenant", "", "`tenant` whose events go (default: all)")
	f.IntVar(&o.batchSize, "batch-size", retention.DefaultBatchSize, fmt.Sprintf("about so many `events` per transaction, 1 to %d", retention.MaxBatchSize))
	f.BoolVar(&o.noDrop, "no-drop", false, "delete in batches where a month could be dropped")
	f.BoolVar(&o.preview, "preview", false, "say what would go, and remove nothing")
	o.announce.register(cmd)
	o.access.register(cmd)
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL, formatCSV)
	return cmd
}

func (o *pruneOptions) run(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	options, err := o.options(sys)
	if err != nil {
		return err
	}
	pruner, err := o.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer pruner.Close()
	if o.preview {
		return o.runPreview(cmd, sys, pruner, options, format)
	}
	if options.Announcer, err = o.announce.announcer(sys, o.database.schema); err != nil {
		return err
	}
	// A prune that removes nothing says how much is held back, and of which tenant
	// a policy keeps it.
	if err := o.access.recordBefore(cmd, sys, pruner.Reader, access.ActionPreview, o.tenant); err != nil {
		return err
	}
	return o.runPrune(cmd.Context(), sys, pruner, options, format)
}

// connect opens the store for statements that may take their time.
func (o *pruneOptions) connect(ctx context.Context, sys *System) (*store.Pruner, error) {
	const longest = 30 * time.Minute
	url, err := o.database.resolve(sys)
	if err != nil {
		return nil, err
	}
	reader, err := store.Connect(ctx, store.Options{URL: url, Schema: o.database.schema, StatementTimeout: longest})
	if err != nil {
		return nil, describeRead(err)
	}
	return reader.Pruner(), nil
}

func (o *pruneOptions) options(sys *System) (retention.Options, error) {
	options := retention.Options{Tenant: o.tenant, BatchSize: o.batchSize, NoDrop: o.noDrop, Caller: o.access.caller(sys), Now: sys.Now}
	if o.batchSize < 1 || o.batchSize > retention.MaxBatchSize {
		return options, usageError("", "--batch-size %d is not 1 to %d", o.batchSize, retention.MaxBatchSize)
	}
	if err := checkTenantFlag(o.tenant, systemTenant); err != nil {
		return options, err
	}
	if o.olderThan == "" {
		return options, nil
	}
	age, err := parseAge(o.olderThan)
	if err != nil {
		return options, usageError("an age such as 365d; the server's clock says what is older", "--older-than %q is no age", o.olderThan)
	}
	if age < retention.MinAge {
		return options, usageError("", "--older-than %s: events younger than one day are never pruned", o.olderThan)
	}
	options.Age = age
	return options, nil
}

func (o *pruneOptions) runPreview(cmd *cobra.Command, sys *System, pruner *store.Pruner, options retention.Options, format string) error {
	trail, err := o.access.trail(cmd.Context(), sys, pruner.Reader)
	if err != nil {
		return err
	}
	preview, err := retention.PreviewPrune(cmd.Context(), pruner, options)
	read := access.Read{Action: access.ActionPreview, Tenant: o.tenant, Filter: flagsAsked(cmd), Rows: -1}
	if err == nil {
		read.Rows = preview.Rows
	}
	if err := recordPruning(cmd.Context(), trail, read, err); err != nil {
		return err
	}
	tellHeld(sys, preview.HeldBack, preview.Holds, preview.Unheld)
	switch format {
	case formatTable, formatCSV:
		return previewListing(preview).write(sys.Stdout, format)
	}
	return writeDocument(sys.Stdout, format, preview)
}

// recordPruning is recordRead, with the words of describePruning.
func recordPruning(ctx context.Context, trail *access.Trail, read access.Read, err error) error {
	return describeTraced(store.RecordRead(ctx, trail, read, err), describePruning)
}

func (o *pruneOptions) runPrune(ctx context.Context, sys *System, pruner *store.Pruner, options retention.Options, format string) error {
	progress := startProgress(sys)
	defer progress.stop()
	options.Progress = func(p retention.Progress) {
		progress.say(func(time.Time) string { return fmt.Sprintf("pruned %d of %s", p.Deleted, counted(p.Rows, "event")) })
	}
	options.Warn = func(err error) { fmt.Fprintf(sys.Stderr, "otelaudit: warning: %s\n", printable(err.Error())) }
	result, err := retention.Run(ctx, pruner, options)
	progress.stop()
	if err != nil {
		if result != nil && result.Deleted > 0 {
			fmt.Fprintf(sys.Stderr, "otelaudit: %s went in %d transactions, %d remain: run it again\n",
				counted(result.Deleted, "event"), result.Batches, result.Remaining)
		}
		if result != nil && result.Batches > 0 {
			err = errors.Join(err, printPruned(sys, format, result))
		}
		return describePruning(err)
	}
	tellHeld(sys, result.HeldBack, result.Holds, result.Unheld)
	return printPruned(sys, format, result)
}

func printPruned(sys *System, format string, result *retention.Result) error {
	switch format {
	case formatTable, formatCSV:
		return resultListing(result).write(sys.Stdout, format)
	}
	return writeDocument(sys.Stdout, format, result)
}

// tellHeld says by what events are held back: who prunes may read no list of holds.
func tellHeld(sys *System, held int64, holds []retention.Hold, unheld []string) {
	const most = 10
	if held == 0 {
		return
	}
	fmt.Fprintf(sys.Stderr, "hint: %s old enough to go, and held back:\n", isOrAreEvents(held))
	for _, h := range holds[:min(most, len(holds))] {
		fmt.Fprintf(sys.Stderr, "hint:   %s\n", printable(heldText(h)))
	}
	if more := len(holds) - most; more > 0 {
		fmt.Fprintf(sys.Stderr, "hint:   %s more\n", counted(more, "legal hold"))
	}
	for _, tenant := range unheld[:min(most, len(unheld))] {
		why := "an epoch without signatures goes as a whole, or not at all"
		if tenant == systemTenant {
			why = "announcements stay as long as verify asks for them"
		}
		fmt.Fprintf(sys.Stderr, "hint:   tenant %q has no legal hold: %s\n", tenant, why)
	}
}

// heldText is a hold for a person.
func heldText(h retention.Hold) string {
	text := fmt.Sprintf("legal hold %d on tenant %q", h.ID, h.Tenant)
	if h.Since != nil {
		text += " since " + h.Since.Format(time.RFC3339)
	}
	if h.Until != nil {
		text += " until " + h.Until.Format(time.RFC3339)
	}
	if h.TargetType != "" {
		text += ", target " + h.TargetType
		if h.TargetID != "" {
			text += ":" + h.TargetID
		}
	}
	return text
}

func isOrAreEvents(n int64) string {
	if n == 1 {
		return "1 event is"
	}
	return fmt.Sprintf("%d events are", n)
}

func writeDocument(w io.Writer, format string, v any) error {
	object, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeObject(w, format, object)
}

func resultListing(r *retention.Result) *listing {
	l := &listing{header: []string{"cutoff", "deleted", "batches", "remaining", "held_back", "partitions", "quarantine", "identities"}}
	l.add(timeOrNone(r.Cutoff), number(r.Deleted), number(r.Batches), number(r.Remaining), number(r.HeldBack), strings.Join(r.Partitions, " "),
		number(r.Quarantine), number(r.Identities))
	return l
}

func previewListing(p *retention.Preview) *listing {
	l := &listing{header: []string{"tenant", "cutoff", "rows", "bytes", "held_back"}}
	for _, t := range p.ByTenant {
		cutoff := ""
		if !t.Cutoff.IsZero() {
			cutoff = t.Cutoff.Format(time.RFC3339)
		}
		l.add(t.Tenant, cutoff, number(t.Rows), number(t.Bytes), number(t.HeldBack))
	}
	return l
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func timeOrNone(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// describePruning gives what keeps a prune from being made its exit code and hint.
func describePruning(err error) error {
	_, wrongRole := errors.AsType[*store.PrunerError](err)
	switch {
	case errors.Is(err, store.ErrPruning):
		return environmentError("wait for it; a login that does not prune is in the way by mistake or on purpose: see docs/runbook.md", err)
	case wrongRole:
		return environmentError("AUDIT_PRUNER_URL or --database-url with a login of that role", err)
	case errors.Is(err, retention.ErrUnannounced):
		return usageError("--key or AUDIT_LOG_KEY_FILE with AUDIT_WRITER_URL, or --endpoint of a collector", "%w", err)
	case errors.Is(err, retention.ErrNotInLog):
		return environmentError("a collector quarantines what an identity may not write: tenant.forwarders must name "+systemTenant+" in full for this one", err)
	case errors.Is(err, context.Canceled):
		return environmentError("", errors.New("interrupted"))
	case store.IsLockTimeout(err):
		return environmentError("a long query, a backup or a vacuum reads it; --no-drop deletes in batches instead", withoutRepetition(err))
	case store.IsRefusedPrune(err):
		return describeDatabase(err)
	}
	return describeChange(err)
}

// announceFlags say how a removal is announced.
type announceFlags struct {
	key, writerURL, endpoint string
	anchors, headers         []string
}

func (a *announceFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.key, "key", "", "announce with this key `FILE` of the log (default: $AUDIT_LOG_KEY_FILE)")
	f.StringVar(&a.writerURL, "writer-url", "", "with the key: PostgreSQL `URL` of a login in the writer role (default: $AUDIT_WRITER_URL)")
	f.StringArrayVar(&a.anchors, "anchors", nil, "with the key: `FILE` of checkpoints known outside the store; may be repeated (default: $AUDIT_ANCHOR_FILE)")
	f.StringVar(&a.endpoint, "endpoint", "", "announce by OTLP/HTTP to this `URL`, in place of the key")
	f.StringArrayVar(&a.headers, "header", nil, "with --endpoint: header `KEY=VALUE`; may be repeated")
}

// announcer is nil where nothing is named: an unsigned log needs none.
func (a *announceFlags) announcer(sys *System, schema string) (retention.Announcer, error) {
	if a.endpoint != "" {
		if a.key != "" {
			return nil, usageError("", "--key and --endpoint exclude each other")
		}
		client, err := newOTLPClient(sys, a.endpoint, a.headers)
		if err != nil {
			return nil, err
		}
		return &otlpAnnouncer{client}, nil
	}
	if len(a.headers) > 0 {
		return nil, usageError("", "--header needs --endpoint")
	}
	path, url := a.key, a.writerURL
	if path == "" {
		path = sys.Getenv("AUDIT_LOG_KEY_FILE")
	}
	if url == "" {
		url = sys.Getenv("AUDIT_WRITER_URL")
	}
	if path == "" {
		return nil, nil //nolint:nilnil // there is none, which is no error yet
	}
	if url == "" {
		return nil, usageError("--writer-url or AUDIT_WRITER_URL", "the key announces through a login of the writer role, and none is named")
	}
	return a.withKey(sys, path, url, schema)
}

func (a *announceFlags) withKey(sys *System, path, url, schema string) (retention.Announcer, error) {
	ring, err := keys.LoadRing(path)
	if err != nil {
		return nil, environmentError("", fmt.Errorf("--key: %w", err))
	}
	known := keyLog{anchors: a.anchors}
	notes, err := known.notes(sys)
	if err != nil {
		return nil, err
	}
	return &retention.KeyAnnouncer{Log: &systemlog.Log{URL: url, Schema: schema, Ring: ring, Notes: notes, Now: sys.Now}}, nil
}

// otlpAnnouncer sends announcements to a collector, as whoever the headers say.
type otlpAnnouncer struct{ client *otlpClient }

// Announce implements retention.Announcer.
func (a *otlpAnnouncer) Announce(ctx context.Context, intents []*record.Record) error {
	batch := make([]*outgoing, len(intents))
	for i, rec := range intents {
		batch[i] = &outgoing{
			tenantID: rec.TenantID, eventID: rec.EventID, action: rec.Action, outcome: rec.Outcome, timeUnixNano: uint64(rec.TimeUnixNano), //nolint:gosec // of now
			actor: rec.Actor.AppendJSON(nil), target: rec.Target.AppendJSON(nil), payload: rec.Payload.AppendJSON(nil), source: rec.Source.AppendJSON(nil),
		}
	}
	body, err := appendRequest(nil, batch)
	if err != nil {
		return err
	}
	answer, err := a.client.deliver(ctx, body)
	if err == nil && answer.rejected > 0 {
		err = negative("the collector's configuration says who may write for "+systemTenant, "the collector rejected the announcement: %s", answer.message)
	}
	return err
}
