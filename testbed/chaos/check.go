package chaos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/metrics"
	"github.com/otelaudit/otelaudit/testbed/reconcile"
)

// settle waits until what was acknowledged has reached PostgreSQL and the queues
// are empty. What was not acknowledged may be stored too, so no number of events
// says that; and what of the acknowledged is known to be gone is not waited for.
func (l *Lab) settle(ctx context.Context, ledgers map[string]clientLedger) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, l.Database.Auditor)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		settled, err := l.settled(ctx, conn, ledgers)
		if settled || ctx.Err() != nil { // the reckoning says what is lost
			return nil
		}
		if err != nil {
			return err
		}
		_ = sleep(ctx, 50*time.Millisecond)
	}
}

func (l *Lab) settled(ctx context.Context, conn *pgx.Conn, ledgers map[string]clientLedger) (bool, error) {
	for run, ledger := range ledgers {
		report, err := reconcile.Reckon(ctx, conn, run, ledger.Ledger)
		if err != nil {
			return false, err
		}
		for _, marker := range report.Lost {
			if !l.gone[marker] {
				return false, nil
			}
		}
	}
	for _, n := range l.Nodes {
		if n.Mode != DurableQueue {
			continue
		}
		now, err := metrics.Fetch(ctx, n.Metrics)
		if err != nil || now.Sum("otelcol_exporter_queue_size") > 0 {
			return false, err
		}
	}
	return true, nil
}

// check reckons what clients know with the store, the quarantine and the
// journals, and verifies all of them. What it finds is counted in the row.
func (l *Lab) check(ctx context.Context, row *Row, ledgers map[string]clientLedger) error {
	conn, err := pgx.Connect(ctx, l.Database.Auditor)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, run := range slices.Sorted(maps.Keys(ledgers)) {
		report, err := reconcile.Reckon(ctx, conn, run, ledgers[run].Ledger)
		if err != nil {
			return err
		}
		row.reckoned(report, ledgers[run], l.gone)
	}
	found, err := reconcile.Inconsistencies(ctx, conn)
	if err != nil {
		return err
	}
	row.find(found...)
	trust, err := keys.LoadTrust(l.Keys.Trust)
	if err != nil {
		return err
	}
	if err := l.verifyStore(ctx, row, trust); err != nil {
		return err
	}
	return l.checkJournals(ctx, row, trust, ledgers)
}

func (l *Lab) verifyStore(ctx context.Context, row *Row, trust *keys.Trust) error {
	report, err := l.verified(ctx, trust)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		row.find(fmt.Sprintf("the store: %+v", f))
	}
	if len(report.Findings) == 0 && report.Verdict != verify.Intact {
		row.find(fmt.Sprintf("the store is %s: %v", report.Verdict, report.Unchecked))
	}
	return nil
}

// verified is what verify says of the store with the anchors of all collectors.
func (l *Lab) verified(ctx context.Context, trust *keys.Trust) (*verify.Report, error) {
	var anchors [][]byte
	for _, n := range l.Nodes {
		notes, err := anchor.ReadFile(filepath.Join(n.data(), "anchors"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		anchors = append(anchors, notes...)
	}
	return verify.Store(ctx, verify.Options{Database: store.Options{URL: l.Database.Auditor}, Trust: trust, Anchors: anchors})
}

// checkJournals verifies every journal, and looks in all of them for what was
// acknowledged: with the journal required, that is everything.
func (l *Lab) checkJournals(ctx context.Context, row *Row, trust *keys.Trust, ledgers map[string]clientLedger) error {
	journaled := map[string]bool{}
	kept := false
	for _, n := range l.Nodes {
		if n.Journal() == "" {
			continue
		}
		kept = true
		notes, err := anchor.ReadFile(filepath.Join(n.data(), "journal-anchors"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		report, err := verify.Journal(ctx, verify.JournalOptions{Directory: n.Journal(), Trust: trust, Anchors: notes})
		if err != nil {
			return err
		}
		for _, f := range report.Findings {
			row.find(fmt.Sprintf("the journal %s: %+v", n.Journal(), f))
		}
		if err := readMarkers(n.Journal(), journaled); err != nil {
			return err
		}
	}
	if !kept {
		return nil
	}
	for _, ledger := range ledgers {
		for marker, fate := range ledger.Fates() {
			if fate == loadgen.Acknowledged && !journaled[marker] {
				row.lose(marker + " is not in a journal")
			}
		}
	}
	return nil
}

func readMarkers(directory string, into map[string]bool) error {
	dir, err := journal.ReadDirectory(directory)
	if err != nil {
		return err
	}
	for line, err := range dir.Lines() {
		if err != nil {
			return err
		}
		if !line.IsEntry() {
			continue
		}
		record, err := line.Record()
		if err != nil {
			return err
		}
		into[record.TargetID()] = true
	}
	return nil
}
