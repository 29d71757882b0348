package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// A writer that met no duplicate for a while leaves them to the primary key; the
// first one makes it ask again.
func TestWriteAsksWhileThereAreDuplicates(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	one := func(id string) store.Status {
		return write(t, w, events(t, audit("acme", id, "", 1)))[0]
	}
	asked := 0
	for ; w.IsCareful(); asked++ {
		require.Less(t, asked, 100)
		require.Equal(t, store.Stored, one(fmt.Sprint("first-", asked)))
	}
	require.Equal(t, store.Stored, one("seldom"))
	require.False(t, w.IsCareful())
	require.Equal(t, store.Duplicate, one("first-0"))
	require.True(t, w.IsCareful())
	for i := range asked - 2 {
		require.Equal(t, store.Stored, one(fmt.Sprint("second-", i)))
	}
	require.Equal(t, store.Duplicate, one("first-0"), "and as long as there are some, it goes on")
	require.Equal(t, store.Stored, one("third"))
	require.True(t, w.IsCareful())
	storetest.CheckState(t, d)
}

// What stands beside a duplicate in a transaction that did not ask is stored once,
// and no event was written in vain.
func TestWriteWithoutAskingKeepsTheRest(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	batch := func(from int) []*store.Event {
		var records []*record.Record
		for i := range 50 {
			records = append(records, audit(fmt.Sprint("t", (from+i)%7), fmt.Sprint("e-", from+i), fmt.Sprint("k-", from+i), 1))
		}
		return events(t, records...)
	}
	write(t, w, batch(0))
	written := "SELECT sum(pg_stat_get_tuples_inserted(oid))::int8 FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'audit_events_')"
	w.Careless()
	got := write(t, w, batch(25))
	for i, status := range got {
		want := store.Stored
		if i < 25 {
			want = store.Duplicate
		}
		assert.Equal(t, want, status, i)
	}
	w.Close() // its statistics are told then
	require.Eventually(t, func() bool { return query[int64](t, d, written) >= 75 }, 10*time.Second, 20*time.Millisecond)
	assert.Equal(t, int64(75), query[int64](t, d, written), "rows of events ever written")
	storetest.CheckState(t, d)
}

// A connection that was lost may have lost answers, so what comes next is asked
// for.
func TestWriteAsksAfterALostConnection(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := newWriter(t, d.WriterURL)
	w.Careless()
	list := events(t, audit("acme", "e-1", "", 1))
	require.Equal(t, []store.Status{store.Stored}, write(t, w, list))
	require.False(t, w.IsCareful())
	w.Close()
	require.Equal(t, []store.Status{store.Duplicate}, write(t, w, list))
	require.True(t, w.IsCareful())
}
