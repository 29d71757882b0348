package merkle

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Checkpoint is what a log's key signs: the tree of this size has this root,
// and its last commit was made at this time. The text is a C2SP
// tlog-checkpoint with one extension line.
type Checkpoint struct {
	Origin string // the log, see TenantOrigin and JournalOrigin
	Size   int64
	Root   Hash
	// RecordedAt is the time of the commit in UTC, whole microseconds. Zero is
	// absent: a checkpoint that says nothing of time.
	RecordedAt time.Time
}

// recordedAtName begins the extension line. Without the time under the
// signature an event could be moved out of a window or into a pruned month.
const recordedAtName = "recorded_at "

// Text is the signed text: origin, size and root on lines of their own, then
// the extension line where there is a time. It ends in a newline.
func (c *Checkpoint) Text() string {
	b := make([]byte, 0, len(c.Origin)+128)
	b = append(append(b, c.Origin...), '\n')
	b = append(strconv.AppendInt(b, c.Size, 10), '\n')
	b = append(base64.StdEncoding.AppendEncode(b, c.Root[:]), '\n')
	if !c.RecordedAt.IsZero() {
		b = append(b, recordedAtName...)
		b = append(c.RecordedAt.UTC().AppendFormat(b, timeLayout), '\n')
	}
	return string(b)
}

// ErrCheckpoint is wrapped by every error of ParseCheckpoint.
var ErrCheckpoint = errors.New("not a checkpoint")

// maxOriginBytes is more than any origin of ours has.
const maxOriginBytes = 512

// ParseCheckpoint reads what Text writes and nothing else, so that a text has
// one meaning and a checkpoint one text. The origin may be that of any log.
func ParseCheckpoint(text string) (Checkpoint, error) {
	var c Checkpoint
	if err := c.parse(text); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if c.Text() != text {
		return Checkpoint{}, fmt.Errorf("%w: other bytes for the same content", ErrCheckpoint)
	}
	return c, nil
}

func (c *Checkpoint) parse(text string) error {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 && len(lines) != 5 || lines[len(lines)-1] != "" {
		return errors.New("want origin, size, root and at most recorded_at, each on a line of its own")
	}
	c.Origin = lines[0]
	if err := checkAnyOrigin(c.Origin); err != nil {
		return err
	}
	if err := parseSize(lines[1], &c.Size); err != nil {
		return err
	}
	if err := parseHash(lines[2], &c.Root); err != nil {
		return err
	}
	if c.Size == 0 && c.Root != EmptyRoot() {
		return errors.New("a log without entries has another root")
	}
	if len(lines) == 4 {
		return nil
	}
	value, found := strings.CutPrefix(lines[3], recordedAtName)
	if !found {
		return fmt.Errorf("%q is not recorded_at", cut(lines[3]))
	}
	return parseTime(value, &c.RecordedAt)
}

// checkAnyOrigin refuses what C2SP advises against: an origin that does not
// read as one word could be taken for another.
func checkAnyOrigin(origin string) error {
	switch {
	case origin == "":
		return errors.New("the origin is empty")
	case len(origin) > maxOriginBytes:
		return fmt.Errorf("the origin has more than %d bytes", maxOriginBytes)
	case strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '+' }):
		return fmt.Errorf("the origin %q has a space, a plus sign or a character outside ASCII", cut(origin))
	}
	return nil
}
