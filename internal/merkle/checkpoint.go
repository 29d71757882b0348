package merkle

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

// recordedAtLayout always has six digits of fraction: one time, one text.
const recordedAtLayout = "2006-01-02T15:04:05.000000Z"

// Text is the signed text: origin, size and root on lines of their own, then
// the extension line where there is a time. It ends in a newline.
func (c *Checkpoint) Text() string {
	b := make([]byte, 0, len(c.Origin)+128)
	b = append(b, c.Origin...)
	b = append(b, '\n')
	b = strconv.AppendInt(b, c.Size, 10)
	b = append(b, '\n')
	b = base64.StdEncoding.AppendEncode(b, c.Root[:])
	b = append(b, '\n')
	if !c.RecordedAt.IsZero() {
		b = append(b, recordedAtName...)
		b = c.RecordedAt.UTC().AppendFormat(b, recordedAtLayout)
		b = append(b, '\n')
	}
	return string(b)
}

// ErrCheckpoint is wrapped by every error of ParseCheckpoint.
var ErrCheckpoint = errors.New("not a checkpoint")

// ParseCheckpoint reads what Text writes and nothing else, so that a text has
// one meaning and a checkpoint one text.
func ParseCheckpoint(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.Split(text, "\n")
	if len(lines) != 4 && len(lines) != 5 || lines[len(lines)-1] != "" {
		return c, fmt.Errorf("%w: want origin, size, root and at most recorded_at, each on a line of its own", ErrCheckpoint)
	}
	c.Origin = lines[0]
	if c.Origin == "" {
		return c, fmt.Errorf("%w: the origin is empty", ErrCheckpoint)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return c, fmt.Errorf("%w: size %q is not a number of entries", ErrCheckpoint, cut(lines[1]))
	}
	c.Size = size
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return c, fmt.Errorf("%w: the root is not base64 of 32 bytes", ErrCheckpoint)
	}
	copy(c.Root[:], root)
	if len(lines) == 5 {
		value, found := strings.CutPrefix(lines[3], recordedAtName)
		at, err := time.Parse(recordedAtLayout, value)
		if !found || err != nil || at.IsZero() {
			return c, fmt.Errorf("%w: %q is not recorded_at with a time in UTC to the microsecond", ErrCheckpoint, cut(lines[3]))
		}
		c.RecordedAt = at
	}
	if c.Text() != text {
		return c, fmt.Errorf("%w: other bytes for the same content", ErrCheckpoint)
	}
	return c, nil
}

// cut keeps an error short, whatever was read.
func cut(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// MaxLogNameBytes bounds a log's name.
const MaxLogNameBytes = 128

// CheckLogName says what is wrong with the name of a log: the part of an origin
// in front of the tenant's hash, and the name of the keys that sign for it. It
// looks like a URL without a scheme, such as audit.example.com/prod.
func CheckLogName(name string) error {
	if name == "" || len(name) > MaxLogNameBytes {
		return fmt.Errorf("a log name has 1 to %d characters", MaxLogNameBytes)
	}
	for _, segment := range strings.Split(name, "/") {
		if segment == "" {
			return fmt.Errorf("log name %q has an empty part", name)
		}
		for _, r := range segment {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._~-", r) {
				return fmt.Errorf("log name %q has a character other than letters, digits, '.', '_', '~', '-' and '/'", name)
			}
		}
	}
	return nil
}

// TenantOrigin names the log of one tenant in one epoch without naming the
// tenant: <log name>/t-<first 32 hexadecimal digits of SHA-256(tenant)>, and
// /e<epoch> behind it from epoch 1 on.
func TenantOrigin(logName, tenantID string, epoch int32) string {
	sum := sha256.Sum256([]byte(tenantID))
	return withEpoch(logName+"/t-"+hex.EncodeToString(sum[:16]), epoch)
}

// JournalOrigin names the log of a journal: <log name>/j-<journal name>, and
// /e<epoch> behind it from epoch 1 on.
func JournalOrigin(logName, journalName string, epoch int32) string {
	return withEpoch(logName+"/j-"+journalName, epoch)
}

func withEpoch(origin string, epoch int32) string {
	if epoch == 0 {
		return origin
	}
	return origin + "/e" + strconv.Itoa(int(epoch))
}
