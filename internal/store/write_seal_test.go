package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

const sealedLog = "audit.example.com/test"

func sealRing(t testing.TB) *keys.Ring {
	t.Helper()
	seed := sha256.Sum256([]byte("store"))
	private, _, err := keys.Generate(bytes.NewReader(seed[:]), sealedLog)
	require.NoError(t, err)
	r, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	return r
}

func sealWith(sealer store.Sealer) func(*store.WriterOptions) {
	return func(o *store.WriterOptions) { o.Sealer = sealer }
}

func newSealer(t testing.TB, anchors *anchor.File) *seal.Sealer {
	t.Helper()
	return seal.New(seal.Options{Ring: sealRing(t), Anchors: anchors, Now: time.Now})
}

// requireSealed folds the leaves of each tenant, in the order of seq, and holds
// the root against that of the newest commit.
func requireSealed(t testing.TB, d *storetest.Database) {
	t.Helper()
	storetest.CheckState(t, d)
	for tenant := range strings.FieldsSeq(query[string](t, d, "SELECT coalesce(string_agg(DISTINCT tenant_id, ' '), '') FROM audit_commits")) {
		leaves := query[[][]byte](t, d, "SELECT array_agg(leaf_hash ORDER BY seq) FROM audit_events WHERE tenant_id = $1", tenant)
		frontier, err := merkle.ParseFrontier(0, nil)
		require.NoError(t, err)
		for _, leaf := range leaves {
			frontier.Append(merkle.Hash(leaf))
		}
		root := frontier.Root()
		require.Equal(t, root[:], query[[]byte](t, d, "SELECT root FROM audit_commits WHERE tenant_id = $1 ORDER BY size DESC LIMIT 1", tenant))
	}
}

// counting counts the commits that were tried.
type counting struct {
	store.Sealer
	seals *atomic.Int64
}

func (c counting) Seal(head *store.Head, at time.Time, leaves [][32]byte) (store.Seal, error) {
	c.seals.Add(1)
	return c.Sealer.Seal(head, at, leaves)
}

// Without the locks every writer appends to the same head at the same time. The
// unique constraints make all but one of them start again.
func TestWithoutLocksThereIsNoFork(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprintf("shared=%t", shared), func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			const writers, rounds = 8, 30
			sealer := newSealer(t, nil)
			var group sync.WaitGroup
			var mu sync.Mutex
			var seals atomic.Int64
			counts := make(map[store.Status]int)
			for n := range writers {
				own := sealer
				if !shared {
					own = newSealer(t, nil)
				}
				w := newWriter(t, d.WriterURL, sealWith(counting{Sealer: own, seals: &seals}))
				w.WithoutLocks()
				group.Go(func() {
					for i := range rounds {
						list := events(t, audit("acme", fmt.Sprintf("e%d-%d", n, i), "", i))
						outcomes := make([]store.Outcome, 1)
						if err := w.Write(context.Background(), list, outcomes); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						counts[outcomes[0].Status]++
						assert.NotEqual(t, store.Refused, outcomes[0].Status, "%v", outcomes[0].Cause)
						mu.Unlock()
					}
				})
			}
			group.Wait()
			requireSealed(t, d)
			assert.Equal(t, int64(counts[store.Stored]), query[int64](t, d, "SELECT count(*) FROM audit_events"))
			assert.Equal(t, int64(counts[store.Stored]), query[int64](t, d, "SELECT count(*) FROM audit_commits"), "one event each")
			assert.Greater(t, seals.Load(), int64(counts[store.Stored]), "they met")
			assert.Equal(t, writers*rounds, counts[store.Stored]+counts[store.Rejected], "whoever loses five times in a row is rejected")
		})
	}
}

// After a lost answer to COMMIT the sealer does not know whether it counts. Both
// heads are legitimate, and neither is anchored before it was seen.
func TestSealedCommitIsCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		after  bool
		second store.Status
	}{
		{"error and not applied", false, store.Stored},
		{"error but applied", true, store.Duplicate},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			cluster := storetest.Cluster(t)
			server := fmt.Sprintf("127.0.0.1:%d", cluster.Port)
			proxy, armed := cutProxy(t, server, test.after)
			file, err := anchor.Open(filepath.Join(t.TempDir(), "anchors"))
			require.NoError(t, err)
			defer func() { require.NoError(t, file.Close()) }()
			sealer := newSealer(t, file)
			w := newWriter(t, strings.Replace(cluster.URL(d.Login("writer"), d.Name), server, proxy, 1), sealWith(sealer))
			anchored := func() int64 {
				note, err := file.Latest(merkle.TenantOrigin(sealedLog, "acme", 0))
				require.NoError(t, err)
				c, err := anchor.Unverified(note)
				require.NoError(t, err)
				return c.Size
			}
			write(t, newWriter(t, d.WriterURL, sealWith(sealer)), events(t, audit("acme", "a", "", 1)))
			require.Equal(t, int64(1), anchored())

			list := events(t, audit("acme", "b", "", 1), audit("acme", "c", "", 1))
			connected(t, w)
			armed.Store(true)
			outcomes := make([]store.Outcome, len(list))
			require.Error(t, w.Write(t.Context(), list, outcomes))
			armed.Store(false)
			require.Equal(t, int64(1), sealer.Known("acme").Size)
			require.Equal(t, int64(1), anchored())

			require.NoError(t, w.Write(t.Context(), list, outcomes))
			assert.Equal(t, []store.Status{test.second, test.second}, statuses(outcomes))
			require.Equal(t, int64(3), sealer.Known("acme").Size, "a duplicate is acknowledged: its head counts")
			require.Equal(t, int64(3), anchored())
			require.Equal(t, []store.Status{store.Stored}, write(t, w, events(t, audit("acme", "d", "", 1))))
			requireSealed(t, d)
		})
	}
}

// The commit whose answer was lost was not applied, and another collector has
// written a commit of the same size in its place: that is no fork.
func TestAnotherCollectorInPlaceOfALostCommit(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	cluster := storetest.Cluster(t)
	server := fmt.Sprintf("127.0.0.1:%d", cluster.Port)
	proxy, armed := cutProxy(t, server, false)
	sealer := newSealer(t, nil)
	w := newWriter(t, strings.Replace(cluster.URL(d.Login("writer"), d.Name), server, proxy, 1), sealWith(sealer))
	write(t, newWriter(t, d.WriterURL, sealWith(sealer)), events(t, audit("acme", "a", "", 1)))
	connected(t, w)
	armed.Store(true)
	list := events(t, audit("acme", "b", "", 1))
	require.Error(t, w.Write(t.Context(), list, make([]store.Outcome, 1)))
	armed.Store(false)
	other := newWriter(t, d.WriterURL, sealWith(newSealer(t, nil)))
	require.Equal(t, []store.Status{store.Stored}, write(t, other, events(t, audit("acme", "other", "", 1))))
	require.Equal(t, []store.Status{store.Stored}, write(t, w, list))
	requireSealed(t, d)
}

// A head that is refused has no say in the time of the others: it may be forged.
func TestForgedTimeMovesNobody(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	execute(t, d.SuperURL, `INSERT INTO audit_commits (recorded_at, tenant_id, epoch, size, prev_size)
		VALUES (now() + interval '23 hours', 'forged', 0, 3, 0)`)
	w := newWriter(t, d.WriterURL, sealWith(newSealer(t, nil)))
	list := events(t, audit("acme", "a", "", 1), audit("forged", "b", "", 1))
	outcomes := make([]store.Outcome, 2)
	require.NoError(t, w.Write(t.Context(), list, outcomes))
	require.Equal(t, []store.Status{store.Stored, store.Refused}, statuses(outcomes))
	assert.True(t, query[bool](t, d, "SELECT recorded_at <= clock_timestamp() FROM audit_events WHERE tenant_id = 'acme'"))
}

// refusing is a Sealer that signs nothing for one tenant.
type refusing struct {
	store.Sealer
	tenant string
}

var errRefusing = errors.New("no")

func (r refusing) Seal(head *store.Head, at time.Time, leaves [][32]byte) (store.Seal, error) {
	if head.TenantID == r.tenant {
		return store.Seal{}, errRefusing
	}
	return r.Sealer.Seal(head, at, leaves)
}

// A signature that cannot be made costs its tenant, not the transaction.
func TestASealThatFails(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL, sealWith(refusing{Sealer: newSealer(t, nil), tenant: "acme"}))
	list := events(t, audit("acme", "a", "", 1), audit("globex", "b", "", 1), audit("acme", "a", "", 1), audit("acme", "a", "", 2))
	outcomes := make([]store.Outcome, len(list))
	require.NoError(t, w.Write(t.Context(), list, outcomes))
	require.Equal(t, []store.Status{store.Refused, store.Stored, store.Refused, store.Refused}, statuses(outcomes))
	require.ErrorIs(t, outcomes[0].Cause, errRefusing)
	require.Equal(t, int64(1), query[int64](t, d, "SELECT count(*) FROM audit_events"))
	requireSealed(t, d)
}

func TestMACIsStoredBesideTheLeaf(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	var enc store.Encoder
	const mac = "hmac-sha256:edge-1:AAAA_-"
	with, err := enc.Encode(audit("acme", "a", "", 1), mac)
	require.NoError(t, err)
	without, err := enc.Encode(audit("acme", "b", "", 1), "")
	require.NoError(t, err)
	write(t, newWriter(t, d.WriterURL), []*store.Event{&with, &without})
	assert.Equal(t, mac, query[string](t, d, "SELECT mac FROM audit_events WHERE event_id = 'a'"))
	assert.True(t, query[bool](t, d, "SELECT mac IS NULL FROM audit_events WHERE event_id = 'b'"))
	other, err := new(store.Encoder).Encode(audit("acme", "a", "", 1), "")
	require.NoError(t, err)
	assert.Equal(t, with.Leaf, other.Leaf, "a MAC is not under the leaf")
	assert.Equal(t, record.LeafHash(audit("acme", "a", "", 1).AppendCanonical(nil)), with.Leaf)
}
