package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// What the writer encodes is what the reader reads, to the byte under the leaf.
func TestWriteThenRead(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(3, 4))
	records := make([]*record.Record, 400)
	for i := range records {
		records[i] = randomRecord(random)
		records[i].TenantID, records[i].EventID, records[i].IdempotencyKey = "acme", fmt.Sprintf("event-%d", i), ""
	}
	for _, status := range write(t, newWriter(t, d.WriterURL), events(t, records...)) {
		require.Equal(t, store.Stored, status)
	}
	r := reader(t, d)
	for _, rec := range records {
		got, err := r.Get(t.Context(), "acme", rec.EventID)
		require.NoError(t, err)
		canonical := rec.AppendCanonical(nil)
		require.Equal(t, string(canonical), string(got.Record.AppendCanonical(nil)))
		require.Equal(t, record.LeafHash(canonical), got.LeafHash)
	}
	storetest.CheckState(t, d)
}

// model is what the store has, one event after the other: what a batch decides
// must be what its events would have met on their own.
type model struct {
	seq  int
	held map[string]modelEvent // tenant, kind and identity
}

type modelEvent struct{ seq, amount int }

func (m *model) write(tenant, id, key string, amount int) store.Status {
	names := []string{tenant + "/e/" + id}
	if key != "" {
		names = append(names, tenant+"/k/"+key)
	}
	var hits []modelEvent
	for _, name := range names {
		if hit, ok := m.held[name]; ok {
			hits = append(hits, hit)
		}
	}
	switch {
	case len(hits) == 0:
		m.seq++
		for _, name := range names {
			m.held[name] = modelEvent{seq: m.seq, amount: amount}
		}
		return store.Stored
	case len(hits) == 2 && hits[0].seq != hits[1].seq, hits[0].amount != amount:
		return store.Conflict
	default:
		return store.Duplicate
	}
}

// Few names, so that ids and keys collide within batches, with stored events, in
// every combination, whether the writer asks first or finds out.
func TestWriteFollowsTheModel(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	m := &model{held: make(map[string]modelEvent)}
	random := rand.New(rand.NewPCG(5, 6))
	seen := make(map[store.Status]int)
	for batch := range 150 {
		var records []*record.Record
		var wanted []store.Status
		names := 20 + batch*2
		for range 1 + random.IntN(30) {
			tenant, id, key := fmt.Sprintf("t%d", random.IntN(3)), fmt.Sprintf("e%d", random.IntN(names)), ""
			if random.IntN(2) == 0 {
				key = fmt.Sprintf("k%d", random.IntN(names))
			}
			amount := random.IntN(2)
			records = append(records, audit(tenant, id, key, amount))
			wanted = append(wanted, m.write(tenant, id, key, amount))
		}
		if random.IntN(2) == 0 {
			w.Careless()
		}
		require.Equal(t, wanted, write(t, w, events(t, records...)), "batch %d", batch)
		for _, status := range wanted {
			seen[status]++
		}
	}
	for _, status := range []store.Status{store.Stored, store.Duplicate, store.Conflict} {
		require.Greater(t, seen[status], 100, "status %d", status)
	}
	storetest.CheckState(t, d)
}
