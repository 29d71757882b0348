package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// A bound that is said bounds, however far away: only the zero time is none.
func TestBoundsThatAreFarAwayAreBounds(t *testing.T) {
	db := storetest.NewDatabase(t)
	s := plantSmall(t, db)
	execute(t, db.WriterURL, `INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at)
		SELECT tenant_id, epoch, max(seq) + 1, 0, max(recorded_at) FROM audit_event_ids GROUP BY 1, 2`)
	r := connect(t, db.ReaderURL)
	all := int(s.count("acme", store.CountFilter{}).Total)
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		since, until time.Time
		want         int
	}{
		"neither":                         {want: all},
		"until just after the zero time":  {until: time.Time{}.Add(1), want: 0},
		"until before the year 1":         {until: year(-5000), want: 0},
		"until the year 1600":             {until: year(1600), want: 0},
		"since just after the zero time":  {since: time.Time{}.Add(1), want: all},
		"since before the year 1":         {since: year(-5000), want: all},
		"since the year 9999":             {since: year(9999), want: 0},
		"since beyond PostgreSQL's years": {since: year(300_000), want: 0},
		"until the year 9999":             {until: year(9999), want: all},
		"until beyond PostgreSQL's years": {until: year(300_000), want: all},
		"from the far past to the future": {since: year(-300_000), until: year(300_000), want: all},
		"an empty window long ago":        {since: year(2), until: year(3), want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := store.Filter{Since: c.since, Until: c.until, Limit: 100}
			require.Len(t, pages(t.Context(), t, r, "acme", f), c.want)
			counts, err := r.Count(t.Context(), "acme", store.CountFilter{Since: c.since, Until: c.until})
			require.NoError(t, err)
			require.EqualValues(t, c.want, counts.Total)
			extent, err := r.Extent(t.Context(), "acme")
			require.NoError(t, err)
			lines, _ := exported(t, r, store.ExportOptions{Tenant: "acme", Filter: f, Logs: extent.Logs, Now: time.Now})
			require.Len(t, lines, c.want)
		})
	}
}
