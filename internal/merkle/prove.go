package merkle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Reader reads one log to prove something about it. What it returns need not be
// trusted: every proof is held against the root before it is handed out.
type Reader interface {
	// Frontiers returns for each size the frontier of the largest commit
	// boundary at or below it, the empty frontier where there is none. The sizes
	// come in any order and may repeat. Called once per proof.
	Frontiers(ctx context.Context, sizes []int64) ([]Frontier, error)
	// Leaves calls do with the leaf of every entry of the ranges, in their
	// order, and returns its error. The ranges ascend and do not touch. Called
	// at most once per proof.
	Leaves(ctx context.Context, ranges []Range, do func(leaf Hash) error) error
}

// Range is the entries From up to and without To.
type Range struct{ From, To int64 }

// ErrReader is wrapped where a Reader returns what it was not asked for.
var ErrReader = errors.New("the log was not read as asked")

// ProveInclusion proves that the leaf is entry index of the tree of this size
// and root. An error that wraps ErrProof says that it is not, or that the log
// contradicts its own root.
//
// With commits of m entries it takes two calls of the Reader: at most
// 1 + log2(size) frontiers, and at most 3m leaves around the entry and m more
// for each of the log2(size/m) larger subtrees to the right of it.
func ProveInclusion(ctx context.Context, r Reader, index, size int64, leaf, root Hash) ([]Hash, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("%w: a tree of %d entries has no entry %d", ErrProof, size, index)
	}
	proof, err := read(ctx, r, index, inclusionPath(index, Range{0, size}, nil))
	if err != nil {
		return nil, err
	}
	if err := VerifyInclusion(index, size, leaf, root, proof); err != nil {
		return nil, err
	}
	return proof, nil
}

// ProveConsistency proves that the tree of newSize and newRoot begins with the
// tree of oldSize and oldRoot. Errors and cost are those of ProveInclusion.
func ProveConsistency(ctx context.Context, r Reader, oldSize, newSize int64, oldRoot, newRoot Hash) ([]Hash, error) {
	if oldSize <= 0 || oldSize >= newSize { // nothing to read
		return nil, VerifyConsistency(oldSize, newSize, oldRoot, newRoot, nil)
	}
	proof, err := read(ctx, r, oldSize, consistencyPath(oldSize, Range{0, newSize}, true, nil))
	if err != nil {
		return nil, err
	}
	if err := VerifyConsistency(oldSize, newSize, oldRoot, newRoot, proof); err != nil {
		return nil, err
	}
	return proof, nil
}

// FrontierAt returns the frontier of the log's first size entries, whether or
// not a commit ends there. Nothing holds it against a root: the caller does.
func FrontierAt(ctx context.Context, r Reader, size int64) (Frontier, error) {
	var p plan
	if err := p.read(ctx, r, size, nil); err != nil {
		return Frontier{}, err
	}
	return p.segments[0].frontier, nil
}

// inclusionPath lists the subtrees whose hashes prove an entry, from the entry
// up (RFC 9162, section 2.1.3.1).
func inclusionPath(index int64, tree Range, path []Range) []Range {
	if tree.To-tree.From == 1 {
		return path
	}
	middle := tree.From + half(tree.To-tree.From)
	if index < middle {
		path = inclusionPath(index, Range{tree.From, middle}, path)
		return append(path, Range{middle, tree.To})
	}
	path = inclusionPath(index, Range{middle, tree.To}, path)
	return append(path, Range{tree.From, middle})
}

// consistencyPath lists the subtrees whose hashes prove that a tree begins with
// its first size entries (RFC 9162, section 2.1.4.1). whole says that the
// verifier knows the root of the old tree's part.
func consistencyPath(size int64, tree Range, whole bool, path []Range) []Range {
	if size == tree.To {
		if whole {
			return path
		}
		return append(path, tree)
	}
	middle := tree.From + half(tree.To-tree.From)
	if size <= middle {
		path = consistencyPath(size, Range{tree.From, middle}, whole, path)
		return append(path, Range{middle, tree.To})
	}
	path = consistencyPath(size, Range{middle, tree.To}, false, path)
	return append(path, Range{tree.From, middle})
}

// half is the largest power of two below n, n ≥ 2.
func half(n int64) int64 { return 1 << (bitLen(n-1) - 1) }

// read returns the hash of every subtree of a path. at is the entry or the old
// size that is proven: each subtree lies either before or behind it.
func read(ctx context.Context, r Reader, at int64, path []Range) ([]Hash, error) {
	var p plan
	if err := p.read(ctx, r, at, path); err != nil {
		return nil, err
	}
	proof := make([]Hash, len(path))
	for i, subtree := range path {
		hash, found := p.hash(subtree)
		if !found {
			return nil, fmt.Errorf("%w: no subtree of the entries %d to %d", ErrReader, subtree.From, subtree.To)
		}
		proof[i] = hash
	}
	return proof, nil
}

// plan computes the hashes of a path with two calls of a Reader. Its first
// segment is the tree before what is proven: its frontier holds every subtree
// to the left. Each other one is a subtree to the right.
type plan struct{ segments []segment }

// segment is a part of the log that begins at from. The frontier is that of the
// entries from there on and grows by the leaves in between until the end.
type segment struct {
	from, to int64
	frontier Frontier
}

func (p *plan) read(ctx context.Context, r Reader, at int64, path []Range) error {
	p.segments = append(p.segments, segment{to: at})
	for _, subtree := range path {
		if subtree.From >= at {
			p.segments = append(p.segments, segment{from: subtree.From, to: subtree.To})
		}
	}
	slices.SortFunc(p.segments, func(a, b segment) int { return cmp.Compare(a.to, b.to) })
	if err := p.readFrontiers(ctx, r); err != nil {
		return err
	}
	return p.readLeaves(ctx, r)
}

func (p *plan) readFrontiers(ctx context.Context, r Reader) error {
	sizes := make([]int64, len(p.segments))
	for i := range p.segments {
		sizes[i] = p.segments[i].source()
	}
	frontiers, err := r.Frontiers(ctx, sizes)
	if err != nil {
		return err
	}
	if len(frontiers) != len(sizes) {
		return fmt.Errorf("%w: %d frontiers for %d sizes", ErrReader, len(frontiers), len(sizes))
	}
	for i := range p.segments {
		if frontiers[i].size > sizes[i] {
			return fmt.Errorf("%w: a frontier of %d entries where at most %d are wanted", ErrReader, frontiers[i].size, sizes[i])
		}
		p.segments[i].frontier = frontiers[i].behind(p.segments[i].from)
	}
	return nil
}

// source is the largest size whose frontier keeps the entries from the
// segment's begin apart from those before it. At the very end of a complete
// right subtree they have grown together.
func (s *segment) source() int64 {
	width := bitLen(s.to - s.from)
	if s.to>>width<<width == s.from {
		return s.to
	}
	return s.to - 1
}

// behind is the frontier of the entries from start on, where start is a
// boundary between subtrees; empty where the frontier ends before.
func (f *Frontier) behind(start int64) Frontier {
	if f.size <= start {
		return Frontier{}
	}
	size := f.size - start
	tail := f.hashes[len(f.hashes)-subtrees(size):]
	return Frontier{size: size, hashes: slices.Clone(tail)}
}

func (p *plan) readLeaves(ctx context.Context, r Reader) error {
	var ranges []Range
	for i := range p.segments {
		next := Range{From: p.segments[i].end(), To: p.segments[i].to}
		switch last := len(ranges) - 1; {
		case next.From == next.To:
		case last >= 0 && ranges[last].To == next.From:
			ranges[last].To = next.To
		default:
			ranges = append(ranges, next)
		}
	}
	current := 0
	skip := func() {
		for current < len(p.segments) && p.segments[current].end() == p.segments[current].to {
			current++
		}
	}
	if len(ranges) > 0 {
		err := r.Leaves(ctx, ranges, func(leaf Hash) error {
			skip()
			if current == len(p.segments) {
				return fmt.Errorf("%w: more leaves than there are", ErrReader)
			}
			p.segments[current].frontier.Append(leaf)
			return nil
		})
		if err != nil {
			return err
		}
	}
	skip()
	if current < len(p.segments) {
		return fmt.Errorf("%w: entry %d is not there", ErrReader, p.segments[current].end())
	}
	return nil
}

// end is the first entry that the segment's frontier lacks.
func (s *segment) end() int64 { return s.from + s.frontier.size }

// hash finds a subtree: a right one is a segment of its own, a left one stands
// in the frontier of the first.
func (p *plan) hash(subtree Range) (Hash, bool) {
	for i := range p.segments {
		if s := &p.segments[i]; s.from == subtree.From && s.to == subtree.To {
			return s.frontier.Root(), true
		}
	}
	left := &p.segments[0].frontier
	start := int64(0)
	for i, rest := 0, left.size; rest > 0; i++ {
		width := int64(1) << (bitLen(rest) - 1)
		if start == subtree.From {
			return left.hashes[i], start+width == subtree.To
		}
		start += width
		rest -= width
	}
	return Hash{}, false
}
