package reconcile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Options say what to compare. Scanner, Reader, Directories, Trust and Now are
// required; Scanner and Reader are of the auditor role.
type Options struct {
	Scanner *store.Scanner
	Reader  *store.Reader // for the quarantine
	Tenant  string        // "" for all
	// Directories are those of the journals: every collector keeps one of its own,
	// and an event is in the journal of the one that got it.
	Directories []string
	Trust       *keys.Trust // of the one log that is compared
	Anchors     [][]byte    // checkpoints that the journals are verified against

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

// Run compares the sinks. The journals are verified first, and read before the
// store, so that what is in them and not in the store had the time to get there.
// What the store says was removed is read after its events: what retention takes
// meanwhile is known then.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	r := &run{Options: o, started: o.Now(), report: &Report{Findings: []Finding{}, Notices: []Notice{}}}
	if r.Progress == nil {
		r.Progress = func(string, int64) {}
	}
	for i, directory := range o.Directories {
		if slices.ContainsFunc(o.Directories[:i], func(other string) bool { return sameDirectory(other, directory) }) {
			return nil, fmt.Errorf("%s: %w", directory, ErrTwice)
		}
		if err := r.verifyJournal(ctx, directory); err != nil {
			return nil, err
		}
	}
	if len(o.Directories) == 0 {
		return nil, ErrNoJournal
	}

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
	if r.byHash, err = newSpool(dir, "hashes"); err != nil {
		return nil, err
	}
	defer r.byHash.close()

	if changed, err := r.checkSchema(ctx); changed || err != nil {
		r.report.finish()
		return r.report, err
	}
	for _, step := range []func(context.Context) error{
		r.readJournals, r.readQuarantine, r.readStore, r.readRemovals, r.readLosses, r.matchIDs, r.matchKeys, r.matchHashes,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.tellLosses()
	r.report.finish()
	return r.report, nil
}

// ErrTwice is wrapped where a journal is named a second time.
var ErrTwice = errors.New("this journal is named twice")

func sameDirectory(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// run is one comparison.
type run struct {
	Options

	started time.Time
	report  *Report
	byID    *spool
	byKey   *spool
	byHash  *spool // leaves and digests: what was removed or is in quarantine, and what that has to explain

	first, last  int64               // times of the journals' batches, microseconds; 0 where there is none
	macKeys      map[string]struct{} // of the journals' MACs
	journalCount int64
	pruned       map[string]*pruned // by tenant
	losses       map[string][]*loss // by tenant, in the order of their epochs
	acknowledged map[happening]struct{}
}

// checkSchema asks whether the store answers from its tables: a view or a policy
// in front of them would answer as it likes.
func (r *run) checkSchema(ctx context.Context) (changed bool, err error) {
	changes, err := r.Scanner.SchemaChanges(ctx)
	if _, newer := errors.AsType[*store.NewerSchemaError](err); newer {
		r.report.find(Finding{Kind: Unreadable, Seq: -1, Detail: err.Error()})
		return false, nil
	}
	for _, change := range changes {
		r.report.find(Finding{Kind: SchemaChanged, Seq: -1, Detail: change})
	}
	return len(changes) > 0, err
}

// verifyJournal holds a journal against its own signatures: its word counts only
// where it is intact.
func (r *run) verifyJournal(ctx context.Context, directory string) error {
	verified, err := verify.Journal(ctx, verify.JournalOptions{Directory: directory, Trust: r.Trust, Anchors: r.Anchors})
	if err != nil {
		return err
	}
	r.report.Journals = append(r.report.Journals, Journal{Directory: directory, Verdict: string(verified.Verdict)})
	r.report.alarm = r.report.alarm || verified.Verdict == verify.Tampered
	r.report.unclear = r.report.unclear || verified.Verdict == verify.Incomplete
	if r.report.JournalVerdict == "" || verified.Verdict == verify.Tampered || r.report.JournalVerdict == string(verify.Intact) {
		r.report.JournalVerdict = string(verified.Verdict)
	}
	return nil
}

func (r *run) wants(tenant string) bool { return r.Tenant == "" || r.Tenant == tenant }

func (r *run) inWindow(at int64) bool {
	return (r.Since.IsZero() || at >= r.Since.UnixMicro()) && (r.Until.IsZero() || at < r.Until.UnixMicro())
}

// young reports whether an entry may still be on its way into the other sink.
func (r *run) young(at int64) bool { return at > r.started.Add(-r.Grace).UnixMicro() }

// readJournals spools every entry that a checkpoint covers.
func (r *run) readJournals(ctx context.Context) error {
	r.macKeys = make(map[string]struct{})
	for place := range r.Directories {
		r.first, r.last = 0, 0
		if err := r.readJournal(ctx, place); err != nil {
			return err
		}
		if r.first == 0 {
			continue
		}
		j := &r.report.Journals[place]
		j.From, j.Until = time.UnixMicro(r.first).UTC(), time.UnixMicro(r.last).UTC()
		if r.report.JournalFrom.IsZero() || j.From.Before(r.report.JournalFrom) {
			r.report.JournalFrom = j.From
		}
		if j.Until.After(r.report.JournalUntil) {
			r.report.JournalUntil = j.Until
		}
	}
	r.first = 0
	if !r.report.JournalFrom.IsZero() {
		r.first = r.report.JournalFrom.UnixMicro()
	}
	return nil
}

func (r *run) readJournal(ctx context.Context, place int) error {
	directory, err := journal.ReadDirectory(r.Directories[place])
	if err != nil {
		return err
	}
	if len(directory.Segments) == 0 {
		return fmt.Errorf("%s: %w", r.Directories[place], ErrNoJournal)
	}
	b := &journalBatch{run: r, place: int64(place)}
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
	return nil
}

// ErrNoJournal is a directory without a segment.
var ErrNoJournal = errors.New("no journal: the directory has no segment")

// journalBatch collects entries until the checkpoint that covers them, which is
// what acknowledged them and says when.
type journalBatch struct {
	run    *run
	place  int64 // of the journal
	items  []item
	places []int64 // of the items, in the journal's tree
	marked []item
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
			b.unreadable(line, err)
			return nil
		}
		if !b.run.wants(rec.TenantID) {
			return nil
		}
		i := item{
			side: inJournal, tenant: rec.TenantID, eventID: rec.EventID, leaf: line.Leaf(), fingerprint: rec.Fingerprint(),
			seq: line.Segment, line: int64(line.Number), place: b.place,
		}
		if rec.BindsKey() {
			i.key = rec.IdempotencyKey
		}
		b.items, b.places = append(b.items, i), append(b.places, line.Index)
	case journal.QuarantineEntry:
		q, err := line.Quarantine()
		if err != nil {
			b.unreadable(line, err)
			return nil
		}
		if b.run.wants(q.TenantID) {
			m := item{side: inMarked, tenant: q.TenantID, eventID: q.EventID, key: q.Reason, seq: line.Segment, line: int64(line.Number), place: b.place}
			if err := decodeDigest(q.SHA256, &m.leaf); err != nil {
				return err
			}
			if len(q.OTLP) > 0 {
				m.fingerprint = sha256.Sum256(q.OTLP)
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
		b.marked[i].at = at
		if err := r.byHash.addHash(&b.marked[i]); err != nil {
			return err
		}
	}
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

func (b *journalBatch) unreadable(line *journal.Line, err error) {
	b.bad = append(b.bad, Finding{
		Kind: Unreadable, Seq: -1, Journal: b.run.nameOf(b.place), File: line.File, Line: int64(line.Number), Detail: err.Error(),
	})
}

// nameOf is the directory of a journal where there are several.
func (r *run) nameOf(place int64) string {
	if len(r.Directories) < 2 {
		return ""
	}
	return r.Directories[place]
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

// readQuarantine keeps which rows the store has in quarantine, resolved or not:
// by the identity that each claims, and by its hash. What a row holds is looked
// at when it has something to explain.
func (r *run) readQuarantine(ctx context.Context) error {
	filter := store.QuarantineFilter{Tenant: r.Tenant, Resolved: true, Limit: store.MaxLimit}
	for {
		page, err := r.Reader.QuarantineList(ctx, filter)
		if err != nil {
			return err
		}
		for i := range page.Records {
			q := &page.Records[i]
			row := &item{side: inQuarantine, tenant: q.TenantID, eventID: q.EventID, key: q.Reason, at: q.ReceivedAt.UnixMicro(), seq: q.ID}
			if copy(row.leaf[:], q.SHA256) == len(row.leaf) {
				if err := r.byHash.addHash(row); err != nil {
					return err
				}
			}
			if q.TenantID == "" || q.EventID == "" {
				continue
			}
			if err := r.byID.add(q.TenantID, q.EventID, row); err != nil {
				return err
			}
		}
		if filter.Before = page.Next; page.Next == 0 {
			return nil
		}
	}
}

// readStore spools every event, recomputed from its columns.
func (r *run) readStore(ctx context.Context) error {
	logs, err := r.Scanner.Logs(ctx)
	if err != nil {
		return err
	}
	count := int64(0)
	for _, name := range logs {
		if !r.wants(name.Tenant) {
			continue
		}
		if err := r.readLog(ctx, name, &count); err != nil {
			return err
		}
	}
	return nil
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
		r.report.find(i.finding(r, Unreadable, err.Error()))
		return nil
	}
	i.leaf, i.fingerprint = hashes.Leaf, hashes.Fingerprint
	if hashes.BindsKey {
		i.key = row.IdempotencyKey()
	}
	return r.spool(&i)
}
