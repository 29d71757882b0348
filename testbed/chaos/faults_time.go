package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/testbed/metrics"
)

// timeFaults are what happens to PostgreSQL's clock, by which events are
// recorded and months turn. The collector's own clock decides
// nothing that is stored here, and cannot be moved apart from the machine's.
func timeFaults() []Fault {
	return []Fault{
		{Name: "server's clock jumps", Setup: Setup{Clock: true}, Happen: jumpClock},
		{Name: "month turns", Setup: Setup{Clock: true}, Happen: turnMonth},
	}
}

// clock is an offset to the real time that a process reads from a file, by way of
// the library that Debian packages as libfaketime.
type clock struct {
	path   string
	offset time.Duration
}

// newClock makes the file where every account may read it.
func newClock() (*clock, error) {
	dir, err := os.MkdirTemp("", "otelaudit-clock-")
	if err != nil {
		return nil, err
	}
	c := &clock{path: filepath.Join(dir, "offset")}
	return c, errors.Join(os.Chmod(dir, 0o755), c.set(0))
}

// env loads the library into a process.
func (c *clock) env() ([]string, error) {
	found, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("libfaketime is not installed, and nothing else moves the server's clock alone: apt-get install libfaketime")
	}
	return []string{
		"LD_PRELOAD=" + found[0], "FAKETIME_TIMESTAMP_FILE=" + c.path,
		// Timeouts go by the monotonic clock, which no administrator moves.
		"FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
	}, nil
}

// set moves the clock to an offset from the real time.
func (c *clock) set(offset time.Duration) error {
	next := c.path + ".next"
	if err := os.WriteFile(next, fmt.Appendf(nil, "%+.3fs\n", offset.Seconds()), 0o644); err != nil {
		return err
	}
	c.offset = offset
	return os.Rename(next, c.path)
}

func (c *clock) remove() error { return os.RemoveAll(filepath.Dir(c.path)) }

// jumpClock moves the clock to and fro by hours, never so far back that a head
// would be a day ahead: for that case the exporter refuses the tenant.
func jumpClock(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return again(ctx, random, 5, func() error { return l.jump(ctx, between(random, 0, 20*time.Hour)) })
}

// jump moves the server's clock, and holds that the server has moved with it.
func (l *Lab) jump(ctx context.Context, offset time.Duration) error {
	_, before, err := l.serverTime(ctx)
	if err != nil {
		return err
	}
	by := offset - l.clock.offset
	if err := l.clock.set(offset); err != nil {
		return err
	}
	_, after, err := l.serverTime(ctx)
	if err != nil {
		return err
	}
	// What is over is what the two questions took.
	if took := after.Sub(before) - by; took < -time.Second || took > patience {
		return fmt.Errorf("the server's clock did not move by %s: it had %s, and has %s", by, before, after)
	}
	return nil
}

// turnMonth sets the clock to a few seconds before the month after the next
// turns and lets it go by; each round goes further into the future.
func turnMonth(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	machine, now, err := l.serverTime(ctx)
	if err != nil {
		return 0, err
	}
	next := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	before := between(random, 500*time.Millisecond, 2*time.Second)
	if err := l.clock.set(l.clock.offset + next.Add(-before).Sub(now)); err != nil {
		return 0, err
	}
	if err := sleep(ctx, before+between(random, 500*time.Millisecond, time.Second)); err != nil {
		return 0, err
	}
	_, now, err = l.serverTime(ctx)
	if err != nil {
		return 0, err
	}
	if now.Before(next) {
		return 0, fmt.Errorf("the month did not turn: the server has %s, the machine %s", now, machine)
	}
	return 1, nil
}

// serverTime is the time of the machine and of the server.
func (l *Lab) serverTime(ctx context.Context) (machine, server time.Time, err error) {
	conn, err := pgx.Connect(ctx, l.Database.Owner)
	if err != nil {
		return machine, server, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&server)
	return server.Add(-l.clock.offset), server.UTC(), err
}

// diskFaults are a full disk under what a collector keeps: its queue or journal,
// and its anchors.
func diskFaults() []Fault {
	return []Fault{
		{Name: "collector's disk full", Setup: Setup{DiskBytes: 192 << 20}, Happen: fillDisks},
		{Name: "collector SIGKILL while its disk is full", Setup: Setup{DiskBytes: 192 << 20}, Happen: fillAndKill},
	}
}

func fillDisks(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return again(ctx, random, 2, func() error {
		return l.whileFull(ctx, func() error { return sleep(ctx, between(random, 300*time.Millisecond, 2*time.Second)) })
	})
}

func fillAndKill(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	n := l.anyNode(random)
	err := l.whileFull(ctx, func() error {
		if err := sleep(ctx, between(random, 300*time.Millisecond, time.Second)); err != nil {
			return err
		}
		n.Kill()
		if err := n.Launch(); err != nil {
			return err
		}
		return sleep(ctx, between(random, 300*time.Millisecond, time.Second))
	})
	return 2, errors.Join(err, n.revive(ctx))
}

// noRoom is what a collector logs, once a minute, when its disk takes nothing more,
// and noRoomCounters count it.
const noRoom = "no space left on device"

var noRoomCounters = []string{
	"otelcol_extension_file_storage_refused_log_records",
	"otelcol_extension_file_storage_refused_requests",
	"otelcol_audit_exporter_anchor_failures",
	"otelcol_audit_journal_anchor_failures",
	"otelcol_audit_journal_failures",
}

// metNoRoom is how often the collectors met a full disk.
func (l *Lab) metNoRoom(ctx context.Context) (float64, error) {
	n := float64(l.saidByAll(noRoom))
	for _, node := range l.Nodes {
		now, err := metrics.Fetch(ctx, node.Metrics)
		if err != nil {
			return 0, err
		}
		for _, name := range noRoomCounters {
			n += now.Sum(name)
		}
	}
	return n, nil
}

// whileFull runs f while the disks of all collectors are full, and one of them
// has met that.
func (l *Lab) whileFull(ctx context.Context, f func() error) error {
	before, err := l.metNoRoom(ctx)
	if err != nil {
		return err
	}
	var ballast []string
	defer func() {
		for _, path := range ballast {
			_ = os.Remove(path)
		}
	}()
	for _, n := range l.Nodes {
		path := filepath.Join(n.data(), "ballast")
		ballast = append(ballast, path)
		if err := fill(path); err != nil {
			return err
		}
	}
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		now, err := l.metNoRoom(met)
		if err != nil {
			return err
		}
		if now > before {
			return f()
		}
		if err := sleep(met, 20*time.Millisecond); err != nil {
			return fmt.Errorf("no collector met the full disk: %w", err)
		}
	}
}

// fill writes a file until the disk is full, to the last block.
func fill(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	for block := make([]byte, 1<<20); len(block) >= 512; {
		if _, err := file.Write(block); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				return err
			}
			block = block[:len(block)/2]
		}
	}
	return nil
}
