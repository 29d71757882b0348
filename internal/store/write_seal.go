package store

import (
	"errors"
	"runtime"
	"sync"
	"time"
)

// Position is where a tenant's log ended once, and the root it had there. Size 0
// is no position.
type Position struct {
	Epoch int32
	Size  int64
	Root  [32]byte
}

// Head is where a tenant's log ends: its newest commit, or the opening of an
// epoch that has none yet (Size 0). It is read while the tenant is locked.
type Head struct {
	TenantID   string
	Epoch      int32
	Size       int64     // number of events of the epoch, the seq of the next one
	PrevSize   int64     // size before its newest commit, 0 where it has none
	RecordedAt time.Time // of the commit or of the opening; zero where there is neither

	// These only when the writer has a Sealer.
	Root, Frontier, Note []byte // of the newest commit; nil where it is not sealed
	Opening              []byte // the signed statement that opened the epoch, while it has no commit

	// Known is what the Sealer said before the tenant was locked. KnownRoot is the
	// root that the store has there now, nil where it has none; it is looked up
	// only where Known is not the head. KnownClosed is the signed statement that
	// opened the next epoch after Known's, where the head is of a later one.
	Known       Position
	KnownRoot   []byte
	KnownClosed []byte
}

// Seal is what a Sealer adds to a commit.
type Seal struct {
	Root     []byte
	Frontier []byte
	Note     []byte
}

// Commit is a sealed commit that PostgreSQL has confirmed.
type Commit struct {
	TenantID   string
	Epoch      int32
	PrevSize   int64 // size before the commit
	Size       int64
	RecordedAt time.Time
	Seal       Seal
}

// Sealer checks the heads of tenants and seals the commits that follow them. An
// error refuses the tenant, not the transaction. Safe for concurrent use by
// several writers and by several goroutines of one.
type Sealer interface {
	// Known is the newest position of a tenant's log that the Sealer has seen
	// committed. It is asked before the tenant is locked, and again for each try.
	Known(tenantID string) Position
	// Check says why nothing may be appended to a head, or answered from it.
	Check(head *Head) error
	// Seal seals the commit of these leaves behind a head that Check admitted.
	// Whether it will be committed is not known yet.
	Seal(head *Head, recordedAt time.Time, leaves [][32]byte) (Seal, error)
	// Committed tells of commits after the answer to COMMIT, and before the events
	// are acknowledged; of none where all of them were there already. An answer
	// that is lost tells nothing: the head may then be the old one or the new one.
	Committed(commits []Commit)
}

// ErrClockAhead refuses a tenant whose last commit is over a day in the future
// of the server's clock: recorded_at never goes back, so writing on would put
// events where retention and readers do not expect them.
var ErrClockAhead = errors.New("the tenant's last commit is more than 24 hours ahead of the database server's clock")

// maxClockAhead is how far a head may be in the future.
const maxClockAhead = 24 * time.Hour

// ErrSealed refuses a tenant whose log is signed to a writer without a Sealer.
var ErrSealed = errors.New("the tenant's log is signed, and this writer has integrity.mode off: it would end the signed log; set integrity.mode to required with the log's key")

// checkClock refuses the tenants that would push recorded_at into the future.
func (b *batch) checkClock() {
	for i := range b.tenants {
		if b.tenants[i].head.RecordedAt.Sub(b.recordedAt) > maxClockAhead {
			b.tenants[i].refused = ErrClockAhead
		}
	}
}

// checkHeads refuses the tenants whose heads nothing may be appended to, also
// where all their events are duplicates: what a forged or an old store says it
// has is no answer.
func (w *Writer) checkHeads(b *batch) {
	if w.opts.Sealer == nil {
		for i := range b.tenants {
			if tenant := &b.tenants[i]; tenant.refused == nil && tenant.sealed {
				tenant.refused = ErrSealed
			}
		}
		return
	}
	b.eachTenant(func(tenant *tenantRange) {
		if tenant.refused == nil {
			tenant.refused = w.opts.Sealer.Check(&tenant.head)
		}
	})
}

// settleTime raises recorded_at so that it goes back for no tenant. A head that
// is refused has no say: it may be forged.
func (b *batch) settleTime() {
	for i := range b.tenants {
		if tenant := &b.tenants[i]; tenant.refused == nil && tenant.head.RecordedAt.After(b.recordedAt) {
			b.recordedAt = tenant.head.RecordedAt
		}
	}
}

// seal seals the commit of every tenant that has something to store.
func (w *Writer) seal(b *batch) {
	b.eachTenant(func(tenant *tenantRange) {
		if tenant.kept > 0 {
			tenant.seal, tenant.refused = w.opts.Sealer.Seal(&tenant.head, b.recordedAt, b.leaves(tenant))
		}
	})
	for i := range b.tenants {
		tenant := &b.tenants[i]
		if tenant.kept == 0 || tenant.refused == nil {
			continue
		}
		b.kept -= tenant.kept
		tenant.kept = 0
		for position := tenant.lo; position < tenant.hi; position++ {
			b.decisions[position] = decision{status: Refused, cause: tenant.refused}
		}
	}
}

// committed tells the Sealer what is in the store for good.
func (w *Writer) committed(b *batch) {
	if w.opts.Sealer == nil {
		return
	}
	commits := make([]Commit, 0, len(b.tenants))
	for i := range b.tenants {
		if tenant := &b.tenants[i]; tenant.kept > 0 {
			commits = append(commits, Commit{
				TenantID: tenant.name, Epoch: tenant.head.Epoch, PrevSize: tenant.head.Size, Size: tenant.head.Size + int64(tenant.kept),
				RecordedAt: b.recordedAt, Seal: tenant.seal,
			})
		}
	}
	w.opts.Sealer.Committed(commits)
}

// tenantsPerGoroutine is how many tenants are worth a goroutine: each costs a
// signature, and all of them wait under their locks.
const tenantsPerGoroutine = 8

// eachTenant calls f for every tenant, for many of them in parallel.
func (b *batch) eachTenant(f func(tenant *tenantRange)) {
	workers := min(runtime.GOMAXPROCS(0), len(b.tenants)/tenantsPerGoroutine)
	if workers < 2 {
		for i := range b.tenants {
			f(&b.tenants[i])
		}
		return
	}
	var group sync.WaitGroup
	for n := range workers {
		part := b.tenants[len(b.tenants)*n/workers : len(b.tenants)*(n+1)/workers]
		group.Go(func() {
			for i := range part {
				f(&part[i])
			}
		})
	}
	group.Wait()
}
