package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/testbed/database"
)

// lockFaults are what other sessions do to the writers' transactions.
func lockFaults() []Fault {
	return []Fault{
		{Name: "deadlock", Setup: Setup{Settings: map[string]string{"deadlock_timeout": "300ms"}}, Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
			return again(ctx, random, 5, func() error { return l.deadlock(ctx) })
		}},
		failing("serialization failure at COPY", "40001", "NOT DEFERRABLE", "audit_event_ids"),
		failing("serialization failure at COMMIT", "40001", "DEFERRABLE INITIALLY DEFERRED", "audit_commits"),
		failing("deadlock at COMMIT", "40P01", "DEFERRABLE INITIALLY DEFERRED", "audit_commits"),
		failing("out of memory at COPY", "53200", "NOT DEFERRABLE", "audit_event_ids"),
		{Name: "partition locked by another session", Happen: lockTables},
		{Name: "VACUUM FULL and REINDEX during load", Happen: rewrite},
	}
}

// deadlock has another session hold the table that the writers need next, and
// want the tenants' lock that one of them holds. That session is patient: the
// server ends the writer's transaction.
func (l *Lab) deadlock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	mark, err := l.Server.Mark()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, l.Database.Owner)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "SET deadlock_timeout = '1h'"); err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after COMMIT it has nothing to do
	if _, err := tx.Exec(ctx, "LOCK TABLE audit_commits IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	for {
		var class, key int32
		err := tx.QueryRow(ctx, `SELECT a.classid::int8::int4, a.objid::int8::int4
			FROM pg_locks AS a JOIN pg_locks AS w ON w.pid = a.pid AND NOT w.granted AND w.locktype = 'relation'
			WHERE a.locktype = 'advisory' AND a.granted AND a.objsubid = 2 LIMIT 1`).Scan(&class, &key)
		if err == nil {
			_, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1::int4, $2::int4)", class, key)
			if err != nil {
				return err
			}
			return l.Server.AwaitLogged(ctx, mark, " 40P01 ", "ERROR:", database.Writer)
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err := sleep(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("no writer waits for the table: %w", err)
		}
	}
}

// failing lets a third of the transactions fail with a SQLSTATE where PostgreSQL
// itself would find it: at a row, or when everything else is done.
func failing(name, code, when, table string) Fault {
	trigger := "CREATE FUNCTION chaos_fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
		"IF random() < 0.3 THEN RAISE 'chaos' USING ERRCODE = '" + code + "'; END IF; RETURN NULL; END $$; " +
		"CREATE CONSTRAINT TRIGGER chaos_fail AFTER INSERT ON " + table + " " + when + " FOR EACH ROW EXECUTE FUNCTION chaos_fail()"
	return whileState(name, state{
		begin: sql(trigger), end: sql("DROP FUNCTION chaos_fail() CASCADE"), says: []string{" " + code + " ", "ERROR:", database.Writer},
	})
}

// lockTables holds each table that a commit writes to, for less and for more than
// the exporter's timeout.
func lockTables(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	var partition string
	if err := l.queryOwner(ctx, &partition, "SELECT 'audit_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"); err != nil {
		return 0, err
	}
	for n, table := range []string{partition, "audit_event_ids", "audit_commits"} {
		if err := l.lockTable(ctx, table, between(random, 200*time.Millisecond, 4*time.Second)); err != nil {
			return n, err
		}
	}
	return 3, nil
}

func (l *Lab) lockTable(ctx context.Context, table string, d time.Duration) error {
	conn, err := pgx.Connect(ctx, l.Database.Owner)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		met, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := l.Server.AwaitTrue(met, l.Database.Name, "SELECT count(*) > 0 FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) "+
			"WHERE NOT l.granted AND l.locktype = 'relation' AND a.usename = 'testbed_writer'"); err != nil {
			return err
		}
		return sleep(ctx, d)
	})
}

// filesOfTables are the files of all tables and indexes that events are written to.
const filesOfTables = `WITH tables AS (
	SELECT relid::oid AS oid FROM pg_partition_tree('audit_events') UNION SELECT relid::oid FROM pg_partition_tree('audit_event_ids')
	UNION SELECT 'audit_event_ids'::regclass::oid UNION SELECT 'audit_commits'::regclass::oid)
SELECT coalesce(array_agg(oid || ' ' || pg_relation_filenode(oid)), '{}') FROM (
	SELECT oid FROM tables UNION SELECT indexrelid FROM pg_index JOIN tables ON indrelid = oid) AS relations
WHERE pg_relation_filenode(oid) > 0`

// rewrite rewrites every table and index under the writers, and holds that none
// is in the file in which it was.
func rewrite(ctx context.Context, l *Lab, _ *rand.Rand) (int, error) {
	var before, after []string
	if err := l.queryOwner(ctx, &before, filesOfTables); err != nil {
		return 0, err
	}
	statements := []string{
		"VACUUM FULL audit_commits", "VACUUM FULL audit_event_ids", "VACUUM FULL audit_events",
		"REINDEX TABLE audit_commits", "REINDEX TABLE audit_event_ids", "REINDEX TABLE audit_events",
		"REINDEX TABLE CONCURRENTLY audit_event_ids", "VACUUM (FREEZE, ANALYZE)",
	}
	for n, statement := range statements {
		for {
			err := sql(statement)(ctx, l)
			if err == nil {
				break
			}
			// Whoever rewrites an index that is in use may lose to those who use it.
			if store.SQLState(err) != "40P01" {
				return n, err
			}
		}
	}
	if err := l.queryOwner(ctx, &after, filesOfTables); err != nil {
		return len(statements), err
	}
	for _, file := range before {
		if slices.Contains(after, file) {
			return 0, fmt.Errorf("not every table and index was rewritten: one (oid, file) is still %s", file)
		}
	}
	return min(len(before), len(statements)), nil
}

// queryOwner reads one value as the superuser.
func (l *Lab) queryOwner(ctx context.Context, into any, query string) error {
	conn, err := pgx.Connect(ctx, l.Database.Owner)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return conn.QueryRow(ctx, query).Scan(into)
}
