package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestATimelineIsTheTenantsOperationByCause(t *testing.T) {
	db := storetest.NewDatabase(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	var events []placed
	next := map[string]int64{}
	add := func(tenant, id, correlation, causation, key, request string, minutesAgo int) {
		rec := &record.Record{
			TenantID: tenant, EventID: id, Action: "x.y", Outcome: record.OutcomeSuccess, Actor: jsonValue(t, `{"type":"user","id":"u"}`),
			CorrelationID: correlation, CausationID: causation, IdempotencyKey: key,
			TimeUnixNano: now.Add(-time.Duration(minutesAgo) * time.Minute).UnixNano(),
		}
		if request != "" {
			rec.Context = jsonValue(t, fmt.Sprintf(`{"request_id":%q}`, request))
		}
		events = append(events, placed{rec: rec, seq: next[tenant], recordedAt: now})
		next[tenant]++
	}
	add("acme", "by-key", "c", "key-1", "", "", 1)
	add("acme", "by-request", "c", "r-1", "", "", 2)
	add("acme", "root", "c", "elsewhere", "key-1", "r-1", 9)
	add("acme", "by-id", "c", "root", "", "r-1", 3)
	add("acme", "by-id-too", "c", "root", "", "", 3)
	add("acme", "grandchild", "c", "by-id", "", "", 4) // said to be earlier than its cause
	add("acme", "itself", "c", "itself", "", "", 5)
	add("acme", "elsewhere", "other", "", "", "", 6)
	add("globex", "root-of-another", "c", "", "key-1", "r-1", 60)
	plant(t.Context(), t, db.WriterURL, events)

	for role, url := range map[string]string{"reader": db.ReaderURL, "auditor": db.AuditorURL} {
		timeline, err := connect(t, url).Timeline(t.Context(), "acme", "c")
		require.NoError(t, err)
		require.False(t, timeline.Cut)
		lines := []string{}
		for _, e := range timeline.Events {
			lines = append(lines, fmt.Sprint(e.Depth, " ", e.Record.EventID, " ", e.Cause))
		}
		require.Equal(t, []string{
			"0 root -1", "1 by-id 0", "2 grandchild 1", "1 by-id-too 0", "1 by-request 0", "1 by-key 0", "0 itself -1",
		}, lines, role)
	}

	r := reader(t, db)
	none, err := r.Timeline(t.Context(), "globex", "other")
	require.NoError(t, err)
	require.Empty(t, none.Events)
	for message, call := range map[string][2]string{
		"tenant: is required: every list is one tenant's":                  {"", "c"},
		"correlation_id: is required: a timeline is that of one operation": {"acme", ""},
		"correlation_id: is not valid UTF-8 text without U+0000":           {"acme", "a\x00"},
	} {
		_, err := r.Timeline(t.Context(), call[0], call[1])
		var mistake *store.FilterError
		require.ErrorAs(t, err, &mistake)
		require.EqualError(t, err, message)
	}
}

func TestALongTimelineSaysThatItIsCut(t *testing.T) {
	db := storetest.NewDatabase(t)
	execute(t, db.SuperURL, fmt.Sprintf(`INSERT INTO %s (tenant_id, epoch, seq, recorded_at, event_id, time_unix_nano, action, outcome, correlation_id, causation_id, actor, leaf_hash)
		SELECT 'acme', 0, n, now(), n::text, 1700000000000000000 + n, 'x.y', 'success', 'c', (n - 1)::text, '{"type":"user"}', sha256('')
		FROM generate_series(0, %d) AS n`, store.PartitionName(time.Now().UTC()), store.MaxTimeline))
	r := reader(t, db)
	timeline, err := r.Timeline(t.Context(), "acme", "c")
	require.NoError(t, err)
	require.True(t, timeline.Cut)
	require.Len(t, timeline.Events, store.MaxTimeline)
	require.Equal(t, store.MaxTimeline-1, timeline.Events[store.MaxTimeline-1].Depth)
}
