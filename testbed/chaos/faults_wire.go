package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

// wireFaults are what happens between a collector and PostgreSQL.
func wireFaults() []Fault {
	return []Fault{
		atMessage("reset before COPY's rows", pgproxy.CopyData, pgproxy.Cut),
		atMessage("reset in the middle of COPY's rows", pgproxy.CopyData, pgproxy.CutHalf),
		atMessage("reset before COMMIT", pgproxy.CommitRequest, pgproxy.Cut),
		atMessage("reset right after COMMIT was sent", pgproxy.CommitRequest, pgproxy.CutAfter),
		atMessage("answer to COMMIT lost", pgproxy.CommitAnswer, pgproxy.Cut),
		atMessage("reset at the tenants' lock", pgproxy.LockRequest, pgproxy.CutAfter),
		atMessage("reset at any answer", pgproxy.AnyAnswer, pgproxy.Cut),
		{Name: "link stalls", Happen: stall},
		{Name: "slow link", Happen: slow},
		{Name: "connections reset and refused", Happen: refuse},
	}
}

// atMessage hurts the conversation five times at messages of a kind.
func atMessage(name string, match func(pgproxy.Message) bool, do pgproxy.Action) Fault {
	return Fault{Name: name, Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
		before := l.Proxy.Faults()
		for range 5 {
			was := l.Proxy.Faults()
			l.Proxy.Arm(pgproxy.Rule{Match: match, After: random.IntN(4), Do: do})
			if err := l.awaitFaults(ctx, was+1); err != nil {
				return l.Proxy.Faults() - before, fmt.Errorf("%s: %w", name, err)
			}
			if err := sleep(ctx, between(random, 0, 50*time.Millisecond)); err != nil {
				return l.Proxy.Faults() - before, err
			}
		}
		return l.Proxy.Faults() - before, nil
	}}
}

// awaitFaults waits until the proxy has done so many.
func (l *Lab) awaitFaults(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for l.Proxy.Faults() < n {
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return fmt.Errorf("the message did not come by: %w", err)
		}
	}
	return nil
}

// stall holds messages up, some for less and some for more than the exporter's
// timeout of 3 s.
func stall(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	before := l.Proxy.Faults()
	for _, match := range []func(pgproxy.Message) bool{pgproxy.CopyData, pgproxy.CommitAnswer, pgproxy.AnyAnswer} {
		was := l.Proxy.Faults()
		l.Proxy.Arm(pgproxy.Rule{Match: match, After: random.IntN(4), Do: pgproxy.Stall, For: between(random, 100*time.Millisecond, 4*time.Second)})
		if err := l.awaitFaults(ctx, was+1); err != nil {
			return l.Proxy.Faults() - before, err
		}
	}
	return l.Proxy.Faults() - before, nil
}

func slow(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	before := l.Proxy.Slowed()
	l.Proxy.Slow(20_000 + random.Int64N(100_000))
	defer l.Proxy.Slow(0)
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for l.Proxy.Slowed() == before {
		if err := sleep(met, 5*time.Millisecond); err != nil {
			return 0, fmt.Errorf("nothing was held up: %w", err)
		}
	}
	err := sleep(ctx, between(random, time.Second, 2*time.Second))
	return l.Proxy.Slowed() - before, err
}

func refuse(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	n := 0
	for range 3 {
		l.Proxy.Refuse(true)
		n += l.Proxy.CutAll()
		err := sleep(ctx, between(random, 50*time.Millisecond, 500*time.Millisecond))
		l.Proxy.Refuse(false)
		if err != nil {
			return n, err
		}
		if err := sleep(ctx, between(random, 100*time.Millisecond, 300*time.Millisecond)); err != nil {
			return n, err
		}
	}
	return n, nil
}
