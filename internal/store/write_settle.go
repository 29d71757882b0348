package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A commit is visible before it is on a synchronous standby in two cases: its
// wait for the standby was canceled (by pg_cancel_backend or pg_terminate_backend:
// PostgreSQL then answers COMMIT as always, with a warning), or the primary was
// restarted meanwhile. A failover takes such a commit back, so neither it nor a
// duplicate of it may be acknowledged before a later commit was waited for.

var errUnreplicated = errors.New("PostgreSQL: the wait for the synchronous standby was canceled, so the commit may be on the primary alone: " +
	"it is tried again; look at the standby, or at synchronous_standby_names where there is to be none")

// replicationCanceled reports whether a notice says that COMMIT did not wait. The
// text of it is translated, the name of the server's function is not.
func replicationCanceled(notice *pgproto3.NoticeResponse) bool {
	return notice.Routine == "SyncRepWaitForLSN"
}

// settle ends a transaction that found everything stored already: what it found
// may be acknowledged when it returns nil. Nothing ends a wait for the standby by
// itself, neither statement_timeout nor a client that hangs up, and with each new
// try one session more would wait. That of a transaction without rows is canceled,
// early enough that the server is asked and answers before ctx ends.
func (w *Writer) settle(ctx context.Context) error {
	timeout := w.opts.StatementTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline)/2)
	}
	patience, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w.queueSettle()
	release := w.wire.cancelAfter(patience)
	_, err := w.wire.exchange(ctx)
	release()
	if err != nil {
		w.rollback(ctx)
	}
	return err
}

func (w *Writer) queueSettle() {
	w.wire.queueStatement(w.sql.settle, nil)
	w.wire.queueStatement("COMMIT", nil)
	w.wire.queueSync()
}

// settleLost waits, on a new connection and after a wait was canceled, for what was
// committed until then, so that no head is believed that a failover would take
// back: whoever connects may do so because the primary was restarted.
func (w *Writer) settleLost(ctx context.Context) error {
	w.unsettled = w.unsettled || w.wire.unreplicated
	if !w.unsettled {
		return nil
	}
	w.queueBegin()
	if err := w.settle(ctx); err != nil {
		return err
	}
	w.unsettled, w.wire.unreplicated = false, false
	return nil
}
