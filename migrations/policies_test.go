package migrations_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// traced is an event that a change left in the outbox.
type traced struct {
	Action string `json:"action"`
	Target struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"target"`
	Reason  string         `json:"reason"`
	Payload map[string]any `json:"payload"`
}

// tracesOf are all traces of an action, oldest first.
func tracesOf(t *testing.T, db *storetest.Database, action string) (found []traced) {
	t.Helper()
	for _, text := range column[string](t, connect(t, db.AuditorURL),
		`SELECT record::text FROM audit_outbox WHERE record->>'action' = $1 ORDER BY placed_at`, action) {
		var one traced
		require.NoError(t, json.Unmarshal([]byte(text), &one))
		found = append(found, one)
	}
	return found
}

// one runs a query that returns one value, "" for null.
func one(t *testing.T, conn *pgx.Conn, query string, arguments ...any) string {
	t.Helper()
	var value *string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT (`+query+`)::text`, arguments...).Scan(&value))
	if value == nil {
		return ""
	}
	return *value
}

func TestAHoldIsReleasedOnceAndNeverChanged(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator := connect(t, db.OperatorURL)
	id := one(t, operator, `audit_hold_add('acme', '2026-01-01Z', '2026-02-01Z', 'invoice', '42', 'case 7')`)
	whole := one(t, operator, `audit_hold_add('globex', NULL, NULL, NULL, NULL, 'case 8')`)
	added := tracesOf(t, db, "audit.hold.add")
	require.Len(t, added, 2)
	require.Equal(t, "hold", added[0].Target.Type)
	require.Equal(t, id, added[0].Target.ID)
	require.Equal(t, "case 7", added[0].Reason)
	for name, want := range map[string]string{
		"tenant": "acme", "since": "2026-01-01T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00",
		"target_type": "invoice", "target_id": "42", "database_user": db.Login("operator"),
	} {
		require.Equal(t, want, added[0].Payload[name], name)
	}
	require.NotContains(t, added[1].Payload, "since")

	require.Equal(t, "acme", one(t, operator, `audit_hold_release(`+id+`, 'settled')`))
	require.Equal(t, []string{db.Login("operator") + " settled"},
		column[string](t, operator, `SELECT released_by || ' ' || release_reason FROM audit_legal_holds WHERE released_at IS NOT NULL`))
	released := tracesOf(t, db, "audit.hold.release")
	require.Len(t, released, 1)
	require.Equal(t, "settled", released[0].Reason)
	require.Equal(t, "case 7", released[0].Payload["placed_reason"])
	state, message := attempt(t, operator, `SELECT audit_hold_release(`+id+`, 'again')`)
	require.Equal(t, "55000", state)
	require.Contains(t, message, "was released by "+db.Login("operator"))

	for name, url := range map[string]string{"owner": db.OwnerURL, "superuser": db.SuperURL} {
		conn := connect(t, url)
		for _, statement := range []string{
			"DELETE FROM audit_legal_holds", "TRUNCATE audit_legal_holds",
			"UPDATE audit_legal_holds SET released_at = clock_timestamp(), released_by = 'x'",
			"SET LOCAL audit.deciding = 'on'; UPDATE audit_legal_holds SET released_at = clock_timestamp(), released_by = 'x'",
		} {
			state, message := attempt(t, conn, statement)
			require.Equal(t, refused, state, "%s: %s", name, statement)
			require.Contains(t, message, "a legal hold is released, never changed or deleted")
		}
	}
	owner := connect(t, db.OwnerURL)
	for _, statement := range []string{
		"UPDATE audit_legal_holds SET until = now() WHERE id = " + whole,
		"UPDATE audit_legal_holds SET released_at = NULL, released_by = NULL WHERE id = " + id,
		"UPDATE audit_legal_holds SET released_at = now(), released_by = 'x', tenant_id = 'y' WHERE id = " + whole,
		"DELETE FROM audit_legal_holds",
	} {
		state, _ := attempt(t, owner, "SET LOCAL ROLE audit_owner; SET LOCAL audit.deciding = 'on'; "+statement)
		require.Equal(t, refused, state, statement)
	}
	require.Empty(t, one(t, operator, `nullif(current_setting('audit.deciding', true), 'off')`))
}

func TestHoldsAndPoliciesRefuseWhatCannotBeMeant(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator := connect(t, db.OperatorURL)
	long := fmt.Sprintf("repeat('x', %d)", 5000)
	for call, want := range map[string]string{
		`audit_hold_add('', NULL, NULL, NULL, NULL, 'r')`:                                   "no tenant's name",
		`audit_hold_add(NULL, NULL, NULL, NULL, NULL, 'r')`:                                 "no tenant's name",
		`audit_hold_add(' acme', NULL, NULL, NULL, NULL, 'r')`:                              "no tenant's name",
		`audit_hold_add(` + long + `, NULL, NULL, NULL, NULL, 'r')`:                         "no tenant's name",
		`audit_hold_add('_default', NULL, NULL, NULL, NULL, 'r')`:                           `"_default" is reserved`,
		`audit_hold_add('a', '2026-02-01Z', '2026-01-01Z', NULL, NULL, 'r')`:                "ends before it begins",
		`audit_hold_add('a', '2026-02-01Z', '2026-02-01Z', NULL, NULL, 'r')`:                "ends before it begins",
		`audit_hold_add('a', NULL, NULL, NULL, '42', 'r')`:                                  "no target",
		`audit_hold_add('a', NULL, NULL, '', NULL, 'r')`:                                    "no target",
		`audit_hold_add('a', NULL, NULL, NULL, NULL, ' ')`:                                  "a reason is missing",
		`audit_hold_add('a', NULL, NULL, NULL, NULL, NULL)`:                                 "a reason is missing",
		`audit_hold_add('a', NULL, NULL, NULL, NULL, ` + long + `)`:                         "at most 4096",
		`audit_hold_add('a', 'infinity', NULL, NULL, NULL, 'r')`:                            "no infinite bounds",
		`audit_hold_add('a', '-infinity', NULL, NULL, NULL, 'r')`:                           "no infinite bounds",
		`audit_hold_add('a', NULL, 'infinity', NULL, NULL, 'r')`:                            "no infinite bounds",
		`audit_hold_add('a', NULL, '-infinity', NULL, NULL, 'r')`:                           "no infinite bounds",
		`audit_hold_release(99, 'r')`:                                                       "there is no legal hold 99",
		`audit_hold_release(NULL, 'r')`:                                                     "there is no legal hold",
		`audit_hold_release(1, '')`:                                                         "a reason is missing",
		`audit_retention_set('acme', 0, NULL, NULL)`:                                        "a retention of 0 days",
		`audit_retention_set('acme', -1, NULL, NULL)`:                                       "a retention of -1 days",
		`audit_retention_set('acme', NULL, NULL, NULL)`:                                     "a retention of no days",
		`audit_retention_set('acme', 36526, NULL, NULL)`:                                    "1 day to 100 years",
		`audit_retention_set('_all', 30, NULL, NULL)`:                                       `"_all" is reserved`,
		`audit_retention_set('acme', 30, '', NULL)`:                                         "the framework has",
		`audit_retention_unset('acme', NULL)`:                                               `no retention is set for "acme"`,
		`audit_quarantine_discard(99, 'r')`:                                                 "there is no quarantined record 99",
		`audit_quarantine_discard(99, '')`:                                                  "a reason is missing",
		`audit_quarantine_replayed(99, 'a', 'e', NULL, 0, sha256(''), NULL)`:                "there is no quarantined record 99",
		`audit_quarantine_replayed(99, '', 'e', NULL, 0, sha256(''), NULL)`:                 "no tenant, identity or fingerprint",
		`audit_quarantine_replayed(99, 'a', 'e', NULL, 0, 'short', NULL)`:                   "no tenant, identity or fingerprint",
		`audit_quarantine_replayed(99, 'a', NULL, NULL, NULL, NULL, NULL)`:                  "no tenant, identity or fingerprint",
		`audit_quarantine_replayed(99, 'a', NULL, NULL, -1, sha256(''), NULL)`:              "no tenant, identity or fingerprint",
		`audit_quarantine_replayed(99, 'a', NULL, NULL, 1::bigint << 48, sha256(''), NULL)`: "no tenant, identity or fingerprint",
	} {
		state, message := attempt(t, operator, "SELECT "+call)
		require.NotEmpty(t, state, call)
		require.Contains(t, message, want, call)
	}
	require.Empty(t, column[string](t, connect(t, db.AuditorURL), `SELECT event_id FROM audit_outbox`), "what is refused changed nothing")
}

func TestRetentionRecordsWhatWasBefore(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator := connect(t, db.OperatorURL)
	require.Empty(t, one(t, operator, `audit_retention_set('acme', 2192, 'hipaa', 'covered entity')`))
	require.Equal(t, "2192", one(t, operator, `audit_retention_set('acme', 30, NULL, '')`))
	for _, name := range []string{"_default", "_quarantine", "_journal", "_system"} {
		require.Empty(t, one(t, operator, `audit_retention_set($1, 400, NULL, NULL)`, name))
	}
	require.Equal(t, "30", one(t, operator, `audit_retention_unset('acme', 'left')`))

	set := tracesOf(t, db, "audit.retention.set")
	require.Len(t, set, 6)
	require.Equal(t, "tenant", set[1].Target.Type)
	require.Equal(t, "acme", set[1].Target.ID)
	for name, want := range map[string]any{
		"tenant": "acme", "keep_days": 30.0, "old_keep_days": 2192.0, "old_framework": "hipaa", "old_reason": "covered entity",
		"old_updated_by": db.Login("operator"),
	} {
		require.Equal(t, want, set[1].Payload[name], name)
	}
	require.NotContains(t, set[1].Payload, "framework")
	unset := tracesOf(t, db, "audit.retention.unset")
	require.Len(t, unset, 1)
	require.Equal(t, 30.0, unset[0].Payload["old_keep_days"]) //nolint:testifylint // JSON has no integers
	require.Equal(t, "left", unset[0].Reason)

	for _, url := range []string{db.OwnerURL, db.SuperURL} {
		conn := connect(t, url)
		for _, statement := range []string{"UPDATE audit_retention SET keep_days = 1", "DELETE FROM audit_retention", "TRUNCATE audit_retention"} {
			state, message := attempt(t, conn, statement)
			require.Equal(t, refused, state, statement)
			require.Contains(t, message, "a change of retention leaves a trace")
		}
	}
}

// The trace and the change are one transaction: without the outbox there is no
// change.
func TestNoChangeWithoutItsTrace(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	super := connect(t, db.SuperURL)
	operator := connect(t, db.OperatorURL)
	hold := one(t, operator, `audit_hold_add('acme', NULL, NULL, NULL, NULL, 'case')`)
	one(t, operator, `audit_retention_set('acme', 30, NULL, NULL)`)
	_, err := super.Exec(t.Context(), `ALTER TABLE audit_outbox ADD CONSTRAINT full_disk CHECK (false) NOT VALID`)
	require.NoError(t, err)
	state := func() string {
		return one(t, super, `SELECT jsonb_build_array((SELECT jsonb_agg(h) FROM audit_legal_holds h), (SELECT jsonb_agg(r) FROM audit_retention r), (SELECT jsonb_agg(q) FROM audit_quarantine q))`)
	}
	before := state()
	for _, call := range []string{
		`audit_hold_add('acme', NULL, NULL, NULL, NULL, 'case')`, `audit_hold_release(` + hold + `, 'r')`,
		`audit_retention_set('acme', 31, NULL, NULL)`, `audit_retention_unset('acme', NULL)`, `audit_quarantine_discard(1, 'r')`,
	} {
		_, err := operator.Exec(t.Context(), "SELECT "+call)
		require.ErrorContains(t, err, "full_disk", call)
		require.Equal(t, before, state(), call)
	}
}

func TestAQuarantinedRecordIsResolvedOnce(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db) // events "event of T" with the fingerprint sha256('')
	operator := connect(t, db.OperatorURL)
	replayed := func(id int, tenant, event, fingerprint string) string {
		return one(t, operator, `audit_quarantine_replayed($1, $2, $3, NULL, NULL, sha256($4), 'mended')`, id, tenant, event, []byte(fingerprint))
	}
	acme := column[int](t, operator, `SELECT id FROM audit_quarantine WHERE tenant_id = 'acme'`)[0]
	globex := column[int](t, operator, `SELECT id FROM audit_quarantine WHERE tenant_id = 'globex'`)[0]

	saysOfItself(t, db, "acme", "nothing", "event of acme")
	saysOfItself(t, db, "globex", "event of globex")
	require.Equal(t, "absent", replayed(acme, "acme", "nothing", ""))
	require.Equal(t, "conflict", replayed(acme, "acme", "event of acme", "other"))
	state, message := attempt(t, operator, fmt.Sprintf(`SELECT audit_quarantine_replayed(%d, 'globex', 'event of globex', NULL, NULL, sha256(''), NULL)`, acme))
	require.Equal(t, "22023", state, "an operator cannot ask for another tenant's events by it")
	require.Contains(t, message, "claims another tenant")
	require.Equal(t, []int{0}, column[int](t, operator, `SELECT count(*) FROM audit_quarantine WHERE resolution IS NOT NULL`))

	require.Equal(t, "stored", replayed(acme, "acme", "event of acme", ""))
	require.Equal(t, "replayed", replayed(acme, "acme", "event of acme", ""))
	state, message = attempt(t, operator, fmt.Sprintf(`SELECT audit_quarantine_discard(%d, 'r')`, acme))
	require.Equal(t, "55000", state)
	require.Contains(t, message, "was replayed by")
	traces := tracesOf(t, db, "audit.quarantine.replay")
	require.Len(t, traces, 1)
	require.Equal(t, "acme", traces[0].Payload["tenant"])
	require.Equal(t, "malformed", traces[0].Payload["quarantine_reason"])
	require.Equal(t, 0.0, traces[0].Payload["event_seq"]) //nolint:testifylint // JSON has no integers

	one(t, operator, fmt.Sprintf(`SELECT count(audit_quarantine_discard(%d, 'a test'))`, globex))
	require.Equal(t, "discarded", replayed(globex, "globex", "event of globex", ""))
	require.Equal(t, []string{"discarded a test " + db.Login("operator")},
		column[string](t, operator, `SELECT resolution || ' ' || resolution_reason || ' ' || resolved_by FROM audit_quarantine WHERE tenant_id = 'globex'`))
	require.Len(t, tracesOf(t, db, "audit.quarantine.discard"), 1)
}

// A record without an id is found by the time with which its derived id begins.
func TestADerivedIdentityIsFoundByTimeAndFingerprint(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	_, err := connect(t, db.WriterURL).Exec(t.Context(), `INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at)
		VALUES ('acme', 'e', '019b7a2c-ffff-8abc-8def-0123456789ab', sha256('one'), 0, 1, now()), ('acme', 'k', 'key', sha256('keyed'), 0, 2, now())`)
	require.NoError(t, err)
	saysOfItself(t, db, "acme", "kee", "key")
	operator := connect(t, db.OperatorURL)
	id := column[int](t, operator, `SELECT id FROM audit_quarantine WHERE tenant_id = 'acme'`)[0]
	const ms = 0x019b7a2cffff
	for _, absent := range []struct {
		ms          int64
		fingerprint string
	}{{ms, "two"}, {ms - 1, "one"}, {ms + 1, "one"}, {ms - 0x10000, "one"}} {
		require.Equal(t, "absent", one(t, operator, `audit_quarantine_replayed($1, 'acme', NULL, NULL, $2, sha256($3), NULL)`, id, absent.ms, []byte(absent.fingerprint)))
	}
	require.Equal(t, "absent", one(t, operator, `audit_quarantine_replayed($1, 'acme', NULL, 'kee', NULL, sha256('keyed'), NULL)`, id))
	state, message := attempt(t, operator, fmt.Sprintf(`SELECT audit_quarantine_replayed(%d, 'acme', NULL, 'key', NULL, sha256('keyed'), NULL)`, id))
	require.Empty(t, state, message)
	require.Equal(t, "stored", one(t, operator, `audit_quarantine_replayed($1, 'acme', NULL, NULL, $2, sha256('one'), NULL)`, id, ms))
}

// Where the event says something else, because the collector redacts what nobody
// else knows, it is still this record's if it came later and nothing says that
// there were two.
func TestAnEventThatWasRedactedFurther(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	writer, operator := connect(t, db.WriterURL), connect(t, db.OperatorURL)
	_, err := writer.Exec(t.Context(), `INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at) VALUES
		('acme', 'e', 'later', sha256('masked'), 0, 1, clock_timestamp()), ('acme', 'e', 'two', sha256('first'), 0, 2, clock_timestamp())`)
	require.NoError(t, err)
	_, err = writer.Exec(t.Context(), `INSERT INTO audit_quarantine (tenant_id, event_id, reason, sha256, otlp) VALUES ('acme', 'two', 'conflict', sha256('second'), '')`)
	require.NoError(t, err)
	id := column[int](t, operator, `SELECT id FROM audit_quarantine WHERE tenant_id = 'acme' AND reason = 'malformed'`)[0]
	saysOfItself(t, db, "acme", "event of acme", "later", "two")
	const call = `audit_quarantine_replayed($1, 'acme', $2, NULL, NULL, sha256('plain'), 'the collector masks')`
	require.Equal(t, "conflict", one(t, operator, call, id, "event of acme"), "it was there before the record")
	require.Equal(t, "conflict", one(t, operator, call, id, "two"), "another said so in quarantine")
	require.Equal(t, "differs", one(t, operator, strings.Replace(call, "the collector masks", " ", 1), id, "later"), "without a reason")
	require.Equal(t, "stored", one(t, operator, call, id, "later"))
	traces := tracesOf(t, db, "audit.quarantine.replay")
	require.Len(t, traces, 1)
	require.Equal(t, "the collector masks", traces[0].Reason)
	require.Equal(t, "differs", traces[0].Payload["fingerprint"])
	require.Equal(t, "later", traces[0].Payload["stored_event_id"])
}

// saysOfItself gives the records that a tenant has in quarantine these texts.
func saysOfItself(t *testing.T, db *storetest.Database, tenant string, texts ...string) {
	t.Helper()
	super := connect(t, db.SuperURL)
	_, err := super.Exec(t.Context(), `SET session_replication_role = replica`)
	require.NoError(t, err)
	_, err = super.Exec(t.Context(), `UPDATE audit_quarantine SET otlp = convert_to(jsonb_build_object('a', (
		SELECT jsonb_agg(jsonb_build_object('stringValue', s)) FROM unnest($2::text[]) AS s))::text, 'UTF8') WHERE tenant_id = $1 AND otlp <> ''`, tenant, texts)
	require.NoError(t, err)
}

// A record is not lent the identity of another event, nor a reserved tenant.
func TestAQuarantinedRecordIsReplayedAsItselfAlone(t *testing.T) {
	db := storetest.NewDatabase(t)
	writer, operator := connect(t, db.WriterURL), connect(t, db.OperatorURL)
	long, text := strings.Repeat("l", 300), record.StringValue
	lr := plog.NewLogRecord()
	lr.Attributes().PutStr("audit.record.id", "own")
	lr.Attributes().PutStr("audit.idempotency.key", long)
	lr.Body().SetStr(`{"record_id": "in the body", "x": "q\"uote"}`)
	protobuf, err := otlpmap.MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
	require.NoError(t, err)
	body := text(`{"record_id":"in the body","x":"q\"uote"}`).AppendJSON(nil)
	asJSON := []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"audit.record.id","value":{"stringValue":"o\u0077n"}},
		{"key":"k","value":{"stringValue":"` + long + `"}}],"body":{"stringValue":` + string(body) + `}}]}]}]}`)
	for encoding, otlp := range map[string][]byte{"protobuf": protobuf, "json": asJSON} {
		var id int64
		_, err := writer.Exec(t.Context(), `INSERT INTO audit_quarantine (event_id, reason, sha256, otlp, otlp_encoding) VALUES ('of the store', 'malformed', sha256($1), $1, $2)`, otlp, encoding)
		require.NoError(t, err)
		require.NoError(t, operator.QueryRow(t.Context(), `SELECT max(id) FROM audit_quarantine`).Scan(&id))
		for _, own := range []string{"own", long, "in the body", `q"uote`, "of the store"} {
			require.Equal(t, "absent", one(t, operator, `audit_quarantine_replayed($1, 'acme', $2, NULL, 0, sha256('x'), NULL)`, id, own), encoding)
			require.Equal(t, "absent", one(t, operator, `audit_quarantine_replayed($1, 'acme', NULL, $2, 0, sha256('x'), NULL)`, id, own), encoding)
		}
		for _, other := range []string{"ow", "wn", "another", long + "l", long[1:], "", "the body"} {
			for _, call := range []string{`audit_quarantine_replayed(%d, 'acme', '%s', NULL, 0, sha256('x'), '')`, `audit_quarantine_replayed(%d, 'acme', NULL, '%s', 0, sha256('x'), '')`} {
				state, message := attempt(t, operator, fmt.Sprintf("SELECT "+call, id, other))
				require.Equal(t, "22023", state, "%s %q", encoding, other)
				require.Contains(t, message, "does not bring this identity")
			}
		}
		for _, tenant := range []string{"_system", " _system", "_default"} {
			state, message := attempt(t, operator, fmt.Sprintf(`SELECT audit_quarantine_replayed(%d, '%s', 'own', NULL, 0, sha256('x'), '')`, id, tenant))
			require.Equal(t, "22023", state)
			require.Contains(t, message, "claims another tenant")
		}
	}
	state, message := attempt(t, operator, `SELECT audit_quarantine_replayed(id, 'acme', 'own', NULL, 0, sha256('x'), '') FROM audit_quarantine`)
	require.Empty(t, state, message)
}

// Whoever holds what is kept by a lock keeps decisions waiting for a time, and is
// named then.
func TestADecisionThatWaitsSaysForWhom(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator, super := connect(t, db.OperatorURL), connect(t, db.SuperURL)
	hold := one(t, operator, `audit_hold_add('acme', NULL, NULL, NULL, NULL, 'case')`)
	one(t, operator, `audit_retention_set('acme', 30, NULL, NULL)`)
	functions := map[string]string{
		`audit_hold_add('acme', NULL, NULL, NULL, NULL, 'case')`: "text, timestamptz, timestamptz, text, text, text",
		`audit_hold_release(` + hold + `, 'r')`:                  "bigint, text",
		`audit_retention_set('acme', 31, NULL, NULL)`:            "text, integer, text, text",
		`audit_retention_unset('acme', NULL)`:                    "text, text",
	}
	for call, arguments := range functions {
		name, _, _ := strings.Cut(call, "(")
		require.Equal(t, []string{"15s"}, column[string](t, super, `SELECT split_part(c, '=', 2) FROM pg_proc, unnest(proconfig) AS c WHERE proname = $1 AND c LIKE 'lock_timeout=%'`, name))
		_, err := super.Exec(t.Context(), fmt.Sprintf(`ALTER FUNCTION %s(%s) SET lock_timeout = '10ms'`, name, arguments))
		require.NoError(t, err)
	}
	tx, err := super.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE audit_legal_holds, audit_retention IN SHARE MODE`)
	require.NoError(t, err)
	for call := range functions {
		state, message := attempt(t, operator, "SELECT "+call)
		require.Equal(t, "55P03", state, message)
		require.Contains(t, message, fmt.Sprintf("it is the backend %d", super.PgConn().PID()))
	}
	require.NoError(t, tx.Rollback(t.Context()))
	for _, level := range []string{"REPEATABLE READ", "SERIALIZABLE"} {
		state, message := attempt(t, operator, "SET TRANSACTION ISOLATION LEVEL "+level+"; SELECT audit_retention_set('acme', 31, NULL, NULL)")
		require.Equal(t, "25001", state, message)
	}
}
