package collector

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBinarySaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Binary()
	require.ErrorContains(t, err, "inside the project")
	require.NoError(t, os.WriteFile("builder-config.yaml", nil, 0o600))
	_, err = Binary()
	require.ErrorContains(t, err, "run make build")
}

func TestFreePortsAreDifferent(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 50 {
		port, err := FreePort()
		require.NoError(t, err)
		assert.False(t, seen[port], "port %d twice", port)
		assert.Less(t, port, 32768, "Linux gives the ports above to outgoing connections")
		seen[port] = true
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	own, err := CPU(os.Getpid())
	require.NoError(t, err)
	tree, err := TreeCPU(os.Getpid())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, tree, own)
	rss, err := PeakRSS(os.Getpid())
	require.NoError(t, err)
	assert.Greater(t, rss, int64(1<<20))
}
