package cli

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// partialEnv makes the test binary a writer that is never done, of the file that
// it names.
const partialEnv = "OTELAUDIT_TEST_PARTIAL"

func init() { //nolint:gochecknoinits // before the test framework reads its flags
	path := os.Getenv(partialEnv)
	if path == "" {
		return
	}
	_ = writeFileWhole(path, func(w io.Writer) error {
		_, _ = w.Write(make([]byte, 1<<20))
		_, _ = os.Stdout.WriteString("written\n")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
	os.Exit(1)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := make([]string, len(entries))
	for i, entry := range entries {
		found[i] = entry.Name()
	}
	return found
}

// What a killed process left is removed by the next one for the same name, and
// nothing that another one still writes or that is somebody else's.
func TestLeftoversOfAKilledWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "acme.bundle")
	write := func() {
		require.NoError(t, writeFileWhole(path, func(w io.Writer) error {
			_, err := w.Write([]byte("whole"))
			return err
		}))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "whole", string(content))
	}
	writer := exec.CommandContext(t.Context(), os.Args[0])
	writer.Env = append(os.Environ(), partialEnv+"="+path)
	in, err := writer.StdinPipe()
	require.NoError(t, err)
	defer in.Close()
	out, err := writer.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writer.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "written\n", line)
	require.Len(t, names(t, dir), 1)
	partial := filepath.Join(dir, names(t, dir)[0])

	write()
	require.FileExists(t, partial, "it is in use")
	require.NoError(t, writer.Process.Kill())
	require.Error(t, writer.Wait())
	info, err := os.Stat(partial)
	require.NoError(t, err)
	require.Positive(t, info.Size())
	require.Equal(t, os.FileMode(0o600), info.Mode())

	others := []string{".acme.bundle.1.partial.bak", ".acme.bundle.note.partial", ".acme.bundle..partial", ".other.bundle.1.partial", ".acme.bundle.1"}
	for _, name := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, os.Symlink(".acme.bundle.1", filepath.Join(dir, ".acme.bundle.2.partial")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, ".acme.bundle.3.partial"), 0o600))
	write()
	require.ElementsMatch(t, append(others, ".acme.bundle.2.partial", ".acme.bundle.3.partial", "acme.bundle"), names(t, dir))
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.ErrorIs(t, writeFileWhole(path, func(w io.Writer) error {
		_, err := w.Write([]byte("half"))
		require.NoError(t, err)
		return io.ErrUnexpectedEOF
	}), io.ErrUnexpectedEOF)
	require.Empty(t, names(t, dir))
}

// A partial file that another process removed before it was locked is made anew,
// which isStill tells.
func TestAPartialFileIsThereOnceItIsLocked(t *testing.T) {
	dir := t.TempDir()
	file, err := createPartial(filepath.Join(dir, "a*b"))
	require.NoError(t, err)
	defer file.Close()
	require.True(t, isStill(file.Name(), file))
	removeLeftovers(filepath.Join(dir, "a*b"))
	require.True(t, isStill(file.Name(), file), "this process has it")
	require.NoError(t, os.Remove(file.Name()))
	require.False(t, isStill(file.Name(), file))
	require.NoError(t, os.WriteFile(file.Name(), nil, 0o600))
	require.False(t, isStill(file.Name(), file), "another file of that name")
}
