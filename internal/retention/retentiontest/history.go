// Package retentiontest makes stores with a past: recorded_at is the server's
// clock, so no writer can make one.
package retentiontest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/systemlog"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// LogName is the name of the log of a History.
const LogName = "audit.example.com/retention"

// History is a store to which commits of any time can be added, in order per log.
type History struct {
	DB    *storetest.Database
	Ring  *keys.Ring
	Trust *keys.Trust
	Now   time.Time // of the server, in microseconds

	private, public string

	t     testing.TB
	conn  *pgx.Conn
	trees map[store.LogName]*merkle.Frontier
	count int
}

// New returns one of an empty database.
func New(t testing.TB) *History {
	t.Helper()
	seed := sha256.Sum256([]byte("retention"))
	private, public, err := keys.Generate(strings.NewReader(string(seed[:])), LogName)
	check(t, err)
	h := &History{DB: storetest.NewDatabase(t), private: private, public: public, t: t, trees: make(map[store.LogName]*merkle.Frontier)}
	h.Ring, err = keys.ParseRing([]byte(private))
	check(t, err)
	h.Trust, err = keys.ParseTrust([]byte(keys.TrustHeader + "\n" + public + " " + LogName + " - -\n"))
	check(t, err)
	h.conn, err = pgx.Connect(t.Context(), h.DB.SuperURL)
	check(t, err)
	t.Cleanup(func() { _ = h.conn.Close(context.Background()) })
	h.Exec("SET session_replication_role = replica")
	check(t, h.conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&h.Now))
	h.Now = h.Now.UTC()
	h.Exec(`DO $$ BEGIN
		EXECUTE regexp_replace(replace(pg_get_functiondef('audit_ensure_month'::regproc), 'audit_ensure_month', 'test_ensure_month'),
			'IF at IS NULL OR .*? THEN', 'IF false THEN');
		ALTER FUNCTION test_ensure_month(timestamptz) OWNER TO audit_owner;
	END $$`)
	return h
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Keys are the lines of a key file and of its public half.
func (h *History) Keys() (private, public string) { return h.private, h.public }

// Exec runs SQL as a superuser to whom no trigger applies.
func (h *History) Exec(sql string, args ...any) {
	h.t.Helper()
	_, err := h.conn.Exec(h.t.Context(), sql, args...)
	check(h.t, err)
}

// Number returns what a query counts.
func (h *History) Number(sql string, args ...any) (n int64) {
	h.t.Helper()
	check(h.t, h.conn.QueryRow(h.t.Context(), sql, args...).Scan(&n))
	return n
}

// Texts returns the rows of a query of one column.
func (h *History) Texts(sql string, args ...any) []string {
	h.t.Helper()
	rows, err := h.conn.Query(h.t.Context(), sql, args...)
	check(h.t, err)
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(h.t, err)
	return texts
}

// Commit adds a commit of n events that was recorded at a time; signed with the
// log's key or under no signature.
func (h *History) Commit(tenant string, epoch int32, at time.Time, n int, signed bool) {
	h.t.Helper()
	at = at.UTC().Truncate(time.Microsecond)
	log := store.LogName{Tenant: tenant, Epoch: epoch}
	tree := h.trees[log]
	if tree == nil {
		tree = &merkle.Frontier{}
		h.trees[log] = tree
	}
	h.Exec("SELECT test_ensure_month($1)", at)
	before := tree.Size()
	for range n {
		h.count++
		rec := h.Event(tenant, h.count, at)
		leaf := rec.Leaf()
		h.insert(rec, log, tree.Size(), at, leaf)
		tree.Append(leaf)
	}
	var root, frontier, note any
	if signed {
		sum := tree.Root()
		checkpoint := merkle.Checkpoint{Origin: merkle.TenantOrigin(LogName, tenant, epoch), Size: tree.Size(), Root: sum, RecordedAt: at, PrevSize: before}
		text, err := h.Ring.Sign(checkpoint.Text())
		check(h.t, err)
		root, frontier, note = sum[:], tree.Bytes(), string(text)
	}
	h.Exec(`INSERT INTO audit_commits (size, prev_size, recorded_at, epoch, tenant_id, root, frontier, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tree.Size(), before, at, epoch, tenant, root, frontier, note)
}

// OpenEpoch writes the statement that closes the epoch before.
func (h *History) OpenEpoch(tenant string, epoch int32, at time.Time) {
	h.t.Helper()
	tree := h.trees[store.LogName{Tenant: tenant, Epoch: epoch - 1}]
	s := merkle.EpochStatement{
		Origin: merkle.TenantOrigin(LogName, tenant, epoch), PreviousOrigin: merkle.TenantOrigin(LogName, tenant, epoch-1),
		PreviousSize: tree.Size(), PreviousRoot: tree.Root(), RecordedAt: at.UTC().Truncate(time.Microsecond), Reason: "a new epoch",
	}
	note, err := h.Ring.Sign(s.Text())
	check(h.t, err)
	h.Exec(`INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.RecordedAt, s.PreviousSize, epoch, tenant, s.Reason, string(note))
}

// Event is the record with a number.
func (h *History) Event(tenant string, n int, at time.Time) *record.Record {
	text := record.StringValue
	return &record.Record{
		TenantID: tenant, EventID: fmt.Sprintf("ev-%08d", n), Action: fmt.Sprintf("invoice.act%d", n%3), Outcome: record.OutcomeSuccess,
		Actor:        record.EmptyObject().Set("type", text("user")).Set("id", text("alice")),
		Target:       record.EmptyObject().Set("type", text("invoice")).Set("id", text(strconv.Itoa(n%5))),
		TimeUnixNano: at.UnixNano() - int64(time.Millisecond),
	}
}

func (h *History) insert(rec *record.Record, log store.LogName, seq int64, at time.Time, leaf merkle.Hash) {
	h.t.Helper()
	h.Exec(`INSERT INTO audit_events (seq, recorded_at, epoch, tenant_id, event_id, action, outcome, actor, target, time_unix_nano, leaf_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, seq, at, log.Epoch, rec.TenantID, rec.EventID, rec.Action, rec.Outcome,
		string(rec.Actor.AppendJSON(nil)), string(rec.Target.AppendJSON(nil)), rec.TimeUnixNano, leaf[:])
	fingerprint := rec.Fingerprint()
	h.Exec(`INSERT INTO audit_event_ids (recorded_at, seq, epoch, kind, tenant_id, id, fingerprint) VALUES ($1, $2, $3, 'e', $4, $5, $6)`,
		at, seq, log.Epoch, rec.TenantID, rec.EventID, fingerprint[:])
}

// Log writes with the log's key.
func (h *History) Log() *systemlog.Log {
	return &systemlog.Log{URL: h.DB.WriterURL, Schema: "public", Ring: h.Ring, Now: time.Now}
}

// Verify returns the report of an auditor.
func (h *History) Verify() *verify.Report {
	h.t.Helper()
	report, err := verify.Store(h.t.Context(), verify.Options{Database: store.Options{URL: h.DB.AuditorURL}, Trust: h.Trust, Workers: 2})
	check(h.t, err)
	return report
}

// Pruner is a connection in the pruner role.
func (h *History) Pruner() *store.Pruner {
	h.t.Helper()
	reader, err := store.Connect(h.t.Context(), store.Options{URL: h.DB.PrunerURL})
	check(h.t, err)
	h.t.Cleanup(reader.Close)
	return reader.Pruner()
}

// Resign gives the only commit of a log another time, signed anew.
func (h *History) Resign(tenant string, at time.Time) {
	h.t.Helper()
	var size int64
	var root []byte
	check(h.t, h.conn.QueryRow(h.t.Context(), `SELECT size, root FROM audit_commits WHERE tenant_id = $1`, tenant).Scan(&size, &root))
	at = at.UTC().Truncate(time.Microsecond)
	checkpoint := merkle.Checkpoint{Origin: merkle.TenantOrigin(LogName, tenant, 0), Size: size, Root: merkle.Hash(root), RecordedAt: at}
	note, err := h.Ring.Sign(checkpoint.Text())
	check(h.t, err)
	h.Exec(`UPDATE audit_commits SET recorded_at = $2, note = $3 WHERE tenant_id = $1`, tenant, at, string(note))
}
