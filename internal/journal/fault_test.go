package journal

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// faultyDisk fails the step with a number. Fakes fail in pairs: the step was
// done all the same, or it was not; a write may also be done in part.
type faultyDisk struct {
	disk
	step   int // the next one has this number, from 1
	failAt int
	until  int // failing lasts up to this step, exclusive; 0 is failAt+1
	mode   faultMode
	err    error
	stop   func() // instead of failing: ends the process
	names  []string
}

type faultMode int

const (
	notDone faultMode = iota
	done
	half // of a write; of anything else: not done
	faultModes
)

// do runs a step, or not.
func (d *faultyDisk) do(name string, run func() error) error {
	d.step++
	d.names = append(d.names, name)
	until := d.until
	if until == 0 {
		until = d.failAt + 1
	}
	if d.step < d.failAt || d.step >= until {
		return run()
	}
	if d.mode == done {
		if err := run(); err != nil {
			return err
		}
	}
	if d.stop != nil {
		d.stop()
	}
	return d.err
}

func (d *faultyDisk) file(f diskFile, err error) (diskFile, error) {
	if err != nil {
		return nil, err
	}
	return &faultyFile{diskFile: f, disk: d}, nil
}

func (d *faultyDisk) create(path string) (f diskFile, err error) {
	err = d.do("create", func() (err error) { f, err = d.disk.create(path); return err })
	if err != nil && f != nil {
		_ = f.Close()
	}
	return d.file(f, err)
}

func (d *faultyDisk) reopen(path string, offset int64) (f diskFile, err error) {
	err = d.do("reopen", func() (err error) { f, err = d.disk.reopen(path, offset); return err })
	if err != nil && f != nil {
		_ = f.Close()
	}
	return d.file(f, err)
}

func (d *faultyDisk) truncate(path string, size int64) error {
	return d.do("truncate", func() error { return d.disk.truncate(path, size) })
}

func (d *faultyDisk) rename(from, to string) error {
	return d.do("rename", func() error { return d.disk.rename(from, to) })
}

func (d *faultyDisk) remove(path string) error {
	return d.do("remove", func() error { return d.disk.remove(path) })
}

func (d *faultyDisk) chmod(path string, mode fs.FileMode) error {
	return d.do("chmod", func() error { return d.disk.chmod(path, mode) })
}

func (d *faultyDisk) syncDir(path string) error {
	return d.do("syncDir", func() error { return d.disk.syncDir(path) })
}

type faultyFile struct {
	diskFile
	disk *faultyDisk
}

// Stat lets the writer see that the file is the one of the directory.
func (f *faultyFile) Stat() (fs.FileInfo, error) {
	return f.diskFile.(interface{ Stat() (fs.FileInfo, error) }).Stat()
}

func (f *faultyFile) Write(b []byte) (n int, err error) {
	if f.disk.step+1 == f.disk.failAt && f.disk.mode == half {
		n, err = f.diskFile.Write(b[:len(b)/2])
		if err != nil {
			return n, err
		}
	}
	err = f.disk.do("write", func() (err error) { n, err = f.diskFile.Write(b); return err })
	return n, err
}

func (f *faultyFile) sync() error { return f.disk.do("sync", f.diskFile.sync) }

func (f *faultyFile) Close() error { return f.diskFile.Close() }

// unsynced is a disk that does not wait for the hardware, for tests that take
// thousands of steps and whose machine stays on.
type unsynced struct{ osDisk }

type unsyncedFile struct{ osFile }

func (unsyncedFile) sync() error { return nil }

func (unsynced) file(f diskFile, err error) (diskFile, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f.(osFile)}, nil
}

func (d unsynced) create(path string) (diskFile, error) { return d.file(d.osDisk.create(path)) }

func (d unsynced) reopen(path string, offset int64) (diskFile, error) {
	return d.file(d.osDisk.reopen(path, offset))
}

func (unsynced) truncate(path string, size int64) error { return os.Truncate(path, size) }

func (unsynced) syncDir(string) error { return nil }

// promises are what a journal has told its callers.
type promises struct {
	opts         Options
	acknowledged [][]byte
}

// load writes batches of several sizes, over several segments, with retries as
// a client makes them: until the answer is yes, or forever is over.
func (p *promises) load(t testing.TB, w *Writer, prefix string, attempts int) {
	t.Helper()
	for i := range 8 {
		entries := entriesOf(t, prefix+string(rune('a'+i)), 1+i%3)
		for range attempts {
			if _, err := w.Append(context.Background(), entries); err == nil {
				for _, e := range entries {
					p.acknowledged = append(p.acknowledged, e.Line)
				}
				break
			}
		}
	}
}

// requireKept reads the directory and finds everything that was acknowledged,
// and each once.
func (p *promises) requireKept(t testing.TB) {
	t.Helper()
	found := check(t, p.opts.Directory, p.opts.Ring)
	var h Hasher
	for _, line := range p.acknowledged {
		require.Equal(t, 1, found.leaves[h.Leaf(line)], "%s", line)
	}
	for leaf, times := range found.leaves {
		require.Equal(t, 1, times, "%x", leaf)
	}
}

// stepsOf counts what a run of load does to a disk.
func stepsOf(t testing.TB, small func(t testing.TB) Options) []string {
	t.Helper()
	opts := small(t)
	d := &faultyDisk{disk: osDisk{}}
	opts.disk = d
	p := promises{opts: opts}
	w := open(t, opts)
	p.load(t, w, "x", 1)
	require.NoError(t, w.Close())
	require.Len(t, p.acknowledged, 15)
	p.requireKept(t)
	return d.names
}

func small(t testing.TB) Options {
	opts := options(t)
	opts.MaxSegmentBytes = 5000
	return opts
}

// Every step that a journal takes fails once, or for a while, in every way: the
// callers whose batch failed are told so, the journal goes on by itself, and
// what it acknowledged is there, once.
func TestEveryStepFails(t *testing.T) {
	names := stepsOf(t, small)
	require.Contains(t, names, "rename")
	require.Contains(t, names, "chmod")
	for step := 1; step <= len(names); step++ {
		for mode := range faultModes {
			for _, lasting := range []int{1, 7} {
				for _, failure := range []error{syscall.ENOSPC, syscall.EIO} {
					opts := small(t)
					d := &faultyDisk{disk: unsynced{}, failAt: step, until: step + lasting, mode: mode, err: failure}
					opts.disk = d
					p := promises{opts: opts}
					w, err := Open(opts)
					require.NoError(t, err)
					p.load(t, w, "x", 20)
					require.NoError(t, w.Close())
					require.Len(t, p.acknowledged, 15, "step %d (%s), mode %d, lasting %d, %v", step, names[step-1], mode, lasting, failure)
					p.requireKept(t)

					opts.disk = unsynced{}
					w, err = Open(opts)
					require.NoError(t, err)
					p.load(t, w, "x", 1) // all of them are duplicates
					p.load(t, w, "y", 1)
					require.NoError(t, w.Close())
					p.acknowledged = p.acknowledged[:0:0]
					p.requireKept(t)
				}
			}
		}
	}
}

// The answer to a failed batch is an error, and the error can be retried.
func TestFailedSyncIsNeverAcknowledged(t *testing.T) {
	for _, step := range []string{"write", "sync"} {
		for mode := range faultModes {
			opts := options(t)
			d := &faultyDisk{disk: osDisk{}, mode: mode, err: syscall.EIO}
			opts.disk = d
			w := open(t, opts)
			first, second := entryOf(t, "1"), entryOf(t, "2")
			write(t, w, first)
			d.failAt = len(d.names) + 1
			if step == "sync" {
				d.failAt++
			}
			_, err := w.Append(t.Context(), []Entry{second})
			require.ErrorIs(t, err, syscall.EIO)
			require.Equal(t, step, d.names[d.failAt-1])
			require.Equal(t, Result{Written: 1, Duplicates: 1}, write(t, w, first, second))
			require.NoError(t, w.Close())
			found := check(t, opts.Directory, opts.Ring)
			require.Equal(t, [][]byte{first.Line, second.Line}, found.lines)
			if dir, err := ReadDirectory(opts.Directory); step == "sync" || mode != notDone {
				require.NoError(t, err)
				require.Len(t, dir.Torn, 1, "what the failed write left is kept")
			}
		}
	}
}

// A real limit of the kernel: the file cannot grow, then it can.
func TestFileSizeLimit(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	write(t, w, entriesOf(t, "a", 3)...)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	lower := limit
	info, err := os.Stat(w.at.path)
	require.NoError(t, err)
	lower.Cur = uint64(info.Size()) + 100
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lower))
	defer func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)) }()
	for range 3 {
		_, err := w.Append(t.Context(), entriesOf(t, "b", 5))
		require.ErrorIs(t, err, syscall.EFBIG)
	}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.Equal(t, Result{Written: 5}, write(t, w, entriesOf(t, "b", 5)...))
	require.NoError(t, w.Close())
	require.EqualValues(t, 8, check(t, opts.Directory, opts.Ring).size)
}

// Every length of a torn last write: of the batch, of the header of the next
// segment, of a seal. What was acknowledged before is there, the rest is set
// aside, and the retry writes it once.
func TestEveryTornTail(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	acknowledged := entriesOf(t, "a", 2)
	write(t, w, acknowledged...)
	before, err := os.ReadFile(w.at.path)
	require.NoError(t, err)
	last := entriesOf(t, "b", 2)
	write(t, w, last...)
	after, err := os.ReadFile(w.at.path)
	require.NoError(t, err)
	path := w.at.path
	require.NoError(t, w.Close())
	opts.disk = unsynced{}
	for length := len(before); length < len(after); length++ {
		for _, filler := range []string{"", "\x00\x00"} {
			tail := append([]byte(nil), after[:length]...)
			tail = append(tail, filler...)
			require.NoError(t, os.WriteFile(path, tail, 0o600))
			w, err := Open(opts)
			require.NoError(t, err, "length %d", length)
			result := write(t, w, last...)
			require.NoError(t, w.Close())
			require.Equal(t, Result{Written: 2}, result)
			found := check(t, opts.Directory, opts.Ring)
			require.Len(t, found.lines, 4)
			requireTorn(t, opts.Directory, tail[len(before):])
		}
	}
}

// requireTorn finds the tail that was set aside, byte for byte, and removes it.
func requireTorn(t testing.TB, directory string, tail []byte) {
	t.Helper()
	dir, err := ReadDirectory(directory)
	require.NoError(t, err)
	if len(tail) == 0 {
		require.Empty(t, dir.Torn)
		return
	}
	require.Len(t, dir.Torn, 1)
	kept, err := os.ReadFile(directory + "/" + dir.Torn[0])
	require.NoError(t, err)
	require.Equal(t, tail, kept)
	require.NoError(t, os.Remove(directory+"/"+dir.Torn[0]))
}

// Blocks of the last batch that never reached the disk read as zeros, while
// later ones, its checkpoint included, are there.
func TestHolesInTheLastBatch(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	write(t, w, entryOf(t, "a"))
	start := w.at.good
	write(t, w, entriesOf(t, "b", 20)...)
	path := w.at.path
	require.NoError(t, w.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for from := start; from < int64(len(whole)); from += 512 {
		holed := append([]byte(nil), whole...)
		clear(holed[from:min(from+512, int64(len(holed)))])
		require.NoError(t, os.WriteFile(path, holed, 0o600))
		w, err := Open(opts)
		require.NoError(t, err)
		require.EqualValues(t, 1, w.at.tree.Size())
		require.NoError(t, w.Close())
		requireTorn(t, opts.Directory, holed[start:])
	}
}

// A batch that was written whole and then changed is no torn tail: the journal
// is not continued, and the line is named.
func TestChangedLastBatchIsNotTorn(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	write(t, w, entryOf(t, "a"))
	start := int(w.at.good)
	write(t, w, entriesOf(t, "b", 3)...)
	path := w.at.path
	require.NoError(t, w.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := append([]byte(nil), whole...)
	changed[start+30] ^= 1
	require.NoError(t, os.WriteFile(path, changed, 0o600))
	_, err = Open(opts)
	damaged, ok := errors.AsType[*DamagedError](err)
	require.True(t, ok, "%v", err)
	require.ErrorContains(t, damaged, "segment-000000000001.jsonl: line 7")
	require.ErrorContains(t, damaged, "otelaudit recover --new-epoch --journal "+opts.Directory)
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, changed, now, "nothing was touched")
}

// A checkpoint that is taken out between two batches makes them look like one,
// and its entries younger: the one behind it says where its batch began.
func TestAMissingCheckpointIsDamage(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	write(t, w, entriesOf(t, "a", 2)...)
	write(t, w, entriesOf(t, "b", 3)...)
	path := w.at.path
	require.NoError(t, w.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	require.Contains(t, string(lines[3]), `{"checkpoint":`)
	require.NoError(t, os.WriteFile(path, bytes.Join(slices.Delete(lines, 3, 4), nil), 0o600))
	_, err = Open(opts)
	_, ok := errors.AsType[*DamagedError](err)
	require.True(t, ok, "%v", err)
	require.ErrorContains(t, err, "its batch begins at entry 2, that in front of it ended at 0")
}

// anchored are options with an anchor file.
func withAnchors(t testing.TB, opts Options) (Options, func()) {
	t.Helper()
	anchors, err := anchor.Open(opts.Directory + ".anchors")
	require.NoError(t, err)
	opts.Anchors = anchors
	return opts, func() { require.NoError(t, anchors.Close()) }
}

// A journal that has gone back behind its anchors is not continued, whatever
// way it went back.
func TestBehindTheAnchors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, opts Options, early map[string][]byte)
		wanted string
	}{
		{"the last batch is cut off", func(t *testing.T, opts Options, _ map[string][]byte) {
			d, err := ReadDirectory(opts.Directory)
			require.NoError(t, err)
			var last int64
			for line, err := range d.Newest().Lines() {
				require.NoError(t, err)
				if line.Kind == CheckpointEnd {
					last = line.Offset
				}
			}
			require.NoError(t, os.Truncate(d.Newest().Path, last))
		}, "holds 19 entries of audit.example.com/test/j-journal, its anchor knows 20: the end of the journal is missing"},
		{"the newest segment is removed", func(t *testing.T, opts Options, _ map[string][]byte) {
			d, err := ReadDirectory(opts.Directory)
			require.NoError(t, err)
			require.NoError(t, os.Remove(d.Newest().Path))
		}, "its anchor knows 20: the end of the journal is missing"},
		{"everything is removed", func(t *testing.T, opts Options, _ map[string][]byte) {
			require.NoError(t, os.RemoveAll(opts.Directory))
		}, "holds 0 entries of audit.example.com/test/j-journal, its anchor knows 20"},
		{"an old copy is restored", func(t *testing.T, opts Options, early map[string][]byte) {
			require.NoError(t, os.RemoveAll(opts.Directory))
			require.NoError(t, os.Mkdir(opts.Directory, 0o700))
			for name, text := range early {
				require.NoError(t, os.WriteFile(opts.Directory+"/"+name, text, 0o600))
			}
		}, "holds 5 entries of audit.example.com/test/j-journal, its anchor knows 20"},
		{"another journal of the same key", func(t *testing.T, opts Options, _ map[string][]byte) {
			require.NoError(t, os.RemoveAll(opts.Directory))
			opts.Anchors = nil
			w := open(t, opts)
			for range 2 {
				for _, e := range entriesOf(t, "forged", 20) {
					write(t, w, e)
				}
			}
			require.NoError(t, w.Close())
		}, "is not the journal that its anchor knows: the first 20 entries of audit.example.com/test/j-journal are others"},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts, closeAnchors := withAnchors(t, small(t))
			w := open(t, opts)
			early := make(map[string][]byte)
			for i, e := range entriesOf(t, "a", 20) {
				write(t, w, e)
				if i == 4 {
					d, err := ReadDirectory(opts.Directory)
					require.NoError(t, err)
					for j := range d.Segments {
						early[d.Segments[j].Name()], err = os.ReadFile(d.Segments[j].Path)
						require.NoError(t, err)
					}
				}
			}
			require.NoError(t, w.Close())
			closeAnchors()
			test.change(t, opts, early)

			opts, closeAnchors = withAnchors(t, opts)
			defer closeAnchors()
			_, err := Open(opts)
			behind, ok := errors.AsType[*BehindError](err)
			require.True(t, ok, "%v", err)
			require.ErrorContains(t, behind, test.wanted)
			require.ErrorContains(t, behind, "otelaudit recover --new-epoch --journal "+opts.Directory)

			// The loss is acknowledged in a new epoch, and then it goes on.
			r, err := Examine(opts)
			require.NoError(t, err)
			require.ErrorAs(t, r.Problem, &behind)
			require.EqualValues(t, 20, r.Statement.LostSize)
			_, err = r.OpenEpoch("restored from backup")
			require.NoError(t, err)
			require.NoError(t, r.Close())
			w = open(t, opts)
			write(t, w, entryOf(t, "anew"))
			note, size := w.Head()
			require.EqualValues(t, 1, size)
			text, err := opts.Ring.Open(note)
			require.NoError(t, err)
			c, err := merkle.ParseCheckpoint(text)
			require.NoError(t, err)
			require.Equal(t, "audit.example.com/test/j-journal/e1", c.Origin)
			require.NoError(t, w.Close())
			w = open(t, opts)
			require.Equal(t, Result{Duplicates: 1}, write(t, w, entryOf(t, "anew")))
			require.NoError(t, w.Close())
		})
	}
}

// An older directory in place of one with a newer epoch is behind, too.
func TestBehindTheEpochOfTheAnchors(t *testing.T) {
	opts, closeAnchors := withAnchors(t, options(t))
	defer closeAnchors()
	w := open(t, opts)
	write(t, w, entryOf(t, "a"))
	require.NoError(t, w.Close())
	before, err := os.ReadFile(w.at.path)
	require.NoError(t, err)
	r, err := Examine(opts)
	require.NoError(t, err)
	require.NoError(t, r.Problem)
	_, err = r.OpenEpoch("a drill")
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.NoError(t, os.RemoveAll(opts.Directory))
	require.NoError(t, os.Mkdir(opts.Directory, 0o700))
	require.NoError(t, os.WriteFile(w.at.path, before, 0o600))
	_, err = Open(opts)
	_, ok := errors.AsType[*BehindError](err)
	require.True(t, ok, "%v", err)
}

func TestTwoWriters(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	_, err := Open(opts)
	inUse, ok := errors.AsType[*InUseError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, os.Getpid(), inUse.PID)
	_, err = Examine(opts)
	require.ErrorAs(t, err, &inUse)
	require.NoError(t, w.Close())
	require.NoError(t, open(t, opts).Close())
}

// Files that are taken away or exchanged while they are written are noticed
// before the answer.
func TestFileTakenAway(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, path string)
	}{
		{"removed", func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }},
		{"exchanged", func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.WriteFile(path, text, 0o600))
		}},
		{"appended to", func(t *testing.T, path string) {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = file.WriteString(string(make([]byte, 100_000)))
			require.NoError(t, errors.Join(err, file.Close()))
		}},
		{"cut", func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 10)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := options(t)
			w := open(t, opts)
			write(t, w, entryOf(t, "a"))
			test.change(t, w.at.path)
			_, err := w.Append(t.Context(), entriesOf(t, "b", 1))
			require.Error(t, err)
			// Nothing but the file's return helps, if it is gone.
			_, again := w.Append(t.Context(), entriesOf(t, "b", 1))
			require.Equal(t, test.name == "removed" || test.name == "cut", again != nil, "%v", again)
		})
	}
}

func TestClosedAndOverloaded(t *testing.T) {
	opts := options(t)
	opts.MaxWaitingBytes = 1
	w := open(t, opts)
	w.io.Lock() // a write that takes long
	first := make(chan error, 1)
	entries := entriesOf(t, "a", 1)
	go func() {
		_, err := w.Append(context.Background(), entries)
		first <- err
	}()
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.waitingBytes > 0
	}, 10*time.Second, time.Millisecond)
	_, err := w.Append(t.Context(), entriesOf(t, "b", 1))
	require.ErrorIs(t, err, ErrOverload)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.Append(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	w.io.Unlock()
	require.NoError(t, <-first)
	require.NoError(t, w.Close())
	_, err = w.Append(t.Context(), entriesOf(t, "c", 1))
	require.ErrorIs(t, err, ErrClosed)
	require.NoError(t, w.Close())
}
