package verify_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// intentOf is an event that announces a removal.
func intentOf(tenant, id, payload string) *record.Record {
	parsed, err := record.ParseJSON([]byte(payload))
	if err != nil {
		panic(err)
	}
	return &record.Record{
		TenantID: tenant, EventID: id, Action: "audit.prune", Outcome: record.OutcomeSuccess, Payload: parsed, TimeUnixNano: 1,
		Actor: record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("op")),
	}
}

// prune removes the events before a size as retention does: in front of it an
// intent, then the row with the commit's note and the removal.
func (v *trail) prune(size int, intent string) {
	v.t.Helper()
	v.tamper(`INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id, intent_event_id, root, frontier, note)
		SELECT size, now(), size, 0, tenant_id, $2, root, frontier, note FROM audit_commits WHERE tenant_id = 'acme' AND size = $1 AND epoch = 0`, size, intent)
	v.tamper(`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq < $1`, size)
}

func TestRemovalByRetentionIsProven(t *testing.T) {
	for name, test := range map[string]struct {
		do    func(v *trail)
		found []string
	}{
		// Any client can send that: it authorizes nothing.
		"announced in its own tree": {func(v *trail) {
			v.write(intentOf("acme", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
		}, []string{"prune_unproven acme/0[0,20) p-1"}},
		"announced in its own tree, and for another size in _system": {func(v *trail) {
			v.write(intentOf("acme", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 10}`))
			v.prune(20, "p-1")
		}, []string{"prune_unproven acme/0[0,20) p-1"}},
		"commits removed, too": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
			v.tamper(`DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size < 20`)
		}, []string{}},
		"announced in _system": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
		}, []string{}},
		"twice": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 10}`))
			v.prune(10, "p-1")
			v.write(intentOf("_system", "p-2", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-2")
			v.fill("acme", 50, 10, 10)
		}, []string{}},
		"in batches under one announcement": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 30}`))
			v.prune(10, "p-1")
			v.prune(20, "p-1")
		}, []string{}},
		"before by an announcement that has left": {func(v *trail) {
			v.prune(10, "p-0")
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
		}, []string{}},
		"before and after, the latter not announced": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 10}`))
			v.prune(10, "p-1")
			v.prune(20, "p-1")
		}, []string{"prune_unproven acme/0[0,20) p-1"}},
		"by the announcement of another": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 30}`))
			v.prune(20, "p-2")
		}, []string{"prune_unproven acme/0[0,20) p-2"}},
		"announced for another epoch": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 1, "size": 20}`))
			v.prune(20, "p-1")
		}, []string{"prune_unproven acme/0[0,20) p-1"}},
		"identities forgotten after their time": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
			v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq < 15`)
		}, []string{}},
		"not announced": {func(v *trail) { v.prune(20, "p-1") }, []string{"prune_unproven acme/0[0,20) p-1"}},
		"announced for another size": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 10}`))
			v.prune(20, "p-1")
		}, []string{"prune_unproven acme/0[0,20) p-1"}},
		"announced for another tenant": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "other", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
		}, []string{"prune_unproven acme/0[0,20) p-1"}},
		"announced by an event that was never committed": {func(v *trail) {
			v.prune(20, "p-1")
			v.tamper(`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, payload, leaf_hash)
				SELECT 30, recorded_at, 0, tenant_id, 'p-1', 'audit.prune', 'success', '{"epoch": 0, "size": 20}', leaf_hash FROM audit_events WHERE tenant_id = 'acme' AND seq = 29`)
		}, []string{"prune_unproven acme/0[0,20) p-1", "event_inserted acme/0[30,31) p-1"}},
		"announced by an event that was changed": {func(v *trail) {
			v.prune(20, "ev-000025")
			v.tamper(`UPDATE audit_events SET action = 'audit.prune', payload = '{"epoch": 0, "size": 20}' WHERE tenant_id = 'acme' AND seq = 25`)
		}, []string{"prune_unproven acme/0[0,20) ev-000025", "event_changed acme/0[25,26) ev-000025"}},
		"with the note of another size": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
			v.tamper(`UPDATE audit_prunes SET note = (SELECT note FROM audit_commits WHERE tenant_id = 'acme' AND size = 10)`)
			v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq < 20`)
		}, []string{"event_missing acme/0[0,20)", "prune_unproven acme/0[0,20)"}},
		"not recorded": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
			v.tamper(`DELETE FROM audit_prunes`)
			v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq < 20`)
		}, []string{"event_missing acme/0[0,20)"}},
		"an event back where they were removed": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
			v.tamper(`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, leaf_hash)
				SELECT 3, recorded_at, 0, tenant_id, 'back', 'a', 'success', leaf_hash FROM audit_events WHERE tenant_id = 'acme' AND seq = 25`)
		}, []string{"event_inserted acme/0[3,4) back"}},
		"an event changed behind": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "size": 20}`))
			v.prune(20, "p-1")
			v.tamper(`UPDATE audit_events SET reason = 'x' WHERE tenant_id = 'acme' AND seq = 21`)
		}, []string{"event_changed acme/0[21,22) ev-000021"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 30, 10)
			v.fill("other", 0, 5, 5)
			test.do(v)
			require.ElementsMatch(t, test.found, found(v.verify()))
			if len(test.found) > 0 {
				return
			}
			report := v.verify()
			requireIntact(t, report)
			require.EqualValues(t, 20, report.Coverage.Pruned)
			require.Len(t, slices.DeleteFunc(slices.Clone(report.Notices), func(n verify.Notice) bool { return n.Kind != verify.Pruned }), 1, "one of a log, however many rows")
			state := v.nextState(nil, report)
			v.fill("acme", 100, 5, 5)
			report = v.verify(func(o *verify.Options) { o.State = state })
			requireIntact(t, report)
			require.EqualValues(t, 5, report.Coverage.Events, "the announcement is remembered in the state")
		})
	}
}

func TestRemovalOfSingleEventsIsProven(t *testing.T) {
	remove := func(v *trail, seqs ...int) {
		for _, seq := range seqs {
			v.tamper(`INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash)
				SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE tenant_id = 'acme' AND seq = $1`, seq)
			v.tamper(`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq = $1`, seq)
		}
	}
	for name, test := range map[string]struct {
		do    func(v *trail)
		found []string
	}{
		"announced": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "seqs": [3, [7, 9]]}`))
			remove(v, 3, 7, 8)
		}, []string{}},
		"announced in its own tree": {func(v *trail) {
			v.write(intentOf("acme", "p-1", `{"tenant": "acme", "epoch": 0, "seqs": [3]}`))
			remove(v, 3)
		}, []string{"prune_unproven acme/0[3,4)"}},
		"one too many": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "seqs": [3, [7, 9]]}`))
			remove(v, 3, 7, 8, 9)
		}, []string{"prune_unproven acme/0[9,10)"}},
		"not announced": {func(v *trail) { remove(v, 12) }, []string{"prune_unproven acme/0[12,13)"}},
		"with another leaf": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "seqs": [3]}`))
			remove(v, 3)
			v.tamper(`UPDATE audit_pruned_leaves SET leaf_hash = sha256('x')`)
		}, []string{"event_changed acme/0[0,8)"}},
		"and still there": {func(v *trail) {
			v.write(intentOf("_system", "p-1", `{"tenant": "acme", "epoch": 0, "seqs": [3]}`))
			v.tamper(`INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash)
				SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE tenant_id = 'acme' AND seq IN (3, 29)`)
		}, []string{"prune_unproven acme/0[3,4)", "prune_unproven acme/0[29,30)"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 30, 10)
			test.do(v)
			report := v.verify()
			require.ElementsMatch(t, test.found, found(report))
			if len(test.found) > 0 {
				return
			}
			requireIntact(t, report)
			require.EqualValues(t, 3, report.Coverage.Removed)
			require.Contains(t, report.Notices, verify.Notice{
				Kind: verify.Removed, Tenant: "acme", Detail: "epoch 0: 3 events removed one by one, each leaving its leaf, announced in tenant _system: events 3, 7 to 8",
			})
		})
	}
}

// Who verifies one tenant gets the announcements from _system, too, and who may
// not read that one is not told that nobody announced a removal.
func TestTheRemovalsOfOneTenantAreProvenInSystem(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	one := func(o *verify.Options) { o.Tenant = "acme" }
	reader := func(o *verify.Options) { o.Tenant, o.Database.URL = "acme", v.db.ReaderURL }
	v.prune(10, "p-0")
	require.Equal(t, []string{"prune_unproven acme/0[0,10) p-0"}, found(v.verify(one)), "no _system at all")
	v.write(intentOf("_system", "p-0", `{"tenant": "acme", "epoch": 0, "size": 10}`))
	requireIntact(t, v.verify(one))
	requireIntact(t, v.verify(reader))
	v.tamper(`INSERT INTO audit_login_tenants (login, tenant_id, login_oid) SELECT rolname, 'acme', oid FROM pg_roles WHERE rolname = $1`, v.db.Login("reader"))
	report := v.verify(reader)
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Len(t, report.Unchecked, 1)
	require.Contains(t, report.Unchecked[0].Reason, "this login may not read that tenant")
	v.tamper(`UPDATE audit_events SET payload = '{"tenant": "acme", "epoch": 0, "size": 20}' WHERE tenant_id = '_system'`)
	require.Equal(t, []string{"event_changed _system/0[0,1) p-0", "prune_unproven acme/0[0,10) p-0"}, found(v.verify(one)))
}

// openEpoch writes the statement of a new epoch of acme, as `recover` does.
func (v *trail) openEpoch(s merkle.EpochStatement) {
	v.t.Helper()
	origin, err := merkle.ParseOrigin(s.Origin)
	require.NoError(v.t, err)
	require.NoError(v.t, s.Check())
	note, err := v.ring.Sign(s.Text())
	require.NoError(v.t, err)
	v.tamper(`INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.RecordedAt, s.PreviousSize, origin.Epoch, "acme", s.Reason, string(note))
}

func (v *trail) rootAt(size int) (root merkle.Hash) {
	v.t.Helper()
	conn, err := pgx.Connect(v.t.Context(), v.db.SuperURL)
	require.NoError(v.t, err)
	defer func() { require.NoError(v.t, conn.Close(v.t.Context())) }()
	var b []byte
	require.NoError(v.t, conn.QueryRow(v.t.Context(), `SELECT root FROM audit_commits WHERE tenant_id = 'acme' AND size = $1`, size).Scan(&b))
	return merkle.Hash(b)
}

func statement(size int64, root merkle.Hash) merkle.EpochStatement {
	return merkle.EpochStatement{
		Origin: merkle.TenantOrigin(logName, "acme", 1), PreviousOrigin: merkle.TenantOrigin(logName, "acme", 0),
		PreviousSize: size, PreviousRoot: root, RecordedAt: time.Now().UTC().Truncate(time.Microsecond), Reason: "restored from a backup",
	}
}

// A store that went back goes on in a new epoch: what the statement says is lost
// is no tampering, and what it does not say is.
func TestAnAcknowledgedLossIsANotice(t *testing.T) {
	restore := func(v *trail) {
		v.tamper(`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq >= 20`)
		v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq >= 20`)
		v.tamper(`DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size > 20`)
	}
	for name, test := range map[string]struct {
		change func(v *trail, s *merkle.EpochStatement)
		after  string
		found  []string
	}{
		"all of it":    {func(*trail, *merkle.EpochStatement) {}, "", []string{}},
		"not all":      {func(_ *trail, s *merkle.EpochStatement) { s.LostSize, s.LostRoot = 25, merkle.Hash{1} }, "", []string{"tail_missing acme/0[20,30)"}},
		"of more":      {func(_ *trail, s *merkle.EpochStatement) { s.LostSize = 40 }, "", []string{}},
		"more is gone": {func(*trail, *merkle.EpochStatement) {}, `DELETE FROM audit_events WHERE seq = 19 AND epoch = 0 AND tenant_id = 'acme'`, []string{"event_missing acme/0[19,20) ev-000019"}},
		"row edited":   {func(*trail, *merkle.EpochStatement) {}, `UPDATE audit_epochs SET reason = 'nothing'`, []string{"epoch_forged acme/1[-1,-1)", "tail_missing acme/0[20,30)"}},
		"row deleted":  {func(*trail, *merkle.EpochStatement) {}, `DELETE FROM audit_epochs`, []string{"epoch_forged acme/1[-1,-1)", "tail_missing acme/0[20,30)"}},
		"other root":   {func(_ *trail, s *merkle.EpochStatement) { s.PreviousRoot = merkle.Hash{1} }, "", []string{"fork acme/0[0,20)"}},
		"says it had more": {
			func(_ *trail, s *merkle.EpochStatement) { s.PreviousSize, s.PreviousRoot = 25, merkle.Hash{1} }, "", []string{"tail_missing acme/0[20,25)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 30, 10)
			v.fill("other", 0, 5, 5)
			s := statement(20, v.rootAt(20))
			s.LostSize, s.LostRoot = 30, v.rootAt(30)
			restore(v)
			test.change(v, &s)
			v.openEpoch(s)
			v.writeEpoch()
			if test.after != "" {
				v.tamper(test.after)
			}
			report := v.verify()
			require.ElementsMatch(t, test.found, found(report))
			require.Equal(t, len(test.found) == 0 || test.after == "" || test.after[:12] == "DELETE FROM " && name != "row deleted", hasNotice(report, verify.LossAcknowledged))
		})
	}
}

// writeEpoch commits two events in a new epoch without a Sealer that checks what
// is in front of it: here the statement may be a lie.
func (v *trail) writeEpoch() {
	v.t.Helper()
	const tenant, epoch = "acme", int32(1)
	var tree merkle.Frontier
	at := time.Now().UTC().Truncate(time.Microsecond)
	for i := range 2 {
		rec := event(tenant, 500+i)
		leaf := leafOf(rec)
		tree.Append(leaf)
		checkpoint := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, tenant, epoch), Size: tree.Size(), Root: tree.Root(), RecordedAt: at, PrevSize: int64(i)}
		note, err := v.ring.Sign(checkpoint.Text())
		require.NoError(v.t, err)
		root, fingerprint := tree.Root(), rec.Fingerprint()
		v.tamper(fmt.Sprintf(`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, actor, target, context, payload, idempotency_key,
			time_unix_nano, severity, reason, leaf_hash) VALUES (%d, $1, %d, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, i, epoch),
			at, tenant, rec.EventID, rec.Action, rec.Outcome, string(rec.Actor.AppendJSON(nil)), string(rec.Target.AppendJSON(nil)), string(rec.Context.AppendJSON(nil)),
			string(rec.Payload.AppendJSON(nil)), rec.IdempotencyKey, rec.TimeUnixNano, rec.Severity, rec.Reason, leaf[:])
		for kind, id := range map[string]string{"e": rec.EventID, "k": rec.IdempotencyKey} {
			v.tamper(`INSERT INTO audit_event_ids (recorded_at, seq, epoch, kind, tenant_id, id, fingerprint) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				at, i, epoch, kind, tenant, id, fingerprint[:])
		}
		v.tamper(`INSERT INTO audit_commits (size, prev_size, recorded_at, epoch, tenant_id, root, frontier, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			i+1, i, at, epoch, tenant, root[:], tree.Bytes(), string(note))
	}
}

// Events that were written with integrity off are under no signature until a
// statement takes them under one.
func TestUnsignedEventsAreNotCheckedUntilAStatementCoversThem(t *testing.T) {
	v := newTrail(t)
	plain := v.newWriter(nil)
	var tree merkle.Frontier
	for i := range 12 {
		rec := event("acme", i)
		v.writeWith(plain, rec)
		tree.Append(leafOf(rec))
	}
	v.fill("other", 0, 5, 5)
	report := v.verify()
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Len(t, report.Unchecked, 1)
	require.EqualValues(t, 12, report.Unchecked[0].Until)

	s := statement(12, tree.Root())
	v.openEpoch(s)
	requireIntact(t, v.verify())
	v.writeEpoch()
	requireIntact(t, v.verify())
	v.tamper(`UPDATE audit_events SET reason = 'x' WHERE tenant_id = 'acme' AND epoch = 0 AND seq = 5`)
	require.Equal(t, []string{"event_changed acme/0[5,6) ev-000005"}, found(v.verify()))
}

// What left an unsigned log is not proven, as nothing of it is; a signed one
// cannot pass for one.
func TestAnUnsignedLogIsPrunedWithoutACheckpoint(t *testing.T) {
	v := newTrail(t)
	plain := v.newWriter(nil)
	for i := range 12 {
		v.writeWith(plain, event("acme", i))
	}
	v.fill("other", 0, 20, 5)
	prune := func(tenant string, size int) {
		v.tamper(`INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id) VALUES ($1, now(), $1, 0, $2)`, size, tenant)
		v.tamper(`DELETE FROM audit_events WHERE seq < $1 AND tenant_id = $2`, size, tenant)
	}
	for _, size := range []int{5, 9, 12} {
		prune("acme", size)
		report := v.verify()
		require.Empty(t, report.Findings, size)
		require.Equal(t, verify.Incomplete, report.Verdict)
		require.Len(t, report.Unchecked, 1)
		require.EqualValues(t, 12, report.Unchecked[0].Until)
		require.True(t, hasNotice(report, verify.Pruned))
	}
	v.tamper(`DELETE FROM audit_event_ids`)
	v.tamper(`UPDATE audit_commits SET note = NULL WHERE tenant_id = 'other' AND size > 10`)
	prune("other", 10)
	require.Contains(t, found(v.verify()), "prune_unproven other/0[0,10)")
}

func TestAStoreOlderThanTheProgramIsRefused(t *testing.T) {
	v := newTrail(t)
	v.tamper(`CREATE OR REPLACE FUNCTION audit_schema_version() RETURNS integer LANGUAGE sql AS 'SELECT 5'`)
	_, err := verify.Store(t.Context(), v.options())
	var old *store.VersionError
	require.ErrorAs(t, err, &old)
}
