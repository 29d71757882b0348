package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const logName = "audit.example.com/test"

// trail is a signed store with its keys and anchors.
type trail struct {
	t       testing.TB
	db      *storetest.Database
	ring    *keys.Ring
	trust   *keys.Trust
	anchors string // file
	sealer  *seal.Sealer
	writer  *store.Writer
	macs    *keys.MACRing
}

func keyPair(t testing.TB, seed string) (private, public string) {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	private, public, err := keys.Generate(bytes.NewReader(sum[:]), logName)
	require.NoError(t, err)
	return private, public
}

func newTrail(t testing.TB) *trail {
	t.Helper()
	private, public := keyPair(t, "first")
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	trust, err := keys.ParseTrust([]byte(keys.TrustHeader + "\n" + public + " " + logName + " - -\n"))
	require.NoError(t, err)
	v := &trail{t: t, db: storetest.NewDatabase(t), ring: ring, trust: trust, anchors: filepath.Join(t.TempDir(), "anchors")}
	file, err := anchor.Open(v.anchors)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	v.sealer = seal.New(seal.Options{Ring: ring, Anchors: file, Now: time.Now})
	v.writer = v.newWriter(v.sealer)
	return v
}

func (v *trail) newWriter(sealer store.Sealer) *store.Writer {
	v.t.Helper()
	config, err := pgurl.Parse(v.db.WriterURL, "test")
	require.NoError(v.t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", Sealer: sealer, Now: time.Now})
	v.t.Cleanup(w.Close)
	return w
}

// write commits records as one batch.
func (v *trail) write(records ...*record.Record) {
	v.t.Helper()
	v.writeWith(v.writer, records...)
}

func (v *trail) writeWith(w *store.Writer, records ...*record.Record) {
	v.t.Helper()
	var enc store.Encoder
	events := make([]*store.Event, len(records))
	for i, rec := range records {
		mac := ""
		if v.macs != nil {
			mac = v.macs.Sign(record.LeafHash(rec.AppendCanonical(nil)))
		}
		event, err := enc.Encode(rec, mac)
		require.NoError(v.t, err)
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	require.NoError(v.t, w.Write(v.t.Context(), events, outcomes))
	for i, outcome := range outcomes {
		require.Equal(v.t, store.Stored, outcome.Status, "%d: %v", i, outcome)
	}
}

// event returns a record whose id sorts by its number, so that the seqs of one
// batch are the order of its events.
func event(tenant string, n int) *record.Record {
	text := record.StringValue
	return &record.Record{
		TenantID: tenant, EventID: fmt.Sprintf("ev-%06d", n), Action: "invoice.approve", Outcome: record.OutcomeSuccess,
		Actor:          record.EmptyObject().Set("type", text("user")).Set("id", text(fmt.Sprintf("u-%d", n%7))),
		Target:         record.EmptyObject().Set("type", text("invoice")).Set("id", text(strconv.Itoa(n))),
		Context:        record.EmptyObject().Set("ip", text("192.0.2.7")).Set("request_id", text(fmt.Sprintf("r-%d", n))),
		Payload:        record.EmptyObject().Set("amount", record.NumberValue(float64(n)+0.25)).Set("currency", text("EUR")),
		IdempotencyKey: fmt.Sprintf("key-%s-%d", tenant, n), TimeUnixNano: 1_763_800_000_123_456_789 + int64(n), Severity: 9,
		Reason: "because",
	}
}

// fill writes n events of a tenant in batches of at most size.
func (v *trail) fill(tenant string, from, n, size int) {
	v.t.Helper()
	for at := from; at < from+n; at += size {
		var batch []*record.Record
		for i := at; i < min(at+size, from+n); i++ {
			batch = append(batch, event(tenant, i))
		}
		v.write(batch...)
	}
}

// options are those of an auditor with the anchors of now.
func (v *trail) options() verify.Options {
	v.t.Helper()
	notes, err := anchor.ReadFile(v.anchors)
	require.NoError(v.t, err)
	return verify.Options{Database: store.Options{URL: v.db.AuditorURL}, Trust: v.trust, Anchors: notes, Workers: 2}
}

func (v *trail) verify(change ...func(*verify.Options)) *verify.Report {
	v.t.Helper()
	o := v.options()
	for _, c := range change {
		c(&o)
	}
	report, err := verify.Store(v.t.Context(), o)
	require.NoError(v.t, err)
	return report
}

// tamper runs SQL as a superuser to whom no trigger applies.
func (v *trail) tamper(sql string, args ...any) {
	v.t.Helper()
	conn, err := pgx.Connect(v.t.Context(), v.db.SuperURL)
	require.NoError(v.t, err)
	defer func() { require.NoError(v.t, conn.Close(context.Background())) }()
	_, err = conn.Exec(v.t.Context(), "SET session_replication_role = replica")
	require.NoError(v.t, err)
	_, err = conn.Exec(v.t.Context(), sql, args...)
	require.NoError(v.t, err)
}

// found are the findings in short: kind tenant/epoch[seq,until) id.
func found(report *verify.Report) []string {
	lines := []string{}
	for _, f := range report.Findings {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s/%d[%d,%d) %s", f.Kind, f.Tenant, f.Epoch, f.Seq, f.Until, f.EventID)))
	}
	return lines
}

func requireIntact(t testing.TB, report *verify.Report) {
	t.Helper()
	require.Empty(t, report.Findings)
	require.Empty(t, report.Unchecked)
	require.Equal(t, verify.Intact, report.Verdict)
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 3)) }

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// rotate goes on with other keys.
func (v *trail) rotate(ring *keys.Ring) {
	v.t.Helper()
	v.ring = ring
	v.sealer = seal.New(seal.Options{Ring: ring, Now: time.Now})
	v.writer = v.newWriter(v.sealer)
}
