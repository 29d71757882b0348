package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// What a row's columns say is what the record said that was written: leaf,
// fingerprint, identities and the columns that repeat something.
func TestHashesOfRowsAreThoseOfTheRecords(t *testing.T) {
	db := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(8, 9))
	now := time.Now().UTC().Truncate(time.Microsecond)
	var planted []placed
	for i := range 600 {
		rec := randomRecord(random)
		if i%2 == 0 {
			rec = recordtest.Arbitrary(random)
		}
		rec.TenantID, rec.EventID = "acme", fmt.Sprintf("event-%d", i)
		if problem := rec.Normalize(); problem == nil {
			planted = append(planted, placed{rec: rec, seq: int64(len(planted)), recordedAt: now})
		}
	}
	require.Greater(t, len(planted), 400)
	plant(t.Context(), t, db.WriterURL, planted)
	page := scan(t, db, "acme")
	require.Equal(t, len(planted), page.Len())
	hasher := &store.RowHasher{}
	for i, want := range planted {
		row := page.Row(i)
		require.Equal(t, int64(i), row.Seq())
		require.Equal(t, now.UnixMicro(), row.RecordedAt())
		hashes, err := hasher.Hash(row)
		require.NoError(t, err)
		canonical := want.rec.AppendCanonical(nil)
		require.Equal(t, string(canonical), string(hasher.Canonical()))
		require.Equal(t, record.LeafHash(canonical), hashes.Leaf)
		require.Equal(t, record.LeafHash(canonical), row.StoredLeaf())
		require.Equal(t, want.rec.Fingerprint(), hashes.Fingerprint)
		require.Equal(t, want.rec.BindsKey(), hashes.BindsKey)
		require.Empty(t, hashes.Odd)
	}
}

// scan reads all events of a tenant as an auditor.
func scan(t testing.TB, db *storetest.Database, tenant string) *store.EventPage {
	t.Helper()
	s, err := store.OpenScanner(t.Context(), store.Options{URL: db.AuditorURL}, tenant)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	page := &store.EventPage{}
	require.NoError(t, s.Events(t.Context(), store.LogName{Tenant: tenant}, store.BeforeSeq(0), 1<<40, 8192, page))
	return page
}

func BenchmarkHashRow(b *testing.B) {
	db := storetest.NewDatabase(b)
	w := newWriter(b, db.WriterURL)
	rec := recordtest.Typical()
	var events []*store.Event
	var enc store.Encoder
	for i := range 1000 {
		rec.EventID = fmt.Sprintf("0197a2b0-7c1e-7abc-9def-%012d", i)
		event, err := enc.Encode(rec, "")
		require.NoError(b, err)
		events = append(events, &event)
	}
	require.NoError(b, w.Write(b.Context(), events, make([]store.Outcome, len(events))))
	page := scan(b, db, rec.TenantID)
	hasher := &store.RowHasher{}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if _, err := hasher.Hash(page.Row(i % page.Len())); err != nil {
			b.Fatal(err)
		}
	}
}
