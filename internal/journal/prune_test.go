package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pruneRig is a journal of 12 segments with two entries each, a day apart, of
// tenants t0 to t11, the last of them open.
type pruneRig struct {
	opts    Options
	clock   *clock
	anchors [][]byte
}

func newPruneRig(t testing.TB) *pruneRig {
	t.Helper()
	clock := newClock()
	rig := &pruneRig{opts: options(t), clock: clock}
	rig.opts.Now = clock.read
	rig.opts.MaxSegmentAge = 20 * time.Hour
	w := open(t, rig.opts)
	for day := range 12 {
		var h Hasher
		for i := range 2 {
			line := bytes.ReplaceAll(lineOf(strconv.Itoa(day)+"-"+strconv.Itoa(i)), []byte(`"tenant_id":"acme"`), []byte(`"tenant_id":"t`+strconv.Itoa(day)+`"`))
			e, err := h.NewEntry(line, "")
			require.NoError(t, err)
			write(t, w, e)
		}
		clock.pass(24 * time.Hour)
	}
	note, size := w.Head()
	require.EqualValues(t, 24, size)
	rig.anchors = [][]byte{note}
	require.NoError(t, w.Close())
	return rig
}

// day is a time in the middle of a day of the rig, counted from 0.
func day(n int) time.Time {
	return time.Date(2026, 1, 1+n, 12, 0, 0, 0, time.UTC)
}

func (r *pruneRig) options(cutoff int) PruneOptions {
	return PruneOptions{
		Directory: r.opts.Directory, Ring: r.opts.Ring, Anchors: r.anchors, Cutoff: day(cutoff), Now: day(20),
	}
}

func segmentsOf(t testing.TB, directory string) (numbers []int64) {
	t.Helper()
	d, err := ReadDirectory(directory)
	require.NoError(t, err)
	for i := range d.Segments {
		numbers = append(numbers, d.Segments[i].Number)
	}
	return numbers
}

func TestPrune(t *testing.T) {
	rig := newPruneRig(t)
	for _, test := range []struct {
		name   string
		change func(o *PruneOptions)
		remove int
		kept   string
	}{
		{"nothing is old enough", func(o *PruneOptions) { o.Cutoff = day(-1) }, 0, "recorded at or after the cutoff"},
		{"some are", func(*PruneOptions) {}, 5, "recorded at or after the cutoff"},
		{"all but the newest", func(o *PruneOptions) { o.Cutoff = day(99) }, 11, ""},
		{"no anchor", func(o *PruneOptions) { o.Anchors = nil }, 0, "no anchor covers its end"},
		{"a hold of another tenant in the window", func(o *PruneOptions) { o.Holds = []Hold{{TenantID: "acme"}} }, 5, "cutoff"},
		{"a hold without a window", func(o *PruneOptions) { o.Holds = []Hold{{TenantID: "t2"}} }, 2, `a legal hold of tenant "t2"`},
		{"a hold that ended before", func(o *PruneOptions) { o.Holds = []Hold{{TenantID: "t2", Until: day(1)}} }, 5, "cutoff"},
		{"a hold that begins later", func(o *PruneOptions) { o.Holds = []Hold{{TenantID: "t2", Since: day(3)}} }, 5, "cutoff"},
		{"a hold around it", func(o *PruneOptions) { o.Holds = []Hold{{TenantID: "t3", Since: day(1), Until: day(4)}} }, 3, "legal hold"},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := rig.options(4)
			test.change(&opts)
			plan, err := PlanPrune(t.Context(), opts)
			require.NoError(t, err)
			require.Equal(t, test.remove, plan.Remove())
			if test.kept == "" {
				require.Len(t, plan.Candidates, test.remove)
				return
			}
			require.Contains(t, plan.Candidates[len(plan.Candidates)-1].Kept, test.kept)
		})
	}
	require.Len(t, segmentsOf(t, rig.opts.Directory), 12, "a plan changes nothing")

	w := open(t, rig.opts) // the collector goes on
	plan, err := PlanPrune(t.Context(), rig.options(4))
	require.NoError(t, err)
	require.NoError(t, plan.Prune())
	write(t, w, entryOf(t, "meanwhile"))
	require.NoError(t, w.Close())
	require.Equal(t, []int64{6, 7, 8, 9, 10, 11, 12, 13}, segmentsOf(t, rig.opts.Directory))

	lines, err := ReadPruned(rig.opts.Directory)
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.NoError(t, lines[0].Err)
	s := lines[0].Statement
	_, err = rig.opts.Ring.Open(s.Note())
	require.NoError(t, err)
	require.EqualValues(t, 1, s.First)
	require.EqualValues(t, 5, s.Last)
	require.EqualValues(t, 10, s.Size)
	require.EqualValues(t, 10, s.Entries)

	// The next prune begins where that one ended.
	plan, err = PlanPrune(t.Context(), rig.options(6))
	require.NoError(t, err)
	require.NoError(t, plan.Prune())
	require.Equal(t, []int64{8, 9, 10, 11, 12, 13}, segmentsOf(t, rig.opts.Directory))
	require.NoError(t, open(t, rig.opts).Close())
}

// Interrupted at any step, a prune has either not begun or is finished by the
// next one; no segment is gone without a statement.
func TestPruneInterrupted(t *testing.T) {
	for step := 1; ; step++ {
		finished := true
		for mode := range faultModes {
			rig := newPruneRig(t)
			opts := rig.options(4)
			opts.disk = &faultyDisk{disk: unsynced{}, failAt: step, mode: mode, err: syscall.EIO}
			plan, err := PlanPrune(t.Context(), opts)
			require.NoError(t, err)
			err = plan.Prune()
			finished = finished && err == nil
			stated, readErr := ReadPruned(rig.opts.Directory)
			require.NoError(t, readErr)
			if len(stated) == 0 {
				require.Len(t, segmentsOf(t, rig.opts.Directory), 12, "step %d", step)
			}
			opts.disk = unsynced{}
			plan, err = PlanPrune(t.Context(), opts)
			require.NoError(t, err)
			require.NoError(t, plan.Prune())
			require.Equal(t, []int64{6, 7, 8, 9, 10, 11, 12}, segmentsOf(t, rig.opts.Directory), "step %d, mode %d", step, mode)
			stated, err = ReadPruned(rig.opts.Directory)
			require.NoError(t, err)
			require.Len(t, stated, 1)
		}
		if finished {
			return
		}
	}
}

// What is evidence of something is not removed.
func TestPruneRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, directory string)
		wanted string
	}{
		{"a changed segment", func(t *testing.T, directory string) { flip(t, filepath.Join(directory, SegmentName(2)), 3000) }, "is not removed, it is evidence"},
		{"a missing front", func(t *testing.T, directory string) {
			require.NoError(t, os.Remove(filepath.Join(directory, SegmentName(1))))
		}, "segment-000000000001.jsonl is missing and no statement says that it was pruned"},
		{"a missing segment", func(t *testing.T, directory string) {
			require.NoError(t, os.Remove(filepath.Join(directory, SegmentName(2))))
		}, "segment 3 does not continue it"},
		{"a forged statement", func(t *testing.T, directory string) {
			require.NoError(t, os.WriteFile(filepath.Join(directory, PrunedName), []byte("{}\n"), 0o600))
		}, "pruned: line 1: not a prune statement"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rig := newPruneRig(t)
			test.change(t, rig.opts.Directory)
			_, err := PlanPrune(t.Context(), rig.options(4))
			require.ErrorContains(t, err, test.wanted)
		})
	}
}

// flip changes a bit of a file.
func flip(t testing.TB, path string, offset int) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o600))
	text[offset%len(text)] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
}

func TestTwoPrunesAtOnce(t *testing.T) {
	rig := newPruneRig(t)
	one, err := PlanPrune(t.Context(), rig.options(4))
	require.NoError(t, err)
	two, err := PlanPrune(t.Context(), rig.options(5))
	require.NoError(t, err)
	held, err := lock(rig.opts.Directory, pruneLockName)
	require.NoError(t, err)
	require.ErrorContains(t, one.Prune(), "another prune is at work")
	require.NoError(t, held.Close())
	require.NoError(t, one.Prune())
	require.ErrorContains(t, two.Prune(), "another prune was here in the meantime, try again")
	require.Len(t, segmentsOf(t, rig.opts.Directory), 7)
}

// A statement has one spelling, and every bit of it is under the signature.
func TestPruneStatementStrict(t *testing.T) {
	rig := newPruneRig(t)
	plan, err := PlanPrune(t.Context(), rig.options(4))
	require.NoError(t, err)
	require.NoError(t, plan.Prune())
	lines, err := ReadPruned(rig.opts.Directory)
	require.NoError(t, err)
	raw := lines[0].Raw
	for i := range raw {
		for _, bit := range []byte{1, 0x20} {
			changed := bytes.Clone(raw)
			changed[i] ^= bit
			s, err := ParsePruneStatement(changed)
			if err == nil {
				_, err = rig.opts.Ring.Open(s.Note())
			}
			require.Error(t, err, "byte %d", i)
		}
	}
	_, err = ParsePruneStatement(append(bytes.Clone(raw), ' '))
	require.ErrorIs(t, err, ErrPruneStatement)
}
