package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// Snapshot calls do with a Scanner whose statements all see the store as it was
// at the first of them, in one transaction on one connection. That Scanner ends
// with the call and is not safe for concurrent use.
func (s *Scanner) Snapshot(ctx context.Context, do func(*Scanner) error) error {
	conn, err := s.reader.pool.Acquire(ctx)
	if err != nil {
		return pgurl.Describe(err)
	}
	defer conn.Release() // which closes the connection where its transaction has not ended
	inside := *s
	inside.snapshot = &snapshot{conn: conn.Conn().PgConn()}
	s.begin(&inside.snapshot.next, "REPEATABLE READ")
	if err := do(&inside); err != nil {
		_ = inside.snapshot.end(ctx, "ROLLBACK") // or it ends with the connection
		return err
	}
	return pgurl.Describe(inside.snapshot.end(ctx, "COMMIT"))
}

// snapshot is a transaction of several statements.
type snapshot struct {
	conn *pgconn.PgConn
	next exchange // what goes with the next statement: BEGIN
}

func (s *snapshot) rows(ctx context.Context, sql string, params []param, f func(columns [][]byte) error) error {
	e := s.next
	s.next = exchange{}
	e.ask(sql, params, f)
	return e.run(ctx, s.conn)
}

// end ends a transaction that has begun and not broken.
func (s *snapshot) end(ctx context.Context, how string) error {
	if s.conn.IsClosed() || s.conn.TxStatus() == 'I' {
		return nil
	}
	var e exchange
	e.add(how)
	return e.run(ctx, s.conn)
}

// exchange is a group of statements that are sent together and answered
// together: one round trip. The first that fails ends it.
type exchange struct {
	batch pgconn.Batch
	wants []func(columns [][]byte) error // of each statement, nil where nobody wants its rows
}

// add queues a statement whose rows nobody wants.
func (e *exchange) add(sql string, params ...param) {
	values, oids := make([][]byte, len(params)), make([]uint32, len(params))
	for i, p := range params {
		values[i], oids[i] = p.value, p.oid
	}
	e.batch.ExecParams(sql, values, oids, binaryFormat, binaryFormat)
	e.wants = append(e.wants, nil)
}

// ask queues a statement whose rows f gets.
func (e *exchange) ask(sql string, params []param, f func(columns [][]byte) error) {
	e.add(sql, params...)
	e.wants[len(e.wants)-1] = f
}

// run sends the statements and reads all answers, whatever f says to them.
func (e *exchange) run(ctx context.Context, conn *pgconn.PgConn) error {
	var failed error
	answers := conn.ExecBatch(ctx, &e.batch)
	for i := 0; answers.NextResult(); i++ {
		answer := answers.ResultReader()
		for answer.NextRow() {
			if f := e.wants[i]; f != nil && failed == nil {
				failed = f(answer.Values())
			}
		}
	}
	return errors.Join(answers.Close(), failed)
}
