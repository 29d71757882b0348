package export

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func begin(t *testing.T, path string) *File {
	t.Helper()
	f, err := Create(path, Begun{Asked: map[string]string{"tenant": "acme"}}, time.Now)
	require.NoError(t, err)
	require.NoError(t, f.Begin([]byte("whole\n")))
	return f
}

func finish(t *testing.T, f *File) {
	t.Helper()
	require.NoError(t, f.Finish(func(string) ([]byte, error) { return []byte("{}"), nil }))
}

// A lock is of the file: whoever opened it before it was finished, and gets the
// lock afterwards, must leave it alone.
func TestAFinishedFileIsNotGoneOnWith(t *testing.T) {
	asked := map[string]string{"tenant": "acme"}
	for name, checkpoint := range map[string]bool{"with a state of its bytes": true, "with its first state": false} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out")
			first := begin(t, path)
			if checkpoint {
				require.NoError(t, first.Checkpoint())
			}
			_, err := resume(path, asked, time.Now, func() { finish(t, first) })
			require.ErrorContains(t, err, "is written by another process")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "whole\n", string(text))
			require.NoFileExists(t, path+PartialSuffix)
			require.NoFileExists(t, path+StateSuffix)
		})
	}
}

// What another process has written between the state and the lock is gone on with.
func TestTheStateIsReadUnderTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	first := begin(t, path)
	second, err := resume(path, map[string]string{"tenant": "acme"}, time.Now, func() {
		require.NoError(t, first.Checkpoint())
		require.NoError(t, first.Close())
	})
	require.NoError(t, err)
	require.Equal(t, int64(len("whole\n")), second.Bytes())
	finish(t, second)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "whole\n", string(text))
}

// The file that another process has just made is not taken for the rest of a kill.
func TestABegunFileIsNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	_, err := create(path, Begun{}, time.Now, func() {
		_, err := resume(path, nil, time.Now, func() {})
		require.ErrorIs(t, err, ErrNothingBegun) // as if it had been killed
	})
	require.ErrorContains(t, err, "is written by another process")

	first, err := Create(path, Begun{}, time.Now)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path+StateSuffix))
	_, err = resume(path, nil, time.Now, func() {})
	require.ErrorContains(t, err, "is written by another process")
	require.NoError(t, first.Close())
}
