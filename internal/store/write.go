package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Status is what became of one event.
type Status uint8

const (
	// Pending is not decided: the caller writes it again.
	Pending Status = iota
	// Stored is committed by this call.
	Stored
	// Duplicate is committed already under the same identity and fingerprint.
	Duplicate
	// Conflict has the identity of another event. The caller puts it into
	// quarantine.
	Conflict
	// Rejected is what PostgreSQL refuses to store. The caller puts it into
	// quarantine.
	Rejected
	// Refused is held back with its whole tenant: the caller answers with an
	// error that the client retries.
	Refused
)

// Outcome is what became of one event and why.
type Outcome struct {
	Status   Status
	SQLState string // of Rejected
	Cause    error  // of Refused
}

// Writer writes events on one connection. Events are committed when Write says
// Stored or Duplicate, and the caller retries what stays Pending; a commit whose
// answer was lost is Pending too, and Duplicate the next time. Not safe for
// concurrent use: run one Writer per shard of tenants.
type Writer struct {
	opts WriterOptions
	sql  writeQueries
	wire *wire

	unnamed   bool // statements cannot keep names here, whatever it looks like
	unsettled bool // a commit may be visible that no synchronous standby has
	careful   int  // transactions that still ask what is stored before they write
}

// carefulFor is how many transactions in a row must meet no duplicate before the
// next one does not ask. Where one in ten has some, all of them ask.
const carefulFor = 16

// NewWriter returns a writer that connects when it is first used.
func NewWriter(opts WriterOptions) *Writer {
	opts.setDefaults()
	return &Writer{opts: opts, sql: newWriteQueries(opts.Schema), careful: carefulFor}
}

// maxRestarts bounds how often a transaction starts again at once.
const maxRestarts = 4

// Write writes the events whose outcome is Pending, in one transaction unless
// the database refuses one of them, and sets their outcomes. With an error, what
// is still Pending is to be written again; the rest is decided.
func (w *Writer) Write(ctx context.Context, events []*Event, outcomes []Outcome) error {
	pending := make([]int, 0, len(events))
	for i := range events {
		if outcomes[i].Status == Pending {
			pending = append(pending, i)
		}
	}
	if len(pending) == 0 {
		return nil
	}
	if err := w.connect(ctx); err != nil {
		return err
	}
	return w.writeOrHalve(ctx, events, outcomes, pending)
}

// writeOrHalve isolates records that PostgreSQL refuses: of n events one bad
// record costs about 2·log2(n) transactions.
func (w *Writer) writeOrHalve(ctx context.Context, events []*Event, outcomes []Outcome, pending []int) error {
	err := w.writeRestarting(ctx, events, outcomes, pending)
	if err == nil {
		return nil
	}
	if !isData(err) {
		return err
	}
	if len(pending) == 1 {
		outcomes[pending[0]] = Outcome{Status: Rejected, SQLState: SQLState(err)}
		return nil
	}
	half := len(pending) / 2
	if err := w.writeOrHalve(ctx, events, outcomes, pending[:half]); err != nil {
		return err
	}
	return w.writeOrHalve(ctx, events, outcomes, pending[half:])
}

// isData reports whether a part of the batch may do without this error. A race
// counts that was lost however often it was run.
func isData(err error) bool {
	class := Classify(err)
	return class == ClassData || class == ClassRestart
}

// writeRestarting starts a transaction again when it lost a race.
func (w *Writer) writeRestarting(ctx context.Context, events []*Event, outcomes []Outcome, pending []int) error {
	b := newBatch(events, pending)
	for attempt := 1; ; attempt++ {
		err := w.transact(ctx, b)
		if err == nil {
			b.report(outcomes)
			return nil
		}
		again := false
		switch class := Classify(err); {
		case class == ClassRestart && w.careful == 0:
			// Something is stored already, as the primary key says: now ask what.
			w.careful = carefulFor
			again, attempt = true, attempt-1
		case class == ClassRestart:
			again = true
		case class == ClassMonth:
			if ensureErr := w.ensureMonth(ctx, b.recordedAt); ensureErr != nil {
				return ensureErr
			}
			again = true
		case SQLState(err) == lockNotAvailable:
			// Without the tenant's lock for so long: its holder may have stalled.
			terminated, blockErr := w.terminateBlockers(ctx, b.locks)
			if blockErr != nil {
				return blockErr
			}
			again = terminated > 0
		}
		if !again || attempt == maxRestarts || w.wire.closed {
			return err
		}
	}
}

const lockNotAvailable = "55P03"

// transact runs the one transaction of a batch. When it returns an error the
// transaction is rolled back or the connection closed, or the answer to COMMIT
// was lost.
func (w *Writer) transact(ctx context.Context, b *batch) error {
	start := w.opts.Now()
	found, err := w.begin(ctx, b)
	if err != nil {
		w.rollback(ctx)
		return err
	}
	w.weigh(found)
	b.checkClock()
	w.checkHeads(b)
	b.settleTime()
	b.decide(found)
	if w.opts.Sealer != nil && b.kept > 0 {
		w.seal(b)
	}
	if b.kept == 0 {
		if len(found) == 0 {
			w.rollback(ctx)
		} else if err := w.settle(ctx); err != nil {
			return err
		}
		w.committed(b) // nothing, but duplicates are acknowledged too
		return nil
	}
	if err := w.commit(ctx, b); err != nil {
		w.rollback(ctx)
		return err
	}
	w.committed(b)
	w.opts.Observer.Committed(ctx, b.kept, w.opts.Now().Sub(start))
	return nil
}

// weigh counts the transactions that met no duplicate. Without a duplicate there
// is nothing that asking would have found: an identity that is stored makes COPY
// fail, whoever asked.
func (w *Writer) weigh(found []stored) {
	switch {
	case len(found) > 0:
		w.careful = carefulFor
	case w.careful > 0:
		w.careful--
	}
}

// begin locks the tenants and reads, after the locks, their heads and which
// identities exist: one exchange. While duplicates are seldom it leaves the
// identities to their primary key, which costs a fifth less than asking first.
func (w *Writer) begin(ctx context.Context, b *batch) (found []stored, err error) {
	w.queueBegin()
	w.wire.queueStatement(w.sql.lock, []uint32{oidInt4, oidInt4Array}, int4Param(LockClass), int4Array(b.locks))
	w.wire.queueStatement(w.sql.heads, headTypes, w.headParams(b)...)
	if w.careful > 0 {
		w.wire.queueStatement(w.sql.existing, []uint32{oidTextArray, oidCharArray, oidTextArray}, b.paramTenant, b.paramKind, b.paramID)
	}
	w.wire.queueSync()
	tenant := 0
	_, err = w.wire.exchange(ctx, nil, nil,
		func(columns [][]byte) error {
			if tenant >= len(b.tenants) {
				return errShape
			}
			tenant++
			return b.readHead(&b.tenants[tenant-1], columns)
		},
		func(columns [][]byte) error {
			hit, err := readStored(columns, len(b.idents))
			found = append(found, hit)
			return err
		})
	if err == nil && tenant != len(b.tenants) {
		err = errShape
	}
	return found, err
}

// queueBegin opens a transaction with the settings that acknowledgement depends
// on, whatever the role, the database or a pooler has set.
func (w *Writer) queueBegin() {
	w.wire.queueStatement("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", nil)
	w.wire.queueStatement(w.sql.settings, []uint32{oidText, oidText, oidText},
		millisecondsParam(w.opts.LockTimeout), millisecondsParam(w.opts.StatementTimeout), millisecondsParam(w.opts.IdleTimeout))
}

var errShape = errors.New("the database answered in a form that was not asked for")

func readStored(columns [][]byte, identities int) (stored, error) {
	if len(columns) != 4 || len(columns[0]) != 8 || len(columns[1]) != 32 || len(columns[2]) != 4 || len(columns[3]) != 8 {
		return stored{}, errShape
	}
	ord := int(binary.BigEndian.Uint64(columns[0])) //nolint:gosec // checked below
	if ord < 1 || ord > identities {
		return stored{}, errShape
	}
	hit := stored{
		ident: ord - 1,
		epoch: int32(binary.BigEndian.Uint32(columns[2])), //nolint:gosec // two's complement on the wire
		seq:   int64(binary.BigEndian.Uint64(columns[3])), //nolint:gosec // two's complement on the wire
	}
	copy(hit.fingerprint[:], columns[1])
	return hit, nil
}

// commit sends the rows and COMMIT in one exchange. If a part fails, the server
// refuses the rest and answers COMMIT with ROLLBACK. Identities go first: where
// one of them is stored already, no event has been written in vain.
func (w *Writer) commit(ctx context.Context, b *batch) error {
	w.wire.open(ctx)
	b.fillPlaces()
	w.queueCopy(w.sql.copyIDs, b.appendIDRows)
	w.queueCopy(w.sql.copyEvents(b.recordedAt), b.appendRows)
	w.wire.queueStatement(w.sql.commits, commitTypes, b.commitParams()...)
	w.wire.queueStatement("COMMIT", nil)
	w.wire.queueSync()
	tags, err := w.wire.exchange(ctx)
	if err != nil {
		return err
	}
	if len(tags) != 4 || tags[1] != fmt.Sprintf("COPY %d", b.kept) || tags[3] != "COMMIT" {
		return fmt.Errorf("the database answered %q to a batch of %d events", tags, b.kept)
	}
	return nil
}

var commitTypes = []uint32{oidTimestamp, oidTextArray, oidInt4Array, oidInt8Array, oidInt8Array, oidByteArray, oidByteArray, oidTextArray}

func (w *Writer) queueCopy(sql string, rows func(queue func([]byte))) {
	w.wire.queueQuery(sql)
	w.wire.beginCopy()
	rows(w.wire.appendCopy)
	w.wire.endCopy()
}

// rollback ends a transaction that failed or has nothing to commit. It runs
// even when the caller has given up, because the connection is used again.
func (w *Writer) rollback(ctx context.Context) {
	if w.wire.closed || w.wire.status == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	w.wire.discard()
	w.wire.queueQuery("ROLLBACK")
	if _, err := w.wire.exchange(ctx); err != nil {
		w.wire.close()
	}
}

const rollbackTimeout = 5 * time.Second

// report copies the decisions to the caller's order.
func (b *batch) report(outcomes []Outcome) {
	for position, d := range b.decisions {
		outcomes[b.arrival[position]] = Outcome{Status: d.status, Cause: d.cause}
	}
}

// terminateBlockers ends sessions of the same role that hold one of the locks
// and stalled while the server waits for them, and returns how many.
func (w *Writer) terminateBlockers(ctx context.Context, locks []int32) (int, error) {
	if w.wire.closed {
		return 0, errWireClosed
	}
	keys := make([]int64, len(locks))
	for i, k := range locks {
		keys[i] = int64(k)
	}
	w.wire.queueStatement(w.sql.blockers, []uint32{oidInt8, oidInt8Array, oidInt8},
		int8Param(LockClass), int8Array(keys), int8Param(w.opts.LockTimeout.Milliseconds()*9/10))
	w.wire.queueSync()
	terminated := 0
	_, err := w.wire.exchange(ctx, func(columns [][]byte) error {
		if len(columns) == 1 && len(columns[0]) == 1 && columns[0][0] == 1 {
			terminated++
		}
		return nil
	})
	if terminated > 0 {
		w.opts.Observer.BlockersTerminated(ctx, terminated)
	}
	return terminated, err
}

// Close ends the connection.
func (w *Writer) Close() {
	if w.wire != nil {
		w.wire.terminate(w.opts.Now().Add(time.Second))
	}
}
