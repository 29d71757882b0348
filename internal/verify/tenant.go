package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// tenantCheck verifies one tenant: each of its epochs, then its identities,
// which are those of all epochs. One goroutine; what runs in the pool only reads
// the fields above the line.
type tenantCheck struct {
	run     *run
	scanner *store.Scanner
	pool    *pool
	trust   *keys.Trust
	macs    *keys.MACRing
	tenant  string
	stream  string // of its origins
	sums    *identitySums

	// ----

	epochs     []int32
	epochRows  []store.EpochRow
	statements map[int32]merkle.EpochStatement // by the epoch that they open
	prunes     []store.PruneRow
	intents    []intent // announcements in the trees of _system, where this is it
	// announcements of removals of this tenant, from the tree of _system.
	announcements []intent
	logs          map[int32]*logCheck
	report        *Report
	ahead         *store.TenantAhead // nil where nothing was read ahead
}

func newTenantCheck(r *run, tenant string, epochs []int32) *tenantCheck {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &tenantCheck{
		run: r, scanner: r.scannerOf(tenant), announcements: r.announcedTo[tenant], pool: r.pool, trust: r.Trust, macs: r.MACs, tenant: tenant, stream: merkle.TenantStream(tenant),
		sums: newIdentitySums(), epochs: slices.Clone(epochs), statements: make(map[int32]merkle.EpochStatement),
		logs: make(map[int32]*logCheck), report: &Report{},
	}
	return t
}

func (t *tenantCheck) check(ctx context.Context) error {
	if err := t.readRemovals(ctx); err != nil {
		return err
	}
	t.addKnownEpochs()
	t.judgeEpochs()
	for _, epoch := range t.epochs {
		log := newLogCheck(t, epoch)
		t.logs[epoch] = log
		if err := log.check(ctx); err != nil {
			log.cover()
			return err
		}
	}
	for _, epoch := range t.epochs {
		t.intents = append(t.intents, t.logs[epoch].provenIntents()...)
	}
	if err := t.checkIdentities(ctx); err != nil {
		return err
	}
	for _, epoch := range t.epochs {
		if err := t.logs[epoch].finish(ctx); err != nil {
			return err
		}
	}
	if len(t.report.Findings) > 0 {
		// The next run looks at all of it again.
		for i := range t.report.Logs {
			t.report.Logs[i].note = nil
		}
	}
	return nil
}

// addKnownEpochs adds the epochs that only anchors or statements know.
func (t *tenantCheck) addKnownEpochs() {
	for _, o := range t.epochRows {
		t.epochs = append(t.epochs, o.Epoch)
	}
	t.epochs = append(t.epochs, t.run.anchors.epochs[t.stream]...)
	slices.Sort(t.epochs)
	t.epochs = slices.Compact(t.epochs)
}

// judgeEpochs holds the rows of audit_epochs against their statements.
func (t *tenantCheck) judgeEpochs() {
	for _, row := range t.epochRows {
		statement, err := t.judgeEpoch(row)
		if err != nil {
			t.find(Finding{Kind: EpochForged, Epoch: row.Epoch, Seq: -1, Until: -1, Detail: fmt.Sprintf("the statement that opens epoch %d does not count: %v", row.Epoch, err)})
			continue
		}
		t.statements[row.Epoch] = statement
		if statement.LostSize > statement.PreviousSize {
			t.notice(LossAcknowledged, fmt.Sprintf("epoch %d says that events %d to %d of %s are lost: %s",
				row.Epoch, statement.PreviousSize, statement.LostSize-1, statement.PreviousOrigin, statement.Reason))
		} else if statement.LostSize > 0 {
			t.notice(LossAcknowledged, fmt.Sprintf("epoch %d says that %s of %d events is not what the store held: %s",
				row.Epoch, statement.PreviousOrigin, statement.LostSize, statement.Reason))
		}
	}
}

func (t *tenantCheck) judgeEpoch(row store.EpochRow) (merkle.EpochStatement, error) {
	statement, err := openStatement(t.trust, row.Note)
	if err != nil {
		return statement, err
	}
	origin, err := merkle.ParseOrigin(statement.Origin)
	switch {
	case err != nil:
		return statement, err
	case origin.Stream != t.stream || origin.Epoch != row.Epoch:
		return statement, fmt.Errorf("it is about %s", statement.Origin)
	case statement.PreviousSize != row.PrevSize:
		return statement, fmt.Errorf("prev_size is %d, the statement says %d", row.PrevSize, statement.PreviousSize)
	case !statement.RecordedAt.Equal(row.RecordedAt):
		return statement, fmt.Errorf("recorded_at is %s, the statement says %s", timeText(row.RecordedAt), timeText(statement.RecordedAt))
	case statement.Reason != row.Reason:
		return statement, fmt.Errorf("the reason is not the one of the statement, %q", statement.Reason)
	}
	return statement, nil
}

// closing returns the statement that says where an epoch ended, if there is one.
func (t *tenantCheck) closing(epoch int32) (merkle.EpochStatement, bool) {
	for _, next := range t.epochs {
		statement, ok := t.statements[next]
		if !ok {
			continue
		}
		if origin, err := merkle.ParseOrigin(statement.PreviousOrigin); err == nil && origin.Epoch == epoch {
			return statement, true
		}
	}
	return merkle.EpochStatement{}, false
}

func openStatement(trust *keys.Trust, note []byte) (statement merkle.EpochStatement, err error) {
	err = trust.Statement(note, func(text string) (string, time.Time, error) {
		statement, err = merkle.ParseEpochStatement(text)
		return statement.Origin, statement.RecordedAt, err
	})
	return statement, err
}

func (t *tenantCheck) find(f Finding) {
	f.Tenant = t.tenant
	t.report.find(f)
}

func (t *tenantCheck) notice(kind NoticeKind, detail string) {
	t.report.Notices = append(t.report.Notices, Notice{Kind: kind, Tenant: t.tenant, Detail: detail})
}

// samePrunes reports whether retention did nothing while the tenant was checked.
func (t *tenantCheck) samePrunes(ctx context.Context) (bool, error) {
	now, err := t.scanner.Prunes(ctx, t.tenant)
	if err != nil || len(now) != len(t.prunes) {
		return false, err
	}
	for i := range now {
		if now[i].ID != t.prunes[i].ID {
			return false, nil
		}
	}
	return true, nil
}
