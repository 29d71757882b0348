package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// serverDiskFaults are what happens when PostgreSQL cannot write.
func serverDiskFaults() []Fault {
	small := Setup{Settings: map[string]string{"max_wal_size": "64MB", "min_wal_size": "32MB", "checkpoint_timeout": "30s"}}
	return []Fault{
		{Name: "disk of PostgreSQL full", Setup: small, Happen: fullDisk("")},
		{Name: "disk of pg_wal full", Setup: small, Happen: fullDisk("pg_wal")},
		{Name: "files of PostgreSQL may not grow", Setup: small, Happen: limitedFiles},
	}
}

// fullDisk lets no more be written to a part of the data, until the server has
// said so. Where this process may not mount, it is not run: the kernel's limit for
// files is a fault of its own.
func fullDisk(part string) func(context.Context, *Lab, *rand.Rand) (int, error) {
	return func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
		if l.disk == nil {
			disk, err := l.Server.OwnDisk(ctx, part)
			if err != nil {
				return 0, err
			}
			l.disk = disk
			if err := l.Heal(ctx); err != nil {
				return 0, err
			}
		}
		// A server that has just been started writes files before it serves anybody,
		// and says no more of them than that it could not.
		if err := l.grow(ctx, 100); err != nil {
			return 0, err
		}
		fill := l.disk.Fill
		if part == "pg_wal" {
			fill = func() error {
				err := l.disk.Fill()
				l.useReserve(ctx)
				return err
			}
		}
		return l.withoutRoom(ctx, random, "No space left on device", fill, l.disk.Free)
	}
}

// useReserve goes through the segments of the log that the server keeps to write
// them again: what is left of them can be more than a slow load writes in a minute.
// It ends where there is no segment left, and the server with it.
func (l *Lab) useReserve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience/2)
	defer cancel()
	for range reservedSegments {
		if err := l.Server.Exec(ctx, "postgres", "SELECT pg_logical_emit_message(false, 'chaos', 'x'), pg_switch_wal()"); err != nil {
			return
		}
	}
}

// reservedSegments is more than max_wal_size has, of 16 MiB each.
const reservedSegments = 16

func limitedFiles(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return l.withoutRoom(ctx, random, "File too large",
		func() error { return l.Server.LimitFiles(64 << 10) },
		func() error {
			select {
			case <-l.Server.Exited(): // and its limits with it
				return nil
			default:
				return l.Server.LimitFiles(0)
			}
		})
}

// withoutRoom takes the room away, waits until the server has met that, and gives
// it back. A server that gave up meanwhile is started again.
func (l *Lab) withoutRoom(ctx context.Context, random *rand.Rand, says string, take, give func() error) (int, error) {
	mark, err := l.Server.Mark()
	if err != nil {
		return 0, err
	}
	if err := take(); err != nil {
		return 0, err
	}
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = l.Server.AwaitLogged(met, mark, says)
	if err == nil {
		err = sleep(ctx, between(random, 200*time.Millisecond, 3*time.Second))
	}
	if err := errors.Join(err, give()); err != nil {
		return 0, err
	}
	n, err := l.Server.Logged(mark, says)
	if err != nil {
		return n, err
	}
	if err := l.Server.Exec(met, "postgres", "SELECT 1"); err != nil {
		// It may be gone, or at recovering again and again.
		if err := l.Server.Kill(); err != nil {
			return n, err
		}
		if err := l.Server.Restart(met); err != nil {
			return n, fmt.Errorf("with room again: %w", err)
		}
	}
	return n, nil
}
