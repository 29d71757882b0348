package reconcile_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// sinks are a store and a journal of one log.
type sinks struct {
	*provetest.Store
	random    *rand.Rand
	directory string
	writer    *journal.Writer
	now       time.Time // of the journal, and of the comparison
}

func newSinks(t *testing.T) *sinks {
	t.Helper()
	s := &sinks{Store: provetest.NewStore(t, provetest.NewKeys(t, "a")), random: rand.New(rand.NewPCG(1, 2)), directory: filepath.Join(t.TempDir(), "journal"), now: time.Now()}
	require.NoError(t, os.Mkdir(s.directory, 0o700))
	var err error
	s.writer, err = journal.Open(journal.Options{
		Directory: s.directory, Name: "journal", Ring: s.Ring, MaxSegmentBytes: 1 << 16,
		Now: func() time.Time { return s.now },
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.writer.Close() })
	return s
}

func (s *sinks) journal(t *testing.T, records ...*record.Record) {
	t.Helper()
	var hasher journal.Hasher
	entries := make([]journal.Entry, len(records))
	for i, rec := range records {
		require.Nil(t, rec.Normalize())
		var err error
		entries[i], err = hasher.NewEntry(rec.AppendCanonical(nil), "")
		require.NoError(t, err)
	}
	_, err := s.writer.Append(t.Context(), entries)
	require.NoError(t, err)
}

// both writes records into both sinks.
func (s *sinks) both(t *testing.T, records ...*record.Record) {
	t.Helper()
	s.journal(t, records...)
	s.Write(t, records...)
}

func (s *sinks) make(tenant string, from, n int) []*record.Record {
	records := make([]*record.Record, n)
	for i := range records {
		records[i] = provetest.Arbitrary(s.random, tenant, from+i)
	}
	return records
}

func (s *sinks) options(t *testing.T) reconcile.Options {
	t.Helper()
	reader, err := store.Connect(t.Context(), store.Options{URL: s.Database.AuditorURL})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	return reconcile.Options{
		Scanner: s.Scanner(t, ""), Reader: reader, Directories: []string{s.directory}, Trust: s.Trust,
		Now: func() time.Time { return s.now.Add(time.Hour) }, Grace: time.Minute, TempDir: t.TempDir(),
	}
}

func (s *sinks) reconcile(t *testing.T, change ...func(*reconcile.Options)) *reconcile.Report {
	t.Helper()
	o := s.options(t)
	for _, f := range change {
		f(&o)
	}
	report, err := reconcile.Run(t.Context(), o)
	require.NoError(t, err)
	left, err := os.ReadDir(o.TempDir)
	require.NoError(t, err)
	require.Empty(t, left)
	return report
}

func (s *sinks) attack(t *testing.T, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Database.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	for _, statement := range append([]string{"SET session_replication_role = replica"}, statements...) {
		_, err = conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
}

func kinds(r *reconcile.Report) map[string]reconcile.Kind {
	found := make(map[string]reconcile.Kind)
	for _, f := range r.Findings {
		found[f.EventID] = f.Kind
	}
	return found
}

func TestTwoSinksOfTheSameEventsAgree(t *testing.T) {
	s := newSinks(t)
	for i := range 30 {
		s.both(t, append(s.make("acme", 10*i, 7), s.make("other", 10*i, 3)...)...)
	}
	report := s.reconcile(t)
	require.Equal(t, reconcile.Agree, report.Verdict, "%+v", report.Findings)
	require.Equal(t, 0, report.ExitCode())
	require.Equal(t, "intact", report.JournalVerdict)
	require.Equal(t, reconcile.Counts{JournalEntries: 300, StoreEvents: 300, Matched: 300}, report.Counts)
	one := s.reconcile(t, func(o *reconcile.Options) { o.Tenant, o.Scanner = "acme", s.Scanner(t, "") })
	require.Equal(t, reconcile.Counts{JournalEntries: 210, StoreEvents: 210, Matched: 210}, one.Counts)
}

// The one attacker whom signatures do not stop holds the key: what he deletes,
// forges or rewrites is seen by the other sink.
func TestWhatOneSinkLostOrMadeUpIsFound(t *testing.T) {
	s := newSinks(t)
	s.both(t, s.make("acme", 0, 20)...)
	deleted, forged := s.make("acme", 100, 2), s.make("acme", 200, 3)
	s.journal(t, deleted...)
	s.Write(t, forged...)

	original := s.make("acme", 300, 1)[0]
	original.Reason = "as it happened"
	s.journal(t, original)
	rewritten, err := record.ParseCanonical(original.AppendCanonical(nil))
	require.NoError(t, err)
	rewritten.Reason = "as it should have been"
	s.Write(t, rewritten)

	// Outside of the fingerprint: an application's retry looks the same.
	moved, err := record.ParseCanonical(s.make("acme", 301, 1)[0].AppendCanonical(nil))
	require.NoError(t, err)
	s.journal(t, moved)
	edited, err := record.ParseCanonical(moved.AppendCanonical(nil))
	require.NoError(t, err)
	edited.TimeUnixNano++
	s.Write(t, edited)

	report := s.reconcile(t)
	require.Equal(t, reconcile.Differ, report.Verdict)
	require.Equal(t, 1, report.ExitCode())
	require.Equal(t, map[string]reconcile.Kind{
		"acme-100": reconcile.OnlyInJournal, "acme-101": reconcile.OnlyInJournal,
		"acme-200": reconcile.OnlyInStore, "acme-201": reconcile.OnlyInStore, "acme-202": reconcile.OnlyInStore,
		"acme-300": reconcile.Altered, "acme-301": reconcile.Unconfirmed,
	}, withoutTwins(t, report))
	require.EqualValues(t, 20, report.Counts.Matched)
	for _, f := range report.Findings {
		switch f.Kind {
		case reconcile.OnlyInJournal:
			require.Equal(t, "segment-000000000001.jsonl", f.File)
			require.Positive(t, f.Line)
			require.EqualValues(t, -1, f.Seq)
		case reconcile.OnlyInStore:
			require.GreaterOrEqual(t, f.Seq, int64(20))
		default:
			require.Contains(t, []string{"acme-300", "acme-301"}, f.EventID)
		}
	}
}

// A MAC is beside the leaf, under no root: the journal is what knows it.
func TestAMACThatWasRemovedOrExchangedIsFound(t *testing.T) {
	const old, now = "hmac-sha256:edge-1:", "hmac-sha256:edge-2:"
	s := newSinks(t)
	var hasher journal.Hasher
	batch := func(from int, macs ...string) {
		entries := make([]journal.Entry, len(macs))
		for i, rec := range s.make("acme", from, len(macs)) {
			require.Nil(t, rec.Normalize())
			var err error
			entries[i], err = hasher.NewEntry(rec.AppendCanonical(nil), macs[i])
			require.NoError(t, err)
			s.Write(t, rec)
		}
		_, err := s.writer.Append(t.Context(), entries)
		require.NoError(t, err)
		for i, mac := range macs {
			if mac != "" {
				s.attack(t, fmt.Sprintf("UPDATE audit_events SET mac = '%s' WHERE event_id = 'acme-%d'", mac, from+i))
			}
		}
	}
	batch(0, old+"a", "", old+"b", old+"c", old+"d")
	batch(5, old+"e", old+"f", "", now+"g", "")
	require.Equal(t, reconcile.Agree, s.reconcile(t).Verdict)

	s.attack(t, "UPDATE audit_events SET mac = '"+now+"e' WHERE event_id = 'acme-5'", "UPDATE audit_events SET mac = '"+now+"x' WHERE event_id = 'acme-7'")
	report := s.reconcile(t)
	require.Equal(t, reconcile.Incomplete, report.Verdict, "a rotation between two tries looks the same")
	require.Equal(t, map[string]reconcile.Kind{"acme-5": reconcile.Unconfirmed, "acme-7": reconcile.Unconfirmed}, kinds(report))

	s.attack(t, "UPDATE audit_events SET mac = NULL WHERE event_id IN ('acme-0', 'acme-8')",
		"UPDATE audit_events SET mac = '"+old+"c' WHERE event_id = 'acme-2'", "UPDATE audit_events SET mac = 'x' WHERE event_id = 'acme-3'",
		"UPDATE audit_events SET mac = 'hmac-sha256:nobody:x' WHERE event_id = 'acme-9'")
	report = s.reconcile(t)
	require.Equal(t, reconcile.Differ, report.Verdict)
	require.Equal(t, map[string]reconcile.Kind{
		"acme-0": reconcile.MACRemoved, "acme-8": reconcile.MACRemoved, "acme-2": reconcile.MACExchanged, "acme-3": reconcile.MACExchanged,
		"acme-9": reconcile.MACExchanged, "acme-5": reconcile.Unconfirmed, "acme-7": reconcile.Unconfirmed,
	}, kinds(report))
	require.EqualValues(t, 10, report.Counts.Matched)
}

// withoutTwins maps ids to kinds; an altered event is named from both sides.
func withoutTwins(t *testing.T, r *reconcile.Report) map[string]reconcile.Kind {
	t.Helper()
	for _, f := range r.Findings {
		require.NotEmpty(t, f.Detail)
		require.Equal(t, "acme", f.Tenant)
	}
	return kinds(r)
}

func TestAnUnconfirmedEventAloneIsNoAlarm(t *testing.T) {
	s := newSinks(t)
	first := s.make("acme", 0, 1)[0]
	s.Write(t, first)
	retry, err := record.ParseCanonical(first.AppendCanonical(nil))
	require.NoError(t, err)
	retry.TimeUnixNano++
	s.journal(t, retry)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Incomplete, report.Verdict)
	require.Equal(t, 3, report.ExitCode())
}

func TestRetriesAreNoAlarm(t *testing.T) {
	s := newSinks(t)
	records := s.make("acme", 0, 3)
	keyed := s.make("acme", 3, 1)[0]
	keyed.IdempotencyKey = "charge-7"
	s.both(t, append(records, keyed)...)
	later, err := record.ParseCanonical(records[1].AppendCanonical(nil))
	require.NoError(t, err)
	later.TimeUnixNano += 1e9 // the same id, told again later
	another, err := record.ParseCanonical(keyed.AppendCanonical(nil))
	require.NoError(t, err)
	another.EventID, another.TimeUnixNano = "acme-99", keyed.TimeUnixNano+1e9 // the same key under another id
	s.journal(t, later, another, records[0])
	report := s.reconcile(t)
	require.Equal(t, reconcile.Agree, report.Verdict, "%+v", report.Findings)
	require.Equal(t, reconcile.Counts{JournalEntries: 7, StoreEvents: 4, Matched: 4, Retries: 3}, report.Counts)
}

// quarantine puts records into the store's quarantine as an exporter does.
func (s *sinks) quarantine(t *testing.T, reason string, records ...*record.Record) {
	t.Helper()
	for _, rec := range records {
		otlp := otlpOf(t, rec)
		s.attack(t, fmt.Sprintf(`INSERT INTO audit_quarantine (tenant_id, event_id, reason, sha256, otlp, otlp_encoding) VALUES ('%s', '%s', '%s', sha256('\x%x'), '\x%x', 'protobuf')`,
			rec.TenantID, rec.EventID, reason, otlp, otlp))
	}
}

func otlpOf(t *testing.T, rec *record.Record) []byte {
	t.Helper()
	lr := plog.NewLogRecord()
	otlpmap.Encode(rec, lr)
	otlp, err := otlpmap.MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
	require.NoError(t, err)
	return otlp
}

func (s *sinks) mark(t *testing.T, sum [32]byte, otlp []byte) {
	t.Helper()
	var hasher journal.Hasher
	q := journal.Quarantined{Reason: record.ReasonMissingTenant, SHA256: hex.EncodeToString(sum[:]), OTLP: otlp}
	entry, err := hasher.NewEntry(q.AppendLine(nil), "")
	require.NoError(t, err)
	_, err = s.writer.Append(t.Context(), []journal.Entry{entry})
	require.NoError(t, err)
}

func TestWhatIsInQuarantineIsNotLost(t *testing.T) {
	s := newSinks(t)
	s.both(t, s.make("acme", 0, 3)...)
	conflict := s.make("acme", 1, 1)[0] // the id of another event
	refused := s.make("acme", 50, 1)[0]
	s.journal(t, conflict, refused)
	s.mark(t, [32]byte{1}, nil)
	s.mark(t, [32]byte{2}, nil)
	s.quarantine(t, record.ReasonIdentityConflict, conflict)
	s.quarantine(t, record.ReasonDatabase, refused)
	s.attack(t, `INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('missing_tenant', '\x01`+strings.Repeat("00", 31)+`', '')`)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Differ, report.Verdict)
	require.Len(t, report.Findings, 1)
	require.Equal(t, reconcile.QuarantineMissing, report.Findings[0].Kind)
	require.Equal(t, reconcile.Counts{JournalEntries: 5, StoreEvents: 3, Matched: 3, Conflicts: 1, Quarantined: 2}, report.Counts)
	s.attack(t, `DELETE FROM audit_quarantine WHERE event_id = 'acme-1'`)
	require.Equal(t, reconcile.Altered, kinds(s.reconcile(t))["acme-1"])
}

// Whoever can delete events can also write rows that claim them: a row of the
// quarantine says something only of what it holds.
func TestARowOfTheQuarantineExplainsOnlyWhatItHolds(t *testing.T) {
	s := newSinks(t)
	records := s.make("acme", 0, 10)
	s.both(t, records...)
	other := s.make("acme", 0, 1)[0]
	require.Nil(t, other.Normalize())
	s.attack(t, `DELETE FROM audit_events`, `DELETE FROM audit_event_ids`)
	claim := func(i int, otlp []byte) {
		s.attack(t, fmt.Sprintf(`INSERT INTO audit_quarantine (tenant_id, event_id, reason, sha256, otlp, otlp_encoding) VALUES ('acme', 'acme-%d', 'conflict', sha256('%d'), '\x%x', 'protobuf')`, i, i, otlp))
	}
	for i := range 4 {
		claim(i, nil)
	}
	for i := 4; i < 8; i++ {
		claim(i, otlpOf(t, other))
	}
	claim(8, []byte("no OTLP"))
	claim(9, otlpOf(t, records[9]))
	report := s.reconcile(t)
	require.Equal(t, reconcile.Differ, report.Verdict)
	require.Equal(t, map[string]reconcile.Kind{
		"acme-0": reconcile.Unconfirmed, "acme-1": reconcile.Unconfirmed, "acme-2": reconcile.Unconfirmed, "acme-3": reconcile.Unconfirmed, "acme-8": reconcile.Unconfirmed,
		"acme-4": reconcile.OnlyInJournal, "acme-5": reconcile.OnlyInJournal, "acme-6": reconcile.OnlyInJournal, "acme-7": reconcile.OnlyInJournal,
	}, kinds(report))
	require.EqualValues(t, 1, report.Counts.Conflicts+report.Counts.Quarantined)

	// A quarantined record, too, is there only with what the journal has of it.
	s.mark(t, [32]byte{7}, []byte("as it came"))
	insert := `INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('missing_tenant', '\x07` + strings.Repeat("00", 31) + `', `
	s.attack(t, insert+`'something else')`)
	require.Equal(t, reconcile.Unconfirmed, kinds(s.reconcile(t))[""])
	s.attack(t, `UPDATE audit_quarantine SET otlp = 'as it came' WHERE reason = 'missing_tenant'`)
	require.NotContains(t, kinds(s.reconcile(t)), "")
}

// announce writes the event of _system that says a removal is meant.
func (s *sinks) announce(t *testing.T, tenant, id, payload string) {
	t.Helper()
	parsed, err := record.ParseJSON([]byte(payload))
	require.NoError(t, err)
	s.Write(t, &record.Record{
		TenantID: tenant, EventID: id, Action: "audit.prune", Outcome: record.OutcomeSuccess, Payload: parsed, TimeUnixNano: 1,
		Actor: record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("op")),
	})
}

const pruneFive = `INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id, intent_event_id, root, frontier, note)
	SELECT size, '2030-01-01', 5, epoch, tenant_id, 'prune-1', root, frontier, note FROM audit_commits WHERE tenant_id = 'acme' AND size = 5`

func TestWhatWasPrunedIsNotLost(t *testing.T) {
	s := newSinks(t)
	records := s.make("acme", 0, 10)
	s.both(t, records[:5]...)
	retry, err := record.ParseCanonical(records[2].AppendCanonical(nil))
	require.NoError(t, err)
	retry.TimeUnixNano += 1e9
	s.journal(t, retry)
	s.now = s.now.Add(5 * time.Minute)
	s.both(t, records[5:]...)
	s.announce(t, "_system", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 5}`)
	s.announce(t, "_system", "prune-2", `{"tenant": "acme", "epoch": 0, "seqs": [[7, 8]]}`)
	s.attack(t, pruneFive,
		`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq < 5`,
		`INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash) SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE tenant_id = 'acme' AND seq IN (7, 9)`,
		`DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq IN (7, 8, 9)`,
	)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Counts{JournalEntries: 11, StoreEvents: 4, Matched: 2, Pruned: 6, Retries: 1, System: 2, UnprovenRemovals: 1}, report.Counts)
	require.Equal(t, map[string]reconcile.Kind{"acme-8": reconcile.OnlyInJournal, "acme-9": reconcile.OnlyInJournal}, kinds(report))
}

// The tables of removals are the store's: without a verified announcement of just
// that they explain nothing, and with one no more than what it announces.
func TestOnlyProvenRemovalsExplain(t *testing.T) {
	const leaves = `INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash) SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE tenant_id = 'acme'`
	for name, test := range map[string]struct {
		announced, in string
		statements    []string
		pruned        int64
		kind          reconcile.Kind // of the rest of ten
	}{
		"a row of nothing":         {"", "", []string{`INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id) VALUES (1, '2030-01-01', 1, 7, 'acme')`}, 0, reconcile.OnlyInJournal},
		"a row with a note":        {"", "", []string{pruneFive}, 0, reconcile.OnlyInJournal},
		"announced by the tenant":  {`{"tenant": "acme", "epoch": 0, "size": 5}`, "acme", []string{pruneFive}, 0, reconcile.OnlyInJournal},
		"announced for another":    {`{"tenant": "other", "epoch": 0, "size": 5}`, "_system", []string{pruneFive}, 0, reconcile.OnlyInJournal},
		"more than was pruned":     {`{"tenant": "acme", "epoch": 0, "size": 5}`, "_system", []string{pruneFive}, 5, reconcile.Unconfirmed},
		"leaves that nobody meant": {"", "", []string{leaves}, 0, reconcile.OnlyInJournal},
		"leaves of other seqs":     {`{"tenant": "acme", "epoch": 0, "seqs": [[0, 3]]}`, "_system", []string{leaves}, 3, reconcile.OnlyInJournal},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSinks(t)
			s.both(t, s.make("acme", 0, 5)...)
			s.both(t, s.make("acme", 5, 5)...)
			if test.announced != "" {
				s.announce(t, test.in, "prune-1", test.announced)
			}
			s.attack(t, test.statements...)
			s.attack(t, `DELETE FROM audit_events WHERE tenant_id = 'acme' AND event_id LIKE 'acme-%'`)
			report := s.reconcile(t)
			require.NotEqual(t, reconcile.Agree, report.Verdict)
			require.Equal(t, test.pruned, report.Counts.Pruned)
			found := 0
			for _, f := range report.Findings {
				if f.Kind == test.kind && strings.HasPrefix(f.EventID, "acme-") {
					found++
				}
			}
			require.EqualValues(t, 10-test.pruned, found)
		})
	}
	t.Run("what came after it", func(t *testing.T) {
		s := newSinks(t)
		s.both(t, s.make("acme", 0, 5)...)
		s.now = s.now.Add(10 * time.Minute)
		s.both(t, s.make("acme", 5, 5)...)
		s.announce(t, "_system", "prune-1", `{"tenant": "acme", "epoch": 0, "size": 5}`)
		s.attack(t, pruneFive, `DELETE FROM audit_events WHERE tenant_id = 'acme'`)
		report := s.reconcile(t)
		require.EqualValues(t, 5, report.Counts.Pruned)
		require.Equal(t, reconcile.OnlyInJournal, kinds(report)["acme-7"])
		require.Len(t, report.Findings, 5)
	})
}

// Every collector keeps a journal of its own: together they have what the store
// has, and a client that turns to another collector is in both.
func TestSeveralJournals(t *testing.T) {
	s := newSinks(t)
	s.both(t, s.make("acme", 0, 6)...)
	first, writer := s.directory, s.writer
	s.directory = filepath.Join(t.TempDir(), "second")
	require.NoError(t, os.Mkdir(s.directory, 0o700))
	second, err := journal.Open(journal.Options{Directory: s.directory, Name: "second", Ring: s.Ring, Now: func() time.Time { return s.now }})
	require.NoError(t, err)
	t.Cleanup(func() { _ = second.Close() })
	s.writer = second
	records := s.make("acme", 6, 4)
	s.both(t, records...)
	s.writer = writer
	s.journal(t, records[0])
	lost := s.make("acme", 20, 1)
	s.writer = second
	s.journal(t, lost...)
	report := s.reconcile(t, func(o *reconcile.Options) { o.Directories = []string{first, s.directory} })
	require.Equal(t, map[string]reconcile.Kind{"acme-20": reconcile.OnlyInJournal}, kinds(report))
	require.Equal(t, s.directory, report.Findings[0].Journal)
	require.EqualValues(t, 10, report.Counts.Matched)
	require.EqualValues(t, 1, report.Counts.Retries)
	require.Len(t, report.Journals, 2)
	for _, j := range report.Journals {
		require.Equal(t, "intact", j.Verdict)
		require.False(t, j.From.IsZero())
	}
	one := s.reconcile(t, func(o *reconcile.Options) { o.Directories = []string{first} })
	require.Equal(t, reconcile.OnlyInStore, kinds(one)["acme-9"])
	o := s.options(t)
	o.Directories = []string{first, first + "/."}
	_, err = reconcile.Run(t.Context(), o)
	require.ErrorIs(t, err, reconcile.ErrTwice)
}

func TestWhatIsYoungOrOlderThanTheJournalIsNotJudged(t *testing.T) {
	s := newSinks(t)
	s.Write(t, s.make("acme", 0, 4)...)
	s.now = time.Now().Add(time.Second) // the journal begins
	s.Write(t, s.make(record.SystemTenant, 0, 1)...)
	s.journal(t, s.make("acme", 10, 1)...)
	report := s.reconcile(t, func(o *reconcile.Options) { o.Now = func() time.Time { return s.now } })
	require.Equal(t, reconcile.Agree, report.Verdict, "%+v", report.Findings)
	require.Equal(t, reconcile.Counts{JournalEntries: 1, StoreEvents: 5, BeforeJournal: 4, System: 1, UnderWay: 1}, report.Counts)
}

func TestTheWindowBoundsWhatIsReported(t *testing.T) {
	s := newSinks(t)
	s.journal(t, s.make("acme", 0, 3)...)
	begin := s.now.Add(time.Minute)
	s.now = begin
	s.journal(t, s.make("acme", 10, 4)...)
	report := s.reconcile(t, func(o *reconcile.Options) { o.Since = begin })
	require.Len(t, report.Findings, 4)
	require.EqualValues(t, 4, report.Counts.JournalEntries)
	report = s.reconcile(t, func(o *reconcile.Options) { o.Until = begin })
	require.Len(t, report.Findings, 3)
}

func TestAJournalThatWasEditedIsNoWitness(t *testing.T) {
	s := newSinks(t)
	s.both(t, s.make("acme", 0, 20)...)
	path := filepath.Join(s.directory, journal.SegmentName(1))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(slices.Delete(lines, 3, 4), "")), 0o600))
	report := s.reconcile(t)
	require.Equal(t, "tampered", report.JournalVerdict)
	require.Equal(t, 1, report.ExitCode())
}

func TestADirectoryWithoutAJournal(t *testing.T) {
	s := newSinks(t)
	o := s.options(t)
	o.Directories = []string{t.TempDir()}
	_, err := reconcile.Run(t.Context(), o)
	require.ErrorIs(t, err, reconcile.ErrNoJournal)
}

func TestWhatAClientSaysItSent(t *testing.T) {
	s := newSinks(t)
	s.Write(t, s.make("acme", 0, 1200)...)
	s.Write(t, s.make("other", 5000, 1)...)
	s.attack(t, `INSERT INTO audit_quarantine (tenant_id, event_id, reason, sha256, otlp) VALUES ('acme', 'held', 'too_large', sha256('x'), '')`,
		`DELETE FROM audit_events WHERE event_id = 'acme-3'`)
	o := s.options(t)
	sent := func(lines ...string) (*reconcile.SentReport, error) {
		return reconcile.Sent(t.Context(), reconcile.SentOptions{
			Scanner: s.Scanner(t, "acme"), Reader: o.Reader, Tenant: "acme", Sent: strings.NewReader(strings.Join(lines, "\n")),
		})
	}
	var all []string
	for i := range 1200 {
		all = append(all, fmt.Sprintf(`{"event_id":"acme-%d"}`, i))
	}
	report, err := sent(append(all, `{"event_ids":["held","acme-7"],"accepted":2}`, "", `{"event_id":"other-5000"}`, `{"event_id":"nowhere","tenant_id":"acme"}`)...)
	require.NoError(t, err)
	require.Equal(t, &reconcile.SentReport{
		Verdict: reconcile.Differ, Lines: 1204, Sent: 1203, Stored: 1199, Quarantined: 1, Gone: 1, Missing: 2,
		Findings: []reconcile.SentFinding{
			{Kind: "gone", EventID: "acme-3", Line: 4}, {Kind: "missing", EventID: "other-5000", Line: 1203}, {Kind: "missing", EventID: "nowhere", Line: 1204},
		},
	}, report)
	report, err = sent(all[10:]...)
	require.NoError(t, err)
	require.Equal(t, 0, report.ExitCode())
	for line, want := range map[string]string{
		`{"event_id":"x","tenant_id":"other"}`: `not a list of what was sent: line 1: it is of tenant "other"`,
		`{"id":"x"}`:                           `not a list of what was sent: line 1: neither event_id nor event_ids`,
		`x`:                                    `not a list of what was sent: line 1: not a JSON object with event_id or event_ids`,
	} {
		_, err := sent(line)
		require.EqualError(t, err, want)
	}
}
