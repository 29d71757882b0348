package journal

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// Arbitrary records come back as they were, whatever stands in them.
func TestRoundTrip(t *testing.T) {
	opts := options(t)
	opts.MaxSegmentBytes = 200_000
	opts.DedupEntries = 0
	w := open(t, opts)
	rng := rand.New(rand.NewPCG(1, 2))
	var want [][]byte
	var h Hasher
	for range 60 {
		var entries []Entry
		for range 1 + rng.IntN(20) {
			line := recordtest.Arbitrary(rng).AppendCanonical(nil)
			if rng.IntN(4) == 0 {
				q := Quarantined{Reason: "malformed", SHA256: strings.Repeat("0a", 32), OTLP: line, TenantID: "a\"\\\u2028é", Detail: "\x01"}
				line = q.AppendLine(nil)
			}
			e, err := h.NewEntry(line, "")
			require.NoError(t, err)
			entries = append(entries, e)
			want = append(want, line)
		}
		write(t, w, entries...)
	}
	require.NoError(t, w.Close())
	found := check(t, opts.Directory, opts.Ring)
	require.Equal(t, want, found.lines)
	d, err := ReadDirectory(opts.Directory)
	require.NoError(t, err)
	require.Greater(t, len(d.Segments), 2)
	for line, err := range d.Lines() {
		require.NoError(t, err)
		switch line.Kind {
		case RecordEntry:
			r, err := line.Record()
			require.NoError(t, err)
			require.Equal(t, line.Leaf(), record.LeafHash(r.AppendCanonical(nil)))
		case QuarantineEntry:
			q, err := line.Quarantine()
			require.NoError(t, err)
			require.Equal(t, line.Raw, q.AppendLine(nil))
		default:
		}
	}
}

// findings reads a directory as a verifier does, with the key and without the
// writer, and says whether anything is wrong.
func findings(t testing.TB, dir string, ring *keys.Ring, anchored *merkle.Checkpoint) (found []string) {
	t.Helper()
	d, err := ReadDirectory(dir)
	require.NoError(t, err)
	pruned, err := ReadPruned(dir)
	require.NoError(t, err)
	next, size := int64(1), int64(0)
	for _, line := range pruned {
		if line.Err != nil {
			return append(found, "prune statement")
		}
		next, size = line.Statement.Last+1, line.Statement.Size
	}
	var previous string
	matched := anchored == nil
	for i := range d.Segments {
		s := &d.Segments[i]
		if s.Number != next {
			found = append(found, "segment number")
		}
		next = s.Number + 1
		out, err := scan(s, ring.Open)
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		if out.damage != nil || out.tail > 0 || out.sealed != (i < len(d.Segments)-1) {
			found = append(found, "damage")
		}
		h, err := headerOf(s)
		require.NoError(t, err)
		if h.Size != size && h.Epoch == "" || i > 0 && h.Previous.SHA256 != previous {
			found = append(found, "chain")
		}
		size, previous = out.tree.Size(), out.digest()
		for line, err := range s.Lines() {
			require.NoError(t, err)
			if line.Checkpoint == nil {
				continue
			}
			if _, err := ring.Open(line.Checkpoint.Note); err != nil {
				found = append(found, "signature")
			}
			if anchored != nil && line.Checkpoint.Parsed.Size == anchored.Size {
				matched = line.Checkpoint.Parsed.Root == anchored.Root
			}
		}
	}
	if !matched {
		found = append(found, "anchor")
	}
	return found
}

// Whoever edits, cuts, repeats or reorders anything, line or segment, is seen.
func TestEveryChangeIsFound(t *testing.T) {
	source := newPruneRig(t)
	require.NoError(t, open(t, source.opts).Close())
	text, err := source.opts.Ring.Open(source.anchors[0])
	require.NoError(t, err)
	anchored, err := merkle.ParseCheckpoint(text)
	require.NoError(t, err)
	original := make(map[string][]byte)
	d, err := ReadDirectory(source.opts.Directory)
	require.NoError(t, err)
	for i := range d.Segments {
		original[d.Segments[i].Name()], err = os.ReadFile(d.Segments[i].Path)
		require.NoError(t, err)
	}
	require.Empty(t, findings(t, source.opts.Directory, source.opts.Ring, &anchored))

	dir := filepath.Join(t.TempDir(), "copy")
	try := func(what string, change func(files map[string][]byte)) {
		t.Helper()
		files := make(map[string][]byte, len(original))
		for name, content := range original {
			files[name] = bytes.Clone(content)
		}
		change(files)
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.Mkdir(dir, 0o700))
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
		}
		require.NotEmpty(t, findings(t, dir, source.opts.Ring, &anchored), what)
	}
	name := SegmentName
	lines := func(b []byte) [][]byte { return bytes.SplitAfter(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) }
	// A bit of every 37th byte of a sealed segment and of the newest, which has
	// no seal: everything in it but MACs is under some signature.
	for _, n := range []int64{3, 12} {
		for i := 0; i < len(original[name(n)]); i += 37 {
			try("flip", func(files map[string][]byte) { files[name(n)][i] ^= 1 })
		}
		for i := range lines(original[name(n)]) {
			try("line removed", func(files map[string][]byte) {
				l := lines(files[name(n)])
				files[name(n)] = bytes.Join(append(l[:i:i], l[i+1:]...), nil)
			})
			try("line repeated", func(files map[string][]byte) {
				l := lines(files[name(n)])
				l[i] = append(bytes.TrimSuffix(bytes.Clone(l[i]), []byte("\n")), '\n')
				files[name(n)] = bytes.Join(append(l[:i+1:i+1], l[i:]...), nil)
			})
			if i > 0 {
				try("lines exchanged", func(files map[string][]byte) {
					l := lines(files[name(n)])
					l[i-1], l[i] = append(bytes.TrimSuffix(bytes.Clone(l[i]), []byte("\n")), '\n'), l[i-1]
					files[name(n)] = bytes.Join(l, nil)
				})
			}
		}
	}
	for n := int64(1); n <= 12; n++ {
		try("segment removed", func(files map[string][]byte) { delete(files, name(n)) })
		try("segment emptied", func(files map[string][]byte) { files[name(n)] = nil })
		if n > 1 {
			try("segments exchanged", func(files map[string][]byte) { files[name(n)], files[name(n-1)] = files[name(n-1)], files[name(n)] })
			try("segment repeated", func(files map[string][]byte) { files[name(n)] = files[name(n-1)] })
		}
	}
	try("newest cut at its last batch", func(files map[string][]byte) {
		l := lines(files[name(12)])
		files[name(12)] = bytes.Join(l[:len(l)-2], nil)
	})
	try("segment behind the newest", func(files map[string][]byte) { files[name(13)] = files[name(12)] })
}

// A reader says what is wrong with each line, and goes on.
func TestReaderGoesOn(t *testing.T) {
	rig := newPruneRig(t)
	whole, err := os.ReadFile(filepath.Join(rig.opts.Directory, SegmentName(2)))
	require.NoError(t, err)
	l := bytes.SplitAfter(whole, []byte("\n"))
	header, entry, checkpoint, seal := l[0], l[1], l[2], l[5]
	long := append(bytes.Repeat([]byte{'x'}, MaxLineBytes+1), '\n')
	in := bytes.Join([][]byte{
		header, entry, []byte("\n"), []byte(`{"checkpoint":"x"}` + "\n"), header, long, checkpoint, seal, entry, []byte(`{"action`),
	}, nil)
	reader := NewReader(bytes.NewReader(in), SegmentName(2))
	var seen []string
	var offset int64
	for {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Equal(t, offset, line.Offset)
		offset = line.End()
		what := line.Kind.String()
		if line.Damage != nil {
			what += " " + string(line.Damage.Kind) + " " + line.Damage.Detail
		}
		seen = append(seen, what)
	}
	require.Equal(t, []string{
		"header", "record", "damaged line not a line of a journal", "damaged control checkpoint: not a signed note",
		"damaged order a header that is not the first line", "damaged line a line longer than 67108864 bytes", "checkpoint", "seal",
		"damaged order a line behind the seal", "damaged torn the file ends within a line",
	}, seen)
	require.EqualValues(t, len(in), offset)
}

// A header of a later version is named as such.
func TestLaterVersion(t *testing.T) {
	ring := ringOf(t, "key")
	line, err := sign(ring, []byte(`{"journal":{"v":2,"zstd":true}}`))
	require.NoError(t, err)
	_, err = parseHeader(line)
	require.EqualError(t, err, "format version 2: this program reads up to 1")
}

// FuzzSegment: whatever a file holds, reading and scanning end, and what is
// accepted as a control line has exactly the bytes it would be written with.
func FuzzSegment(f *testing.F) {
	seed, err := filepath.Glob("testdata/v1/segment-*.jsonl")
	require.NoError(f, err)
	require.NotEmpty(f, seed)
	for _, path := range seed {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte(`{"checkpoint":"a\n1\nAAAA\n\n— a b\n","macs":{"0":"x"}}` + "\n"))
	ring := ringOf(f, "fixture")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		reader := NewReader(bytes.NewReader(text), SegmentName(1))
		var total int64
		for {
			line, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Equal(t, total, line.Offset)
			total = line.End()
			switch line.Kind {
			case CheckpointEnd:
				require.Equal(t, line.Raw, appendCheckpoint(nil, line.Checkpoint.Note, line.Checkpoint.Frontier, line.Checkpoint.MACs))
			case QuarantineEntry:
				if q, err := line.Quarantine(); err == nil {
					require.Equal(t, line.Raw, q.AppendLine(nil))
				}
			default:
			}
		}
		require.EqualValues(t, len(text), total)
		path := filepath.Join(dir, SegmentName(1))
		require.NoError(t, os.WriteFile(path, text, 0o600))
		found, err := scan(&Segment{Number: 1, Path: path}, ring.Open)
		if err == nil && found.damage == nil {
			require.LessOrEqual(t, found.good+found.tail, int64(len(text)))
			require.NotZero(t, found.good)
		}
	})
}

// A directory that the first version wrote is read, verified and continued for
// ever.
func TestFixtureOfVersion1(t *testing.T) {
	if os.Getenv("OTELAUDIT_WRITE_FIXTURE") != "" {
		writeFixture(t)
	}
	ring := ringOf(t, "fixture")
	dir := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/v1")))
	require.NoError(t, os.Chmod(dir, 0o700))
	require.Empty(t, findings(t, dir, ring, nil))
	d, err := ReadDirectory(dir)
	require.NoError(t, err)
	require.Len(t, d.Segments, 4)
	require.True(t, d.Pruned)
	require.Len(t, d.Torn, 1)
	kinds := make(map[Kind]int)
	macs := 0
	for line, err := range d.Lines() {
		require.NoError(t, err)
		kinds[line.Kind]++
		if line.Checkpoint != nil {
			macs += len(line.Checkpoint.MACs)
		}
	}
	require.Equal(t, map[Kind]int{HeaderLine: 4, RecordEntry: 7, QuarantineEntry: 1, CheckpointEnd: 5, SealLine: 3}, kinds)
	require.Equal(t, 1, macs)
	h, err := headerOf(&d.Segments[2])
	require.NoError(t, err)
	require.Contains(t, h.Epoch, "otelaudit epoch v1")

	opts := options(t)
	opts.Directory, opts.Ring = dir, ring
	w := open(t, opts)
	require.Equal(t, Result{Written: 1, Duplicates: 1}, write(t, w, entryOf(t, "last"), entryOf(t, "behind")))
	require.NoError(t, w.Close())
	require.Empty(t, findings(t, dir, ring, nil))
}

// writeFixture made testdata/v1. It is for the next version of the format, which
// gets a directory of its own.
func writeFixture(t *testing.T) {
	t.Helper()
	clock := newClock()
	opts := options(t)
	opts.Ring, opts.Now, opts.MaxSegmentBytes = ringOf(t, "fixture"), clock.read, 4500
	w := open(t, opts)
	write(t, w, entriesOf(t, "pruned", 3)...)
	clock.pass(30 * time.Hour)
	write(t, w, entriesOf(t, "kept", 2)...)
	mac := entryOf(t, "mac")
	mac.MAC = "hmac-sha256:edge-2026-01:3DEe69EA00AX9lEWPd4WGwyR166xhVIHLOz3-Il0X3k"
	write(t, w, mac)
	q := Quarantined{Reason: "malformed", SHA256: strings.Repeat("0a", 32), OTLP: []byte{1, 2, 3}, TenantID: "acme", Detail: "no action"}
	var h Hasher
	e, err := h.NewEntry(q.AppendLine(nil), "")
	require.NoError(t, err)
	write(t, w, e, entryOf(t, "second"), entryOf(t, "third"))
	note, _ := w.Head()
	require.NoError(t, w.Close())
	plan, err := PlanPrune(t.Context(), PruneOptions{
		Directory: opts.Directory, Ring: opts.Ring, Anchors: [][]byte{note}, Cutoff: clock.read().Add(-24 * time.Hour), Now: clock.read(),
	})
	require.NoError(t, err)
	require.Equal(t, 1, plan.Remove())
	require.NoError(t, plan.Prune())
	r, err := Examine(opts)
	require.NoError(t, err)
	_, err = r.OpenEpoch("a drill")
	require.NoError(t, err)
	require.NoError(t, r.Close())
	opts.MaxSegmentBytes = 1
	w = open(t, opts)
	write(t, w, entryOf(t, "anew"))
	write(t, w, entryOf(t, "last"))
	require.NoError(t, w.Close())
	d, err := ReadDirectory(opts.Directory)
	require.NoError(t, err)
	file, err := os.OpenFile(d.Newest().Path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"action":"torn`)
	require.NoError(t, errors.Join(err, file.Close()))
	require.NoError(t, open(t, opts).Close())
	require.NoError(t, os.RemoveAll("testdata/v1"))
	require.NoError(t, os.CopyFS("testdata/v1", os.DirFS(opts.Directory)))
	require.NoError(t, os.Remove("testdata/v1/lock"))
	require.NoError(t, os.Remove("testdata/v1/prune.lock"))
}

// FuzzControlLine: a control line that is accepted has the bytes it would be
// written with; one bit of another line is another line or none.
func FuzzControlLine(f *testing.F) {
	for _, path := range []string{"testdata/v1/segment-000000000004.jsonl", "testdata/v1/pruned"} {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		for line := range bytes.Lines(text) {
			f.Add(bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	q := Quarantined{Reason: "malformed", SHA256: strings.Repeat("0a", 32), OTLP: []byte{1}, Action: "a", EventID: "b"}
	f.Add(q.AppendLine(nil))
	f.Fuzz(func(t *testing.T, line []byte) {
		same := func(v any, note []byte) {
			body, err := compact(v)
			require.NoError(t, err)
			signed := append(append([]byte(nil), body[:len(body)-1]...), signaturesMember...)
			_, signatures, _ := bytes.Cut(note, []byte("\n\n"))
			require.Equal(t, string(line), string(append(appendString(signed, string(signatures)), '}')))
		}
		if h, err := parseHeader(line); err == nil {
			same(headerLine{h}, h.note)
		}
		if s, err := parseSeal(line); err == nil {
			same(sealLine{s}, s.note)
		}
		if p, err := ParsePruneStatement(line); err == nil {
			same(pruneLine{p}, p.note)
		}
		if q, err := ParseQuarantined(line); err == nil {
			require.Equal(t, line, q.AppendLine(nil))
		}
	})
}
