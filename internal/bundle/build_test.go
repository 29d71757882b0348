package bundle_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/bundle"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func build(t testing.TB, s *provetest.Store, filter bundle.Filter) ([]byte, bundle.Report, error) {
	t.Helper()
	var out bytes.Buffer
	report, err := bundle.Build(t.Context(), s.Scanner(t, "acme"), &out, bundle.Options{
		Tenant: "acme", Filter: filter, Ring: s.Ring, Now: time.Now,
	})
	return out.Bytes(), report, err
}

// listed asks the store's own list which events match.
func listed(t testing.TB, s *provetest.Store, filter store.Filter) map[string]bool {
	t.Helper()
	reader, err := store.Connect(t.Context(), store.Options{URL: s.Database.ReaderURL})
	require.NoError(t, err)
	defer reader.Close()
	filter.Limit = store.MaxLimit
	page, err := reader.List(t.Context(), "acme", filter)
	require.NoError(t, err)
	require.Empty(t, page.Next)
	found := make(map[string]bool)
	for _, event := range page.Events {
		found[event.Record.EventID] = true
	}
	return found
}

// What a bundle holds under a filter is what a list shows under it, for filters
// made of the values of real events.
func TestABundleHoldsWhatAListShows(t *testing.T) {
	s := provetest.NewStore(t, provetest.NewKeys(t, "a"))
	random := rand.New(rand.NewPCG(1, 2))
	records := s.Fill(t, random, "acme", 0, 300)
	s.Fill(t, random, "other", 0, 20)
	median := time.UnixMicro(records[17].TimeUnixNano / 1000).UTC()
	rec := func(has func(*record.Record) bool) *record.Record {
		for _, r := range records {
			if has(r) {
				return r
			}
		}
		t.Fatal("no record has that")
		return nil
	}
	one := rec(func(r *record.Record) bool { return r.TargetID() != "" && r.ActorID() != "" })
	traced := rec(func(r *record.Record) bool { return r.TraceID != "" && r.CorrelationID != "" })
	caused := rec(func(r *record.Record) bool { return r.CausationID != "" })
	prefix := string([]rune(one.Action)[:1])
	for name, test := range map[string]struct {
		bundle bundle.Filter
		list   store.Filter
	}{
		"all":         {bundle.Filter{}, store.Filter{}},
		"action":      {bundle.Filter{Action: one.Action}, store.Filter{Action: one.Action}},
		"prefix":      {bundle.Filter{ActionPrefix: prefix}, store.Filter{ActionPrefix: prefix}},
		"actor":       {bundle.Filter{ActorID: one.ActorID()}, store.Filter{ActorID: one.ActorID()}},
		"target":      {bundle.Filter{TargetID: one.TargetID()}, store.Filter{TargetID: one.TargetID()}},
		"outcome":     {bundle.Filter{Outcome: one.Outcome}, store.Filter{Outcome: one.Outcome}},
		"trace":       {bundle.Filter{TraceID: traced.TraceID}, store.Filter{TraceID: traced.TraceID}},
		"correlation": {bundle.Filter{CorrelationID: traced.CorrelationID}, store.Filter{CorrelationID: traced.CorrelationID}},
		"causation":   {bundle.Filter{CausationID: caused.CausationID}, store.Filter{CausationID: caused.CausationID}},
		"since":       {bundle.Filter{Since: median}, store.Filter{Since: median}},
		"until":       {bundle.Filter{Until: median}, store.Filter{Until: median}},
		"nothing":     {bundle.Filter{Action: "no such action"}, store.Filter{Action: "no such action"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := listed(t, s, test.list)
			written, report, err := build(t, s, test.bundle)
			require.NoError(t, err)
			require.EqualValues(t, len(want), report.Events)
			verified, err := bundle.Verify(bytes.NewReader(written), s.Trust)
			require.NoError(t, err)
			require.Equal(t, report, verified)
			for line := range strings.Lines(string(written)) {
				_, rest, isEvent := strings.Cut(line, `],"record":`)
				if !isEvent {
					continue
				}
				parsed, err := record.ParseCanonical([]byte(strings.TrimSuffix(rest, "}\n")))
				require.NoError(t, err)
				require.True(t, want[parsed.EventID], parsed.EventID)
				delete(want, parsed.EventID)
			}
			require.Empty(t, want)
		})
	}
}

func TestABundleOfARangeIsComplete(t *testing.T) {
	s := provetest.NewStore(t, provetest.NewKeys(t, "a"))
	s.Fill(t, rand.New(rand.NewPCG(1, 2)), "acme", 0, 60)
	epoch, first, last := int32(0), int64(13), int64(41)
	written, report, err := build(t, s, bundle.Filter{Epoch: &epoch, FirstSeq: &first, LastSeq: &last})
	require.NoError(t, err)
	require.EqualValues(t, 29, report.Events)
	require.Equal(t, bundle.Proven, report.Complete())
	verified, err := bundle.Verify(bytes.NewReader(written), s.Trust)
	require.NoError(t, err)
	require.Equal(t, report, verified)
}

func attack(t testing.TB, s *provetest.Store, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Database.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	for _, statement := range append([]string{"SET session_replication_role = replica"}, statements...) {
		_, err = conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
}

// Nothing is attested of a store that somebody edited, also where the edit would
// only have kept an event out.
func TestNoBundleOfAStoreThatContradictsItsLog(t *testing.T) {
	for name, test := range map[string]struct{ statement, want string }{
		"an edited column":        {`UPDATE audit_events SET action = 'harmless' WHERE seq = 7`, "seq 7: its columns are not what was hashed"},
		"with its leaf":           {`UPDATE audit_events SET action = 'x', leaf_hash = sha256('x') WHERE seq = 7`, "seq 7: its columns are not what was hashed"},
		"a deleted event":         {`DELETE FROM audit_events WHERE seq = 7`, "seq 7 is missing"},
		"the last":                {`DELETE FROM audit_events WHERE seq = 29`, "seq 29 is missing"},
		"all":                     {`DELETE FROM audit_events`, "seq 0 is missing"},
		"a moved time":            {`UPDATE audit_events SET recorded_at = recorded_at + interval '1 microsecond' WHERE seq = 7`, "seq 7 was recorded at another time than its commit"},
		"a moved time and commit": {`UPDATE audit_events SET recorded_at = recorded_at - interval '1 microsecond' WHERE seq < 4; UPDATE audit_commits SET recorded_at = recorded_at - interval '1 microsecond' WHERE size = 4`, "its checkpoint is of"},
		"swapped":                 {`UPDATE audit_events SET seq = 1000 WHERE seq = 6; UPDATE audit_events SET seq = 6 WHERE seq = 5; UPDATE audit_events SET seq = 5 WHERE seq = 1000`, "the events do not lead to the signed root"},
		"a missing commit":        {`DELETE FROM audit_commits WHERE size = 8`, "the commit of size 12 does not follow that of size 4"},
		"two commits made one":    {`DELETE FROM audit_commits WHERE size = 8; UPDATE audit_commits SET prev_size = 4 WHERE size = 12; UPDATE audit_events SET recorded_at = (SELECT recorded_at FROM audit_commits WHERE size = 12) WHERE seq BETWEEN 4 AND 7`, "size 12 after 8"},
		"two at one place":        {`UPDATE audit_events SET seq = 7, recorded_at = recorded_at + interval '1 microsecond' WHERE seq = 8`, "seq 7 stands where seq 8 is due"},
		"a removed commit tail":   {`DELETE FROM audit_commits WHERE size > 20`, ""}, // a shorter log: only an anchor tells
	} {
		t.Run(name, func(t *testing.T) {
			s := provetest.NewStore(t, provetest.NewKeys(t, "a"))
			random := rand.New(rand.NewPCG(1, 2))
			for i := 0; i < 30; i += 4 {
				var batch []*record.Record
				for k := i; k < min(i+4, 30); k++ {
					batch = append(batch, provetest.Arbitrary(random, "acme", k))
				}
				s.Write(t, batch...)
			}
			attack(t, s, test.statement)
			_, _, err := build(t, s, bundle.Filter{Action: "wanted"})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, bundle.ErrDamaged)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// announceIn writes the event that says a removal is meant.
func announceIn(t testing.TB, s *provetest.Store, tenant, id, payload string) {
	t.Helper()
	parsed, err := record.ParseJSON([]byte(payload))
	require.NoError(t, err)
	s.Write(t, &record.Record{
		TenantID: tenant, EventID: id, Action: "audit.prune", Outcome: record.OutcomeSuccess, Payload: parsed, TimeUnixNano: 1,
		Actor: record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("op")),
	})
}

// thirty writes 30 events in commits of three.
func thirty(t testing.TB) *provetest.Store {
	t.Helper()
	s := provetest.NewStore(t, provetest.NewKeys(t, "a"))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 10 {
		s.Write(t, provetest.Arbitrary(random, "acme", 3*i), provetest.Arbitrary(random, "acme", 3*i+1), provetest.Arbitrary(random, "acme", 3*i+2))
	}
	return s
}

const (
	pruneSix = `INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id, intent_event_id, root, frontier, note)
		SELECT size, recorded_at, 6, epoch, tenant_id, 'prune-1', root, frontier, note FROM audit_commits WHERE tenant_id = 'acme' AND size = 6;
		DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq < 6`
	removeFour = `INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash)
		SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE tenant_id = 'acme' AND seq IN (9, 15, 16, 29);
		DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq IN (9, 15, 16, 29)`
)

func TestABundleKnowsWhatWasPrunedAndRemoved(t *testing.T) {
	s := thirty(t)
	announceIn(t, s, "_system", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 6}`)
	announceIn(t, s, "_system", "prune-2", `{"tenant": "acme", "epoch": 0, "seqs": [9, [15, 17], 29]}`)
	attack(t, s, pruneSix)
	written, report, err := build(t, s, bundle.Filter{})
	require.NoError(t, err)
	require.Equal(t, "proven from seq 6", report.Complete())
	verified, err := bundle.Verify(bytes.NewReader(written), s.Trust)
	require.NoError(t, err)
	require.Equal(t, report, verified)

	attack(t, s, removeFour)
	written, report, err = build(t, s, bundle.Filter{})
	require.NoError(t, err)
	require.EqualValues(t, 20, report.Events)
	require.EqualValues(t, 4, report.Removed)
	require.EqualValues(t, 6, report.Epochs[0].Pruned)
	require.Equal(t, bundle.Attested, report.Complete())
	verified, err = bundle.Verify(bytes.NewReader(written), s.Trust)
	require.NoError(t, err)
	require.Equal(t, report, verified)

	// A login that may not read _system cannot know whether it was meant.
	config, err := pgx.ParseConfig(s.Database.ReaderURL)
	require.NoError(t, err)
	attack(t, s, `INSERT INTO audit_login_tenants (login, login_oid, tenant_id) SELECT rolname, oid, 'acme' FROM pg_roles WHERE rolname = '`+config.User+`'`)
	_, _, err = build(t, s, bundle.Filter{})
	require.ErrorIs(t, err, bundle.ErrSystemUnseen)
}

// Nothing is attested of a log of which something was removed that nobody
// announced, whatever the tables of removals say.
func TestNoBundleOfWhatWasRemovedWithoutAWord(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(s *provetest.Store)
		want string
	}{
		"a prune without a note": {func(s *provetest.Store) {
			announceIn(t, s, "_system", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 6}`)
			attack(t, s, pruneSix, `UPDATE audit_prunes SET note = NULL`)
		}, "the row of audit_prunes for events before 6 does not count"},
		"a prune with the note of another size": {func(s *provetest.Store) {
			announceIn(t, s, "_system", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 6}`)
			attack(t, s, pruneSix, `UPDATE audit_prunes SET note = (SELECT note FROM audit_commits WHERE tenant_id = 'acme' AND size = 9)`)
		}, "its note is of 9 events, not of 6"},
		"a prune that nobody announced": {func(s *provetest.Store) { attack(t, s, pruneSix) }, "announces it"},
		"announced in the tenant's own log": {func(s *provetest.Store) {
			announceIn(t, s, "acme", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 6}`)
			attack(t, s, pruneSix)
		}, "announces it"},
		"announced for another size": {func(s *provetest.Store) {
			announceIn(t, s, "_system", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 3}`)
			attack(t, s, pruneSix)
		}, "announces it"},
		"announced by an event that was made up": {func(s *provetest.Store) {
			announceIn(t, s, "_system", "prune-1", `{"tenant": "other", "epoch": 0, "size": 6}`)
			attack(t, s, pruneSix, `UPDATE audit_events SET payload = '{"tenant": "acme", "epoch": 0, "size": 6}' WHERE tenant_id = '_system'`)
		}, "announces it"},
		"single events": {func(s *provetest.Store) { attack(t, s, removeFour) }, "seq 9 was removed by itself, and no verified event"},
		"one single event too many": {func(s *provetest.Store) {
			announceIn(t, s, "_system", "prune-2", `{"tenant": "acme", "epoch": 0, "seqs": [9, [15, 17]]}`)
			attack(t, s, removeFour)
		}, "seq 29 was removed by itself, and no verified event"},
	} {
		t.Run(name, func(t *testing.T) {
			s := thirty(t)
			test.do(s)
			_, _, err := build(t, s, bundle.Filter{})
			require.ErrorIs(t, err, bundle.ErrDamaged)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// A log that was written without signatures is under one from the opening of
// the next epoch on.
func TestABundleOfSeveralEpochs(t *testing.T) {
	s := provetest.NewStore(t, provetest.NewKeys(t, "a"))
	random := rand.New(rand.NewPCG(1, 2))
	s.Fill(t, random, "acme", 0, 25)
	scanner := s.Scanner(t, "acme")
	commits, err := scanner.Commits(t.Context(), store.LogName{Tenant: "acme"}, 0, 25, 100)
	require.NoError(t, err)
	last := commits[len(commits)-1]
	statement := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(provetest.LogName, "acme", 1), PreviousOrigin: merkle.TenantOrigin(provetest.LogName, "acme", 0),
		PreviousSize: 25, PreviousRoot: merkle.Hash(last.Root), RecordedAt: last.RecordedAt.Add(time.Second), Reason: "signatures were off",
	}
	note, err := s.Ring.Sign(statement.Text())
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), s.Database.SuperURL)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES ($1, 25, 1, 'acme', $2, $3)`,
		statement.RecordedAt, statement.Reason, string(note))
	require.NoError(t, err)
	attack(t, s, `UPDATE audit_commits SET root = NULL, frontier = NULL, note = NULL`)

	written, report, err := build(t, s, bundle.Filter{})
	require.NoError(t, err)
	require.Len(t, report.Epochs, 2)
	require.EqualValues(t, 25, report.Events)
	_, err = bundle.Verify(bytes.NewReader(written), s.Trust)
	require.NoError(t, err)

	s.Fill(t, random, "acme", 25, 10)
	written, report, err = build(t, s, bundle.Filter{})
	require.NoError(t, err)
	require.EqualValues(t, 35, report.Events)
	require.EqualValues(t, 10, report.Epochs[1].Events)
	verified, err := bundle.Verify(bytes.NewReader(written), s.Trust)
	require.NoError(t, err)
	require.Equal(t, report, verified)

	_, _, err = build(t, s, bundle.Filter{Epoch: new(int32)})
	require.ErrorContains(t, err, "epoch 0: no signature stands for it")
}

func TestNoBundleWithoutALogOrWithAnotherKey(t *testing.T) {
	s := provetest.NewStore(t, provetest.NewKeys(t, "a"))
	_, _, err := build(t, s, bundle.Filter{})
	require.ErrorIs(t, err, bundle.ErrNoLog)
	s.Fill(t, rand.New(rand.NewPCG(1, 2)), "acme", 0, 5)
	s.Keys = provetest.NewKeys(t, "b")
	_, _, err = build(t, s, bundle.Filter{})
	require.ErrorIs(t, err, bundle.ErrDamaged)
	require.ErrorContains(t, err, "no valid signature of a known key")
}
