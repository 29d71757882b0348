package epoch

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

//go:embed sql/*.sql
var files embed.FS

type queries struct {
	access, tenants, unsealed, head, first, commits, settings, lock, open, unrecorded, notes string
}

func newQueries(schema string) queries {
	load := func(name string) string {
		text, err := files.ReadFile("sql/" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", pgx.Identifier{schema}.Sanitize())
	}
	return queries{
		access: load("access"), tenants: load("tenants"), unsealed: load("unsealed"), head: load("head"), first: load("first"), commits: load("commits"),
		settings: load("settings"), lock: load("lock"), open: load("open"), unrecorded: load("unrecorded"), notes: load("notes"),
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
	// not. Nil refuses such a tenant. Tree.Roots are wanted of the sizes.
	Recompute func(ctx context.Context, tenant string, epoch int32, sizes []int64) (Tree, error)
}

// Tree is what is stored of an epoch.
type Tree struct {
	Size int64 // events from the first on without a gap
	Root merkle.Hash
	// From is where retention left the log to begin, 0 where nothing is pruned.
	From int64
	// Roots are those of the sizes that were asked for, as far as the tree has
	// them: none before From and none behind Size.
	Roots map[int64]merkle.Hash
	// Changed are the ids of events whose columns do not lead to the leaf hash
	// that stands beside them.
	Changed []string
	// Beyond is how many rows are not in the tree: they stand behind a gap, or in
	// a place that another has.
	Beyond int64
}

// Store opens epochs in one store. Not safe for concurrent use.
type Store struct {
	conn      *pgx.Conn
	sql       queries
	ring      *keys.Ring
	known     *Known
	recompute func(ctx context.Context, tenant string, epoch int32, sizes []int64) (Tree, error)
}

// Connect connects as the writer. Errors never hold the connection string;
// *store.SchemaError is a store without the tables or a login without the right.
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
	s := &Store{conn: conn, sql: newQueries(o.Schema), ring: o.Ring, known: known, recompute: o.Recompute}
	if err := s.checkAccess(ctx, o.Schema); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return s, nil
}

// checkAccess returns a *store.SchemaError where the store does not fit.
func (s *Store) checkAccess(ctx context.Context, schema string) error {
	missing := &store.SchemaError{Schema: schema, RolePrefix: "audit_"}
	var present, permitted bool
	if err := s.conn.QueryRow(ctx, s.sql.access).Scan(&present, &permitted, &missing.Login); err != nil {
		return pgurl.Describe(err)
	}
	if missing.Missing = !present; !present || !permitted {
		return missing
	}
	return nil
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

// Unsealed are all tenants whose newest commit carries no signature, in the
// order of their bytes: one query, where Examine is one per tenant.
func (s *Store) Unsealed(ctx context.Context) ([]string, error) {
	rows, err := s.conn.Query(ctx, s.sql.unsealed)
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

// maxTries bounds how often a log may grow while its events are read.
const maxTries = 5

// ErrGrows is returned for a log that grows while its events are read: somebody
// writes to it without a signature.
var ErrGrows = errors.New("the log grows meanwhile, unsigned: stop the writers that have integrity.mode off")

func (s *Store) within(ctx context.Context, tenant, reason string, write bool) (Opening, error) {
	for range maxTries {
		opening, err := s.prepare(ctx, tenant)
		if err != nil {
			return opening, err
		}
		done, err := s.transact(ctx, &opening, reason, write)
		if done || err != nil {
			return opening, err
		}
	}
	return Opening{}, fmt.Errorf("tenant %q: %w", tenant, ErrGrows)
}

// prepare examines a log and reads its events where that is needed, before the
// lock is taken: writers end a session that holds it for long.
func (s *Store) prepare(ctx context.Context, tenant string) (opening Opening, err error) {
	if opening.State, err = s.examine(ctx, s.conn, tenant); err != nil {
		return opening, err
	}
	state := &opening.State
	if state.Intact() {
		return opening, ErrNothing
	}
	if err := s.checkKey(ctx, state); err != nil {
		return opening, err
	}
	if state.sealed() || state.Size == 0 {
		return opening, nil
	}
	if s.recompute == nil {
		return opening, fmt.Errorf("tenant %q: %w", tenant, ErrNoRecompute)
	}
	current, err := s.current(state)
	if err != nil {
		return opening, err
	}
	opening.Tree, err = s.recompute(ctx, tenant, state.Epoch, sizesOf(current))
	return opening, err
}

// ErrForeignKey is returned for a log that nothing shows to be this key's: the
// key file may be the wrong one, and its statement would end a log of others.
var ErrForeignKey = errors.New("neither a commit nor a known checkpoint is signed by a key of this key file: is it the log's?")

// checkKey asks for one signature of ours before a head is called forged that
// another key signed.
func (s *Store) checkKey(ctx context.Context, state *State) error {
	if !errors.Is(state.Forged, keys.ErrSignature) || len(s.known.streams) > 0 {
		return nil
	}
	rows, err := s.conn.Query(ctx, s.sql.notes, state.Tenant)
	if err != nil {
		return err
	}
	notes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, note := range notes {
		if _, err := s.ring.Open([]byte(note)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("tenant %q: %w (%w)", state.Tenant, ErrForeignKey, state.Forged)
}

// transact opens the epoch under the tenant's lock, if the log is still what was
// prepared for.
func (s *Store) transact(ctx context.Context, opening *Opening, reason string, write bool) (done bool, err error) {
	err = pgx.BeginTxFunc(ctx, s.conn, pgx.TxOptions{}, func(tx pgx.Tx) error {
		now, err := s.lock(ctx, tx, opening.State.Tenant)
		if err != nil {
			return err
		}
		state, err := s.examine(ctx, tx, opening.State.Tenant)
		if err != nil {
			return err
		}
		if state.Epoch != opening.State.Epoch || state.Size != opening.State.Size || state.sealed() != opening.State.sealed() {
			return nil
		}
		done, opening.State = true, state
		if err := s.state(opening, reason, now); err != nil || !write {
			return err
		}
		return s.insert(ctx, tx, opening)
	})
	return done, err
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

// Unrecorded is an opening that is in no event of the system tenant.
type Unrecorded struct {
	Tenant string
	Note   []byte // the signed statement
}

// Unrecorded are the openings of all tenants that a run which was stopped in
// between did not record, as far as a key of the ring signed them.
func (s *Store) Unrecorded(ctx context.Context) ([]Unrecorded, error) {
	rows, err := s.conn.Query(ctx, s.sql.unrecorded, record.SystemTenant, eventIDPrefix, eventIDDigits)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (u Unrecorded, err error) {
		var note string
		err = row.Scan(&u.Tenant, &note)
		u.Note = []byte(note)
		return u, err
	})
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	return slices.DeleteFunc(found, func(u Unrecorded) bool {
		_, err := s.ring.Open(u.Note)
		return err != nil
	}), nil
}

const (
	eventIDPrefix = "epoch-"
	eventIDDigits = 32
)

// EventID is the id of the event that records an opening. It follows from the
// signed statement alone, so that the event can be written again.
func EventID(note []byte) string {
	sum := sha256.Sum256(note)
	return eventIDPrefix + hex.EncodeToString(sum[:])[:eventIDDigits]
}
