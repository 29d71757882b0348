package verify

import (
	"context"
	"slices"
	"sync"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Tenants are read ahead together: of one event, each would take eight exchanges
// with the server, which plans every statement anew.

// queued is a tenant to verify, with what was read ahead of it; ahead is nil
// where nothing was.
type queued struct {
	tenant string
	ahead  *store.TenantAhead
}

const (
	// firstAhead and maxAhead are how many tenants are read at a time, at first
	// and at most.
	firstAhead, maxAhead = 16, 256
	// aheadBytes is how many bytes of events one reading should bring.
	aheadBytes = 2 << 20
)

// readAhead hands every tenant to the channel, which it closes.
func (r *run) readAhead(ctx context.Context, tenants []string, epochs map[string][]int32, queue chan<- queued) {
	defer close(queue)
	var mu sync.Mutex // guards tenants
	take := func(n int) []string {
		mu.Lock()
		defer mu.Unlock()
		n = min(n, len(tenants), len(tenants)/(2*r.Workers)+1) // the last ones are shared
		some := tenants[:n]
		tenants = tenants[n:]
		return some
	}
	var wg sync.WaitGroup
	for range r.Workers {
		wg.Go(func() {
			n := firstAhead
			for {
				some := take(n)
				if len(some) == 0 {
					return
				}
				ahead, bytes := r.readSome(ctx, some, epochs)
				for i, tenant := range some {
					entry := queued{tenant: tenant}
					if ahead != nil {
						entry.ahead = ahead[i]
					}
					queue <- entry
				}
				n = min(max(n*aheadBytes/(bytes+1), 1), 2*n, maxAhead)
			}
		})
	}
	wg.Wait()
}

// readSome reads several tenants. Where that fails, each is read by itself, and
// fails by itself.
func (r *run) readSome(ctx context.Context, tenants []string, epochs map[string][]int32) (ahead []*store.TenantAhead, bytes int) {
	if ctx.Err() != nil {
		return nil, 0
	}
	var err error
	func() {
		defer guard(&err)
		ahead, bytes, err = r.scanner.ReadAhead(ctx, tenants, epochs, func(name store.LogName, head int64) int64 {
			saved, ok := r.State.of(merkle.TenantStream(name.Tenant), name.Epoch)
			if ok && !r.Full && saved.checkpoint.Size <= head {
				return saved.checkpoint.Size
			}
			return 0
		})
	}()
	if err != nil {
		return nil, 0
	}
	return ahead, bytes
}

// What was read ahead answers the question that was asked then, once; any other
// is asked of the store.

func (t *tenantCheck) logAhead(epoch int32) *store.LogAhead {
	if t.ahead == nil || t.ahead.Logs[epoch] == nil {
		return &store.LogAhead{Head: -1}
	}
	return t.ahead.Logs[epoch]
}

func (t *tenantCheck) readRemovals(ctx context.Context) (err error) {
	if t.ahead != nil {
		t.prunes, t.epochRows = t.ahead.Prunes, t.ahead.Epochs
		return nil
	}
	if t.prunes, err = t.scanner.Prunes(ctx, t.tenant); err != nil {
		return err
	}
	t.epochRows, err = t.scanner.Epochs(ctx, t.tenant)
	return err
}

func (l *logCheck) readHead(ctx context.Context) (err error) {
	if l.head = l.logAhead(l.name.Epoch).Head; l.head < 0 {
		l.head, err = l.scanner.Head(ctx, l.name)
	}
	return err
}

func (l *logCheck) firstLeaves(ctx context.Context, after int64) ([]store.PrunedLeaf, error) {
	leaves := l.logAhead(l.name.Epoch).Leaves
	if leaves == nil {
		return l.scanner.PrunedLeaves(ctx, l.name, after, prunedLeavesPerPage)
	}
	return slices.DeleteFunc(slices.Clone(leaves), func(leaf store.PrunedLeaf) bool { return leaf.Seq <= after }), nil
}

func (t *tenantCheck) readCommits(ctx context.Context, name store.LogName, after, until int64) ([]store.CommitRow, error) {
	ahead := t.logAhead(name.Epoch)
	if ahead.Commits == nil || until != ahead.Head {
		return t.scanner.Commits(ctx, name, after, until, commitsPerPage)
	}
	return slices.DeleteFunc(slices.Clone(ahead.Commits), func(c store.CommitRow) bool { return c.Size < firstSize(after) }), nil
}

// firstSize is the first size behind one; before the smallest integer there is
// none.
func firstSize(after int64) int64 {
	if after == store.BeforeSeq(0).Seq {
		return after
	}
	return after + 1
}

func (t *tenantCheck) readEvents(ctx context.Context, name store.LogName, after store.EventKey, until int64, limit int32, content *rows) error {
	ahead := t.logAhead(name.Epoch)
	if ahead.Events != nil && after == store.BeforeSeq(ahead.From) && until == ahead.Head {
		content.page, ahead.Events = ahead.Events, nil
		return nil
	}
	return t.scanner.Events(ctx, name, after, until, limit, content.page)
}

func (l *logCheck) readBeyond(ctx context.Context, after store.EventKey, limit int32, page *store.EventPage) (*store.EventPage, error) {
	ahead := l.logAhead(l.name.Epoch)
	if ahead.Beyond != nil && after == store.BeforeSeq(0) {
		page, ahead.Beyond = ahead.Beyond, nil
		return page, nil
	}
	return page, l.scanner.Beyond(ctx, l.name, after, limit, page)
}

func (t *tenantCheck) readIdentities(ctx context.Context, after store.IdentityKey) ([]store.Identity, error) {
	if t.ahead != nil && t.ahead.Identities != nil && after == (store.IdentityKey{}) {
		page := t.ahead.Identities
		t.ahead.Identities = nil
		return page, nil
	}
	return t.scanner.Identities(ctx, t.tenant, after, identitiesPerPage)
}
