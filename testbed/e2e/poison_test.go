package e2e

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// poison is one bad record among good ones.
type poison struct {
	name   string
	put    func(lr plog.LogRecord) // changes a good flat record
	reason string                  // of the quarantine; "" when it is stored
	flag   string                  // on the stored event; "" for none in particular
	holds  string                  // text in the stored row
}

const injection = `'); DROP TABLE audit_events; -- "\''$$%s{{.}}${env:HOME}`

// incompressible is text that no compression makes fit an index page.
func incompressible(n int) string {
	random := rand.New(rand.NewPCG(3, 3))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + random.IntN(94))
	}
	return string(b)
}

func nest(v pcommon.Value, levels int) {
	for range levels {
		v = v.SetEmptyMap().PutEmpty("a")
	}
	v.SetStr("deep")
}

func poisons() []poison {
	attr := func(key, value string) func(plog.LogRecord) {
		return func(lr plog.LogRecord) { lr.Attributes().PutStr(key, value) }
	}
	at := func(nanos uint64) func(plog.LogRecord) {
		return func(lr plog.LogRecord) {
			lr.SetTimestamp(pcommon.Timestamp(nanos))
			lr.SetObservedTimestamp(0)
		}
	}
	// The last nanosecond that fits a signed 64-bit integer, 2262-04-11.
	const lastNano = uint64(math.MaxInt64)
	return []poison{
		{name: "U+0000", put: attr("audit.reason", "a\x00b"), flag: "repaired_text", holds: "a\uFFFDb"},
		{name: "U+0000 in a key", put: attr("audit.payload.a\x00b", "c"), flag: "repaired_text"},
		{name: "invalid UTF-8", put: attr("audit.reason", "a\xffb"), flag: "repaired_text", holds: "a\uFFFDb"},
		{name: "a surrogate in UTF-8", put: attr("audit.reason", "a\xed\xa0\x80b"), flag: "repaired_text"},
		{name: "invalid UTF-8 in the action", put: attr("audit.action", "a\xffb"), flag: "repaired_text"},
		{name: "NaN", put: func(lr plog.LogRecord) { lr.Attributes().PutDouble("audit.payload.n", math.NaN()) }, flag: "number_as_text", holds: `"NaN"`},
		{name: "infinity", put: func(lr plog.LogRecord) { lr.Attributes().PutDouble("audit.payload.n", math.Inf(-1)) }, flag: "number_as_text", holds: `"-Infinity"`},
		{name: "2^63-1", put: func(lr plog.LogRecord) { lr.Attributes().PutInt("audit.payload.n", math.MaxInt64) }, flag: "number_as_text", holds: `"9223372036854775807"`},
		{name: "40 levels", put: func(lr plog.LogRecord) { nest(lr.Attributes().PutEmpty("audit.payload.deep"), 40) }, holds: `"deep"`},
		{name: "1,000 levels", put: func(lr plog.LogRecord) { nest(lr.Attributes().PutEmpty("audit.payload.deep"), 1000) }, reason: "too_deep"},
		{name: "2 MB", put: attr("audit.payload.big", strings.Repeat("x", 2<<20)), reason: "too_large"},
		{name: "500 attributes", put: func(lr plog.LogRecord) {
			for i := range 500 {
				lr.Attributes().PutStr(fmt.Sprintf("attribute.%d", i), "v")
			}
		}, holds: "attribute.499"},
		{name: "no time", put: at(0), flag: "time_arrival"},
		{name: "only an observed time", put: func(lr plog.LogRecord) { lr.SetTimestamp(0) }, flag: "time_observed"},
		{name: "1 ns", put: at(1), holds: `"time_unix_nano": 1,`},
		{name: "2262-04-11 less 1 ns", put: at(lastNano - 1), holds: strconv.FormatUint(lastNano-1, 10)},
		{name: "2262-04-11", put: at(lastNano), holds: strconv.FormatUint(lastNano, 10)},
		{name: "2262-04-11 and 1 ns", put: at(lastNano + 1), reason: "invalid_time"},
		{name: "2^64-1", put: at(math.MaxUint64), reason: "invalid_time"},
		{name: "no tenant", put: func(lr plog.LogRecord) { lr.Attributes().Remove("audit.tenant.id") }, reason: "missing_tenant"},
		{name: "two tenants", put: attr("audit.tenantId", "another"), reason: "tenant_conflict"},
		{name: "a tenant of ours", put: attr("audit.tenant.id", "_system"), reason: "invalid_tenant"},
		{name: "a long tenant", put: attr("audit.tenant.id", incompressible(256)), reason: "invalid_tenant"},
		{name: "no action", put: func(lr plog.LogRecord) { lr.Attributes().Remove("audit.action") }, reason: "missing_action"},
		{name: "no actor", put: func(lr plog.LogRecord) {
			lr.Attributes().PutStr("audit.outcome", "success")
			lr.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool { return strings.HasPrefix(k, "audit.actor") })
		}, reason: "missing_actor"},
		{name: "empty audit text", put: only(func(attrs pcommon.Map) { attrs.PutStr("audit", "") }), reason: "malformed"},
		{name: "empty audit map", put: only(func(attrs pcommon.Map) { attrs.PutEmptyMap("audit") }), reason: "malformed"},
		{name: "audit is a number", put: only(func(attrs pcommon.Map) { attrs.PutInt("audit", 5) }), reason: "malformed"},
		{name: "audit is broken JSON", put: only(func(attrs pcommon.Map) { attrs.PutStr("audit", `{"action":"x"`) }), reason: "malformed"},
		{name: "the action is a map", put: func(lr plog.LogRecord) { lr.Attributes().PutEmptyMap("audit.action").PutStr("a", "b") }, reason: "malformed"},
		{name: "the actor is a list", put: func(lr plog.LogRecord) {
			lr.Attributes().RemoveIf(func(k string, _ pcommon.Value) bool { return strings.HasPrefix(k, "audit.actor") })
			lr.Attributes().PutEmptySlice("audit.actor").AppendEmpty().SetStr("a")
		}, reason: "malformed"},
		{name: "duplicate keys", put: attr(secondAction, "other.action"), reason: "ambiguous"},
		{name: "flat and nested disagree", put: func(lr plog.LogRecord) { lr.Attributes().PutEmptyMap("audit").PutStr("action", "other.action") }, reason: "ambiguous"},
		{name: "SQL in every string", put: func(lr plog.LogRecord) {
			for key := range lr.Attributes().All() {
				if key != "audit.target.id" && key != "audit.outcome" && key != "audit.tenant.id" {
					lr.Attributes().PutStr(key, injection)
				}
			}
			lr.Attributes().PutStr(injection, injection)
			lr.Attributes().PutStr("audit.payload."+injection, injection)
			lr.Body().SetStr(injection)
			lr.SetSeverityText(injection)
		}, holds: "DROP TABLE"},
		{name: "an action as long as a page", put: attr("audit.action", incompressible(8192)), reason: "too_long"},
		{name: "an actor as long as a page", put: attr("audit.actor.id", incompressible(8192)), reason: "too_long"},
		{name: "a correlation as long as a page", put: attr("audit.correlation.id", incompressible(8192)), reason: "too_long"},
		{name: "an idempotency key as long as a page", put: attr("audit.idempotency.key", incompressible(8192)), reason: "too_long"},
		{name: "a record id as long as a page", put: attr("audit.record.id", incompressible(8192)), reason: "too_long"},
		{name: "a payload key as long as a page", put: attr("audit.payload."+strings.ReplaceAll(incompressible(8192), ".", ","), "v"), flag: ""},
		{name: "a reason as long as a page", put: attr("audit.reason", incompressible(8192)), flag: ""},
	}
}

// only leaves nothing of the audit data but what f puts.
func only(f func(pcommon.Map)) func(plog.LogRecord) {
	return func(lr plog.LogRecord) {
		marker, _ := lr.Attributes().Get("audit.target.id")
		note := marker.Str()
		tenant, _ := lr.Attributes().Get("audit.tenant.id")
		claimed := tenant.Str()
		lr.Attributes().Clear()
		lr.Attributes().PutStr("note", note)
		lr.Attributes().PutStr("tenant.id", claimed)
		f(lr.Attributes())
	}
}

// secondAction stands for a second attribute audit.action with another value,
// which a pcommon.Map cannot hold and only the wire can: it is renamed there.
const secondAction = "audit.actioN"

// TestPoison sends each bad record among 1,000 good ones.
func TestPoison(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	conn := connect(t, db.Auditor)
	client := d.client()
	for i, p := range poisons() {
		t.Run(p.name, func(t *testing.T) {
			run := fmt.Sprintf("poison%02d", i)
			g := generator(run, loadgen.Options{Tenants: 3, Shapes: []loadgen.Shape{loadgen.Flat, loadgen.Nested, loadgen.JSONText, loadgen.Compact}})
			good := make([]loadgen.Event, 1000)
			for i := range good {
				good[i] = g.Event()
			}
			bad := g.Event()
			bad.Shape = loadgen.Flat
			request := g.Pack(good)
			records := request.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
			lr := records.AppendEmpty()
			bad.Put(lr)
			p.put(lr)
			ledger := loadgen.NewLedger()
			body, err := plogotlp.NewExportRequestFromLogs(request).MarshalProto()
			require.NoError(t, err)
			// Of the same length, so that the protobuf stays whole.
			body = bytes.ReplaceAll(body, []byte(secondAction), []byte("audit.action"))
			require.NoError(t, client.SendRaw(within(t, patience), body), "the client is told success")
			ledger.Record(loadgen.Acknowledged, good...)
			ledger.Record(loadgen.Acknowledged, bad)
			report := tally(t, db.Auditor, run, ledger)
			quarantine := quarantineOf(t, conn, bad.Marker)
			if p.reason != "" {
				assert.Equal(t, 1000, report.Stored)
				require.Len(t, quarantine, 1)
				assert.Equal(t, p.reason, quarantine[0].Reason, quarantine[0].Detail)
				assert.NotEmpty(t, quarantine[0].Detail, "a person must understand why")
				return
			}
			require.Empty(t, quarantine)
			assert.Equal(t, 1001, report.Stored)
			row, flags := eventRow(t, conn, bad.Marker)
			assert.Contains(t, row, p.holds)
			if p.flag != "" {
				assert.Contains(t, flags, p.flag)
			}
		})
	}
	t.Run("by JSON", func(t *testing.T) { poisonByJSON(t, d, db) })
	consistent(t, db)
	assert.NoError(t, client.Send(within(t, patience), plog.NewLogs()), "it still serves")
}

func eventRow(t *testing.T, conn *pgx.Conn, marker string) (row string, flags []string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT to_jsonb(e)::text, coalesce(flags, '{}') FROM audit_events e WHERE target_id = $1`, marker).Scan(&row, &flags))
	return row, flags
}

// poisonByJSON sends what only OTLP/JSON can say.
func poisonByJSON(t *testing.T, d *deployment, db *databaseURLs) {
	t.Helper()
	web := otlpclient.NewHTTP(d.http, otlpclient.Options{JSON: true})
	conn := connect(t, db.Auditor)
	for i, c := range []struct{ name, attributes, reason string }{
		{"lone surrogate", `{"key":"audit.reason","value":{"stringValue":"a\ud800b"}}`, ""},
		{"escaped U+0000", `{"key":"audit.reason","value":{"stringValue":"a\u0000b"}}`, ""},
		{"duplicate key", `{"key":"audit.action","value":{"stringValue":"other"}}`, "ambiguous"},
		{"duplicate member in JSON text", `{"key":"audit.payload","value":{"stringValue":"{\"a\":1,\"a\":2}"}}`, "ambiguous"},
	} {
		t.Run(c.name, func(t *testing.T) {
			marker := fmt.Sprintf("lg-json-%07d", i)
			body := fmt.Sprintf(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"%d","attributes":[
				{"key":"audit.action","value":{"stringValue":"item.update"}},{"key":"audit.outcome","value":{"stringValue":"success"}},
				{"key":"audit.actor.id","value":{"stringValue":"usr-7"}},{"key":"audit.target.id","value":{"stringValue":%q}},
				{"key":"audit.tenant.id","value":{"stringValue":"json"}},%s]}]}]}]}`, time.Unix(1_700_000_000, 0).UnixNano(), marker, c.attributes)
			require.NoError(t, web.SendRaw(within(t, patience), "application/json", []byte(body)))
			quarantine := quarantineOf(t, conn, marker)
			if c.reason == "" {
				require.Empty(t, quarantine)
				row, _ := eventRow(t, conn, marker)
				assert.Contains(t, row, "a\uFFFDb")
				return
			}
			require.Len(t, quarantine, 1)
			assert.Equal(t, c.reason, quarantine[0].Reason)
		})
	}
}
