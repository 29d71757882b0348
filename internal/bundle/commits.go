package bundle

import (
	"context"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// commits walks along the commits of an epoch while its leaves are read, and
// holds the leaves against every checkpoint that they pass.
type commits struct {
	scanner *store.Scanner
	name    store.LogName
	tree    *tree
	known   Known

	all     merkle.Frontier // every leaf so far
	page    []store.CommitRow
	current store.CommitRow // the one that covers the next leaf
}

const commitPage = 500

// add takes the next leaf. recordedAt, in microseconds since 1970, is that of its
// row, nil where the row is gone.
func (c *commits) add(ctx context.Context, leaf merkle.Hash, recordedAt *int64) error {
	if c.all.Size() >= c.current.Size {
		if err := c.advance(ctx); err != nil {
			return err
		}
	}
	if recordedAt != nil && *recordedAt != c.current.RecordedAt.UnixMicro() {
		return fmt.Errorf("%w: tenant %q, epoch %d, seq %d was recorded at another time than its commit",
			ErrDamaged, c.name.Tenant, c.name.Epoch, c.all.Size())
	}
	c.all.Append(leaf)
	if c.all.Size() == c.current.Size {
		return c.check()
	}
	return nil
}

// advance goes on to the commit that covers the next leaf.
func (c *commits) advance(ctx context.Context) error {
	next := c.all.Size()
	if len(c.page) == 0 {
		var err error
		if c.page, err = c.scanner.Commits(ctx, c.name, next, c.tree.size, commitPage); err != nil {
			return err
		}
		if len(c.page) == 0 {
			return fmt.Errorf("%w: tenant %q, epoch %d: no commit covers seq %d", ErrDamaged, c.name.Tenant, c.name.Epoch, next)
		}
	}
	before := c.current
	c.current, c.page = c.page[0], c.page[1:]
	if c.current.PrevSize != next || c.current.RecordedAt.Before(before.RecordedAt) {
		return fmt.Errorf("%w: tenant %q, epoch %d: the commit of size %d does not follow that of size %d",
			ErrDamaged, c.name.Tenant, c.name.Epoch, c.current.Size, next)
	}
	return nil
}

// check holds what was read against the checkpoint of the commit that ends here.
// An epoch without signatures has none; its last root is signed elsewhere.
func (c *commits) check() error {
	if c.current.Note == nil && c.tree.unsigned {
		return nil
	}
	found, err := c.known.Checkpoint(c.current.Note)
	if err == nil && (found.Origin != c.tree.origin || found.Size != c.current.Size || found.PrevSize != c.current.PrevSize || !found.RecordedAt.Equal(c.current.RecordedAt)) {
		err = fmt.Errorf("its checkpoint is of %s, size %d after %d, %s", found.Origin, found.Size, found.PrevSize, found.RecordedAt.Format(timeLayout))
	}
	if err == nil && found.Root != c.all.Root() {
		err = ErrRoot
	}
	if err != nil {
		return fmt.Errorf("%w: tenant %q, epoch %d, commit of size %d: %w", ErrDamaged, c.name.Tenant, c.name.Epoch, c.current.Size, err)
	}
	return nil
}
