package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Options say what to verify and against what. Database and Trust are required.
type Options struct {
	Database store.Options
	Tenant   string // "" is every tenant, which takes an auditor's login
	Trust    *keys.Trust
	// Anchors are signed checkpoints from out of the database administrator's
	// reach; those of other tenants and of journals are passed over.
	Anchors [][]byte
	State   *State        // of an earlier run, nil for none
	Full    bool          // begin at the start whatever the state says
	MACs    *keys.MACRing // nil: origin MACs are counted and not checked
	Witness Witness       // helps to name what was changed, nil for none
	Workers int           // 0 is one per core
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
// checked.
func Store(ctx context.Context, o Options) (*Report, error) {
	anchors, err := newAnchorSet(o.Trust, o.Anchors)
	if err != nil {
		return nil, err
	}
	if err := o.State.addTo(anchors, o.Trust); err != nil {
		return nil, err
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Database.MaxConnections = int32(min(2*o.Workers+2, 64)) //nolint:gosec // at most 64
	scanner, err := store.OpenScanner(ctx, o.Database, o.Tenant)
	if err != nil {
		return nil, err
	}
	defer scanner.Close()
	run := &run{Options: o, scanner: scanner, anchors: anchors, report: newReport()}
	names, err := scanner.Logs(ctx)
	if err != nil {
		return nil, err
	}
	run.all(ctx, names)
	run.report.finish()
	return run.report, nil
}

// run is one verification.
type run struct {
	Options
	scanner *store.Scanner
	anchors *anchorSet
	pool    *pool

	events, done atomic.Int64
	tenants      int64

	mu            sync.Mutex // guards the rest
	report        *Report
	systemIntents []intent
	failed        error
	streams       map[string]string // stream -> tenant
	logNames      map[string]struct{}
}

const systemTenant = "_system"

// all verifies every tenant, _system first: removals of others are proven there.
func (r *run) all(ctx context.Context, names []store.LogName) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.pool = newPool(r.Workers)
	defer r.pool.close()
	r.streams, r.logNames = make(map[string]string), make(map[string]struct{})
	epochs := make(map[string][]int32)
	for _, name := range names {
		epochs[name.Tenant] = append(epochs[name.Tenant], name.Epoch)
		r.streams[streamOf(name.Tenant)] = name.Tenant
	}
	r.tenants = int64(len(epochs))
	tenants := slices.Sorted(maps.Keys(epochs))
	if known, has := epochs[systemTenant]; has {
		r.tenant(ctx, cancel, systemTenant, known)
		tenants = slices.DeleteFunc(tenants, func(t string) bool { return t == systemTenant })
	}
	queue := make(chan string)
	var wg sync.WaitGroup
	for range r.Workers {
		wg.Go(func() {
			for tenant := range queue {
				r.tenant(ctx, cancel, tenant, epochs[tenant])
			}
		})
	}
	for _, tenant := range tenants {
		queue <- tenant
	}
	close(queue)
	wg.Wait()
	r.finish()
}

// tenant verifies one tenant, again if a prune came in between.
func (r *run) tenant(ctx context.Context, cancel context.CancelFunc, tenant string, epochs []int32) {
	if ctx.Err() != nil {
		r.fail(ctx.Err(), tenant)
		return
	}
	const tries = 3
	var t *tenantCheck
	for range tries {
		t = newTenantCheck(r, tenant, epochs)
		if err := t.check(ctx); err != nil {
			r.fail(err, tenant)
			cancel()
			break
		}
		if len(t.report.Findings) == 0 {
			break
		}
		same, err := t.samePrunes(ctx)
		if err != nil {
			r.fail(err, tenant)
			cancel()
		}
		if err != nil || same {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.report.Coverage.Tenants++
	r.report.merge(t.report)
	if tenant == systemTenant {
		r.systemIntents = t.intents
	}
	for log := range t.logNames {
		r.logNames[log] = struct{}{}
	}
	r.done.Add(1)
	r.tell(0)
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

// finish looks at the anchors of logs that are not there.
func (r *run) finish() {
	if r.Tenant != "" {
		r.missingEpochs(streamOf(r.Tenant))
	} else {
		for _, key := range slices.SortedFunc(maps.Keys(r.anchors.byStream), func(a, b streamKey) int {
			return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.epoch, b.epoch))
		}) {
			if _, known := r.streams[key.stream]; !known && isTenantStream(key.stream) {
				r.missingLog(key)
			}
		}
	}
	if len(r.logNames) > 1 {
		r.report.Notices = append(r.report.Notices, Notice{Kind: SeveralLogNames, Detail: "the store holds logs of several names: " +
			joinSorted(r.logNames)})
	}
	if len(r.anchors.byStream) == 0 {
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
	if log := logOf(largest.Origin); len(r.logNames) > 0 && !has(r.logNames, log) {
		r.report.Unchecked = append(r.report.Unchecked, Unchecked{Seq: -1, Until: -1, Reason: fmt.Sprintf(
			"the anchor of %s is of another log than this store's, %s", largest.Origin, joinSorted(r.logNames))})
		return
	}
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

// unanchored says how many events are in no anchor yet.
func (r *run) unanchored() {
	logs, events := 0, int64(0)
	var oldest time.Time
	for i := range r.report.Logs {
		log := &r.report.Logs[i]
		if log.Size > log.Anchored {
			logs++
			events += log.Size - max(log.Anchored, log.From)
			if oldest.IsZero() || log.RecordedAt.Before(oldest) {
				oldest = log.RecordedAt
			}
		}
	}
	if logs > 0 {
		r.report.Notices = append(r.report.Notices, Notice{Kind: NotAnchored, Detail: fmt.Sprintf(
			"signed, and in no anchor given: %s of %s; that events behind them were cut off cannot be seen", counted(events, "event"), counted(int64(logs), "log"))})
	}
}

// counted is a number of things, by the word for one: "1 event", "2 events".
func counted(n int64, one string) string {
	if n != 1 {
		one += "s"
	}
	return fmt.Sprintf("%d %s", n, one)
}

func isTenantStream(stream string) bool { return len(stream) > 1 && stream[:2] == "t-" }

func has(set map[string]struct{}, key string) bool {
	_, ok := set[key]
	return ok
}

func joinSorted(set map[string]struct{}) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if text != "" {
			text += ", "
		}
		text += name
	}
	return text
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "unknown time"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}
