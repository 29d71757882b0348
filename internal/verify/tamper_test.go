package verify_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Each kind of damage, done once by hand by somebody who may write any SQL, and
// exactly what is found: acme has 30 events in commits of 10, other has 5.
func TestDamageIsFoundAndLocated(t *testing.T) {
	const acme = " WHERE tenant_id = 'acme'"
	for name, test := range map[string]struct {
		sql     []string
		found   []string
		unfound bool // without anchors
	}{
		"payload": {
			[]string{`UPDATE audit_events SET payload = '{"amount": 1}'` + acme + ` AND seq = 13`},
			[]string{"event_changed acme/0[13,14) ev-000013"},
			false,
		},
		"one digit of a number": {
			[]string{`UPDATE audit_events SET payload = jsonb_set(payload, '{amount}', '13.25000000000000000001')` + acme + ` AND seq = 13`},
			[]string{"column_edited acme/0[13,14) ev-000013"},
			false,
		},
		"reason to empty text": {
			[]string{`UPDATE audit_events SET correlation_id = ''` + acme + ` AND seq = 3`},
			[]string{"column_edited acme/0[3,4) ev-000003"},
			false,
		},
		"reason away": {
			[]string{`UPDATE audit_events SET reason = NULL` + acme + ` AND seq = 29`},
			[]string{"event_changed acme/0[29,30) ev-000029"},
			false,
		},
		"actor": {
			[]string{`UPDATE audit_events SET actor = '{"type":"user","id":"u-0"}'` + acme + ` AND seq = 1`},
			[]string{"event_changed acme/0[1,2) ev-000001"},
			false,
		},
		"time": {
			[]string{`UPDATE audit_events SET time_unix_nano = time_unix_nano + 1` + acme + ` AND seq = 0`},
			[]string{"event_changed acme/0[0,1) ev-000000"},
			false,
		},
		"event id": {
			[]string{`UPDATE audit_events SET event_id = 'x'` + acme + ` AND seq = 5`},
			[]string{"event_changed acme/0[5,6) x"},
			false,
		},
		"two in one commit": {
			[]string{`UPDATE audit_events SET action = 'invoice.reject'` + acme + ` AND seq IN (11, 17)`},
			[]string{"event_changed acme/0[11,12) ev-000011", "event_changed acme/0[17,18) ev-000017"},
			false,
		},
		"leaf_hash": {
			[]string{`UPDATE audit_events SET leaf_hash = sha256('x')` + acme + ` AND seq = 4`},
			[]string{"column_edited acme/0[4,5) ev-000004"},
			false,
		},
		"content with leaf_hash, seen by the fingerprint": {
			[]string{`UPDATE audit_events SET payload = '{"amount": 1}', leaf_hash = sha256('x')` + acme + ` AND seq = 4`},
			[]string{"event_changed acme/0[4,5) ev-000004"},
			false,
		},
		"everything that the store has on an event": {
			[]string{
				`UPDATE audit_events SET payload = '{"amount": 1}', leaf_hash = sha256('x')` + acme + ` AND seq = 13`,
				`UPDATE audit_event_ids SET fingerprint = sha256('y')` + acme + ` AND seq = 13`,
			},
			[]string{"event_changed acme/0[13,14) ev-000013"},
			false,
		},
		"an event to a negative seq": {
			[]string{`ALTER TABLE audit_events DROP CONSTRAINT audit_events_position`, `UPDATE audit_events SET seq = -1` + acme + ` AND seq = 2`},
			[]string{"schema_changed /0[-1,-1)", "event_inserted acme/0[-1,0) ev-000002", "event_missing acme/0[2,3) ev-000002"},
			false,
		},
		"an event to the smallest seq": {
			[]string{`ALTER TABLE audit_events DROP CONSTRAINT audit_events_position`, `UPDATE audit_events SET seq = -9223372036854775808` + acme + ` AND seq = 2`},
			[]string{"schema_changed /0[-1,-1)", "event_inserted acme/0[-9223372036854775808,-9223372036854775807) ev-000002", "event_missing acme/0[2,3) ev-000002"},
			false,
		},
		"an event of nobody in the first of all epochs": {
			[]string{
				`ALTER TABLE audit_events DROP CONSTRAINT audit_events_position, DROP CONSTRAINT audit_events_named`,
				`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
					SELECT 0, recorded_at, -2147483648, '', 'x', 'a', 'success', leaf_hash FROM audit_events` + acme + ` AND seq = 0`,
			},
			[]string{"schema_changed /0[-1,-1)", "schema_changed /0[-1,-1)", "epoch_forged /-2147483648[-1,-1)", "event_inserted /-2147483648[0,1) x"},
			false,
		},
		"an event without a tenant": {
			[]string{
				`UPDATE pg_attribute SET attnotnull = false WHERE attname = 'tenant_id' AND attrelid::regclass::text LIKE 'audit_events%'`,
				`INSERT INTO audit_events (seq, recorded_at, epoch, event_id, action, outcome, leaf_hash)
					SELECT 0, recorded_at, 0, 'x', 'a', 'success', leaf_hash FROM audit_events` + acme + ` AND seq = 0`,
				`UPDATE pg_attribute SET attnotnull = true WHERE attname = 'tenant_id' AND attrelid::regclass::text LIKE 'audit_events%'`,
			},
			[]string{"schema_changed /0[-1,-1)"},
			false,
		},
		"commits of less than nothing": {
			[]string{
				`ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_grows`,
				`INSERT INTO audit_commits (size, prev_size, recorded_at, epoch, tenant_id) VALUES
					(-5, -9, '2000-01-01', 0, 'acme'), (-9223372036854775808, -8, '2000-01-01', 0, 'acme')`,
				`ALTER TABLE audit_commits ADD CONSTRAINT audit_commits_grows CHECK (prev_size >= 0 AND size > prev_size AND epoch >= 0) NOT VALID`,
				`UPDATE pg_constraint SET convalidated = true WHERE conname = 'audit_commits_grows'`,
			},
			[]string{"commit_changed acme/0[0,0)", "commit_changed acme/0[0,0)"},
			false,
		},
		"flags with NULL": {
			[]string{`UPDATE audit_events SET flags = ARRAY[NULL::text]` + acme + ` AND seq = 4`},
			[]string{"event_changed acme/0[4,5) ev-000004"},
			false,
		},
		"generated column": {
			[]string{`ALTER TABLE audit_events ALTER COLUMN actor_id DROP EXPRESSION`, `UPDATE audit_events SET actor_id = 'nobody'` + acme + ` AND seq = 4`},
			[]string{"column_edited acme/0[4,5) ev-000004"},
			false,
		},
		"generated time": {
			[]string{`ALTER TABLE audit_events ALTER COLUMN event_time DROP EXPRESSION`, `UPDATE audit_events SET event_time = event_time - interval '1 day'` + acme + ` AND seq = 4`},
			[]string{"column_edited acme/0[4,5) ev-000004"},
			false,
		},
		"an event deleted": {
			[]string{`DELETE FROM audit_events` + acme + ` AND seq = 12`},
			[]string{"event_missing acme/0[12,13) ev-000012"},
			false,
		},
		"an event deleted with its identities": {
			[]string{`DELETE FROM audit_events` + acme + ` AND seq = 12`, `DELETE FROM audit_event_ids` + acme + ` AND seq = 12`},
			[]string{"event_missing acme/0[12,13)"},
			false,
		},
		"the events of a commit deleted": {
			[]string{`DELETE FROM audit_events` + acme + ` AND seq BETWEEN 20 AND 29`, `DELETE FROM audit_event_ids` + acme + ` AND seq >= 20`},
			[]string{"event_missing acme/0[20,30)"},
			false,
		},
		"tail cut": {
			[]string{
				`DELETE FROM audit_events` + acme + ` AND seq >= 20`, `DELETE FROM audit_event_ids` + acme + ` AND seq >= 20`,
				`DELETE FROM audit_commits` + acme + ` AND size = 30`,
			},
			[]string{"tail_missing acme/0[20,30)"},
			true,
		},
		"tenant deleted": {
			[]string{`DELETE FROM audit_events` + acme, `DELETE FROM audit_event_ids` + acme, `DELETE FROM audit_commits` + acme},
			[]string{"log_missing /0[0,30)"},
			true,
		},
		"tenant deleted but for identities": {
			[]string{`DELETE FROM audit_events` + acme, `DELETE FROM audit_event_ids` + acme + ` AND id <> 'ev-000003'`, `DELETE FROM audit_commits` + acme},
			[]string{"log_missing acme/0[0,30)", "column_edited acme/0[3,4) ev-000003"},
			false,
		},
		"an event inserted at the end": {
			[]string{`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
				SELECT 30, recorded_at, 0, 'acme', 'forged', 'a', 'success', leaf_hash FROM audit_events` + acme + ` AND seq = 29`},
			[]string{"event_inserted acme/0[30,31) forged"},
			false,
		},
		"an event inserted beside another": {
			[]string{`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
				SELECT seq, recorded_at - interval '1 second', 0, 'acme', 'forged', 'a', 'success', leaf_hash FROM audit_events` + acme + ` AND seq = 14`},
			[]string{"event_inserted acme/0[14,15) forged"},
			false,
		},
		"a tenant inserted": {
			[]string{`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
				SELECT 0, recorded_at, 0, 'new', 'forged', 'a', 'success', leaf_hash FROM audit_events` + acme + ` AND seq = 14`},
			[]string{"event_inserted new/0[0,1) forged"},
			false,
		},
		"recorded_at of an event": {
			[]string{`UPDATE audit_events SET recorded_at = recorded_at + interval '1 second'` + acme + ` AND seq = 8`},
			[]string{"event_moved acme/0[8,9) ev-000008"},
			false,
		},
		"recorded_at of a commit and its events": {
			[]string{
				`UPDATE audit_events SET recorded_at = recorded_at + interval '1 microsecond'` + acme + ` AND seq BETWEEN 10 AND 19`,
				`UPDATE audit_event_ids SET recorded_at = recorded_at + interval '1 microsecond'` + acme + ` AND seq BETWEEN 10 AND 19`,
				`UPDATE audit_commits SET recorded_at = recorded_at + interval '1 microsecond'` + acme + ` AND size = 20`,
			},
			[]string{
				"event_moved acme/0[10,11) ev-000010",
				"commit_changed acme/0[10,20)",
				"event_moved acme/0[11,12) ev-000011", "event_moved acme/0[12,13) ev-000012", "event_moved acme/0[13,14) ev-000013",
				"event_moved acme/0[14,15) ev-000014", "event_moved acme/0[15,16) ev-000015", "event_moved acme/0[16,17) ev-000016",
				"event_moved acme/0[17,18) ev-000017", "event_moved acme/0[18,19) ev-000018", "event_moved acme/0[19,20) ev-000019",
			},
			false,
		},
		"two events change places": {
			[]string{
				`UPDATE audit_events SET seq = seq + 1000` + acme + ` AND seq IN (13, 16)`,
				`UPDATE audit_events SET seq = CASE seq WHEN 1013 THEN 16 ELSE 13 END` + acme + ` AND seq > 1000`,
			},
			[]string{"event_moved acme/0[13,14) ev-000016", "event_moved acme/0[16,17) ev-000013"},
			false,
		},
		"two events change places with their identities": {
			[]string{
				`UPDATE audit_events SET seq = seq + 1000` + acme + ` AND seq IN (13, 16)`,
				`UPDATE audit_events SET seq = CASE seq WHEN 1013 THEN 16 ELSE 13 END` + acme + ` AND seq > 1000`,
				`UPDATE audit_event_ids SET seq = CASE seq WHEN 13 THEN 16 ELSE 13 END` + acme + ` AND seq IN (13, 16)`,
			},
			[]string{"event_moved acme/0[13,14) ev-000016", "event_moved acme/0[16,17) ev-000013"},
			false,
		},
		"a commit deleted": {
			[]string{`DELETE FROM audit_commits` + acme + ` AND size = 20`},
			[]string{"commit_missing acme/0[10,20)"},
			false,
		},
		"a commit deleted and its events dated as the next": {
			[]string{
				`DELETE FROM audit_commits` + acme + ` AND size = 20`,
				`UPDATE audit_commits SET prev_size = 10` + acme + ` AND size = 30`,
				`UPDATE audit_events SET recorded_at = (SELECT recorded_at FROM audit_commits` + acme + ` AND size = 30)` + acme + ` AND seq BETWEEN 10 AND 19`,
				`UPDATE audit_event_ids SET recorded_at = (SELECT recorded_at FROM audit_commits` + acme + ` AND size = 30)` + acme + ` AND seq BETWEEN 10 AND 19`,
			},
			[]string{"commit_changed acme/0[20,30)", "commit_missing acme/0[10,20)"},
			false,
		},
		"a commit deleted, its events dated as the next, prev_size left": {
			[]string{
				`DELETE FROM audit_commits` + acme + ` AND size = 20`,
				`UPDATE audit_events SET recorded_at = (SELECT recorded_at FROM audit_commits` + acme + ` AND size = 30)` + acme + ` AND seq BETWEEN 10 AND 19`,
				`UPDATE audit_event_ids SET recorded_at = (SELECT recorded_at FROM audit_commits` + acme + ` AND size = 30)` + acme + ` AND seq BETWEEN 10 AND 19`,
			},
			[]string{"commit_missing acme/0[10,20)"},
			false,
		},
		"the newest commit deleted": {
			[]string{`DELETE FROM audit_commits` + acme + ` AND size = 30`},
			[]string{"commit_missing acme/0[20,30)"},
			false,
		},
		"prev_size": {
			[]string{`UPDATE audit_commits SET prev_size = 15` + acme + ` AND size = 20`},
			[]string{"commit_changed acme/0[10,20)"},
			false,
		},
		"prev_size, as if something had gone": {
			[]string{`UPDATE audit_commits SET prev_size = 5` + acme + ` AND size = 20`},
			[]string{"commit_changed acme/0[10,20)"},
			false,
		},
		"root": {
			[]string{`UPDATE audit_commits SET root = sha256('x')` + acme + ` AND size = 20`},
			[]string{"commit_changed acme/0[10,20)"},
			false,
		},
		"frontier": {
			[]string{`UPDATE audit_commits SET frontier = sha256('x') || sha256('y')` + acme + ` AND size = 20`},
			[]string{"commit_changed acme/0[10,20)"},
			false,
		},
		"note": {
			[]string{`UPDATE audit_commits SET note = replace(note, E'\n20\n', E'\n21\n')` + acme + ` AND size = 20`},
			[]string{"commit_forged acme/0[10,20)"},
			false,
		},
		"note of another commit": {
			[]string{`UPDATE audit_commits AS c SET note = d.note FROM audit_commits AS d WHERE c.tenant_id = 'acme' AND c.size = 20 AND d.tenant_id = 'acme' AND d.size = 10`},
			[]string{"commit_changed acme/0[10,20)"},
			false,
		},
		"note of another tenant": {
			[]string{`UPDATE audit_commits AS c SET note = d.note FROM audit_commits AS d WHERE c.tenant_id = 'acme' AND c.size = 20 AND d.tenant_id = 'other'`},
			[]string{"commit_forged acme/0[10,20)"},
			false,
		},
		"signature off one commit": {
			[]string{`UPDATE audit_commits SET note = NULL, root = NULL, frontier = NULL` + acme + ` AND size = 20`},
			[]string{"commit_forged acme/0[10,20)"},
			false,
		},
		"signature off the first commit": {
			[]string{`UPDATE audit_commits SET note = NULL, root = NULL, frontier = NULL` + acme + ` AND size = 10`},
			[]string{"commit_forged acme/0[0,10)"},
			false,
		},
		"identity deleted": {
			[]string{`DELETE FROM audit_event_ids` + acme + ` AND kind = 'k' AND seq = 7`},
			[]string{"column_edited acme/0[7,8) ev-000007"},
			false,
		},
		"identity with another fingerprint": {
			[]string{`UPDATE audit_event_ids SET fingerprint = sha256('x')` + acme + ` AND kind = 'e' AND seq = 7`},
			[]string{"column_edited acme/0[7,8) ev-000007"},
			false,
		},
		"identity without an event": {
			[]string{`INSERT INTO audit_event_ids SELECT recorded_at, 5, 0, 'e', 'acme', 'ghost', fingerprint FROM audit_event_ids` + acme + ` AND kind = 'e' AND seq = 7`},
			[]string{"column_edited acme/0[5,6) ghost"},
			false,
		},
		"identity of the future": {
			[]string{`INSERT INTO audit_event_ids SELECT recorded_at, 500, 7, 'e', 'acme', 'ghost', fingerprint FROM audit_event_ids` + acme + ` AND kind = 'e' AND seq = 7`},
			[]string{"column_edited acme/7[500,501) ghost"},
			false,
		},
		"a partition detached": {
			[]string{`DO $$ DECLARE p text; BEGIN
				FOR p IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_events'::regclass LOOP
					EXECUTE 'ALTER TABLE audit_events DETACH PARTITION ' || p;
				END LOOP; END $$`},
			nil, false,
		},
		"an unknown epoch": {
			[]string{`UPDATE audit_commits SET epoch = 1` + acme, `UPDATE audit_events SET epoch = 1` + acme, `UPDATE audit_event_ids SET epoch = 1` + acme},
			nil, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 30, 10)
			v.fill("other", 0, 5, 5)
			requireIntact(t, v.verify())
			for _, sql := range test.sql {
				v.tamper(sql)
			}
			report := v.verify()
			require.Equal(t, verify.Tampered, report.Verdict)
			if test.found == nil {
				t.Log(found(report))
				return
			}
			require.ElementsMatch(t, test.found, found(report))
			if test.unfound {
				report = v.verify(func(o *verify.Options) { o.Anchors = nil })
				requireIntact(t, report)
				require.Equal(t, verify.NoAnchors, report.Notices[0].Kind)
			}
		})
	}
}

// U+FFFD is what bytes that are no UTF-8 are read as: they must not be able to
// stand for it, in text, in a flag and in JSON.
func TestInvalidBytesDoNotStandForTheReplacement(t *testing.T) {
	v := newTrail(t)
	rec := event("acme", 0)
	rec.Reason, rec.Flags = "a\uFFFDb", []string{"\uFFFD"}
	rec.Payload = record.EmptyObject().Set("note", record.StringValue("\uFFFD"))
	v.write(rec, event("acme", 1))
	requireIntact(t, v.verify())
	v.tamper(`CREATE CAST (bytea AS text) WITHOUT FUNCTION`)
	conn, err := pgx.Connect(t.Context(), v.db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for column, value := range map[string]struct{ kind, sql string }{
		"reason":  {"text", `('\x61ff62'::bytea)::text`},
		"flags":   {"text[]", `ARRAY[('\xff'::bytea)::text]`},
		"payload": {"jsonb", `jsonb_build_object('note', ('\xff'::bytea)::text)`},
	} {
		var before string
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT `+column+`::text FROM audit_events WHERE seq = 0`).Scan(&before))
		v.tamper(`UPDATE audit_events SET ` + column + ` = ` + value.sql + ` WHERE seq = 0`)
		require.Equal(t, []string{"column_edited acme/0[0,1) ev-000000"}, found(v.verify()), column)
		v.tamper(`UPDATE audit_events SET `+column+` = $1::text::`+value.kind+` WHERE seq = 0`, before)
		requireIntact(t, v.verify())
	}
}

// A partition that was attached for another month under the name of that month is
// as the migrations make one: its rows are not, and a window over their time does not
// find them.
func TestRowsOfAnotherMonthThanTheirPartition(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 3, 3)
	v.tamper(`DO $$ DECLARE p text := (SELECT min(tableoid::regclass::text) FROM audit_events); BEGIN
		EXECUTE format('ALTER TABLE audit_events DETACH PARTITION %I', p);
		EXECUTE format('ALTER TABLE %I ADD CONSTRAINT fake CHECK (recorded_at IS NOT NULL AND recorded_at >= ''2030-01-01 00:00:00+00'' AND recorded_at < ''2030-02-01 00:00:00+00'') NOT VALID', p);
		UPDATE pg_constraint SET convalidated = true WHERE conname = 'fake';
		EXECUTE format('ALTER TABLE %I RENAME TO audit_events_2030_01', p); END $$`)
	v.tamper(`ALTER TABLE audit_events ATTACH PARTITION audit_events_2030_01 FOR VALUES FROM ('2030-01-01 00:00:00+00') TO ('2030-02-01 00:00:00+00')`)
	v.tamper(`ALTER TABLE audit_events_2030_01 DROP CONSTRAINT fake`)
	require.Equal(t, []string{
		"column_edited acme/0[0,1) ev-000000", "column_edited acme/0[1,2) ev-000001", "column_edited acme/0[2,3) ev-000002",
	}, found(v.verify()))
}

// A commit without a signature of all events that there can be is found, and its
// events count as signed nowhere.
func TestACommitOfEverything(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 20, 10)
	v.tamper(`INSERT INTO audit_commits (size, prev_size, recorded_at, epoch, tenant_id) VALUES (9223372036854775807, 20, now(), 0, 'acme')`)
	report := v.verify()
	require.Contains(t, found(report), "commit_forged acme/0[20,9223372036854775807)")
	for _, notice := range report.Notices {
		require.NotContains(t, notice.Detail, "9223372036854775")
	}
}
