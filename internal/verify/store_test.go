package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// forgeLeaves makes an event's stored hashes fit other content, as somebody does
// who knows the format and has no key: only the tree and a journal can tell.
func (v *trail) forgeLeaves(seq int64) {
	v.t.Helper()
	const tenant = "acme"
	scanner, err := store.OpenScanner(v.t.Context(), store.Options{URL: v.db.AuditorURL}, tenant)
	require.NoError(v.t, err)
	defer scanner.Close()
	page := &store.EventPage{}
	require.NoError(v.t, scanner.Events(v.t.Context(), store.LogName{Tenant: tenant}, store.BeforeSeq(seq), seq+1, 10, page))
	hashes, err := (&store.RowHasher{}).Hash(page.Row(0))
	require.NoError(v.t, err)
	v.tamper(`UPDATE audit_events SET leaf_hash = $3 WHERE tenant_id = $1 AND seq = $2`, tenant, seq, hashes.Leaf[:])
	v.tamper(`UPDATE audit_event_ids SET fingerprint = $3 WHERE tenant_id = $1 AND seq = $2`, tenant, seq, hashes.Fingerprint[:])
}

// leaves is a witness that knows some events.
type leaves map[string]merkle.Hash

func (w leaves) Leaves(_ context.Context, _ string, ids map[string]struct{}) (map[string][]merkle.Hash, error) {
	found := make(map[string][]merkle.Hash)
	for id := range ids {
		if leaf, ok := w[id]; ok {
			found[id] = []merkle.Hash{leaf}
		}
	}
	return found, nil
}

func leafOf(rec *record.Record) merkle.Hash { return record.LeafHash(rec.AppendCanonical(nil)) }

func TestAnEventWithEverythingMadeToFitIsLocatedByTheTreeAndByAWitness(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	v.tamper(`UPDATE audit_events SET payload = '{"amount": 1}' WHERE tenant_id = 'acme' AND seq = 13`)
	v.forgeLeaves(13)
	// The signed frontier of 20 has the subtrees 0-15 and 16-19.
	require.Equal(t, []string{"event_changed acme/0[10,16)"}, found(v.verify()))
	witness := leaves{}
	for i := range 30 {
		witness[event("acme", i).EventID] = leafOf(event("acme", i))
	}
	require.Equal(t, []string{"event_changed acme/0[13,14) ev-000013"}, found(v.verify(func(o *verify.Options) { o.Witness = witness })))
}

// A missing event whose leaf a witness has does not keep the others from being
// proven.
func TestAWitnessProvesWhatStandsBesideAMissingEvent(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	v.tamper(`DELETE FROM audit_events WHERE seq = 13`)
	v.tamper(`UPDATE audit_events SET payload = '{"amount": 1}' WHERE tenant_id = 'acme' AND seq = 15`)
	v.forgeLeaves(15)
	require.Equal(t, []string{"event_missing acme/0[13,14) ev-000013"}, found(v.verify()), "the other one cannot be seen beside a gap, and the report says so")
	witness := leaves{}
	for i := range 30 {
		witness[event("acme", i).EventID] = leafOf(event("acme", i))
	}
	require.Equal(t, []string{"event_missing acme/0[13,14) ev-000013", "event_changed acme/0[15,16) ev-000015"},
		found(v.verify(func(o *verify.Options) { o.Witness = witness })))
}

func TestReaderVerifiesItsTenant(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	v.fill("other", 0, 10, 10)
	asReader := func(o *verify.Options) { o.Database.URL, o.Tenant = v.db.ReaderURL, "acme" }
	report := v.verify(asReader)
	requireIntact(t, report)
	require.EqualValues(t, 30, report.Coverage.Events)
	require.EqualValues(t, 1, report.Coverage.Tenants)
	require.True(t, hasNotice(report, verify.IdentitiesUnseen))

	v.tamper(`UPDATE audit_events SET reason = 'x' WHERE seq = 4`)
	require.Equal(t, []string{"event_changed acme/0[4,5) ev-000004"}, found(v.verify(asReader)))
	require.Equal(t, []string{"event_changed other/0[4,5) ev-000004"}, found(v.verify(func(o *verify.Options) { o.Database.URL, o.Tenant = v.db.ReaderURL, "other" })))
	require.Equal(t, []string{"event_changed acme/0[4,5) ev-000004"}, found(v.verify(func(o *verify.Options) { o.Tenant = "acme" })), "an auditor, too")
}

func hasNotice(report *verify.Report, kind verify.NoticeKind) bool {
	for _, n := range report.Notices {
		if n.Kind == kind {
			return true
		}
	}
	return false
}

// Who sees no rows must not be told that they are gone.
func TestLoginsThatCannotVerifyAreRefused(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 3, 3)
	v.tamper(`INSERT INTO audit_login_tenants (login, tenant_id, login_oid) SELECT rolname, 'other', oid FROM pg_roles WHERE rolname = $1`, v.db.Login("reader"))
	for name, test := range map[string]struct{ url, tenant, message string }{
		"reader without a tenant": {v.db.ReaderURL, "", "this login does not see every tenant: name one, or use a login of the auditor role"},
		"bound to another":        {v.db.ReaderURL, "acme", `this login does not see every tenant: it is bound to others than "acme"`},
		"writer":                  {v.db.WriterURL, "acme", "may not use the audit tables"},
		"owner":                   {v.db.OwnerURL, "", "may not use the audit tables"},
		"pruner":                  {v.db.PrunerURL, "", "may not use the audit tables"},
		"operator":                {v.db.OperatorURL, "", "may not use the audit tables"},
		"nobody":                  {v.db.NobodyURL, "", "may not use the audit tables"},
	} {
		t.Run(name, func(t *testing.T) {
			o := v.options()
			o.Database.URL, o.Tenant = test.url, test.tenant
			_, err := verify.Store(t.Context(), o)
			require.ErrorContains(t, err, test.message)
		})
	}
}

func TestATenantThatNobodyKnowsIsNotIntact(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 3, 3)
	report := v.verify(func(o *verify.Options) { o.Tenant = "acne" })
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Equal(t, 3, report.Verdict.ExitCode())
	v.tamper(`DELETE FROM audit_events`)
	v.tamper(`DELETE FROM audit_commits`)
	v.tamper(`DELETE FROM audit_event_ids`)
	require.Equal(t, []string{"log_missing acme/0[0,3)"}, found(v.verify(func(o *verify.Options) { o.Tenant = "acme" })))
}

// Nothing is judged that was written after the beginning, and nothing of it
// alarms.
func TestNoAlarmWhileEventsAreWritten(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 50, 10)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range 3 {
		w := v.newWriter(v.sealer)
		wg.Go(func() {
			var enc store.Encoder
			for i := 0; ctx.Err() == nil; i++ {
				var events []*store.Event
				for k := range 5 {
					rec := event([]string{"acme", "other", fmt.Sprintf("new-%d", i%40)}[k%3], 0)
					rec.EventID = fmt.Sprintf("w%d-%d-%d", n, i, k)
					rec.IdempotencyKey = rec.EventID
					e, err := enc.Encode(rec, "")
					if err != nil {
						panic(err)
					}
					events = append(events, &e)
				}
				if err := w.Write(context.WithoutCancel(ctx), events, make([]store.Outcome, len(events))); err != nil {
					panic(err)
				}
			}
		})
	}
	for range 12 {
		requireIntact(t, v.verify())
	}
	cancel()
	wg.Wait()
	requireIntact(t, v.verify())
}

func TestStateContinuesAndIsAnAnchor(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 30, 10)
	v.fill("other", 0, 5, 5)
	report := v.verify()
	state := v.nextState(nil, report)
	require.Equal(t, 2, state.Logs())

	withState := func(o *verify.Options) { o.State, o.Anchors = state, nil }
	report = v.verify(withState)
	requireIntact(t, report)
	require.Zero(t, report.Coverage.Events)
	require.EqualValues(t, 35, report.Coverage.Skipped)
	require.False(t, hasNotice(report, verify.NoAnchors))

	v.fill("acme", 30, 20, 7)
	report = v.verify(withState)
	requireIntact(t, report)
	require.EqualValues(t, 20, report.Coverage.Events)
	next := v.nextState(state, report)

	v.tamper(`UPDATE audit_commits SET size = 3000, prev_size = 2999 WHERE tenant_id = 'acme' AND size = 30`)
	require.Contains(t, found(v.verify(withState)), "commit_missing acme/0[29,30)", "the commit that the run before ended with")
	v.tamper(`UPDATE audit_commits SET size = 30, prev_size = 20 WHERE tenant_id = 'acme' AND size = 3000`)
	v.tamper(`UPDATE audit_events SET reason = 'x' WHERE tenant_id = 'acme' AND seq IN (4, 55, 45)`)
	require.Equal(t, []string{"event_changed acme/0[45,46) ev-000045"}, found(v.verify(withState)), "what was verified before is not read again")
	requireIntact(t, v.verify(func(o *verify.Options) { o.State = next }))
	report = v.verify(func(o *verify.Options) { o.State, o.Full = next, true })
	require.Equal(t, []string{"event_changed acme/0[4,5) ev-000004", "event_changed acme/0[45,46) ev-000045"}, found(report))

	// A tenant with findings stays where it was, so that they are found again.
	report = v.verify(withState)
	again := v.nextState(state, report)
	require.Equal(t, []string{"event_changed acme/0[45,46) ev-000045"}, found(v.verify(func(o *verify.Options) { o.State = again })))

	v.tamper(`DELETE FROM audit_events WHERE tenant_id = 'other'`)
	v.tamper(`DELETE FROM audit_commits WHERE tenant_id = 'other'`)
	v.tamper(`DELETE FROM audit_event_ids WHERE tenant_id = 'other'`)
	require.Contains(t, found(v.verify(withState)), "log_missing /0[0,5)")
}

// nextState writes the state and reads it back, as the command does.
func (v *trail) nextState(state *verify.State, report *verify.Report) *verify.State {
	v.t.Helper()
	next, err := state.Next(report, v.trust)
	require.NoError(v.t, err)
	text, err := next.Bytes()
	require.NoError(v.t, err)
	again, err := verify.ParseState(text, v.trust)
	require.NoError(v.t, err)
	same, err := again.Bytes()
	require.NoError(v.t, err)
	require.Equal(v.t, string(text), string(same))
	return again
}

func TestADamagedStateIsRefused(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 7, 7)
	state, err := (*verify.State)(nil).Next(v.verify(), v.trust)
	require.NoError(t, err)
	text, err := state.Bytes()
	require.NoError(t, err)
	_, err = verify.ParseState(text, v.trust)
	require.NoError(t, err)
	for i := range len(text) {
		damaged := bytes.Clone(text)
		damaged[i] ^= 1
		again, err := verify.ParseState(damaged, v.trust)
		if err == nil { // JSON has more than one spelling; what it says must be the same
			same, err := again.Bytes()
			require.NoError(t, err)
			require.Equal(t, string(text), string(same), "byte %d", i)
			continue
		}
		require.ErrorIs(t, err, verify.ErrState)
	}
	_, err = verify.ParseState(text[:len(text)-1], v.trust)
	require.ErrorIs(t, err, verify.ErrState)
	_, err = verify.ParseState(append(bytes.Clone(text), text...), v.trust)
	require.ErrorContains(t, err, "line 2: a second line for one log")
}

// A key that is not trusted any more at the time, and one that never was.
func TestCommitsOfOtherKeysAreForged(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 10, 5)
	_, public := keyPair(t, "first")
	_, other := keyPair(t, "second")
	trust := func(line string) *keys.Trust {
		parsed, err := keys.ParseTrust([]byte(keys.TrustHeader + "\n" + line + "\n"))
		require.NoError(t, err)
		return parsed
	}
	forged := []string{"commit_forged acme/0[0,5)", "commit_forged acme/0[5,10)"}
	for name, test := range map[string]struct{ line, detail string }{
		"unknown": {other + " " + logName + " - -", "no valid signature of a known key"},
		"expired": {public + " " + logName + " - 2020-01-01T00:00:00Z", "signed by a key that is not trusted for it"},
		"not yet": {public + " " + logName + " 2199-01-01T00:00:00Z -", "signed by a key that is not trusted for it"},
	} {
		t.Run(name, func(t *testing.T) {
			report := v.verify(func(o *verify.Options) { o.Trust, o.Anchors = trust(test.line), nil })
			require.Equal(t, forged, found(report))
			require.Contains(t, report.Findings[0].Detail, test.detail)
		})
	}
}

func TestKeysOverlapInARotation(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 10, 5)
	first, firstPublic := keyPair(t, "first")
	second, secondPublic := keyPair(t, "second")
	for i, file := range []string{first + "\n" + second, second + "\n" + firstPublic} {
		ring, err := keys.ParseRing([]byte(file))
		require.NoError(t, err)
		v.rotate(ring)
		v.fill("acme", 10+10*i, 10, 5)
	}
	trust, err := keys.ParseTrust([]byte(strings.Join([]string{keys.TrustHeader, firstPublic + " " + logName + " - -", secondPublic + " " + logName + " - -"}, "\n")))
	require.NoError(t, err)
	v.trust = trust
	report := v.verify()
	requireIntact(t, report)
	require.EqualValues(t, 30, report.Coverage.Events)
}

func TestOriginMACs(t *testing.T) {
	v := newTrail(t)
	ring := func(ids ...string) *keys.MACRing {
		text := ""
		for _, id := range ids {
			sum := sha256.Sum256([]byte(id))
			text += id + " " + base64Of(sum[:]) + "\n"
		}
		parsed, err := keys.ParseMACRing([]byte(text))
		require.NoError(t, err)
		return parsed
	}
	v.fill("acme", 0, 3, 3)
	v.macs = ring("edge-1")
	v.fill("acme", 3, 5, 5)
	v.macs = ring("edge-2")
	v.fill("acme", 8, 2, 2)

	report := v.verify()
	requireIntact(t, report)
	require.Equal(t, verify.MACCounts{Absent: 3, UnknownKey: 7}, report.Coverage.MACs)
	require.True(t, hasNotice(report, verify.MACsUnchecked))
	report = v.verify(func(o *verify.Options) { o.MACs = ring("edge-2") })
	requireIntact(t, report)
	require.Equal(t, verify.MACCounts{Absent: 3, UnknownKey: 5, Valid: 2}, report.Coverage.MACs)

	both := func(o *verify.Options) { o.MACs = ring("edge-2", "edge-1") }
	report = v.verify(both)
	requireIntact(t, report)
	require.Equal(t, verify.MACCounts{Absent: 3, Valid: 7}, report.Coverage.MACs)
	require.False(t, hasNotice(report, verify.MACsUnchecked))

	v.tamper(`UPDATE audit_events AS e SET mac = o.mac FROM audit_events AS o WHERE e.seq = 4 AND o.seq = 5`)
	v.tamper(`UPDATE audit_events SET mac = 'hmac-md5:x' WHERE seq = 6`)
	require.Equal(t, []string{"mac_invalid acme/0[4,5) ev-000004", "mac_invalid acme/0[6,7) ev-000006"}, found(v.verify(both)))
}

func TestInterruptionIsNotIntact(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 300, 100)
	v.fill("other", 0, 300, 100)
	ctx, cancel := context.WithCancel(t.Context())
	o := v.options()
	o.Workers = 1
	o.Progress = func(verify.Progress) { cancel() }
	report, err := verify.Store(ctx, o)
	require.NoError(t, err)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Empty(t, report.Findings)
	for _, u := range report.Unchecked {
		require.Equal(t, "interrupted", u.Reason)
	}
}

// A connection that is lost is nothing that the store says.
func TestALostConnectionIsNotTampering(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 300, 100)
	v.fill("other", 0, 300, 100)
	conn, err := pgx.Connect(t.Context(), v.db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	o := v.options()
	o.Workers = 1
	var once sync.Once
	o.Progress = func(verify.Progress) {
		once.Do(func() {
			if _, err := conn.Exec(context.Background(), "ALTER ROLE "+v.db.Login("auditor")+" NOLOGIN"); err != nil {
				panic(err)
			}
			if _, err := conn.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", v.db.Login("auditor")); err != nil {
				panic(err)
			}
		})
	}
	report, err := verify.Store(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Empty(t, report.Findings)
	require.NotEmpty(t, report.Unchecked)
}

func TestAnchorsThatNobodyTrustsAreAnError(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 3, 3)
	private, _ := keyPair(t, "second")
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	checkpoint := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, "acme", 0), Size: 9, RecordedAt: time.Now()}
	note, err := ring.Sign(checkpoint.Text())
	require.NoError(t, err)
	o := v.options()
	o.Anchors = append(o.Anchors, note)
	_, err = verify.Store(t.Context(), o)
	var bad *verify.AnchorError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, len(o.Anchors)-1, bad.Index)
	require.ErrorIs(t, err, keys.ErrSignature)
}

// Somebody who has the key signs one commit in place of two, with the same root
// and the same time: the anchor knows where the newest one began.
func TestACommitSignedAnewFromAnEarlierBeginningIsAFork(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 10, 5)
	anchors := v.options().Anchors
	checkpoint, err := v.trust.Checkpoint(anchors[len(anchors)-1])
	require.NoError(t, err)
	require.Equal(t, [2]int64{5, 10}, [2]int64{checkpoint.PrevSize, checkpoint.Size})
	checkpoint.PrevSize = 0
	note, err := v.ring.Sign(checkpoint.Text())
	require.NoError(t, err)
	v.tamper(`DELETE FROM audit_commits WHERE size = 5`)
	v.tamper(`UPDATE audit_commits SET prev_size = 0, note = $1`, string(note))
	v.tamper(`UPDATE audit_events SET recorded_at = $1`, checkpoint.RecordedAt)
	v.tamper(`UPDATE audit_event_ids SET recorded_at = $1`, checkpoint.RecordedAt)
	require.Equal(t, []string{"commit_missing acme/0[0,5)", "fork acme/0[5,10)"}, found(v.verify()))
	require.Equal(t, []string{"fork acme/0[0,10)"}, found(v.verify(func(o *verify.Options) { o.Anchors = anchors[len(anchors)-1:] })))
	requireIntact(t, v.verify(func(o *verify.Options) { o.Anchors = nil }))
}

// Somebody who has the key writes history anew: anchors know better.
func TestAnotherHistoryUnderTheKeyIsAFork(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 10, 5)
	old := v.options().Anchors
	v.tamper(`DELETE FROM audit_events`)
	v.tamper(`DELETE FROM audit_event_ids`)
	v.tamper(`DELETE FROM audit_commits`)
	forged := newTrail(t)
	forged.db = v.db
	forged.writer = forged.newWriter(forged.sealer)
	for i := range 4 {
		rec := event("acme", i)
		rec.Reason = "another"
		forged.write(rec, event("acme", 100+i), event("acme", 200+i))
	}
	report := v.verify(func(o *verify.Options) { o.Anchors = old })
	require.Equal(t, []string{"fork acme/0[0,5)"}, found(report), "the first anchor that knows better says it for all")
	requireIntact(t, v.verify(func(o *verify.Options) { o.Anchors = nil }))
}

func TestReportIsJSON(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 3, 3)
	v.tamper(`UPDATE audit_events SET reason = 'x' WHERE seq = 1`)
	text, err := json.Marshal(v.verify())
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(text, &members))
	require.Equal(t, "tampered", members["verdict"])
	require.Equal(t, []any{map[string]any{
		"kind": "event_changed", "tenant": "acme", "epoch": 0.0, "origin": merkle.TenantOrigin(logName, "acme", 0), "seq": 1.0, "until": 2.0,
		"event_id": "ev-000001", "detail": "its columns are not those that were signed; leaf_hash still is",
	}}, members["findings"])
	require.Equal(t, []any{}, members["unchecked"])
}
