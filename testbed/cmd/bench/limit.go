package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
)

// rows are events and identity rows as binary COPY tuples, read back from the
// database they were stored in: the very same rows for every limit.
type rows struct {
	partition string
	columns   string // of the events, without generated ones
	events    [][]byte
	ids       [][]byte
}

const copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// readRows reads the rows that were stored later than since, in the order in
// which they were stored.
func readRows(ctx context.Context, db database.Database, since time.Time) (rows, error) {
	conn, err := pgx.Connect(ctx, db.Owner)
	if err != nil {
		return rows{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var r rows
	if err := conn.QueryRow(ctx, `SELECT audit_ensure_month(now())`).Scan(&r.partition); err != nil {
		return rows{}, err
	}
	err = conn.QueryRow(ctx, `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`, r.partition).Scan(&r.columns)
	if err != nil {
		return rows{}, err
	}
	where := fmt.Sprintf(`WHERE recorded_at > '%s' ORDER BY recorded_at, tenant_id, seq`, since.Format(time.RFC3339Nano))
	if r.events, err = copyOut(ctx, conn, fmt.Sprintf(`SELECT %s FROM %s %s`, r.columns, r.partition, where)); err != nil {
		return rows{}, err
	}
	r.ids, err = copyOut(ctx, conn, `SELECT * FROM audit_event_ids `+where)
	return r, err
}

func copyOut(ctx context.Context, conn *pgx.Conn, query string) ([][]byte, error) {
	var out bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &out, "COPY ("+query+") TO STDOUT (FORMAT binary)"); err != nil {
		return nil, err
	}
	b, ok := bytes.CutPrefix(out.Bytes(), []byte(copyHeader))
	if !ok {
		return nil, errors.New("binary COPY begins with an unknown header")
	}
	var tuples [][]byte
	for {
		if len(b) < 2 {
			return nil, errors.New("binary COPY ends in the middle")
		}
		fields := int16(binary.BigEndian.Uint16(b))
		if fields < 0 {
			return tuples, nil
		}
		end := 2
		for range fields {
			size := int32(binary.BigEndian.Uint32(b[end:]))
			end += 4 + int(max(size, 0))
		}
		tuples = append(tuples, b[:end:end])
		b = b[end:]
	}
}

// copyBody is a whole COPY stream of tuples.
func copyBody(tuples [][]byte) []byte {
	size := len(copyHeader) + 2
	for _, t := range tuples {
		size += len(t)
	}
	body := append(make([]byte, 0, size), copyHeader...)
	for _, t := range tuples {
		body = append(body, t...)
	}
	return append(body, 0xff, 0xff)
}

// copyCase and insertCase are the names of the limits.
func copyCase(connections int, bare bool) string {
	name := fmt.Sprintf("copy_%d_connections", connections)
	if bare {
		name += "_without_indexes"
	}
	return name
}

func insertCase(connections int) string { return fmt.Sprintf("insert_%d_connections", connections) }

// limits measures COPY of the rows, by as many connections as are the limit of
// so many tenants and by twice as many, and without indexes.
func (b *bench) limits(ctx context.Context, w workload, r rows) error {
	n := limitConnections(w.tenants)
	for _, c := range []struct {
		connections int
		bare        bool
	}{{n, false}, {2 * n, false}, {n, true}} {
		m, err := b.median(func() (result, error) { return b.copyLimit(ctx, w, c.connections, r, c.bare) })
		if err != nil {
			return err
		}
		b.results = append(b.results, m)
	}
	return nil
}

// inserts measures one INSERT per event of the rows.
func (b *bench) inserts(ctx context.Context, w workload, r rows) error {
	for _, c := range []struct{ connections, events int }{{1, b.scaled(10_000)}, {256, b.scaled(20_000)}} {
		m, err := b.median(func() (result, error) { return b.insert(ctx, w, c.connections, c.events, r) })
		if err != nil {
			return err
		}
		b.results = append(b.results, m)
	}
	return nil
}

// copyRows is how many rows one transaction of the limit holds.
const copyRows = 5000

// copyLimit streams the rows by several connections, each transaction one COPY
// of events and one of identities.
func (b *bench) copyLimit(ctx context.Context, w workload, connections int, r rows, bare bool) (result, error) {
	name, tenants := copyCase(connections, bare), w.tenants
	b.say("%s: %d tenants, %d events", name, tenants, len(r.events))
	db, err := b.server.New(ctx)
	if err != nil {
		return result{}, err
	}
	defer b.server.Drop(context.WithoutCancel(ctx), db) //nolint:errcheck // the whole cluster is removed at the end
	events, ids := r.partition, "audit_event_ids"
	if bare {
		err := b.server.Exec(ctx, db.Name, fmt.Sprintf(`CREATE TABLE bare_events (LIKE %s INCLUDING ALL EXCLUDING INDEXES);
			CREATE TABLE bare_ids (LIKE %s INCLUDING ALL EXCLUDING INDEXES)`, events, ids))
		if err != nil {
			return result{}, err
		}
		events, ids = "bare_events", "bare_ids"
	}
	type transaction struct{ events, ids []byte }
	var work []transaction
	for at := 0; at < len(r.events); at += copyRows {
		end := min(at+copyRows, len(r.events))
		work = append(work, transaction{copyBody(r.events[at:end]), copyBody(r.ids[at:min(end, len(r.ids))])})
	}
	perConnection := make([][]transaction, connections)
	for i, t := range work {
		perConnection[i%connections] = append(perConnection[i%connections], t)
	}
	conns, err := b.connections(ctx, db, connections)
	if err != nil {
		return result{}, err
	}
	defer closeAll(ctx, conns)
	before, err := b.storedBytes(ctx, db)
	if err != nil {
		return result{}, err
	}
	return b.timed(ctx, result{Case: name, Size: w.size.name, ClientBatch: copyRows, Tenants: tenants, Callers: connections, Events: len(r.events)}, func(i int) error {
		conn := conns[i].PgConn()
		for _, t := range perConnection[i] {
			if _, err := conn.Exec(ctx, "BEGIN").ReadAll(); err != nil {
				return err
			}
			if _, err := conn.CopyFrom(ctx, bytes.NewReader(t.events), fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", events, r.columns)); err != nil {
				return err
			}
			if _, err := conn.CopyFrom(ctx, bytes.NewReader(t.ids), "COPY "+ids+" FROM STDIN (FORMAT binary)"); err != nil {
				return err
			}
			if _, err := conn.Exec(ctx, "COMMIT").ReadAll(); err != nil {
				return err
			}
		}
		return nil
	}, func(m *result) error {
		if bare {
			return nil
		}
		after, err := b.storedBytes(ctx, db)
		m.BytesPerEvent = new(float64(after-before) / float64(len(r.events)))
		return err
	})
}

// insert does what an application does without a collector: one INSERT per
// event, committed, and no identity row.
func (b *bench) insert(ctx context.Context, w workload, connections, events int, r rows) (result, error) {
	events = min(events, len(r.events))
	name, tenants := insertCase(connections), w.tenants
	b.say("%s: %d tenants, %d events", name, tenants, events)
	db, err := b.server.New(ctx)
	if err != nil {
		return result{}, err
	}
	defer b.server.Drop(context.WithoutCancel(ctx), db) //nolint:errcheck // the whole cluster is removed at the end
	conns, err := b.connections(ctx, db, connections)
	if err != nil {
		return result{}, err
	}
	defer closeAll(ctx, conns)
	sql, formats := insertStatement(r.partition, r.columns)
	for _, conn := range conns {
		if _, err := conn.PgConn().Prepare(ctx, "insert_event", sql, nil); err != nil {
			return result{}, err
		}
	}
	took := make([]time.Duration, events)
	m, err := b.timed(ctx, result{Case: name, Size: w.size.name, ClientBatch: 1, Tenants: tenants, Callers: connections, Events: events}, func(i int) error {
		for at := i; at < events; at += connections {
			start := time.Now()
			if err := execute(ctx, conns[i].PgConn(), values(r.events[at]), formats); err != nil {
				return err
			}
			took[at] = time.Since(start)
		}
		return nil
	}, func(*result) error { return nil })
	m.P50Milliseconds, m.P99Milliseconds = percentiles(took)
	return m, err
}

// insertStatement takes every column as a binary parameter.
func insertStatement(table, columns string) (sql string, formats []int16) {
	n := strings.Count(columns, ",") + 1
	placeholders := make([]string, n)
	formats = make([]int16, n)
	for i := range placeholders {
		placeholders[i], formats[i] = fmt.Sprintf("$%d", i+1), 1
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, columns, strings.Join(placeholders, ", ")), formats
}

func execute(ctx context.Context, conn *pgconn.PgConn, values [][]byte, formats []int16) error {
	_, err := conn.ExecPrepared(ctx, "insert_event", values, formats, nil).Close()
	return err
}

// values are the fields of a binary tuple, as parameters.
func values(tuple []byte) [][]byte {
	fields := make([][]byte, binary.BigEndian.Uint16(tuple))
	at := 2
	for i := range fields {
		size := int32(binary.BigEndian.Uint32(tuple[at:]))
		at += 4
		if size >= 0 {
			fields[i] = tuple[at : at+int(size)]
			at += int(size)
		}
	}
	return fields
}

func (b *bench) connections(ctx context.Context, db database.Database, n int) ([]*pgx.Conn, error) {
	conns := make([]*pgx.Conn, 0, n)
	for range n {
		conn, err := pgx.Connect(ctx, db.Owner)
		if err != nil {
			closeAll(ctx, conns)
			return nil, err
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func closeAll(ctx context.Context, conns []*pgx.Conn) {
	for _, conn := range conns {
		_ = conn.Close(context.WithoutCancel(ctx))
	}
}

// timed runs f once per caller, all at once, after a checkpoint.
func (b *bench) timed(ctx context.Context, m result, f func(i int) error, after func(*result) error) (result, error) {
	if err := b.server.Exec(ctx, "postgres", "CHECKPOINT"); err != nil {
		return result{}, err
	}
	cpu, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return result{}, err
	}
	client, err := clientCPU()
	if err != nil {
		return result{}, err
	}
	errs := make([]error, m.Callers)
	start := time.Now()
	var wait sync.WaitGroup
	for i := range m.Callers {
		wait.Go(func() { errs[i] = f(i) })
	}
	wait.Wait()
	elapsed := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return result{}, err
	}
	clientUsed, err := clientCPU()
	if err != nil {
		return result{}, err
	}
	m.ClientCPUMicros = perEvent(clientUsed-client, m.Events)
	used, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return result{}, err
	}
	m.EventsPerSecond = float64(m.Events) / elapsed.Seconds()
	m.ServerCPUMicros = perEvent(used-cpu, m.Events)
	err = after(&m)
	return m, err
}

// percentiles are the median and the 99th, in milliseconds.
func percentiles(took []time.Duration) (p50, p99 *float64) {
	sorted := slices.Clone(took)
	slices.Sort(sorted)
	at := func(share float64) *float64 {
		return new(float64(sorted[int(share*float64(len(sorted)-1))].Microseconds()) / 1000)
	}
	return at(0.5), at(0.99)
}
