package store

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// ErrPruning is returned where another prune of the same database is at work.
var ErrPruning = errors.New("another prune of this database is at work")

// PrunerError is a login that may not prune.
type PrunerError struct{ Login, RolePrefix string }

// Error names the role that it lacks.
func (e *PrunerError) Error() string {
	return fmt.Sprintf("the login %q may not prune: that needs the role %spruner", e.Login, e.RolePrefix)
}

//go:embed sql/prune_*.sql
var pruneSQL embed.FS

type pruneQueries struct {
	plan, batch, month, announced, partitions      string
	forgettable, identities, quarantine, exclusive string
	holder, now                                    string
}

func newPruneQueries(schema string) pruneQueries {
	quoted := pgx.Identifier{schema}.Sanitize()
	load := func(name string) string {
		text, err := pruneSQL.ReadFile("sql/prune_" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", quoted)
	}
	return pruneQueries{
		plan: load("plan"), batch: load("batch"), month: load("month"), announced: load("announced"), partitions: load("partitions"),
		forgettable: load("forgettable"), identities: load("identities"), quarantine: load("quarantine"), exclusive: load("exclusive"),
		holder: load("holder"), now: load("now"),
	}
}

// Pruner calls the functions that remove what is expired. What may go they
// decide themselves; the login must be a member of the pruner role, for a plan
// alone reader or auditor will do. It is safe for concurrent use.
type Pruner struct {
	*Reader
	prune pruneQueries
}

// Pruner returns one on the same connections; Close of either closes both.
func (r *Reader) Pruner() *Pruner {
	return &Pruner{Reader: r, prune: newPruneQueries(r.options.Schema)}
}

// PruneSlice is what a month has of a log, and what of that would go.
type PruneSlice struct {
	Log         LogName
	Month       time.Time // its first instant, UTC
	From, Until int64     // seq of the events that are there
	Size        int64     // those before it would go
	Cutoff      time.Time // of the log, UTC; zero where no policy says one
	Cut         int64     // of the log: events before it would go, in all months
	Wanted      int64     // the same, did nothing hold them back
	Signed      bool      // so that its removal must be announced

	// Of the month: numbers of events and batches, and an estimate of bytes.
	Events, HeldBack, Bytes, Batches int64
	Oldest, Newest                   time.Time // recorded_at of what would go; zero where nothing would
}

// PrunePlan returns what a prune would remove, per log in the order of its
// months, those of _system last. The tenant "" is all; an age of 0 asks for what
// the policies say.
func (p *Pruner) PrunePlan(ctx context.Context, tenant string, age time.Duration, batch int) (slices []PruneSlice, err error) {
	if err := checkTenant(tenant); err != nil {
		return nil, err
	}
	var seconds any
	if age > 0 {
		seconds = int64(age / time.Second)
	}
	err = p.read(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, p.prune.plan, orNull(tenant), seconds, batch)
		if err != nil {
			return err
		}
		slices, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (PruneSlice, error) {
			var s PruneSlice
			var cutoff, oldest, newest *time.Time
			err := row.Scan(&s.Log.Tenant, &s.Log.Epoch, &s.Month, &s.From, &s.Until, &s.Size, &cutoff, &s.Cut, &s.Wanted, &s.Signed,
				&s.Events, &s.HeldBack, &s.Bytes, &s.Batches, &oldest, &newest)
			s.Month, s.Cutoff, s.Oldest, s.Newest = s.Month.UTC(), utcOrZero(cutoff), utcOrZero(oldest), utcOrZero(newest)
			return s, err
		})
		return err
	})
	return slices, decided(err)
}

// PruneBatch removes the next whole commits of a log, about batch events and
// none from seq = upto on, and returns where the log begins now. The intent is
// the id of the event of _system that announces it, "" for an unsigned log.
func (p *Pruner) PruneBatch(ctx context.Context, caller access.Caller, log LogName, upto int64, batch int, cutoff time.Time, intent string) (size, deleted int64, err error) {
	err = p.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, p.prune.batch, log.Tenant, log.Epoch, upto, batch, cutoff, orNull(intent)).Scan(&size, &deleted)
	})
	return size, deleted, decided(err)
}

// PruneAnnouncement says by which event of _system a log's part of a month is to
// go.
type PruneAnnouncement struct {
	Log    LogName
	Cutoff time.Time
	Intent string // event id, "" for an unsigned log
}

// PruneMonth drops a month with all its events. It gives up soon where the
// table is in use: see IsLockTimeout.
func (p *Pruner) PruneMonth(ctx context.Context, caller access.Caller, month time.Time, announced []PruneAnnouncement) (deleted int64, err error) {
	type entry struct {
		Tenant string    `json:"tenant"`
		Epoch  int32     `json:"epoch"`
		Cutoff time.Time `json:"cutoff"`
		Intent *string   `json:"intent"`
	}
	entries := make([]entry, len(announced))
	for i, a := range announced {
		entries[i] = entry{Tenant: a.Log.Tenant, Epoch: a.Log.Epoch, Cutoff: a.Cutoff}
		if a.Intent != "" {
			entries[i].Intent = &announced[i].Intent
		}
	}
	text, err := json.Marshal(entries)
	if err != nil {
		return 0, err
	}
	var logs int64
	err = p.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, p.prune.month, month.Format(time.DateOnly), string(text)).Scan(&deleted, &logs)
	})
	return deleted, decided(err)
}

// PruneAnnounced returns the logs of which what is gone was announced by events
// of _system before seq = upto, and how many events are gone: they must be
// announced anew before those may go.
func (p *Pruner) PruneAnnounced(ctx context.Context, epoch int32, upto int64) (logs []PruneSlice, err error) {
	err = p.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, p.prune.announced, epoch, upto)
		if err != nil {
			return err
		}
		logs, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (PruneSlice, error) {
			var s PruneSlice
			err := row.Scan(&s.Log.Tenant, &s.Log.Epoch, &s.Size)
			return s, err
		})
		return err
	})
	return logs, decided(err)
}

// Partition is a month of audit_events.
type Partition struct {
	Name           string
	Month          time.Time // its first instant, UTC
	EventsEstimate int64     // by PostgreSQL's statistics
	Bytes          int64     // with indexes
	Tenants        int64
	Oldest, Newest time.Time // recorded_at; zero where it is empty
}

// Partitions returns the months, oldest first. The login must be pruner, auditor
// or operator.
func (p *Pruner) Partitions(ctx context.Context) (partitions []Partition, err error) {
	err = p.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, p.prune.partitions)
		if err != nil {
			return err
		}
		partitions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Partition, error) {
			var q Partition
			var oldest, newest *time.Time
			err := row.Scan(&q.Name, &q.Month, &q.EventsEstimate, &q.Bytes, &q.Tenants, &oldest, &newest)
			q.Month, q.Oldest, q.Newest = q.Month.UTC(), utcOrZero(oldest), utcOrZero(newest)
			return q, err
		})
		return err
	})
	return partitions, decided(err)
}

// ForgetIdentities forgets the identities of events that were pruned 90 days ago
// or earlier, in transactions over batch keys each, and returns how many.
func (p *Pruner) ForgetIdentities(ctx context.Context, caller access.Caller, batch int) (deleted int64, err error) {
	var tenants []string
	err = p.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, p.prune.forgettable)
		if err != nil {
			return err
		}
		tenants, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	for i := 0; i < len(tenants) && err == nil; i++ {
		var n int64
		n, err = p.forgetIdentities(ctx, caller, tenants[i], batch)
		deleted += n
	}
	return deleted, decided(err)
}

func (p *Pruner) forgetIdentities(ctx context.Context, caller access.Caller, tenant string, batch int) (deleted int64, err error) {
	empty := ""
	for kind, id := &empty, &empty; kind != nil && err == nil; {
		var n int64
		err = p.change(ctx, caller, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, p.prune.identities, tenant, *kind, *id, batch).Scan(&n, &kind, &id)
		})
		deleted += n
	}
	return deleted, err
}

// PruneQuarantine removes quarantined records that came before the window of the
// policy _quarantine, in batches, and returns how many.
func (p *Pruner) PruneQuarantine(ctx context.Context, caller access.Caller, batch int) (deleted int64, err error) {
	for n := int64(batch); n == int64(batch) && err == nil; {
		err = p.change(ctx, caller, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, p.prune.quarantine, batch).Scan(&n)
		})
		if err == nil {
			deleted += n
		}
	}
	return deleted, decided(err)
}

// Exclusively runs f while no other program does so on the same database, and
// gives it the server's time; otherwise it returns ErrPruning. It holds a
// connection of its own in an idle transaction, so that the server ends it with
// the program.
func (p *Pruner) Exclusively(ctx context.Context, f func(now time.Time) error) error {
	err := pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		var alone, may bool
		var now time.Time
		var login, setting string
		if err := tx.QueryRow(ctx, p.prune.exclusive).Scan(&alone, &now, &may, &login, &setting); err != nil {
			return pgurl.Describe(err)
		}
		switch {
		case !may:
			return &PrunerError{Login: login, RolePrefix: p.options.RolePrefix}
		case !alone:
			return p.pruning(ctx, tx)
		}
		return f(now.UTC())
	})
	return err
}

// pruning is ErrPruning with the session that holds the lock, where it still does.
func (p *Pruner) pruning(ctx context.Context, tx pgx.Tx) error {
	var pid int32
	var login string
	err := tx.QueryRow(ctx, p.prune.holder).Scan(&pid, &login)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrPruning
	}
	if err != nil {
		return errors.Join(ErrPruning, err)
	}
	return fmt.Errorf("%w: login %q, pid %d of the server", ErrPruning, login, pid)
}

// Now is the server's time, UTC.
func (p *Pruner) Now(ctx context.Context) (now time.Time, err error) {
	err = p.read(ctx, "", func(tx pgx.Tx) error { return tx.QueryRow(ctx, p.prune.now).Scan(&now) })
	return now.UTC(), err
}

// IsLockTimeout reports that a statement waited for a lock and gave up.
func IsLockTimeout(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == "55P03"
}

// IsRefusedPrune reports that a function of the prune refused a login or an
// announcement, in words that are for the person.
func IsRefusedPrune(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == insufficientPrivilege && IsRaised(err)
}
