package auditprocessor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// mixture is a request with so many records of each tenant.
func mixture(t *testing.T, try string, n map[string]int) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for tenant, n := range n {
		for i := range n {
			lr := records.AppendEmpty()
			require.NoError(t, lr.Attributes().FromRaw(with(map[string]any{
				"audit.tenant.id": tenant, "audit.record.id": fmt.Sprintf("%s-%s-%d", tenant, try, i),
			})))
			lr.SetTimestamp(sent)
		}
	}
	return logs
}

// passedOf counts the events of each tenant that were passed on, each once.
func passedOf(logs []plog.Logs) map[string]int {
	seen, n := map[string]bool{}, map[string]int{}
	for _, l := range logs {
		for _, lr := range l.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			id, _ := lr.Attributes().Get("audit.record.id")
			tenant, _ := lr.Attributes().Get("audit.tenant.id")
			if key := tenant.Str() + " " + id.Str(); !seen[key] {
				seen[key] = true
				n[tenant.Str()]++
			}
		}
	}
	return n
}

// TestMixedRequestsGetThrough sends requests of many tenants, each again exactly
// as it is told: each succeeds once the debts are paid back that it or its
// predecessors made, and no tenant gets more through than its rate, a burst and
// one request.
func TestMixedRequestsGetThrough(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 3))
		perSecond, burst := 1+random.Int64N(20), 1+random.Int64N(100)
		now := clock
		r := newRigAt(t, processortest.NewNopSettings(metadata.Type), func() time.Time { return now }, func(c *Config) {
			c.Limits.RecordsPerSecond, c.Limits.BurstRecords = perSecond, burst
		})
		largest := 0
		for request := range 6 {
			n := map[string]int{}
			for tenant := range 2 + random.IntN(4) {
				n[fmt.Sprint("t", tenant)] = 1 + random.IntN(100)
				largest = max(largest, n[fmt.Sprint("t", tenant)])
			}
			logs := mixture(t, strconv.Itoa(request), n)
			// Of one request before, and of this one's first try.
			bound := 3 + int(2*time.Duration(largest)*time.Second/time.Duration(perSecond)/mostWait)
			for tries := 1; ; tries++ {
				require.LessOrEqual(t, tries, bound, "seed %d: request %d is refused for ever", seed, request)
				err := r.ConsumeLogs(context.Background(), copyOf(logs))
				for tenant, passed := range passedOf(r.sink.AllLogs()) {
					most := now.Sub(clock).Seconds()*float64(perSecond) + float64(burst) + float64(largest)
					require.LessOrEqual(t, float64(passed), most+1, "seed %d: %s", seed, tenant)
				}
				if err == nil {
					break
				}
				now = now.Add(retryAfter(t, err))
			}
		}
	}
}

// TestMixedRequestIsPassedOnTwiceAtMost: its retries cost the store nothing, the
// try that is taken holds all, and whoever sends it once more is charged.
func TestMixedRequestIsPassedOnTwiceAtMost(t *testing.T) {
	now := clock
	r := newRigAt(t, processortest.NewNopSettings(metadata.Type), func() time.Time { return now }, func(c *Config) { c.Limits.RecordsPerSecond, c.Limits.BurstRecords = 1, 1 })
	require.NoError(t, r.ConsumeLogs(context.Background(), mixture(t, "before", map[string]int{"flood": 3})))
	logs := mixture(t, "mixed", map[string]int{"flood": 1, "calm": 9})
	r.sink.Reset()
	for range 3 {
		retryAfter(t, r.ConsumeLogs(context.Background(), copyOf(logs)))
		assert.Equal(t, map[string]int{"calm": 9}, passedOf(r.sink.AllLogs()))
		assert.Equal(t, 9, r.sink.LogRecordCount())
	}
	now = now.Add(3 * time.Second)
	r.sink.Reset()
	require.NoError(t, r.ConsumeLogs(context.Background(), copyOf(logs)))
	assert.Equal(t, 10, r.sink.LogRecordCount())
	now = now.Add(1100 * time.Millisecond) // enough for one of them
	retryAfter(t, r.ConsumeLogs(context.Background(), copyOf(logs)))
}

// TestPassedIsBounded: what is remembered has an end in number and time.
func TestPassedIsBounded(t *testing.T) {
	var p passed
	now := clock.UnixNano()
	for part := range uint64(3 * maxPassed) {
		p.add(part, now)
	}
	assert.Len(t, p.until, maxPassed)
	later := now + int64(passedFor) - 1
	assert.True(t, p.has(1, later), "who comes again has it prolonged")
	p.add(5*maxPassed, later+2)
	assert.Len(t, p.until, 2)
	assert.True(t, p.has(1, later+2))
	assert.False(t, p.has(2, later+2))
}

// agents is a gateway with a forwarder for many tenants and one for one.
func agents(c *Config) {
	authenticated(c)
	c.Tenant.Forwarders = []ForwarderConfig{{Identity: "agent", Tenants: []string{"eu-*", "acme"}}, {Identity: "sidecar", Tenants: []string{"globex"}}}
}

// TestQuotaBehindAForwarder: what of many tenants stands in one queue is not held
// up until midnight by one that used its quota up, and is counted.
func TestQuotaBehindAForwarder(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r := newRigWith(t, set, func(c *Config) {
		agents(c)
		c.Limits.RecordsPerDay = 50
	})
	require.NoError(t, r.ConsumeLogs(user("agent"), mixture(t, "0", map[string]int{"acme": 60})))
	for i := range 10 {
		require.NoError(t, r.ConsumeLogs(user("agent"), mixture(t, fmt.Sprint("m", i), map[string]int{"acme": 1, "eu-1": 1})))
	}
	over, _, _ := sum(t, tel, "otelcol_processor_audit_over_quota_records", "")
	assert.Equal(t, int64(10), over)
	retryAfter(t, r.ConsumeLogs(user("acme"), mixture(t, "own", map[string]int{"acme": 1})))
	require.NoError(t, r.ConsumeLogs(user("sidecar"), mixture(t, "0", map[string]int{"globex": 50})))
	retryAfter(t, r.ConsumeLogs(user("sidecar"), mixture(t, "1", map[string]int{"globex": 1})))
}

// failing is a pipeline that answers with an error while it has one.
type failing struct {
	consumertest.LogsSink
	err error
}

func (f *failing) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if f.err != nil {
		return f.err
	}
	return f.LogsSink.ConsumeLogs(ctx, logs)
}

// TestTriesDoNotUseUpAQuota: what fails behind the processor comes again and is
// counted then; what does not come again, or whose client only pretended to go
// away, is counted as it is.
func TestTriesDoNotUseUpAQuota(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	unavailable := status.Error(codes.Unavailable, "PostgreSQL is away")
	for name, tt := range map[string]struct {
		ctx     context.Context
		err     error
		counted bool
	}{
		"away":      {context.Background(), unavailable, false},
		"permanent": {context.Background(), consumererror.NewPermanent(unavailable), true},
		"canceled":  {gone, context.Canceled, true},
	} {
		t.Run(name, func(t *testing.T) {
			next := &failing{err: tt.err}
			cfg := createDefaultConfig().(*Config)
			cfg.Limits.RecordsPerDay = 10
			cfg.Limits.Tenants = []TenantLimitConfig{{Names: []string{"slow"}, LimitConfig: LimitConfig{RecordsPerSecond: 1, BurstRecords: 1}}}
			p, err := newLogs(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, next, func() time.Time { return clock })
			require.NoError(t, err)
			_ = p.ConsumeLogs(tt.ctx, mixture(t, "before", map[string]int{"slow": 10}))
			for range 3 {
				require.Error(t, p.ConsumeLogs(tt.ctx, mixture(t, "0", map[string]int{"acme": 10})))
				require.Error(t, p.ConsumeLogs(tt.ctx, mixture(t, "1", map[string]int{"globex": 10, "slow": 1})))
			}
			next.err = nil
			for _, tenant := range []string{"acme", "globex"} {
				first := p.ConsumeLogs(t.Context(), mixture(t, "2", map[string]int{tenant: 10}))
				if tt.counted {
					retryAfter(t, first)
					continue
				}
				require.NoError(t, first)
				retryAfter(t, p.ConsumeLogs(t.Context(), mixture(t, "3", map[string]int{tenant: 1})))
			}
		})
	}
}

// TestWhatWasPassedOnIsChargedOnce: also where the request is taken as a whole later,
// fails behind the processor, and comes once more.
func TestWhatWasPassedOnIsChargedOnce(t *testing.T) {
	next, now := &failing{}, clock
	cfg := createDefaultConfig().(*Config)
	cfg.Limits.RecordsPerDay = 10
	cfg.Limits.Tenants = []TenantLimitConfig{{Names: []string{"slow"}, LimitConfig: LimitConfig{RecordsPerSecond: 1, BurstRecords: 1}}}
	p, err := newLogs(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, next, func() time.Time { return now })
	require.NoError(t, err)
	send := func(logs plog.Logs) error { return p.ConsumeLogs(t.Context(), logs) }
	require.NoError(t, send(mixture(t, "before", map[string]int{"slow": 3})))
	retryAfter(t, send(mixture(t, "mixed", map[string]int{"acme": 5, "slow": 1})))
	now = now.Add(time.Minute)
	next.err = status.Error(codes.Unavailable, "PostgreSQL is away")
	require.Error(t, send(mixture(t, "mixed", map[string]int{"acme": 5, "slow": 1})))
	next.err = nil
	now = now.Add(time.Minute)
	require.NoError(t, send(mixture(t, "mixed", map[string]int{"acme": 5, "slow": 1})))
	require.NoError(t, send(mixture(t, "own", map[string]int{"acme": 5})), "five of ten were used up")
	retryAfter(t, send(mixture(t, "over", map[string]int{"acme": 1})))
}

// TestQuotaIsGivenBackOnItsDay: what is charged before midnight is not taken off
// the next day.
func TestQuotaIsGivenBackOnItsDay(t *testing.T) {
	l := newLimiter(limited(LimitConfig{RecordsPerDay: 10}))
	midnight := clock.Truncate(24 * time.Hour).Add(24 * time.Hour)
	late := []demand{of("acme", 10, 0)}
	require.False(t, l.judge(midnight.Add(-1), late))
	require.False(t, l.judge(midnight, []demand{of("acme", 10, 0)}))
	l.giveBack(late)
	require.True(t, l.judge(midnight, []demand{of("acme", 1, 0)}))

	// A request that was judged by an older time leaves no quota below zero.
	l = newLimiter(limited(LimitConfig{RecordsPerDay: 10}))
	next := []demand{of("acme", 10, 0)}
	require.False(t, l.judge(midnight, next))
	require.False(t, l.judge(midnight.Add(-1), []demand{of("acme", 1, 0)}))
	require.False(t, l.judge(midnight, []demand{of("acme", 1, 0)}))
	l.giveBack(next)
	require.False(t, l.judge(midnight, []demand{of("acme", 10, 0)}))
	require.True(t, l.judge(midnight, []demand{of("acme", 1, 0)}))
}

// TestQuotaWithoutAuthentication: requests of many tenants are not refused, and a
// record that names none does not make one of them.
func TestQuotaWithoutAuthentication(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.RecordsPerDay = 5 })
	require.NoError(t, r.ConsumeLogs(context.Background(), mixture(t, "0", map[string]int{"acme": 5})))
	require.NoError(t, r.ConsumeLogs(context.Background(), mixture(t, "1", map[string]int{"acme": 1, "globex": 1})))
	for i := range 7 {
		retryAfter(t, r.ConsumeLogs(context.Background(), mixture(t, fmt.Sprint("2-", i), map[string]int{"acme": 1, "": 1})))
	}
	require.NoError(t, r.ConsumeLogs(context.Background(), mixture(t, "3", map[string]int{"globex": 1, "": 1})),
		"nor do they refuse it when there are too many of them")
	retryAfter(t, r.ConsumeLogs(context.Background(), mixture(t, "4", map[string]int{"acme": 1})))
}

// TestInventedTenantsHarmTheirInventorAlone: a forwarder that fills what it may
// open shares an account with itself.
func TestInventedTenantsHarmTheirInventorAlone(t *testing.T) {
	r := newRig(t, func(c *Config) {
		agents(c)
		c.Limits.RecordsPerSecond, c.Limits.RecordsPerDay, c.Limits.MaxTenants = 10, 5000, leastTenants
	})
	invented := map[string]int{}
	for i := range leastTenants + 30 {
		invented[fmt.Sprint("eu-", i)] = 1
	}
	require.NoError(t, r.ConsumeLogs(user("agent"), mixture(t, "0", invented)))
	require.NoError(t, r.ConsumeLogs(user("agent"), mixture(t, "1", map[string]int{"eu-x1": 3000})))
	retryAfter(t, r.ConsumeLogs(user("agent"), mixture(t, "2", map[string]int{"eu-x2": 1})))
	for _, identity := range []string{"initech", "hooli", "globex"} {
		require.NoError(t, r.ConsumeLogs(user(identity), mixture(t, "3", map[string]int{identity: 1})))
	}
	require.NoError(t, r.ConsumeLogs(user("sidecar"), mixture(t, "4", map[string]int{"globex": 1})))
}

// TestAccountsAreOfTheirTenant: whoever brings them, a tenant's records are
// charged to one account, and each opener has its own bound.
func TestAccountsAreOfTheirTenant(t *testing.T) {
	cfg := limited(LimitConfig{RecordsPerSecond: 1, BurstRecords: 1})
	cfg.MaxTenants = leastTenants
	l := newLimiter(cfg)
	agent, other := source{forwarder: &stage.Forwarder{}}, source{forwarder: &stage.Forwarder{Identity: "other"}}
	from := func(s source, tenant string) []demand {
		d := of(tenant, 5, 0)
		d.source = s
		return []demand{d}
	}
	require.False(t, l.judge(clock, from(agent, "acme")))
	require.True(t, l.judge(clock, from(source{own: true}, "acme")))
	for i := range 3 * leastTenants {
		l.judge(clock, from(agent, fmt.Sprint("a", i)))
	}
	for i := range 3 * leastTenants { // the first beyond the bound opens a shared account of its own
		require.Equal(t, i > leastTenants, l.judge(clock, from(other, fmt.Sprint("b", i))), i)
	}
	assert.Len(t, l.others, 2*leastTenants)
	require.False(t, l.judge(clock, from(agent, "")))
	require.True(t, l.judge(clock, from(agent, "")))
	require.False(t, l.judge(clock, from(other, "")), "those without a tenant are apart, too")
	require.False(t, l.judge(clock.Add(time.Hour), from(other, "new")))
	assert.Len(t, l.others, 1)
}

// TestNobodyPaysForWhatOthersSayOfIt: records that a sender may not bring are
// charged to the sender, or to nobody.
func TestNobodyPaysForWhatOthersSayOfIt(t *testing.T) {
	r := newRig(t, func(c *Config) {
		agents(c)
		c.Limits.RecordsPerSecond = 10
	})
	require.NoError(t, r.ConsumeLogs(user("agent"), mixture(t, "0", map[string]int{"victim": 1000})))
	require.NoError(t, r.ConsumeLogs(context.Background(), mixture(t, "1", map[string]int{"victim": 1000})))
	require.NoError(t, r.ConsumeLogs(user("victim"), mixture(t, "2", map[string]int{"victim": 1})))
	retryAfter(t, r.ConsumeLogs(user("agent"), mixture(t, "3", map[string]int{"victim": 1})))
	retryAfter(t, r.ConsumeLogs(context.Background(), mixture(t, "4", map[string]int{"victim": 1})))
	require.NoError(t, r.ConsumeLogs(user("agent"), mixture(t, "5", map[string]int{"acme": 1})))
}
