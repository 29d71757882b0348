package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func quarantined(tenant string, n int) store.Quarantined {
	return store.Quarantined{
		TenantID: tenant, EventID: fmt.Sprint("e-", n), Action: "a", Reason: record.ReasonTooDeep, Detail: "why",
		SHA256: sha256.Sum256([]byte(strconv.Itoa(n))), OTLP: []byte("bytes"), Encoding: "protobuf",
	}
}

// What the quarantine itself does not take costs none of the others, and is
// there as far as it can be.
func TestQuarantineIsolatesWhatPostgresRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		constraint string
		spoil      func(q *store.Quarantined)
		wanted     string
	}{
		{"no reason", "", func(q *store.Quarantined) { q.Reason = "" }, "acme|e-57|a|malformed||why|bytes|protobuf"},
		{"a reason of NULs", "", func(q *store.Quarantined) { q.Reason = "\x00" }, "acme|e-57|a|\uFFFD||why|bytes|protobuf"},
		{"no encoding", "", func(q *store.Quarantined) { q.Encoding = "" }, "acme|e-57|a|too_deep||why|bytes|protobuf"},
		{"an encoding of its own", "", func(q *store.Quarantined) { q.Encoding = "xml" }, "acme|e-57|a|too_deep||why|bytes|protobuf"},
		{"no bytes", "", func(q *store.Quarantined) { q.OTLP = nil }, "acme|e-57|a|too_deep||why||protobuf"},
		{"nothing at all", "", func(q *store.Quarantined) { *q = store.Quarantined{SHA256: q.SHA256} }, "|||malformed||||protobuf"},
		{
			"a constraint on a text", "CHECK (action <> 'poison')", func(q *store.Quarantined) { q.Action = "poison" },
			"acme|||database_rejected|23514|too_deep: why; PostgreSQL refused this record while it stored the others of its batch: a value that a constraint of the table forbids (SQLSTATE 23514)|bytes|protobuf",
		},
		{
			"a constraint on the bytes", "CHECK (length(otlp) < 100)", func(q *store.Quarantined) { q.OTLP = make([]byte, 1000) },
			"acme|||database_rejected|23514|too_deep: why; PostgreSQL refused this record while it stored the others of its batch: a value that a constraint of the table forbids (SQLSTATE 23514)||protobuf",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			if test.constraint != "" {
				execute(t, d.SuperURL, "ALTER TABLE audit_quarantine ADD "+test.constraint)
			}
			entries := make([]store.Quarantined, 100)
			for i := range entries {
				entries[i] = quarantined("acme", i)
			}
			test.spoil(&entries[57])
			w := newWriter(t, d.WriterURL)
			for range 2 {
				require.NoError(t, w.Quarantine(t.Context(), entries))
			}
			assert.Equal(t, int64(100), query[int64](t, d, "SELECT count(*) FROM audit_quarantine"))
			assert.Equal(t, test.wanted, query[string](t, d, `SELECT concat_ws('|', coalesce(tenant_id, ''), coalesce(event_id, ''), coalesce(action, ''),
				reason, coalesce(sqlstate, ''), coalesce(detail, ''), encode(otlp, 'escape'), otlp_encoding)
				FROM audit_quarantine WHERE sha256 = $1`, entries[57].SHA256[:]))
		})
	}
}

// Batches that hold the same records in another order wait for each other, and
// not in a circle.
func TestQuarantineConcurrently(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	const writers, rounds, total = 4, 20, 1000
	var group sync.WaitGroup
	for n := range writers {
		w := newWriter(t, d.WriterURL)
		group.Go(func() {
			random := rand.New(rand.NewPCG(9, uint64(n)))
			for round := range rounds {
				var entries []store.Quarantined
				for _, i := range random.Perm(total) {
					entries = append(entries, quarantined("acme", round*total+i))
				}
				assert.NoError(t, w.Quarantine(context.Background(), entries))
			}
		})
	}
	group.Wait()
	assert.Equal(t, int64(rounds*total), query[int64](t, d, "SELECT count(*) FROM audit_quarantine"))
}
