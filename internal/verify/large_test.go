package verify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// fillLarge writes n events of a tenant of 250 kB each: a page takes some 17 of
// them, fewer than it is asked for.
func (v *trail) fillLarge(tenant string, n int) {
	v.t.Helper()
	filler := record.StringValue(strings.Repeat("x", 250_000))
	for i := range n {
		rec := event(tenant, i)
		rec.Payload = record.EmptyObject().Set("filler", filler)
		v.write(rec)
	}
}

func TestLogsOfLargeEventsAreReadToTheirEnd(t *testing.T) {
	const n = 60
	v := newTrail(t)
	v.fillLarge("acme", n)
	report := v.verify()
	requireIntact(t, report)
	require.EqualValues(t, n, report.Coverage.Events)

	v.tamper("UPDATE audit_events SET reason = 'another' WHERE seq = $1", n-1)
	require.Equal(t, []string{"event_changed acme/0[59,60) ev-000059"}, found(v.verify()))
}

// Events that no commit covers are found however large they are.
func TestLargeEventsBehindTheNewestCommitAreFound(t *testing.T) {
	const n = 60
	v := newTrail(t)
	v.fillLarge("acme", n)
	v.tamper("DELETE FROM audit_commits WHERE size > 10")
	scanner, err := store.OpenScanner(t.Context(), store.Options{URL: v.db.AuditorURL}, "acme")
	require.NoError(t, err)
	defer scanner.Close()
	var page store.EventPage
	after := store.BeforeSeq(0)
	for next := int64(10); next < n; {
		require.NoError(t, scanner.Beyond(t.Context(), store.LogName{Tenant: "acme"}, after, store.FirstLimit, &page))
		require.Positive(t, page.Len())
		for i := range page.Len() {
			require.Equal(t, next, page.Row(i).Seq())
			next++
		}
		last := page.Row(page.Len() - 1)
		after = store.EventKey{Seq: last.Seq(), RecordedAt: last.RecordedAt()}
		require.Equal(t, next < n, page.More, "up to %d", next)
	}
}
