package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

const testLog = "audit.example.com/test"

// ringOf is a ring with the key of a seed.
func ringOf(t testing.TB, seed string) *keys.Ring {
	t.Helper()
	ring, err := parseRing(seed)
	require.NoError(t, err)
	return ring
}

func parseRing(seed string) (*keys.Ring, error) {
	sum := sha256.Sum256([]byte(seed))
	private, _, err := keys.Generate(bytes.NewReader(sum[:]), testLog)
	if err != nil {
		return nil, err
	}
	return keys.ParseRing([]byte(private + "\n"))
}

// clock is a time that goes on by a millisecond whenever it is read.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// options of a journal in a fresh directory.
func options(t testing.TB) Options {
	t.Helper()
	return Options{
		Directory: filepath.Join(t.TempDir(), "journal"), Name: "journal", Ring: ringOf(t, "key"),
		Now: newClock().read, DedupEntries: 1000,
	}
}

func open(t testing.TB, opts Options) *Writer {
	t.Helper()
	w, err := Open(opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// lineOf is a record's line.
func lineOf(id string) []byte {
	r := recordtest.Typical()
	r.EventID = id
	return r.AppendCanonical(nil)
}

func entryOf(t testing.TB, id string) Entry {
	t.Helper()
	var h Hasher
	e, err := h.NewEntry(lineOf(id), "")
	require.NoError(t, err)
	return e
}

func entriesOf(t testing.TB, prefix string, n int) []Entry {
	t.Helper()
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = entryOf(t, fmt.Sprintf("%s-%d", prefix, i))
	}
	return entries
}

func write(t testing.TB, w *Writer, entries ...Entry) Result {
	t.Helper()
	result, err := w.Append(context.Background(), entries)
	require.NoError(t, err)
	return result
}

// content is what a directory holds, verified from its first byte to its last.
type content struct {
	lines  [][]byte
	leaves map[merkle.Hash]int
	macs   map[int64]string
	size   int64
	// frontiers beside checkpoints.
	frontiers int
}

// check verifies a directory as a whole: every line, hash, root and signature,
// with nothing of the writer's own recovery.
func check(t testing.TB, dir string, ring *keys.Ring) content {
	t.Helper()
	d, err := ReadDirectory(dir)
	require.NoError(t, err)
	c := content{leaves: make(map[merkle.Hash]int), macs: make(map[int64]string)}
	var tree merkle.Frontier
	var previous *Segment
	for i := range d.Segments {
		s := &d.Segments[i]
		whole, err := os.ReadFile(s.Path)
		require.NoError(t, err)
		for line, err := range s.Lines() {
			require.NoError(t, err)
			require.Nil(t, line.Damage, "%v", line.Damage)
			switch line.Kind {
			case HeaderLine:
				_, err := ring.Open(line.Header.Note())
				require.NoError(t, err)
				if line.Header.Epoch != "" {
					tree = merkle.Frontier{}
				}
				require.Equal(t, tree.Size(), line.Header.Size)
				require.Equal(t, tree.Bytes(), append([]byte{}, line.Header.Frontier...))
				if previous != nil {
					require.Equal(t, previous.Number+1, s.Number)
					before, err := os.ReadFile(previous.Path)
					require.NoError(t, err)
					require.Equal(t, Previous{previous.Name(), fmt.Sprintf("%x", sha256.Sum256(before))}, *line.Header.Previous)
				}
			case RecordEntry, QuarantineEntry:
				require.Equal(t, tree.Size(), line.Index)
				tree.Append(line.Leaf())
				c.lines = append(c.lines, bytes.Clone(line.Raw))
				c.leaves[line.Leaf()]++
			case CheckpointEnd:
				text, err := ring.Open(line.Checkpoint.Note)
				require.NoError(t, err)
				require.Equal(t, line.Checkpoint.Parsed.Text(), text)
				require.Equal(t, tree.Size(), line.Checkpoint.Parsed.Size)
				require.Equal(t, tree.Root(), line.Checkpoint.Parsed.Root)
				if line.Checkpoint.Frontier != nil {
					require.Equal(t, tree.Bytes(), line.Checkpoint.Frontier)
					c.frontiers++
				}
				maps.Copy(c.macs, line.Checkpoint.MACs)
				c.size = tree.Size()
			case SealLine:
				_, err := ring.Open(line.Seal.Note())
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(whole[:line.Offset])), line.Seal.SHA256)
				require.EqualValues(t, 0o400, s.Mode.Perm())
			default:
				t.Fatalf("line %d: %v", line.Number, line.Kind)
			}
		}
		previous = s
	}
	require.Equal(t, c.size, tree.Size(), "entries behind the last checkpoint")
	return c
}

func TestWriteAndReadBack(t *testing.T) {
	opts := options(t)
	opts.MaxSegmentBytes = 4000
	w := open(t, opts)
	var want [][]byte
	for i := range 20 {
		e := entryOf(t, strconv.Itoa(i))
		if i%3 == 0 {
			e.MAC = fmt.Sprintf("hmac-sha256:k:%d", i)
		}
		require.Equal(t, Result{Written: 1}, write(t, w, e))
		want = append(want, e.Line)
	}
	require.Equal(t, Result{Duplicates: 1}, write(t, w, entryOf(t, "7")))
	require.NoError(t, w.Close())
	found := check(t, opts.Directory, opts.Ring)
	require.Equal(t, want, found.lines)
	require.Len(t, found.macs, 7)
	require.Equal(t, "hmac-sha256:k:18", found.macs[18])
	require.Zero(t, found.frontiers)
	_, err := record.ParseCanonical(found.lines[3])
	require.NoError(t, err)

	w = open(t, opts)
	require.Equal(t, Result{Written: 1, Duplicates: 2}, write(t, w, entryOf(t, "7"), entryOf(t, "new"), entryOf(t, "19")))
	require.NoError(t, w.Close())
	require.EqualValues(t, 21, check(t, opts.Directory, opts.Ring).size)
}

// Every 64 KiB a checkpoint has the frontier beside it, also when the journal
// was opened anew in between or a segment began.
func TestFrontiersBesideCheckpoints(t *testing.T) {
	opts := options(t)
	opts.MaxSegmentBytes = 256 << 10
	w := open(t, opts)
	for i := range 100 {
		write(t, w, entriesOf(t, strconv.Itoa(i), 10)...)
		if i == 50 {
			require.NoError(t, w.Close())
			w = open(t, opts)
		}
	}
	require.NoError(t, w.Close())
	found := check(t, opts.Directory, opts.Ring)
	dir, err := ReadDirectory(opts.Directory)
	require.NoError(t, err)
	var written int64
	for i := range dir.Segments {
		written += dir.Segments[i].Bytes
	}
	require.Greater(t, len(dir.Segments), 2)
	most := written / frontierBytes
	require.LessOrEqual(t, int64(found.frontiers), most)
	require.GreaterOrEqual(t, int64(found.frontiers), most-int64(len(dir.Segments))-1)
	require.EqualValues(t, 1000, found.size)
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			opts := options(b)
			opts.Now = time.Now
			opts.DedupEntries = DefaultDedupEntries
			w := open(b, opts)
			lines := make([][]byte, size)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				b.StopTimer()
				for j := range lines {
					lines[j] = lineOf(fmt.Sprintf("e-%d-%d", i, j))
				}
				b.StartTimer()
				entries := make([]Entry, size)
				var h Hasher
				for j := range lines {
					entries[j], _ = h.NewEntry(lines[j], "")
				}
				if _, err := w.Append(context.Background(), entries); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkOpen starts behind a crash: the newest segment is full, has a batch
// for every entry, and ends within one.
func BenchmarkOpen(b *testing.B) {
	opts := options(b)
	opts.Now, opts.DedupEntries, opts.MaxSegmentBytes, opts.disk = time.Now, DefaultDedupEntries, 32<<20, unsynced{}
	w := open(b, opts)
	for i := 0; w.at.good < opts.MaxSegmentBytes-4096; i++ {
		write(b, w, entryOf(b, strconv.Itoa(i)))
	}
	size, batches := w.at.good, w.at.tree.Size()
	path := w.at.path
	require.NoError(b, w.Close())
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, os.Truncate(path, size))
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(b, err)
		_, err = file.Write(lineOf("torn"))
		require.NoError(b, errors.Join(err, file.Close()))
		b.StartTimer()
		w, err := Open(opts)
		require.NoError(b, err)
		b.StopTimer()
		require.Equal(b, batches, w.at.tree.Size())
		require.NoError(b, w.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(size)/(1<<20)*float64(b.N)/b.Elapsed().Seconds(), "MiB/s")
	b.ReportMetric(float64(batches), "batches")
}

// A large batch's memory must not wait for the next batch: what limits the
// collector's memory may let none through while it is held.
func TestALargeBatchLeavesNoBuffer(t *testing.T) {
	w := open(t, options(t))
	mac := strings.Repeat("m", maxKeptBuffer/8)
	var large []Entry
	for i := range 9 {
		e := entryOf(t, strconv.Itoa(i))
		e.MAC = mac
		large = append(large, e)
	}
	require.Equal(t, Result{Written: len(large)}, write(t, w, large...))
	w.io.Lock()
	defer w.io.Unlock()
	require.LessOrEqual(t, cap(w.buffer), maxKeptBuffer)
}
