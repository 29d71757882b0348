package verify

import (
	"context"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Witnesses asks several: each collector keeps a journal of its own.
type Witnesses []Witness

// Leaves implements Witness.
func (w Witnesses) Leaves(ctx context.Context, tenant string, ids map[string]struct{}) (map[string][]merkle.Hash, error) {
	found := make(map[string][]merkle.Hash)
	for _, witness := range w {
		leaves, err := witness.Leaves(ctx, tenant, ids)
		if err != nil {
			return nil, err
		}
		for id, hashes := range leaves {
			found[id] = append(found[id], hashes...)
		}
	}
	return found, nil
}

// JournalWitness asks a journal's directory. Every question reads all of it, so
// it is asked about damaged ranges only. It proves nothing by itself: verify the
// journal first.
type JournalWitness struct{ Directory string }

// Leaves implements Witness.
func (w JournalWitness) Leaves(ctx context.Context, tenant string, ids map[string]struct{}) (map[string][]merkle.Hash, error) {
	directory, err := journal.ReadDirectory(w.Directory)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]merkle.Hash)
	count := 0
	for line, err := range directory.Lines() {
		if err != nil {
			return nil, err
		}
		count++
		if count%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if line.Kind != journal.RecordEntry {
			continue
		}
		rec, err := line.Record()
		if err != nil || rec.TenantID != tenant {
			continue
		}
		if _, wanted := ids[rec.EventID]; wanted {
			found[rec.EventID] = append(found[rec.EventID], line.Leaf())
		}
	}
	return found, nil
}
