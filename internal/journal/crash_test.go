package journal

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// crashEnv makes the test binary a process that writes a journal and kills
// itself at a step: directory, step, mode.
const crashEnv = "OTELAUDIT_JOURNAL_CRASH"

func TestMain(m *testing.M) {
	if job := os.Getenv(crashEnv); job != "" {
		crash(job)
	}
	os.Exit(m.Run())
}

// crash writes batches and prints the leaves of each that was acknowledged,
// until it is killed.
func crash(job string) {
	fields := strings.Split(job, "|")
	step, _ := strconv.Atoi(fields[1])
	mode, _ := strconv.Atoi(fields[2])
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	ring, err := parseRing("key")
	fail(err)
	anchors, err := anchor.Open(fields[0] + ".anchors")
	fail(err)
	w, err := Open(Options{
		Directory: fields[0], Name: "journal", Ring: ring, Anchors: anchors, Now: newClock().read,
		DedupEntries: 1000, MaxSegmentBytes: 5000,
		disk: &faultyDisk{
			disk: osDisk{}, failAt: step, mode: faultMode(mode),
			stop: func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
		},
	})
	fail(err)
	var h Hasher
	for i := range 12 {
		var entries []Entry
		for j := range 1 + i%3 {
			e, err := h.NewEntry(lineOf(fmt.Sprintf("%d-%d", i, j)), "")
			fail(err)
			entries = append(entries, e)
		}
		_, err := w.Append(context.Background(), entries)
		fail(err)
		for _, e := range entries {
			fmt.Println(hex.EncodeToString(e.Leaf[:]))
		}
	}
	fail(w.Close())
	os.Exit(0)
}

// A process that is killed at any step of its work loses nothing that it
// acknowledged: the next one continues, is told nothing is missing by the
// anchors, and a client that sends everything again finds each entry once.
func TestKilledAtEveryStep(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	killed := 0
	for step := 1; ; step++ {
		finished := false
		for mode := range faultModes {
			directory := filepath.Join(t.TempDir(), "journal")
			cmd := exec.Command(executable)
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d|%d", crashEnv, directory, step, mode))
			out, err := cmd.Output()
			finished = err == nil
			if !finished {
				status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
				require.True(t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "%v %s", err, out)
				killed++
			}
			requireContinued(t, directory, acknowledgedLeaves(t, out))
		}
		if finished {
			break
		}
	}
	require.Greater(t, killed, 100)
}

func acknowledgedLeaves(t testing.TB, out []byte) (leaves []merkle.Hash) {
	t.Helper()
	scanner := bufio.NewScanner(strings.NewReader(string(out)))
	for scanner.Scan() {
		leaf, err := hex.DecodeString(scanner.Text())
		require.NoError(t, err)
		leaves = append(leaves, merkle.Hash(leaf))
	}
	return leaves
}

func requireContinued(t testing.TB, directory string, acknowledged []merkle.Hash) {
	t.Helper()
	opts := Options{
		Directory: directory, Name: "journal", Ring: ringOf(t, "key"), Now: newClock().read,
		DedupEntries: 1000, MaxSegmentBytes: 5000, disk: unsynced{},
	}
	opts, closeAnchors := withAnchors(t, opts)
	w, err := Open(opts)
	require.NoError(t, err)
	for i := range 12 {
		for j := range 1 + i%3 {
			write(t, w, entryOf(t, fmt.Sprintf("%d-%d", i, j)))
		}
	}
	require.NoError(t, w.Close())
	closeAnchors()
	found := check(t, directory, opts.Ring)
	require.Len(t, found.leaves, 24)
	for leaf, times := range found.leaves {
		require.Equal(t, 1, times, "%x", leaf)
	}
	for _, leaf := range acknowledged {
		require.Contains(t, found.leaves, leaf)
	}
}

// Two processes at once: one writes, the other is refused and named the first.
func TestTwoProcesses(t *testing.T) {
	opts := options(t)
	w := open(t, opts)
	write(t, w, entryOf(t, "a"))
	executable, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|0|0", crashEnv, opts.Directory))
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), fmt.Sprintf("process %d holds this journal", os.Getpid()))
	require.NoError(t, w.Close())
	require.EqualValues(t, 1, check(t, opts.Directory, opts.Ring).size)
}
