package verify_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/verify"
)

const strip = `UPDATE audit_commits SET root = NULL, frontier = NULL, note = NULL WHERE tenant_id = 'acme'`

// A log that was signed and has no signature any more does not look like one that
// was written with integrity off.
func TestALogStrippedOfItsSignaturesIsForged(t *testing.T) {
	for name, test := range map[string]struct {
		sql   []string
		found []string
	}{
		"signatures only": {nil, []string{"commit_forged acme/0[0,60)"}},
		"and events edited": {
			[]string{`UPDATE audit_events SET reason = 'x' WHERE tenant_id = 'acme' AND seq = 7`, `UPDATE audit_events SET reason = 'x' WHERE tenant_id = 'acme' AND seq = 55`},
			[]string{"commit_forged acme/0[0,60)", "event_changed acme/0[7,8) ev-000007", "event_changed acme/0[55,56) ev-000055"},
		},
		"and an event deleted": {
			[]string{`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq = 33`},
			[]string{"commit_forged acme/0[0,60)", "event_missing acme/0[33,34) ev-000033"},
		},
		"of the newest commits": {[]string{`DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size <= 40`}, []string{"commit_forged acme/0[0,60)"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 60, 10)
			v.fill("other", 0, 3, 3)
			state := v.nextState(nil, v.verify())
			v.tamper(strip)
			for _, sql := range test.sql {
				v.tamper(sql)
			}
			newest := func(o *verify.Options) { o.Anchors = o.Anchors[len(o.Anchors)-2:] }
			for _, given := range []func(*verify.Options){newest, func(o *verify.Options) { o.Anchors, o.State, o.Full = nil, state, true }} {
				report := v.verify(given)
				require.ElementsMatch(t, test.found, found(report))
				require.Empty(t, report.Unchecked)
				for _, n := range report.Notices {
					require.NotEqual(t, verify.NotAnchored, n.Kind, n.Detail)
				}
				require.Contains(t, report.Findings[0].Detail, "shows that this log was signed")
			}
		})
	}
}

// Without anything that knows better it is not intact, and nothing of it is
// called signed.
func TestUnsignedEventsAreNotCalledSigned(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 60, 10)
	v.tamper(strip)
	without := func(o *verify.Options) { o.Anchors = nil }
	report := v.verify(without)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Contains(t, report.Unchecked[0].Reason, "stripped of the signatures")
	v.tamper(`UPDATE audit_events SET reason = 'x' WHERE seq = 7`)
	report = v.verify(without)
	require.Equal(t, []string{"event_changed acme/0[7,8) ev-000007"}, found(report))
	require.Contains(t, report.Findings[0].Detail, "no signature covers the event")
}

// An earlier run knows the commit that it ended with as signed.
func TestTheCommitOfAnEarlierRunMustStaySigned(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 20, 10)
	state := v.nextState(nil, v.verify())
	v.fill("acme", 20, 10, 10)
	v.tamper(strip + ` AND size = 20`)
	require.Equal(t, []string{"commit_forged acme/0[19,20)"}, found(v.verify(func(o *verify.Options) { o.State, o.Anchors = state, nil })))
}

// Anchors of what an earlier run verified are held against the commits of their
// size, though nothing of it is read.
func TestAnchorsBelowTheStateAreHeldAgainstCommits(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	state := v.nextState(nil, v.verify())
	given := func(o *verify.Options) { o.State = state }
	report := v.verify(given)
	requireIntact(t, report)
	require.EqualValues(t, 3, report.Coverage.Anchors)
	v.tamper(`DELETE FROM audit_commits WHERE size = 20`)
	require.Equal(t, []string{"commit_missing acme/0[19,20)"}, found(v.verify(given)))
}

// Whoever may sign for one log must not answer for another of the same verifier.
func TestAnotherLogsKeyIsForged(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 60, 20)
	anchors := v.options().Anchors
	const staging = "audit.example.com/staging"
	private, public, err := keys.Generate(bytes.NewReader(make([]byte, 32)), staging)
	require.NoError(t, err)
	_, own := keyPair(t, "first")
	both, err := keys.ParseTrust([]byte(fmt.Sprintf("%s\n%s %s - -\n%s %s - -\n", keys.TrustHeader, own, logName, public, staging)))
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	for _, table := range []string{"audit_events", "audit_event_ids", "audit_commits"} {
		v.tamper("DELETE FROM " + table)
	}
	v.writer = v.newWriter(seal.New(seal.Options{Ring: ring, Now: time.Now}))
	v.fill("acme", 0, 20, 20)

	o := v.options()
	o.Trust, o.Anchors = both, anchors
	_, err = verify.Store(t.Context(), o)
	require.ErrorIs(t, err, keys.ErrSeveralLogs)
	report := v.verify(func(o *verify.Options) { o.Trust, o.Anchors, o.Log = both, anchors, logName })
	require.Subset(t, found(report), []string{"commit_forged acme/0[0,20)"})
	require.Equal(t, verify.Tampered, report.Verdict)
	report = v.verify(func(o *verify.Options) { o.Trust, o.Anchors, o.Log = both, anchors, staging })
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Equal(t, "3 anchors were given of another log, "+logName+": leave the file out, or name that log (--log) to verify it", report.Unchecked[0].Reason)
}

// With the primary key dropped, a second row of a commit may stand anywhere: also
// where a page of commits ends.
func TestASecondRowOfACommitIsReported(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 520, 1)
	v.tamper(`ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_pkey, DROP CONSTRAINT audit_commits_prev`)
	v.tamper(`CREATE INDEX ON audit_commits (tenant_id, epoch, size)`)
	v.tamper(`INSERT INTO audit_commits SELECT * FROM audit_commits WHERE size IN (3, 512)`)
	require.Subset(t, found(v.verify()), []string{"schema_changed /0[-1,-1)", "commit_changed acme/0[2,3)", "commit_changed acme/0[511,512)"})
}

// The keeper of the key writes an epoch anew that ended with an acknowledged
// loss: neither the statement nor the anchors know that history.
func TestAnEpochThatEndedInALossCannotBeWrittenAnew(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	anchors := v.options().Anchors
	s := statement(20, v.rootAt(20))
	s.LostSize, s.LostRoot = 30, v.rootAt(30)
	for _, table := range []string{"audit_events", "audit_event_ids", "audit_commits"} {
		v.tamper("DELETE FROM " + table)
	}
	v.writer = v.newWriter(seal.New(seal.Options{Ring: v.ring, Now: time.Now}))
	for i := range 2 {
		var batch []*record.Record
		for k := range 10 {
			rec := event("acme", 10*i+k)
			if rec.EventID == "ev-000013" {
				rec.Reason = "another"
			}
			batch = append(batch, rec)
		}
		v.write(batch...)
	}
	v.openEpoch(s)
	v.writeEpoch()
	require.Contains(t, found(v.verify(func(o *verify.Options) { o.Anchors = anchors })), "fork acme/0[0,20)")
	require.Contains(t, found(v.verify(func(o *verify.Options) { o.Anchors = nil })), "fork acme/0[0,20)", "the statement knows the tree")
}

// Tables and policies that are not those of the migrations are a finding: they
// may hide what is verified.
func TestWhatHidesEventsIsFound(t *testing.T) {
	for name, sql := range map[string]string{
		"a policy": `CREATE POLICY hide ON audit_events AS RESTRICTIVE FOR SELECT TO PUBLIC USING (true)`,
		"a view": `ALTER TABLE audit_events RENAME TO hidden;
			CREATE VIEW audit_events AS SELECT * FROM hidden; GRANT SELECT ON audit_events TO audit_auditor, audit_reader`,
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			v.fill("acme", 0, 3, 3)
			v.tamper(sql)
			for _, url := range []string{v.db.AuditorURL, v.db.ReaderURL} {
				report := v.verify(func(o *verify.Options) { o.Database.URL, o.Tenant = url, "acme" })
				require.Contains(t, found(report), "schema_changed /0[-1,-1)")
			}
		})
	}
}

// Where every event must have a MAC, the ones without are named.
func TestMACsMayBeRequired(t *testing.T) {
	v := newTrail(t)
	ring, err := keys.ParseMACRing([]byte("edge-1 " + base64Of(make([]byte, 32)) + "\n"))
	require.NoError(t, err)
	required := func(o *verify.Options) { o.MACs, o.RequireMACs = ring, true }
	v.write(intentOf("_system", "p-1", `{"tenant": "acme"}`))
	v.macs = ring
	v.fill("acme", 0, 10, 5)
	requireIntact(t, v.verify(required))
	v.tamper(`UPDATE audit_events SET mac = NULL WHERE tenant_id = 'acme' AND seq IN (3, 4)`)
	v.tamper(`UPDATE audit_events SET mac = replace(mac, 'edge-1', 'edge-2') WHERE tenant_id = 'acme' AND seq = 8`)
	requireIntact(t, v.verify())
	require.Equal(t, []string{"mac_missing acme/0[3,5)", "mac_missing acme/0[8,9)"}, found(v.verify(required)))
}
