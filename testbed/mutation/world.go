package mutation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// shape is what a store has been through before it is attacked.
type shape struct {
	rotated   bool // the log's key was rotated between the batches
	restarted bool // the writer came up anew between the batches
	epoch     bool // one tenant has lost a tail and goes on in epoch 1
	pruned    bool // one tenant's first commits were removed by retention
	selective bool // one event was removed on its own and its leaf kept
	macs      bool // events carry origin MACs, made with two keys
	refused   bool // a record that could not become an event is in quarantine
	announced bool // a client has told the log of removals, which authorizes none
	recovered bool // the journal was continued in a second epoch
}

// world is a store of some shape, the journal beside it, and what a verifier
// keeps elsewhere.
type world struct {
	lab   *Lab
	rng   *rand.Rand
	shape shape

	tenants   []string // those of applications
	special   struct{ epoch, pruned, selective, announced string }
	canonical map[[2]string]string // by tenant and event id
	said      announcement
	batches   []journalBatch
	ring      *keys.Ring // that signs last
	records   int
	commits   []string // every note that was ever committed, in order
	lost      []string // notes of what an epoch gave up

	im           *image   // the store, before it is attacked
	journal      string   // directory
	journalNotes []string // the checkpoint of each batch
}

// journalBatch is what one request brought, and when.
type journalBatch struct {
	at      time.Time
	entries []journalEntry
}

type journalEntry struct {
	canonical string
	mac       string
}

// announcement is what a client said of removals in its own tenant's tree.
type announcement struct {
	prune    string // id of the event that names a size
	boundary int64  // that size: of the first commit
	removal  string // id of the event that names a seq
	seq      int64
}

// build makes a store and a journal of a random shape.
func (l *Lab) build(ctx context.Context, rng *rand.Rand, s shape) (*world, error) {
	w := &world{lab: l, rng: rng, shape: s, canonical: map[[2]string]string{}, ring: l.keyRing[0]}
	for i := range 2 + rng.IntN(3) {
		w.tenants = append(w.tenants, fmt.Sprintf("%s-%d", pick(rng, "acme", "globex", "Ümlaut GmbH", "a/b"), i))
	}
	order := rng.Perm(len(w.tenants))
	w.special.pruned, w.special.epoch = w.tenants[order[0]], w.tenants[order[1]]
	w.special.selective = w.tenants[order[len(order)-1]]
	w.special.announced = pick(rng, w.tenants...)
	if err := l.Clear(ctx); err != nil {
		return nil, err
	}
	last := w.lastMonth()
	if err := replace(ctx, l.conn, &image{}, last); err != nil {
		return nil, fmt.Errorf("write the last month: %w", err)
	}
	w.said.boundary = last.commitsOf(logID{w.special.announced, 0})[0].size
	for _, step := range []func(context.Context) error{w.thisMonth, w.announce, w.retention, w.quarantine} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	var err error
	if w.im, err = readImage(ctx, l.conn, w.canonical); err != nil {
		return nil, err
	}
	w.journal = filepath.Join(l.Dir, "journal")
	if err := os.RemoveAll(w.journal); err != nil {
		return nil, err
	}
	w.journalNotes, err = w.writeJournal(ctx, journalName, w.batches)
	return w, err
}

// next makes a record and remembers it; it is not in any sink yet.
func (w *world) next(tenant string) *record.Record {
	w.records++
	rec := recordOf(w.rng, tenant, eventID(w.records))
	w.canonical[[2]string{tenant, rec.EventID}] = canonicalOf(rec)
	return rec
}

// mac is what an edge would have made for a record, "" where the shape has none.
func (w *world) mac(canonical string) string {
	if !w.shape.macs {
		return ""
	}
	return w.lab.macSigners[w.records%2].Sign(leafOf(canonical))
}

// lastMonth makes commits as a writer made them last month: nobody can give the
// writer another server's clock.
func (w *world) lastMonth() *image {
	im := &image{}
	at := w.lab.months[0].Add(time.Hour)
	for range 2 + w.rng.IntN(2) {
		for _, tenant := range w.tenants {
			at = at.Add(time.Duration(1+w.rng.IntN(1e9)) * time.Microsecond)
			w.batch(im, logID{tenant, 0}, at, 1+w.rng.IntN(5), true)
		}
	}
	if w.shape.epoch {
		w.loseTail(im, at)
	}
	return im
}

// batch is one commit in an image, and one batch in the journal if it is kept.
func (w *world) batch(im *image, log logID, at time.Time, n int, journaled bool) {
	var texts []string
	var entries []journalEntry
	for range n {
		texts = append(texts, canonicalOf(w.next(log.tenant)))
	}
	im.grow(log, at, texts...)
	for i := len(im.events) - n; i < len(im.events); i++ {
		im.events[i].mac = w.mac(im.events[i].canonical)
		entries = append(entries, journalEntry{im.events[i].canonical, im.events[i].mac})
	}
	c := &im.commits[len(im.commits)-1]
	c.sign(w.ring)
	if journaled {
		w.batches = append(w.batches, journalBatch{at, entries})
		w.commits = append(w.commits, c.note)
	}
}

// loseTail is a restore that lost a tenant's last commits, and the epoch that an
// operator opened then.
func (w *world) loseTail(im *image, at time.Time) {
	log := logID{w.special.epoch, 0}
	commits := im.commitsOf(log)
	end := *commits[len(commits)-1]
	w.batch(im, log, at.Add(time.Second), 1+w.rng.IntN(3), false)
	lost := im.commits[len(im.commits)-1]
	w.lost = append(w.lost, lost.note)
	im.cut(log, end.size)
	statement := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(logName, log.tenant, 1), PreviousOrigin: merkle.TenantOrigin(logName, log.tenant, 0),
		PreviousSize: end.size, PreviousRoot: merkle.Hash([]byte(end.root)), LostSize: lost.size, LostRoot: merkle.Hash([]byte(lost.root)),
		RecordedAt: at.Add(time.Minute), Reason: "restored from the backup of Sunday",
	}
	im.epochs = append(im.epochs, epochRow{log.tenant, 1, end.size, statement.RecordedAt, statement.Reason, signed(w.ring, statement.Text())})
}

// statement is what an epoch's note says.
func (w *world) statement(note string) (merkle.EpochStatement, error) {
	var s merkle.EpochStatement
	err := w.lab.trust.Statement([]byte(note), func(text string) (string, time.Time, error) {
		var err error
		s, err = merkle.ParseEpochStatement(text)
		return s.Origin, s.RecordedAt, err
	})
	return s, err
}

// thisMonth writes through the store's own writer, with duplicates among the
// batches, and with a rotation and restarts in between.
func (w *world) thisMonth(ctx context.Context) error {
	w.lab.sealer.restart(w)
	batches := 2 + w.rng.IntN(3)
	for i := range batches {
		if w.shape.rotated && i > 0 {
			w.ring = w.lab.keyRing[min(i, 2)]
			if _, err := w.system(ctx, "audit.key.rotate"); err != nil {
				return err
			}
		}
		if w.shape.restarted || w.shape.rotated {
			w.lab.sealer.restart(w)
		}
		var records []*record.Record
		for _, tenant := range w.tenants {
			for range w.rng.IntN(5) {
				records = append(records, w.next(tenant))
			}
		}
		if i == 0 || len(records) == 0 { // every tenant's head is of this month
			for _, tenant := range w.tenants {
				records = append(records, w.next(tenant))
			}
		}
		if err := w.write(ctx, records, true); err != nil {
			return err
		}
	}
	return nil
}

// system is what the command line writes: into the log of _system, and into no
// journal.
func (w *world) system(ctx context.Context, action string, payload ...record.Member) (id string, err error) {
	rec := w.speak(record.SystemTenant, action, payload...)
	return rec.EventID, w.write(ctx, []*record.Record{rec}, false)
}

// speak makes an event about the log itself.
func (w *world) speak(tenant, action string, payload ...record.Member) *record.Record {
	w.records++
	rec := systemRecord(tenant, eventID(w.records), action, payload...)
	w.canonical[[2]string{tenant, rec.EventID}] = canonicalOf(rec)
	return rec
}

// announce has a client send events of the action that announces removals, as
// anybody can who may write to a tenant.
func (w *world) announce(ctx context.Context) error {
	if !w.shape.announced {
		return nil
	}
	tenant := w.special.announced
	w.said.seq = w.rng.Int64N(w.said.boundary)
	prune := w.speak(tenant, pruneAction, prunePayload(logID{tenant, 0}, w.said.boundary)...)
	removal := w.speak(tenant, pruneAction, removalPayload(logID{tenant, 0}, w.said.seq)...)
	w.said.prune, w.said.removal = prune.EventID, removal.EventID
	return w.write(ctx, []*record.Record{prune, removal}, true)
}

const pruneAction = "audit.prune"

// prunePayload announces that the events before a size go.
func prunePayload(log logID, size int64) []record.Member {
	return []record.Member{
		{Name: "tenant", Value: record.StringValue(log.tenant)}, {Name: "epoch", Value: number(int64(log.epoch))}, {Name: "size", Value: number(size)},
	}
}

// removalPayload announces that one event goes.
func removalPayload(log logID, seq int64) []record.Member {
	return []record.Member{
		{Name: "tenant", Value: record.StringValue(log.tenant)},
		{Name: "epoch", Value: number(int64(log.epoch))},
		{Name: "seqs", Value: record.ArrayValue([]record.Value{number(seq)})},
	}
}

// write stores records and, some of them, a second time.
func (w *world) write(ctx context.Context, records []*record.Record, journaled bool) error {
	var encoder store.Encoder
	events := make([]*store.Event, 0, 2*len(records))
	entries := make([]journalEntry, 0, len(records))
	for _, rec := range records {
		canonical := canonicalOf(rec)
		mac := ""
		if rec.TenantID != record.SystemTenant {
			mac = w.mac(canonical)
		}
		for range 1 + w.rng.IntN(6)/5 {
			event, err := encoder.Encode(rec, mac)
			if err != nil {
				return err
			}
			events = append(events, &event)
		}
		entries = append(entries, journalEntry{canonical, mac})
	}
	if journaled {
		w.batches = append(w.batches, journalBatch{w.lab.now(), entries})
	}
	outcomes := make([]store.Outcome, len(events))
	if err := w.lab.writer.Write(ctx, events, outcomes); err != nil {
		return err
	}
	for i, o := range outcomes {
		if o.Status != store.Stored && o.Status != store.Duplicate {
			return fmt.Errorf("tenant %q: event %q became %d: %w", events[i].TenantID, events[i].EventID, o.Status, o.Cause)
		}
	}
	return nil
}

// retention removes what the shape says, framed by events as a prune frames it.
func (w *world) retention(ctx context.Context) error {
	if w.shape.pruned {
		if err := w.prune(ctx); err != nil {
			return err
		}
	}
	if w.shape.selective {
		return w.removeOne(ctx)
	}
	return nil
}

func (w *world) prune(ctx context.Context) error {
	before, err := readImage(ctx, w.lab.conn, w.canonical)
	if err != nil {
		return err
	}
	log := logID{w.special.pruned, 0}
	boundary := *before.commitsOf(log)[0]
	intent, err := w.system(ctx, pruneAction, prunePayload(log, boundary.size)...)
	if err != nil {
		return err
	}
	if before, err = readImage(ctx, w.lab.conn, w.canonical); err != nil {
		return err
	}
	after := before.clone()
	pruneTo(after, boundary, intent)
	return replace(ctx, w.lab.conn, before, after)
}

// pruneTo removes what a commit and those before it hold.
func pruneTo(im *image, boundary commitRow, intent string) {
	im.remove(func(e *eventRow) bool {
		return e.tenant == boundary.tenant && e.epoch == boundary.epoch && e.seq < boundary.size
	})
	im.prunes = append(im.prunes, pruneRow{
		tenant: boundary.tenant, epoch: boundary.epoch, size: boundary.size, cutoff: boundary.at.Add(time.Microsecond), deleted: boundary.size,
		intent: intent, root: boundary.root, frontier: boundary.frontier, note: boundary.note,
	})
}

func (w *world) removeOne(ctx context.Context) error {
	before, err := readImage(ctx, w.lab.conn, w.canonical)
	if err != nil {
		return err
	}
	log := logID{w.special.selective, 0}
	start, _ := before.start(log)
	events := slices.DeleteFunc(before.eventsOf(log), func(e *eventRow) bool { return e.seq < start })
	gone := *events[w.rng.IntN(len(events))]
	if _, err := w.system(ctx, pruneAction, removalPayload(log, gone.seq)...); err != nil {
		return err
	}
	if before, err = readImage(ctx, w.lab.conn, w.canonical); err != nil {
		return err
	}
	after := before.clone()
	after.remove(func(e *eventRow) bool { return e.tenant == gone.tenant && e.epoch == gone.epoch && e.seq == gone.seq })
	after.survived = append(after.survived, leafRow{gone.tenant, gone.epoch, gone.seq, gone.at, gone.leaf})
	return replace(ctx, w.lab.conn, before, after)
}

// quarantine keeps a record in both sinks that could not become an event.
func (w *world) quarantine(ctx context.Context) error {
	if !w.shape.refused {
		return nil
	}
	tenant, otlp := w.tenants[0], []byte("a record as OTLP")
	q := store.Quarantined{TenantID: tenant, Reason: record.ReasonMalformed, Detail: "no action", Encoding: "protobuf", OTLP: otlp, SHA256: sha256.Sum256(otlp)}
	line := (&journal.Quarantined{TenantID: tenant, Reason: q.Reason, Detail: q.Detail, OTLP: otlp, SHA256: hex.EncodeToString(q.SHA256[:])}).AppendLine(nil)
	w.batches = append(w.batches, journalBatch{w.lab.now(), []journalEntry{{canonical: string(line)}}})
	return w.lab.writer.Quarantine(ctx, []store.Quarantined{q})
}

// newestNotes are what an anchor file holds after it was compacted.
func (w *world) newestNotes() []string {
	newest := map[string]string{}
	size := map[string]int64{}
	for _, note := range w.everyNote() {
		c, err := w.lab.trust.Checkpoint([]byte(note))
		if err == nil && c.Size > size[c.Origin] {
			newest[c.Origin], size[c.Origin] = note, c.Size
		}
	}
	var notes []string
	for _, note := range newest {
		notes = append(notes, note)
	}
	slices.Sort(notes)
	return notes
}

// everyNote are all checkpoints that were ever committed.
func (w *world) everyNote() []string {
	notes := slices.Clone(w.lost)
	for _, c := range w.im.commits {
		notes = append(notes, c.note)
	}
	return notes
}
