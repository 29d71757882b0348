package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/words"
)

// Options say what to verify and against what. Trust is required, and Database or
// Scanner.
type Options struct {
	Database store.Options
	// Scanner is read in place of Database where it is given: open, for the same
	// tenant, and with as many connections as there are workers, times two.
	Scanner *store.Scanner
	Tenant  string // "" is every tenant, which takes an auditor's login
	Trust   *keys.Trust
	// Log is the name of the log that is meant, "" the only one of Trust: what the
	// keys of another signed does not count.
	Log string
	// Anchors are signed checkpoints from out of the database administrator's
	// reach; those of other tenants and of journals are passed over.
	Anchors     [][]byte
	State       *State        // of an earlier run, nil for none
	Full        bool          // begin at the start whatever the state says
	MACs        *keys.MACRing // nil: origin MACs are counted and not checked
	RequireMACs bool          // every event but those of _system must have a MAC that MACs verifies
	Witness     Witness       // helps to name what was changed, nil for none
	Workers     int           // 0 is one per core
	// Progress is called from several goroutines, often; nil for none.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Tenants, TenantsDone int64
	Events               int64
}

// Witness knows what events said from elsewhere, such as a journal.
type Witness interface {
	// Leaves returns the leaves that it knows of events, by event id.
	Leaves(ctx context.Context, tenant string, ids map[string]struct{}) (map[string][]merkle.Hash, error)
}

// Store verifies a store. An error is one of usage or environment and no result;
// an interruption and a lost connection are in the report, as what could not be
// checked. It wraps keys.ErrSeveralLogs and keys.ErrNoSuchLog where the log that
// is meant is not clear.
func Store(ctx context.Context, o Options) (*Report, error) {
	var err error
	if o.Trust, err = o.Trust.Pin(o.Log); err != nil {
		return nil, err
	}
	var wanted []string
	if o.Tenant != "" { // removals of it are announced in _system
		wanted = []string{merkle.TenantStream(o.Tenant), merkle.TenantStream(record.SystemTenant)}
	}
	anchors, err := newAnchorSet(o.Trust, o.Anchors, wanted...)
	if err != nil {
		return nil, err
	}
	if err := o.State.addTo(anchors); err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	scanner := o.Scanner
	if scanner == nil {
		o.Database.MaxConnections = int32(min(2*o.Workers+2, 64)) //nolint:gosec // at most 64
		if scanner, err = store.OpenScanner(ctx, o.Database, o.Tenant); err != nil {
			return nil, err
		}
		defer scanner.Close()
	}
	run := &run{Options: o, scanner: scanner, anchors: anchors, report: newReport()}
	if err := run.checkSchema(ctx); err != nil {
		return nil, err
	}
	names, err := scanner.Logs(ctx)
	if err != nil {
		return nil, err
	}
	run.all(ctx, names)
	if run.failed == nil { // once more: what was there at the start could be put back now, and hardly in between
		if err := run.checkSchema(ctx); err != nil {
			run.fail(err, o.Tenant)
		}
	}
	run.report.finish()
	return run.report, nil
}

// run is one verification.
type run struct {
	Options
	scanner *store.Scanner
	anchors *anchorSet
	pool    *pool

	events, done, witnessed atomic.Int64
	tenants                 int64

	again sync.Mutex // one looks again at _system at a time

	mu            sync.Mutex // guards the rest
	report        *Report
	systemIntents []intent
	announcedTo   map[string][]intent // the same by the tenant they are about
	systemHeads   map[int32]int64     // of the epochs of _system when they were read
	// announcementsUnread says why they were not, "" where they were.
	announcementsUnread string
	failed              error
	streams             map[string]string // stream -> tenant
}

// checkSchema holds the tables that are read, and what guards their rows,
// against what the migrations made: a view in the place of a table, or a policy
// that hides a row, would answer for it.
func (r *run) checkSchema(ctx context.Context) error {
	changes, err := r.scanner.SchemaChanges(ctx)
	if newer, ok := errors.AsType[*store.NewerSchemaError](err); ok {
		if unchecked := (Unchecked{Seq: -1, Until: -1, Reason: newer.Error()}); !slices.Contains(r.report.Unchecked, unchecked) {
			r.report.Unchecked = append(r.report.Unchecked, unchecked)
		}
		return nil
	}
	for _, change := range changes {
		r.report.find(Finding{Kind: SchemaChanged, Seq: -1, Until: -1, Detail: change})
	}
	return err
}

// all verifies every tenant, _system first: removals of others are proven there.
func (r *run) all(ctx context.Context, names []store.LogName) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.pool = newPool(r.Workers)
	defer r.pool.close()
	r.streams = make(map[string]string)
	epochs := make(map[string][]int32)
	for _, name := range names {
		epochs[name.Tenant] = append(epochs[name.Tenant], name.Epoch)
		r.streams[merkle.TenantStream(name.Tenant)] = name.Tenant
	}
	r.tenants = int64(len(epochs))
	tenants := slices.Sorted(maps.Keys(epochs))
	known, has := epochs[record.SystemTenant]
	if r.Tenant != "" && r.Tenant != record.SystemTenant {
		if known = r.systemEpochs(ctx, epochs[r.Tenant]); len(known) > 0 {
			has = true
			r.streams[merkle.TenantStream(record.SystemTenant)] = record.SystemTenant
			r.tenants++
		}
	}
	if has {
		r.tenant(ctx, cancel, queued{tenant: record.SystemTenant}, known)
		tenants = slices.DeleteFunc(tenants, func(t string) bool { return t == record.SystemTenant })
	}
	queue := make(chan queued, maxAhead)
	var wg sync.WaitGroup
	for range r.Workers {
		wg.Go(func() {
			for next := range queue {
				r.tenant(ctx, cancel, next, epochs[next.tenant])
			}
		})
	}
	r.readAhead(ctx, tenants, epochs, queue)
	wg.Wait()
	r.finish()
}

// systemEpochs returns the epochs of _system where one other tenant is verified
// and something of it was removed: the announcements are read, too.
func (r *run) systemEpochs(ctx context.Context, epochs []int32) []int32 {
	removed, err := r.scanner.Prunes(ctx, r.Tenant)
	found := len(removed) > 0
	for i := 0; i < len(epochs) && err == nil && !found; i++ {
		var leaves []store.PrunedLeaf
		leaves, err = r.scanner.PrunedLeaves(ctx, store.LogName{Tenant: r.Tenant, Epoch: epochs[i]}, math.MinInt64, 1)
		found = len(leaves) > 0
	}
	if err == nil && !found {
		return nil
	}
	var admitted bool
	if err == nil {
		admitted, err = r.scanner.Admits(ctx, record.SystemTenant)
	}
	var names []store.LogName
	switch {
	case err == nil && !admitted:
		r.announcementsUnread = "this login may not read that tenant"
		return nil
	case err == nil:
		names, err = r.scanner.For(record.SystemTenant).Logs(ctx)
	}
	if err != nil {
		r.announcementsUnread = err.Error()
		r.fail(err, record.SystemTenant)
		return nil
	}
	known := make([]int32, len(names))
	for i, name := range names {
		known[i] = name.Epoch
	}
	return known
}

// tenant verifies one tenant, again if a prune came in between: then as it is
// now, not as it was read ahead.
func (r *run) tenant(ctx context.Context, cancel context.CancelFunc, next queued, epochs []int32) {
	tenant := next.tenant
	if ctx.Err() != nil {
		r.fail(ctx.Err(), tenant)
		return
	}
	const tries = 3
	var t *tenantCheck
	for range tries {
		t = newTenantCheck(r, tenant, epochs)
		t.ahead, next.ahead = next.ahead, nil
		again, err := t.guarded(ctx)
		if _, crashed := errors.AsType[*crash](err); crashed {
			r.crashed(t, err)
			break // the others are checked
		}
		if err != nil {
			r.fail(err, tenant)
			cancel()
		}
		if !again {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.report.Coverage.Tenants++
	r.report.merge(t.report)
	if tenant == record.SystemTenant {
		r.announced(t)
	}
	r.done.Add(1)
	r.tell(0)
}

// worthAnotherLook reports whether retention did something while a tenant with
// findings was checked. Then its announcement may be newer than what was read of
// _system, which is verified up to it.
func (r *run) worthAnotherLook(ctx context.Context, t *tenantCheck) (bool, error) {
	same, err := t.samePrunes(ctx)
	if err != nil || t.tenant == record.SystemTenant || r.Tenant != "" && r.announcementsUnread != "" {
		return !same, err
	}
	if same && !slices.ContainsFunc(t.report.Findings, func(f Finding) bool { return f.Kind == PruneUnproven }) {
		return false, nil
	}
	grown, err := r.announceAgain(ctx)
	return grown || !same, err
}

// announceAgain verifies _system anew where it has grown, and reports whether it
// has.
func (r *run) announceAgain(ctx context.Context) (bool, error) {
	r.again.Lock()
	defer r.again.Unlock()
	scanner := r.scannerOf(record.SystemTenant)
	names, err := scanner.Logs(ctx)
	if err != nil {
		return false, err
	}
	var epochs []int32
	grown := false
	for _, name := range names {
		if name.Tenant != record.SystemTenant {
			continue
		}
		head, err := scanner.Head(ctx, name)
		if err != nil {
			return false, err
		}
		r.mu.Lock()
		grown = grown || r.systemHeads[name.Epoch] != head
		r.mu.Unlock()
		epochs = append(epochs, name.Epoch)
	}
	if !grown {
		return false, nil
	}
	t := newTenantCheck(r, record.SystemTenant, epochs)
	if err := t.check(ctx); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.announced(t)
	return true, nil
}

// announced takes over what a check of _system has proven. The caller holds mu.
func (r *run) announced(t *tenantCheck) {
	r.systemIntents = t.intents
	r.announcedTo, r.systemHeads = make(map[string][]intent), make(map[int32]int64)
	for _, i := range t.intents {
		r.announcedTo[i.Tenant] = append(r.announcedTo[i.Tenant], i)
	}
	for epoch, log := range t.logs {
		r.systemHeads[epoch] = log.head
	}
}

// scannerOf returns the scanner for a tenant: one of its own where another was
// named.
func (r *run) scannerOf(tenant string) *store.Scanner {
	if r.Tenant == "" || r.Tenant == tenant {
		return r.scanner
	}
	return r.scanner.For(tenant)
}

func (r *run) tell(events int64) {
	total := r.events.Add(events)
	if r.Progress != nil {
		r.Progress(Progress{Tenants: r.tenants, TenantsDone: r.done.Load(), Events: total})
	}
}

// fail remembers why a tenant could not be verified.
func (r *run) fail(err error, tenant string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
	reason := err.Error()
	if errors.Is(err, context.Canceled) {
		reason = "interrupted"
		if !errors.Is(r.failed, context.Canceled) {
			reason = "not begun or not finished, because the database failed: " + r.failed.Error()
		}
	}
	r.report.Unchecked = append(r.report.Unchecked, Unchecked{Tenant: tenant, Seq: -1, Until: -1, Reason: reason})
}

// crashed remembers a tenant whose check ended with a panic.
func (r *run) crashed(t *tenantCheck, err error) {
	t.report.Unchecked = append(t.report.Unchecked, Unchecked{Tenant: t.tenant, Seq: -1, Until: -1, Reason: err.Error()})
	for i := range t.report.Logs {
		t.report.Logs[i].note = nil // the next run looks at all of it again
	}
	if t.tenant == record.SystemTenant {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.announcementsUnread = err.Error()
	}
}

// finish looks at the anchors of logs that are not there.
func (r *run) finish() {
	if r.Tenant != "" {
		r.missingEpochs(merkle.TenantStream(r.Tenant))
	} else {
		for _, key := range slices.SortedFunc(maps.Keys(r.anchors.byStream), func(a, b streamKey) int {
			return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.epoch, b.epoch))
		}) {
			if _, known := r.streams[key.stream]; !known && isTenantStream(key.stream) {
				r.missingLog(key)
			}
		}
	}
	r.anchors.reportForeign(r.report, func(stream string) bool {
		return isTenantStream(stream) && (r.Tenant == "" || stream == merkle.TenantStream(r.Tenant))
	})
	if r.State != nil && r.State.Logs() == 0 {
		r.note(FirstRun, "the state knew nothing yet: this is a first run, and the next one continues from what it verified")
	}
	if n := r.report.continued; n > 0 {
		r.note(SkippedVerified, fmt.Sprintf("%s of %s verified by an earlier run and not read again", isOrAre(r.report.Coverage.Skipped, "event"), counted(n, "log")))
	}
	if n := r.report.unusedAnchors; n > 0 {
		r.note(AnchorUnused, wasOrWere(n, "anchor")+" held against nothing: of events that left by retention or, with --state, among many of what was verified before (--full holds those)")
	}
	if !r.anchors.given {
		r.report.Notices = append(r.report.Notices, Notice{Kind: NoAnchors, Detail: "no anchors were given: that the newest events were cut off, that a tenant was deleted as a whole " +
			"and that an older backup was restored cannot be seen"})
	} else {
		r.unanchored()
	}
	if r.report.Coverage.MACs.UnknownKey > 0 {
		detail := "the MACs of " + strconv.FormatInt(r.report.Coverage.MACs.UnknownKey, 10) + " events name keys that are not known"
		if r.MACs == nil {
			detail = strconv.FormatInt(r.report.Coverage.MACs.UnknownKey, 10) + " events carry an origin MAC; without MAC keys it was not checked"
		}
		r.report.Notices = append(r.report.Notices, Notice{Kind: MACsUnchecked, Detail: detail})
	}
	if r.Tenant != "" && r.tenants == 0 && len(r.report.Findings) == 0 {
		r.report.Unchecked = append(r.report.Unchecked, Unchecked{Tenant: r.Tenant, Seq: -1, Until: -1, Reason: "the store holds nothing of this tenant, and no anchor knows it"})
	}
}

// missingEpochs reports anchors of a named tenant that the store has nothing of.
func (r *run) missingEpochs(stream string) {
	if _, known := r.streams[stream]; known {
		return // its own check has seen them
	}
	for key := range r.anchors.byStream {
		if key.stream == stream {
			r.missingLog(key)
		}
	}
}

// missingLog reports a tree of which nothing is there.
func (r *run) missingLog(key streamKey) {
	anchors := r.anchors.byStream[key]
	largest := anchors[len(anchors)-1]
	if largest.Size == 0 {
		return
	}
	tenant := r.Tenant
	r.report.find(Finding{
		Kind: LogMissing, Tenant: tenant, Epoch: key.epoch, Origin: largest.Origin, Seq: 0, Until: largest.Size,
		Detail: fmt.Sprintf("an anchor of %s knows %s of this log; the store has nothing of it", timeText(largest.RecordedAt), counted(largest.Size, "event")),
	})
	r.report.Coverage.Anchors++
}

func (r *run) note(kind NoticeKind, detail string) {
	r.report.Notices = append(r.report.Notices, Notice{Kind: kind, Detail: detail})
}

// unanchored says how many signed events are in no anchor yet.
func (r *run) unanchored() {
	logs, events := 0, int64(0)
	for i := range r.report.Logs {
		log := &r.report.Logs[i]
		if log.proven > log.Anchored {
			logs++
			events += log.proven - min(max(log.Anchored, log.From), log.proven)
		}
	}
	if logs > 0 {
		r.report.Notices = append(r.report.Notices, Notice{Kind: NotAnchored, Detail: fmt.Sprintf(
			"signed, and in no anchor given: %s of %s; that events behind them were cut off cannot be seen", counted(events, "event"), counted(int64(logs), "log"))})
	}
}

// counted is a number of things, by the word for one: "1 event", "2 events".
func counted(n int64, one string) string { return words.Counted(n, one) }

func isOrAre(n int64, one string) string {
	if n == 1 {
		return counted(n, one) + " is"
	}
	return counted(n, one) + " are"
}

func isTenantStream(stream string) bool { return merkle.Origin{Stream: stream}.IsTenant() }

func has[K comparable](set map[K]struct{}, key K) bool {
	_, ok := set[key]
	return ok
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "unknown time"
	}
	return merkle.TimeText(t)
}
