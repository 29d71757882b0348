package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	segmentPrefix = "segment-"
	segmentSuffix = ".jsonl"
	newSuffix     = ".new" // of a segment that is being made
	tornInfix     = ".torn-"
	segmentDigits = 12

	lockName      = "lock"
	pruneLockName = "prune.lock"
	// PrunedName is the file of prune statements in a journal's directory.
	PrunedName = "pruned"
)

// MaxSegment is the highest number a segment can have.
const MaxSegment = 999_999_999_999

// SegmentName is the file name of the segment with this number, 1 or higher.
func SegmentName(number int64) string {
	return fmt.Sprintf("%s%0*d%s", segmentPrefix, segmentDigits, number, segmentSuffix)
}

// ParseSegmentName reads what SegmentName writes and nothing else.
func ParseSegmentName(name string) (number int64, ok bool) {
	digits, found := strings.CutPrefix(name, segmentPrefix)
	digits, ended := strings.CutSuffix(digits, segmentSuffix)
	if !found || !ended || len(digits) != segmentDigits {
		return 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || number < 1 || SegmentName(number) != name {
		return 0, false
	}
	return number, true
}

// tornName is where the tail of a segment is set aside.
func tornName(segment string, at time.Time) string {
	return strings.TrimSuffix(segment, segmentSuffix) + tornInfix + at.UTC().Format("20060102T150405.000000Z")
}

func isTornName(name string) bool {
	segment, _, found := strings.Cut(name, tornInfix)
	_, ok := ParseSegmentName(segment + segmentSuffix)
	return found && ok
}

// Directory is what stands in a journal's directory.
type Directory struct {
	Path      string
	Segments  []Segment // by number, which may have gaps
	Torn      []string  // names of tails that were set aside, sorted
	Irregular []string  // names of segments that are no files: links, pipes, directories
	Others    []string  // names that are no part of a journal, sorted
	Pruned    bool      // there is a file of prune statements
}

// Segment is one file of a journal.
type Segment struct {
	Number int64
	Path   string
	Bytes  int64 // as of ReadDirectory
	Mode   fs.FileMode
}

// Name is the file name.
func (s *Segment) Name() string { return filepath.Base(s.Path) }

// ReadDirectory lists a journal's directory. It opens no file.
func ReadDirectory(path string) (*Directory, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	d := &Directory{Path: path}
	for _, entry := range entries {
		name := entry.Name()
		number, isSegment := ParseSegmentName(name)
		switch {
		case isSegment && entry.Type().IsRegular():
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // pruned in between
			}
			if err != nil {
				return nil, err
			}
			d.Segments = append(d.Segments, Segment{
				Number: number, Path: filepath.Join(path, name), Bytes: info.Size(), Mode: info.Mode(),
			})
		case isSegment:
			d.Irregular = append(d.Irregular, name)
		case isTornName(name):
			d.Torn = append(d.Torn, name)
		case name == PrunedName:
			d.Pruned = true
		case name == lockName, name == pruneLockName, strings.HasSuffix(name, segmentSuffix+newSuffix):
		default:
			d.Others = append(d.Others, name)
		}
	}
	slices.SortFunc(d.Segments, func(a, b Segment) int { return int(a.Number - b.Number) })
	return d, nil
}

// Newest is the segment with the highest number, nil in an empty directory.
func (d *Directory) Newest() *Segment {
	if len(d.Segments) == 0 {
		return nil
	}
	return &d.Segments[len(d.Segments)-1]
}
