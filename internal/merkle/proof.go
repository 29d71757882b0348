package merkle

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// ErrProof is wrapped by every error about a proof that does not hold.
var ErrProof = errors.New("the proof does not hold")

// VerifyInclusion checks that the leaf is entry index of the tree of this size
// and root (RFC 9162, section 2.1.3.2).
func VerifyInclusion(index, size int64, leaf, root Hash, proof []Hash) error {
	if index < 0 || index >= size {
		return fmt.Errorf("%w: a tree of %d entries has no entry %d", ErrProof, size, index)
	}
	node, last := index, size-1
	hash := leaf
	for i := range proof {
		if last == 0 {
			return fmt.Errorf("%w: it has %d hashes, too many for entry %d of %d", ErrProof, len(proof), index, size)
		}
		if node&1 == 1 || node == last {
			hash = NodeHash(&proof[i], &hash)
			for node&1 == 0 && node != 0 {
				node >>= 1
				last >>= 1
			}
		} else {
			hash = NodeHash(&hash, &proof[i])
		}
		node >>= 1
		last >>= 1
	}
	if last != 0 {
		return fmt.Errorf("%w: it has %d hashes, too few for entry %d of %d", ErrProof, len(proof), index, size)
	}
	if hash != root {
		return fmt.Errorf("%w: entry %d leads to another root than that of the tree of %d entries", ErrProof, index, size)
	}
	return nil
}

// VerifyConsistency checks that the tree of newSize and newRoot begins with the
// tree of oldSize and oldRoot (RFC 9162, section 2.1.4.2).
func VerifyConsistency(oldSize, newSize int64, oldRoot, newRoot Hash, proof []Hash) error {
	switch {
	case oldSize < 0 || oldSize > newSize:
		return fmt.Errorf("%w: a tree of %d entries cannot begin with one of %d", ErrProof, newSize, oldSize)
	case oldSize == 0 && oldRoot != EmptyRoot():
		return fmt.Errorf("%w: the empty tree has another root", ErrProof)
	case oldSize == newSize && oldRoot != newRoot:
		return fmt.Errorf("%w: two roots for a tree of %d entries", ErrProof, oldSize)
	case oldSize == 0 || oldSize == newSize:
		if len(proof) > 0 {
			return fmt.Errorf("%w: it has %d hashes where none is needed", ErrProof, len(proof))
		}
		return nil
	}
	node, last := oldSize-1, newSize-1
	shift := bits.TrailingZeros64(uint64(oldSize)) // the largest subtree that ends with the old tree
	node >>= shift
	last >>= shift
	rest := proof
	first := oldRoot
	if node != 0 { // the old tree is not complete, so the proof begins with that subtree
		if len(rest) == 0 {
			return fmt.Errorf("%w: it is empty", ErrProof)
		}
		first, rest = rest[0], rest[1:]
	}
	older, newer := first, first
	for i := range rest {
		if last == 0 {
			return fmt.Errorf("%w: it has %d hashes, too many from %d to %d entries", ErrProof, len(proof), oldSize, newSize)
		}
		if node&1 == 1 || node == last {
			older = NodeHash(&rest[i], &older)
			newer = NodeHash(&rest[i], &newer)
			for node&1 == 0 && node != 0 {
				node >>= 1
				last >>= 1
			}
		} else {
			newer = NodeHash(&newer, &rest[i])
		}
		node >>= 1
		last >>= 1
	}
	switch {
	case last != 0:
		return fmt.Errorf("%w: it has %d hashes, too few from %d to %d entries", ErrProof, len(proof), oldSize, newSize)
	case older != oldRoot:
		return fmt.Errorf("%w: the tree of %d entries has another root", ErrProof, oldSize)
	case newer != newRoot:
		return fmt.Errorf("%w: the tree of %d entries has another root", ErrProof, newSize)
	}
	return nil
}

// Proof is a C2SP tlog-proof: that the entry at Index is in the tree of a signed
// checkpoint. It does not hold the entry.
type Proof struct {
	Index  int64
	Hashes []Hash
	Note   []byte // the signed checkpoint
}

const proofHeader = "c2sp.org/tlog-proof@v1"

// maxProofHashes is more than the largest tree needs.
const maxProofHashes = 63

// maxProofBytes is more than any proof of ours has.
const maxProofBytes = 1 << 20

// Marshal writes the proof as C2SP tlog-proof.
func (p *Proof) Marshal() []byte {
	b := append([]byte(proofHeader+"\nindex "), strconv.FormatInt(p.Index, 10)...)
	b = append(b, '\n')
	for i := range p.Hashes {
		b = base64.StdEncoding.AppendEncode(b, p.Hashes[i][:])
		b = append(b, '\n')
	}
	b = append(b, '\n')
	return append(b, p.Note...)
}

// ErrProofFormat is wrapped by every error of ParseProof.
var ErrProofFormat = errors.New("not a tlog-proof")

// ParseProof reads what Marshal writes and nothing else.
func ParseProof(b []byte) (Proof, error) {
	p, err := parseProof(b)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrProofFormat, err)
	}
	return p, nil
}

func parseProof(b []byte) (p Proof, err error) {
	if len(b) > maxProofBytes {
		return p, fmt.Errorf("larger than %d bytes", maxProofBytes)
	}
	head, note, found := strings.Cut(string(b), "\n\n")
	if !found {
		return p, errors.New("no empty line before the checkpoint")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != proofHeader {
		return p, fmt.Errorf("the first line is not %s", proofHeader)
	}
	if len(lines) < 2 || len(lines) > 2+maxProofHashes {
		return p, fmt.Errorf("want an index and at most %d hashes", maxProofHashes)
	}
	digits, named := strings.CutPrefix(lines[1], "index ")
	if !named || parseSize(digits, &p.Index) != nil {
		return p, fmt.Errorf("%q is not an index", cut(lines[1]))
	}
	for _, line := range lines[2:] {
		var hash Hash
		if parseHash(line, &hash) != nil {
			return p, fmt.Errorf("%q is not base64 of 32 bytes", cut(line))
		}
		p.Hashes = append(p.Hashes, hash)
	}
	if note == "" {
		return p, errors.New("no checkpoint behind the empty line")
	}
	p.Note = []byte(note)
	return p, nil
}
