package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Version is the version of the format that this program writes.
const Version = 1

// Header is the first line of a segment.
type Header struct {
	V          int       `json:"v"`
	Origin     string    `json:"origin"`
	Segment    int64     `json:"segment"`
	Size       int64     `json:"size"`     // entries of the tree in front of this segment
	Frontier   []byte    `json:"frontier"` // merkle.ParseFrontier(Size, …)
	Previous   *Previous `json:"previous,omitempty"`
	CreatedAt  Time      `json:"created_at"`
	Checkpoint string    `json:"checkpoint,omitempty"` // signed note of exactly Size; "" at size 0
	Epoch      string    `json:"epoch,omitempty"`      // signed merkle.EpochStatement, in the first segment of an epoch

	note []byte
}

// Previous names the segment in front.
type Previous struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"` // hexadecimal, of the whole file
}

// Note is the signed note that the header line stands for.
func (h *Header) Note() []byte { return h.note }

// Tree is the frontier of the entries in front of the segment. Whether its root
// is that of Checkpoint is for the caller to check.
func (h *Header) Tree() (merkle.Frontier, error) { return merkle.ParseFrontier(h.Size, h.Frontier) }

type headerLine struct {
	Journal *Header `json:"journal"`
}

// line signs the header.
func (h *Header) line(ring *keys.Ring) ([]byte, error) {
	body, err := compact(headerLine{h})
	if err != nil {
		return nil, err
	}
	return sign(ring, body)
}

func parseHeader(line []byte) (*Header, error) {
	body, note, err := splitSigned(line)
	if err != nil {
		return nil, err
	}
	// A version of later times may have other members: say so and no more.
	var version struct {
		Journal struct {
			V int `json:"v"`
		} `json:"journal"`
	}
	if json.Unmarshal(body, &version) == nil && version.Journal.V > Version {
		return nil, fmt.Errorf("format version %d: this program reads up to %d", version.Journal.V, Version)
	}
	h := &Header{note: note}
	if err := parseExact(body, &headerLine{h}); err != nil {
		return nil, err
	}
	if h.V != Version || h.Origin == "" || h.Segment < 1 || h.Segment > MaxSegment {
		return nil, errors.New("version, origin or segment number is missing or out of range")
	}
	if _, err := h.Tree(); err != nil {
		return nil, err
	}
	if h.Previous != nil {
		if _, ok := ParseSegmentName(h.Previous.File); !ok || !isDigest(h.Previous.SHA256) {
			return nil, errors.New("previous is not a segment's name and SHA-256")
		}
	}
	if (h.Checkpoint == "") != (h.Size == 0) {
		return nil, errors.New("a checkpoint stands in the header exactly when entries precede it")
	}
	return h, nil
}

func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && s == strings.ToLower(s)
}

// Checkpoint is the line that ends a batch.
type Checkpoint struct {
	Note   []byte            // signed
	Parsed merkle.Checkpoint // what the note says; not verified
	// Frontier is that of the tree of Parsed.Size and folds to its root, nil in
	// most lines. Behind damage a verifier goes on from it.
	Frontier []byte
	// MACs are the MACs of entries by their index in the tree, nil where no
	// entry of the batch has one.
	MACs map[int64]string
}

// CheckpointLine is the line, without a newline, that carries a signed
// checkpoint in a journal, an anchor file or a state file.
func CheckpointLine(note []byte) []byte { return appendCheckpoint(nil, note, nil, nil) }

func appendCheckpoint(dst, note, frontier []byte, macs map[int64]string) []byte {
	dst = append(dst, `{"checkpoint":`...)
	dst = appendString(dst, string(note))
	if len(frontier) > 0 {
		dst = append(dst, `,"frontier":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, frontier), '"')
	}
	if len(macs) > 0 {
		dst = append(dst, `,"macs":{`...)
		for i, index := range slices.Sorted(maps.Keys(macs)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, '"')
			dst = strconv.AppendInt(dst, index, 10)
			dst = append(dst, '"', ':')
			dst = appendString(dst, macs[index])
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func parseCheckpoint(line []byte) (*Checkpoint, error) {
	var members struct {
		Checkpoint string            `json:"checkpoint"`
		Frontier   []byte            `json:"frontier"`
		MACs       map[string]string `json:"macs"`
	}
	if err := json.Unmarshal(line, &members); err != nil {
		return nil, err
	}
	c := &Checkpoint{Note: []byte(members.Checkpoint), Frontier: members.Frontier}
	for key, mac := range members.MACs {
		index, err := strconv.ParseInt(key, 10, 64)
		if err != nil || index < 0 {
			return nil, fmt.Errorf("macs: %.20q is no index", key)
		}
		if c.MACs == nil {
			c.MACs = make(map[int64]string, len(members.MACs))
		}
		c.MACs[index] = mac
	}
	if !bytes.Equal(appendCheckpoint(make([]byte, 0, len(line)), c.Note, c.Frontier, c.MACs), line) {
		return nil, errors.New("other bytes for the same content")
	}
	// Where package note parts text and signatures.
	end := strings.LastIndex(members.Checkpoint, "\n\n")
	if end < 0 {
		return nil, errors.New("not a signed note")
	}
	var err error
	if c.Parsed, err = merkle.ParseCheckpoint(members.Checkpoint[:end+1]); err != nil || c.Frontier == nil {
		return c, err
	}
	tree, err := c.Tree()
	if err == nil && tree.Root() != c.Parsed.Root {
		err = errors.New("its frontier is not that of its root")
	}
	return c, err
}

// Tree is the tree of Frontier.
func (c *Checkpoint) Tree() (merkle.Frontier, error) {
	return merkle.ParseFrontier(c.Parsed.Size, c.Frontier)
}

// Seal is the last line of a sealed segment.
type Seal struct {
	Origin   string `json:"origin"`
	Segment  int64  `json:"segment"`
	Size     int64  `json:"size"`   // entries of the tree up to here
	SHA256   string `json:"sha256"` // hexadecimal, of all bytes in front of the line
	SealedAt Time   `json:"sealed_at"`

	note []byte
}

// Note is the signed note that the seal line stands for.
func (s *Seal) Note() []byte { return s.note }

type sealLine struct {
	Seal *Seal `json:"seal"`
}

func (s *Seal) line(ring *keys.Ring) ([]byte, error) {
	body, err := compact(sealLine{s})
	if err != nil {
		return nil, err
	}
	return sign(ring, body)
}

func parseSeal(line []byte) (*Seal, error) {
	body, note, err := splitSigned(line)
	if err != nil {
		return nil, err
	}
	s := &Seal{note: note}
	if err := parseExact(body, &sealLine{s}); err != nil {
		return nil, err
	}
	if s.Origin == "" || s.Segment < 1 || s.Size < 0 || !isDigest(s.SHA256) {
		return nil, errors.New("origin, segment, size or sha256 is missing or out of range")
	}
	return s, nil
}
