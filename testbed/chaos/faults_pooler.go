package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"time"

	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

// poolerFaults are what happens to a pgbouncer in front of PostgreSQL, and behind
// it. Two server connections for all workers: who writes now wrote elsewhere
// before.
func poolerFaults() []Fault {
	var all []Fault
	for _, mode := range []string{"transaction", "session"} {
		// In session mode every worker keeps the connection that it has.
		options := map[string]string{"default_pool_size": "2", "server_lifetime": "1"}
		if mode == "session" {
			options = map[string]string{"default_pool_size": "20"}
		}
		add := func(name string, happen func(context.Context, *Lab, *rand.Rand) (int, error)) {
			all = append(all, Fault{Name: name + " (pgbouncer, " + mode + ")", Setup: Setup{Pooler: mode, PoolerOptions: options}, Happen: happen})
		}
		add("pooler killed", killPooler)
		add("pooler told to RELOAD, PAUSE, KILL and RECONNECT", commandPooler)
		add("query timeout of the pooler", timeOutInPooler)
		add("server restarted behind the pooler", restartBehindPooler)
		add("backends terminated behind the pooler", terminateBackends)
		if mode == "transaction" {
			add("server connection changes between transactions", changeServers)
		}
	}
	return all
}

func killPooler(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	return again(ctx, random, 3, func() error {
		if err := l.Pooler.Kill(); err != nil {
			return err
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Pooler.Address())
		if err == nil {
			return errors.Join(errors.New("the pooler was killed, and somebody answers"), conn.Close())
		}
		err = sleep(ctx, between(random, 0, 500*time.Millisecond))
		return errors.Join(err, l.Pooler.Start(ctx))
	})
}

func commandPooler(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name, n := l.Database.Name, 0
	for _, step := range [][]string{
		{"RELOAD"}, {"RECONNECT " + name}, {"DISABLE " + name, "KILL " + name, "RESUME " + name, "ENABLE " + name}, {"PAUSE " + name, "RESUME " + name},
	} {
		// In session mode PAUSE waits until sessions end, and those of writers do not.
		if step[0] == "PAUSE "+name && l.Pooler.Mode() == "session" {
			continue
		}
		for _, command := range step {
			if err := l.Pooler.Admin(ctx, command); err != nil {
				return n, err
			}
			n++
			if err := sleep(ctx, between(random, 50*time.Millisecond, 500*time.Millisecond)); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// timeOutInPooler has the pooler cut whoever takes longer than it likes, which
// another session's lock makes certain.
func timeOutInPooler(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	before := l.Pooler.Logged("query timeout")
	options := maps.Clone(l.Pooler.Options())
	configure := func(seconds string) error {
		options["query_timeout"] = seconds
		if err := l.Pooler.Configure(options); err != nil {
			return err
		}
		reloading, cancel := afterwards(ctx)
		defer cancel()
		return l.Pooler.Admin(reloading, "RELOAD")
	}
	if err := configure("0.2"); err != nil {
		return 0, err
	}
	err := l.lockTable(ctx, "audit_commits", between(random, time.Second, 3*time.Second))
	if err := errors.Join(err, configure("0")); err != nil {
		return 0, err
	}
	n := l.Pooler.Logged("query timeout") - before
	if n == 0 {
		return 0, errors.New("the pooler timed nobody out")
	}
	return n, nil
}

func restartBehindPooler(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	if err := l.Server.Restart(ctx); err != nil {
		return 0, err
	}
	if err := sleep(ctx, between(random, 200*time.Millisecond, time.Second)); err != nil {
		return 1, err
	}
	if err := l.Server.Kill(); err != nil {
		return 1, err
	}
	return 2, l.Server.Restart(ctx)
}

// changeServers lets writers go from one server connection to the next, and
// holds that none of them left a named statement behind on one.
func changeServers(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	before, named := l.Pooler.Logged("server lifetime over"), l.Proxy.Faults()
	l.Proxy.Arm(pgproxy.Rule{Match: namedStatement, Do: pgproxy.Stall, Times: 1 << 30})
	defer l.Proxy.Disarm()
	for range 3 {
		if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
			return 0, err
		}
		if err := sleep(ctx, between(random, time.Second, 2*time.Second)); err != nil {
			return 0, err
		}
	}
	if n := l.Proxy.Faults() - named; n > 0 {
		return n, fmt.Errorf("%d statements were given names on connections that others use too", n)
	}
	n := l.Pooler.Logged("server lifetime over") - before
	if n == 0 {
		return 0, errors.New("the pooler changed no server connection")
	}
	return n, nil
}

// namedStatement matches the preparation of a statement that keeps its name.
func namedStatement(m pgproxy.Message) bool {
	return m.Direction == pgproxy.ToServer && m.Type == 'P' && len(m.Body) > 0 && m.Body[0] != 0
}
