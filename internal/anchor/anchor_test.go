package anchor_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/regular"
)

const logName = "audit.example.com/test"

// note is a checkpoint with a signature that nobody checks here.
func note(tenant string, epoch int32, size int64) []byte {
	c := merkle.Checkpoint{
		Origin: merkle.TenantOrigin(logName, tenant, epoch), Size: size, Root: merkle.Hash{byte(size), byte(size >> 8)},
		RecordedAt: time.UnixMicro(1_763_800_000_000_000 + size).UTC(),
	}
	return []byte(c.Text() + "\n— " + logName + " abcd0123456789+/==\n— other 99\n")
}

func latest(t testing.TB, f *anchor.File, tenant string, epoch int32) int64 {
	t.Helper()
	got, err := f.Latest(merkle.TenantOrigin(logName, tenant, epoch))
	require.NoError(t, err)
	if got == nil {
		return 0
	}
	c, err := anchor.Unverified(got)
	require.NoError(t, err)
	require.Equal(t, string(note(tenant, epoch, c.Size)), string(got))
	return c.Size
}

func open(t testing.TB, path string) *anchor.File {
	t.Helper()
	f, err := anchor.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestTheNewestOfEachLogIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "anchors")
	f := open(t, path)
	require.Zero(t, latest(t, f, "acme", 0))
	require.NoError(t, f.Append(note("acme", 0, 3), note("globex", 0, 5), note("acme", 0, 4)))
	require.NoError(t, f.Append(note("acme", 1, 2)))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, f.Append(note("acme", 0, 4), note("acme", 0, 1)), "what is not newer is left out")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	for range 2 {
		assert.Equal(t, int64(4), latest(t, f, "acme", 0))
		assert.Equal(t, int64(5), latest(t, f, "globex", 0))
		assert.Equal(t, int64(2), latest(t, f, "acme", 1))
		got, epoch, err := f.LatestEpoch(merkle.TenantOrigin(logName, "acme", 0))
		require.NoError(t, err)
		assert.Equal(t, int32(1), epoch)
		assert.Equal(t, string(note("acme", 1, 2)), string(got))
		got, epoch, err = f.LatestEpoch(merkle.TenantOrigin(logName, "globex", 0))
		require.NoError(t, err)
		assert.Zero(t, epoch)
		assert.Equal(t, string(note("globex", 0, 5)), string(got))
		got, _, err = f.LatestEpoch(merkle.TenantOrigin(logName, "nobody", 0))
		require.NoError(t, err)
		assert.Nil(t, got)
		require.NoError(t, f.Close())
		f = open(t, path)
	}
	notes, err := anchor.ReadFile(path)
	require.NoError(t, err)
	assert.Len(t, notes, 4)
}

func TestOnlyCheckpointsAreAppended(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "anchors")
	f := open(t, path)
	good := note("acme", 0, 3)
	for _, bad := range [][]byte{nil, []byte("x"), good[:len(good)-1], append([]byte("\n"), good...), append(slices.Clip(good), "x\n"...)} {
		require.Error(t, f.Append(note("globex", 0, 1), bad), "%q", bad)
	}
	require.Zero(t, latest(t, f, "globex", 0), "all or nothing")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, text)
}

// However much of the last write reached the disk, what was there before is
// there, and the file takes more.
func TestTornTails(t *testing.T) {
	t.Parallel()
	whole := anchor.AppendLine(anchor.AppendLine(nil, note("acme", 0, 3)), note("globex", 0, 5))
	last := anchor.AppendLine(nil, note("acme", 0, 9))
	for n := range len(last) {
		for _, zeros := range []int{0, 1, 5000, 3 << 20} {
			if zeros > 5000 && n%100 != 0 {
				continue
			}
			path := filepath.Join(t.TempDir(), "anchors")
			text := append(append(bytes.Clone(whole), last[:n]...), make([]byte, zeros)...)
			require.NoError(t, os.WriteFile(path, text, 0o600))
			f := open(t, path)
			require.Equal(t, int64(3), latest(t, f, "acme", 0), "%d bytes of the last line", n)
			require.NoError(t, f.Append(note("acme", 0, 10)))
			require.NoError(t, f.Close())
			notes, err := anchor.ReadFile(path)
			require.NoError(t, err)
			require.Len(t, notes, 3)
		}
	}
}

func TestDamageIsAnErrorWithItsLine(t *testing.T) {
	t.Parallel()
	lines := [][]byte{anchor.AppendLine(nil, note("acme", 0, 3)), anchor.AppendLine(nil, note("acme", 0, 4)), anchor.AppendLine(nil, note("acme", 0, 5))}
	for name, spoil := range map[string]func(line []byte) []byte{
		"not ours":      func([]byte) []byte { return []byte("hello\n") },
		"empty":         func([]byte) []byte { return []byte("\n") },
		"cut":           func(line []byte) []byte { return append(line[:100:100], '\n') },
		"zeros":         func(line []byte) []byte { return append(make([]byte, 2<<20), line...) },
		"other object":  func([]byte) []byte { return []byte(`{"checkpoint":{}}` + "\n") },
		"no checkpoint": func([]byte) []byte { return anchor.AppendLine(nil, []byte("x\n\n— a b\n")) },
		"no signature":  func([]byte) []byte { return anchor.AppendLine(nil, []byte(string(note("a", 0, 1)[:100])+"\n\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "anchors")
			text := bytes.Join([][]byte{lines[0], spoil(lines[1]), lines[2]}, nil)
			require.NoError(t, os.WriteFile(path, text, 0o600))
			_, err := anchor.Open(path)
			require.ErrorIs(t, err, anchor.ErrDamaged)
			require.ErrorContains(t, err, path+": damaged anchors: line 2: ")
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, text, after, "nothing is taken off")
		})
	}
}

func TestOneWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "anchors")
	f := open(t, path)
	_, err := anchor.Open(path)
	require.ErrorIs(t, err, anchor.ErrInUse)
	require.EqualError(t, err, "anchor file "+path+": in use already: every exporter has an anchor file of its own")
	require.NoError(t, f.Close())
	require.NoError(t, f.Close(), "closed is closed")
	require.ErrorIs(t, f.Append(note("acme", 0, 1)), os.ErrClosed)
	open(t, path)
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(dir, "missing", "anchors"): "missing/anchors: no such file or directory",
		dir:                                      "is a directory",
		"/dev/null":                              "not a regular file",
	} {
		_, err := anchor.Open(path)
		require.ErrorContains(t, err, "anchor file ")
		require.ErrorContains(t, err, text)
	}
}

// The file stays small however often the same logs are written to, and loses
// nothing: not while others add, and not with a link in place of the file.
func TestCompaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "anchors")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "elsewhere"), 0o700))
	require.NoError(t, os.Symlink(filepath.Join("elsewhere", "real"), path))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "elsewhere", "real"), nil, 0o600))
	f := open(t, path)
	const tenants, rounds = 50, 2000
	done := make(chan error)
	go func() {
		var err error
		for err == nil {
			select {
			case done <- nil:
				return
			default:
				err = f.Sync()
			}
		}
		done <- err
	}()
	largest := int64(0)
	for size := range int64(rounds) {
		var notes [][]byte
		for i := range tenants {
			notes = append(notes, note(fmt.Sprint("t", i), 0, size+1))
		}
		require.NoError(t, f.Add(notes...))
		info, err := os.Stat(path)
		require.NoError(t, err)
		largest = max(largest, info.Size())
	}
	require.NoError(t, <-done)
	require.NoError(t, f.Sync())
	for i := range tenants {
		require.Equal(t, int64(rounds), latest(t, f, fmt.Sprint("t", i), 0))
	}
	assert.Less(t, largest, int64(20<<20), "of 30 MB written")
	require.NoError(t, f.Close())
	info, err := os.Lstat(path)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
	f = open(t, path)
	for i := range tenants {
		require.Equal(t, int64(rounds), latest(t, f, fmt.Sprint("t", i), 0))
	}
	left, err := os.ReadDir(filepath.Join(dir, "elsewhere"))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file is left")
}

// Somebody removes the file, and it comes back with all that it had.
func TestRemovedWhileInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "anchors")
	f := open(t, path)
	require.NoError(t, f.Append(note("acme", 0, 3), note("globex", 0, 5)))
	require.NoError(t, os.Remove(path))
	require.ErrorContains(t, f.Append(note("acme", 0, 4)), "was removed while in use, and was written again")
	require.NoError(t, f.Append(note("acme", 0, 5)))
	_, err := anchor.Open(path)
	require.ErrorIs(t, err, anchor.ErrInUse, "the new file is locked as well")
	require.NoError(t, f.Close())
	f = open(t, path)
	assert.Equal(t, int64(5), latest(t, f, "acme", 0))
	assert.Equal(t, int64(5), latest(t, f, "globex", 0))
}

func TestChangedWhileInUse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, path string){
		"exchanged": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path, path+".1"))
			require.NoError(t, os.WriteFile(path, nil, 0o600))
		},
		"emptied": func(t *testing.T, path string) { require.NoError(t, os.Truncate(path, 0)) },
		"appended to": func(t *testing.T, path string) {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = file.Write(anchor.AppendLine(nil, note("acme", 0, 9)))
			require.NoError(t, err)
			require.NoError(t, file.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "anchors")
			f := open(t, path)
			require.NoError(t, f.Append(note("acme", 0, 3)))
			change(t, path)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			for range 2 {
				require.ErrorIs(t, f.Append(note("acme", 0, 4)), anchor.ErrChanged)
			}
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, before, after, "what somebody else did is not written over")
		})
	}
}

// An anchor that cannot be read is never taken for one that is not there.
func TestLatestOfAFileThatWasChanged(t *testing.T) {
	t.Parallel()
	first := merkle.TenantOrigin(logName, "acme", 0)
	for name, change := range map[string]func(path string) error{
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"cut":     func(path string) error { return os.Truncate(path, 60) },
		"spoiled": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), 1000), 0o600) },
		"another's": func(path string) error {
			return os.WriteFile(path, anchor.AppendLine(nil, note("bcme", 0, 3)), 0o600)
		},
		"another size": func(path string) error {
			return os.WriteFile(path, anchor.AppendLine(nil, note("acme", 0, 4)), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "anchors")
			f := open(t, path)
			require.NoError(t, f.Append(note("acme", 0, 3)))
			require.NoError(t, change(path))
			got, err := f.Latest(first)
			require.ErrorIs(t, err, anchor.ErrChanged)
			require.ErrorContains(t, err, "anchor file "+path+": ")
			require.Nil(t, got)
			got, _, err = f.LatestEpoch(first)
			require.ErrorIs(t, err, anchor.ErrChanged)
			require.Nil(t, got)
			got, err = f.Latest(merkle.TenantOrigin(logName, "nobody", 0))
			require.NoError(t, err)
			require.Nil(t, got)
		})
	}
	f := open(t, filepath.Join(t.TempDir(), "anchors"))
	require.NoError(t, f.Append(note("acme", 0, 3)))
	require.NoError(t, f.Close())
	_, err := f.Latest(first)
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestReadTakesWhatPeopleHave(t *testing.T) {
	t.Parallel()
	one, two, three := note("acme", 0, 1), note("acme", 0, 2), note("globex", 3, 3)
	line := func(n []byte) string { return strings.TrimSuffix(string(anchor.AppendLine(nil, n)), "\n") }
	members := strings.TrimPrefix(line(two), "{")
	for name, test := range map[string]struct {
		text  string
		notes [][]byte
	}{
		"nothing":                 {"", nil},
		"lines":                   {line(one) + "\n" + line(two) + "\n", [][]byte{one, two}},
		"the last without an end": {line(one) + "\n" + line(two), [][]byte{one, two}},
		"the last torn":           {line(one) + "\n" + line(two)[:90], [][]byte{one}},
		"twice":                   {line(one) + "\n" + line(one) + "\n", [][]byte{one, one}},
		"a raw note":              {string(one), [][]byte{one}},
		"raw notes":               {string(one) + string(two) + "\n" + string(three), [][]byte{one, two, three}},
		"raw behind a title":      {"the checkpoint of Sunday:\n" + string(one), [][]byte{one}},
		"raw between lines":       {line(one) + "\n" + string(two) + line(three) + "\n", [][]byte{one, two, three}},
		"carriage returns":        {line(one) + "\r\n" + strings.ReplaceAll(string(two), "\n", "\r\n"), [][]byte{one, two}},
		"a log in JSON":           {`{"level":"info","msg":"audit checkpoint",` + members + "\n" + `{"level":"info","msg":"other {"}` + "\n", [][]byte{two}},
		"a log of the console":    {"2026-01-01T00:00:00Z\tinfo\taudit/log.go:1\taudit checkpoint\t{\"a\": {\"b\": 1}, " + members + "\nnothing\n", [][]byte{two}},
		"a log of journald":       {"Jan 01 00:00:00 host otelcol[7]: {x} [1]{ " + line(two) + "\n", [][]byte{two}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notes, err := anchor.Read(strings.NewReader(test.text))
			require.NoError(t, err)
			require.Len(t, notes, len(test.notes))
			for i := range notes {
				assert.Equal(t, string(test.notes[i]), string(notes[i]))
			}
		})
	}
}

// What a file holds beside checkpoints is told: it may have been one.
func TestParseTellsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	one, two := note("acme", 0, 1), note("acme", 0, 2)
	line := func(n []byte) string { return string(anchor.AppendLine(nil, n)) }
	members := strings.TrimPrefix(line(two), "{")
	logLine := `{"level":"info",` + members
	zeros := strings.Repeat("\x00", 50)
	for name, test := range map[string]struct {
		text   string
		wanted anchor.Contents
	}{
		"lines":                      {line(one) + line(two), anchor.Contents{}},
		"empty lines":                {"\n" + line(one) + "\n\n", anchor.Contents{}},
		"raw notes":                  {string(one) + string(two) + "\n", anchor.Contents{}},
		"a torn last line":           {line(one) + line(two)[:90], anchor.Contents{Torn: 2}},
		"a shorter one":              {line(one) + line(two)[:3], anchor.Contents{Torn: 2}},
		"with zeros behind it":       {line(one) + line(two)[:90] + zeros, anchor.Contents{Torn: 2}},
		"zeros alone":                {line(one) + zeros, anchor.Contents{Torn: 2}},
		"zeros in the middle":        {line(one) + zeros + "\n" + line(two), anchor.Contents{Unreadable: 1, First: 2}},
		"garbage behind":             {line(one) + "x\xff\n\x01", anchor.Contents{Unreadable: 2, First: 2}},
		"words behind":               {line(one) + "hello\n\nworld\n", anchor.Contents{Unreadable: 2, First: 2}},
		"words in front":             {"hello\nworld\n" + line(one), anchor.Contents{Unreadable: 2, First: 1}},
		"a raw note without its end": {string(one) + string(two)[:30], anchor.Contents{Unreadable: 1, First: 9}},
		"a raw note behind words":    {"a\nb\nc\nd\ne\nf\ng\n" + string(one), anchor.Contents{Unreadable: 7, First: 1}},
		"a log":                      {"starting\n" + logLine + "stopping\n\n", anchor.Contents{Others: 2}},
		"zeros in a log":             {"starting\n" + logLine + zeros + "\n", anchor.Contents{Others: 1, Unreadable: 1, First: 3}},
		"half an anchor in a log":    {logLine + logLine[:100] + "\nstopping\n", anchor.Contents{Others: 1, Unreadable: 1, First: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contents, err := anchor.Parse([]byte(test.text))
			require.NoError(t, err)
			require.NotEmpty(t, contents.Notes)
			contents.Notes = nil
			require.Equal(t, test.wanted, *contents)
		})
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	one := note("acme", 0, 1)
	line := string(anchor.AppendLine(nil, one))
	for name, test := range map[string]struct{ text, wanted string }{
		"no checkpoint at all":   {"hello\nworld\n", "it holds no checkpoint"},
		"a broken line":          {line + `{"checkpoint":"x"}` + "\n", "damaged anchors: line 2: not a signed note"},
		"half a line in between": {line[:50] + "\n" + line, "damaged anchors: line 1: not a checkpoint line"},
		"a raw note of nothing":  {"hello\n\n— x y\n", "damaged anchors: at the end: a signed note that is no checkpoint"},
		"in the middle":          {"hello\n\n— x y\nmore\n", "damaged anchors: line 4: a signed note that is no checkpoint"},
	} {
		_, err := anchor.Read(strings.NewReader(test.text))
		require.ErrorContains(t, err, test.wanted, name)
	}
	_, err := anchor.ReadFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = anchor.ReadFile(t.TempDir())
	require.ErrorIs(t, err, regular.ErrNotRegular)
}

// What is read, written again and read is the same, and no input is taken for
// more than it is.
func FuzzRead(f *testing.F) {
	one, two := note("acme", 0, 1), note("globex", 2, 1<<40)
	f.Add(anchor.AppendLine(anchor.AppendLine(nil, one), two))
	f.Add(append(bytes.Clone(one), two...))
	f.Add([]byte("x {" + string(anchor.AppendLine(nil, one))))
	f.Add([]byte(`{"checkpoint":"` + "\x00"))
	f.Add([]byte("a\n1\n\n— \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		notes, err := anchor.Read(bytes.NewReader(text))
		if err != nil {
			require.Nil(t, notes)
			return
		}
		var lines []byte
		for _, n := range notes {
			_, err := anchor.Unverified(n)
			require.NoError(t, err)
			lines = anchor.AppendLine(lines, n)
		}
		again, err := anchor.Read(bytes.NewReader(lines))
		require.NoError(t, err)
		require.Len(t, again, len(notes))
		for i := range again {
			require.Equal(t, string(notes[i]), string(again[i]))
		}
	})
}

// Whatever is in a file, opening it is an error or keeps every whole line.
func FuzzOpen(f *testing.F) {
	f.Add(anchor.AppendLine(anchor.AppendLine(nil, note("acme", 0, 1)), note("acme", 1, 2)))
	f.Add([]byte("{"))
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "anchors")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		file, err := anchor.Open(path)
		if err != nil {
			require.ErrorIs(t, err, anchor.ErrDamaged)
			return
		}
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(text[:bytes.LastIndexByte(text, '\n')+1]), string(kept))
		require.NoError(t, file.Append(note("fuzz", 0, 1)))
		require.Equal(t, int64(1), latest(t, file, "fuzz", 0))
		require.NoError(t, file.Close())
	})
}
