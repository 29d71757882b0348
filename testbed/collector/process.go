// Package collector runs a built collector as a child process, the way an
// operator runs it: from a YAML file, with signals, on real ports.
package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// FeatureGates are passed to every collector the project ships: without the
// gate the health check knows nothing of the exporters.
const FeatureGates = "--feature-gates=+extension.healthcheck.useComponentStatus"

// Options describe one run.
type Options struct {
	Binary string   // path of the collector
	Config string   // the YAML itself
	Dir    string   // where config.yaml and collector.log are written; must exist
	Health string   // URL of the health check, "" when there is none
	Env    []string // added to the environment
}

// Process is a running collector. It is safe for concurrent use.
type Process struct {
	options Options
	cmd     *exec.Cmd
	logPath string
	done    chan struct{} // closed when the process has ended

	mu  sync.Mutex // guards err
	err error      // what Wait returned
}

// Binary finds bin/otelcol-audit above the working directory.
func Binary() (string, error) {
	dir, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bin", "otelcol-audit")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s does not exist: run make build", path)
	}
	return path, nil
}

// Root finds the folder of the project's go.mod above the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "builder-config.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no builder-config.yaml above the working directory: run inside the project")
		}
		dir = parent
	}
}

// Start writes the configuration and starts the process. It does not wait for
// it to serve: see WaitServing.
func Start(o Options) (*Process, error) {
	config := filepath.Join(o.Dir, "config.yaml")
	if err := os.WriteFile(config, []byte(o.Config), 0o600); err != nil {
		return nil, err
	}
	p := &Process{options: o, logPath: filepath.Join(o.Dir, "collector.log"), done: make(chan struct{})}
	// Appending keeps the log of the run before a kill: a leak in it counts too.
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has a copy
	p.cmd = exec.Command(o.Binary, "--config", config, FeatureGates)
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// A test binary that dies must not leave collectors behind.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start collector: %w", err)
	}
	return p, nil
}

// run starts the process and waits for its end on one thread: the kernel ends
// the child with the thread that started it, not with this process.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = p.cmd.Wait()
	p.mu.Lock()
	p.err = err
	p.mu.Unlock()
	close(p.done)
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log is everything the process has printed so far, over all runs in Dir.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.logPath)
	if err != nil {
		return ""
	}
	return string(b)
}

// Health asks the health check; 0 means that nothing answered.
func (p *Process) Health(ctx context.Context) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.options.Health, http.NoBody)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// WaitHealth waits until the health check answers with status; it fails when
// the process ends or ctx is over.
func (p *Process) WaitHealth(ctx context.Context, status int) error {
	for {
		got := p.Health(ctx)
		if got == status {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("collector ended while waiting for health %d: %w\n%s", status, p.exit(), tail(p.Log()))
		case <-ctx.Done():
			return fmt.Errorf("health is %d, want %d: %w\n%s", got, status, ctx.Err(), tail(p.Log()))
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// WaitServing waits until the collector has started all its pipelines, healthy
// or not.
func (p *Process) WaitServing(ctx context.Context) error {
	return p.WaitLog(ctx, "Everything is ready.", 1)
}

// WaitLog waits until the log holds text at least n times.
func (p *Process) WaitLog(ctx context.Context, text string, n int) error {
	for {
		if strings.Count(p.Log(), text) >= n {
			return nil
		}
		select {
		case <-p.done:
			if strings.Count(p.Log(), text) >= n {
				return nil
			}
			return fmt.Errorf("collector ended without logging %q: %w\n%s", text, p.exit(), tail(p.Log()))
		case <-ctx.Done():
			return fmt.Errorf("collector did not log %q: %w\n%s", text, ctx.Err(), tail(p.Log()))
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// Running says whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Wait waits for the end of the process and returns its exit error.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.exit()
	case <-ctx.Done():
		return fmt.Errorf("collector did not end: %w\n%s", ctx.Err(), tail(p.Log()))
	}
}

// Terminate sends SIGTERM and waits for the end.
func (p *Process) Terminate(ctx context.Context) error {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.Wait(ctx)
}

// Kill ends the process at once and waits.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *Process) exit() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func tail(log string) string {
	const most = 4000
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}
