package chaos

import (
	"context"
	"math/rand/v2"
	"time"
)

// serverFaults are what happens to PostgreSQL.
func serverFaults() []Fault {
	return []Fault{
		{Name: "backends terminated", Happen: terminateBackends},
		{Name: "server restart", Happen: func(ctx context.Context, l *Lab, _ *rand.Rand) (int, error) {
			return 1, l.Server.Restart(ctx)
		}},
		{Name: "server immediate stop and recovery", Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
			if err := l.Server.Kill(); err != nil {
				return 0, err
			}
			if err := sleep(ctx, between(random, 0, 500*time.Millisecond)); err != nil {
				return 1, err
			}
			return 1, l.Server.Restart(ctx)
		}},
	}
}

func terminateBackends(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	for n := range 10 {
		err := l.Server.Exec(ctx, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'testbed_writer'`)
		if err != nil {
			return n, err
		}
		if err := sleep(ctx, between(random, 10*time.Millisecond, 150*time.Millisecond)); err != nil {
			return n + 1, err
		}
	}
	return 10, nil
}
