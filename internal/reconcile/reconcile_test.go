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

	"github.com/otelaudit/otelaudit/internal/journal"
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
		Scanner: s.Scanner(t, ""), Reader: reader, Directory: s.directory, Trust: s.Trust,
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

func TestWhatIsInQuarantineIsNotLost(t *testing.T) {
	s := newSinks(t)
	s.both(t, s.make("acme", 0, 3)...)
	conflict := s.make("acme", 1, 1)[0] // the id of another event
	refused := s.make("acme", 50, 1)[0]
	s.journal(t, conflict, refused)
	var hasher journal.Hasher
	for _, sum := range [][32]byte{{1}, {2}} {
		q := journal.Quarantined{Reason: record.ReasonMissingTenant, SHA256: hex.EncodeToString(sum[:])}
		entry, err := hasher.NewEntry(q.AppendLine(nil), "")
		require.NoError(t, err)
		_, err = s.writer.Append(t.Context(), []journal.Entry{entry})
		require.NoError(t, err)
	}
	s.attack(t,
		`INSERT INTO audit_quarantine (tenant_id, event_id, reason, sha256, otlp) VALUES ('acme', 'acme-1', 'conflict', sha256('x'), '')`,
		`INSERT INTO audit_quarantine (tenant_id, event_id, reason, sha256, otlp) VALUES ('acme', 'acme-50', 'refused_by_store', sha256('y'), '')`,
		`INSERT INTO audit_quarantine (reason, sha256, otlp) VALUES ('missing_tenant', '\x01`+strings.Repeat("00", 31)+`', '')`,
	)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Differ, report.Verdict)
	require.Len(t, report.Findings, 1)
	require.Equal(t, reconcile.QuarantineMissing, report.Findings[0].Kind)
	require.Equal(t, reconcile.Counts{JournalEntries: 5, StoreEvents: 3, Matched: 3, Conflicts: 1, Quarantined: 2}, report.Counts)
	s.attack(t, `DELETE FROM audit_quarantine WHERE event_id = 'acme-1'`)
	require.Equal(t, reconcile.Altered, kinds(s.reconcile(t))["acme-1"])
}

func TestWhatWasPrunedIsNotLost(t *testing.T) {
	s := newSinks(t)
	records := s.make("acme", 0, 10)
	s.both(t, records[:5]...)
	s.now = s.now.Add(time.Minute)
	s.both(t, records[5:]...)
	s.attack(t,
		fmt.Sprintf(`INSERT INTO audit_prunes (size, cutoff, deleted, epoch, tenant_id) VALUES (5, '%s', 5, 0, 'acme')`, s.now.Add(-time.Second).UTC().Format(time.RFC3339Nano)),
		`DELETE FROM audit_events WHERE seq < 5`,
		`INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash) SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE seq = 7`,
		`DELETE FROM audit_events WHERE seq IN (7, 8)`,
	)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Counts{JournalEntries: 10, StoreEvents: 3, Matched: 3, Pruned: 6}, report.Counts)
	require.Len(t, report.Findings, 1)
	require.Equal(t, reconcile.OnlyInJournal, report.Findings[0].Kind)
}

func TestWhatIsYoungOrOlderThanTheJournalIsNotJudged(t *testing.T) {
	s := newSinks(t)
	s.Write(t, s.make("acme", 0, 4)...)
	s.now = time.Now().Add(time.Second) // the journal begins
	s.Write(t, s.make(reconcile.SystemTenant, 0, 1)...)
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
	o.Directory = t.TempDir()
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
