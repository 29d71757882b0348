package chaos

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/testbed/collector"
)

// Mode is when a collector answers.
type Mode string

// The two modes of delivery, each with a configuration of its own.
const (
	Synchronous  Mode = "synchronous"
	DurableQueue Mode = "durable-queue"
)

//go:embed configs/synchronous.yaml
var synchronousYAML string

//go:embed configs/durable-queue.yaml
var durableQueueYAML string

func (m Mode) configuration() string {
	if m == DurableQueue {
		return durableQueueYAML
	}
	return synchronousYAML
}

// Node is one collector. It may be ended and started again, on the same ports
// with the same files.
type Node struct {
	Mode Mode
	Dir  string // its configuration, its log and, in data, what it keeps
	GRPC string // host:port
	HTTP string // URL
	// Metrics is the URL of what it says of itself.
	Metrics string

	starts  int // how often it was started
	options collector.Options
	process *collector.Process
}

// newNode prepares a collector that reaches PostgreSQL by writerURL.
func newNode(dir, binary string, mode Mode, writerURL, keyFile string) (*Node, error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		return nil, err
	}
	var address [4]string
	for i := range address {
		port, err := collector.FreePort()
		if err != nil {
			return nil, err
		}
		address[i] = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	_, metrics, err := net.SplitHostPort(address[3])
	if err != nil {
		return nil, err
	}
	return &Node{
		Mode: mode, Dir: dir, GRPC: address[0], HTTP: "http://" + address[1], Metrics: "http://" + address[3] + "/metrics",
		options: collector.Options{
			Binary: binary, Config: mode.configuration(), Dir: dir, Health: "http://" + address[2] + "/",
			Env: []string{
				"CHAOS_GRPC=" + address[0], "CHAOS_HTTP=" + address[1], "CHAOS_HEALTH=" + address[2], "CHAOS_METRICS=" + metrics,
				"CHAOS_DIR=" + filepath.Join(dir, "data"), "CHAOS_WRITER_URL=" + writerURL, "CHAOS_KEY_FILE=" + keyFile,
			},
		},
	}, nil
}

// Launch starts the collector without waiting until it is healthy.
func (n *Node) Launch() error {
	var err error
	n.starts++
	n.process, err = collector.Start(n.options)
	return err
}

// Start starts the collector and waits until it can store.
func (n *Node) Start(ctx context.Context) error {
	if err := n.Launch(); err != nil {
		return err
	}
	return n.Healthy(ctx)
}

// Healthy waits until the collector says that it can store.
func (n *Node) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return n.process.WaitHealth(ctx, 200)
}

// Kill ends the collector at once.
func (n *Node) Kill() { n.process.Kill() }

// Terminate ends the collector as an orchestrator does.
func (n *Node) Terminate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return n.process.Terminate(ctx)
}

// killed is Kill where something that may fail is wanted.
func (n *Node) killed(context.Context) error {
	n.Kill()
	return nil
}

// Freeze stops the collector for a while in whatever it is doing.
func (n *Node) Freeze(ctx context.Context, d time.Duration) error {
	if err := n.stop(); err != nil {
		return err
	}
	waited := sleep(ctx, d)
	if err := n.resume(); err != nil {
		return err
	}
	return waited
}

// stop freezes the collector, and holds that the kernel has.
func (n *Node) stop() error {
	if err := n.process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	state := ""
	for range 500 { // the signal is delivered in its own time
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.process.PID()))
		if err != nil {
			return err
		}
		// The state follows the program's name, which is in parentheses.
		if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(fields) > 0 {
			state = fields[0]
		}
		if state == "T" {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the collector in %s was not frozen: its state is %q", n.Dir, state)
}

func (n *Node) resume() error { return n.process.Signal(syscall.SIGCONT) }

// Journal is the directory of the collector's journal, "" when it keeps none.
func (n *Node) Journal() string {
	if n.Mode == DurableQueue {
		return ""
	}
	return filepath.Join(n.data(), "journal")
}

// data is the directory of what the collector keeps: anchors, journal, queue.
func (n *Node) data() string { return filepath.Join(n.Dir, "data") }

// revive starts the collector if it has ended.
func (n *Node) revive(ctx context.Context) error {
	if n.process.Running() {
		return nil
	}
	return n.Start(ctx)
}

// close ends the collector: gracefully, or else at once.
func (n *Node) close(ctx context.Context) error {
	if n.process == nil {
		return nil
	}
	// A frozen one would not hear.
	_ = n.resume()
	if err := n.Terminate(ctx); err != nil {
		n.Kill()
		return fmt.Errorf("end the collector in %s: %w", n.Dir, err)
	}
	return nil
}
