// Package child runs the programs that tests and measurements need beside them,
// and lets none of them outlive whoever started it.
package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a running program. It is safe for concurrent use.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // why, to be read after done
}

// Start starts a program that the kernel kills when this process dies.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run starts the program and waits for its end on one thread: the kernel kills the
// child with the thread that started it, not with this process.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the program ended, nil for success. It may be asked after Done only.
func (p *Process) Err() error { return p.err }

// Signal sends a signal; after the end of the program it fails.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// last is how long a program may take to end after SIGKILL: the kernel has its
// memory and its files to take away.
const last = 30 * time.Second

// Kill ends the program at once, and returns when it has ended.
func (p *Process) Kill() error {
	if err := p.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(last):
		return fmt.Errorf("%s (process %d) has not ended %s after SIGKILL", p.cmd.Path, p.PID(), last)
	}
}
