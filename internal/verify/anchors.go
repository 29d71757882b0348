package verify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// AnchorError is an anchor that the trust file does not vouch for: the
// verifier's own file is wrong, not the store.
type AnchorError struct {
	Index int // into Options.Anchors
	Err   error
}

// Error says what is wrong with the anchor.
func (e *AnchorError) Error() string { return fmt.Sprintf("anchor %d: %v", e.Index+1, e.Err) }

// Unwrap returns the cause.
func (e *AnchorError) Unwrap() error { return e.Err }

// anchorSet holds anchors by the tree they belong to. Read-only once made.
type anchorSet struct {
	byStream map[streamKey][]merkle.Checkpoint // by size, each once
}

// streamKey is an origin without the log's name: t-<hash>, or j-<name>.
type streamKey struct {
	stream string
	epoch  int32
}

func newAnchorSet(trust *keys.Trust, notes [][]byte) (*anchorSet, error) {
	set := &anchorSet{byStream: make(map[streamKey][]merkle.Checkpoint)}
	for i, note := range notes {
		checkpoint, err := trust.Checkpoint(note)
		if err != nil {
			return nil, &AnchorError{i, err}
		}
		if err := set.add(checkpoint); err != nil {
			return nil, &AnchorError{i, err}
		}
	}
	set.sort()
	return set, nil
}

// sort puts the anchors of each tree in order, each once.
func (s *anchorSet) sort() {
	for key, list := range s.byStream {
		slices.SortFunc(list, func(a, b merkle.Checkpoint) int {
			return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Origin, b.Origin), slices.Compare(a.Root[:], b.Root[:]), a.RecordedAt.Compare(b.RecordedAt))
		})
		s.byStream[key] = slices.CompactFunc(list, func(a, b merkle.Checkpoint) bool {
			return a.Size == b.Size && a.Origin == b.Origin && a.Root == b.Root && a.RecordedAt.Equal(b.RecordedAt)
		})
	}
}

func (s *anchorSet) add(checkpoint merkle.Checkpoint) error {
	origin, err := merkle.ParseOrigin(checkpoint.Origin)
	if err != nil {
		return fmt.Errorf("checkpoint of another log: %w", err)
	}
	key := streamKey{origin.Stream, origin.Epoch}
	s.byStream[key] = append(s.byStream[key], checkpoint)
	return nil
}

func (s *anchorSet) of(stream string, epoch int32) []merkle.Checkpoint {
	return s.byStream[streamKey{stream, epoch}]
}

func logOf(origin string) string {
	o, err := merkle.ParseOrigin(origin)
	if err != nil {
		return ""
	}
	return o.Log
}

// streamOf is the part of a tenant's origins that does not change.
func streamOf(tenant string) string {
	o, _ := merkle.ParseOrigin(merkle.TenantOrigin("log", tenant, 0)) // always an origin
	return o.Stream
}
