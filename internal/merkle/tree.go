package merkle

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
)

// Hash is SHA-256: of an entry, of a subtree, of a whole tree.
type Hash = [sha256.Size]byte

// Prefixes of RFC 6962, section 2.1: without them an entry could pose as a node.
const (
	leafPrefix = 0
	nodePrefix = 1
)

// LeafHash returns SHA-256(0x00 ‖ entry).
func LeafHash(entry []byte) Hash {
	h := sha256.New()
	h.Write([]byte{leafPrefix})
	h.Write(entry)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

// NodeHash returns SHA-256(0x01 ‖ left ‖ right).
func NodeHash(left, right *Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodePrefix
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot is the root of the tree without entries, SHA-256 of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Frontier is as much of a tree as appending to it takes: the roots of its
// complete subtrees, largest first, one for each bit set in its size. The zero
// value is the empty tree. A copy shares its memory: Clone does not. Not safe for
// concurrent use.
type Frontier struct {
	size   int64
	hashes []Hash
}

// ParseFrontier reads what Bytes wrote. The size says how many hashes there
// must be; whether they belong to a tree only its signed root can say.
func ParseFrontier(size int64, b []byte) (Frontier, error) {
	if size < 0 || size > MaxSize {
		return Frontier{}, fmt.Errorf("a tree cannot have %d entries", size)
	}
	if want := subtrees(size) * sha256.Size; len(b) != want {
		return Frontier{}, fmt.Errorf("the frontier of a tree of %d entries has %d bytes, found %d", size, want, len(b))
	}
	f := Frontier{size: size, hashes: make([]Hash, len(b)/sha256.Size, 64)}
	for i := range f.hashes {
		copy(f.hashes[i][:], b[i*sha256.Size:])
	}
	return f, nil
}

// subtrees is the number of complete subtrees of a tree of size entries, which is
// not negative.
func subtrees(size int64) int { return bits.OnesCount64(uint64(size)) } //nolint:gosec // not negative

// bitLen is the number of bits it takes to write n, which is not negative.
func bitLen(n int64) int { return bits.Len64(uint64(n)) } //nolint:gosec // not negative

// Size is the number of entries.
func (f *Frontier) Size() int64 { return f.size }

// Append adds the entry with this leaf hash.
func (f *Frontier) Append(leaf Hash) {
	// Each bit set at the low end of the size is a subtree as large as what has
	// been put together so far: the two make the next.
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.hashes) - 1
		leaf = NodeHash(&f.hashes[last], &leaf)
		f.hashes = f.hashes[:last]
	}
	f.hashes = append(f.hashes, leaf)
	f.size++
}

// Root is the root of the tree.
func (f *Frontier) Root() Hash {
	if len(f.hashes) == 0 {
		return EmptyRoot()
	}
	root := f.hashes[len(f.hashes)-1]
	for i := len(f.hashes) - 2; i >= 0; i-- {
		root = NodeHash(&f.hashes[i], &root)
	}
	return root
}

// AppendBytes appends the hashes, largest subtree first, 32 bytes each.
func (f *Frontier) AppendBytes(dst []byte) []byte {
	for i := range f.hashes {
		dst = append(dst, f.hashes[i][:]...)
	}
	return dst
}

// Bytes are the hashes, largest subtree first, 32 bytes each.
func (f *Frontier) Bytes() []byte {
	return f.AppendBytes(make([]byte, 0, len(f.hashes)*sha256.Size))
}

// Clone is a frontier that grows on its own.
func (f *Frontier) Clone() Frontier {
	return Frontier{size: f.size, hashes: append(make([]Hash, 0, 64), f.hashes...)}
}
