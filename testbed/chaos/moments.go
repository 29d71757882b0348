package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

// momentFaults end the writers' backends at a known place of a transaction.
func momentFaults() []Fault {
	return []Fault{
		{Name: "backend terminated in mid-COPY", Happen: terminateAt(pgproxy.CopyDone)},
		{Name: "backend terminated before COMMIT", Happen: terminateAt(pgproxy.CommitRequest)},
		{Name: "backend terminated in COMMIT, nothing committed", Happen: terminateCommitting},
		{Name: "backend terminated in COMMIT, committed", Happen: terminateCommitted},
	}
}

// terminateAt holds a message up until the sessions of the writers are gone: the
// one that waits for it is at exactly that place.
func terminateAt(match func(pgproxy.Message) bool) func(context.Context, *Lab, *rand.Rand) (int, error) {
	return func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
		return again(ctx, random, 5, func() error {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			done := make(chan error, 1)
			l.Proxy.Arm(pgproxy.Rule{Match: match, After: random.IntN(4), Do: pgproxy.Pause, Call: func(int) {
				done <- l.Server.TerminateLogin(ctx, database.Writer)
			}})
			select {
			case err := <-done:
				return err
			case <-ctx.Done():
				return fmt.Errorf("the message did not come by: %w", ctx.Err())
			}
		})
	}
}

// slowCommit has the server take its time in COMMIT, before it commits.
const slowCommit = "CREATE FUNCTION chaos_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$; " +
	"CREATE CONSTRAINT TRIGGER chaos_slow AFTER INSERT ON audit_commits DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chaos_slow()"

func terminateCommitting(ctx context.Context, l *Lab, random *rand.Rand) (faults int, err error) {
	if err := sql(slowCommit)(ctx, l); err != nil {
		return 0, err
	}
	defer func() {
		after, cancel := afterwards(ctx)
		defer cancel()
		err = errors.Join(err, sql("DROP FUNCTION chaos_slow() CASCADE")(after, l))
	}()
	return l.terminateWhile(ctx, random, "wait_event = 'PgSleep' AND query ILIKE 'commit%'")
}

// terminateCommitted has COMMIT wait for a standby that there is not: it has
// committed, and does not say so.
func terminateCommitted(ctx context.Context, l *Lab, random *rand.Rand) (faults int, err error) {
	if err := l.Server.Set(ctx, map[string]string{"synchronous_standby_names": "nobody"}); err != nil {
		return 0, err
	}
	defer func() {
		after, cancel := afterwards(ctx)
		defer cancel()
		err = errors.Join(err, l.Server.Set(after, map[string]string{"synchronous_standby_names": ""}))
	}()
	return l.terminateWhile(ctx, random, "wait_event = 'SyncRep'")
}

// terminateWhile ends, five times, whatever session of the writers is in a state.
func (l *Lab) terminateWhile(ctx context.Context, random *rand.Rand, state string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	query := "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'testbed_writer' AND " + state
	faults := 0
	for range 5 {
		for {
			var n int
			if err := l.queryOwner(ctx, &n, query); err != nil {
				return faults, err
			}
			if faults += n; n > 0 {
				break
			}
			if err := sleep(ctx, 5*time.Millisecond); err != nil {
				return faults, fmt.Errorf("no session of the writers has %s: %w", state, err)
			}
		}
		if err := sleep(ctx, between(random, 50*time.Millisecond, 400*time.Millisecond)); err != nil {
			return faults, err
		}
	}
	return faults, nil
}
