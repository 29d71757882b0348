package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Options say what to put into a bundle.
type Options struct {
	Tenant string
	Filter Filter
	Ring   *keys.Ring // the log's keys: they must have signed the log, and sign the manifest
	Now    func() time.Time
	// Progress, where not nil, is told now and then how many events of how many
	// were read.
	Progress func(read, of int64)
}

// ErrDamaged is wrapped where the store is not what its log says: nothing can be
// attested of it. Verify says what is wrong.
var ErrDamaged = errors.New("the store contradicts its own log")

// ErrNoLog is returned for a tenant without any commit.
var ErrNoLog = errors.New("the tenant has no log")

// Build writes a bundle of what a store holds to out. Every event of the tenant
// is read and its leaf recomputed from its columns, those outside of the filter
// too: whether an event matches is decided by what is under the signature, so a
// column that somebody edited cannot keep an event out. What was removed must be
// announced by verified events of the tenant _system, which go into the bundle.
// Events that are committed meanwhile are not in it. With an error, what was written is worth
// nothing.
func Build(ctx context.Context, s *store.Scanner, out io.Writer, o Options) (Report, error) {
	if err := o.Filter.Check(); err != nil {
		return Report{}, err
	}
	b := &builder{scanner: s, options: o}
	header, err := b.readHeader(ctx)
	if err != nil {
		return Report{}, err
	}
	known := Known{o.Ring}
	if b.out, err = NewWriter(out, header, known); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, t := range b.out.trees {
		b.total += t.size - t.pruned
	}
	for i := range header.Epochs {
		if err := b.writeEpoch(ctx, store.LogName{Tenant: o.Tenant, Epoch: header.Epochs[i].Epoch}); err != nil {
			return Report{}, err
		}
	}
	return b.out.Close(o.Ring, o.Now())
}

type builder struct {
	scanner *store.Scanner
	options Options
	out     *Writer

	removals    *verify.Removals // nil where nothing was removed
	commits     commits
	hasher      store.RowHasher
	read, total int64
}

// readHeader collects the tenant's epochs with their newest checkpoints.
func (b *builder) readHeader(ctx context.Context) (Header, error) {
	o := &b.options
	h := Header{Log: o.Ring.LogName(), TenantID: o.Tenant, Filter: o.Filter, Keys: o.Ring.Public()}
	logs, err := b.scanner.Logs(ctx)
	if err != nil {
		return h, err
	}
	openings, err := b.scanner.Epochs(ctx, o.Tenant)
	if err != nil {
		return h, err
	}
	if err := b.readRemovals(ctx, logs); err != nil {
		return h, err
	}
	for _, name := range logs {
		if name.Tenant != o.Tenant || o.Filter.Epoch != nil && *o.Filter.Epoch != name.Epoch {
			continue
		}
		epoch := Epoch{Epoch: name.Epoch}
		commit, err := prove.Commit(ctx, b.scanner, name, 0)
		if err != nil && !errors.Is(err, prove.ErrNoCommit) && !errors.Is(err, prove.ErrUnsigned) {
			return h, err
		}
		epoch.Checkpoint = string(commit.Note)
		if i := slices.IndexFunc(openings, func(e store.EpochRow) bool { return e.Epoch == name.Epoch }); i >= 0 {
			epoch.Opening = string(openings[i].Note)
		}
		if err := b.putRemovals(ctx, name, &epoch); err != nil {
			return h, err
		}
		h.Epochs = append(h.Epochs, epoch)
	}
	if len(h.Epochs) == 0 {
		return h, fmt.Errorf("tenant %q: %w", o.Tenant, ErrNoLog)
	}
	return h, nil
}

// writeEpoch streams the rows of an epoch in the order of its tree.
func (b *builder) writeEpoch(ctx context.Context, name store.LogName) error {
	b.commits = commits{scanner: b.scanner, name: name, tree: &b.out.trees[b.out.epoch], known: Known{b.options.Ring}}
	if p := b.removed(name).Pruned(); p != nil {
		b.out.Pruned(&p.Frontier)
		b.commits.all = p.Frontier.Clone()
	}
	size := b.out.Size()
	after, limit := store.BeforeSeq(b.out.next()), int32(store.FirstLimit)
	removed := removedLeaves{builder: b, name: name, after: b.out.next() - 1}
	var page store.EventPage
	for b.out.next() < size {
		if err := b.scanner.Events(ctx, name, after, size, limit, &page); err != nil {
			return err
		}
		for i := range page.Len() {
			row := page.Row(i)
			if err := removed.fill(ctx, row.Seq()); err != nil {
				return err
			}
			if err := b.writeRow(ctx, name, row); err != nil {
				return err
			}
			after = store.EventKey{Seq: row.Seq(), RecordedAt: row.RecordedAt()}
		}
		if page.Len() == 0 {
			if err := removed.fill(ctx, size); err != nil {
				return err
			}
			break
		}
		limit = page.NextLimit()
		if b.options.Progress != nil {
			b.options.Progress(b.read, b.total)
		}
	}
	if err := b.out.End(); errors.Is(err, ErrRoot) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	} else if err != nil {
		return err
	}
	return nil
}

// writeRow writes an event or leaves it out.
func (b *builder) writeRow(ctx context.Context, name store.LogName, row store.EventRow) error {
	b.read++
	if row.Seq() != b.out.next() {
		return fmt.Errorf("%w: tenant %q, epoch %d: seq %d stands where seq %d is due", ErrDamaged, name.Tenant, name.Epoch, row.Seq(), b.out.next())
	}
	hashes, err := b.hasher.Hash(row)
	if err == nil && hashes.Leaf != row.StoredLeaf() {
		err = errors.New("its columns are not what was hashed")
	}
	if err == nil && hashes.Odd != "" {
		err = errors.New(hashes.Odd)
	}
	if err != nil {
		return fmt.Errorf("%w: tenant %q, epoch %d, seq %d: %w", ErrDamaged, name.Tenant, name.Epoch, row.Seq(), err)
	}
	micros := row.RecordedAt()
	if err := b.commits.add(ctx, hashes.Leaf, &micros); err != nil {
		return err
	}
	recordedAt := time.UnixMicro(micros).UTC()
	wanted, err := b.wants(row.Seq(), recordedAt)
	if err != nil {
		return fmt.Errorf("%w: tenant %q, epoch %d, seq %d: %w", ErrDamaged, name.Tenant, name.Epoch, row.Seq(), err)
	}
	if !wanted {
		b.out.Skip(hashes.Leaf)
		return nil
	}
	return b.out.Event(recordedAt, b.hasher.Canonical())
}

func (b *builder) wants(seq int64, recordedAt time.Time) (bool, error) {
	f := &b.options.Filter
	if from, to := f.rangeOf(b.out.Size()); seq < from || seq >= to {
		return false, nil
	}
	if f.takesAll() {
		return true, nil
	}
	rec, err := record.ParseCanonical(b.hasher.Canonical())
	if err != nil {
		return false, err
	}
	return f.mismatch(rec, recordedAt) == "", nil
}

// removedLeaves reads what is left of events that were removed one by one.
type removedLeaves struct {
	builder *builder
	name    store.LogName
	after   int64
	page    []store.PrunedLeaf
	done    bool
}

const removedPage = 1000

// fill writes the removed entries from the writer's next one up to a seq.
func (r *removedLeaves) fill(ctx context.Context, until int64) error {
	out := r.builder.out
	for out.next() < until {
		if len(r.page) == 0 && !r.done {
			var err error
			if r.page, err = r.builder.scanner.PrunedLeaves(ctx, r.name, r.after, removedPage); err != nil {
				return err
			}
			r.done = len(r.page) < removedPage
		}
		if len(r.page) == 0 || r.page[0].Seq > out.next() {
			return fmt.Errorf("%w: tenant %q, epoch %d: seq %d is missing", ErrDamaged, r.name.Tenant, r.name.Epoch, out.next())
		}
		if r.after = r.page[0].Seq; r.after == out.next() {
			if !r.builder.removed(r.name).Announces(r.after) {
				return fmt.Errorf("%w: tenant %q, epoch %d: seq %d was removed by itself, and no verified event of the tenant _system announces it",
					ErrDamaged, r.name.Tenant, r.name.Epoch, r.after)
			}
			if err := r.builder.commits.add(ctx, r.page[0].Leaf, nil); err != nil {
				return err
			}
			out.Removed(r.page[0].Leaf)
		}
		r.page = r.page[1:]
	}
	return nil
}
