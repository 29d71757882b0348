package store

import (
	"cmp"
	"context"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

//go:embed sql/scan_*.sql
var scanSQL embed.FS

// scanQueries are the scanner's statements for one schema.
type scanQueries struct {
	access, admits, session      string
	schema, shapes               string
	logs, epochsOf, nameless     []string // one per table of logTables
	identityTenants, head        string
	commits, newest              string
	events, beyond, identities   string
	epochs, prunes, prunedLeaves string
}

// logTables have a tenant and an epoch in front of an index.
var logTables = []string{"audit_commits", "audit_events", "audit_epochs", "audit_prunes", "audit_pruned_leaves"}

func newScanQueries(schema string) scanQueries {
	quoted := pgx.Identifier{schema}.Sanitize()
	load := func(name string) string {
		text, err := scanSQL.ReadFile("sql/scan_" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", quoted)
	}
	q := scanQueries{
		access: load("access"), admits: load("admits"), session: load("session"), schema: load("schema"), shapes: load("shapes"),
		identityTenants: load("identity_tenants"), head: load("head"), commits: load("commits"), newest: load("newest"),
		events: load("events"), beyond: load("beyond"), identities: load("identities"),
		epochs: load("epochs"), prunes: load("prunes"), prunedLeaves: load("pruned_leaves"),
	}
	for _, table := range logTables {
		q.logs = append(q.logs, strings.ReplaceAll(load("logs"), logTables[0], table))
		q.nameless = append(q.nameless, strings.ReplaceAll(load("nameless"), logTables[0], table))
		q.epochsOf = append(q.epochsOf, strings.ReplaceAll(load("epochs_of"), logTables[0], table))
	}
	return q
}

// scanSchema is the migration that a Scanner's statements need.
const scanSchema = 11

// Scanner reads logs from end to end for verification: every column as it is
// stored, in the order of the tree, a page per transaction. It believes what the
// server answers; SchemaChanges tells whether it answers from tables. Safe for
// concurrent use.
type Scanner struct {
	reader *Reader
	sql    scanQueries
	access ScanAccess
	tenant string
	// version is the migration that the tables are at.
	version int
	// months are the times of the partitions, once SchemaChanges has read them.
	months *atomic.Pointer[map[int64][2]int64]

	snapshot *snapshot // nil: every statement has a transaction of its own
}

// ScanAccess is what the login of a Scanner may see.
type ScanAccess struct {
	Login      string
	AllTenants bool // an auditor; otherwise the tenant that was named
	Identities bool // audit_event_ids may be read
}

// ErrOneTenant is returned where a login that sees one tenant at a time does not
// say which, or may not read the one it names.
var ErrOneTenant = errors.New("this login does not see every tenant")

// OpenScanner opens a store for verification: of one tenant or, where tenant is
// "" and the login an auditor's, of all. It returns the errors of Connect, and
// ErrOneTenant.
func OpenScanner(ctx context.Context, o Options, tenant string) (*Scanner, error) {
	if err := checkTenant(tenant); err != nil {
		return nil, err
	}
	reader, err := Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Scanner{reader: reader, sql: newScanQueries(reader.options.Schema), tenant: tenant, months: &atomic.Pointer[map[int64][2]int64]{}}
	if err := s.checkAccess(ctx); err != nil {
		reader.Close()
		return nil, err
	}
	return s, nil
}

// Close ends all connections.
func (s *Scanner) Close() { s.reader.Close() }

// Reader reads the same store with the same login, until the Scanner is closed.
func (s *Scanner) Reader() *Reader { return s.reader }

// Access is what the login may see.
func (s *Scanner) Access() ScanAccess { return s.access }

func (s *Scanner) checkAccess(ctx context.Context) error {
	if err := s.reader.pool.QueryRow(ctx, s.reader.sql.schemaVersion).Scan(&s.version, nil); err != nil {
		return pgurl.Describe(err)
	}
	if s.version < scanSchema {
		return &VersionError{Schema: s.reader.options.Schema, Found: s.version, Needs: scanSchema}
	}
	var permitted bool
	err := s.reader.pool.QueryRow(ctx, s.sql.access).Scan(&s.access.Login, &permitted, &s.access.AllTenants, &s.access.Identities)
	switch {
	case err != nil:
		return pgurl.Describe(err)
	case !permitted:
		return &AccessError{Login: s.access.Login, Schema: s.reader.options.Schema, RolePrefix: s.reader.options.RolePrefix}
	case s.access.AllTenants:
		return nil
	case s.tenant == "":
		return fmt.Errorf("%w: name one, or use a login of the auditor role", ErrOneTenant)
	}
	var admitted bool
	if err := s.reader.pool.QueryRow(ctx, s.sql.admits, s.tenant).Scan(&admitted); err != nil {
		return pgurl.Describe(err)
	}
	if !admitted {
		return fmt.Errorf("%w: it is bound to others than %q", ErrOneTenant, s.tenant)
	}
	return nil
}

// rows runs one statement, in a transaction of its own unless the Scanner has a
// snapshot, and hands each row's binary columns to f, nil for NULL, valid during
// the call only. It is one exchange with the server, its transaction included.
func (s *Scanner) rows(ctx context.Context, sql string, params []param, f func(columns [][]byte) error) error {
	if s.snapshot != nil {
		return pgurl.Describe(s.snapshot.rows(ctx, sql, params, f))
	}
	conn, err := s.reader.pool.Acquire(ctx)
	if err != nil {
		return pgurl.Describe(err)
	}
	defer conn.Release() // which closes the connection after an error: its transaction has not ended
	var e exchange
	s.begin(&e, "READ COMMITTED")
	e.ask(sql, params, f)
	e.add("COMMIT")
	return pgurl.Describe(e.run(ctx, conn.Conn().PgConn()))
}

// begin queues the begin of a transaction of this isolation level.
func (s *Scanner) begin(e *exchange, isolation string) {
	timeout := strconv.FormatInt(s.reader.options.StatementTimeout.Milliseconds(), 10)
	e.add("BEGIN ISOLATION LEVEL " + isolation + " READ ONLY")
	e.add(s.sql.session, textOf(s.tenant), textOf(timeout))
}

// param is one parameter of a statement in binary form.
type param struct {
	oid   uint32
	value []byte
}

func textOf(s string) param       { return param{oidText, []byte(s)} }
func int4Of(v int32) param        { return param{oidInt4, int4Param(v)} }
func int8Of(v int64) param        { return param{oidInt8, int8Param(v)} }
func microsOf(micros int64) param { return param{oidTimestamp, int8Param(micros)} }

func asInt64(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, errShape
	}
	return int64(binary.BigEndian.Uint64(b)), nil //nolint:gosec // two's complement on the wire
}

func asInt32(b []byte) (int32, error) {
	if len(b) != 4 {
		return 0, errShape
	}
	return int32(binary.BigEndian.Uint32(b)), nil //nolint:gosec // two's complement on the wire
}

// asTime reads a timestamptz. The infinities become times that no event has.
func asTime(b []byte) (time.Time, error) {
	micros, err := asInt64(b)
	if err != nil {
		return time.Time{}, err
	}
	if micros > math.MaxInt64-postgresEpoch {
		micros = math.MaxInt64 - postgresEpoch
	}
	return fromPGMicros(micros), nil
}

// LogName is one log of a store.
type LogName struct {
	Tenant string
	Epoch  int32
}

// logPage is how many logs one statement of a loose scan finds: about 100 µs
// each with 30 partitions.
const logPage = 500

// Logs returns every log that any table knows, by tenant and epoch, whether or
// not it has a commit. A tenant that only identities know is there with epoch 0.
func (s *Scanner) Logs(ctx context.Context) ([]LogName, error) {
	found := make(map[LogName]struct{})
	add := func(columns [][]byte) (LogName, error) {
		epoch, err := asInt32(columns[1])
		name := LogName{Tenant: string(columns[0]), Epoch: epoch}
		found[name] = struct{}{}
		return name, err
	}
	for i := range logTables {
		if s.tenant != "" {
			err := s.rows(ctx, s.sql.epochsOf[i], []param{textOf(s.tenant)}, func(columns [][]byte) error {
				_, err := add(columns)
				return err
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		// The loose scan begins behind a name: that one is asked for, too.
		last := LogName{Epoch: math.MinInt32}
		err := s.rows(ctx, s.sql.epochsOf[i], []param{textOf(last.Tenant)}, func(columns [][]byte) error {
			_, err := add(columns)
			return err
		})
		if err != nil {
			return nil, err
		}
		for count := logPage; count == logPage; {
			count = 0
			err := s.rows(ctx, s.sql.logs[i], []param{textOf(last.Tenant), int4Of(last.Epoch), int4Of(logPage)}, func(columns [][]byte) error {
				count++
				var err error
				last, err = add(columns)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if err := s.addIdentityTenants(ctx, found); err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b LogName) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Epoch, b.Epoch))
	}), nil
}

// addIdentityTenants adds the tenants that are left in audit_event_ids alone.
func (s *Scanner) addIdentityTenants(ctx context.Context, found map[LogName]struct{}) error {
	if !s.access.Identities {
		return nil
	}
	known := make(map[string]struct{}, len(found))
	for name := range found {
		known[name.Tenant] = struct{}{}
	}
	if s.tenant != "" {
		page, err := s.Identities(ctx, s.tenant, IdentityKey{}, 1)
		if _, other := known[s.tenant]; err == nil && len(page) > 0 && !other {
			found[LogName{Tenant: s.tenant}] = struct{}{}
		}
		return err
	}
	last := ""
	page, err := s.Identities(ctx, last, IdentityKey{}, 1)
	if err != nil {
		return err
	}
	if _, other := known[last]; len(page) > 0 && !other {
		found[LogName{}] = struct{}{}
	}
	for count := logPage; count == logPage; {
		count = 0
		err := s.rows(ctx, s.sql.identityTenants, []param{textOf(last), int4Of(logPage)}, func(columns [][]byte) error {
			count++
			last = string(columns[0])
			if _, other := known[last]; !other {
				found[LogName{Tenant: last}] = struct{}{}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
