package chaos

import (
	"context"
	"math/rand/v2"
	"time"
)

// collectorFaults are what happens to a collector.
func collectorFaults() []Fault {
	return []Fault{
		{Name: "collector SIGKILL", Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
			return again(ctx, random, 3, func() error {
				n := l.Nodes[random.IntN(len(l.Nodes))]
				n.Kill()
				return n.Start(ctx)
			})
		}},
		{Name: "collector SIGTERM", Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
			return again(ctx, random, 2, func() error {
				n := l.Nodes[random.IntN(len(l.Nodes))]
				if err := n.Terminate(ctx); err != nil {
					return err
				}
				return n.Start(ctx)
			})
		}},
		{Name: "collector frozen", Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
			return again(ctx, random, 3, func() error {
				return l.Nodes[random.IntN(len(l.Nodes))].Freeze(ctx, between(random, 50*time.Millisecond, 700*time.Millisecond))
			})
		}},
	}
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
