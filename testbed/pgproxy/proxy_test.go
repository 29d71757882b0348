package pgproxy_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

const login = "proxied"

// lab is a server, a proxy in front of it, and what writes through that.
type lab struct {
	proxy  *pgproxy.Proxy
	direct *pgx.Conn
	url    string
}

// soon bounds what the proxy might never let through.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newLab(t *testing.T) *lab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	server, err := pglocal.Start(ctx, pglocal.Options{Dir: t.TempDir(), Volatile: true})
	require.NoError(t, err, "these tests need PostgreSQL")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		assert.NoError(t, server.Stop(ctx))
	})
	require.NoError(t, server.EnsureLogin(ctx, login))
	proxy, err := pgproxy.Start(net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port)))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, proxy.Close()) })
	through, err := url.Parse(server.URL(login, "postgres"))
	require.NoError(t, err)
	through.Host = proxy.Address()
	direct, err := pgx.Connect(ctx, server.SocketURL(pglocal.Superuser, "postgres"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = direct.Close(context.WithoutCancel(t.Context())) })
	l := &lab{proxy: proxy, direct: direct, url: through.String()}
	l.exec(t, "CREATE TABLE things (thing text); GRANT ALL ON things TO "+login)
	return l
}

func (l *lab) exec(t *testing.T, statements string) {
	t.Helper()
	_, err := l.direct.Exec(t.Context(), statements)
	require.NoError(t, err)
}

func (l *lab) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(soon(t), l.url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// things are what is stored.
func (l *lab) things(t *testing.T) []string {
	t.Helper()
	rows, err := l.direct.Query(t.Context(), "SELECT thing FROM things ORDER BY thing")
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return all
}

// write stores things in a transaction: COPY, as the exporter does, and COMMIT as
// a prepared statement.
func (l *lab) write(t *testing.T, things ...string) error {
	t.Helper()
	ctx := soon(t)
	conn := l.connect(t)
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	var rows strings.Builder
	for _, thing := range things {
		rows.WriteString(thing + "\n")
	}
	if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(rows.String()), "COPY things FROM STDIN"); err != nil {
		return err
	}
	return conn.PgConn().ExecParams(ctx, "COMMIT", nil, nil, nil, nil).Read().Err
}

func TestTransparent(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	long := strings.Repeat("long ", 200_000)
	require.NoError(t, l.write(t, "a", long))
	assert.Equal(t, []string{"a", long}, l.things(t))
	conn := l.connect(t)
	var back string
	require.NoError(t, conn.QueryRow(soon(t), "SELECT thing FROM things WHERE thing <> $1", "a").Scan(&back))
	assert.Equal(t, long, back)
	assert.Zero(t, l.proxy.Faults())
}

// TestEachActionBites has every action at a place where the outcome is known.
func TestEachActionBites(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, c := range []struct {
		name   string
		rule   pgproxy.Rule
		fails  bool
		stored bool
	}{
		{"cut before rows", pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.Cut}, true, false},
		{"cut in rows", pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.CutHalf}, true, false},
		{"cut after rows", pgproxy.Rule{Match: pgproxy.CopyDone, Do: pgproxy.CutAfter}, true, false},
		{"cut before commit", pgproxy.Rule{Match: pgproxy.CommitRequest, Do: pgproxy.Cut}, true, false},
		{"answer to commit lost", pgproxy.Rule{Match: pgproxy.CommitAnswer, Do: pgproxy.Cut}, true, true},
		{"answer to commit halved", pgproxy.Rule{Match: pgproxy.CommitAnswer, Do: pgproxy.CutHalf}, true, true},
		{"stall", pgproxy.Rule{Match: pgproxy.CommitAnswer, Do: pgproxy.Stall, For: 10 * time.Millisecond}, false, true},
		{"length of rows", pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.CorruptHeader, Bit: 15}, true, false},
		{"type of rows", pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.CorruptHeader, Bit: 7}, true, false},
	} {
		func() {
			before := l.proxy.Faults()
			l.proxy.Arm(c.rule)
			defer l.proxy.Disarm()
			err := l.write(t, c.name)
			assert.Equal(t, c.fails, err != nil, "%s: %v", c.name, err)
			assert.Equal(t, before+1, l.proxy.Faults(), c.name)
			if !c.stored {
				assert.NotContains(t, l.things(t), c.name)
				return
			}
			l.awaitThing(t, c.name)
		}()
	}
}

// awaitThing waits for a transaction of which the client knows nothing.
func (l *lab) awaitThing(t *testing.T, thing string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return slices.Contains(l.things(t), thing)
	}, 20*time.Second, 5*time.Millisecond)
}

func TestCorruptFlipsTheBitThatIsMeant(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.proxy.Arm(pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.Corrupt, Where: func(m pgproxy.Message) int {
		return 8 * bytes.Index(m.Body, []byte("apple")) // the lowest bit of the first letter
	}})
	require.NoError(t, l.write(t, "an apple"))
	assert.Equal(t, []string{"an `pple"}, l.things(t))
	l.proxy.Arm(pgproxy.Rule{Match: pgproxy.CopyData, Do: pgproxy.Corrupt, Bit: 1})
	require.NoError(t, l.write(t, "pear"))
	assert.Equal(t, []string{"an `pple", "rear"}, l.things(t))
	assert.Equal(t, 2, l.proxy.Faults())
}

func TestPauseHoldsTheMessageUp(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	during := make(chan []string, 1)
	l.proxy.Arm(pgproxy.Rule{Match: pgproxy.CommitRequest, Do: pgproxy.Pause, Call: func(port int) {
		assert.Positive(t, port)
		during <- l.things(t)
	}})
	require.NoError(t, l.write(t, "a"))
	select {
	case things := <-during:
		assert.Empty(t, things)
	default:
		t.Error("nothing was held up")
	}
	assert.Equal(t, []string{"a"}, l.things(t))
}

// TestStatementsByName prepares statements under names and carries them out by
// those, in an order that only Bind tells.
func TestStatementsByName(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	conn := l.connect(t).PgConn()
	for name, text := range map[string]string{"one": "SELECT 'first'", "two": "SELECT 'second'"} {
		_, err := conn.Prepare(soon(t), name, text, nil)
		require.NoError(t, err)
	}
	l.proxy.Arm(pgproxy.Rule{Do: pgproxy.Cut, After: 1, Match: func(m pgproxy.Message) bool {
		return m.Type == 'E' && m.SQL == "SELECT 'first'"
	}})
	run := func(name string) *pgconn.Result { return conn.ExecPrepared(soon(t), name, nil, nil, nil).Read() }
	require.NoError(t, run("one").Err)
	require.NoError(t, run("two").Err)
	require.NoError(t, run("two").Err)
	require.Error(t, run("one").Err, "the second time")
	assert.Equal(t, 1, l.proxy.Faults())
}

func TestRulesAreSpentAndForgotten(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.proxy.Arm(pgproxy.Rule{Match: pgproxy.CommitRequest, Do: pgproxy.Cut, After: 1, Times: 2})
	for i, fails := range []bool{false, true, true, false} {
		assert.Equal(t, fails, l.write(t, strconv.Itoa(i)) != nil, i)
	}
	l.proxy.Arm(pgproxy.Rule{Match: pgproxy.CommitRequest, Do: pgproxy.Cut})
	l.proxy.Disarm()
	require.NoError(t, l.write(t, "4"))
	assert.Equal(t, []string{"0", "3", "4"}, l.things(t))
	assert.Equal(t, 2, l.proxy.Faults())
}

func TestConnections(t *testing.T) {
	t.Parallel()
	l, other := newLab(t), newLab(t)
	conn := l.connect(t)
	assert.Equal(t, 1, l.proxy.CutAll())
	require.Error(t, conn.Ping(soon(t)))
	l.proxy.Refuse(true)
	_, err := pgx.Connect(soon(t), l.url)
	require.Error(t, err)
	l.proxy.Refuse(false)
	require.NoError(t, l.write(t, "here"))
	// Retarget leads to a port where nobody listens, and back.
	l.proxy.Retarget("127.0.0.1:1")
	_, err = pgx.Connect(soon(t), l.url)
	require.Error(t, err)
	l.proxy.Retarget(other.proxy.Address())
	_, err = pgx.Connect(soon(t), l.url)
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused, "the other server has another password")
	assert.Equal(t, "28P01", refused.Code)
}

// TestSlow counts what a bound lets through in a time: no more than it says.
func TestSlow(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	conn := l.connect(t)
	assert.Zero(t, l.proxy.Slowed(), "there is no bound yet")
	l.proxy.Slow(50_000)
	began := time.Now()
	var text string
	require.NoError(t, conn.QueryRow(soon(t), "SELECT repeat('x', 20000)").Scan(&text))
	assert.Len(t, text, 20_000)
	assert.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond, "20,000 bytes at 50,000 a second")
	assert.Positive(t, l.proxy.Slowed())
}

// TestTLSIsPassedOn holds that the proxy asks the server, whose answer here is no,
// and that without Encrypt it answers itself.
func TestTLSIsPassedOn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ask := func(encrypt bool) {
		l.proxy.Encrypt(encrypt)
		raw, err := net.Dial("tcp", l.proxy.Address())
		require.NoError(t, err)
		defer raw.Close()
		require.NoError(t, raw.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = raw.Write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, 80877103))
		require.NoError(t, err)
		var answer [1]byte
		_, err = raw.Read(answer[:])
		require.NoError(t, err)
		assert.Equal(t, "N", string(answer[:]))
	}
	ask(false)
	ask(true)
	require.NoError(t, l.write(t, "plain"))
}
