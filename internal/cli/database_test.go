package cli

import (
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/testbed/collector"
)

// TestReadingScripts runs the commands that read, each with the login of its
// role, on events of two tenants and three quarantined records.
func TestReadingScripts(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/reading",
		RequireExplicitExec: true,
		Setup:               func(env *testscript.Env) error { return setURLs(env, db) },
	})
}

// TestMigrateScripts runs migrate on a database without any table.
func TestMigrateScripts(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/migrate",
		RequireExplicitExec: true,
		Setup:               func(env *testscript.Env) error { return setURLs(env, db) },
	})
}

func setURLs(env *testscript.Env, db *storetest.Database) error {
	for name, url := range map[string]string{
		"SUPER_URL": db.SuperURL, "NOBODY_URL": db.NobodyURL, "WRITER_URL": db.WriterURL, "OWNER_URL": db.OwnerURL,
		"AUDIT_READER_URL": db.ReaderURL, "AUDIT_OPERATOR_URL": db.OperatorURL, "AUDITOR_URL": db.AuditorURL, "PRUNER_URL": db.PrunerURL, "AUDIT_OWNER_URL": db.SuperURL,
	} {
		env.Setenv(name, url)
	}
	return nil
}

// plant writes as the writer role:
//
//	acme: a-0 … a-4, one per day from 2026-05-01 on, and zoo; a-2 has a MAC
//	other: o-0
//	future: f-0, dated 2099, and f-1
func plant(t *testing.T, url string) {
	t.Helper()
	day := func(n int) int64 { return time.Date(2026, 5, 1+n, 12, 0, 0, 123456789, time.UTC).UnixNano() }
	text := record.TextOrAbsent
	entityOf := func(kind, id string) record.Value {
		return record.EmptyObject().Set("type", text(kind)).Set("id", text(id))
	}
	records := []*record.Record{
		{
			EventID: "a-0", Action: "invoice.create", Outcome: record.OutcomeSuccess, Actor: entityOf("user", "alice"),
			Target: entityOf("invoice", "42"), CorrelationID: "c-1", TimeUnixNano: day(0),
		},
		{
			EventID: "a-1", Action: "invoice.approve", Outcome: record.OutcomeDenied, Actor: entityOf("user", "bob:builder"),
			Target: entityOf("invoice", "42"), CausationID: "a-0", CorrelationID: "c-1", Reason: "not \x1b[31mhis", TimeUnixNano: day(1),
		},
		{
			EventID: "a-2", Action: "Invoice.approve", Outcome: record.OutcomeFailure, Actor: entityOf("service", "alice"),
			TraceID: "0123456789abcdef0123456789abcdef", TimeUnixNano: day(2),
		},
		{
			EventID: "a-3", Action: "order.refund", Outcome: record.OutcomeUnknown, Actor: entityOf("user", "alice"),
			Context: record.EmptyObject().Set("request_id", text("r-1")).Set("ip", text("192.0.2.1")), TimeUnixNano: day(3),
		},
		{
			EventID: "a-4", Action: "login", Outcome: record.OutcomeDenied, Actor: record.EmptyObject().Set("type", text(record.ActorAnonymous)),
			Flags: []string{record.FlagActorMissing}, TimeUnixNano: day(4),
		},
	}
	for _, r := range records {
		r.TenantID = "acme"
	}
	records = append(records, &record.Record{
		TenantID: "other", EventID: "o-0", Action: "invoice.create", Outcome: record.OutcomeSuccess, Actor: entityOf("user", "alice"), TimeUnixNano: day(0),
	})
	for i, at := range []time.Time{time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)} {
		records = append(records, &record.Record{
			TenantID: "future", EventID: "f-" + strconv.Itoa(i), Action: "clock.set", Outcome: record.OutcomeSuccess,
			Actor: entityOf("user", "alice"), TimeUnixNano: at.UnixNano(),
		})
	}
	config, err := pgurl.Parse(url, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	defer w.Close()
	var encoder store.Encoder
	events := make([]*store.Event, len(records))
	for i, r := range records {
		require.Nil(t, r.Normalize())
		mac := ""
		if r.EventID == "a-2" {
			mac = "hmac-sha256:edge-2026-01:3DEe69EA00AX9lEWPd4WGwyR166xhVIHLOz3-Il0X3k"
		}
		event, err := encoder.Encode(r, mac)
		require.NoError(t, err)
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	require.NoError(t, w.Write(t.Context(), events, outcomes))
	for _, outcome := range outcomes {
		require.Equal(t, store.Stored, outcome.Status)
	}
	require.NoError(t, w.Quarantine(t.Context(), []store.Quarantined{
		{TenantID: "acme", Action: "x", Reason: record.ReasonTooDeep, Detail: "payload: nested over 64 levels", SHA256: [32]byte{1}, Encoding: "protobuf", OTLP: quarantinedRecord(t)},
		{Reason: record.ReasonMissingTenant, Detail: "no tenant", SHA256: [32]byte{2}, Encoding: "json", OTLP: []byte(`{"resourceLogs":[]}`)},
		{TenantID: "other", Reason: record.ReasonMalformed, Detail: "audit is empty", SHA256: [32]byte{3}, Encoding: "protobuf", OTLP: []byte("\xff")},
	}))
}

func quarantinedRecord(t *testing.T) []byte {
	t.Helper()
	return marshalLogs(t, func(_ plog.ResourceLogs, _ plog.ScopeLogs, lr plog.LogRecord) {
		lr.Attributes().PutStr("audit.action", "x")
	})
}

// TestCollectorScripts runs `dev` with the built collector.
func TestCollectorScripts(t *testing.T) {
	binary, err := collector.Binary()
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/collector",
		RequireExplicitExec: true,
		Cmds:                scriptCommands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("REAL_COLLECTOR", binary)
			return openToServer(env)
		},
	})
}
