package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Hold is a legal hold: what a tenant recorded in the window stays. Zero times
// are open ends.
type Hold struct {
	TenantID string
	Since    time.Time
	Until    time.Time // exclusive
}

func (h *Hold) touches(first, last time.Time) bool {
	return (h.Since.IsZero() || !last.Before(h.Since)) && (h.Until.IsZero() || first.Before(h.Until))
}

// PruneOptions say what may be removed.
type PruneOptions struct {
	Directory string
	Ring      *keys.Ring
	// Anchors are signed checkpoints kept elsewhere: a segment goes only when one
	// of them covers its end.
	Anchors [][]byte
	Cutoff  time.Time // only segments whose entries were all recorded before
	Holds   []Hold
	Now     time.Time

	disk disk
}

// PruneCandidate is a sealed segment, oldest first, and what becomes of it.
type PruneCandidate struct {
	Segment Segment
	Entries int64
	First   time.Time // recorded_at of its first checkpoint, zero where it has none
	Last    time.Time // and of its last
	Kept    string    // why it stays, "" where it goes

	sha256 string
	end    state
}

// Pruning is what a prune will do, or has done.
type Pruning struct {
	Candidates []PruneCandidate // all segments but the newest, up to the first that stays
	Leftover   []string         // files of earlier statements that were not deleted yet
	Statement  *PruneStatement  // what Prune signed, nil where nothing goes

	opts    PruneOptions
	ring    *keys.Ring
	newer   *Header // of the first segment that stays
	already *PruneStatement
}

// Remove is how many segments go.
func (p *Pruning) Remove() (n int) {
	for i := range p.Candidates {
		if p.Candidates[i].Kept == "" {
			n++
		}
	}
	return n
}

// PlanPrune finds out what may be removed from the front of a journal, and
// changes nothing. Every segment that would go is verified as a whole. It needs
// no lock: the collector goes on writing at the other end.
func PlanPrune(ctx context.Context, opts PruneOptions) (*Pruning, error) {
	if opts.disk == nil {
		opts.disk = osDisk{}
	}
	dir, err := ReadDirectory(opts.Directory)
	if err != nil {
		return nil, err
	}
	p := &Pruning{opts: opts, ring: opts.Ring}
	if err := p.resume(dir); err != nil {
		return nil, err
	}
	for i := 0; i < len(dir.Segments); i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p.already != nil && dir.Segments[i].Number <= p.already.Last {
			continue
		}
		if i == len(dir.Segments)-1 {
			break // the newest is never removed
		}
		c, err := p.examine(dir, i)
		if err != nil {
			return nil, err
		}
		p.Candidates = append(p.Candidates, *c)
		if c.Kept != "" {
			break
		}
	}
	if err := p.checkFront(dir); err != nil {
		return nil, err
	}
	return p, nil
}

// resume takes up what an earlier prune began.
func (p *Pruning) resume(dir *Directory) error {
	lines, err := ReadPruned(dir.Path)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if line.Err == nil {
			_, line.Err = p.ring.Open(line.Statement.Note())
		}
		if line.Err != nil {
			return fmt.Errorf("%s: line %d: %w", filepath.Join(dir.Path, PrunedName), line.Number, line.Err)
		}
		p.already = line.Statement
	}
	if p.already == nil {
		return nil
	}
	for i := range dir.Segments {
		if dir.Segments[i].Number <= p.already.Last {
			p.Leftover = append(p.Leftover, dir.Segments[i].Name())
		}
	}
	return nil
}

// checkFront refuses a journal whose front is missing: a statement about what
// follows would excuse that.
func (p *Pruning) checkFront(dir *Directory) error {
	want := int64(1)
	if p.already != nil {
		want = p.already.Last + 1
	}
	for i := range dir.Segments {
		number := dir.Segments[i].Number
		if number < want {
			continue
		}
		if number != want {
			return fmt.Errorf("%s is missing and no statement says that it was pruned", filepath.Join(dir.Path, SegmentName(want)))
		}
		want++
	}
	return nil
}

// examine verifies one segment and decides.
func (p *Pruning) examine(dir *Directory, i int) (*PruneCandidate, error) {
	segment := &dir.Segments[i]
	found, err := scan(segment, p.ring.Open)
	if err == nil && found.damage != nil {
		err = found.damage
	}
	if err != nil {
		return nil, fmt.Errorf("%s is not removed, it is evidence: %w", segment.Path, err)
	}
	c := &PruneCandidate{
		Segment: *segment, Entries: found.entries(), First: found.first, Last: found.at,
		sha256: found.digest(), end: found.state,
	}
	next, err := headerOf(&dir.Segments[i+1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Segments[i+1].Path, err)
	}
	if err := p.follows(next, c); err != nil {
		return nil, fmt.Errorf("%s is not removed: %w", segment.Path, err)
	}
	c.Kept, err = p.keep(dir, i, c, next)
	if c.Kept == "" {
		p.newer = next
	}
	return c, err
}

// follows checks that the next segment continues this one: its header is what
// is left of it.
func (p *Pruning) follows(next *Header, c *PruneCandidate) error {
	if _, err := p.ring.Open(next.Note()); err != nil {
		return fmt.Errorf("header of segment %d: %w", next.Segment, err)
	}
	if next.Segment != c.Segment.Number+1 || next.Previous == nil || *next.Previous != (Previous{c.Segment.Name(), c.sha256}) {
		return fmt.Errorf("segment %d does not continue it", next.Segment)
	}
	return nil
}

func headerOf(segment *Segment) (*Header, error) {
	for line, err := range segment.Lines() {
		switch {
		case err != nil:
			return nil, err
		case line.Kind != HeaderLine:
			return nil, line.Damage
		}
		return line.Header, nil
	}
	return nil, errors.New("the file is empty")
}

// keep says why a segment stays.
func (p *Pruning) keep(dir *Directory, i int, c *PruneCandidate, next *Header) (string, error) {
	switch {
	case !c.end.sealed && next.Epoch == "":
		return "it is not sealed", nil
	case c.Entries > 0 && !c.Last.Before(p.opts.Cutoff):
		return "it has entries recorded at or after the cutoff", nil
	case c.Entries == 0 && !c.end.created.Before(p.opts.Cutoff):
		return "it was begun at or after the cutoff", nil
	}
	if c.Entries > 0 {
		covered, err := p.covered(dir, i, c)
		if err != nil {
			return "", err
		}
		if !covered {
			return "no anchor covers its end", nil
		}
	}
	return p.held(&dir.Segments[i], c)
}

// covered reports whether an anchor vouches for the segment's end: a checkpoint
// of the same log at that size or a later one that the journal has.
func (p *Pruning) covered(dir *Directory, i int, c *PruneCandidate) (bool, error) {
	known := make(map[int64]merkle.Hash)
	for _, note := range p.opts.Anchors {
		parsed, err := p.ring.Checkpoint(note, c.end.origin.String())
		if err != nil || parsed.Size < c.end.tree.Size() {
			continue // of another log, or before the end
		}
		known[parsed.Size] = parsed.Root
	}
	if root, ok := known[c.end.tree.Size()]; ok {
		return root == c.end.tree.Root(), nil
	}
	if len(known) == 0 {
		return false, nil
	}
	for j := i + 1; j < len(dir.Segments); j++ {
		for line, err := range dir.Segments[j].Lines() {
			if err != nil {
				return false, err
			}
			if line.Kind == HeaderLine && line.Header.Origin != c.end.origin.String() {
				return false, nil
			}
			if line.Kind != CheckpointEnd {
				continue
			}
			if root, ok := known[line.Checkpoint.Parsed.Size]; ok && root == line.Checkpoint.Parsed.Root {
				return true, nil
			}
		}
	}
	return false, nil
}

// held reports the legal hold that touches a segment.
func (p *Pruning) held(segment *Segment, c *PruneCandidate) (string, error) {
	tenants := make(map[string][]*Hold)
	for i := range p.opts.Holds {
		if h := &p.opts.Holds[i]; c.Entries > 0 && h.touches(c.First, c.Last) {
			tenants[h.TenantID] = append(tenants[h.TenantID], h)
		}
	}
	if len(tenants) == 0 {
		return "", nil
	}
	waiting := make(map[string]bool) // tenants of the batch that a checkpoint will end
	for line, err := range segment.Lines() {
		if err != nil {
			return "", err
		}
		switch line.Kind {
		case RecordEntry:
			r, err := line.Record()
			if err != nil {
				return fmt.Sprintf("line %d is not a record: no hold can be looked up", line.Number), nil
			}
			waiting[r.TenantID] = true
		case QuarantineEntry:
			q, err := line.Quarantine()
			if err != nil {
				return fmt.Sprintf("line %d is not a quarantine entry: no hold can be looked up", line.Number), nil
			}
			waiting[q.TenantID] = true
		case CheckpointEnd:
			at := line.Checkpoint.Parsed.RecordedAt
			for tenant := range waiting {
				for _, h := range tenants[tenant] {
					if h.touches(at, at) {
						return fmt.Sprintf("a legal hold of tenant %q", tenant), nil
					}
				}
			}
			clear(waiting)
		default:
		}
	}
	return "", nil
}

// Prune signs the statement, makes it durable, and deletes. It holds a lock
// against other prunes; one that was interrupted is finished by the next.
func (p *Pruning) Prune() error {
	held, err := lock(p.opts.Directory, pruneLockName)
	if err != nil {
		if _, ok := errors.AsType[*InUseError](err); ok {
			return fmt.Errorf("%s: another prune is at work", p.opts.Directory)
		}
		return err
	}
	defer held.Close()
	// Somebody else may have pruned since the plan was made.
	lines, err := ReadPruned(p.opts.Directory)
	if err != nil {
		return err
	}
	if n := len(lines); n > 0 && (lines[n-1].Err != nil || p.already == nil || lines[n-1].Statement.Last != p.already.Last) {
		return fmt.Errorf("%s: another prune was here in the meantime, try again", p.opts.Directory)
	}
	remove := p.Leftover
	if p.Remove() > 0 {
		if err := p.state(); err != nil {
			return err
		}
		for i := range p.Statement.Segments {
			remove = append(remove, p.Statement.Segments[i].File)
		}
	}
	for _, name := range remove {
		if err := p.opts.disk.remove(filepath.Join(p.opts.Directory, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if len(remove) == 0 {
		return nil
	}
	return p.opts.disk.syncDir(p.opts.Directory)
}

// state writes the statement.
func (p *Pruning) state() error {
	s := &PruneStatement{V: Version, First: p.Candidates[0].Segment.Number, Cutoff: at(p.opts.Cutoff), PrunedAt: at(p.opts.Now)}
	for i := range p.Candidates {
		c := &p.Candidates[i]
		if c.Kept != "" {
			break
		}
		if err := p.unchanged(c); err != nil {
			return err
		}
		s.Segments = append(s.Segments, PrunedSegment{File: c.Segment.Name(), SHA256: c.sha256, Entries: c.Entries})
		s.Entries += c.Entries
		s.Last, s.Checkpoint = c.Segment.Number, string(c.end.note)
	}
	tree, err := p.newer.Tree()
	if err != nil {
		return err
	}
	root := tree.Root()
	s.Origin, s.Size, s.Root = p.newer.Origin, p.newer.Size, root[:]
	line, err := s.line(p.ring)
	if err != nil {
		return err
	}
	p.Statement = s
	return p.append(append(line, '\n'))
}

// unchanged hashes a file again: between the plan and now somebody may have
// looked at the plan for an hour.
func (p *Pruning) unchanged(c *PruneCandidate) error {
	file, err := os.Open(c.Segment.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != c.sha256 {
		return fmt.Errorf("%s changed since it was verified", c.Segment.Path)
	}
	return nil
}

// append writes a line behind the last whole one and makes it durable. What an
// interrupted write left of a line goes: nothing was deleted for it.
func (p *Pruning) append(line []byte) error {
	path := filepath.Join(p.opts.Directory, PrunedName)
	lines, err := ReadPruned(p.opts.Directory)
	if err != nil {
		return err
	}
	var end int64
	for i := range lines {
		end += int64(len(lines[i].Raw)) + 1
	}
	var file diskFile
	if _, statErr := os.Stat(path); errors.Is(statErr, os.ErrNotExist) {
		file, err = p.opts.disk.create(path)
	} else {
		if err := p.opts.disk.truncate(path, end); err != nil {
			return err
		}
		file, err = p.opts.disk.reopen(path, end)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(line)
	if err == nil {
		err = file.sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return p.opts.disk.syncDir(p.opts.Directory)
}
