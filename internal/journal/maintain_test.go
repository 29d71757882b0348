package journal

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// A segment that nobody writes any more is sealed when it is old, so that it can
// be uploaded, and the next entry begins another.
func TestOldSegmentIsSealedWithoutTraffic(t *testing.T) {
	clock := newClock()
	opts := options(t)
	opts.Now, opts.MaxSegmentAge = clock.read, time.Hour
	w := open(t, opts)
	require.NoError(t, w.Maintain(), "an empty journal needs nothing")
	write(t, w, entryOf(t, "a"))
	require.NoError(t, w.Maintain())
	require.False(t, w.at.sealed)
	clock.pass(time.Hour)
	require.NoError(t, w.Maintain())
	require.True(t, w.at.sealed)
	clock.pass(time.Hour)
	require.NoError(t, w.Maintain(), "once")
	require.NoError(t, w.Close())
	w = open(t, opts)
	require.Equal(t, Result{Written: 1, Duplicates: 1}, write(t, w, entryOf(t, "a"), entryOf(t, "b")))
	require.NoError(t, w.Close())
	require.Equal(t, []int64{1, 2}, segmentsOf(t, opts.Directory))
	check(t, opts.Directory, opts.Ring)
}

// watched counts what an Observer is told.
type watched struct {
	nobody
	mu       sync.Mutex // guards the rest
	anchored []error
	failed   int
}

func (w *watched) Anchored(_ int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.anchored = append(w.anchored, err)
}

func (w *watched) Failed(error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed++
}

// brokenAnchors fail until they are mended.
type brokenAnchors struct {
	Anchors
	err error
}

func (b *brokenAnchors) Add(notes ...[]byte) error {
	if b.err != nil {
		return b.err
	}
	return b.Anchors.Add(notes...)
}

// Anchors that cannot be written do not hold up the journal; they are told of,
// tried again, and have the newest head when they work.
func TestAnchorsFailAndRecover(t *testing.T) {
	opts, closeAnchors := withAnchors(t, options(t))
	defer closeAnchors()
	broken := &brokenAnchors{Anchors: opts.Anchors, err: errors.New("no room")}
	observer := &watched{}
	opts.Anchors, opts.Observer = broken, observer
	w := open(t, opts)
	write(t, w, entryOf(t, "a"))
	write(t, w, entryOf(t, "b"))
	require.ErrorContains(t, w.Maintain(), "no room")
	note, _, err := broken.LatestEpoch(opts.origin(0).String())
	require.NoError(t, err)
	require.Nil(t, note)
	broken.err = nil
	require.NoError(t, w.Maintain())
	require.NoError(t, w.Maintain(), "nothing has changed")
	require.Len(t, observer.anchored, 2)
	require.NoError(t, observer.anchored[1])
	note, _, err = broken.LatestEpoch(opts.origin(0).String())
	require.NoError(t, err)
	head, size := w.Head()
	require.EqualValues(t, 2, size)
	require.Equal(t, head, note)
	require.Zero(t, observer.failed)
}

// Many callers at once, some of which give up: whoever got an answer is there,
// once, and batches are shared.
func TestConcurrentCallers(t *testing.T) {
	opts := options(t)
	opts.MaxSegmentBytes = 100_000
	opts.DedupEntries = 10_000
	w := open(t, opts)
	const callers, each = 32, 25
	var mu sync.Mutex
	var acknowledged [][]byte
	var group sync.WaitGroup
	for n := range callers {
		entries := entriesOf(t, strconv.Itoa(n), each)
		group.Go(func() {
			for i := range entries {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				if (n+i)%5 == 0 {
					cancel()
				}
				_, err := w.Append(ctx, entries[i:i+1])
				cancel()
				if err == nil {
					mu.Lock()
					acknowledged = append(acknowledged, entries[i].Line)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, w.Close())
	require.Zero(t, w.waitingBytes)
	require.GreaterOrEqual(t, len(acknowledged), callers*each*4/5)
	p := promises{opts: opts, acknowledged: acknowledged}
	p.requireKept(t)
}

// A journal that was changed in its middle is continued in a new epoch, which
// says what is lost; what was there stays as it is.
func TestEpochAfterDamage(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(text []byte) []byte
		there  int64
	}{
		{"an entry", func(text []byte) []byte { text[bytes.LastIndex(text, []byte("usr_42"))] ^= 1; return text }, 3},
		{"the header", func(text []byte) []byte { text[20] ^= 1; return text }, 0},
		{"nothing is left", func([]byte) []byte { return nil }, 0},
		{"a batch before others", func(text []byte) []byte { text[bytes.Index(text, []byte("usr_42"))] ^= 1; return text }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts, closeAnchors := withAnchors(t, options(t))
			defer closeAnchors()
			w := open(t, opts)
			for _, e := range entriesOf(t, "a", 4) {
				write(t, w, e)
			}
			require.NoError(t, w.Close())
			text, err := os.ReadFile(w.at.path)
			require.NoError(t, err)
			changed := test.change(text)
			require.NoError(t, os.WriteFile(w.at.path, changed, 0o600))
			damagedPath := w.at.path
			_, err = Open(opts)
			require.ErrorContains(t, err, "otelaudit recover --new-epoch")

			r, err := Examine(opts)
			require.NoError(t, err)
			_, damaged := errors.AsType[*DamagedError](r.Problem)
			require.True(t, damaged, "%v", r.Problem)
			require.Equal(t, test.there, r.Statement.PreviousSize)
			require.EqualValues(t, 4, r.Statement.LostSize)
			file, err := r.OpenEpoch("edited by hand")
			require.NoError(t, err)
			require.Equal(t, SegmentName(2), file)
			require.NoError(t, r.Close())
			left, err := os.ReadFile(damagedPath)
			require.NoError(t, err)
			require.Equal(t, changed, append([]byte(nil), left...))

			w = open(t, opts)
			write(t, w, entryOf(t, "anew"))
			require.NoError(t, w.Close())
			d, err := ReadDirectory(opts.Directory)
			require.NoError(t, err)
			h, err := headerOf(d.Newest())
			require.NoError(t, err)
			note, err := opts.Ring.Open([]byte(h.Epoch))
			require.NoError(t, err)
			s, err := merkle.ParseEpochStatement(note)
			require.NoError(t, err)
			require.Equal(t, "edited by hand", s.Reason)
		})
	}
}

// treeOf names all files below a directory.
func treeOf(t testing.TB, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return names
}

// Examining makes nothing, neither the directory nor a file in it.
func TestExamineMakesNothing(t *testing.T) {
	opts, closeAnchors := withAnchors(t, options(t))
	defer closeAnchors()
	parent := filepath.Dir(opts.Directory)
	before := treeOf(t, parent)
	_, err := Examine(opts)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, before, treeOf(t, parent))

	w := open(t, opts)
	write(t, w, entriesOf(t, "a", 2)...)
	require.NoError(t, w.Close())
	require.NoError(t, os.RemoveAll(opts.Directory))
	require.NoError(t, os.Mkdir(opts.Directory, 0o700))
	before = treeOf(t, parent)
	r, err := Examine(opts)
	require.NoError(t, err)
	require.ErrorContains(t, r.Problem, "the end of the journal is missing")
	require.Equal(t, before, treeOf(t, parent))

	// What it could not hold it holds before it writes.
	_, err = r.OpenEpoch("the disk was lost")
	require.NoError(t, err)
	_, err = Open(opts)
	_, held := errors.AsType[*InUseError](err)
	require.True(t, held, "%v", err)
	require.NoError(t, r.Close())
	w = open(t, opts)
	write(t, w, entryOf(t, "anew"))
	require.NoError(t, w.Close())
}

// Somebody who writes between a look and the new epoch is not written over.
func TestEpochOfAJournalThatGoesOn(t *testing.T) {
	opts := options(t)
	require.NoError(t, os.Mkdir(opts.Directory, 0o700))
	r, err := Examine(opts)
	require.NoError(t, err)
	w := open(t, opts)
	_, err = r.OpenEpoch("x")
	_, held := errors.AsType[*InUseError](err)
	require.True(t, held, "%v", err)
	write(t, w, entryOf(t, "a"))
	require.NoError(t, w.Close())
	for range 2 {
		_, err = r.OpenEpoch("x")
		require.EqualError(t, err, opts.Directory+" was written to since it was examined")
	}
	require.NoError(t, r.Close())
	check(t, opts.Directory, opts.Ring)
}
