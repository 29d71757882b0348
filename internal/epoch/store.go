package epoch

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store"
)

//go:embed sql/*.sql
var files embed.FS

type queries struct{ tenants, head, commit, settings, lock, open string }

func newQueries(schema string) queries {
	load := func(name string) string {
		text, err := files.ReadFile("sql/" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", pgx.Identifier{schema}.Sanitize())
	}
	return queries{
		tenants: load("tenants"), head: load("head"), commit: load("commit"),
		settings: load("settings"), lock: load("lock"), open: load("open"),
	}
}

// Options say whose epochs are opened and by what. All but Known and Recompute
// are required.
type Options struct {
	URL    string // connection string of a login in the writer role; a secret
	Schema string
	Ring   *keys.Ring
	Known  *Known // nil: no checkpoint is known elsewhere
	// Recompute returns the tree over a tenant's stored events of an epoch. It is
	// called only where the head cannot be believed, and reads what a writer may
	// not. Nil refuses such a tenant.
	Recompute func(ctx context.Context, tenant string, epoch int32) (Tree, error)
}

// Tree is what is stored of an epoch.
type Tree struct {
	Size int64 // events from the first on without a gap
	Root merkle.Hash
	// Changed are the ids of events whose columns do not lead to the leaf hash
	// that stands beside them.
	Changed []string
	// Beyond is how many events stand behind a gap, and are not in the tree.
	Beyond int64
}

// Store opens epochs in one store. Not safe for concurrent use.
type Store struct {
	conn      *pgx.Conn
	sql       queries
	ring      *keys.Ring
	known     *Known
	recompute func(ctx context.Context, tenant string, epoch int32) (Tree, error)
}

// Connect connects as the writer. Errors never hold the connection string.
func Connect(ctx context.Context, o Options) (*Store, error) {
	if err := pgurl.CheckSchema(o.Schema); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	config, err := pgurl.Parse(o.URL, "otelaudit recover")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	known := o.Known
	if known == nil {
		known = &Known{}
	}
	return &Store{conn: conn, sql: newQueries(o.Schema), ring: o.Ring, known: known, recompute: o.Recompute}, nil
}

// Close ends the connection.
func (s *Store) Close(ctx context.Context) error { return s.conn.Close(ctx) }

// Tenants are all tenants that have a log, in the order of their bytes.
func (s *Store) Tenants(ctx context.Context) ([]string, error) {
	rows, err := s.conn.Query(ctx, s.sql.tenants)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	tenants, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return tenants, pgurl.Describe(err)
}

// Examine says what is wrong with a tenant's log, without locking it.
func (s *Store) Examine(ctx context.Context, tenant string) (State, error) {
	state, err := s.examine(ctx, s.conn, tenant)
	return state, pgurl.Describe(err)
}

// Opening is what opening an epoch says and, unless it was only a plan, has
// written.
type Opening struct {
	State      State
	Epoch      int32                   // the one in which the log goes on
	Statements []merkle.EpochStatement // one per epoch opened, oldest first
	Notes      [][]byte                // the signed statements, same order
	Tree       Tree                    // what was recomputed; the zero Tree where the head could be believed
}

// ErrNothing is returned for a tenant with nothing to recover from.
var ErrNothing = errors.New("nothing to recover from")

// ErrNoRecompute is returned where the old epoch's events must be read and
// Options.Recompute is nil.
var ErrNoRecompute = errors.New("the newest commit cannot be believed, so the events themselves must be read")

// Plan is what Open would do.
func (s *Store) Plan(ctx context.Context, tenant, reason string) (Opening, error) {
	opening, err := s.within(ctx, tenant, reason, false)
	return opening, pgurl.Describe(err)
}

// Open opens a new epoch of a tenant's log under its lock and commits it. Writers
// go on in it with their next transaction.
func (s *Store) Open(ctx context.Context, tenant, reason string) (Opening, error) {
	opening, err := s.within(ctx, tenant, reason, true)
	return opening, pgurl.Describe(err)
}

func (s *Store) within(ctx context.Context, tenant, reason string, write bool) (opening Opening, err error) {
	err = pgx.BeginTxFunc(ctx, s.conn, pgx.TxOptions{}, func(tx pgx.Tx) error {
		var now time.Time
		if now, err = s.lock(ctx, tx, tenant); err != nil {
			return err
		}
		if opening.State, err = s.examine(ctx, tx, tenant); err != nil {
			return err
		}
		if opening.State.Intact() {
			return ErrNothing
		}
		if err := s.state(ctx, &opening, reason, now); err != nil || !write {
			return err
		}
		return s.insert(ctx, tx, &opening)
	})
	return opening, err
}

// lock takes the tenant's lock and returns the server's clock after it.
func (s *Store) lock(ctx context.Context, tx pgx.Tx, tenant string) (now time.Time, err error) {
	if _, err = tx.Exec(ctx, s.sql.settings); err != nil {
		return now, err
	}
	if _, err = tx.Exec(ctx, s.sql.lock, store.LockClass, store.LockKey(tenant)); err != nil {
		return now, err
	}
	err = tx.QueryRow(ctx, "SELECT pg_catalog.clock_timestamp()").Scan(&now)
	return now.UTC(), err
}

func (s *Store) insert(ctx context.Context, tx pgx.Tx, opening *Opening) error {
	for i := range opening.Statements {
		statement := &opening.Statements[i]
		origin, err := merkle.ParseOrigin(statement.Origin)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, s.sql.open, statement.RecordedAt, statement.PreviousSize, origin.Epoch,
			opening.State.Tenant, statement.Reason, string(opening.Notes[i])); err != nil {
			return err
		}
	}
	return nil
}
