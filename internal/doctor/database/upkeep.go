package database

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// Bounds beyond which upkeep is a finding.
const (
	clockTolerance  = 5 * time.Second
	longTransaction = time.Hour
	oldestOutbox    = 15 * time.Minute
	oldestUnsolved  = 24 * time.Hour
	longHold        = 365 * 24 * time.Hour
	deadShare       = 0.2 // of a table's rows, where it has more than deadRows
	deadRows        = 100_000
)

func upkeepProbes() []doctor.Probe[*Subject] {
	check := func(id string, severity doctor.Severity, section, title, fix string, look func(context.Context, *Subject, *doctor.Result) error) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{Check: doctor.Check{
			ID: id, Severity: severity, Title: title, Needs: []string{"any login"}, Fix: fix, Section: "doctor.md#" + section,
		}, Look: look}
	}
	return []doctor.Probe[*Subject]{
		check("store.migrations", doctor.P1, "upkeep", "The tables are not at the migration of this program",
			"otelaudit migrate up, as the owner; or take the program that is as new as the tables", lookAtVersion),
		check("store.partitions", doctor.P0, "upkeep", "The partition of a month is missing that events are, or soon will be, written to",
			"otelaudit partitions ensure, as the writer; a running collector makes them by itself: is one running?", lookAtPartitions),
		check("store.autovacuum", doctor.P1, "upkeep", "Autovacuum does not run on the audit tables",
			"ALTER SYSTEM SET autovacuum = on; ALTER TABLE … RESET (autovacuum_enabled)", lookAtAutovacuum),
		check("store.dead_rows", doctor.P2, "upkeep", "A table has many dead rows, or many rows and no statistics",
			"VACUUM (ANALYZE) the table; see what holds vacuum back with store.long_transactions", lookAtDeadRows),
		check("store.long_transactions", doctor.P2, "upkeep", "A transaction is open for long and holds vacuum back",
			"end the session, or decide over the prepared transaction with COMMIT PREPARED or ROLLBACK PREPARED", lookAtTransactions),
		check("server.durability", doctor.P0, "the-server", "A committed event may be lost in a crash of the server",
			"ALTER SYSTEM SET fsync = on, full_page_writes = on; ALTER ROLE … RESET synchronous_commit", lookAtDurability),
		check("server.replication", doctor.P2, "the-server", "The server cannot be restored to a point in time, or waits for a standby that is not named",
			"wal_level = replica and an archive or a standby; synchronous_standby_names where synchronous_commit is remote_write or remote_apply", lookAtReplication),
		check("server.clock", doctor.P1, "the-server", "The clock of the server and that of this machine differ",
			"run a time service (chrony, systemd-timesyncd) on both", lookAtClock),
		check("server.disk", doctor.P1, "the-server", "The disk of the server is nearly full",
			"enlarge it, or remove what is past its retention: otelaudit prune --preview shows how much", lookAtDisk),
	}
}

// one returns the only row of a query of text columns.
func (s *Subject) one(ctx context.Context, statement string, arguments ...any) ([]string, error) {
	l, err := s.anybody()
	if err != nil {
		return nil, err
	}
	rows, err := s.texts(ctx, l, statement, arguments...)
	if err == nil && len(rows) != 1 {
		err = fmt.Errorf("the server answered with %d rows for one", len(rows))
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

func lookAtVersion(ctx context.Context, s *Subject, r *doctor.Result) error {
	expected, err := loadExpectation()
	if err != nil {
		return err
	}
	l, err := s.anybody()
	if err != nil {
		return err
	}
	return l.read(ctx, func(tx pgx.Tx) error {
		var version int
		if err := s.version(ctx, tx, &version); err != nil {
			return err
		}
		if version != expected.Migration {
			r.Find(doctor.Finding{
				Where:  "schema " + s.options.Schema,
				Detail: fmt.Sprintf("it is at migration %d, this program at %d: what the newer one guards is not guarded, or not looked at", version, expected.Migration),
			})
		}
		return nil
	})
}

// monthsAhead is how many months after the current one have a partition.
const monthsAhead = 2

func lookAtPartitions(ctx context.Context, s *Subject, r *doctor.Result) error {
	l, err := s.anybody()
	if err != nil {
		return err
	}
	rows, err := s.texts(ctx, l, `
		SELECT c.relname::text FROM pg_catalog.pg_inherits AS i
		JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
		JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
		JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
		WHERE n.nspname = $1 AND p.relname = 'audit_events'`, s.options.Schema)
	if err != nil {
		return err
	}
	now := s.options.Now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ahead := range monthsAhead + 1 {
		name := eventsTable + "_" + first.AddDate(0, ahead, 0).Format("2006_01")
		if slices.ContainsFunc(rows, func(row []string) bool { return row[0] == name }) {
			continue
		}
		severity, when := doctor.P1, fmt.Sprintf("%d months ahead", ahead)
		if ahead == 0 {
			severity, when = doctor.P0, "of the current month"
		}
		r.Find(doctor.Finding{Severity: severity, Where: name, Detail: "the partition " + when + " is not there"})
	}
	return nil
}

// storeTables limits a query over pg_class, called c, to the store's tables and
// partitions; $1 is the schema, $2 the tables.
const storeTables = `n.nspname = $1 AND c.relkind IN ('r', 'p') AND (c.relname = ANY ($2::text[])
	OR EXISTS (SELECT FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid AND p.relname = 'audit_events'))`

// eachTable reports every row of a query about tables: a table and what is wrong.
func (s *Subject) eachTable(ctx context.Context, r *doctor.Result, statement string) error {
	expected, err := loadExpectation()
	if err != nil {
		return err
	}
	return s.each(ctx, r, statement, s.options.Schema, expected.tables())
}

func lookAtAutovacuum(ctx context.Context, s *Subject, r *doctor.Result) error {
	row, err := s.one(ctx, "SELECT pg_catalog.current_setting('autovacuum'), pg_catalog.current_setting('track_counts')")
	if err != nil {
		return err
	}
	for i, name := range []string{"autovacuum", "track_counts"} {
		if row[i] != "on" {
			r.Find(doctor.Finding{Where: "setting " + name, Detail: "it is " + row[i] + " for the whole server"})
		}
	}
	return s.eachTable(ctx, r, `
		SELECT c.relname::text, 'it has autovacuum_enabled = off'
		FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE `+storeTables+` AND EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
			WHERE o.option_name = 'autovacuum_enabled' AND NOT o.option_value::boolean)
		ORDER BY 1`)
}

func lookAtDeadRows(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.eachTable(ctx, r, fmt.Sprintf(`
		SELECT c.relname::text, CASE WHEN t.n_dead_tup > %[1]d AND t.n_dead_tup > %[2]g * (t.n_live_tup + t.n_dead_tup)
				THEN t.n_dead_tup || ' of ' || t.n_live_tup + t.n_dead_tup || ' rows are dead, last vacuum: '
					|| coalesce(greatest(t.last_vacuum, t.last_autovacuum)::text, 'never')
			ELSE t.n_live_tup || ' rows, and it was never analyzed: plans are guesses' END
		FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_stat_all_tables AS t ON t.relid = c.oid
		WHERE `+storeTables+` AND (t.n_dead_tup > %[1]d AND t.n_dead_tup > %[2]g * (t.n_live_tup + t.n_dead_tup)
			OR t.n_live_tup > %[1]d AND t.last_analyze IS NULL AND t.last_autoanalyze IS NULL)
		ORDER BY 1`, deadRows, deadShare))
}

func lookAtTransactions(ctx context.Context, s *Subject, r *doctor.Result) error {
	rows, l, err := s.asWhoSees(ctx, `
		SELECT 'process ' || a.pid, a.usename::text || ' (' || coalesce(nullif(a.application_name, ''), 'no application name') || '): open since ' || a.xact_start::text || ', ' || coalesce(a.state, '')
		FROM pg_catalog.pg_stat_activity AS a
		WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
			-- One with neither only holds locks, as the session that a prune locks with.
			AND coalesce(a.backend_xid, a.backend_xmin) IS NOT NULL AND a.xact_start < pg_catalog.clock_timestamp() - $1::text::interval
		UNION ALL
		SELECT 'prepared transaction ' || p.gid, p.owner::text || ': since ' || p.prepared::text
		FROM pg_catalog.pg_prepared_xacts AS p
		WHERE p.database = pg_catalog.current_database() AND p.prepared < pg_catalog.clock_timestamp() - $1::text::interval`, s.options.longTransaction.String())
	if err != nil {
		return err
	}
	for _, row := range rows {
		r.Find(doctor.Finding{Where: row[0], Detail: row[1]})
	}
	if l == nil {
		r.CouldNotCheck("no login sees the sessions of others: GRANT pg_read_all_stats TO one")
	}
	return nil
}

// asWhoSees asks the login that sees the sessions of all, or else any; the login
// is nil then.
func (s *Subject) asWhoSees(ctx context.Context, statement string, arguments ...any) (rows [][]string, sees *login, err error) {
	for _, role := range s.Connected() {
		l := s.logins[role]
		is, err := s.texts(ctx, l, "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')::text")
		if err != nil {
			return nil, nil, err
		}
		if is[0][0] == "true" {
			rows, err = s.texts(ctx, l, statement, arguments...)
			return rows, l, err
		}
	}
	l, err := s.anybody()
	if err != nil {
		return nil, nil, err
	}
	rows, err = s.texts(ctx, l, statement, arguments...)
	return rows, nil, err
}

func lookAtDurability(ctx context.Context, s *Subject, r *doctor.Result) error {
	row, err := s.one(ctx, "SELECT pg_catalog.current_setting('fsync'), pg_catalog.current_setting('full_page_writes')")
	if err != nil {
		return err
	}
	for i, name := range []string{"fsync", "full_page_writes"} {
		if row[i] != "on" {
			r.Find(doctor.Finding{Where: "setting " + name, Detail: "it is off: a crash of the server may destroy the store"})
		}
	}
	return s.lookAtCommits(ctx, r)
}

// lookAtCommits looks at where a commit may return before it is on the disk: as
// the login of the writer has it, and as a role or the database would set it for
// others. The exporter asks for it itself, a writer that is not ours may not.
func (s *Subject) lookAtCommits(ctx context.Context, r *doctor.Result) error {
	if l := s.logins[Writer]; l != nil {
		rows, err := s.texts(ctx, l, "SELECT pg_catalog.current_setting('synchronous_commit')")
		if err != nil {
			return err
		}
		if rows[0][0] == "off" {
			r.Find(doctor.Finding{Severity: doctor.P1, Where: l.where(), Detail: "synchronous_commit is off: only a client that turns it on, as the exporter does, has commits that last"})
		}
	}
	l, err := s.anybody()
	if err != nil {
		return err
	}
	rows, err := s.texts(ctx, l, `
		SELECT CASE WHEN d.setrole = 0 THEN 'database ' || pg_catalog.current_database() ELSE 'role ' || pg_catalog.pg_get_userbyid(d.setrole)::text END, o
		FROM pg_catalog.pg_db_role_setting AS d CROSS JOIN LATERAL pg_catalog.unnest(d.setconfig) AS o
		WHERE (d.setdatabase = 0 OR d.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
			AND o IN ('synchronous_commit=off')
			AND (d.setrole = 0 OR EXISTS (SELECT FROM (`+ourRoles+`) AS ours WHERE ours.oid = d.setrole))
		ORDER BY 1`, s.groups(), s.loginNames())
	for _, row := range rows {
		r.Find(doctor.Finding{Severity: doctor.P1, Where: row[0], Detail: "it sets " + row[1] + ": commits may be lost in a crash unless the client turns it on, as the exporter does"})
	}
	return err
}

func lookAtReplication(ctx context.Context, s *Subject, r *doctor.Result) error {
	row, err := s.one(ctx, "SELECT pg_catalog.current_setting('wal_level'), pg_catalog.current_setting('synchronous_commit'), pg_catalog.current_setting('synchronous_standby_names')")
	if err != nil {
		return err
	}
	if row[0] == "minimal" {
		r.Find(doctor.Finding{Where: "setting wal_level", Detail: "it is minimal: neither an archive nor a standby is possible"})
	}
	if strings.HasPrefix(row[1], "remote_") && row[2] == "" {
		r.Find(doctor.Finding{Where: "setting synchronous_standby_names", Detail: "it is empty, and synchronous_commit = " + row[1] + " waits for nobody"})
	}
	if row[2] == "" {
		r.NotApplicable("no synchronous standby is named: what is committed lasts as long as this one server's disk")
	}
	return nil
}

func lookAtClock(ctx context.Context, s *Subject, r *doctor.Result) error {
	before := s.options.Now()
	row, err := s.one(ctx, "SELECT (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint::text")
	after := s.options.Now()
	if err != nil {
		return err
	}
	milliseconds, err := strconv.ParseInt(row[0], 10, 64)
	if err != nil {
		return err
	}
	server := time.UnixMilli(milliseconds)
	// The server read its clock somewhere between the two.
	off := max(before.Sub(server), server.Sub(after))
	if off > clockTolerance {
		r.Find(doctor.Finding{Where: "clock of the server", Detail: fmt.Sprintf("it is %v apart from that of this machine", off.Round(time.Second))})
	}
	return nil
}
