package oldstore

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/epoch"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

var writeTo = flag.String("write", "", "`directory` that TestWriteFixture makes")

// TestWriteFixture makes a fixture of this version in the directory that -write
// names. Without it, it makes one in a temporary directory and reads it back, so
// that it still works when it is needed.
func TestWriteFixture(t *testing.T) {
	dir := *writeTo
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "fixture")
	}
	require.NoError(t, os.Mkdir(dir, 0o700))
	f := &fixtureWriter{t: t, dir: dir, db: storetest.NewDatabase(t), rng: rand.New(rand.NewPCG(3, 1))}
	f.makeKeys()
	f.write()
	f.dump()
	verifyFixture(t, dir)
}

const logName = "audit.example.com/fixture"

type fixtureWriter struct {
	t       *testing.T
	dir     string
	db      *storetest.Database
	rng     *rand.Rand
	rings   [3]*keys.Ring
	macs    *keys.MACRing
	anchors *anchor.File
	writer  *store.Writer
	journal *journal.Writer
	beside  *anchor.File // the journal's anchors
	records int
	summary summary
}

// summary is what a fixture is known to hold, for the test that reads it.
type summary struct {
	Schema    int64            `json:"schema"`
	Sizes     map[string]int64 `json:"sizes"` // events per tenant and epoch, removed ones included: "tenant/0"
	Removed   int64            `json:"removed"`
	Entries   int64            `json:"journal_entries"`
	LastEvent string           `json:"last_event"` // of tenant acme
}

func (f *fixtureWriter) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fixtureWriter) save(name, text string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(f.path(name), []byte(text), 0o600))
}

func (f *fixtureWriter) makeKeys() {
	f.t.Helper()
	var private, public [2]string
	for i := range private {
		var err error
		private[i], public[i], err = keys.Generate(rand.NewChaCha8([32]byte{'f', 'i', 'x', byte(i)}), logName)
		require.NoError(f.t, err)
	}
	for i, lines := range [][]string{{private[0]}, {private[0], private[1]}, {private[1], public[0]}} {
		ring, err := keys.ParseRing([]byte(strings.Join(lines, "\n")))
		require.NoError(f.t, err)
		f.rings[i] = ring
	}
	f.save("log.key", "# Signs this fixture and nothing else.\n"+private[1]+"\n"+public[0]+"\n")
	f.save("trust", fmt.Sprintf("%s\n%s %s - -\n%s %s - -\n", keys.TrustHeader, public[0], logName, public[1], logName))
	text := "edge-1 " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("fixture!", 4))) + "\n"
	f.save("mac.keys", text)
	var err error
	f.macs, err = keys.ParseMACRing([]byte(text))
	require.NoError(f.t, err)
}

// write makes both sinks go through what a store goes through.
func (f *fixtureWriter) write() {
	f.t.Helper()
	var err error
	f.anchors, err = anchor.Open(f.path("anchors"))
	require.NoError(f.t, err)
	f.beside, err = anchor.Open(f.path("journal-anchors"))
	require.NoError(f.t, err)
	f.summary.Sizes = map[string]int64{}
	f.open(f.rings[0])
	for range 3 {
		f.batch("acme", 8)
		f.batch("globex", 5)
		f.batch("initech", 3)
	}
	f.lose("initech")
	f.open(f.rings[1])
	f.system("audit.key.rotate", record.Value{})
	f.batch("acme", 8)
	f.batch("initech", 4)
	f.open(f.rings[2])
	f.system("audit.key.retire", record.Value{})
	f.prune("globex")
	f.batch("acme", 8)
	f.batch("globex", 5)
	f.quarantine()
	f.close()
	require.NoError(f.t, f.anchors.Close())
	require.NoError(f.t, f.beside.Close())
}

func (f *fixtureWriter) close() {
	if f.writer != nil {
		f.writer.Close()
		require.NoError(f.t, f.journal.Close())
	}
}

// open starts both sinks anew with a key file.
func (f *fixtureWriter) open(ring *keys.Ring) {
	f.t.Helper()
	f.close()
	f.writer = newWriter(f.t, f.db.WriterURL, ring, f.anchors)
	var err error
	f.journal, err = journal.Open(journal.Options{
		Directory: f.path("journal"), Name: "journal", Ring: ring, Anchors: f.beside, Now: time.Now, MaxSegmentBytes: 32 << 10,
	})
	require.NoError(f.t, err)
}

func newWriter(t *testing.T, url string, ring *keys.Ring, anchors *anchor.File) *store.Writer {
	t.Helper()
	config, err := pgurl.Parse(url, "oldstore")
	require.NoError(t, err)
	return store.NewWriter(store.WriterOptions{
		Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now,
		Sealer: seal.New(seal.Options{Ring: ring, Anchors: anchors, Now: time.Now}),
	})
}

func (f *fixtureWriter) batch(tenant string, n int) {
	f.t.Helper()
	records := make([]*record.Record, n)
	for i := range records {
		rec := recordtest.Arbitrary(f.rng)
		if i == 0 {
			rec = recordtest.Typical()
		}
		f.records++
		rec.TenantID, rec.EventID = tenant, fmt.Sprintf("event-%04d", f.records)
		require.Nil(f.t, rec.Normalize())
		records[i] = rec
	}
	f.store(records...)
	f.append(records...)
}

func (f *fixtureWriter) mac(rec *record.Record) string {
	if rec.TenantID != "acme" {
		return ""
	}
	return f.macs.Sign(record.LeafHash(rec.AppendCanonical(nil)))
}

func (f *fixtureWriter) store(records ...*record.Record) {
	f.t.Helper()
	writeAll(f.t, f.writer, f.mac, records...)
	for _, rec := range records {
		key := rec.TenantID + "/0"
		if _, begun := f.summary.Sizes[rec.TenantID+"/1"]; begun {
			key = rec.TenantID + "/1"
		}
		f.summary.Sizes[key]++
		if rec.TenantID == "acme" {
			f.summary.LastEvent = rec.EventID
		}
	}
}

func writeAll(t *testing.T, writer *store.Writer, mac func(*record.Record) string, records ...*record.Record) {
	t.Helper()
	var encoder store.Encoder
	events := make([]*store.Event, len(records))
	for i, rec := range records {
		event, err := encoder.Encode(rec, mac(rec))
		require.NoError(t, err)
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	require.NoError(t, writer.Write(t.Context(), events, outcomes))
	for _, o := range outcomes {
		require.Equal(t, store.Stored, o.Status, o.Cause)
	}
}

func (f *fixtureWriter) append(records ...*record.Record) {
	f.t.Helper()
	var hasher journal.Hasher
	entries := make([]journal.Entry, len(records))
	for i, rec := range records {
		var err error
		entries[i], err = hasher.NewEntry(rec.AppendCanonical(nil), f.mac(rec))
		require.NoError(f.t, err)
	}
	_, err := f.journal.Append(f.t.Context(), entries)
	require.NoError(f.t, err)
	f.summary.Entries += int64(len(entries))
}

func (f *fixtureWriter) system(action string, payload record.Value) (eventID string) {
	f.t.Helper()
	f.records++
	id := fmt.Sprintf("system-%04d", f.records)
	f.store(&record.Record{
		TenantID: "_system", EventID: id, Action: action, Outcome: record.OutcomeSuccess, Payload: payload,
		Actor:        record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("operator")),
		TimeUnixNano: 1_763_800_000_000_000_000,
	})
	return id
}

// admin is the superuser's session, with triggers off.
func (f *fixtureWriter) admin(statement string, args ...any) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.db.SuperURL)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	_, err = conn.Exec(f.t.Context(), `SET session_replication_role = replica`)
	require.NoError(f.t, err)
	_, err = conn.Exec(f.t.Context(), statement, args...)
	require.NoError(f.t, err)
}

// lose takes a tenant's last commit away, as the restore of a backup does, and
// opens the next epoch as an operator does.
func (f *fixtureWriter) lose(tenant string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.db.SuperURL)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	var prev int64
	require.NoError(f.t, conn.QueryRow(f.t.Context(), `SELECT max(prev_size) FROM audit_commits WHERE tenant_id = $1`, tenant).Scan(&prev))
	f.admin(`DELETE FROM audit_events WHERE tenant_id = $1 AND seq >= $2`, tenant, prev)
	f.admin(`DELETE FROM audit_event_ids WHERE tenant_id = $1 AND seq >= $2`, tenant, prev)
	f.admin(`DELETE FROM audit_commits WHERE tenant_id = $1 AND size > $2`, tenant, prev)
	f.summary.Sizes[tenant+"/0"] = prev
	f.summary.Sizes[tenant+"/1"] = 0

	require.NoError(f.t, f.anchors.Sync())
	notes, err := anchor.ReadFile(f.path("anchors"))
	require.NoError(f.t, err)
	known, err := epoch.NewKnown(f.rings[0], notes)
	require.NoError(f.t, err)
	epochs, err := epoch.Connect(f.t.Context(), epoch.Options{URL: f.db.WriterURL, Schema: "public", Ring: f.rings[0], Known: known})
	require.NoError(f.t, err)
	defer epochs.Close(f.t.Context())
	opening, err := epochs.Open(f.t.Context(), tenant, "restored from the backup of Sunday")
	require.NoError(f.t, err)
	require.EqualValues(f.t, 1, opening.Epoch)
}

// prune removes a tenant's first commit as retention will.
func (f *fixtureWriter) prune(tenant string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.db.SuperURL)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	var size int64
	require.NoError(f.t, conn.QueryRow(f.t.Context(), `SELECT min(size) FROM audit_commits WHERE tenant_id = $1`, tenant).Scan(&size))
	n, _ := record.IntValue(size)
	zero, _ := record.IntValue(0)
	intent := f.system("audit.prune", record.EmptyObject().Set("epoch", zero).Set("size", n).Set("tenant", record.StringValue(tenant)))
	f.admin(`INSERT INTO audit_prunes (tenant_id, epoch, size, cutoff, deleted, root, frontier, note, intent_event_id)
		SELECT tenant_id, epoch, size, recorded_at + interval '1 microsecond', size, root, frontier, note, $3
		FROM audit_commits WHERE tenant_id = $1 AND size = $2`, tenant, size, intent)
	f.admin(`DELETE FROM audit_events WHERE tenant_id = $1 AND seq < $2`, tenant, size)
	f.summary.Removed = size
}

func (f *fixtureWriter) quarantine() {
	f.t.Helper()
	q := store.Quarantined{TenantID: "acme", EventID: "bad-1", Action: "order.refund", Reason: record.ReasonMalformed, Detail: "fixture", Encoding: "json", OTLP: []byte(`{}`)}
	q.SHA256[0] = 1
	require.NoError(f.t, f.writer.Quarantine(f.t.Context(), []store.Quarantined{q}))
	line := (&journal.Quarantined{TenantID: "acme", EventID: "bad-1", Action: "order.refund", Reason: record.ReasonMalformed, Detail: "fixture", OTLP: []byte(`{}`), SHA256: hex.EncodeToString(q.SHA256[:])}).AppendLine(nil)
	var hasher journal.Hasher
	entry, err := hasher.NewEntry(line, "")
	require.NoError(f.t, err)
	_, err = f.journal.Append(f.t.Context(), []journal.Entry{entry})
	require.NoError(f.t, err)
	f.summary.Entries++
}

// dump writes the database as plain SQL, one statement per row: what any client
// can run.
func (f *fixtureWriter) dump() {
	f.t.Helper()
	binaries, err := pglocal.Find(f.t.Context())
	require.NoError(f.t, err)
	cmd := exec.CommandContext(f.t.Context(), filepath.Join(binaries.Dir, "pg_dump"), "--inserts", "--no-toast-compression", "--no-comments", f.db.SuperURL)
	text, err := cmd.Output()
	require.NoError(f.t, err)
	f.save("store.sql", string(text))
	conn, err := pgx.Connect(f.t.Context(), f.db.SuperURL)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	require.NoError(f.t, conn.QueryRow(f.t.Context(), `SELECT audit_schema_version()`).Scan(&f.summary.Schema))
	summary, err := json.MarshalIndent(f.summary, "", "  ")
	require.NoError(f.t, err)
	f.save("summary.json", string(summary)+"\n")
	require.NoError(f.t, os.RemoveAll(f.path("journal/lock")))
}
