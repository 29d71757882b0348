package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/otelaudit/otelaudit/testbed/database"
)

// serverFaults are what happens to PostgreSQL.
func serverFaults() []Fault {
	all := []Fault{
		{Name: "backends terminated", Happen: terminateBackends},
		{Name: "statements canceled", Happen: cancelStatements},
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
	all = append(all, sessionFaults()...)
	all = append(all, lockFaults()...)
	all = append(all, standbyFaults()...)
	all = append(all, poolerFaults()...)
	all = append(all, serverDiskFaults()...)
	return all
}

func terminateBackends(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	for n := range 10 {
		if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
			return n, err
		}
		if err := sleep(ctx, between(random, 10*time.Millisecond, 150*time.Millisecond)); err != nil {
			return n + 1, err
		}
	}
	return 10, nil
}

// cancelStatements cancels until the server has canceled ten of the writers'.
func cancelStatements(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	mark, err := l.Server.Mark()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := l.Server.CancelLogin(ctx, database.Writer); err != nil {
			return 0, err
		}
		n, err := l.Server.Logged(mark, " 57014 ", "ERROR:", database.Writer)
		if err != nil || n >= 10 {
			return n, err
		}
		if err := sleep(ctx, between(random, 0, 20*time.Millisecond)); err != nil {
			return n, err
		}
	}
}

// state is something of the server that is wrong for a while.
type state struct {
	// begin makes it so, end takes it back. Sessions that there are hear of most
	// states only when they end, which ends them.
	begin, end func(ctx context.Context, l *Lab) error
	ends       bool
	// says is what the server's log must hold then: nothing has happened otherwise.
	says []string
}

// happen brings the state about, waits until it was met, and takes it back.
func (s state) happen(ctx context.Context, l *Lab, random *rand.Rand) (faults int, err error) {
	mark, err := l.Server.Mark()
	if err != nil {
		return 0, err
	}
	if err := s.begin(ctx, l); err != nil {
		return 0, err
	}
	defer func() {
		after, cancel := afterwards(ctx)
		defer cancel()
		err = errors.Join(err, s.end(after, l))
	}()
	if s.ends {
		if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
			return 0, err
		}
	}
	met, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := l.Server.AwaitLogged(met, mark, s.says...); err != nil {
		return 0, err
	}
	if err := sleep(ctx, between(random, 100*time.Millisecond, 1500*time.Millisecond)); err != nil {
		return 0, err
	}
	n, err := l.Server.Logged(mark, s.says...)
	if err == nil && s.ends {
		// Nor do sessions hear that it is over.
		err = l.Server.TerminateLogin(ctx, database.Writer)
	}
	return n, err
}

// sql is a step that is statements of the superuser in the lab's database.
func sql(statements string) func(context.Context, *Lab) error {
	return func(ctx context.Context, l *Lab) error {
		if err := l.Server.Exec(ctx, l.Database.Name, statements); err != nil {
			return fmt.Errorf("%s: %w", statements, err)
		}
		return nil
	}
}

// whileState is a fault that is a state, twice.
func whileState(name string, s state) Fault {
	return Fault{Name: name, Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
		faults := 0
		for range 2 {
			n, err := s.happen(ctx, l, random)
			faults += n
			if err != nil {
				return faults, fmt.Errorf("%s: %w", name, err)
			}
			if err := sleep(ctx, between(random, 50*time.Millisecond, 400*time.Millisecond)); err != nil {
				return faults, err
			}
		}
		return faults, nil
	}}
}
