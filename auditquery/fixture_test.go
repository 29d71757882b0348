package auditquery_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/auditquery"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// tenants of a random store.
var tenants = []string{"acme", "globex"}

// operations are correlation ids in a random store.
var operations = []string{"c-0", "c-1", "c-2"}

// plantRandom writes events with arbitrary contents whose filtered members are
// often the same, and whose causes are any of the others, themselves and nothing.
func plantRandom(t *testing.T, db *storetest.Database, random *rand.Rand) []*record.Record {
	t.Helper()
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	now := time.Now()
	records := make([]*record.Record, 120)
	for i := range records {
		r := recordtest.Arbitrary(random)
		r.TenantID, r.EventID, r.IdempotencyKey = pick(tenants...), "e"+strconv.Itoa(i), "k"+strconv.Itoa(i)
		r.Action = pick("invoice.create", "invoice.approve", "invoices.list", "login", "a%b", "a_b", "é")
		r.Outcome = pick(record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied, record.OutcomeUnknown)
		r.CorrelationID = pick(operations...)
		r.CausationID = pick("", "e", "k", "r")
		if r.CausationID != "" {
			r.CausationID += strconv.Itoa(random.IntN(len(records)))
		}
		r.Actor = entity(pick("user", "service"), pick("alice", "bob"))
		r.Target = entity("invoice", pick("1", "2"))
		r.Context = record.EmptyObject().Set("request_id", record.StringValue("r"+strconv.Itoa(random.IntN(9)))).Set("ip", record.StringValue("192.0.2.1"))
		if random.IntN(2) == 0 {
			r.Reason = pick("100% sure", "he_said \"<&>\"", "ünïcode")
		}
		r.TimeUnixNano = now.Add(-time.Duration(random.Int64N(int64(80 * 24 * time.Hour)))).UnixNano()
		if random.IntN(10) == 0 {
			r.TimeUnixNano = now.AddDate(5, 0, 0).UnixNano()
		}
		records[i] = r
	}
	write(t, db.WriterURL, records)
	return records
}

func entity(kind, id string) record.Value {
	return record.EmptyObject().Set("type", record.StringValue(kind)).Set("id", record.StringValue(id))
}

// write stores events as the collector does.
func write(t testing.TB, url string, records []*record.Record) {
	t.Helper()
	config, err := pgurl.Parse(url, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	defer w.Close()
	var encoder store.Encoder
	events := make([]*store.Event, len(records))
	for i, r := range records {
		require.Nil(t, r.Normalize())
		event, err := encoder.Encode(r, "")
		require.NoError(t, err)
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	require.NoError(t, w.Write(t.Context(), events, outcomes))
	for i, outcome := range outcomes {
		require.Equal(t, store.Stored, outcome.Status, records[i].EventID)
	}
}

func open(t *testing.T, o auditquery.Options) *auditquery.Reader {
	t.Helper()
	r, err := auditquery.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}
