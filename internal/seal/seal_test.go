package seal_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const logName = "audit.example.com/test"

// key is the line of a key file, made from a word.
func key(t testing.TB, word string) (private, public string) {
	t.Helper()
	seed := sha256.Sum256([]byte(word))
	private, public, err := keys.Generate(bytes.NewReader(seed[:]), logName)
	require.NoError(t, err)
	return private, public
}

// ring holds the key of the first word and, retired, those of the others.
func ring(t testing.TB, word string, retired ...string) *keys.Ring {
	t.Helper()
	text, _ := key(t, word)
	for _, other := range retired {
		_, public := key(t, other)
		text += "\n" + public
	}
	r, err := keys.ParseRing([]byte(text))
	require.NoError(t, err)
	return r
}

// observed is what a Sealer told.
type observed struct {
	mu             sync.Mutex // guards the rest
	refused        []error
	unacknowledged []error
	anchorFailed   []error
}

func (o *observed) Sealed(int, int64)        {}
func (o *observed) Refused(err error)        { o.add(&o.refused, err) }
func (o *observed) Unacknowledged(err error) { o.add(&o.unacknowledged, err) }
func (o *observed) AnchorFailed(err error)   { o.add(&o.anchorFailed, err) }

func (o *observed) add(to *[]error, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*to = append(*to, err)
}

// collector is a writer with its Sealer, as an exporter has them.
type collector struct {
	writer  *store.Writer
	sealer  *seal.Sealer
	anchors *anchor.File
	told    *observed
}

func newCollector(t testing.TB, url string, r *keys.Ring, anchorFile string) *collector {
	t.Helper()
	c := &collector{told: &observed{}}
	if anchorFile != "" {
		file, err := anchor.Open(anchorFile)
		require.NoError(t, err)
		c.anchors = file
	}
	c.sealer = seal.New(seal.Options{Ring: r, Anchors: c.anchors, Observer: c.told, Now: time.Now})
	c.writer = newWriter(t, url, c.sealer)
	t.Cleanup(c.stop)
	return c
}

func (c *collector) stop() {
	c.writer.Close()
	if c.anchors != nil {
		_ = c.anchors.Close()
	}
}

func newWriter(t testing.TB, url string, sealer store.Sealer) *store.Writer {
	t.Helper()
	config, err := pgurl.Parse(url, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", Sealer: sealer, Now: time.Now})
	t.Cleanup(w.Close)
	return w
}

func event(t testing.TB, tenant, id string, amount int) *store.Event {
	t.Helper()
	var enc store.Encoder
	e, err := enc.Encode(&record.Record{
		TenantID: tenant, EventID: id, Action: "a", Outcome: record.OutcomeSuccess,
		Payload: record.EmptyObject().Set("amount", record.NumberValue(float64(amount))),
	}, "")
	require.NoError(t, err)
	return &e
}

// events are n events of a tenant from the number first on.
func events(t testing.TB, tenant string, first, n int) []*store.Event {
	t.Helper()
	list := make([]*store.Event, n)
	for i := range list {
		list[i] = event(t, tenant, fmt.Sprintf("e%05d", first+i), first+i)
	}
	return list
}

func (c *collector) write(t testing.TB, list []*store.Event) []store.Outcome {
	t.Helper()
	outcomes := make([]store.Outcome, len(list))
	require.NoError(t, c.writer.Write(t.Context(), list, outcomes))
	return outcomes
}

// stores writes events and wants all of them stored.
func (c *collector) stores(t testing.TB, list []*store.Event) {
	t.Helper()
	for _, o := range c.write(t, list) {
		require.Equal(t, store.Stored, o.Status, "%v", o.Cause)
	}
}

// refuses writes events and returns why all of them are refused.
func (c *collector) refuses(t testing.TB, list []*store.Event) error {
	t.Helper()
	outcomes := c.write(t, list)
	for _, o := range outcomes {
		require.Equal(t, store.Refused, o.Status)
		require.Error(t, o.Cause)
	}
	require.NotEmpty(t, c.told.refused, "the observer is told")
	return outcomes[0].Cause
}

func execute(t testing.TB, d *storetest.Database, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SET LOCAL session_replication_role = replica") // past the triggers
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
}

func rows[T any](t testing.TB, d *storetest.Database, sql string, args ...any) []T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	result, err := conn.Query(t.Context(), sql, args...)
	require.NoError(t, err)
	list, err := pgx.CollectRows(result, pgx.RowToStructByPos[T])
	require.NoError(t, err)
	return list
}

type commitRow struct {
	Tenant         string
	Epoch          int32
	Size, Prev     int64
	RecordedAt     time.Time
	Root, Frontier []byte
	Note           string
}

type leafRow struct {
	Tenant     string
	Epoch      int32
	Seq        int64
	RecordedAt time.Time
	Leaf       []byte
}

// checkTrees recomputes every root of every commit from the leaves with the
// tree of golang.org/x/mod, and checks every signature, size and time.
func checkTrees(t testing.TB, d *storetest.Database, r *keys.Ring) (commits int) {
	t.Helper()
	storetest.CheckState(t, d)
	type tree struct {
		tenant string
		epoch  int32
	}
	stored := make(map[tree]hashes)
	leaves := make(map[tree][]leafRow)
	for _, row := range rows[leafRow](t, d, "SELECT tenant_id, epoch, seq, recorded_at, leaf_hash FROM audit_events ORDER BY tenant_id, epoch, seq") {
		at := tree{row.Tenant, row.Epoch}
		n := int64(len(leaves[at]))
		require.Equal(t, n, row.Seq, "%v has no gaps", at)
		added, err := tlog.StoredHashesForRecordHash(n, tlog.Hash(row.Leaf), stored[at])
		require.NoError(t, err)
		stored[at] = append(stored[at], added...)
		leaves[at] = append(leaves[at], row)
	}
	list := rows[commitRow](t, d, "SELECT tenant_id, epoch, size, prev_size, recorded_at, root, frontier, note FROM audit_commits ORDER BY tenant_id, epoch, size")
	for _, row := range list {
		at := tree{row.Tenant, row.Epoch}
		root, err := tlog.TreeHash(row.Size, stored[at])
		require.NoError(t, err)
		require.Equal(t, root[:], row.Root, "root of %v at %d", at, row.Size)
		text, err := r.Open([]byte(row.Note))
		require.NoError(t, err)
		signed, err := merkle.ParseCheckpoint(text)
		require.NoError(t, err)
		assert.True(t, signed.RecordedAt.Equal(row.RecordedAt), "%s is not %s", signed.RecordedAt, row.RecordedAt)
		signed.RecordedAt = time.Time{}
		assert.Equal(t, merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, row.Tenant, row.Epoch), Size: row.Size, Root: merkle.Hash(root), PrevSize: row.Prev}, signed)
		frontier, err := merkle.ParseFrontier(row.Size, row.Frontier)
		require.NoError(t, err)
		assert.Equal(t, merkle.Hash(root), frontier.Root())
		for _, leaf := range leaves[at][row.Prev:row.Size] {
			require.True(t, leaf.RecordedAt.Equal(row.RecordedAt))
		}
	}
	return len(list)
}

// hashes are stored hashes in memory.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = h[index]
	}
	return out, nil
}

func TestEveryCommitIsSealed(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	file := filepath.Join(t.TempDir(), "anchors")
	c := newCollector(t, d.WriterURL, ring(t, "one"), file)
	for i := range 5 {
		c.stores(t, append(events(t, "acme", 10*i, 7), events(t, "globex", 10*i, 3)...))
	}
	require.Equal(t, 10, checkTrees(t, d, ring(t, "one")))
	note, err := c.anchors.Latest(merkle.TenantOrigin(logName, "acme", 0))
	require.NoError(t, err)
	newest := rows[commitRow](t, d, "SELECT tenant_id, epoch, size, prev_size, recorded_at, root, frontier, note FROM audit_commits WHERE tenant_id = 'acme' ORDER BY size DESC LIMIT 1")
	require.Equal(t, newest[0].Note, string(note))
}
