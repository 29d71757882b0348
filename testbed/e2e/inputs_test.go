package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

// TestInputs sends what applications send to one collector and compares the
// database with it.
func TestInputs(t *testing.T) { //nolint:tparallel // the subtests share one collector
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	d := deploy(t, "gateway.yaml", db.environment()).start()

	// One group, so that everything is checked together at its end.
	t.Run("all", func(t *testing.T) {
		t.Run("protocols", func(t *testing.T) { protocols(t, d, db) })
		t.Run("shapes", func(t *testing.T) { shapes(t, d, db) })
		t.Run("again", func(t *testing.T) { again(t, d, db) })
		t.Run("several tenants in one request", func(t *testing.T) { severalTenants(t, d, db) })
		t.Run("one identity, two events", func(t *testing.T) { conflict(t, d, db) })
		t.Run("nothing", func(t *testing.T) { require.NoError(t, d.client().Send(within(t, patience), plog.NewLogs())) })
	})
	consistent(t, db)
}

// protocols sends requests of 1 to 10,000 audit records, ordinary ones between
// them, by every protocol, encoding and compression.
func protocols(t *testing.T, d *deployment, db *databaseURLs) {
	grpc := func(o otlpclient.Options) func(*testing.T) otlpclient.Client {
		return func(t *testing.T) otlpclient.Client {
			t.Helper()
			c, err := otlpclient.DialGRPC(d.grpc, o)
			require.NoError(t, err)
			return c
		}
	}
	web := func(o otlpclient.Options) func(*testing.T) otlpclient.Client {
		return func(*testing.T) otlpclient.Client { return otlpclient.NewHTTP(d.http, o) }
	}
	for _, protocol := range []struct {
		name  string
		make  func(*testing.T) otlpclient.Client
		sizes []int
	}{
		{"grpc", grpc(otlpclient.Options{}), []int{1, 2, 100, 1000, 10000}},
		{"grpc gzip", grpc(otlpclient.Options{Gzip: true}), []int{1, 1000}},
		{"http protobuf", web(otlpclient.Options{}), []int{1, 100, 10000}},
		{"http protobuf gzip", web(otlpclient.Options{Gzip: true}), []int{1, 1000}},
		{"http json", web(otlpclient.Options{JSON: true}), []int{1, 100, 10000}},
		{"http json gzip", web(otlpclient.Options{JSON: true, Gzip: true}), []int{1, 1000}},
	} {
		t.Run(protocol.name, func(t *testing.T) {
			client := protocol.make(t)
			defer client.Close()
			for _, size := range protocol.sizes {
				run := fmt.Sprintf("p%s%d", strings.ReplaceAll(protocol.name, " ", ""), size)
				g := generator(run, loadgen.Options{Tenants: 7, OrdinaryShare: 0.3, RecordIDs: 0.5, FillerBytes: 50})
				ledger := loadgen.NewLedger()
				logs, events := g.Request(size)
				require.NoError(t, loadgen.Deliver(within(t, 60*time.Second), client, logs, events, ledger, loadgen.Patience{Timeout: 60 * time.Second}), "%d records", size)
				report := tally(t, db.Auditor, run, ledger)
				assert.Equal(t, size, report.Stored, "%d records", size)
			}
		})
	}
}

// shapes compares every column that every shape carries.
func shapes(t *testing.T, d *deployment, db *databaseURLs) {
	conn := connect(t, db.Auditor)
	for _, shape := range loadgen.Shapes() {
		t.Run(string(shape), func(t *testing.T) {
			run := "shape" + strings.ReplaceAll(string(shape), "_", "")
			g := generator(run, loadgen.Options{Shapes: []loadgen.Shape{shape}, FillerBytes: 20})
			logs, events := g.Request(1)
			e := events[0]
			require.NoError(t, d.client().Send(within(t, patience), logs))
			var tenant, action, outcome, actorType, actorID, targetType string
			var at int64
			var attributes, body, payload, source []byte
			err := conn.QueryRow(t.Context(), `SELECT tenant_id, action, outcome, actor_type, actor_id, target_type, time_unix_nano,
				coalesce(attributes, 'null'), coalesce(body, 'null'), coalesce(payload, 'null'), coalesce(source, 'null') FROM audit_events WHERE target_id = $1`, e.Marker).
				Scan(&tenant, &action, &outcome, &actorType, &actorID, &targetType, &at, &attributes, &body, &payload, &source)
			require.NoError(t, err, "not stored; quarantine: %s", quarantineReasons(t, conn))
			assert.Equal(t, e.Tenant, tenant)
			assert.Equal(t, "item.update", action)
			assert.Equal(t, e.Outcome, outcome)
			assert.Contains(t, []string{"user", "agent", "service"}, actorType)
			assert.Contains(t, []string{"usr-7", "agent-7", "svc-7"}, actorID)
			assert.Equal(t, "item", targetType)
			assert.Equal(t, e.Time.UnixNano(), at)
			assert.JSONEq(t, fmt.Sprintf(`{"filler":%q}`, e.Filler), string(payload))
			assert.Contains(t, string(source), "app-0")
			// The data is taken out of where it was: no second copy.
			assert.NotContains(t, string(attributes), e.Marker)
			assert.NotContains(t, string(body), e.Marker)
			switch shape {
			case loadgen.BodyMap, loadgen.BodyText, loadgen.JSONText:
				var rest map[string]any
				require.NoError(t, json.Unmarshal(body, &rest))
				assert.Contains(t, rest, "note", "what else was in the body is kept")
			default:
			}
		})
	}
}

// again sends the same request twice, one after the other and many at once.
func again(t *testing.T, d *deployment, db *databaseURLs) {
	client := d.client()
	g := generator("again", loadgen.Options{Tenants: 3, OrdinaryShare: 0.2, RecordIDs: 0.5, FillerBytes: 10})
	ledger := loadgen.NewLedger()
	logs, events := g.Request(200)
	for range 2 {
		require.NoError(t, loadgen.Deliver(within(t, patience), client, logs, events, ledger, loadgen.Patient))
	}
	assert.Equal(t, 200, reckon(t, db, "again", ledger).Stored)

	// By another protocol, in another order, from another resource: still the
	// same events.
	reordered := make([]loadgen.Event, 0, len(events))
	for i := range events {
		reordered = append(reordered, events[len(events)-1-i])
	}
	web := otlpclient.NewHTTP(d.http, otlpclient.Options{JSON: true})
	withIDs := reordered[:0]
	for _, e := range reordered {
		if e.ID != "" { // without an id the resource is part of what identifies an event
			withIDs = append(withIDs, e)
		}
	}
	require.NoError(t, loadgen.Deliver(within(t, patience), web, g.Pack(withIDs), withIDs, ledger, loadgen.Patient))
	assert.Equal(t, 200, reckon(t, db, "again", ledger).Stored)

	logs, events = g.Request(500)
	var wait sync.WaitGroup
	errs := make(chan error, 8)
	for range cap(errs) {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			errs <- loadgen.Deliver(ctx, client, logs, events, ledger, loadgen.Patient)
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	assert.Equal(t, 700, reckon(t, db, "again", ledger).Stored)
}

// TestMonthTurned lets what was stored become last month's and sends it again.
// The time of a commit is signed and anchored, so only whoever has the key can
// date it back, and only a collector that has seen nothing of it goes on.
func TestMonthTurned(t *testing.T) {
	t.Parallel()
	acquire(t, 1)
	db := newDatabase(t)
	before := deploy(t, "gateway.yaml", db.environment()).start()
	g := generator("month", loadgen.Options{Tenants: 2, RecordIDs: 0.5})
	ledger := loadgen.NewLedger()
	logs, events := g.Request(50)
	require.NoError(t, loadgen.Deliver(within(t, patience), before.client(), logs, events, ledger, loadgen.Patient))
	before.stop()
	turnMonth(t, db, "month-")
	require.Equal(t, verify.Tampered, verified(t, db).Verdict, "the anchors know when it was")
	require.NoError(t, os.Remove(before.env["AUDIT_ANCHOR_FILE"]))

	client := deploy(t, "gateway.yaml", db.environment()).start().client()
	require.NoError(t, loadgen.Deliver(within(t, patience), client, logs, events, ledger, loadgen.Patient))
	assert.Equal(t, 50, reckon(t, db, "month", ledger).Stored)

	more, moreEvents := g.Request(50)
	require.NoError(t, loadgen.Deliver(within(t, patience), client, more, moreEvents, ledger, loadgen.Patient))
	assert.Equal(t, 100, reckon(t, db, "month", ledger).Stored, "the trail goes on in this month")
}

// turnMonth moves the events of some tenants into last month's partition, as if
// they had been stored then.
func turnMonth(t *testing.T, db *databaseURLs, tenantPrefix string) {
	t.Helper()
	conn := connect(t, db.Owner)
	ctx := within(t, patience)
	tx, err := conn.Begin(ctx)
	require.NoError(t, err)
	var from, to, columns string
	require.NoError(t, tx.QueryRow(ctx, `SELECT audit_ensure_month(now()), audit_ensure_month(date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '1 day')`).Scan(&from, &to))
	require.NoError(t, tx.QueryRow(ctx, `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'audit_events'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> 'recorded_at'`).Scan(&columns))
	for _, sql := range []string{
		`SET LOCAL timezone = 'UTC'`,
		`SET LOCAL session_replication_role = replica`,
		fmt.Sprintf(`INSERT INTO %s (%s, recorded_at) SELECT %[2]s, recorded_at - interval '1 month' FROM %[3]s WHERE starts_with(tenant_id, %s)`, to, columns, from, quote(tenantPrefix)),
		fmt.Sprintf(`DELETE FROM %s WHERE starts_with(tenant_id, %s)`, from, quote(tenantPrefix)),
		fmt.Sprintf(`UPDATE audit_event_ids SET recorded_at = recorded_at - interval '1 month' WHERE starts_with(tenant_id, %s)`, quote(tenantPrefix)),
		fmt.Sprintf(`UPDATE audit_commits SET recorded_at = recorded_at - interval '1 month' WHERE starts_with(tenant_id, %s)`, quote(tenantPrefix)),
	} {
		_, err := tx.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	signAgain(ctx, t, db, tx, tenantPrefix)
	require.NoError(t, tx.Commit(ctx))
}

// signAgain signs commits with the times that they have now.
func signAgain(ctx context.Context, t *testing.T, db *databaseURLs, tx pgx.Tx, tenantPrefix string) {
	t.Helper()
	ring, err := keys.LoadRing(db.Key)
	require.NoError(t, err)
	type commit struct {
		tenant string
		merkle.Checkpoint
	}
	rows, err := tx.Query(ctx, `SELECT tenant_id, size, prev_size, root, recorded_at FROM audit_commits WHERE starts_with(tenant_id, $1)`, tenantPrefix)
	require.NoError(t, err)
	commits, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c commit, err error) {
		var root []byte
		err = row.Scan(&c.tenant, &c.Size, &c.PrevSize, &root, &c.RecordedAt)
		copy(c.Root[:], root)
		return c, err
	})
	require.NoError(t, err)
	for i := range commits {
		c := &commits[i]
		c.Origin = merkle.TenantOrigin(signing.LogName, c.tenant, 0)
		note, err := ring.Sign(c.Text())
		require.NoError(t, err)
		_, err = tx.Exec(ctx, `UPDATE audit_commits SET note = $3 WHERE tenant_id = $1 AND size = $2`, c.tenant, c.Size, string(note))
		require.NoError(t, err)
	}
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// severalTenants checks that seq of each tenant stands for itself.
func severalTenants(t *testing.T, d *deployment, db *databaseURLs) {
	g := generator("tenants", loadgen.Options{Tenants: 100})
	ledger := loadgen.NewLedger()
	for range 3 {
		logs, events := g.Request(300)
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
	}
	reckon(t, db, "tenants", ledger)
	var tenants, events int
	require.NoError(t, connect(t, db.Auditor).QueryRow(t.Context(),
		`SELECT count(DISTINCT tenant_id), count(*) FROM audit_events WHERE starts_with(tenant_id, 'tenants-')`).Scan(&tenants, &events))
	assert.Equal(t, 100, tenants)
	assert.Equal(t, 900, events)
}

// conflict sends two different events under one record id: the first stays, the
// second is kept in quarantine.
func conflict(t *testing.T, d *deployment, db *databaseURLs) {
	g := generator("conflict", loadgen.Options{Shapes: []loadgen.Shape{loadgen.Flat}, RecordIDs: 1})
	first, second := g.Event(), g.Event()
	first.ID, second.ID = "one-id", "one-id"
	ledger := loadgen.NewLedger()
	for _, events := range [][]loadgen.Event{{first}, {second}, {second}} {
		require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), g.Pack(events), events, ledger, loadgen.Patient))
	}
	report := reckon(t, db, "conflict", ledger)
	assert.Equal(t, 1, report.Stored)
	assert.Equal(t, 1, report.Quarantine)
	var reason string
	require.NoError(t, connect(t, db.Auditor).QueryRow(t.Context(),
		`SELECT reason FROM audit_quarantine WHERE position(convert_to($1, 'UTF8') IN otlp) > 0`, second.Marker).Scan(&reason))
	assert.Equal(t, "conflict", reason)
}
