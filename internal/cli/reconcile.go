package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/store"
)

type reconcileOptions struct {
	database     databaseFlags
	trust        pinnedTrust
	tenant       string
	journals     []string
	anchors      []string
	sent         string
	since, until string
	grace        time.Duration
	tempDir      string
	format       formatFlag
	access       accessFlags
}

func newReconcile(sys *System) *cobra.Command {
	o := &reconcileOptions{}
	cmd := &cobra.Command{
		Use:   "reconcile --journal DIR --trust FILE [flags] | reconcile --tenant T --sent FILE",
		Short: "Compare the store with the journal, or with what a client sent",
		Long: `Compare the store with the journal, event by event: by identity, then by leaf. It
finds what no signature shows, because whoever did it holds the log's key.

  only_in_journal      never stored and never sent again by its client, who heard no
                       success, or deleted from the store; pruned, in quarantine,
                       under way and acknowledged as lost are ruled out
  only_in_store        forged, or the journal was out when it was stored
  altered              the same identity, another record
  quarantine_missing   a quarantined record that the store lost
  mac_removed          the store lacks the origin MAC that the journal has
  mac_exchanged        the store has another origin MAC than the journal
  schema_changed       the tables are not what the migrations made, and nothing
                       they say counts: 'otelaudit verify' tells more
  unconfirmed          the journal has the event and not this leaf: a retry of which
                       it missed the first try, or an edit of the time, the context,
                       the source or the attributes. Or it has a MAC of another key
                       that it knows: rotated between two tries, or exchanged

No alarm, and counted: an application's retry, a conflict that is in quarantine,
what was pruned, what is older than the journal, what is younger than --grace, and
events of _system, which this program writes into the store alone.

A notice and no alarm is lost_acknowledged: after a restore, 'otelaudit recover'
signed that events were lost. Of the entries that only the journal has, and whose
time fits, as many are taken for those events as were lost, and no more.

What was pruned or removed counts only as far as a verified event of the tenant
_system announces it, and a quarantined record only if it is the one that the
journal has: the store's own tables explain nothing.

The journals are verified first; --journal is given once per collector, each of
which keeps one. The window is since <= t < until, by recorded_at.
Memory is bounded: both sinks are cut into buckets in --temp-dir, about 200 bytes
per entry.

With --sent the store is held against a client's list of what it sent: JSON Lines
with event_id, or what 'otelaudit send --format json' prints.

It needs the auditor role. Exit codes: 0 they agree; 1 they do not; 2 usage or
environment; 3 nothing was found that is certain, and not everything is, or it was
interrupted.`,
		Example: `  otelaudit reconcile --journal /mnt/journal --trust trust
  otelaudit reconcile --tenant acme --journal /mnt/journal --trust trust --since 30d --format json
  otelaudit reconcile --tenant acme --sent sent.jsonl`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.database.register(cmd, "AUDIT_AUDITOR_URL")
	o.trust.register(cmd, "trust `FILE` with the public keys of the log")
	f := cmd.Flags()
	f.StringVar(&o.tenant, "tenant", "", "compare this `tenant` only (default: all)")
	f.StringArrayVar(&o.journals, "journal", nil, "`DIR` of a journal, may be repeated: one per collector")
	f.StringArrayVar(&o.anchors, "anchors", nil, "`FILE` with checkpoints of the journal, may be repeated (default: $AUDIT_JOURNAL_ANCHOR_FILE)")
	f.StringVar(&o.sent, "sent", "", "`FILE` with the ids of what a client sent; - is standard input")
	f.StringVar(&o.since, "since", "", "from this `time` on: RFC 3339, a date, or an age such as 30d")
	f.StringVar(&o.until, "until", "", "before this `time`")
	f.DurationVar(&o.grace, "grace", 10*time.Minute, "`age` up to which an event may be in one sink only")
	f.StringVar(&o.tempDir, "temp-dir", "", "`DIR` for the buckets (default: that of the system)")
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	o.access.register(cmd)
	return cmd
}

func (o *reconcileOptions) run(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	switch {
	case (len(o.journals) == 0) == (o.sent == ""):
		return usageError(helpHint(cmd), "reconcile needs --journal or --sent, one of them")
	case o.sent != "" && o.tenant == "":
		return usageError("a client's list is one tenant's: --tenant T", "--sent needs --tenant")
	case slices.Contains(o.journals, ""):
		return usageError("leave the flag out instead", "--journal is empty")
	case o.sent != "" && (o.since != "" || o.until != ""):
		return usageError("the list says which events are meant", "--since and --until go with --journal")
	case o.grace < 0:
		return usageError("", "--grace %s is below 0", o.grace)
	}
	if o.sent != "" {
		return o.runSent(cmd, sys, format)
	}
	return o.runJournal(cmd, sys, format)
}

func (o *reconcileOptions) runJournal(cmd *cobra.Command, sys *System, format string) error {
	ctx := cmd.Context()
	w, err := parseWindow(o.since, o.until, sys.Now())
	if err != nil {
		return err
	}
	trust, err := o.trust.load(sys)
	if err != nil {
		return err
	}
	notes, err := readAnchorFiles("anchors", anchorFiles(sys, o.anchors, "AUDIT_JOURNAL_ANCHOR_FILE")...)
	if err != nil {
		return err
	}
	scanner, reader, err := o.connect(cmd, sys)
	if err != nil {
		return describeCheck(ctx, err)
	}
	defer scanner.Close()
	defer reader.Close()
	progress := newCountLine(sys)
	report, err := reconcile.Run(ctx, reconcile.Options{
		Scanner: scanner, Reader: reader, Tenant: o.tenant, Directories: o.journals, Trust: trust, Anchors: notes,
		Since: w.since, Until: w.until, Grace: o.grace, TempDir: o.tempDir, Now: sys.Now, Progress: progress.show,
	})
	progress.stop()
	switch {
	case errors.Is(err, reconcile.ErrTwice):
		return usageError("name every collector's journal once", "--journal: %w", err)
	case errors.Is(err, reconcile.ErrNoJournal), errors.Is(err, fs.ErrNotExist):
		return environmentError("--journal is the directory of an auditjournal exporter", err)
	case err != nil:
		return describeCheck(ctx, err)
	}
	if err := printReconciliation(sys.Stdout, format, report); err != nil {
		return err
	}
	return reconciled(report)
}

// connect opens the store as an auditor, for quarantine and all tenants are
// needed, and leaves the trace of it.
func (o *reconcileOptions) connect(cmd *cobra.Command, sys *System) (*store.Scanner, *store.Reader, error) {
	scanner, err := o.access.scan(cmd, sys, &o.database, access.ActionReconcile, o.tenant)
	if err != nil {
		return nil, nil, err
	}
	if access := scanner.Access(); !access.AllTenants {
		scanner.Close()
		return nil, nil, environmentError("reconcile needs a login of the auditor role: it reads the quarantine, too",
			fmt.Errorf("login %q is not an auditor's", access.Login))
	}
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		scanner.Close()
		return nil, nil, err
	}
	if err := o.access.recordBefore(cmd, sys, reader, access.ActionReconcile, o.tenant); err != nil {
		scanner.Close()
		reader.Close()
		return nil, nil, err
	}
	return scanner, reader, nil
}

// describeCheck describes what kept a check from its end. One that was
// interrupted is incomplete, whatever its statement in flight came to.
func describeCheck(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &failure{code: exitIncomplete, err: errors.New("interrupted")}
	}
	return describeRead(err)
}

// reconciled is the exit code of a report that was printed.
func reconciled(r *reconcile.Report) error {
	switch r.ExitCode() {
	case exitOK:
		return nil
	case exitNegative:
		if r.JournalVerdict == "tampered" {
			return negative("'otelaudit verify --journal' says what is wrong with it", "the journal was tampered with: its word counts for nothing")
		}
		return negative("", "the two sinks do not agree: %s", counted(int64(len(r.Findings))+r.More, "finding"))
	default:
		return &failure{code: exitIncomplete, err: fmt.Errorf("%s could not be confirmed; the journal is %s", counted(int64(len(r.Findings))+r.More, "event"), r.JournalVerdict)}
	}
}

func printReconciliation(out io.Writer, format string, r *reconcile.Report) error {
	if format == formatJSON {
		return writeJSON(out, r)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.Findings) > 0 {
		fmt.Fprintln(w, "KIND\tTENANT\tEVENT_ID\tSEQ\tJOURNAL\tRECORDED\tDETAIL")
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		seq, place := "-", "-"
		if f.Seq >= 0 {
			seq = fmt.Sprintf("%d/%d", f.Epoch, f.Seq)
		}
		if f.File != "" {
			place = fmt.Sprintf("%s:%d", filepath.Join(f.Journal, f.File), f.Line)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Kind, cell(orDash(f.Tenant), 24), cell(orDash(f.EventID), 64), seq, place, f.RecordedAt, printable(f.Detail))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	c := &r.Counts
	for _, j := range r.Journals {
		if len(r.Journals) > 1 {
			fmt.Fprintf(out, "journal %s: %s, %s to %s\n", printable(j.Directory), j.Verdict, instant(j.From), instant(j.Until))
		}
	}
	if c.UnprovenRemovals > 0 {
		fmt.Fprintf(out, "the store says of %s that nobody announced: not believed; 'otelaudit verify' says which\n", counted(c.UnprovenRemovals, "removal"))
	}
	for i := range r.Notices {
		n := &r.Notices[i]
		fmt.Fprintf(out, "%s: tenant %s: %s: %s\n", n.Kind, printable(n.Tenant), printable(n.Detail), printable(n.Reason))
	}
	_, err := fmt.Fprintf(out, `%s: journal %s; %s, %s, %d matched
retries %d, conflicts in quarantine %d, quarantined %d, pruned %d, acknowledged as lost %d, under way %d, older than the journal %d, system %d
`, r.Verdict, r.JournalVerdict, counted(c.JournalEntries, "entry"), counted(c.StoreEvents, "event"), c.Matched, c.Retries, c.Conflicts, c.Quarantined, c.Pruned, c.LostAcknowledged, c.UnderWay, c.BeforeJournal, c.System)
	return err
}

func (o *reconcileOptions) runSent(cmd *cobra.Command, sys *System, format string) error {
	ctx := cmd.Context()
	list := sys.Stdin
	if o.sent != "-" {
		file, err := openRegular(o.sent)
		if err != nil {
			return err
		}
		defer file.Close()
		list = file
	}
	scanner, reader, err := o.connect(cmd, sys)
	if err != nil {
		return describeCheck(ctx, err)
	}
	defer scanner.Close()
	defer reader.Close()
	progress := newCountLine(sys)
	report, err := reconcile.Sent(ctx, reconcile.SentOptions{Scanner: scanner, Reader: reader, Tenant: o.tenant, Sent: list, Progress: progress.show})
	progress.stop()
	switch {
	case errors.Is(err, reconcile.ErrSent):
		return usageError(`each line is {"event_id": …} or what 'otelaudit send --format json' prints`, "--sent: %w", err)
	case err != nil:
		return describeCheck(ctx, err)
	}
	object, err := json.Marshal(report)
	if err != nil {
		return err
	}
	if err := writeObject(sys.Stdout, format, object); err != nil {
		return err
	}
	if report.ExitCode() != exitOK {
		return negative("", "of %s sent, %d missing and %d gone", counted(report.Sent, "event"), report.Missing, report.Gone)
	}
	return nil
}

// countLine tells on a terminal how far long work has come.
type countLine struct {
	sys   *System
	shown time.Time
	width int
}

func newCountLine(sys *System) *countLine { return &countLine{sys: sys, shown: sys.Now()} }

// show tells a count, at most four times a second.
func (c *countLine) show(what string, done int64) {
	now := c.sys.Now()
	if !c.sys.StderrTerminal || now.Sub(c.shown) < 250*time.Millisecond {
		return
	}
	c.shown = now
	line := fmt.Sprintf("%s: %d", what, done)
	c.width = max(c.width, len(line))
	fmt.Fprintf(c.sys.Stderr, "\r%-*s", c.width, line)
}

// stop takes the line away.
func (c *countLine) stop() {
	if c.width > 0 {
		fmt.Fprintf(c.sys.Stderr, "\r%*s\r", c.width, "")
	}
}
