package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/testbed/database"
)

//go:embed growth_fill.sql
var growthFill string

const (
	growTenants   = 100
	growFillers   = 2             // connections that fill
	growChunk     = 10_000        // events of one transaction of them
	growTime      = 2_592_000_000 // µs, 30 days: how far back the events happened
	growRowBytes  = 1600          // on disk, until it is known
	growTenantsOf = "grow"        // prefix of their names
)

// growthSteps are the rows at which is measured: the goal is about a million and
// 30 million.
func growthSteps(most int) []int {
	var steps []int
	for _, n := range []int{1_000_000, 10_000_000} {
		if n < most {
			steps = append(steps, n)
		}
	}
	return append(steps, most)
}

// grown is a store that grows, and where the logs of its tenants end.
type grown struct {
	*bench

	db        database.Database
	conns     []*pgx.Conn // one per filler
	sealer    *seal.Sealer
	statement string
	heads     []store.Head
	first     time.Time // when the first event happened
	most      int       // events per tenant in the end
	filled    int       // rows, at the last step
}

// growth measures the same workloads on one store, ever larger. The rows before
// are made by the server, of the same tenants and signed like any others: the
// collector appends to their logs.
func (b *bench) growth(ctx context.Context) error {
	db, err := b.server.New(ctx)
	if err != nil {
		return err
	}
	defer b.server.Drop(context.WithoutCancel(ctx), db) //nolint:errcheck // the whole cluster is removed at the end
	g := &grown{bench: b, db: db, first: time.Now().Add(-growTime * time.Microsecond), most: b.growTo[len(b.growTo)-1] / growTenants}
	defer g.close(ctx)
	if err := g.prepare(ctx); err != nil {
		return err
	}
	for _, wanted := range b.growTo {
		rows, err := g.fits(ctx, wanted)
		if err != nil {
			return err
		}
		if rows == 0 || rows <= g.filled {
			break
		}
		if err := g.fill(ctx, rows); err != nil {
			return fmt.Errorf("fill up to %d rows: %w", rows, err)
		}
		for _, w := range []workload{
			{batch: 1000, callers: 8, events: b.scaled(200_000)},
			{batch: 1, callers: 256, events: b.scaled(40_000)},
		} {
			w.tenants, w.size, w.tenantPrefix = growTenants, small, growTenantsOf
			if err := g.measureAt(ctx, rows, w); err != nil {
				return fmt.Errorf("%d rows: %w", rows, err)
			}
		}
	}
	return nil
}

func (g *grown) close(ctx context.Context) { closeAll(ctx, g.conns) }

// prepare has the collector store one event, whose row is the pattern of all.
func (g *grown) prepare(ctx context.Context) error {
	run, err := g.start(ctx, g.db.Writer, signedStore)
	if err != nil {
		return err
	}
	defer run.close()
	if _, err := run.send(ctx, requests("template", workload{batch: 1, tenants: 1, events: 1, size: small}), 1); err != nil {
		return err
	}
	if err := run.end(ctx); err != nil {
		return err
	}
	return g.open(ctx)
}

// open makes ready to fill a store that has an event.
func (g *grown) open(ctx context.Context) error {
	ring, err := keys.LoadRing(g.keys.Key)
	if err != nil {
		return err
	}
	g.sealer = seal.New(seal.Options{Ring: ring, Now: time.Now})
	if g.conns, err = g.connections(ctx, g.db, growFillers); err != nil {
		return err
	}
	for _, conn := range g.conns {
		// What is filled in need not survive a crash of the server.
		if _, err := conn.Exec(ctx, "SET synchronous_commit = off; SET timezone = 'UTC'"); err != nil {
			return err
		}
	}
	return g.writeStatement(ctx)
}

// growColumns are the values that differ from event to event.
var growColumns = map[string]string{
	"seq": "named.seq", "recorded_at": "$4::timestamptz", "epoch": "0", "time_unix_nano": "named.happened", "observed_time_unix_nano": "named.happened",
	"tenant_id": "$1::text", "event_id": "named.id", "leaf_hash": "named.leaf",
	"outcome": "(ARRAY['success', 'success', 'failure', 'denied'])[1 + named.seq % 4]",
	"target":  "jsonb_build_object('type', 'item', 'id', 'lg-before-' || named.seq)",
	"payload": "jsonb_build_object('filler', substr(named.random, 1, 20))",
}

// writeStatement fills the columns of this schema into the statement.
func (g *grown) writeStatement(ctx context.Context) error {
	conn := g.conns[0]
	var partition string
	if err := conn.QueryRow(ctx, "SELECT audit_ensure_month(now())").Scan(&partition); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE TABLE bench_template AS SELECT * FROM audit_events LIMIT 1"); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `SELECT attname::text FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`, partition)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	columns, values := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		columns[i] = pgx.Identifier{name}.Sanitize()
		values[i] = "template." + columns[i]
		if other, differs := growColumns[name]; differs {
			values[i] = other
		}
	}
	g.statement = strings.NewReplacer("PARTITION (COLUMNS)", partition+" ("+strings.Join(columns, ", ")+")",
		"SELECT VALUES", "SELECT "+strings.Join(values, ", "), "TEMPLATE AS template", "bench_template AS template").Replace(growthFill)
	return nil
}

// fill makes rows until there are so many, as many of each tenant.
func (g *grown) fill(ctx context.Context, rows int) error {
	began := time.Now()
	if err := g.readHeads(ctx); err != nil {
		return err
	}
	stored := 0
	for i := range g.heads {
		stored += int(g.heads[i].Size)
	}
	g.say("growth: filling %d rows up to %d", rows-stored, rows)
	var wait sync.WaitGroup
	errs := make([]error, len(g.conns))
	for i, conn := range g.conns {
		wait.Go(func() {
			for t := i; t < len(g.heads) && errs[i] == nil; t += len(g.conns) {
				errs[i] = g.fillTenant(ctx, conn, &g.heads[t], int64(rows/growTenants))
			}
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	g.filled = rows
	g.say("growth: filled %.0f rows per second", float64(rows-stored)/time.Since(began).Seconds())
	if err := g.calm(ctx); err != nil {
		return err
	}
	return g.sayBytes(ctx, rows)
}

// sayBytes tells where the bytes of a row are.
func (g *grown) sayBytes(ctx context.Context, rows int) error {
	found, err := g.conns[0].Query(ctx, `SELECT relname || ' ' || (pg_relation_size(oid) / $1::bigint)
		FROM pg_class WHERE relkind IN ('r', 'i') AND relname LIKE 'audit%' AND pg_relation_size(oid) > $1::bigint ORDER BY pg_relation_size(oid) DESC`, rows)
	if err != nil {
		return err
	}
	lines, err := pgx.CollectRows(found, pgx.RowTo[string])
	g.say("growth: bytes per row: %s", strings.Join(lines, ", "))
	return err
}

// fits lowers a number of rows to what the disk may hold, whole millions.
func (g *grown) fits(ctx context.Context, rows int) (int, error) {
	var size, stored int64
	err := g.conns[0].QueryRow(ctx, "SELECT pg_database_size(current_database()), (SELECT count(*) FROM audit_event_ids)").Scan(&size, &stored)
	if err != nil {
		return 0, err
	}
	perRow := int64(growRowBytes)
	if stored > 100_000 { // fewer are lost among the system's tables
		perRow = size / stored
	}
	if perRow*int64(rows) <= g.disk {
		return rows, nil
	}
	fewer := int(g.disk / perRow / 1_000_000 * 1_000_000)
	g.say("growth: %d rows would take %d GB and -disk allows %d: %d rows", rows, perRow*int64(rows)>>30, g.disk>>30, fewer)
	return fewer, nil
}

// readHeads asks where the tenants' logs end.
func (g *grown) readHeads(ctx context.Context) error {
	g.heads = make([]store.Head, growTenants)
	for i := range g.heads {
		head := &g.heads[i]
		head.TenantID = fmt.Sprintf("%s-t%03d", growTenantsOf, i)
		err := g.conns[0].QueryRow(ctx, `SELECT size, prev_size, recorded_at, root, frontier FROM audit_commits
			WHERE tenant_id = $1 AND epoch = 0 ORDER BY size DESC LIMIT 1`, head.TenantID).
			Scan(&head.Size, &head.PrevSize, &head.RecordedAt, &head.Root, &head.Frontier)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	return nil
}

// fillTenant appends to one tenant's log until it has size events.
func (g *grown) fillTenant(ctx context.Context, conn *pgx.Conn, head *store.Head, size int64) error {
	for head.Size < size {
		n := min(size-head.Size, growChunk)
		if err := g.fillChunk(ctx, conn, head, n); err != nil {
			return fmt.Errorf("tenant %s: %w", head.TenantID, err)
		}
	}
	return nil
}

func (g *grown) fillChunk(ctx context.Context, conn *pgx.Conn, head *store.Head, n int64) error {
	leaves := make([][32]byte, n)
	for i := range leaves {
		leaves[i] = sha256.Sum256(fmt.Appendf(nil, "%s:%d", head.TenantID, head.Size+int64(i)))
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // does nothing after COMMIT
	var now time.Time
	if err := tx.QueryRow(ctx, "SELECT greatest(clock_timestamp(), $1)", head.RecordedAt).Scan(&now); err != nil {
		return err
	}
	step := growTime * int64(time.Microsecond) / int64(g.most)
	first := g.first.UnixNano() + head.Size*step
	if _, err := tx.Exec(ctx, g.statement, head.TenantID, head.Size, n, now, first, step); err != nil {
		return err
	}
	sealed, err := g.sealer.Seal(head, now, leaves)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO audit_commits (recorded_at, tenant_id, epoch, size, prev_size, root, frontier, note)
		VALUES ($1, $2, 0, $3, $4, $5, $6, $7)`, now, head.TenantID, head.Size+n, head.Size, sealed.Root, sealed.Frontier, string(sealed.Note))
	if err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	*head = store.Head{TenantID: head.TenantID, Size: head.Size + n, PrevSize: head.Size, RecordedAt: now, Root: sealed.Root, Frontier: sealed.Frontier}
	return nil
}

// calm does what autovacuum and the collector's keeper would have done while
// these rows came in: left to them it would happen while is measured.
func (g *grown) calm(ctx context.Context) error {
	writer, err := pgx.Connect(ctx, g.db.Writer)
	if err != nil {
		return err
	}
	defer writer.Close(context.WithoutCancel(ctx))
	for rolled := int64(1); rolled > 0; {
		if err := writer.QueryRow(ctx, "SELECT audit_roll_counts(200000, 1000)").Scan(&rolled); err != nil {
			return err
		}
	}
	for _, statement := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
		if _, err := g.conns[0].Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// measureAt measures a workload on what the store holds now.
func (g *grown) measureAt(ctx context.Context, rows int, w workload) error {
	run, err := g.start(ctx, g.db.Writer, signedStore)
	if err != nil {
		return err
	}
	defer run.close()
	g.say("growth: %d rows, batches of %d, %d callers, %d events", rows, w.batch, w.callers, w.events)
	warm := w
	warm.events = max(w.events/20, w.batch)
	if _, err := run.send(ctx, requests(fmt.Sprintf("warm-%d-%d", rows, w.batch), warm), w.callers); err != nil {
		return err
	}
	n := 0
	r, err := g.median(func() (result, error) {
		n++
		return g.measureOnce(ctx, run, fmt.Sprintf("grow-%d-%d-%d", rows, w.batch, n), w)
	})
	if err != nil {
		return err
	}
	r.Case, r.Sinks, r.RowsBefore = caseGrowth, signedStore.name, rows
	g.results = append(g.results, r)
	return run.end(ctx)
}

func (g *grown) measureOnce(ctx context.Context, run *running, name string, w workload) (result, error) {
	if err := g.readHeads(ctx); err != nil {
		return result{}, err
	}
	before, err := g.storedBytes(ctx, g.db)
	if err != nil {
		return result{}, err
	}
	if err := g.server.Exec(ctx, "postgres", "CHECKPOINT"); err != nil {
		return result{}, err
	}
	r, err := g.measure(ctx, run, requests(name, w), w, true)
	if err != nil {
		return result{}, err
	}
	after, err := g.storedBytes(ctx, g.db)
	if err != nil {
		return result{}, err
	}
	r.BytesPerEvent = new(float64(after-before) / float64(w.events))
	stored, err := g.since(ctx)
	if err == nil && stored != w.events {
		err = fmt.Errorf("%w: %d of %d stored", errMissing, stored, w.events)
	}
	return r, err
}

// since counts the rows behind the heads that were read last.
func (g *grown) since(ctx context.Context) (stored int, err error) {
	tenants, sizes := make([]string, len(g.heads)), make([]int64, len(g.heads))
	for i := range g.heads {
		tenants[i], sizes[i] = g.heads[i].TenantID, g.heads[i].Size
	}
	err = g.conns[0].QueryRow(ctx, `SELECT count(*) FROM unnest($1::text[], $2::bigint[]) AS h (tenant, size)
		JOIN LATERAL (SELECT FROM audit_events AS e WHERE e.tenant_id = h.tenant AND e.epoch = 0 AND e.seq >= h.size) AS e ON true`, tenants, sizes).Scan(&stored)
	return stored, err
}
