package bundle

import (
	"math/bits"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// span is a run of a log's entries, begin to end-1, as the roots of the largest
// complete subtrees that lie within it, in the order of the tree. From 0 on that
// is a frontier.
type span struct {
	begin, end int64
	nodes      []node
}

type node struct {
	hash  merkle.Hash
	level int // it covers 1<<level entries
}

// startAt empties the span and lets it begin there.
func (s *span) startAt(position int64) {
	s.begin, s.end, s.nodes = position, position, s.nodes[:0]
}

// add appends a complete subtree; the end must be a multiple of its size.
func (s *span) add(hash merkle.Hash, level int) {
	s.nodes = append(s.nodes, node{hash, level})
	s.end += 1 << level
	for len(s.nodes) > 1 {
		left, right := &s.nodes[len(s.nodes)-2], &s.nodes[len(s.nodes)-1]
		// The pair is a subtree where it begins at a multiple of its size.
		if left.level != right.level || (s.end>>left.level)&1 == 1 {
			return
		}
		*left = node{merkle.NodeHash(&left.hash, &right.hash), left.level + 1}
		s.nodes = s.nodes[:len(s.nodes)-1]
	}
}

// addSpan appends another span that begins where this one ends.
func (s *span) addSpan(other *span) {
	for i := range other.nodes {
		s.add(other.nodes[i].hash, other.nodes[i].level)
	}
}

// root is the root of the tree of a span from 0 on.
func (s *span) root() merkle.Hash {
	if len(s.nodes) == 0 {
		return merkle.EmptyRoot()
	}
	root := s.nodes[len(s.nodes)-1].hash
	for i := len(s.nodes) - 2; i >= 0; i-- {
		root = merkle.NodeHash(&s.nodes[i].hash, &root)
	}
	return root
}

// levels returns the levels of the nodes that a span from begin to end has.
func levels(begin, end int64) []int {
	var found []int
	for position := begin; position < end; {
		level := bits.Len64(uint64(end-position)) - 1 //nolint:gosec // positive
		if position != 0 {
			level = min(level, bits.TrailingZeros64(uint64(position))) //nolint:gosec // positive
		}
		found = append(found, level)
		position += 1 << level
	}
	return found
}
