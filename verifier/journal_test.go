package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
)

func runJournal(t *testing.T, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{"journal.mjs"}, arguments...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out.String(), problems.String()
	}
	require.NoError(t, err, "Node.js 18 or newer is needed")
	return 0, out.String(), problems.String()
}

// newJournal writes 120 awkward records in several segments.
func newJournal(t *testing.T, k provetest.Keys) string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.Mkdir(directory, 0o700))
	now := time.Now()
	w, err := journal.Open(journal.Options{Directory: directory, Name: "journal", Ring: k.Ring, Now: func() time.Time { return now }, MaxSegmentBytes: 40_000})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	var hasher journal.Hasher
	for i := 0; i < 120; i += 4 {
		var batch []journal.Entry
		for k := range 4 {
			rec := provetest.Arbitrary(random, "acme", i+k)
			require.Nil(t, rec.Normalize())
			entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
			require.NoError(t, err)
			batch = append(batch, entry)
		}
		q := journal.Quarantined{Reason: "missing_tenant", SHA256: strings.Repeat("ab", 32)}
		entry, err := hasher.NewEntry(q.AppendLine(nil), "")
		require.NoError(t, err)
		_, err = w.Append(t.Context(), append(batch, entry))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return directory
}

func TestAJournalHolds(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	directory := newJournal(t, k)
	listed, err := journal.ReadDirectory(directory)
	require.NoError(t, err)
	require.Greater(t, len(listed.Segments), 2)
	code, stdout, stderr := runJournal(t, k.TrustFile, directory)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "entries: 150")
	require.Contains(t, stdout, `audit.example.com/test/j-journal`)

	code, _, stderr = runJournal(t, provetest.NewKeys(t, "b").TrustFile, directory)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "no trusted key signed for ")
	code, _, _ = runJournal(t, k.TrustFile, t.TempDir())
	require.Equal(t, 1, code)
	code, _, _ = runJournal(t, k.TrustFile, "does-not-exist")
	require.Equal(t, 2, code)
	code, _, _ = runJournal(t, k.TrustFile)
	require.Equal(t, 2, code)
}

// TestABatchBeginsWhereTheOneInFrontOfItEnded: a checkpoint that is taken out
// leaves every entry, root and signature as it was.
func TestABatchBeginsWhereTheOneInFrontOfItEnded(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	directory := newJournal(t, k)
	edit(t, filepath.Join(directory, journal.SegmentName(1)), func(text []byte) []byte {
		lines := bytes.SplitAfter(text, []byte("\n"))
		require.Contains(t, string(lines[6]), `{"checkpoint":`)
		return bytes.Join(append(lines[:6:6], lines[7:]...), nil)
	})
	code, _, stderr := runJournal(t, k.TrustFile, directory)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "line 12: the checkpoint over 5 entries is not there")
}

func TestAnEditedJournalDoesNotHold(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	random := rand.New(rand.NewPCG(5, 6))
	whole := newJournal(t, k)
	listed, err := journal.ReadDirectory(whole)
	require.NoError(t, err)
	edits := map[string]func(t *testing.T, directory string){
		"a missing segment": func(t *testing.T, directory string) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(directory, listed.Segments[1].Name())))
		},
		"a missing line": func(t *testing.T, directory string) {
			t.Helper()
			edit(t, filepath.Join(directory, listed.Segments[0].Name()), func(text []byte) []byte {
				lines := bytes.SplitAfter(text, []byte("\n"))
				return bytes.Join(append(lines[:3:3], lines[4:]...), nil)
			})
		},
		"a torn end": func(t *testing.T, directory string) {
			t.Helper()
			edit(t, filepath.Join(directory, listed.Newest().Name()), func(text []byte) []byte { return text[:len(text)-10] })
		},
	}
	for i := range 20 {
		edits["flipped "+jsonNumber(int64(i))] = func(t *testing.T, directory string) {
			t.Helper()
			segment := listed.Segments[random.IntN(len(listed.Segments))]
			edit(t, filepath.Join(directory, segment.Name()), func(text []byte) []byte { return flipped(random, text) })
		}
	}
	for name, change := range edits {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			require.NoError(t, os.CopyFS(directory, os.DirFS(whole)))
			change(t, directory)
			code, stdout, stderr := runJournal(t, k.TrustFile, directory)
			require.Equal(t, 1, code, stderr)
			require.Empty(t, stdout)
		})
	}
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, change(text), 0o600))
}
