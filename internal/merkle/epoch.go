package merkle

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// EpochStatement opens a new epoch of a log: it says where the epoch before it
// ended as the store has it, and what of it is known to be lost. Its signed
// note stands in the row of the epoch, so a break in a log is a statement of
// the key holder and never only a gap.
type EpochStatement struct {
	Origin         string // the log that begins, see TenantOrigin and JournalOrigin
	PreviousOrigin string // the log that ends
	PreviousSize   int64  // entries of it that are there
	PreviousRoot   Hash   // over those entries
	// LostSize is the size of the newest checkpoint of the previous log that is
	// no more what the store holds, 0 where nothing is known to be lost.
	LostSize   int64
	LostRoot   Hash      // root of that checkpoint; zero where LostSize is 0
	RecordedAt time.Time // when the epoch was opened, UTC, whole microseconds
	Reason     string    // one line for people, at most MaxReasonBytes
}

// MaxReasonBytes bounds the reason of an epoch statement.
const MaxReasonBytes = 500

const epochHeader = "otelaudit epoch v1"

// Names of an epoch statement's lines, in their order.
const (
	epochOrigin         = "origin "
	epochPreviousOrigin = "previous_origin "
	epochPreviousSize   = "previous_size "
	epochPreviousRoot   = "previous_root "
	epochLostSize       = "lost_size "
	epochLostRoot       = "lost_root "
	epochReason         = "reason "
)

// Text is the signed text, one line each, every line ending in a newline:
//
//	otelaudit epoch v1
//	origin audit.example.com/prod/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e1
//	previous_origin audit.example.com/prod/t-822b33ad87c148a0a20a5ba7cd5ebcaa
//	previous_size 80                 decimal, no leading zeros
//	previous_root <base64 of 32 bytes>
//	lost_size 100                    this line and the next only where something
//	lost_root <base64 of 32 bytes>   is lost
//	recorded_at 2026-01-01T00:00:00.000000Z   as in a checkpoint
//	reason restored from the backup of Sunday
//
// The header has spaces and the second line is no number, so that no statement
// can be taken for a checkpoint and no checkpoint for a statement.
func (s *EpochStatement) Text() string {
	b := make([]byte, 0, 640)
	line := func(name, value string) {
		b = append(append(append(b, name...), value...), '\n')
	}
	line("", epochHeader)
	line(epochOrigin, s.Origin)
	line(epochPreviousOrigin, s.PreviousOrigin)
	line(epochPreviousSize, sizeText(s.PreviousSize))
	line(epochPreviousRoot, hashText(&s.PreviousRoot))
	if s.LostSize != 0 {
		line(epochLostSize, sizeText(s.LostSize))
		line(epochLostRoot, hashText(&s.LostRoot))
	}
	line(recordedAtName, TimeText(s.RecordedAt))
	line(epochReason, s.Reason)
	return string(b)
}

// ErrEpochStatement is wrapped by every error about an epoch statement.
var ErrEpochStatement = errors.New("not an epoch statement")

// Check says why the statement must not be signed: ParseEpochStatement would
// refuse its text, or read another statement out of it.
func (s *EpochStatement) Check() error {
	if s.LostSize == 0 && s.LostRoot != (Hash{}) {
		return fmt.Errorf("%w: a lost root without a lost size", ErrEpochStatement)
	}
	_, err := ParseEpochStatement(s.Text())
	return err
}

// ParseEpochStatement reads what Text writes and nothing else, and holds the
// statement against itself: the two origins are one log and the epoch goes up,
// the empty log has the empty tree's root, and what is lost is not what is
// there.
func ParseEpochStatement(text string) (EpochStatement, error) {
	var s EpochStatement
	if err := s.parse(text); err != nil {
		return EpochStatement{}, fmt.Errorf("%w: %w", ErrEpochStatement, err)
	}
	if s.Text() != text {
		return EpochStatement{}, fmt.Errorf("%w: other bytes for the same content", ErrEpochStatement)
	}
	if err := s.check(); err != nil {
		return EpochStatement{}, fmt.Errorf("%w: %w", ErrEpochStatement, err)
	}
	return s, nil
}

func (s *EpochStatement) parse(text string) error {
	lines := strings.Split(text, "\n")
	lost := len(lines) == 10
	if len(lines) != 8 && !lost || lines[len(lines)-1] != "" {
		return errors.New("want header, origin, previous_origin, previous_size, previous_root, at most lost_size and lost_root, recorded_at and reason, each on a line of its own")
	}
	if lines[0] != epochHeader {
		return fmt.Errorf("the first line is not %q", epochHeader)
	}
	var err error
	value := func(name string) string {
		lines = lines[1:]
		v, found := strings.CutPrefix(lines[0], name)
		if !found && err == nil {
			err = fmt.Errorf("%q stands where %sis wanted", cut(lines[0]), name)
		}
		return v
	}
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	s.Origin = value(epochOrigin)
	s.PreviousOrigin = value(epochPreviousOrigin)
	note(parseSize(value(epochPreviousSize), &s.PreviousSize))
	note(parseHash(value(epochPreviousRoot), &s.PreviousRoot))
	if lost {
		note(parseSize(value(epochLostSize), &s.LostSize))
		note(parseHash(value(epochLostRoot), &s.LostRoot))
	}
	note(parseTime(value(recordedAtName), &s.RecordedAt))
	s.Reason = value(epochReason)
	return err
}

func (s *EpochStatement) check() error {
	next, err := ParseOrigin(s.Origin)
	if err != nil {
		return fmt.Errorf("origin: %w", err)
	}
	previous, err := ParseOrigin(s.PreviousOrigin)
	if err != nil {
		return fmt.Errorf("previous_origin: %w", err)
	}
	switch {
	case next.Log != previous.Log || next.Stream != previous.Stream:
		return fmt.Errorf("origin %s does not continue %s", s.Origin, s.PreviousOrigin)
	case next.Epoch <= previous.Epoch:
		return fmt.Errorf("epoch %d does not follow epoch %d", next.Epoch, previous.Epoch)
	case s.PreviousSize == 0 && s.PreviousRoot != EmptyRoot():
		return errors.New("previous_root is not that of the empty tree")
	case s.LostSize == s.PreviousSize && s.LostRoot == s.PreviousRoot:
		return errors.New("what is lost is what is there")
	}
	return checkReason(s.Reason)
}

// checkReason allows what prints on one line: an invisible character could make
// a statement read as another.
func checkReason(reason string) error {
	switch {
	case reason == "":
		return errors.New("the reason is empty")
	case len(reason) > MaxReasonBytes:
		return fmt.Errorf("the reason has %d bytes, more than %d", len(reason), MaxReasonBytes)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("the reason has a character that does not print, or more than one line")
	case strings.TrimSpace(reason) != reason:
		return errors.New("the reason begins or ends with a space")
	}
	return nil
}
