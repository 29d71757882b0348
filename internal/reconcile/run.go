package reconcile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Options say what to compare. Scanner, Reader, Directory, Trust and Now are
// required; Scanner and Reader are of the auditor role.
type Options struct {
	Scanner   *store.Scanner
	Reader    *store.Reader // for the quarantine
	Tenant    string        // "" for all
	Directory string        // of the journal
	Trust     *keys.Trust
	Anchors   [][]byte // checkpoints that the journal is verified against

	// Since <= t < Until is the window of what is reported, by recorded_at in
	// the store and by the time of the batch in the journal; zero is open. Both
	// sinks are read whole: an event may stand on either side of a bound.
	Since, Until time.Time
	// Grace is how young an entry may be that is in one sink only: the other may
	// be about to get it.
	Grace time.Duration

	TempDir  string // for the buckets; "" is that of the system
	Now      func() time.Time
	Progress func(what string, done int64)
}

// SystemTenant is the tenant that the command line writes for, past the
// journal.
const SystemTenant = "_system"

// Run compares the sinks. The journal is verified first, and read before the
// store, so that what is in it and not in the store had the time to get there.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	r := &run{Options: o, started: o.Now(), report: &Report{Findings: []Finding{}}}
	if r.Progress == nil {
		r.Progress = func(string, int64) {}
	}
	verified, err := verify.Journal(ctx, verify.JournalOptions{Directory: o.Directory, Trust: o.Trust, Anchors: o.Anchors})
	if err != nil {
		return nil, err
	}
	r.report.JournalVerdict = string(verified.Verdict)
	r.report.alarm = verified.Verdict == verify.Tampered
	r.report.unclear = verified.Verdict == verify.Incomplete

	dir, err := os.MkdirTemp(o.TempDir, "otelaudit-reconcile-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if r.byID, err = newSpool(dir, "ids"); err != nil {
		return nil, err
	}
	defer r.byID.close()
	if r.byKey, err = newSpool(dir, "keys"); err != nil {
		return nil, err
	}
	defer r.byKey.close()

	for _, step := range []func(context.Context) error{r.readJournal, r.readQuarantine, r.readStore, r.matchIDs, r.matchKeys} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.report.finish()
	return r.report, nil
}

// run is one comparison.
type run struct {
	Options

	started     time.Time
	report      *Report
	byID, byKey *spool

	first, last  int64                 // times of the journal's batches, microseconds; 0 where it has none
	quarantined  map[[32]byte]struct{} // SHA-256 of what the store has in quarantine
	marked       []marked              // quarantine entries of the journal
	cutoffs      map[string]int64      // of each tenant's last prune
	removed      map[[32]byte]struct{} // leaves of events removed one by one
	macKeys      map[string]struct{}   // of the journal's MACs
	journalCount int64
}

// marked is a quarantine entry of the journal.
type marked struct {
	sha256 [32]byte
	item   item
	reason string
}

func (r *run) wants(tenant string) bool { return r.Tenant == "" || r.Tenant == tenant }

func (r *run) inWindow(at int64) bool {
	return (r.Since.IsZero() || at >= r.Since.UnixMicro()) && (r.Until.IsZero() || at < r.Until.UnixMicro())
}

// young reports whether an entry may still be on its way into the other sink.
func (r *run) young(at int64) bool { return at > r.started.Add(-r.Grace).UnixMicro() }

// readJournal spools every entry that a checkpoint covers.
func (r *run) readJournal(ctx context.Context) error {
	directory, err := journal.ReadDirectory(r.Directory)
	if err != nil {
		return err
	}
	if len(directory.Segments) == 0 {
		return fmt.Errorf("%s: %w", r.Directory, ErrNoJournal)
	}
	r.macKeys = make(map[string]struct{})
	b := &journalBatch{run: r}
	for line, err := range directory.Lines() {
		if err != nil {
			return err
		}
		if err := b.take(line); err != nil {
			return err
		}
		r.journalCount++
		if r.journalCount%4096 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.Progress("journal", r.journalCount)
		}
	}
	if r.first != 0 {
		r.report.JournalFrom, r.report.JournalUntil = time.UnixMicro(r.first).UTC(), time.UnixMicro(r.last).UTC()
	}
	return nil
}

// ErrNoJournal is a directory without a segment.
var ErrNoJournal = errors.New("no journal: the directory has no segment")

// journalBatch collects entries until the checkpoint that covers them, which is
// what acknowledged them and says when.
type journalBatch struct {
	run    *run
	items  []item
	places []int64 // of the items, in the journal's tree
	marked []marked
	bad    []Finding
}

func (b *journalBatch) take(line *journal.Line) error {
	switch line.Kind {
	case journal.HeaderLine:
		b.reset() // what stands behind the last checkpoint of a segment was not acknowledged
	case journal.CheckpointEnd:
		return b.end(line.Checkpoint)
	case journal.RecordEntry:
		rec, err := line.Record()
		if err != nil {
			b.bad = append(b.bad, Finding{Kind: Unreadable, Seq: -1, File: line.File, Line: int64(line.Number), Detail: err.Error()})
			return nil //nolint:nilerr // it is a finding
		}
		if !b.run.wants(rec.TenantID) {
			return nil
		}
		i := item{
			side: inJournal, tenant: rec.TenantID, eventID: rec.EventID, leaf: line.Leaf(), fingerprint: rec.Fingerprint(),
			seq: line.Segment, line: int64(line.Number),
		}
		if rec.BindsKey() {
			i.key = rec.IdempotencyKey
		}
		b.items, b.places = append(b.items, i), append(b.places, line.Index)
	case journal.QuarantineEntry:
		q, err := line.Quarantine()
		if err != nil {
			b.bad = append(b.bad, Finding{Kind: Unreadable, Seq: -1, File: line.File, Line: int64(line.Number), Detail: err.Error()})
			return nil //nolint:nilerr // it is a finding
		}
		if b.run.wants(q.TenantID) {
			m := marked{reason: q.Reason, item: item{side: inJournal, tenant: q.TenantID, eventID: q.EventID, seq: line.Segment, line: int64(line.Number)}}
			if err := decodeDigest(q.SHA256, &m.sha256); err != nil {
				return err
			}
			b.marked = append(b.marked, m)
		}
	default: // seals; damage, which verifying reported
	}
	return nil
}

func (b *journalBatch) end(checkpoint *journal.Checkpoint) error {
	r := b.run
	at := checkpoint.Parsed.RecordedAt.UnixMicro()
	if r.first == 0 {
		r.first = at
	}
	r.last = max(r.last, at)
	for i := range b.items {
		b.items[i].at, b.items[i].mac = at, checkpoint.MACs[b.places[i]]
		if b.items[i].mac != "" {
			r.macKeys[macKey(b.items[i].mac)] = struct{}{}
		}
		if err := r.spool(&b.items[i]); err != nil {
			return err
		}
	}
	for i := range b.marked {
		b.marked[i].item.at = at
	}
	r.marked = append(r.marked, b.marked...)
	for _, f := range b.bad {
		f.RecordedAt = timeText(at)
		r.report.find(f)
	}
	b.reset()
	return nil
}

func (b *journalBatch) reset() {
	b.items, b.places, b.marked, b.bad = b.items[:0], b.places[:0], b.marked[:0], b.bad[:0]
}

// spool keeps an item under each of its identities.
func (r *run) spool(i *item) error {
	if r.inWindow(i.at) {
		if i.side == inJournal {
			r.report.Counts.JournalEntries++
		} else {
			r.report.Counts.StoreEvents++
		}
	}
	if err := r.byID.add(i.tenant, i.eventID, i); err != nil {
		return err
	}
	if i.key == "" {
		return nil
	}
	return r.byKey.add(i.tenant, i.key, i)
}

// readQuarantine keeps what the store has in quarantine, resolved or not: by
// the identity that it claims, and by its hash.
func (r *run) readQuarantine(ctx context.Context) error {
	r.quarantined = make(map[[32]byte]struct{})
	filter := store.QuarantineFilter{Tenant: r.Tenant, Resolved: true, Limit: store.MaxLimit}
	for {
		page, err := r.Reader.QuarantineList(ctx, filter)
		if err != nil {
			return err
		}
		for i := range page.Records {
			q := &page.Records[i]
			if len(q.SHA256) == 32 {
				r.quarantined[[32]byte(q.SHA256)] = struct{}{}
			}
			if q.TenantID == "" || q.EventID == "" {
				continue
			}
			claim := &item{side: inQuarantine, tenant: q.TenantID, eventID: q.EventID, key: q.Reason, at: q.ReceivedAt.UnixMicro()}
			if err := r.byID.add(q.TenantID, q.EventID, claim); err != nil {
				return err
			}
		}
		if filter.Before = page.Next; page.Next == 0 {
			break
		}
	}
	for i := range r.marked {
		m := &r.marked[i]
		_, found := r.quarantined[m.sha256]
		switch {
		case !r.inWindow(m.item.at):
		case found:
			r.report.Counts.Quarantined++
		case r.young(m.item.at):
			r.report.Counts.UnderWay++
		default:
			r.report.find(m.item.finding(QuarantineMissing, "the store's quarantine does not have it; its reason was "+m.reason))
		}
	}
	return nil
}

// readStore spools every event, recomputed from its columns, and notes what
// retention removed.
func (r *run) readStore(ctx context.Context) error {
	logs, err := r.Scanner.Logs(ctx)
	if err != nil {
		return err
	}
	r.cutoffs, r.removed = make(map[string]int64), make(map[[32]byte]struct{})
	tenant, count := "", int64(0)
	for _, name := range logs {
		if !r.wants(name.Tenant) {
			continue
		}
		if name.Tenant != tenant {
			tenant = name.Tenant
			prunes, err := r.Scanner.Prunes(ctx, tenant)
			if err != nil {
				return err
			}
			for i := range prunes {
				r.cutoffs[tenant] = max(r.cutoffs[tenant], prunes[i].Cutoff.UnixMicro())
			}
		}
		if err := r.readRemoved(ctx, name); err != nil {
			return err
		}
		if err := r.readLog(ctx, name, &count); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) readRemoved(ctx context.Context, name store.LogName) error {
	const page = 1000
	for after := int64(-1); ; {
		leaves, err := r.Scanner.PrunedLeaves(ctx, name, after, page)
		if err != nil || len(leaves) == 0 {
			return err
		}
		for _, l := range leaves {
			r.removed[l.Leaf], after = struct{}{}, l.Seq
		}
	}
}

func (r *run) readLog(ctx context.Context, name store.LogName, count *int64) error {
	var page store.EventPage
	var hasher store.RowHasher
	after, limit := store.BeforeSeq(0), int32(store.FirstLimit)
	for {
		if err := r.Scanner.Events(ctx, name, after, 1<<62, limit, &page); err != nil {
			return err
		}
		if page.Len() == 0 {
			return nil
		}
		for i := range page.Len() {
			row := page.Row(i)
			after = store.EventKey{Seq: row.Seq(), RecordedAt: row.RecordedAt()}
			if err := r.readRow(name, row, &hasher); err != nil {
				return err
			}
		}
		*count += int64(page.Len())
		limit = page.NextLimit()
		r.Progress("store", *count)
	}
}

func (r *run) readRow(name store.LogName, row store.EventRow, hasher *store.RowHasher) error {
	i := item{side: inStore, tenant: name.Tenant, eventID: row.EventID(), at: row.RecordedAt(), epoch: name.Epoch, seq: row.Seq(), mac: row.MAC()}
	hashes, err := hasher.Hash(row)
	if err != nil {
		r.report.find(i.finding(Unreadable, err.Error()))
		return nil
	}
	i.leaf, i.fingerprint = hashes.Leaf, hashes.Fingerprint
	if hashes.BindsKey {
		i.key = row.IdempotencyKey()
	}
	return r.spool(&i)
}
