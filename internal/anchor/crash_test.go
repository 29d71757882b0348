//go:build unix

package anchor

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

func crashNote(tenant string, size int64) []byte {
	c := merkle.Checkpoint{Origin: merkle.TenantOrigin("audit.example.com", tenant, 0), Size: size, Root: merkle.Hash{byte(size)}}
	return []byte(c.Text() + "\n— audit.example.com abcd\n")
}

// steps are all places on the disk where a process can die.
var steps = []string{
	"tail found", "before write", "written", "before sync",
	"new file made", "new file written", "new file synced", "before rename", "renamed",
}

const (
	crashFile = "OTELAUDIT_TEST_ANCHOR_FILE"
	crashStep = "OTELAUDIT_TEST_ANCHOR_STEP"
	crashSkip = "OTELAUDIT_TEST_ANCHOR_SKIP"
	fullAt    = "OTELAUDIT_TEST_ANCHOR_FULL"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(crashStep) != "":
		crash()
	case os.Getenv(fullAt) != "":
		fill()
	default:
		os.Exit(m.Run())
	}
}

// crash appends for ever, prints what was acknowledged, and is killed at a step.
func crash() {
	skip, _ := strconv.Atoi(os.Getenv(crashSkip))
	f := &File{path: os.Getenv(crashFile), newest: make(map[key]place), epochs: make(map[key]int32)}
	f.step = func(name string) {
		if name != os.Getenv(crashStep) {
			return
		}
		skip--
		if skip < 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	if err := f.open(); err != nil {
		fmt.Println("error", err)
		return
	}
	at := f.newest[keyOf(merkle.TenantOrigin("audit.example.com", "acme", 0))].size
	for size := at + 1; ; size++ {
		if size%7 == 0 { // as if it had become large
			f.mu.Lock()
			f.unsafe = true
			f.mu.Unlock()
		}
		if err := f.Append(crashNote("acme", size), crashNote(fmt.Sprint("tenant ", size), 1)); err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println(size)
	}
}

// A process that is killed anywhere leaves a file that opens and has every
// checkpoint that was acknowledged.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		for _, skip := range []int{0, 1, 5} {
			t.Run(fmt.Sprintf("%s/%d", step, skip), func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "anchors")
				acknowledged := int64(0)
				for range 3 {
					if step == "tail found" {
						if skip > 0 {
							return // a file is opened once
						}
						text, err := os.ReadFile(path)
						require.True(t, err == nil || os.IsNotExist(err))
						require.NoError(t, os.WriteFile(path, append(text, "{\"check"...), 0o600))
					}
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), crashFile+"="+path, crashStep+"="+step, crashSkip+"="+strconv.Itoa(skip))
					out, err := cmd.Output()
					require.Error(t, err, "it was killed")
					require.NotContains(t, string(out), "error")
					scanner := bufio.NewScanner(bytes.NewReader(out))
					for scanner.Scan() {
						acknowledged, err = strconv.ParseInt(scanner.Text(), 10, 64)
						require.NoError(t, err)
					}
					f, err := Open(path)
					require.NoError(t, err)
					if acknowledged > 0 {
						note, err := f.Latest(merkle.TenantOrigin("audit.example.com", "acme", 0))
						require.NoError(t, err)
						c, err := Unverified(note)
						require.NoError(t, err)
						require.GreaterOrEqual(t, c.Size, acknowledged)
						for size := range acknowledged {
							note, err := f.Latest(merkle.TenantOrigin("audit.example.com", fmt.Sprint("tenant ", size+1), 0))
							require.NoError(t, err)
							require.NotNil(t, note, "tenant %d of %d", size+1, acknowledged)
						}
					}
					require.NoError(t, f.Close())
				}
				if step != "tail found" && step != "before write" && step != "written" && step != "before sync" {
					require.Positive(t, acknowledged, "it came so far")
				}
			})
		}
	}
}

// fill appends until the disk is full, goes on when it is not, and exits with 0
// if all is as it should be.
func fill() {
	signal.Ignore(syscall.SIGXFSZ)
	fail := func(format string, args ...any) {
		fmt.Printf(format+"\n", args...)
		os.Exit(1)
	}
	limit, _ := strconv.ParseUint(os.Getenv(fullAt), 10, 64)
	f, err := Open(os.Getenv(crashFile))
	if err != nil {
		fail("open: %v", err)
	}
	var unlimited syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited); err != nil {
		fail("getrlimit: %v", err)
	}
	size := int64(1)
	if err := f.Append(crashNote("acme", size)); err != nil {
		fail("append: %v", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: unlimited.Max}); err != nil {
		fail("setrlimit: %v", err)
	}
	for err == nil {
		size++
		err = f.Append(crashNote("acme", size))
	}
	if note, err := f.Latest(merkle.TenantOrigin("audit.example.com", "acme", 0)); err != nil || !bytes.Equal(note, crashNote("acme", size-1)) {
		fail("after %v the newest is %q", err, note)
	}
	if err := f.Append(crashNote("acme", size)); err == nil {
		fail("the disk is still full")
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited); err != nil {
		fail("setrlimit: %v", err)
	}
	if err := f.Append(crashNote("acme", size)); err != nil {
		fail("room again: %v", err)
	}
	if err := f.Close(); err != nil {
		fail("close: %v", err)
	}
	fmt.Println(size)
	os.Exit(0)
}

// A full disk cuts a line anywhere. The file is whole, says that nothing was
// added, and goes on when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	line := len(AppendLine(nil, crashNote("acme", 1)))
	for limit := 2 * line; limit < 3*line; limit += 7 {
		path := filepath.Join(t.TempDir(), "anchors")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashFile+"="+path, fullAt+"="+strconv.Itoa(limit))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		size, err := strconv.ParseInt(string(bytes.TrimSpace(out)), 10, 64)
		require.NoError(t, err)
		notes, err := ReadFile(path)
		require.NoError(t, err)
		require.Len(t, notes, int(size))
	}
}
