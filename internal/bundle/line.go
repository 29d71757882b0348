package bundle

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

const timeLayout = merkle.TimeLayout

// eventLine is one event of a bundle.
type eventLine struct {
	seq        int64
	epoch      int32
	recordedAt time.Time
	proof      []merkle.Hash // what was left out before it
	record     []byte        // canonical
}

const eventBegin = `{"seq":`

func (l *eventLine) append(dst []byte) []byte {
	dst = append(dst, eventBegin...)
	dst = strconv.AppendInt(dst, l.seq, 10)
	dst = append(dst, `,"epoch":`...)
	dst = strconv.AppendInt(dst, int64(l.epoch), 10)
	dst = append(dst, `,"recorded_at":"`...)
	dst = l.recordedAt.UTC().AppendFormat(dst, timeLayout)
	dst = append(dst, `","proof":[`...)
	dst = appendHashes(dst, l.proof)
	dst = append(dst, `],"record":`...)
	dst = append(dst, l.record...)
	return append(dst, '}')
}

// endLine follows the events of an epoch.
type endLine struct {
	epoch int32
	proof []merkle.Hash // what was left out behind the last event
}

func (l *endLine) append(dst []byte) []byte {
	dst = append(dst, endBegin+`{"epoch":`...)
	dst = strconv.AppendInt(dst, int64(l.epoch), 10)
	dst = append(dst, `,"proof":[`...)
	dst = appendHashes(dst, l.proof)
	return append(dst, "]}}"...)
}

func appendHashes(dst []byte, hashes []merkle.Hash) []byte {
	for i := range hashes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, hashes[i][:])
		dst = append(dst, '"')
	}
	return dst
}

// errLine is a line in another form than the one in which they are written.
var errLine = errors.New("not a line of a bundle")

// scanner reads lines in their one form: what it accepts is what append writes.
type scanner struct {
	rest   []byte
	failed bool
}

func (s *scanner) literal(text string) {
	if !bytes.HasPrefix(s.rest, []byte(text)) {
		s.failed = true
		return
	}
	s.rest = s.rest[len(text):]
}

func (s *scanner) number(bits int) int64 {
	end := 0
	for end < len(s.rest) && s.rest[end] >= '0' && s.rest[end] <= '9' {
		end++
	}
	digits := s.rest[:end]
	n, err := strconv.ParseInt(string(digits), 10, bits)
	if err != nil || len(digits) > 1 && digits[0] == '0' {
		s.failed = true
		return 0
	}
	s.rest = s.rest[end:]
	return n
}

func (s *scanner) time() time.Time {
	if len(s.rest) < len(timeLayout) {
		s.failed = true
		return time.Time{}
	}
	text := string(s.rest[:len(timeLayout)])
	at, err := time.Parse(timeLayout, text)
	if err != nil || at.Format(timeLayout) != text {
		s.failed = true
		return time.Time{}
	}
	s.rest = s.rest[len(timeLayout):]
	return at
}

// hashes reads up to the closing bracket.
func (s *scanner) hashes(into []merkle.Hash) []merkle.Hash {
	const encoded = 44
	into = into[:0]
	for !s.failed && len(s.rest) > 0 && s.rest[0] != ']' {
		if len(into) > 0 {
			s.literal(",")
		}
		s.literal(`"`)
		if s.failed || len(s.rest) < encoded {
			s.failed = true
			return into
		}
		var hash [33]byte // DecodedLen of 44 characters
		n, err := base64.StdEncoding.Strict().Decode(hash[:], s.rest[:encoded])
		if err != nil || n != len(merkle.Hash{}) {
			s.failed = true
			return into
		}
		into = append(into, merkle.Hash(hash[:n]))
		s.rest = s.rest[encoded:]
		s.literal(`"`)
	}
	return into
}

// parse reads a line; record and proof refer to memory that the caller keeps.
func (l *eventLine) parse(line []byte) error {
	s := scanner{rest: line}
	s.literal(eventBegin)
	l.seq = s.number(64)
	s.literal(`,"epoch":`)
	l.epoch = int32(s.number(32)) //nolint:gosec // within 32 bits
	s.literal(`,"recorded_at":"`)
	l.recordedAt = s.time()
	s.literal(`","proof":[`)
	l.proof = s.hashes(l.proof)
	s.literal(`],"record":`)
	if s.failed || len(s.rest) == 0 || s.rest[len(s.rest)-1] != '}' {
		return fmt.Errorf("%w: want an event", errLine)
	}
	l.record = s.rest[:len(s.rest)-1]
	return nil
}

func (l *endLine) parse(line []byte) error {
	s := scanner{rest: line}
	s.literal(endBegin + `{"epoch":`)
	l.epoch = int32(s.number(32)) //nolint:gosec // within 32 bits
	s.literal(`,"proof":[`)
	l.proof = s.hashes(l.proof)
	s.literal("]}}")
	if s.failed || len(s.rest) > 0 {
		return fmt.Errorf("%w: want the end of an epoch", errLine)
	}
	return nil
}
