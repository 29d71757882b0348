package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/otelaudit/otelaudit/testbed/database"
)

// standbyFaults are what happens where a standby streams from PostgreSQL.
func standbyFaults() []Fault {
	return []Fault{
		{Name: "failover to a synchronous standby", Happen: failoverSynchronous},
		{Name: "failover after waits for the synchronous standby were canceled", Happen: failoverCanceled},
		{Name: "failover while nobody waits for the synchronous standby any more", Happen: failoverAfterCommitLost},
		{Name: "synchronous standby away for a while", Happen: standbyAway},
		{Name: "connected to a standby for a while", Happen: atStandby},
		{Name: "failover to an asynchronous standby that lags", Happen: failoverAsynchronous, Loses: true},
	}
}

// standby starts a standby of the lab's server and waits until it streams.
func (l *Lab) standby(ctx context.Context) (*database.Server, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l.standbys++
	standby, err := l.Server.Standby(ctx, filepath.Join(l.Dir, "pg-"+strconv.Itoa(l.standbys)), map[string]string{
		"log_line_prefix": database.SQLStateLogged, "log_connections": "on",
	})
	if err != nil {
		return nil, err
	}
	l.spare = standby
	return standby, l.Server.AwaitTrue(ctx, "postgres", "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
}

// synchronous has every commit wait for the standby.
func (l *Lab) synchronous(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.Server.Set(ctx, map[string]string{"synchronous_standby_names": "*"}); err != nil {
		return err
	}
	return l.Server.AwaitTrue(ctx, "postgres", "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
}

// failover ends the primary as a power cut does, and makes the standby the
// server that collectors reach.
func (l *Lab) failover(ctx context.Context) error {
	old, err := l.replace(ctx)
	if err != nil {
		return err
	}
	return bury(ctx, old)
}

// replace is failover that keeps what the old primary had.
func (l *Lab) replace(ctx context.Context) (old *database.Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	old, next := l.Server, l.spare
	if err := old.Kill(); err != nil {
		return nil, err
	}
	if err := next.AwaitTrue(ctx, "postgres", "SELECT pg_is_in_recovery()"); err != nil {
		return nil, err
	}
	if err := next.Promote(ctx); err != nil {
		return nil, err
	}
	l.Server, l.spare = next, nil
	l.Database = next.Database(l.Database.Name)
	l.Proxy.Retarget(addressOf(l.Server))
	l.Proxy.CutAll()
	return old, nil
}

// bury ends a server and removes its data.
func bury(ctx context.Context, server *database.Server) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		return err
	}
	return os.RemoveAll(server.DataDir)
}

// addressOf is the host:port at which a server listens.
func addressOf(server *database.Server) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port))
}

// dismiss ends a standby that was not needed.
func (l *Lab) dismiss(ctx context.Context) error {
	if l.spare == nil {
		return nil
	}
	spare := l.spare
	l.spare = nil
	return bury(ctx, spare)
}

func failoverSynchronous(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	if _, err := l.standby(ctx); err != nil {
		return 0, err
	}
	if err := l.synchronous(ctx); err != nil {
		return 0, err
	}
	if err := sleep(ctx, between(random, 200*time.Millisecond, time.Second)); err != nil {
		return 0, err
	}
	return 1, l.failover(ctx)
}

// detach keeps a standby from hearing more of its primary, as a cut between two
// sites does.
func (l *Lab) detach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.spare.Set(ctx, map[string]string{"primary_conninfo": "host=/nowhere"}); err != nil {
		return err
	}
	return l.spare.AwaitTrue(ctx, "postgres", "SELECT count(*) = 0 FROM pg_stat_wal_receiver")
}

// failoverCanceled cancels commits that wait for a standby that is cut off: the
// server then says COMMIT, with a warning. The standby has none of them.
func failoverCanceled(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return l.failoverWithout(ctx, random, "canceling wait for synchronous replication", func(ctx context.Context) error {
		return l.Server.CancelLogin(ctx, database.Writer)
	})
}

// failoverAfterCommitLost ends sessions whose commits wait for a standby that is
// cut off: the commits are visible then, and the retries of the clients meet
// them as duplicates.
func failoverAfterCommitLost(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return l.failoverWithout(ctx, random, "and terminating connection", func(ctx context.Context) error {
		return l.Server.TerminateLogin(ctx, database.Writer)
	})
}

func (l *Lab) failoverWithout(ctx context.Context, random *rand.Rand, says string, hurt func(context.Context) error) (int, error) {
	if _, err := l.standby(ctx); err != nil {
		return 0, err
	}
	if err := l.synchronous(ctx); err != nil {
		return 0, err
	}
	mark, err := l.Server.Mark()
	if err != nil {
		return 0, err
	}
	if err := l.detach(ctx); err != nil {
		return 0, err
	}
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n := 0
	for n < 10 {
		if err := hurt(met); err != nil {
			return n, err
		}
		if n, err = l.Server.Logged(mark, says); err != nil {
			return n, err
		}
		if err := sleep(met, between(random, 0, 100*time.Millisecond)); err != nil {
			return n, fmt.Errorf("no commit's wait ended: %w", err)
		}
	}
	return n + 1, l.failover(ctx)
}

// standbyAway cuts the synchronous standby off and lets it come again.
func standbyAway(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	if _, err := l.standby(ctx); err != nil {
		return 0, err
	}
	if err := l.synchronous(ctx); err != nil {
		return 0, err
	}
	primary, err := l.spare.Setting(ctx, "primary_conninfo")
	if err != nil {
		return 0, err
	}
	if err := l.detach(ctx); err != nil {
		return 0, err
	}
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.Server.AwaitTrue(met, "postgres", "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'testbed_writer'"); err != nil {
		return 0, err
	}
	// For longer than a request may wait, too.
	if err := sleep(ctx, between(random, 200*time.Millisecond, 5*time.Second)); err != nil {
		return 1, err
	}
	if err := l.spare.Set(ctx, map[string]string{"primary_conninfo": primary}); err != nil {
		return 1, err
	}
	if err := l.Server.AwaitTrue(met, "postgres", "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'"); err != nil {
		return 1, err
	}
	if err := l.Server.Set(ctx, map[string]string{"synchronous_standby_names": ""}); err != nil {
		return 1, err
	}
	return 1, l.dismiss(ctx)
}

// atStandby has collectors reach the standby in place of the primary, as after a
// failover that their name server heard of too early.
func atStandby(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	standby, err := l.standby(ctx)
	if err != nil {
		return 0, err
	}
	faults := 0
	for range 2 {
		mark, err := standby.Mark()
		if err != nil {
			return faults, err
		}
		l.Proxy.Retarget(addressOf(standby))
		l.Proxy.CutAll()
		met, cancel := context.WithTimeout(ctx, patience)
		err = standby.AwaitLogged(met, mark, "connection authorized", database.Writer)
		if err == nil {
			err = standby.AwaitTrue(met, "postgres", "SELECT pg_is_in_recovery()")
		}
		cancel()
		if err == nil {
			faults++
			err = sleep(ctx, between(random, 200*time.Millisecond, 4*time.Second))
		}
		l.Proxy.Retarget(addressOf(l.Server))
		l.Proxy.CutAll()
		if err != nil {
			return faults, err
		}
		if err := sleep(ctx, between(random, 100*time.Millisecond, time.Second)); err != nil {
			return faults, err
		}
	}
	return faults, l.dismiss(ctx)
}
