package epoch

import (
	"context"
	"fmt"
	"math"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Recompute makes the tree over what is stored of a tenant's epoch, from the
// columns that a reader sees and not from the leaf hashes beside them. It begins
// behind the newest prune that our key signed, takes the leaf of an event that
// was removed by itself, and ends at the first gap. The sizes are those of which
// the roots are wanted, in any order.
func Recompute(ctx context.Context, scanner *store.Scanner, ring *keys.Ring, tenant string, epoch int32, sizes []int64) (Tree, error) {
	r := recomputation{scanner: scanner, log: store.LogName{Tenant: tenant, Epoch: epoch}, hasher: &store.RowHasher{}, sizes: make(map[int64]bool, len(sizes))}
	for _, size := range sizes {
		r.sizes[size] = true
	}
	if err := r.begin(ctx, ring); err != nil {
		return Tree{}, err
	}
	r.tree.From, r.tree.Roots = r.frontier.Size(), make(map[int64]merkle.Hash)
	r.keepRoot()
	if err := r.events(ctx); err != nil {
		return Tree{}, fmt.Errorf("tenant %q: %w", tenant, err)
	}
	if !r.ended {
		if err := r.fill(ctx, math.MaxInt64); err != nil {
			return Tree{}, fmt.Errorf("tenant %q: %w", tenant, err)
		}
	}
	r.tree.Size, r.tree.Root = r.frontier.Size(), r.frontier.Root()
	return r.tree, nil
}

type recomputation struct {
	scanner  *store.Scanner
	log      store.LogName
	hasher   *store.RowHasher
	frontier merkle.Frontier
	tree     Tree
	sizes    map[int64]bool // whose roots are wanted
	ended    bool           // at a gap
}

// begin starts behind the newest prune that can be believed.
func (r *recomputation) begin(ctx context.Context, ring *keys.Ring) error {
	prunes, err := r.scanner.Prunes(ctx, r.log.Tenant)
	if err != nil {
		return err
	}
	for i := range prunes {
		prune := &prunes[i]
		if prune.Epoch != r.log.Epoch || prune.Size < r.frontier.Size() {
			continue
		}
		checkpoint, err := ring.Checkpoint(prune.Note, merkle.TenantOrigin(ring.LogName(), r.log.Tenant, r.log.Epoch))
		if err != nil || checkpoint.Size != prune.Size {
			continue
		}
		frontier, err := merkle.ParseFrontier(prune.Size, prune.Frontier)
		if err == nil && frontier.Root() == checkpoint.Root {
			r.frontier = frontier
		}
	}
	return nil
}

// events reads the rows page by page.
func (r *recomputation) events(ctx context.Context) error {
	var page store.EventPage
	limit := int32(store.FirstLimit)
	for after := store.BeforeSeq(0); ; {
		if err := r.scanner.Events(ctx, r.log, after, math.MaxInt64, limit, &page); err != nil {
			return err
		}
		for i := range page.Len() {
			if err := r.event(ctx, page.Row(i)); err != nil {
				return err
			}
		}
		if page.Len() == 0 {
			return nil
		}
		last := page.Row(page.Len() - 1)
		after = store.EventKey{Seq: last.Seq(), RecordedAt: last.RecordedAt()}
		limit = page.NextLimit()
	}
}

func (r *recomputation) event(ctx context.Context, row store.EventRow) error {
	if row.Seq() > r.frontier.Size() && !r.ended {
		if err := r.fill(ctx, row.Seq()); err != nil {
			return err
		}
		r.ended = row.Seq() > r.frontier.Size()
	}
	if row.Seq() != r.frontier.Size() {
		r.tree.Beyond++
		return nil
	}
	hashes, err := r.hasher.Hash(row)
	leaf := hashes.Leaf
	if err != nil {
		leaf = row.StoredLeaf() // columns that are no record: the log must go on all the same
	}
	if err != nil || leaf != row.StoredLeaf() {
		r.tree.Changed = append(r.tree.Changed, row.EventID())
	}
	r.append(leaf)
	return nil
}

func (r *recomputation) append(leaf merkle.Hash) {
	r.frontier.Append(leaf)
	r.keepRoot()
}

func (r *recomputation) keepRoot() {
	if size := r.frontier.Size(); r.sizes[size] {
		r.tree.Roots[size] = r.frontier.Root()
	}
}

// prunedPage is how many leaves are read at a time.
const prunedPage = 1000

// fill appends the leaves of removed events up to a seq, as far as there is no
// gap.
func (r *recomputation) fill(ctx context.Context, until int64) error {
	for r.frontier.Size() < until {
		leaves, err := r.scanner.PrunedLeaves(ctx, r.log, r.frontier.Size()-1, prunedPage)
		if err != nil {
			return err
		}
		before := r.frontier.Size()
		for _, leaf := range leaves {
			if leaf.Seq != r.frontier.Size() || leaf.Seq >= until {
				return nil
			}
			r.append(leaf.Leaf)
		}
		if r.frontier.Size() == before {
			return nil
		}
	}
	return nil
}
