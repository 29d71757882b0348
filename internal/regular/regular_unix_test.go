//go:build unix

package regular_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/regular"
)

func TestOnlyRegularFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(file, []byte("12345"), 0o600))
	require.NoError(t, os.Symlink(file, link))
	for _, path := range []string{file, link} {
		text, err := regular.ReadFile(path, 5)
		require.NoError(t, err)
		require.Equal(t, "12345", string(text))
		_, err = regular.ReadFile(path, 4)
		require.EqualError(t, err, path+": larger than 4 bytes")
	}
	fifo, toFifo := filepath.Join(dir, "fifo"), filepath.Join(dir, "to-fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	require.NoError(t, os.Symlink(fifo, toFifo))
	for _, path := range []string{fifo, toFifo, dir, "/dev/zero"} {
		_, err := regular.ReadFile(path, 1<<20)
		require.ErrorIs(t, err, regular.ErrNotRegular, path)
		require.True(t, strings.HasPrefix(err.Error(), path), err)
	}
	_, err := regular.ReadFile(filepath.Join(dir, "none"), 1)
	require.ErrorIs(t, err, os.ErrNotExist)
}
