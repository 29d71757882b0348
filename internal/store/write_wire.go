package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// wire speaks the PostgreSQL protocol on one connection that pgconn opened and
// authenticated. A transaction of the writer is two exchanges however many
// statements it has, which pgconn's COPY (one exchange each) cannot express.
//
// A wire is not safe for concurrent use. After an error of the connection
// (not of PostgreSQL) it is closed.
type wire struct {
	conn     net.Conn
	frontend *pgproto3.Frontend
	out      []byte
	chunk    int // where the open CopyData message begins in out
	expect   int // ReadyForQuery messages that are still to come
	status   byte
	closed   bool

	cancel  func(context.Context) error // asks the server to cancel what it is at
	release func()                      // ends the watch of the context, while an exchange is under way
	broken  bool                        // nothing can be sent any more

	pid          uint32           // of the server process, as it said at start-up
	names        map[string]*plan // by text; nil: statements keep no names here
	fresh        []*plan          // those whose Parse is on its way
	unreplicated bool             // a COMMIT was answered that no synchronous standby has

	lostNames bool // another server connection answered than the one that was told
}

// plan is a statement that the server keeps under a name.
type plan struct {
	name   string
	parsed bool // for sure
}

// rowFunc takes one row's columns, nil for NULL. They are only valid during
// the call.
type rowFunc func(columns [][]byte) error

var errWireClosed = errors.New("the connection to the database is closed")

func newWire(conn *pgconn.PgConn) (*wire, error) {
	hijacked, err := conn.Hijack()
	if err != nil {
		return nil, err
	}
	return &wire{conn: hijacked.Conn, frontend: hijacked.Frontend, status: hijacked.TxStatus, pid: hijacked.PID, cancel: conn.CancelRequest}, nil
}

// keepPlans makes the server plan each statement once per connection, which is
// half of the time of a small transaction. backendPID is what the server calls
// itself: where that is not what it said at start-up, a pooler stands between,
// and names given to one server connection would be asked of another.
func (w *wire) keepPlans(backendPID uint32) {
	if backendPID == w.pid {
		w.names = make(map[string]*plan)
	}
}

// queueStatement adds one statement in the extended protocol with binary
// parameters and results.
func (w *wire) queueStatement(sql string, oids []uint32, params ...[]byte) {
	name, parsed := w.nameOf(sql)
	if !parsed {
		w.out = mustEncode((&pgproto3.Parse{Name: name, Query: sql, ParameterOIDs: oids}).Encode(w.out))
	}
	w.out = mustEncode((&pgproto3.Bind{
		PreparedStatement:    name,
		ParameterFormatCodes: binaryFormat, Parameters: params, ResultFormatCodes: binaryFormat,
	}).Encode(w.out))
	w.out = mustEncode((&pgproto3.Execute{}).Encode(w.out))
}

var binaryFormat = []int16{1}

// nameOf returns the name of a statement and whether the server has parsed it.
// Where that is not known, a Close that is no error either way goes first, so
// that failures do not fill the server with statements.
func (w *wire) nameOf(sql string) (name string, parsed bool) {
	if w.names == nil {
		return "", false
	}
	s := w.names[sql]
	if s == nil {
		s = &plan{name: "audit" + strconv.Itoa(len(w.names)+1)}
		w.names[sql] = s
	}
	if !s.parsed {
		w.fresh = append(w.fresh, s)
		w.out = mustEncode((&pgproto3.Close{ObjectType: 'S', Name: s.name}).Encode(w.out))
	}
	return s.name, s.parsed
}

// learn remembers which statements the server has parsed. After an error nobody
// knows.
func (w *wire) learn(err error) {
	for _, s := range w.fresh {
		s.parsed = err == nil
	}
	w.fresh = w.fresh[:0]
	w.lostNames = w.lostNames || losesNames(err)
	if w.lostNames || SQLState(err) == planOutdated {
		w.close() // names and plans go with the connection
	}
}

// planOutdated is what the server says when a table changed so much that the
// answer to a named statement would look different.
const planOutdated = "0A000"

// queueSync ends a group of statements.
func (w *wire) queueSync() {
	w.out = mustEncode((&pgproto3.Sync{}).Encode(w.out))
	w.expect++
}

// queueQuery adds a statement, or several, in the simple protocol.
func (w *wire) queueQuery(sql string) {
	w.out = mustEncode((&pgproto3.Query{String: sql}).Encode(w.out))
	w.expect++
}

// copyChunk is the size of one CopyData message: large enough to cost nothing,
// small enough that the server parses while the rest is still on its way.
const copyChunk = 128 << 10

// beginCopy opens the body of a binary COPY whose statement was queued before.
func (w *wire) beginCopy() {
	w.openChunk()
	w.out = append(w.out, copyHeader...)
}

// appendCopy adds a tuple, and sends what has come together when that is much:
// the server reads while the rest is on its way, and nobody holds all of it
// twice.
func (w *wire) appendCopy(tuple []byte) {
	if len(w.out)-w.chunk > copyChunk {
		w.closeChunk()
		w.send()
		w.openChunk()
	}
	w.out = append(w.out, tuple...)
}

// endCopy closes the body.
func (w *wire) endCopy() {
	w.out = append(w.out, copyTrailer...)
	w.closeChunk()
	w.out = append(w.out, 'c', 0, 0, 0, 4)
}

func (w *wire) openChunk() {
	w.chunk = len(w.out)
	w.out = append(w.out, 'd', 0, 0, 0, 0)
}

func (w *wire) closeChunk() {
	binary.BigEndian.PutUint32(w.out[w.chunk+1:], uint32(len(w.out)-w.chunk-1)) //nolint:gosec // bounded by the batch
}

// mustEncode panics on the error of Encode, which only says that a message is
// over 1 GiB; batches are bounded far below.
func mustEncode(dst []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return dst
}

// open begins an exchange whose first part may be sent before exchange is
// called: rows of a COPY, to which the server answers nothing before their end.
func (w *wire) open(ctx context.Context) { w.release = w.watch(ctx) }

// send sends what is queued. What is wrong if that fails, reading tells.
func (w *wire) send() {
	if !w.broken {
		_, err := w.conn.Write(w.out)
		w.broken = err != nil
	}
	w.empty()
}

// empty makes room for what is queued next.
func (w *wire) empty() {
	w.out = w.out[:0]
	if cap(w.out) > maxKeptBuffer {
		w.out = nil
	}
}

// exchange sends what is queued and reads the answers to all of it. The
// callbacks get the rows of the statements that return some, in order; the tags are those of
// all completed commands. The first error of PostgreSQL is returned after
// everything was read, so that the connection stays usable.
func (w *wire) exchange(ctx context.Context, rows ...rowFunc) (tags []string, err error) {
	if w.closed {
		return nil, errWireClosed
	}
	if w.release == nil {
		w.open(ctx)
	}
	tags, err, fatal := w.sendAndReceive(rows)
	w.release()
	w.release = nil
	w.learn(err)
	if fatal {
		w.close()
		if ctxErr := context.Cause(ctx); ctxErr != nil {
			return tags, fmt.Errorf("database connection given up: %w", ctxErr)
		}
		return tags, fmt.Errorf("database connection lost: %w", err)
	}
	return tags, err
}

func (w *wire) sendAndReceive(rows []rowFunc) (tags []string, err error, fatal bool) { //nolint:revive // fatal qualifies err
	sent := w.sendBeside()
	tags, err, fatal = w.receive(rows)
	if fatal {
		w.close() // ends the sending
	}
	<-sent
	w.empty()
	return tags, err, fatal
}

// smallSend fits the buffers of every socket, whatever the server is doing.
const smallSend = 8 << 10

// sendBeside sends what is queued while the answers are read: a server that
// writes more than the sockets hold reads no further before somebody reads. The
// channel is closed when nothing is being sent any more.
func (w *wire) sendBeside() (sent <-chan struct{}) {
	done := make(chan struct{})
	if w.broken || len(w.out) <= smallSend {
		w.send()
		close(done)
		return done
	}
	go func() {
		_, _ = w.conn.Write(w.out)
		close(done)
	}()
	return done
}

// receive reads the answers to all that was queued. Where that could not be sent,
// it reads the last words of a server that hung up.
func (w *wire) receive(rows []rowFunc) (tags []string, err error, fatal bool) { //nolint:revive // fatal qualifies err
	var first error
	keep := func(e error) {
		if first == nil {
			first = e
		}
	}
	statement := 0
	for w.expect > 0 {
		msg, err := w.frontend.Receive()
		if err != nil {
			if first != nil {
				err = first
			}
			return tags, err, true
		}
		switch msg := msg.(type) {
		case *pgproto3.DataRow:
			if statement < len(rows) && rows[statement] != nil && first == nil {
				if err := rows[statement](msg.Values); err != nil {
					keep(err)
				}
			}
		case *pgproto3.CommandComplete:
			tags = append(tags, string(msg.CommandTag))
			if len(msg.CommandTag) > 6 && string(msg.CommandTag[:6]) == "SELECT" {
				statement++
			}
		case *pgproto3.NoticeResponse:
			if replicationCanceled(msg) {
				w.unreplicated = true
				keep(errUnreplicated)
			}
		case *pgproto3.ErrorResponse:
			keep(pgconn.ErrorResponseToPgError(msg))
			if msg.Severity == "FATAL" || msg.Severity == "PANIC" {
				return tags, first, true
			}
		case *pgproto3.ReadyForQuery:
			w.expect--
			w.status = msg.TxStatus
		}
	}
	return tags, first, false
}

// maxKeptBuffer bounds what an idle connection keeps for the next batch.
const maxKeptBuffer = 1 << 20

// watch ends reads and writes when ctx does.
func (w *wire) watch(ctx context.Context) (release func()) {
	if deadline, ok := ctx.Deadline(); ok {
		_ = w.conn.SetDeadline(deadline)
	} else {
		_ = w.conn.SetDeadline(time.Time{})
	}
	stop := context.AfterFunc(ctx, func() { _ = w.conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// cancelAfter asks the server to cancel what it is at when ctx ends, unless release
// is called before. Where the connection was given up meanwhile, release asks: nobody
// else would ever end what the server is at.
func (w *wire) cancelAfter(ctx context.Context) (release func()) {
	asked, late := make(chan struct{}), false
	ask := func() {
		defer close(asked)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
		defer cancel()
		_ = w.cancel(ctx) // where that fails, the context of the exchange ends it
		late = ctx.Err() != nil
	}
	stop := context.AfterFunc(ctx, ask)
	return func() {
		if stop() {
			if w.closed {
				ask()
			}
			return
		}
		<-asked // or it would hit what comes next
		if late {
			w.close() // and may hit it yet
		}
	}
}

const cancelTimeout = time.Second

// discard forgets what is queued but not sent.
func (w *wire) discard() {
	w.out = w.out[:0]
	w.fresh = w.fresh[:0]
	w.expect = 0
}

// close hangs up; the server rolls back what is not committed.
func (w *wire) close() {
	if w.closed {
		return
	}
	w.closed = true
	_ = w.conn.SetDeadline(time.Unix(1, 0))
	_ = w.conn.Close()
}

// terminate says goodbye before it hangs up.
func (w *wire) terminate(deadline time.Time) {
	if w.closed {
		return
	}
	_ = w.conn.SetDeadline(deadline)
	_, _ = w.conn.Write([]byte{'X', 0, 0, 0, 4})
	w.closed = true
	_ = w.conn.Close()
}
