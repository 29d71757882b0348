package child_test

import (
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/child"
)

func TestEndOfAChild(t *testing.T) {
	t.Parallel()
	_, err := child.Start(exec.Command("/no/such/program"))
	require.Error(t, err)

	p, err := child.Start(exec.Command("sleep", "60"))
	require.NoError(t, err)
	require.NoError(t, p.Signal(syscall.SIGSTOP), "one that is frozen is killed all the same")
	require.NoError(t, p.Kill())
	<-p.Done()
	require.ErrorContains(t, p.Err(), "killed")
	require.Error(t, p.Signal(syscall.SIGTERM))
	assert.NoError(t, p.Kill(), "once more")
}
