package retention_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const day = 24 * time.Hour

func options(h *retentiontest.History, age time.Duration) retention.Options {
	return retention.Options{Age: age, BatchSize: 7, Now: time.Now, Announcer: &retention.KeyAnnouncer{Log: h.Log()}}
}

func requireIntact(t *testing.T, h *retentiontest.History) {
	t.Helper()
	report := h.Verify()
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Intact, report.Verdict, report.Unchecked)
}

// left are the seqs that a tenant has, first and number.
func left(h *retentiontest.History, tenant string) string {
	return h.Texts(`SELECT format('%s+%s', coalesce(min(seq)::text, '-'), count(*)) FROM audit_events WHERE tenant_id = $1 AND epoch = 0 AND action <> 'audit.prune'`, tenant)[0]
}

func TestWhatIsExpiredGoesAndTheRestVerifies(t *testing.T) {
	h := retentiontest.New(t)
	for i := range 10 { // 100 days ago, 90, …, 10 days ago
		h.Commit("acme", 0, h.Now.Add(-time.Duration(100-10*i)*day), 5, true)
	}
	h.Commit("globex", 0, h.Now.Add(-20*day), 5, true)
	requireIntact(t, h)
	pruner := h.Pruner()
	preview, err := retention.PreviewPrune(t.Context(), pruner, options(h, 55*day))
	require.NoError(t, err)
	require.EqualValues(t, 25, preview.Rows)
	require.Positive(t, preview.Bytes)
	require.Equal(t, "acme", preview.ByTenant[0].Tenant)

	var told []retention.Progress
	o := options(h, 55*day)
	o.Progress = func(p retention.Progress) { told = append(told, p) }
	result, err := retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	require.EqualValues(t, 25, result.Deleted)
	require.Zero(t, result.Remaining)
	require.Equal(t, preview.Partitions, result.Partitions)
	require.Equal(t, preview.Batches, result.Batches)
	require.Len(t, told, int(result.Batches))
	require.Equal(t, "25+25", left(h, "acme"))
	require.Equal(t, "0+5", left(h, "globex"))
	requireIntact(t, h)
	require.EqualValues(t, 1, h.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = '_system' AND action = 'audit.prune'`), "one announcement")
	require.EqualValues(t, 1, h.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = 'acme' AND action = 'audit.prune'`), "the tenant's own log tells")
	require.Equal(t, h.Number(`SELECT count(*) FROM audit_prunes`), h.Number(`SELECT count(*) FROM audit_outbox WHERE record ->> 'action' = 'audit.prune.complete'`))
	require.EqualValues(t, 50, h.Number(`SELECT count(*) FROM audit_event_ids WHERE tenant_id = 'acme' AND id LIKE 'ev-%'`), "identities stay for 90 days")

	again, err := retention.Run(t.Context(), pruner, options(h, 55*day))
	require.NoError(t, err)
	require.Zero(t, again.Deleted)
	require.EqualValues(t, 1, h.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = '_system'`), "nothing to announce")

	h.Exec(`UPDATE audit_prunes SET recorded_at = recorded_at - interval '91 days'`)
	forgotten, err := retention.Run(t.Context(), pruner, options(h, 55*day))
	require.NoError(t, err)
	require.EqualValues(t, 25, forgotten.Identities)
	requireIntact(t, h)
}

// Random stores, holds and policies: what is left is what the rules say, worked
// out here by other means, and a preview says it before.
func TestWhatIsLeftIsWhatThePoliciesSay(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { randomStore(t, rand.New(rand.NewPCG(seed, 9))) })
	}
}

type planned struct {
	at     time.Time
	n      int
	target map[int]bool // of its events
}

func randomStore(t *testing.T, random *rand.Rand) {
	h := retentiontest.New(t)
	tenants := []string{"a", "b", "c", "d"}
	commits := make(map[store.LogName][]planned)
	number := 0
	for _, tenant := range tenants {
		for epoch := range int32(1 + random.IntN(2)) {
			log := store.LogName{Tenant: tenant, Epoch: epoch}
			at := h.Now.Add(-time.Duration(150+random.IntN(60)) * day)
			if epoch > 0 {
				last := commits[store.LogName{Tenant: tenant, Epoch: epoch - 1}]
				at = last[len(last)-1].at.Add(time.Hour)
				h.OpenEpoch(tenant, epoch, at)
			}
			for range 3 + random.IntN(8) {
				at = at.Add(time.Duration(random.IntN(12*24)) * time.Hour)
				if at.After(h.Now.Add(-time.Hour)) {
					at = h.Now.Add(-time.Hour)
				}
				c := planned{at: at, n: 1 + random.IntN(9), target: make(map[int]bool)}
				for range c.n {
					number++
					c.target[number%5] = true
				}
				commits[log] = append(commits[log], c)
				h.Commit(tenant, epoch, at, c.n, true)
			}
		}
	}
	policies := map[string]int{"_default": 60, "a": 30, "b": 120}
	for tenant, days := range policies {
		h.Exec(`INSERT INTO audit_retention (tenant_id, keep_days) VALUES ($1, $2)`, tenant, days)
	}
	type hold struct {
		tenant       string
		since, until time.Time
		target       int
	}
	var holds []hold
	for range random.IntN(4) {
		one := hold{tenant: tenants[random.IntN(4)], since: h.Now.Add(-time.Duration(random.IntN(200)) * day), target: random.IntN(8) - 3}
		one.until = one.since.Add(time.Duration(1+random.IntN(60)) * day)
		holds = append(holds, one)
		var kind, id any
		if one.target >= 0 {
			kind, id = "invoice", strconv.Itoa(one.target)
		}
		h.Exec(`INSERT INTO audit_legal_holds (tenant_id, since, until, target_type, target_id, reason) VALUES ($1, $2, $3, $4, $5, 'trial')`, one.tenant, one.since, one.until, kind, id)
	}
	want, heldBack := make(map[store.LogName]int), int64(0)
	for log, all := range commits {
		days, ok := policies[log.Tenant]
		if !ok {
			days = 60
		}
		held := false
		for _, c := range all {
			if !c.at.Before(h.Now.Add(-time.Duration(days) * day)) {
				break
			}
			for _, one := range holds {
				held = held || one.tenant == log.Tenant && !c.at.Before(one.since.Truncate(time.Microsecond)) && c.at.Before(one.until) && (one.target < 0 || c.target[one.target])
			}
			if held {
				heldBack += int64(c.n)
			} else {
				want[log] += c.n
			}
		}
	}
	pruner, o := h.Pruner(), options(h, 0)
	o.BatchSize = 1 + random.IntN(20)
	preview, err := retention.PreviewPrune(t.Context(), pruner, o)
	require.NoError(t, err)
	result, err := retention.Run(t.Context(), pruner, o)
	require.NoError(t, err)
	require.Equal(t, preview.Rows, result.Deleted)
	require.Equal(t, preview.Batches, result.Batches)
	require.Equal(t, preview.Partitions, result.Partitions)
	require.Equal(t, preview.HeldBack, result.HeldBack)
	require.Equal(t, heldBack, result.HeldBack)
	total := int64(0)
	for log := range commits {
		total += int64(want[log])
		first := h.Number(`SELECT coalesce(min(seq), -1) FROM audit_events WHERE tenant_id = $1 AND epoch = $2`, log.Tenant, log.Epoch)
		if first >= 0 {
			require.EqualValues(t, want[log], first, log)
		}
		require.EqualValues(t, want[log], h.Number(`SELECT coalesce(max(size), 0) FROM audit_prunes WHERE tenant_id = $1 AND epoch = $2`, log.Tenant, log.Epoch), log)
	}
	require.Equal(t, total, result.Deleted)
	requireIntact(t, h)
}

// A prune that stops anywhere has done what it has done; everything verifies, and
// the next one goes on.
func TestAPruneThatStopsIsGoneOnWith(t *testing.T) {
	h := retentiontest.New(t)
	for i := range 12 {
		h.Commit("acme", 0, h.Now.Add(-time.Duration(40)*day+time.Duration(i)*time.Minute), 5, true)
	}
	h.Commit("acme", 0, h.Now.Add(-time.Hour), 5, true)
	stop := errors.New("stopped")
	for steps := 0; ; steps++ {
		require.Less(t, steps, 30)
		ctx, cancel := context.WithCancelCause(t.Context())
		o := options(h, 30*day)
		o.Progress = func(retention.Progress) { cancel(stop) }
		o.NoDrop = true
		result, err := retention.Run(ctx, h.Pruner(), o)
		cancel(nil)
		requireIntact(t, h)
		if err == nil {
			require.Zero(t, result.Remaining)
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 60-h.Number(`SELECT max(size) FROM audit_prunes`), result.Remaining)
	}
	require.Equal(t, "60+5", left(h, "acme"))
}

func TestTwoPrunesAtOnce(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-40*day), 5, true)
	err := h.Pruner().Exclusively(t.Context(), func(time.Time) error {
		_, err := retention.Run(t.Context(), h.Pruner(), options(h, 30*day))
		return err
	})
	require.ErrorIs(t, err, store.ErrPruning)
	require.Equal(t, "0+5", left(h, "acme"))
}

// The announcements of earlier prunes are in the log of _system, which is pruned,
// too: what is gone is announced anew first.
func TestSystemIsPrunedAndWhatItAnnouncedStaysProven(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-200*day), 5, true)
	h.Commit("acme", 0, h.Now.Add(-100*day), 5, true)
	_, err := retention.Run(t.Context(), h.Pruner(), options(h, 150*day))
	require.NoError(t, err)
	requireIntact(t, h)
	// The announcement grows old.
	old := h.Now.Add(-120 * day)
	h.Exec(`SELECT test_ensure_month($1)`, old)
	h.Exec(`UPDATE audit_events SET recorded_at = $1 WHERE tenant_id = '_system'`, old)
	h.Exec(`UPDATE audit_event_ids SET recorded_at = $1 WHERE tenant_id = '_system'`, old)
	checkpoint := h.Texts(`SELECT encode(root, 'hex') FROM audit_commits WHERE tenant_id = '_system'`)
	require.Len(t, checkpoint, 1)
	h.Resign("_system", old)
	requireIntact(t, h)
	result, err := retention.Run(t.Context(), h.Pruner(), options(h, 110*day))
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Deleted)
	requireIntact(t, h)
	require.Zero(t, h.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = '_system' AND seq = 0`))
	h.Exec(`UPDATE audit_events SET reason = 'x' WHERE tenant_id = '_system' AND payload ->> 'tenant' = 'acme'`)
	require.NotEmpty(t, h.Verify().Findings, "it is announced by that event now")
}

func TestUnsignedLogs(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("plain", 0, h.Now.Add(-40*day), 5, false)
	h.Commit("plain", 0, h.Now.Add(-4*day), 5, false)
	h.Commit("later", 0, h.Now.Add(-40*day), 5, false)
	h.Commit("later", 0, h.Now.Add(-39*day), 5, false)
	h.OpenEpoch("later", 1, h.Now.Add(-38*day))
	h.Commit("later", 1, h.Now.Add(-38*day), 5, true)
	o := options(h, 30*day)
	o.Announcer = nil
	_, err := retention.Run(t.Context(), h.Pruner(), o)
	require.ErrorIs(t, err, retention.ErrUnannounced, "later is signed")
	o.Tenant = "plain"
	result, err := retention.Run(t.Context(), h.Pruner(), o)
	require.NoError(t, err)
	require.EqualValues(t, 5, result.Deleted)
	o = options(h, 30*day)
	result, err = retention.Run(t.Context(), h.Pruner(), o)
	require.NoError(t, err)
	require.EqualValues(t, 15, result.Deleted)
	report := h.Verify()
	require.Empty(t, report.Findings)
	require.Len(t, report.Unchecked, 1, "plain alone")
}

func TestForgedAnnouncementsPruneNothing(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-40*day), 5, true)
	h.Commit("acme", 0, h.Now.Add(-39*day), 5, true)
	intent := func(of, action, about string, epoch, size int64) string {
		rec := &record.Record{
			TenantID: of, Action: action, Outcome: record.OutcomeSuccess, TimeUnixNano: time.Now().UnixNano(),
			Actor: record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("mallory")),
			Payload: record.EmptyObject().Set("tenant", record.StringValue(about)).
				Set("epoch", record.NumberValue(float64(epoch))).Set("size", record.NumberValue(float64(size))),
		}
		_, err := h.Log().Write(t.Context(), rec)
		require.NoError(t, err)
		return rec.EventID
	}
	h.Exec(`INSERT INTO audit_outbox (event_id, record) VALUES ('placed', '{"action": "audit.prune", "payload": {"tenant": "acme", "epoch": 0, "size": 5}}')`)
	pruner, cutoff := h.Pruner(), h.Now.Add(-30*day)
	log := store.LogName{Tenant: "acme"}
	prune := func(id string, cutoff time.Time, upto int64) error {
		_, _, err := pruner.PruneBatch(t.Context(), options(h, 0).Caller, log, upto, 5, cutoff, id)
		return err
	}
	for name, id := range map[string]string{
		"in the tenant's own log": intent("acme", "audit.prune", "acme", 0, 5),
		"with another action":     intent("_system", "audit.purge", "acme", 0, 5),
		"of another tenant":       intent("_system", "audit.prune", "globex", 0, 5),
		"of another epoch":        intent("_system", "audit.prune", "acme", 1, 5),
		"of less":                 intent("_system", "audit.prune", "acme", 0, 4),
		"in the outbox":           "placed",
		"of nowhere":              "none",
	} {
		require.ErrorContains(t, prune(id, cutoff, 5), "does not announce that events before 5 go", name)
	}
	require.ErrorContains(t, prune("", cutoff, 5), "a signed log is pruned after an event of _system has announced it")
	good := intent("_system", "audit.prune", "acme", 0, 10)
	require.ErrorContains(t, prune(good, time.Now().Add(-time.Hour), 10), "are kept for 1 days")
	require.ErrorContains(t, prune(good, h.Now.Add(-41*day), 10), "is not older than")
	require.NoError(t, prune(good, cutoff, 10))
	require.Equal(t, "5+5", left(h, "acme"), "a batch of 5")
	requireIntact(t, h)
}

func TestOnlyThePrunerPrunes(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-40*day), 5, true)
	for role, url := range map[string]string{"reader": h.DB.ReaderURL, "auditor": h.DB.AuditorURL, "operator": h.DB.OperatorURL, "writer": h.DB.WriterURL} {
		reader, err := store.Connect(t.Context(), store.Options{URL: url})
		require.NoError(t, err, role)
		_, err = retention.Run(t.Context(), reader.Pruner(), options(h, 30*day))
		require.ErrorContains(t, err, "may not prune: that needs the role audit_pruner", role)
		_, _, err = reader.Pruner().PruneBatch(t.Context(), options(h, 0).Caller, store.LogName{Tenant: "acme"}, 5, 5, h.Now.Add(-30*day), "")
		require.ErrorContains(t, err, "permission denied", role)
		_, err = reader.Pruner().PruneMonth(t.Context(), options(h, 0).Caller, h.Now, nil)
		require.ErrorContains(t, err, "permission denied", role)
		_, err = reader.Pruner().PruneQuarantine(t.Context(), options(h, 0).Caller, 5)
		require.ErrorContains(t, err, "permission denied", role)
		reader.Close()
	}
	require.Equal(t, "0+5", left(h, "acme"))
	reader, err := store.Connect(t.Context(), store.Options{URL: h.DB.ReaderURL})
	require.NoError(t, err)
	defer reader.Close()
	_, err = retention.PreviewPrune(t.Context(), reader.Pruner(), options(h, 30*day))
	require.ErrorContains(t, err, "does not see every tenant: name one")
	o := options(h, 30*day)
	o.Tenant = "acme"
	preview, err := retention.PreviewPrune(t.Context(), reader.Pruner(), o)
	require.NoError(t, err)
	require.EqualValues(t, 5, preview.Rows)
}

// An open reader keeps a month from being dropped, and neither writers nor other
// readers from working; when it ends, the month goes.
func TestAnOpenReaderStallsNobody(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, time.Date(h.Now.Year(), h.Now.Month()-2, 5, 0, 0, 0, 0, time.UTC), 5, true)
	h.Commit("acme", 0, h.Now.Add(-time.Hour), 5, true)
	conn, err := pgx.Connect(t.Context(), h.DB.AuditorURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT count(*) FROM audit_events")
	require.NoError(t, err)
	var once sync.Once
	o := options(h, 20*day)
	tries := 0
	o.Sleep = func(ctx context.Context, _ time.Duration) error {
		tries++
		o := h.Log()
		rec := h.Event("acme", 1_000_000+tries, time.Now())
		_, err := o.Write(ctx, rec)
		if tries == 3 {
			once.Do(func() { require.NoError(t, tx.Rollback(ctx)) })
		}
		return err
	}
	result, err := retention.Run(t.Context(), h.Pruner(), o)
	require.NoError(t, err)
	require.Equal(t, 3, tries)
	require.Len(t, result.Partitions, 1)
	require.EqualValues(t, 1, result.Batches)
	requireIntact(t, h)
}
