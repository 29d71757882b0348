package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// Options say which store to read.
type Options struct {
	URL              string        // PostgreSQL connection string; a secret
	Pool             *pgxpool.Pool // used in place of URL where not nil; Close leaves it open
	Schema           string        // default "public"
	RolePrefix       string        // default "audit_"; for messages only
	ApplicationName  string        // default "otelaudit"; seen in pg_stat_activity
	MaxConnections   int32         // default 4
	StatementTimeout time.Duration // default 30 s, of each query
}

func (o *Options) setDefaults() {
	if o.Schema == "" {
		o.Schema = "public"
	}
	if o.RolePrefix == "" {
		o.RolePrefix = "audit_"
	}
	if o.ApplicationName == "" {
		o.ApplicationName = "otelaudit"
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 4
	}
	if o.StatementTimeout == 0 {
		o.StatementTimeout = 30 * time.Second
	}
}

// requiredSchema is the number of the migration the reader's statements need. The
// writer does not ask: what it writes to is there or its statements fail.
const requiredSchema = 10

// VersionError is a store whose tables are older than this program.
type VersionError struct {
	Schema       string
	Found, Needs int
}

// Error says which command brings the tables up to date.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the audit tables in schema %q are at migration %d, this program needs %d: run otelaudit migrate up",
		e.Schema, e.Found, e.Needs)
}

//go:embed sql/read_*.sql
var readSQL embed.FS

// readQueries are the reader's statements for one schema.
type readQueries struct {
	listNewest, listOldest, locate, get        string
	tenant, tenantAdmits                       string
	quarantineList, quarantineGet              string
	schema, schemaVersion, keepMonths, mayRead string
	access, recorded, trace, caller, identity  string
	accessModes, accessSet                     string
	outbox, outboxDiscard                      string
	clock, counted, countsRolled, countsEvents string
	heldOpen, heldAll, keepDays, retention     string
	tenantKnown                                string
	holdAdd, holdRelease                       string
	retentionSet, retentionUnset               string
	quarantineDiscard, quarantineReplayed      string
	quarantineTwin, mayResolve                 string

	export, exportLast, exportSession, exportExtent       string
	exportLogin, exportPruned, exportLeaves, exportCommit string
	exportHead                                            string

	policyLogins, policyBindings, policyServer string
}

func newReadQueries(schema string) readQueries {
	quoted := pgx.Identifier{schema}.Sanitize()
	load := func(name string) string {
		text, err := readSQL.ReadFile("sql/read_" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", quoted)
	}
	return readQueries{
		listNewest: load("list_newest"), listOldest: load("list_oldest"), locate: load("locate"), get: load("get"),
		tenant: load("tenant"), tenantAdmits: load("tenant_admits"),
		quarantineList: load("quarantine_list"), quarantineGet: load("quarantine_get"),
		schema: load("schema"), schemaVersion: load("schema_version"), keepMonths: load("keep_months"), mayRead: load("may_read"),
		access: load("access"), recorded: load("recorded"), trace: load("trace"), caller: load("caller"), identity: load("identity"),
		accessModes: load("access_modes"), accessSet: load("access_set"),
		outbox: load("outbox"), outboxDiscard: load("outbox_discard"),
		clock: load("clock"), counted: load("counted"), countsRolled: load("counts_rolled"), countsEvents: load("counts_events"),
		heldOpen: load("holds_open"), heldAll: load("holds"), keepDays: load("keep_days"), tenantKnown: load("tenant_known"), retention: load("retention"),
		holdAdd: load("hold_add"), holdRelease: load("hold_release"),
		retentionSet: load("retention_set"), retentionUnset: load("retention_unset"),
		quarantineDiscard: load("quarantine_discard"), quarantineReplayed: load("quarantine_replayed"),
		quarantineTwin: load("quarantine_twin"), mayResolve: load("may_resolve"),

		export: load("export"), exportLast: load("export_last"), exportSession: load("export_session"), exportExtent: load("export_extent"),
		exportLogin: load("export_login"), exportPruned: load("export_pruned"), exportLeaves: load("export_leaves"), exportCommit: load("export_commit"),
		exportHead: load("export_head"),

		policyLogins: load("policy_logins"), policyBindings: load("policy_bindings"), policyServer: load("policy_server"),
	}
}

// Reader reads a store, in short transactions of its own. It is safe for
// concurrent use.
type Reader struct {
	pool    *pgxpool.Pool
	options Options
	sql     readQueries
	bound   bool // the login may be bound to tenants
}

// Connect opens a store for reading and checks that it has the tables this
// program needs and that the login may read them. Errors never hold the
// connection string.
func Connect(ctx context.Context, o Options) (*Reader, error) {
	o.setDefaults()
	if err := pgurl.CheckSchema(o.Schema); err != nil {
		return nil, &FilterError{"schema", err.Error()}
	}
	pool := o.Pool
	if pool == nil {
		var err error
		if pool, err = newPool(ctx, &o); err != nil {
			return nil, err
		}
	}
	r := &Reader{pool: pool, options: o, sql: newReadQueries(o.Schema)}
	if err := r.checkSchema(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func newPool(ctx context.Context, o *Options) (*pgxpool.Pool, error) {
	config, err := pgurl.Parse(o.URL, o.ApplicationName)
	if err != nil {
		return nil, err
	}
	pooled, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, errors.New("PG* environment variables are not valid")
	}
	pooled.ConnConfig, pooled.MaxConns = config, o.MaxConnections
	pool, err := pgxpool.NewWithConfig(ctx, pooled)
	return pool, pgurl.Describe(err)
}

// Close ends the connections that Connect made.
func (r *Reader) Close() {
	if r.options.Pool == nil {
		r.pool.Close()
	}
}

// checkSchema returns a *SchemaError or *VersionError where the store does not
// fit.
func (r *Reader) checkSchema(ctx context.Context) error {
	var login string
	var present, permitted bool
	err := r.pool.QueryRow(ctx, r.sql.schema).Scan(&login, &present, &permitted)
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code == "42501" { // no USAGE on the schema
		present, err = true, nil
	}
	switch {
	case err != nil:
		return pgurl.Describe(err)
	case !present:
		return &SchemaError{Schema: r.options.Schema, Missing: true}
	case !permitted:
		return &AccessError{Login: login, Schema: r.options.Schema, RolePrefix: r.options.RolePrefix}
	}
	var version int
	if err := r.pool.QueryRow(ctx, r.sql.schemaVersion).Scan(&version, &r.bound); err != nil {
		return pgurl.Describe(err)
	}
	if version < requiredSchema {
		return &VersionError{Schema: r.options.Schema, Found: version, Needs: requiredSchema}
	}
	return nil
}

// CheckReads returns an *AccessError for a login that may use the tables, but
// neither read events nor plan a prune.
func (r *Reader) CheckReads(ctx context.Context) error {
	var login string
	var permitted bool
	if err := r.pool.QueryRow(ctx, r.sql.mayRead).Scan(&login, &permitted); err != nil {
		return pgurl.Describe(err)
	}
	if !permitted {
		return &AccessError{Login: login, Schema: r.options.Schema, RolePrefix: r.options.RolePrefix}
	}
	return nil
}

// AccessError is a login that is a member of none of the roles that read.
type AccessError struct{ Login, Schema, RolePrefix string }

// Error names the role that reading needs.
func (e *AccessError) Error() string {
	login := "the login"
	if e.Login != "" {
		login = strconv.Quote(e.Login)
	}
	return fmt.Sprintf("%s may not use the audit tables in schema %q: GRANT %sreader (one tenant at a time) or %sauditor TO it",
		login, e.Schema, e.RolePrefix, e.RolePrefix)
}

// read runs f in a read-only transaction that sees one tenant; "" sees none
// through row-level security. A login that is bound to others gets a
// *NotAdmittedError.
func (r *Reader) read(ctx context.Context, tenant string, f func(pgx.Tx) error) error {
	return r.readIn(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, tenant, f)
}

// readSnapshot is read for an f whose statements must all see the same rows.
func (r *Reader) readSnapshot(ctx context.Context, tenant string, f func(pgx.Tx) error) error {
	return r.readIn(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}, tenant, f)
}

func (r *Reader) readIn(ctx context.Context, how pgx.TxOptions, tenant string, f func(pgx.Tx) error) error {
	err := pgx.BeginTxFunc(ctx, r.pool, how, func(tx pgx.Tx) error {
		if how.IsoLevel == pgx.RepeatableRead {
			if err := r.keepMonths(ctx, tx); err != nil {
				return err
			}
		}
		if err := r.begin(ctx, tx, tenant); err != nil {
			return err
		}
		return f(tx)
	})
	return pgurl.Describe(err)
}

// keepMonths makes whoever drops a month wait until the transaction ends: which
// partitions there are is no part of its snapshot. It must come before the
// statement that takes the snapshot, as these do not.
func (r *Reader) keepMonths(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Conn().PgConn().Exec(ctx, "SET LOCAL statement_timeout = "+r.statementTimeout()+"; "+r.sql.keepMonths).ReadAll()
	return err
}

// begin makes the settings of a transaction. A tenant that the login may not see is
// a *NotAdmittedError, whether there is one of that name or not.
func (r *Reader) begin(ctx context.Context, tx pgx.Tx, tenant string) error {
	if tenant == "" || !r.bound {
		_, err := tx.Exec(ctx, r.sql.tenant, tenant, r.statementTimeout())
		return err
	}
	var login string
	var admitted bool
	err := tx.QueryRow(ctx, r.sql.tenantAdmits, tenant, r.statementTimeout()).Scan(&login, &admitted, nil, nil, nil, nil)
	if err == nil && !admitted {
		err = &NotAdmittedError{Login: login, Tenant: tenant}
	}
	return err
}

// statementTimeout is the limit of a query as a setting, in milliseconds.
func (r *Reader) statementTimeout() string {
	return strconv.FormatInt(r.options.StatementTimeout.Milliseconds(), 10)
}

// Schema is where the audit tables are.
func (r *Reader) Schema() string { return r.options.Schema }
