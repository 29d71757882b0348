package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/epoch"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

type recoverOptions struct {
	database   databaseFlags
	auditorURL string
	newEpoch   bool
	tenant     string
	all        bool
	key        string
	anchors    []string
	reason     string
	dryRun     bool
	format     formatFlag

	journal, journalName string
}

func newRecover(sys *System) *cobra.Command {
	o := &recoverOptions{}
	cmd := &cobra.Command{
		Use:   "recover --new-epoch (--tenant T | --all | --journal DIR) --reason TEXT [flags]",
		Short: "Go on after a store went back, or was never signed",
		Long: `Open a new epoch of a tenant's log, where collectors refuse to append to it:
because the store has gone back behind checkpoints that are known elsewhere (a
restored backup, a deleted tail), because its newest commit is not signed (it
was written with integrity off), or because it is not signed by the log's key.

The log begins anew at seq 0 with a signed statement of what the store holds of
the old epoch and what is lost. Nothing stored is changed, nothing lost comes
back; clients that still hold a lost event may send it again. Collectors go on
with their next transaction, without a restart.

It connects as a member of the writer role. Where the newest commit cannot be
believed it reads the events themselves, with --auditor-url. The opening is also
an event audit.epoch.open of the tenant _system; where an earlier run was stopped
before it had written that, this one does. --dry-run shows what would be done.
Exit code 1 when there is nothing to recover from.

Give it every checkpoint that is known: the anchor files of all collectors, and
the checkpoint and state files of the auditors. No collector anchors the tenant
_system.

With --journal it does the same for a journal that no collector writes; one that
could not open it goes on by itself.

A log key that was replaced is no reason for this: add the old public key to the
key file instead.`,
		Example: `  otelaudit recover --new-epoch --tenant acme --anchors /var/lib/otelaudit-anchors/store --reason "restored the backup of Sunday" --dry-run
  otelaudit recover --new-epoch --all --key log.key --reason "integrity switched on"`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.database.register(cmd, "AUDIT_WRITER_URL")
	f := cmd.Flags()
	f.StringVar(&o.auditorURL, "auditor-url", "", "PostgreSQL `URL` of a login in the auditor role (default: $AUDIT_AUDITOR_URL)")
	f.BoolVar(&o.newEpoch, "new-epoch", false, "begin the log anew; there is no other way to recover (required)")
	f.StringVar(&o.tenant, "tenant", "", "`tenant` whose log goes on")
	f.BoolVar(&o.all, "all", false, "every tenant of the store that needs it, and _system")
	f.StringVar(&o.key, "key", "", "key `FILE` of the log (default: $AUDIT_LOG_KEY_FILE)")
	f.StringArrayVar(&o.anchors, "anchors", nil, "`FILE` of checkpoints known outside the store, such as a collector's anchor file; may be repeated (default: $AUDIT_ANCHOR_FILE)")
	f.StringVar(&o.reason, "reason", "", "one line of `text` for auditors, signed with the statement (required)")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done and write nothing")
	f.StringVar(&o.journal, "journal", "", "`DIR` of a journal that goes on, in place of a store")
	f.StringVar(&o.journalName, "journal-name", "journal", "`name` of the journal, as in its collector's configuration")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	return cmd
}

func (o *recoverOptions) validate(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	switch {
	case !o.newEpoch:
		return usageError(helpHint(cmd), "recover needs --new-epoch: the log begins anew, nothing lost comes back")
	case o.tenant == "" && !o.all && o.journal == "":
		return usageError("", "recover needs --tenant T, --all or --journal DIR")
	case o.tenant != "" && o.all, o.journal != "" && (o.all || o.tenant != ""):
		return usageError("", "--tenant, --all and --journal exclude each other")
	case o.reason == "":
		return usageError("one line that tells an auditor why", "recover needs --reason")
	case len(o.reason) > merkle.MaxReasonBytes, strings.TrimSpace(o.reason) != o.reason,
		strings.ContainsFunc(o.reason, func(r rune) bool { return !unicode.IsPrint(r) }):
		return usageError("", "--reason is one line of printable text, without spaces around it, of at most %d bytes", merkle.MaxReasonBytes)
	}
	return nil
}

func (o *recoverOptions) run(cmd *cobra.Command, sys *System) error {
	if err := o.validate(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	if o.journal != "" {
		return o.runJournal(cmd.Context(), sys, format)
	}
	url, err := o.database.resolve(sys)
	if err != nil {
		return err
	}
	ring, notes, err := o.load(sys)
	if err != nil {
		return err
	}
	r := &recovery{
		sys: sys, system: systemLog{url: url, schema: o.database.schema, ring: ring, notes: notes},
		auditorURL: o.auditorURL, reason: o.reason, dryRun: o.dryRun,
	}
	if r.auditorURL == "" {
		r.auditorURL = sys.Getenv("AUDIT_AUDITOR_URL")
	}
	if err := r.connect(cmd.Context()); err != nil {
		return err
	}
	defer r.close(cmd.Context())
	tenants := []string{o.tenant}
	if o.all {
		if tenants, err = r.tenants(cmd.Context()); err != nil {
			return err
		}
	}
	err = r.run(cmd.Context(), tenants, o.all)
	return errors.Join(err, r.print(sys.Stdout, format))
}

// load reads the key file and the anchors.
func (o *recoverOptions) load(sys *System) (*keys.Ring, [][]byte, error) {
	path := o.key
	if path == "" {
		path = sys.Getenv("AUDIT_LOG_KEY_FILE")
	}
	ring, err := loadKey(path)
	if err != nil {
		return nil, nil, err
	}
	notes, err := readAnchorFiles("anchors", anchorFiles(sys, o.anchors, "AUDIT_ANCHOR_FILE")...)
	return ring, notes, err
}

func loadKey(path string) (*keys.Ring, error) {
	if path == "" {
		return nil, usageError("--key FILE or AUDIT_LOG_KEY_FILE; with 'otelaudit dev' running: set -a; . .dev/dev.env; set +a", "no key file is named")
	}
	ring, err := keys.LoadRing(path)
	if err != nil {
		return nil, environmentError("", fmt.Errorf("--key: %w", err))
	}
	return ring, nil
}

// recovery is one run of the command, and what `dev` does with a directory of an
// earlier version.
type recovery struct {
	sys        *System
	system     systemLog
	auditorURL string
	reason     string
	dryRun     bool

	known   *epoch.Known
	store   *epoch.Store
	scanner *store.Scanner // opened when it is needed
	results []recovered

	unrecorded   map[string][][]byte // openings without their event, by tenant
	systemEvents bool                // the system tenant has a log
	warned       bool
}

// recovered is what became of one tenant, a line of the result.
type recovered struct {
	Tenant        string   `json:"tenant"`
	Epoch         int32    `json:"epoch"` // in which the log goes on
	PreviousEpoch int32    `json:"previous_epoch"`
	PreviousSize  int64    `json:"previous_size"`
	LostFrom      *int64   `json:"lost_from,omitempty"` // first seq that is lost or may differ
	LostUntil     *int64   `json:"lost_until,omitempty"`
	Problem       string   `json:"problem"`
	Changed       []string `json:"changed,omitempty"` // ids of events that differ from their own leaf hash
	Beyond        int64    `json:"beyond,omitempty"`  // events behind a gap
	Opened        bool     `json:"opened"`            // false: --dry-run, or opened by an earlier run
	// Recorded is there where an earlier run opened the epoch and was stopped
	// before it had recorded that in the log of _system; false: --dry-run.
	Recorded *bool `json:"recorded,omitempty"`

	differs *[2]int64 // seqs of the store that differ, as far as it is known
	unknown *[2]int64 // seqs of the store that no checkpoint speaks of
}

// tenants are those of the store, and the system tenant in any case: where it is
// missing from the store, checkpoints may know it.
func (r *recovery) tenants(ctx context.Context) ([]string, error) {
	tenants, err := r.store.Tenants(ctx)
	if err != nil {
		return nil, describeDatabase(err)
	}
	if !slices.Contains(tenants, systemTenant) {
		tenants = append(tenants, systemTenant)
	}
	return tenants, nil
}

func (r *recovery) connect(ctx context.Context) error {
	var err error
	if r.known, err = epoch.NewKnown(r.system.ring, r.system.notes); err != nil {
		return environmentError("name the key file of this log, or only anchors that it signed", fmt.Errorf("--anchors: %w", err))
	}
	r.store, err = epoch.Connect(ctx, epoch.Options{
		URL: r.system.url, Schema: r.system.schema, Ring: r.system.ring, Known: r.known, Recompute: r.recompute,
	})
	return describeDatabase(err)
}

func (r *recovery) close(ctx context.Context) {
	_ = r.store.Close(context.WithoutCancel(ctx))
	if r.scanner != nil {
		r.scanner.Close()
	}
}

// recompute reads events, which the writer's login may not.
func (r *recovery) recompute(ctx context.Context, tenant string, number int32, sizes []int64) (epoch.Tree, error) {
	if r.auditorURL == "" {
		return epoch.Tree{}, fmt.Errorf("tenant %q: %w", tenant, epoch.ErrNoRecompute)
	}
	if r.scanner == nil {
		scanner, err := store.OpenScanner(ctx, store.Options{URL: r.auditorURL, Schema: r.system.schema}, "")
		if err != nil {
			return epoch.Tree{}, err
		}
		r.scanner = scanner
	}
	return epoch.Recompute(ctx, r.scanner, r.system.ring, tenant, number, sizes)
}

// run goes through the tenants, the one of the system's own log first: what is
// done to the others is recorded there.
func (r *recovery) run(ctx context.Context, tenants []string, all bool) error {
	sortTenants(tenants)
	if err := r.examineSystemLog(ctx, tenants); err != nil {
		return err
	}
	if err := r.findUnrecorded(ctx); err != nil {
		return err
	}
	for _, tenant := range tenants {
		if err := r.recover(ctx, tenant); err != nil {
			return err
		}
	}
	return r.verdict(tenants, all)
}

// sortTenants puts the system tenant first.
func sortTenants(tenants []string) {
	slices.SortFunc(tenants, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == systemTenant:
			return -1
		case b == systemTenant:
			return 1
		}
		return strings.Compare(a, b)
	})
}

// examineSystemLog refuses to open an epoch that could not be recorded, and warns
// where nobody can see whether its record would be a second history.
func (r *recovery) examineSystemLog(ctx context.Context, tenants []string) error {
	state, err := r.store.Examine(ctx, systemTenant)
	if err != nil {
		return describeDatabase(err)
	}
	if !state.Intact() && !slices.Contains(tenants, systemTenant) {
		return environmentError("recover it first: --tenant "+systemTenant+", or --all",
			fmt.Errorf("the log of the tenant %s, where the opening is recorded, cannot go on itself: %s", systemTenant, problem(&state)))
	}
	r.systemEvents = state.Size > 0 || state.Epoch > 0
	if r.systemEvents {
		r.warnSystemLog()
	}
	return nil
}

// warnSystemLog says once that no checkpoint of the system tenant is known.
// No collector writes to it, so none anchors it.
func (r *recovery) warnSystemLog() {
	if r.warned || r.known.Covers(r.system.ring.LogName(), systemTenant) {
		return
	}
	r.warned = true
	what := "has gone back"
	if !r.systemEvents {
		what = "was there before"
	}
	fmt.Fprintf(r.sys.Stderr, "warning: none of the checkpoints given is of the tenant %s: whether its log %s cannot be seen, and what is recorded now would fork it\n"+
		"hint: name every checkpoint and state file of the auditors with --anchors, too\n", systemTenant, what)
}

// findUnrecorded looks for openings that a run which was stopped did not record.
func (r *recovery) findUnrecorded(ctx context.Context) error {
	found, err := r.store.Unrecorded(ctx)
	if err != nil {
		return describeDatabase(err)
	}
	r.unrecorded = make(map[string][][]byte)
	for _, u := range found {
		r.unrecorded[u.Tenant] = append(r.unrecorded[u.Tenant], u.Note)
	}
	return nil
}

func (r *recovery) recover(ctx context.Context, tenant string) error {
	open := r.store.Open
	if r.dryRun {
		open = r.store.Plan
	}
	opening, err := open(ctx, tenant, r.reason)
	if errors.Is(err, epoch.ErrNothing) {
		return r.recordMissing(ctx, tenant)
	}
	if errors.Is(err, epoch.ErrForeignKey) {
		return environmentError("name the key file of this log; where its key was replaced, add the old public key to the key file; --anchors of this log prove that the key is right", err)
	}
	if errors.Is(err, epoch.ErrNoRecompute) {
		return environmentError("name a login of the auditor role with --auditor-url or AUDIT_AUDITOR_URL", err)
	}
	if err != nil {
		return describeDatabase(fmt.Errorf("tenant %q: %w", tenant, err))
	}
	if len(opening.State.Lost) > 0 {
		r.warnSystemLog()
	}
	r.results = append(r.results, r.result(&opening))
	if !r.dryRun {
		if err := r.record(ctx, tenant, opening.Notes); err != nil {
			return err
		}
	}
	return r.recordMissing(ctx, tenant)
}

// recordMissing records the openings of a tenant that a run which was stopped in
// between did not.
func (r *recovery) recordMissing(ctx context.Context, tenant string) error {
	for _, note := range r.unrecorded[tenant] {
		result, err := r.missing(tenant, note)
		if err != nil {
			return environmentError("", err)
		}
		if !r.dryRun {
			if err := r.record(ctx, tenant, [][]byte{note}); err != nil {
				return err
			}
		}
		r.results = append(r.results, result)
	}
	return nil
}

// missing is the result of recording what an earlier run opened.
func (r *recovery) missing(tenant string, note []byte) (recovered, error) {
	statement, epoch, err := openStatement(r.system.ring, note)
	if err != nil {
		return recovered{}, err
	}
	previous, err := merkle.ParseOrigin(statement.PreviousOrigin)
	return recovered{
		Tenant: tenant, Epoch: epoch, PreviousEpoch: previous.Epoch, PreviousSize: statement.PreviousSize,
		Problem: fmt.Sprintf("a run that was stopped opened epoch %d and did not record it in the log of %s", epoch, systemTenant), Recorded: new(!r.dryRun),
	}, err
}

// record writes one event per opening. What is recorded already is recognized.
func (r *recovery) record(ctx context.Context, tenant string, notes [][]byte) error {
	for _, note := range notes {
		rec, err := openingRecord(r.sys, tenant, r.system.ring, note)
		if err != nil {
			return environmentError("", err)
		}
		if _, err := r.system.write(ctx, r.sys, rec); err != nil {
			return err
		}
	}
	return nil
}

func (r *recovery) result(opening *epoch.Opening) recovered {
	first := opening.Statements[0]
	result := recovered{
		Tenant: opening.State.Tenant, Epoch: opening.Epoch, PreviousEpoch: opening.State.Epoch, PreviousSize: first.PreviousSize,
		Problem: problem(&opening.State), Changed: opening.Tree.Changed, Beyond: opening.Tree.Beyond, Opened: !r.dryRun,
	}
	if first.LostSize > 0 {
		result.lose(&opening.State, &first)
	}
	return result
}

// lose says what of the old epoch is lost, what differs, and of what nobody knows.
func (r *recovered) lose(state *epoch.State, first *merkle.EpochStatement) {
	from, behind := first.PreviousSize, first.LostSize > first.PreviousSize
	switch {
	case state.Differs > 0:
		from = state.Vouched
		r.differs = &[2]int64{from, min(first.PreviousSize, first.LostSize)}
	case state.Vouched < first.PreviousSize && behind:
		r.unknown = &[2]int64{state.Vouched, first.PreviousSize}
	}
	r.LostFrom, r.LostUntil = new(min(from, first.LostSize)), new(first.LostSize)
}

// problem says in a few words what is wrong with a log.
func problem(state *epoch.State) string {
	var words []string
	if state.Unsealed {
		words = append(words, "the newest commit is not signed")
	}
	if state.Forged != nil {
		words = append(words, state.Forged.Error())
	}
	if lost, found := state.Lost[state.Epoch]; found {
		if lost.Size > state.Size {
			words = append(words, fmt.Sprintf("the store is behind: %s, and a checkpoint of %d is known", counted(state.Size, "event"), lost.Size))
			if state.Differs > 0 {
				words = append(words, fmt.Sprintf("and it was written on: the tree of %s has another root", counted(state.Differs, "event")))
			}
		} else {
			words = append(words, fmt.Sprintf("the store differs from what was signed: the tree of %s has another root", counted(lost.Size, "event")))
		}
	} else if len(state.Lost) > 0 {
		words = append(words, "the store is behind: a checkpoint of a later epoch is known")
	}
	return strings.Join(words, "; ")
}

// verdict is the error of a run in which nothing, or not everything, could be
// recovered.
func (r *recovery) verdict(tenants []string, all bool) error {
	if missing := r.known.Missing(r.system.ring.LogName(), tenants); all && len(missing) > 0 {
		return &failure{
			code: exitIncomplete, hint: "name each such tenant with --tenant: an origin holds only a hash of the name; docs/operating.md says where names are found",
			err: fmt.Errorf("%d logs are known from checkpoints and belong to no tenant of the store (%s)", len(missing), strings.Join(missing[:min(3, len(missing))], ", ")),
		}
	}
	if len(r.results) > 0 {
		return nil
	}
	hint := ""
	if len(r.system.notes) == 0 {
		hint = "without --anchors or AUDIT_ANCHOR_FILE nobody can see that a store has gone back"
	}
	if all {
		return negative(hint, "no tenant's log is behind or unsigned; nothing to recover")
	}
	return negative(hint, "the store of tenant %s is not behind; nothing to recover", tenants[0])
}

func (r *recovery) print(w io.Writer, format string) error {
	switch format {
	case formatJSON:
		if r.results == nil {
			return nil
		}
		return writeJSON(w, r.results)
	case formatJSONL:
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		for i := range r.results {
			if err := lines.Encode(&r.results[i]); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range r.results {
		if _, err := io.WriteString(w, r.results[i].text()); err != nil {
			return err
		}
	}
	return nil
}

// text is the result for people, a paragraph.
func (r *recovered) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tenant %s: %s\n", printable(r.Tenant), r.Problem)
	if r.Recorded != nil {
		return b.String() + r.recordedText()
	}
	fmt.Fprintf(&b, "  epoch %d ends with %s\n", r.PreviousEpoch, counted(r.PreviousSize, "event"))
	if r.differs != nil {
		fmt.Fprintf(&b, "  differs: some of seq %d to %d\n", r.differs[0], r.differs[1]-1)
	}
	if r.unknown != nil {
		fmt.Fprintf(&b, "  not known to be the same: seq %d to %d, no checkpoint given is of a size in between\n", r.unknown[0], r.unknown[1]-1)
	}
	if r.LostUntil != nil && *r.LostUntil > r.PreviousSize {
		fmt.Fprintf(&b, "  lost: seq %d to %d\n", r.PreviousSize, *r.LostUntil-1)
	}
	if len(r.Changed) > 0 {
		fmt.Fprintf(&b, "  changed since it was stored: %s (%s)\n", counted(len(r.Changed), "event"), printable(strings.Join(r.Changed[:min(5, len(r.Changed))], ", ")))
	}
	if r.Beyond > 0 {
		fmt.Fprintf(&b, "  behind a gap, and not in the signed tree: %s\n", counted(r.Beyond, "event"))
	}
	if r.Opened {
		fmt.Fprintf(&b, "  opened epoch %d\n", r.Epoch)
	} else {
		fmt.Fprintf(&b, "  would open epoch %d (--dry-run)\n", r.Epoch)
	}
	return b.String()
}

func (r *recovered) recordedText() string {
	if *r.Recorded {
		return "  recorded it\n"
	}
	return "  would record it (--dry-run)\n"
}
