package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// secretKeys are spellings of the keys that are masked by default.
var secretKeys = []string{
	"password", "Password", "passwordHash", "PASSWORD_HASH", "Password-Hash", "passwd", "token", "apiKey", "api_key", "API-KEY", "api_token", "x-api-key",
	"secret", "client_secret", "clientSecret", "private_key", "accessToken", "access_token", "refreshToken", "cardNumber", "card_number", "cvv", "ssn",
	"authorization", "Authorization", "cookie", "set-cookie",
}

// TestRedaction puts a secret into every place where one can be: none is in a
// row, in quarantine, in a copy or in the log.
func TestRedaction(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	g := generator("redact", loadgen.Options{Tenants: 1})
	ledger := loadgen.NewLedger()
	var events []loadgen.Event
	request := plog.NewLogs()
	scope := request.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for range 2 * len(loadgen.Shapes()) {
		e := g.Event()
		events = append(events, e)
		lr := scope.LogRecords().AppendEmpty()
		e.Put(lr)
		hideSecrets(lr)
		if len(events)%2 == 0 {
			// Into quarantine: a second tenant.
			lr.Attributes().PutStr("audit.tenantId", "someone-else")
			lr.Attributes().PutStr("audit.tenant.id", "someone")
		}
	}
	require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), request, events, ledger, loadgen.Patient))
	report := reckon(t, db, "redact", ledger)
	assert.Equal(t, len(events)/2, report.Stored)
	assert.Equal(t, len(events)/2, report.Quarantine)
	d.stop()

	conn := connect(t, db.Auditor)
	for _, query := range []string{
		`SELECT count(*) FROM audit_events e WHERE to_jsonb(e)::text LIKE '%hunter2%'`,
		`SELECT count(*) FROM audit_quarantine q WHERE position('hunter2'::bytea IN otlp) > 0 OR (to_jsonb(q) - 'otlp')::text LIKE '%hunter2%'`,
	} {
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&n))
		assert.Zero(t, n, query)
	}
	copies, err := os.ReadFile(filepath.Join(d.dir, "app.jsonl"))
	require.NoError(t, err)
	assert.NotEmpty(t, copies)
	assert.NotContains(t, string(copies), "hunter2", "the copies for the application pipeline are redacted too")
	var masked int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM audit_events e WHERE to_jsonb(e)::text LIKE '%[REDACTED]%'`).Scan(&masked))
	assert.Equal(t, len(events)/2, masked, "what was masked shows")
}

// hideSecrets adds secrets to a record under every key and in every container.
func hideSecrets(lr plog.LogRecord) {
	attrs := lr.Attributes()
	for _, key := range secretKeys {
		attrs.PutStr(key, "hunter2-top")
		attrs.PutStr("audit.payload.deep."+key, "hunter2-dotted")
	}
	headers := attrs.PutEmptyMap("http.request.headers")
	list := attrs.PutEmptySlice("list")
	for _, key := range secretKeys {
		headers.PutStr(key, "hunter2-map")
		list.AppendEmpty().SetEmptyMap().PutEmptyMap("inner").PutStr(key, "hunter2-list")
	}
	attrs.PutStr("json", `{"a":[{"password":"hunter2-json"}],"b":"{\"token\":\"hunter2-nested-json\"}"}`)
	attrs.PutStr("audit.changes.before.password", "hunter2-before")
	attrs.PutStr("audit.changes.after.password", "hunter2-after")
	attrs.PutStr("audit.changes.patch", `[{"op":"replace","path":"/user/password","value":"hunter2-patch"}]`)
	if lr.Body().Type() == pcommon.ValueTypeMap {
		lr.Body().Map().PutStr("password", "hunter2-body")
	} else if lr.Body().Type() == pcommon.ValueTypeEmpty {
		lr.Body().SetStr(`{"password":"hunter2-body-text"}`)
	}
}

// TestTimeIsKept checks that nanoseconds survive.
func TestTimeIsKept(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()
	at := time.Unix(1_700_000_000, 123_456_789)
	g := generator("nanos", loadgen.Options{Start: at, Shapes: []loadgen.Shape{loadgen.Flat}})
	logs, events := g.Request(1)
	require.NoError(t, d.client().Send(within(t, patience), logs))
	assert.Equal(t, 1, count(t, db, `SELECT count(*) FROM audit_events WHERE target_id = $1 AND time_unix_nano = $2
		AND event_time = timestamptz '2023-11-14 22:13:20.123456+00'`, events[0].Marker, at.UnixNano()))
}
