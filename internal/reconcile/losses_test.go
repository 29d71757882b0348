package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// rollBack takes the events of acme from seq 5 on out of the store, as a restore
// does.
const rollBack = `DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq >= 5;
	DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq >= 5;
	DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size > 5`

// rolledBack are two sinks of ten events of acme, in commits of five that are five
// minutes apart for the journal; the store lost the second one.
func rolledBack(t *testing.T) *sinks {
	t.Helper()
	s := newSinks(t)
	s.both(t, append(s.make("acme", 0, 5), s.make("other", 0, 3)...)...)
	s.now = s.now.Add(5 * time.Minute)
	s.both(t, s.make("acme", 5, 5)...)
	s.attack(t, rollBack)
	return s
}

// open signs an epoch with what the store has and what it lost, ten minutes after
// the last event, as otelaudit recover does.
func (s *sinks) open(t *testing.T, ring *keys.Ring, lost int64, change func(*merkle.EpochStatement)) {
	t.Helper()
	logs := s.Scanner(t, "")
	commits, err := logs.NewestCommit(t.Context(), store.LogName{Tenant: "acme"})
	require.NoError(t, err)
	statement := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(provetest.LogName, "acme", 1), PreviousOrigin: merkle.TenantOrigin(provetest.LogName, "acme", 0),
		PreviousSize: commits[0].Size, PreviousRoot: merkle.Hash(commits[0].Root), LostSize: lost,
		RecordedAt: s.now.Add(10 * time.Minute).UTC().Truncate(time.Microsecond), Reason: "restored from a backup",
	}
	if lost > 0 {
		statement.LostRoot = merkle.Hash{1}
	}
	if change != nil {
		change(&statement)
	}
	require.NoError(t, statement.Check())
	note, err := ring.Sign(statement.Text())
	require.NoError(t, err)
	s.attack(t, fmt.Sprintf(`INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES ('%s', %d, 1, 'acme', '%s', '%s')`,
		merkle.TimeText(statement.RecordedAt), statement.PreviousSize, statement.Reason, note))
}

func TestAnAcknowledgedLossIsNoAlarm(t *testing.T) {
	s := rolledBack(t)
	require.Len(t, s.reconcile(t).Findings, 5)
	s.open(t, s.Ring, 10, nil)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Agree, report.Verdict, "%+v", report.Findings)
	require.Equal(t, 0, report.ExitCode())
	require.Empty(t, report.Findings)
	require.Equal(t, reconcile.Counts{JournalEntries: 13, StoreEvents: 8, Matched: 8, LostAcknowledged: 5}, report.Counts)
	require.Len(t, report.Notices, 1)
	n := report.Notices[0]
	require.Contains(t, n.Detail, "of 5 events that were lost, seq 5 to 9 of "+merkle.TenantOrigin(provetest.LogName, "acme", 0))
	n.Detail = ""
	require.Equal(t, reconcile.Notice{
		Kind: reconcile.LostAcknowledged, Tenant: "acme", Epoch: 1, Lost: 5, Entries: 5, Reason: "restored from a backup",
		AcknowledgedAt: merkle.TimeText(s.now.Add(10 * time.Minute)),
	}, n)
	require.Len(t, report.Acknowledged, 5)
	for _, f := range report.Acknowledged {
		require.Regexp(t, `^acme-[5-9]$`, f.EventID)
		require.Positive(t, f.Line)
	}

	// A client that sent one of them twice, or sends it again now.
	records := s.make("acme", 5, 1)
	again, err := record.ParseCanonical(records[0].AppendCanonical(nil))
	require.NoError(t, err)
	s.journal(t, again)
	again.TimeUnixNano += 1e9
	s.journal(t, again)
	report = s.reconcile(t)
	require.Equal(t, reconcile.Differ, report.Verdict, "these have another content than the one that was lost")
}

// Each of these is beyond what the statement says, and stays a finding.
func TestALossExplainsNoMoreThanWasLost(t *testing.T) {
	stranger := provetest.NewKeys(t, "stranger")
	for name, test := range map[string]struct {
		change func(t *testing.T, s *sinks)
		grace  time.Duration
		found  []string // only in the journal
		lost   int64    // acknowledged
	}{
		"one event more": {
			change: func(t *testing.T, s *sinks) {
				s.open(t, s.Ring, 10, nil)
				s.attack(t, `DELETE FROM audit_events WHERE event_id = 'acme-4'`)
			},
			grace: time.Hour, found: []string{"acme-4"}, lost: 5,
		},
		"fewer lost than are missing": {
			change: func(t *testing.T, s *sinks) { s.open(t, s.Ring, 8, nil) },
			found:  []string{"acme-5", "acme-6"}, lost: 3,
		},
		"an event from before what was lost": {
			change: func(t *testing.T, s *sinks) {
				s.open(t, s.Ring, 20, nil)
				s.attack(t, `DELETE FROM audit_events WHERE event_id = 'acme-4'`)
			},
			found: []string{"acme-4"}, lost: 5,
		},
		"an event from after the statement": {
			change: func(t *testing.T, s *sinks) {
				s.open(t, s.Ring, 20, nil)
				s.now = s.now.Add(11 * time.Minute)
				s.journal(t, s.make("acme", 50, 1)...)
			},
			found: []string{"acme-50"}, lost: 5,
		},
		"another tenant's event": {
			change: func(t *testing.T, s *sinks) {
				s.open(t, s.Ring, 20, nil)
				s.journal(t, s.make("other", 50, 1)...)
			},
			found: []string{"other-50"}, lost: 5,
		},
		"a statement without a loss": {
			change: func(t *testing.T, s *sinks) { s.open(t, s.Ring, 0, nil) },
			found:  []string{"acme-5", "acme-6", "acme-7", "acme-8", "acme-9"},
		},
		"a stranger's statement": {
			change: func(t *testing.T, s *sinks) { s.open(t, stranger.Ring, 10, nil) },
			found:  []string{"acme-5", "acme-6", "acme-7", "acme-8", "acme-9"},
		},
		"another tenant's statement": {
			change: func(t *testing.T, s *sinks) {
				s.open(t, s.Ring, 10, func(e *merkle.EpochStatement) {
					e.Origin, e.PreviousOrigin = merkle.TenantOrigin(provetest.LogName, "other", 1), merkle.TenantOrigin(provetest.LogName, "other", 0)
				})
			},
			found: []string{"acme-5", "acme-6", "acme-7", "acme-8", "acme-9"},
		},
		"a store that went on in another way": {
			change: func(t *testing.T, s *sinks) { s.open(t, s.Ring, 4, nil) },
			found:  []string{"acme-5"}, lost: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := rolledBack(t)
			test.change(t, s)
			report := s.reconcile(t, func(o *reconcile.Options) { o.Grace = test.grace })
			require.Equal(t, 1, report.ExitCode())
			require.Equal(t, test.lost, report.Counts.LostAcknowledged)
			require.Len(t, report.Acknowledged, int(test.lost))
			var found []string
			for _, f := range report.Findings {
				require.Equal(t, reconcile.OnlyInJournal, f.Kind)
				require.NotRegexp(t, `^deleted|: deleted`, f.Detail)
				found = append(found, f.EventID)
			}
			require.Equal(t, test.found, found)
		})
	}
}

// A retry of a lost event is no second one.
func TestARetryOfALostEventIsCountedOnce(t *testing.T) {
	s := newSinks(t)
	s.both(t, s.make("acme", 0, 5)...)
	lost := s.make("acme", 5, 5)
	keyed := lost[4]
	keyed.IdempotencyKey = "charge-7"
	s.both(t, lost...)
	retry, err := record.ParseCanonical(lost[0].AppendCanonical(nil))
	require.NoError(t, err)
	retry.TimeUnixNano += 1e9
	underAnotherID, err := record.ParseCanonical(keyed.AppendCanonical(nil))
	require.NoError(t, err)
	underAnotherID.EventID = "acme-77"
	s.journal(t, retry, underAnotherID, lost[1])
	s.attack(t, rollBack)
	s.open(t, s.Ring, 10, nil)
	report := s.reconcile(t)
	require.Equal(t, reconcile.Agree, report.Verdict, "%+v", report.Findings)
	require.Equal(t, reconcile.Counts{JournalEntries: 13, StoreEvents: 5, Matched: 5, LostAcknowledged: 5, Retries: 3}, report.Counts)
}
