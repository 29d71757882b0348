package journal

import "github.com/otelaudit/otelaudit/internal/merkle"

// recent remembers the last leaves, in the order in which they came. Not safe
// for concurrent use.
type recent struct {
	ring  []merkle.Hash
	next  int
	known map[merkle.Hash]struct{}
}

func newRecent(leaves int) *recent {
	return &recent{ring: make([]merkle.Hash, 0, leaves), known: make(map[merkle.Hash]struct{}, leaves)}
}

func (r *recent) has(leaf merkle.Hash) bool {
	_, ok := r.known[leaf]
	return ok
}

// add remembers a leaf in place of the oldest.
func (r *recent) add(leaf merkle.Hash) {
	if cap(r.ring) == 0 || r.has(leaf) {
		return
	}
	r.known[leaf] = struct{}{}
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, leaf)
		return
	}
	delete(r.known, r.ring[r.next])
	r.ring[r.next] = leaf
	r.next = (r.next + 1) % len(r.ring)
}
