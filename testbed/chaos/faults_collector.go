package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

// collectorFaults are what happens to a collector, alone and among others.
func collectorFaults() []Fault {
	return []Fault{
		{Name: "collector SIGKILL", Happen: killCollectors},
		{Name: "collector SIGTERM", Happen: terminateCollectors},
		{Name: "collector SIGKILL while it starts", Happen: killStarting},
		{Name: "collector frozen", Happen: freezeCollectors},
		{Name: "collector SIGKILL while PostgreSQL is down", Happen: whileDown((*Node).killed)},
		{Name: "collector SIGTERM while PostgreSQL is down", Happen: whileDown((*Node).Terminate)},
		{Name: "two collectors, one frozen in mid-COPY", Setup: Setup{Collectors: 2, Tenants: 1}, Modes: []Mode{Synchronous}, Happen: freezeInCopy},
		{Name: "two collectors, one SIGKILL", Setup: Setup{Collectors: 2}, Happen: killCollectors},
		{Name: "two collectors, answer to COMMIT lost", Setup: Setup{Collectors: 2}, Happen: atMessage("", pgproxy.CommitAnswer, pgproxy.Cut).Happen},
		{Name: "four collectors, one tenant, SIGKILL", Setup: Setup{Collectors: 4, Tenants: 1}, Happen: killCollectors},
		{Name: "four collectors, rolling restart", Setup: Setup{Collectors: 4, Tenants: 30}, Happen: rollingRestart},
	}
}

func killCollectors(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return again(ctx, random, 3, func() error {
		n := l.anyNode(random)
		n.Kill()
		return n.Start(ctx)
	})
}

func terminateCollectors(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return again(ctx, random, 2, func() error {
		n := l.anyNode(random)
		if err := n.Terminate(ctx); err != nil {
			return err
		}
		return n.Start(ctx)
	})
}

// killStarting ends a collector again and again, and counts how often that was
// before it was ready.
func killStarting(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	n := l.anyNode(random)
	n.Kill()
	faults := 0
	for i := range 4 {
		if err := n.Launch(); err != nil {
			return faults, err
		}
		// However fast the machine is, one of them comes early enough.
		longest := 400 * time.Millisecond
		if i == 0 {
			longest = 40 * time.Millisecond
		}
		if err := sleep(ctx, between(random, 20*time.Millisecond, longest)); err != nil {
			return faults, err
		}
		if n.process.Running() && n.process.Health(ctx) != http.StatusOK {
			faults++
		}
		n.Kill()
	}
	return faults, n.Start(ctx)
}

func freezeCollectors(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return again(ctx, random, 3, func() error {
		return l.anyNode(random).Freeze(ctx, between(random, 50*time.Millisecond, 700*time.Millisecond))
	})
}

// whileDown ends a collector after its PostgreSQL has gone, with whatever it
// could not write: in its queue, or in the hands of clients.
func whileDown(end func(*Node, context.Context) error) func(context.Context, *Lab, *rand.Rand) (int, error) {
	return func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
		if err := l.Server.Kill(); err != nil {
			return 0, err
		}
		if err := sleep(ctx, between(random, 100*time.Millisecond, 600*time.Millisecond)); err != nil {
			return 1, err
		}
		n := l.anyNode(random)
		if err := end(n, ctx); err != nil {
			return 1, err
		}
		if err := n.Launch(); err != nil {
			return 1, err
		}
		if err := sleep(ctx, between(random, 100*time.Millisecond, 600*time.Millisecond)); err != nil {
			return 2, err
		}
		return 2, l.Server.Restart(ctx)
	}
}

// freezeInCopy stops the collector that holds a tenant's lock in the middle of
// its rows, for longer than the other one waits before it ends such a session.
func freezeInCopy(ctx context.Context, l *Lab, _ *rand.Rand) (int, error) {
	type frozen struct {
		node *Node
		err  error
	}
	found := make(chan frozen, 1)
	l.Proxy.Arm(pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.Pause, Call: func(port int) {
		node, err := l.ownerOf(port)
		if err == nil {
			err = node.stop()
		}
		found <- frozen{node, err}
	}})
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case f := <-found:
		if f.err != nil {
			return 0, f.err
		}
		waited := sleep(ctx, 20*time.Second)
		return 1, errors.Join(waited, f.node.resume())
	case <-met.Done():
		return 0, fmt.Errorf("no rows came by: %w", met.Err())
	}
}

// ownerOf is the collector that has a connection's local end at port.
func (l *Lab) ownerOf(port int) (*Node, error) {
	for _, n := range l.Nodes {
		its, err := connects(n.process.PID(), port)
		if err != nil {
			return nil, err
		}
		if its {
			return n, nil
		}
	}
	return nil, fmt.Errorf("no collector has a connection from port %d", port)
}

// connects reports whether a process has a TCP connection from a local port, by
// what the kernel says of both.
func connects(pid, port int) (bool, error) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return false, err
	}
	local := fmt.Sprintf("0100007F:%04X", port)
	for line := range strings.SplitSeq(string(table), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[1] != local {
			continue
		}
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			return false, err
		}
		for _, link := range links {
			if to, err := os.Readlink(link); err == nil && to == "socket:["+fields[9]+"]" {
				return true, nil
			}
		}
	}
	return false, nil
}

// rollingRestart restarts all collectors, one after the other, as a deployment does.
func rollingRestart(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	for i, n := range l.Nodes {
		if err := n.Terminate(ctx); err != nil {
			return i, err
		}
		if err := n.Start(ctx); err != nil {
			return i, err
		}
		if err := sleep(ctx, between(random, 0, 200*time.Millisecond)); err != nil {
			return i + 1, err
		}
	}
	return len(l.Nodes), nil
}

// again does something n times, a random moment apart.
func again(ctx context.Context, random *rand.Rand, n int, f func() error) (int, error) {
	for i := range n {
		if err := f(); err != nil {
			return i, err
		}
		if err := sleep(ctx, between(random, 50*time.Millisecond, 400*time.Millisecond)); err != nil {
			return i + 1, err
		}
	}
	return n, nil
}
