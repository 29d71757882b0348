package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// drainTime is how long a collector may take to finish what it accepted.
const drainTime = 30 * time.Second

// childProcess is a program that lives as long as this one. Its output goes to
// a file.
type childProcess struct {
	name    string
	logPath string
	process *os.Process
	done    chan struct{} // closed when it has ended
	err     error         // how it ended; read after done
}

// startChild starts a program with its own process group, so that Ctrl-C in a
// terminal reaches this process alone and the order of stopping is ours. Where
// the kernel can, it is killed when this process is.
func startChild(name, logPath, path string, args, environ []string) (*childProcess, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // the operator names the program; its end is Stop's, with time to drain
	cmd.Env = environ
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttributes()
	c := &childProcess{name: name, logPath: logPath, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The parent-death signal is tied to the thread that started the child
		// (golang.org/issue/27505), so that thread waits here to the end.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.process = cmd.Process
	return c, nil
}

// stop asks the child to end and insists when ctx is over or it takes too long.
func (c *childProcess) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	_ = c.process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	_ = c.process.Kill()
	<-c.done
	return fmt.Errorf("%s did not stop within %s and was killed", c.name, drainTime)
}

// ended reports a child that should be running as an error.
func (c *childProcess) ended() error {
	if c.err == nil {
		return fmt.Errorf("%s ended by itself", c.name)
	}
	if exit, ok := errors.AsType[*exec.ExitError](c.err); ok {
		return fmt.Errorf("%s ended: %s", c.name, exit.ProcessState)
	}
	return fmt.Errorf("%s: %w", c.name, c.err)
}

// tail returns the last lines the child printed.
func (c *childProcess) tail(lines int) []byte {
	const most = 64 << 10
	f, err := os.Open(c.logPath)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd)
	}
	text, _ := io.ReadAll(f)
	text = bytes.TrimRight(text, "\n")
	for i, b := range slices.Backward(text) {
		if b == '\n' {
			lines--
		}
		if lines == 0 {
			return text[i+1:]
		}
	}
	return text
}
