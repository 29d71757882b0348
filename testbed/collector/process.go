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
	"strings"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/testbed/child"
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
	child   *child.Process
	logPath string
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
	p := &Process{options: o, logPath: filepath.Join(o.Dir, "collector.log")}
	// Appending keeps the log of the run before a kill: a leak in it counts too.
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has a copy
	cmd := exec.Command(o.Binary, "--config", config, FeatureGates)
	cmd.Env = append(os.Environ(), o.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	if p.child, err = child.Start(cmd); err != nil {
		return nil, fmt.Errorf("start collector: %w", err)
	}
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.child.PID() }

// Log is everything the process has printed so far, over all runs in Dir.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.logPath)
	if err != nil {
		return ""
	}
	return string(b)
}

// The bounds of every wait, whatever the context allows: no test and no tool hangs
// for a collector that does not answer or does not end.
const (
	oneAnswer = 10 * time.Second
	longest   = 5 * time.Minute
)

// Health asks the health check; 0 means that nothing answered within 10 seconds.
func (p *Process) Health(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, oneAnswer)
	defer cancel()
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
// the process ends or ctx is over, after five minutes at the latest.
func (p *Process) WaitHealth(ctx context.Context, status int) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		got := p.Health(ctx)
		if got == status {
			return nil
		}
		select {
		case <-p.child.Done():
			return fmt.Errorf("collector ended while waiting for health %d: %w\n%s", status, p.child.Err(), tail(p.Log()))
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

// WaitLog waits until the log holds text at least n times, as WaitHealth does.
func (p *Process) WaitLog(ctx context.Context, text string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		if strings.Count(p.Log(), text) >= n {
			return nil
		}
		select {
		case <-p.child.Done():
			if strings.Count(p.Log(), text) >= n {
				return nil
			}
			return fmt.Errorf("collector ended without logging %q: %w\n%s", text, p.child.Err(), tail(p.Log()))
		case <-ctx.Done():
			return fmt.Errorf("collector did not log %q: %w\n%s", text, ctx.Err(), tail(p.Log()))
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// Running says whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.child.Done():
		return false
	default:
		return true
	}
}

// Signal sends a signal to the process.
func (p *Process) Signal(s syscall.Signal) error { return p.child.Signal(s) }

// Wait waits for the end of the process, five minutes at most, and returns its exit
// error.
func (p *Process) Wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	select {
	case <-p.child.Done():
		return p.child.Err()
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
	if err := p.child.Kill(); err != nil {
		panic(err) // nothing that follows would say what it seems to
	}
}

func tail(log string) string {
	const most = 4000
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}
