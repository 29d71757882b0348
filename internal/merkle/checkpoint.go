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
// and its last commit was made at this time of the entries from this one on. The
// text is a C2SP tlog-checkpoint with two extension lines.
type Checkpoint struct {
	Origin string // the log, see TenantOrigin and JournalOrigin
	Size   int64
	Root   Hash
	// RecordedAt is the time of the commit in UTC, whole microseconds. Zero is
	// absent: a checkpoint that says nothing of its commit.
	RecordedAt time.Time
	// PrevSize is the size that the log had before the commit: less than Size, or
	// 0 where that is 0. It is 0 without RecordedAt.
	PrevSize int64
}

// The extension lines, in this order, both or neither. Without the time under
// the signature an event could be moved out of a window or into a pruned month;
// without the beginning, a commit could be taken out and its events given the
// time of the next one.
const (
	recordedAtName = "recorded_at "
	prevSizeName   = "prev_size "
)

// Text is the signed text: origin, size and root on lines of their own, then
// the extension lines where there is a time. It ends in a newline.
func (c *Checkpoint) Text() string {
	b := make([]byte, 0, len(c.Origin)+128)
	b = append(append(b, c.Origin...), '\n')
	b = append(strconv.AppendInt(b, c.Size, 10), '\n')
	b = append(base64.StdEncoding.AppendEncode(b, c.Root[:]), '\n')
	if !c.RecordedAt.IsZero() {
		b = append(b, recordedAtName...)
		b = append(c.RecordedAt.UTC().AppendFormat(b, TimeLayout), '\n')
		b = append(b, prevSizeName...)
		b = append(strconv.AppendInt(b, c.PrevSize, 10), '\n')
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
	if len(lines) != 4 && len(lines) != 6 || lines[len(lines)-1] != "" {
		return errors.New("want origin, size, root and at most recorded_at with prev_size, each on a line of its own")
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
	return c.parseCommit(lines[3], lines[4])
}

// parseCommit reads the extension lines.
func (c *Checkpoint) parseCommit(recordedAt, prevSize string) error {
	value, found := strings.CutPrefix(recordedAt, recordedAtName)
	if !found {
		return fmt.Errorf("%q is not recorded_at", cut(recordedAt))
	}
	if err := parseTime(value, &c.RecordedAt); err != nil {
		return err
	}
	if value, found = strings.CutPrefix(prevSize, prevSizeName); !found {
		return fmt.Errorf("%q is not prev_size", cut(prevSize))
	}
	if err := parseSize(value, &c.PrevSize); err != nil {
		return fmt.Errorf("prev_size: %w", err)
	}
	if c.PrevSize >= c.Size && c.Size+c.PrevSize > 0 {
		return fmt.Errorf("prev_size %d is not less than the size %d", c.PrevSize, c.Size)
	}
	return nil
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
