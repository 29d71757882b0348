package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// Defaults of a Runner.
const (
	DefaultSchema     = "public"
	DefaultRolePrefix = "audit_"
)

// Runner applies the migrations to one schema of one database. The zero Runner
// uses the defaults. The login it connects with must own the database or be a
// superuser the first time (it makes roles and may make the schema); it becomes
// the owner role for everything else. Connect directly, not through a pooler:
// the lock belongs to the session.
type Runner struct {
	Schema     string // default "public"; lower-case letters, digits, underscores
	RolePrefix string // default "audit_"; of all group roles, which are cluster-wide
}

// Migration is one step and whether this database has it.
type Migration struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"` // file name without number and suffix
	Applied   bool      `json:"applied"`
	AppliedAt time.Time `json:"applied_at,omitzero"` // UTC
}

// ErrNotEmpty is returned by Down while there is anything that a migration must
// not remove.
var ErrNotEmpty = errors.New("audit data is never removed by a migration")

// ErrForeign is returned by Up where the tables are there and were not made by a
// Runner, for example from exported files.
var ErrForeign = errors.New("the audit tables were made by another migration tool: use that one")

// PrefixError is returned where the tables belong to the owner role of another
// prefix than the Runner's.
type PrefixError struct{ Schema, Owner, RolePrefix string }

// Error names the prefix to use, as far as the owner's name tells it.
func (e *PrefixError) Error() string {
	text := fmt.Sprintf("the audit tables in schema %s belong to the role %q, not to %q", e.Schema, e.Owner, RolesFor(e.RolePrefix).Owner)
	if prefix := e.Prefix(); prefix != "" {
		text += fmt.Sprintf(": the role prefix is %q", prefix)
	}
	return text
}

// Prefix returns the prefix that the tables were made with, "" if their owner is
// not called like one of ours.
func (e *PrefixError) Prefix() string {
	prefix, ok := strings.CutSuffix(e.Owner, RolesFor("").Owner)
	if !ok {
		return ""
	}
	return prefix
}

// Up applies what is missing and returns it in order. It may run any number of
// times and in several processes at once.
func (r Runner) Up(ctx context.Context, databaseURL string) ([]Migration, error) {
	var done []Migration
	err := r.locked(ctx, databaseURL, func(conn *sql.Conn, db *sql.DB) error {
		if err := r.ensureSchema(ctx, conn); err != nil {
			return err
		}
		if err := errors.Join(r.refuseForeign(ctx, conn), r.refusePrefix(ctx, conn)); err != nil {
			return err
		}
		provider, err := r.provider(db)
		if err != nil {
			return err
		}
		results, err := provider.Up(ctx)
		done = fromResults(results)
		return plain(err)
	})
	return done, err
}

// Down takes all migrations back and returns them in the order it did so. It
// refuses with ErrNotEmpty while any event, identity or quarantined record
// exists. Roles and schema stay.
func (r Runner) Down(ctx context.Context, databaseURL string) ([]Migration, error) {
	var done []Migration
	err := r.locked(ctx, databaseURL, func(conn *sql.Conn, db *sql.DB) error {
		known, err := r.hasHistory(ctx, conn)
		if err != nil || !known {
			return err
		}
		if err := r.refusePrefix(ctx, conn); err != nil {
			return err
		}
		if err := r.refuseNotEmpty(ctx, conn); err != nil {
			return err
		}
		provider, err := r.provider(db)
		if err != nil {
			return err
		}
		results, err := provider.DownTo(ctx, 0)
		done = fromResults(results)
		if err != nil {
			return plain(err)
		}
		_, err = conn.ExecContext(ctx, fmt.Sprintf(`DROP TABLE %q.%q`, r.schema(), historyTable))
		return err
	})
	return done, err
}

// Status returns all migrations in order and changes nothing.
func (r Runner) Status(ctx context.Context, databaseURL string) ([]Migration, error) {
	db, err := r.open(databaseURL)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	known, err := r.hasHistory(ctx, conn)
	if err := errors.Join(err, r.refusePrefix(ctx, conn), conn.Close()); err != nil {
		return nil, err
	}
	provider, err := r.provider(db)
	if err != nil {
		return nil, err
	}
	if !known {
		sources := provider.ListSources()
		all := make([]Migration, 0, len(sources))
		for _, s := range sources {
			all = append(all, Migration{Version: s.Version, Name: stepName(s.Path)})
		}
		return all, nil
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, plain(err)
	}
	all := make([]Migration, 0, len(statuses))
	for _, s := range statuses {
		m := Migration{Version: s.Source.Version, Name: stepName(s.Source.Path)}
		if s.State == goose.StateApplied {
			m.Applied, m.AppliedAt = true, s.AppliedAt
		}
		all = append(all, m)
	}
	return all, nil
}

// Latest returns the number of the last migration of this build.
func Latest() int64 {
	names, err := fs.Glob(FS, "*.sql")
	if err != nil || len(names) == 0 {
		return 0
	}
	version, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return 0
	}
	return version
}

func (r Runner) schema() string {
	if r.Schema == "" {
		return DefaultSchema
	}
	return r.Schema
}

func (r Runner) rolePrefix() string {
	if r.RolePrefix == "" {
		return DefaultRolePrefix
	}
	return r.RolePrefix
}

// Validate checks the schema's and the prefix's form.
func (r Runner) Validate() error {
	_, err := r.replacer()
	return err
}

func (r Runner) replacer() (*strings.Replacer, error) {
	if err := pgurl.CheckSchema(r.schema()); err != nil {
		return nil, fmt.Errorf("schema %w", err)
	}
	if err := pgurl.CheckRolePrefix(r.rolePrefix()); err != nil {
		return nil, fmt.Errorf("role prefix %w", err)
	}
	roles := RolesFor(r.rolePrefix())
	pairs := []string{"{{partition_lock}}", partitionLock, "{{prune_lock}}", pruneLock}
	for placeholder, name := range map[string]string{
		"schema": r.schema(), "owner": roles.Owner, "writer": roles.Writer, "reader": roles.Reader,
		"auditor": roles.Auditor, "pruner": roles.Pruner, "operator": roles.Operator,
	} {
		pairs = append(pairs, "{{"+placeholder+"}}", `"`+name+`"`, "{{"+placeholder+"_name}}", name)
	}
	return strings.NewReplacer(pairs...), nil
}

func (r Runner) open(databaseURL string) (*sql.DB, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	config, err := pgurl.Parse(databaseURL, "otelaudit migrate")
	if err != nil {
		return nil, err
	}
	return stdlib.OpenDB(*config), nil
}

// locked runs f while no other Runner works on this database.
func (r Runner) locked(ctx context.Context, databaseURL string, f func(*sql.Conn, *sql.DB) error) error {
	db, err := r.open(databaseURL)
	if err != nil {
		return err
	}
	defer db.Close() // ends the session and with it the lock
	conn, err := db.Conn(ctx)
	if err != nil {
		return pgurl.Describe(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_catalog.pg_advisory_lock(`+migrationLock+`)`); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	return f(conn, db)
}

func (r Runner) provider(db *sql.DB) (*goose.Provider, error) {
	sources, err := r.sources()
	if err != nil {
		return nil, err
	}
	store, err := newHistory(r.schema())
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectCustom, db, sources,
		goose.WithStore(store), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}

// ensureSchema makes the schema before the history table needs it. CREATE
// SCHEMA IF NOT EXISTS would demand a right on the database even where the
// schema is there.
func (r Runner) ensureSchema(ctx context.Context, conn *sql.Conn) error {
	var exists bool
	row := conn.QueryRowContext(ctx, `SELECT pg_catalog.to_regnamespace($1) IS NOT NULL`, `"`+r.schema()+`"`)
	if err := row.Scan(&exists); err != nil || exists {
		return err
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf(`CREATE SCHEMA %q`, r.schema())); err != nil {
		return fmt.Errorf("make schema %s: %w", r.schema(), err)
	}
	// Default privileges may open it. Whoever can create tables here can take the
	// name of a coming month's partition, and writing would stop with that month.
	if _, err := conn.ExecContext(ctx, fmt.Sprintf(`REVOKE ALL ON SCHEMA %q FROM PUBLIC`, r.schema())); err != nil {
		return fmt.Errorf("close schema %s: %w", r.schema(), err)
	}
	return nil
}

func (r Runner) hasTable(ctx context.Context, conn *sql.Conn, table string) (bool, error) {
	var exists bool
	row := conn.QueryRowContext(ctx, `SELECT pg_catalog.to_regclass($1) IS NOT NULL`, fmt.Sprintf("%q.%q", r.schema(), table))
	err := row.Scan(&exists)
	return exists, err
}

func (r Runner) hasHistory(ctx context.Context, conn *sql.Conn) (bool, error) {
	return r.hasTable(ctx, conn, historyTable)
}

func (r Runner) refuseForeign(ctx context.Context, conn *sql.Conn) error {
	known, err := r.hasHistory(ctx, conn)
	if err != nil || known {
		return err
	}
	made, err := r.hasTable(ctx, conn, "audit_events")
	if err != nil || !made {
		return err
	}
	return fmt.Errorf("schema %s: %w", r.schema(), ErrForeign)
}

// refusePrefix asks whom the tables belong to, because a second Up has nothing to
// apply whatever its prefix is.
func (r Runner) refusePrefix(ctx context.Context, conn *sql.Conn) error {
	var owner string
	row := conn.QueryRowContext(ctx, `SELECT pg_catalog.pg_get_userbyid(relowner)::text FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)`,
		fmt.Sprintf(`%q."audit_events"`, r.schema()))
	switch err := row.Scan(&owner); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case owner != RolesFor(r.rolePrefix()).Owner:
		return &PrefixError{Schema: r.schema(), Owner: owner, RolePrefix: r.rolePrefix()}
	}
	return nil
}

// refuseNotEmpty looks before anything is taken back, because each migration is
// a transaction of its own. The migration that drops the tables looks again,
// under a lock.
func (r Runner) refuseNotEmpty(ctx context.Context, conn *sql.Conn) error {
	made, err := r.hasTable(ctx, conn, "audit_events")
	if err != nil || !made {
		return err
	}
	tables, err := r.tablesWithData(ctx, conn)
	if err != nil {
		return err
	}
	for _, table := range tables {
		var found bool
		if err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM `+table+`)`).Scan(&found); err != nil {
			return err
		}
		if found {
			return fmt.Errorf("%s is not empty: %w", table, ErrNotEmpty)
		}
	}
	return nil
}

// tablesWithData names the partitions one by one: on the parent, forced
// row-level security would show the owner no rows and no error.
func (r Runner) tablesWithData(ctx context.Context, conn *sql.Conn) ([]string, error) {
	rows, err := conn.QueryContext(ctx, `
		SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname IN ('audit_event_ids', 'audit_quarantine')
			OR c.oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = pg_catalog.to_regclass($2) AND c.relkind = 'r')
		ORDER BY 1`, r.schema(), fmt.Sprintf(`%q."audit_events"`, r.schema()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}

func fromResults(results []*goose.MigrationResult) []Migration {
	done := make([]Migration, 0, len(results))
	for _, result := range results {
		done = append(done, Migration{
			Version: result.Source.Version, Name: stepName(result.Source.Path), Applied: result.Direction == "up",
		})
	}
	return done
}

func stepName(file string) string {
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	return name
}

// plain takes the list of partial results out of goose's error.
func plain(err error) error {
	var partial *goose.PartialError
	if !errors.As(err, &partial) {
		return err
	}
	name := "migration"
	if partial.Failed != nil && partial.Failed.Source != nil {
		name = path.Base(partial.Failed.Source.Path)
	}
	return fmt.Errorf("%s: %w", name, partial.Err)
}
