package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/migrations"
)

// Role is a group role without its prefix.
type Role string

// The group roles, in the order in which logins are asked what everybody may see.
const (
	Auditor  Role = "auditor"
	Owner    Role = "owner"
	Writer   Role = "writer"
	Reader   Role = "reader"
	Pruner   Role = "pruner"
	Operator Role = "operator"
)

// Roles are all group roles.
func Roles() []Role { return []Role{Auditor, Owner, Writer, Reader, Pruner, Operator} }

// name is the role's name in the cluster.
func (r Role) name(prefix string) string { return prefix + string(r) }

// Options say what is looked at.
type Options struct {
	URLs       map[Role]string // connection strings, secrets; "" or absent: no login
	Asked      []Role          // whose absence leaves the report incomplete; nil means all
	Schema     string          // default "public"
	RolePrefix string          // default "audit_"
	Tenant     string          // whose events are looked at; "" means all
	Window     time.Duration   // of the events that are looked at, back from now; default 30 days
	Sample     int             // most events that are read; default 50,000
	Now        func() time.Time

	TrustFile  string // "" where none is named
	KeyFile    string
	AnchorFile string

	longTransaction time.Duration // from which on one is a finding; default 1 h
	freeShare       float64       // of a disk that must be free; default 0.1
}

func (o *Options) setDefaults() {
	if o.Schema == "" {
		o.Schema = "public"
	}
	if o.RolePrefix == "" {
		o.RolePrefix = migrations.DefaultRolePrefix
	}
	if o.Asked == nil {
		o.Asked = Roles()
	}
	if o.Window == 0 {
		o.Window = defaultWindow
	}
	if o.Sample == 0 {
		o.Sample = defaultSample
	}
	if o.longTransaction == 0 {
		o.longTransaction = longTransaction
	}
	if o.freeShare == 0 {
		o.freeShare = freeShare
	}
}

const (
	defaultWindow = 30 * 24 * time.Hour
	defaultSample = 50_000

	connectTimeout = 10 * time.Second
	lookTimeout    = 30 * time.Second // of one statement that reads
	applicationAs  = "otelaudit doctor"
)

// Subject is an installation with the logins for it. It is for one goroutine.
type Subject struct {
	options Options
	logins  map[Role]*login
	broken  map[Role]string // why a login could not connect
	found   *found          // the catalog, once it was read
	sample  *sample         // the events, once they were read
}

// login is a connection as one role.
type login struct {
	role Role
	name string // of the login
	conn *pgx.Conn
}

// Open connects every login. One that cannot connect is a remark of the checks
// that need it; errors are of options that nobody can mean.
func Open(ctx context.Context, o Options) (*Subject, error) {
	o.setDefaults()
	if err := pgurl.CheckSchema(o.Schema); err != nil {
		return nil, fmt.Errorf("schema %w", err)
	}
	if err := pgurl.CheckRolePrefix(o.RolePrefix); err != nil {
		return nil, fmt.Errorf("role prefix %w", err)
	}
	s := &Subject{options: o, logins: make(map[Role]*login), broken: make(map[Role]string)}
	for role, url := range o.URLs {
		if url == "" {
			continue
		}
		opened, err := connect(ctx, role, url)
		if err != nil {
			s.broken[role] = err.Error()
			continue
		}
		s.logins[role] = opened
	}
	return s, ctx.Err()
}

func connect(ctx context.Context, role Role, url string) (*login, error) {
	config, err := pgurl.Parse(url, applicationAs)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	l := &login{role: role, conn: conn}
	if err := conn.QueryRow(ctx, "SELECT session_user::text").Scan(&l.name); err != nil {
		return nil, errors.Join(pgurl.Describe(err), conn.Close(ctx))
	}
	return l, nil
}

// Close ends all connections.
func (s *Subject) Close(ctx context.Context) {
	for _, l := range s.logins {
		_ = l.conn.Close(ctx)
	}
}

// Connected are the roles with a login that answers.
func (s *Subject) Connected() []Role {
	return slices.SortedFunc(maps.Keys(s.logins), func(a, b Role) int { return slices.Index(Roles(), a) - slices.Index(Roles(), b) })
}

// login returns the login of a role, or why there is none. asked is false for a
// role that nobody wants looked at.
func (s *Subject) login(role Role) (l *login, asked bool, err error) {
	if !slices.Contains(s.options.Asked, role) {
		return nil, false, nil
	}
	if l := s.logins[role]; l != nil {
		return l, true, nil
	}
	if why := s.broken[role]; why != "" {
		return nil, true, fmt.Errorf("the login of the %s does not connect: %s", role, why)
	}
	return nil, true, fmt.Errorf("no login of the %s: set AUDIT_%s_URL, or leave it out of --roles", role, strings.ToUpper(string(role)))
}

// anybody returns a login to ask what everybody may see.
func (s *Subject) anybody() (*login, error) {
	if connected := s.Connected(); len(connected) > 0 {
		return s.logins[connected[0]], nil
	}
	for _, role := range Roles() {
		if why := s.broken[role]; why != "" {
			return nil, fmt.Errorf("no login connects; that of the %s: %s", role, why)
		}
	}
	return nil, errors.New("no database is named")
}

// schema is the quoted schema with its dot.
func (s *Subject) schema() string { return pgx.Identifier{s.options.Schema}.Sanitize() + "." }

// whose is the condition of events that are looked at: those of the tenant, or of
// all that are not the system's own. The tenant is an argument of every statement.
func (s *Subject) whose() string {
	if s.options.Tenant != "" {
		return "tenant_id = $1::text"
	}
	return "left(tenant_id, 1) <> '_' AND $1::text = ''"
}

// fill puts the schema and the roles into a statement.
func (s *Subject) fill(statement string) string {
	pairs := []string{"{{schema}}.", s.schema(), "{{whose}}", s.whose()}
	for _, role := range Roles() {
		pairs = append(pairs, "{{"+string(role)+"}}", pgx.Identifier{role.name(s.options.RolePrefix)}.Sanitize())
	}
	return strings.NewReplacer(pairs...).Replace(statement)
}

// read runs f in a transaction that is rolled back, reads only, waits for no
// lock and ends every statement after lookTimeout.
func (l *login) read(ctx context.Context, f func(pgx.Tx) error) error {
	tx, err := l.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return describe(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	settings := fmt.Sprintf("SET LOCAL lock_timeout = '%s'; SET LOCAL statement_timeout = %d; SET LOCAL timezone = 'UTC'; SET LOCAL search_path = ''",
		lockTimeout, lookTimeout.Milliseconds())
	if _, err := tx.Exec(ctx, settings, pgx.QueryExecModeSimpleProtocol); err != nil {
		return describe(err)
	}
	return describe(f(tx))
}

// texts returns the rows of a query of text columns.
func (s *Subject) texts(ctx context.Context, l *login, statement string, arguments ...any) (rows [][]string, err error) {
	err = l.read(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, s.fill(statement), arguments...)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, func(row pgx.CollectableRow) ([]string, error) {
			texts := make([]string, len(row.FieldDescriptions()))
			pointers := make([]any, len(texts))
			for i := range texts {
				pointers[i] = &texts[i]
			}
			return texts, row.Scan(pointers...)
		})
		return err
	})
	return rows, err
}

// describe makes an error of the server fit to be shown.
func describe(err error) error {
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return pgurl.Describe(err)
	}
	switch server.Code {
	case "57014":
		return errors.New("it took too long: the server ended the query")
	case "55P03":
		return errors.New("a lock was not free")
	}
	return errors.New(server.Message)
}
