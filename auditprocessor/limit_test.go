package auditprocessor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
)

// of is a demand of records that are the same when they come again.
func of(tenant string, records, bytes int64) demand {
	return demand{tenant: tenant, fixed: amount{records, bytes}}
}

func limited(l LimitConfig) *LimitsConfig {
	return &LimitsConfig{LimitConfig: l, MaxTenants: defaultTenants}
}

// TestLimiterKeepsTheRate sends requests of random sizes at random times: in
// every stretch of time a tenant gets through its rate, a burst and one request
// that began while something was left, and never waits longer than it has to.
func TestLimiterKeepsTheRate(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 7))
		perSecond, burst := 1+random.Int64N(1000), 1+random.Int64N(5000)
		l := newLimiter(limited(LimitConfig{RecordsPerSecond: perSecond, BurstRecords: burst}))
		now, level, largest := clock, float64(burst), int64(0)
		for range 300 {
			step := time.Duration(random.Int64N(int64(3 * time.Second)))
			now = now.Add(step)
			level = min(float64(burst), level+step.Seconds()*float64(perSecond))
			n := 1 + random.Int64N(2*burst)
			largest = max(largest, n)
			loads := []demand{of("acme", n, 0)}
			refused := l.judge(now, loads)
			if near := level > -0.01 && level < 0.01; !near {
				require.Equal(t, level <= 0, refused, "seed %d: level %f", seed, level)
			}
			if refused {
				assert.Equal(t, refusedRate, loads[0].refused)
				assert.GreaterOrEqual(t, loads[0].wait, leastWait)
				assert.LessOrEqual(t, loads[0].wait, mostWait)
				continue
			}
			level -= float64(n)
			require.Greater(t, level, -float64(largest)-0.01, "seed %d: the debt is at most one request", seed)
		}
	}
}

func TestLimiterBytesAndQuota(t *testing.T) {
	l := newLimiter(limited(LimitConfig{BytesPerSecond: 100, BurstBytes: 1000}))
	assert.False(t, l.judge(clock, []demand{of("a", 1, 5000)}), "larger than a burst, from a quiet tenant")
	assert.True(t, l.judge(clock.Add(39*time.Second), []demand{of("a", 1, 1)}))
	assert.False(t, l.judge(clock.Add(41*time.Second), []demand{of("a", 1, 1)}), "the debt is paid back")

	midnight := clock.Truncate(24 * time.Hour).Add(24 * time.Hour)
	for _, cfg := range []LimitConfig{{RecordsPerDay: 10}, {BytesPerDay: 10}} {
		l = newLimiter(limited(cfg))
		for range 10 {
			require.False(t, l.judge(clock, []demand{of("a", 1, 1), of("b", 0, 0)}))
		}
		over := []demand{of("a", 1, 1)}
		require.True(t, l.judge(midnight.Add(-1), over))
		assert.Equal(t, refusedQuota, over[0].refused)
		reason, _ := l.overdrawn(midnight.Add(-1), "a")
		assert.Equal(t, refusedQuota, reason)
		// What is passed on of a request that is refused for another tenant is a use
		// of the quota.
		require.True(t, l.judge(midnight.Add(-1), []demand{of("a", 1, 1), of("c", 10, 10)}))
		require.True(t, l.judge(midnight.Add(-1), []demand{of("c", 1, 1)}))
		require.False(t, l.judge(midnight, over), "a new day")
	}
}

func TestLimiterExceptions(t *testing.T) {
	cfg := limited(LimitConfig{RecordsPerSecond: 1, BurstRecords: 1})
	cfg.Tenants = []TenantLimitConfig{{Names: []string{"large", "huge"}, LimitConfig: LimitConfig{RecordsPerSecond: 1000}}, {Names: []string{"free"}}}
	require.NoError(t, confmap.Validate(cfg))
	l := newLimiter(cfg)
	for i := range 1000 {
		require.False(t, l.judge(clock, []demand{of("free", 1_000_000, 0)}))
		for _, tenant := range []string{"large", "huge"} {
			require.False(t, l.judge(clock, []demand{of(tenant, 10, 0)}), "%s: %d", tenant, i)
		}
	}
	require.True(t, l.judge(clock, []demand{of("large", 1, 0)}), "ten seconds' worth are used up")
	require.False(t, l.judge(clock, []demand{of("small", 1, 0)}))
	require.True(t, l.judge(clock, []demand{of("small", 1, 0)}))
	assert.Nil(t, newLimiter(limited(LimitConfig{})), "no limit, no work")
}

// TestLimiterMemoryIsBounded invents a million tenants: those that are named
// keep what they have, the invented ones share one account, and room is found
// again when they owe nothing.
func TestLimiterMemoryIsBounded(t *testing.T) {
	cfg := limited(LimitConfig{RecordsPerSecond: 10, BurstRecords: 10})
	cfg.MaxTenants = leastTenants
	cfg.Tenants = []TenantLimitConfig{{Names: []string{"acme"}, LimitConfig: LimitConfig{RecordsPerSecond: 10}}}
	l := newLimiter(cfg)
	refused := 0
	for i := range 1_000_000 {
		if l.judge(clock, []demand{of(fmt.Sprint("invented-", i), 10, 0)}) {
			refused++
		}
	}
	assert.Len(t, l.others, leastTenants)
	assert.Greater(t, refused, 999_000, "they share the account of one")
	require.False(t, l.judge(clock, []demand{of("acme", 1, 0)}))
	require.False(t, l.judge(clock.Add(time.Hour), []demand{of("globex", 10, 0)}))
	assert.Contains(t, l.others, "globex", "there is room again")
	assert.Len(t, l.others, 1)
}

// TestKeptNamesAreTheirOwn: a tenant's name is sent between any number of spaces,
// and what is remembered of it must not hold on to them.
func TestKeptNamesAreTheirOwn(t *testing.T) {
	l := newLimiter(limited(LimitConfig{RecordsPerSecond: 1}))
	u := newUnknownActions([]string{"known"}, zap.NewNop())
	live := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := live()
	for i := range 200 {
		name := strings.TrimSpace(fmt.Sprint("invented-", i) + strings.Repeat(" ", 1<<20))
		require.False(t, l.judge(clock, []demand{of(name, 1, 0)}))
		require.True(t, u.strange(name))
		require.Equal(t, 1, u.announce([]stranger{{tenant: name, action: name}}))
	}
	assert.Less(t, live()-before, int64(50<<20))
	assert.Len(t, l.others, 200)
	assert.Len(t, u.seen, 200)
	assert.Len(t, u.judged, 200)
}

func tenants(t *testing.T, names ...string) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	for i, name := range names {
		records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		lr := records.AppendEmpty()
		if name == "" {
			lr.Body().SetStr("ordinary")
			continue
		}
		require.NoError(t, lr.Attributes().FromRaw(with(map[string]any{"audit.tenant.id": name, "audit.target.id": strconv.Itoa(i)})))
		lr.SetTimestamp(sent)
	}
	return logs
}

// retryAfter is what a client is told.
func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	require.Error(t, err)
	assert.False(t, consumererror.IsPermanent(err))
	s, ok := status.FromError(err)
	require.True(t, ok)
	assert.Equal(t, codes.Unavailable, s.Code(), "what every client sends again")
	require.Len(t, s.Details(), 1)
	return s.Details()[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration()
}

// TestLimitOfAMixedRequest: the events of others are passed on at once, and are
// the same events when all comes again.
func TestLimitOfAMixedRequest(t *testing.T) {
	now := clock
	r := newRigAt(t, processortest.NewNopSettings(metadata.Type), func() time.Time { return now }, func(c *Config) {
		c.Limits.RecordsPerSecond, c.Limits.BurstRecords = 1, 1
		c.Limits.Tenants = []TenantLimitConfig{{Names: []string{"calm"}}}
	})
	require.NoError(t, r.ConsumeLogs(context.Background(), tenants(t, "flood", "flood", "flood")))
	mixed := func() plog.Logs {
		logs := tenants(t, "flood", "calm", "", "calm", "calm")
		first(logs).SetTimestamp(sent + 1)
		logs.ResourceLogs().At(4).ScopeLogs().At(0).LogRecords().At(0).SetTimestamp(0) // becomes another event each time
		return logs
	}
	r.sink.Reset()
	err := r.ConsumeLogs(context.Background(), mixed())
	assert.Equal(t, 2*time.Second, retryAfter(t, err).Round(time.Millisecond))
	require.ErrorContains(t, err, `"flood"`)
	require.Len(t, r.sink.AllLogs(), 1)
	early := ids(t, r.sink.AllLogs()[0])
	assert.Len(t, early, 2, "neither the flood, nor the ordinary record, nor the one without a time")

	now = now.Add(2100 * time.Millisecond)
	r.sink.Reset()
	require.NoError(t, r.ConsumeLogs(context.Background(), mixed()))
	require.Len(t, r.sink.AllLogs(), 1)
	assert.Equal(t, 5, r.sink.LogRecordCount())
	assert.Subset(t, ids(t, r.sink.AllLogs()[0]), early)
}

func ids(t *testing.T, logs plog.Logs) (found []string) {
	t.Helper()
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if v, ok := lr.Attributes().Get("audit.record.id"); ok {
					found = append(found, v.AsString())
				}
			}
		}
	}
	return found
}

// TestLimitOfAClient: whatever an authenticated client sends is its own load, and
// once it is over nothing of a request is worked on.
func TestLimitOfAClient(t *testing.T) {
	r := newRig(t, func(c *Config) {
		authenticated(c)
		c.Limits.RecordsPerSecond, c.Limits.BurstRecords = 1, 2
	})
	require.NoError(t, r.ConsumeLogs(user("evil"), tenants(t, "acme", "globex", "evil")), "two of them in quarantine")
	r.sink.Reset()
	retryAfter(t, r.ConsumeLogs(user("evil"), tenants(t, "acme")))
	assert.Zero(t, r.sink.LogRecordCount())
	require.NoError(t, r.ConsumeLogs(user("evil"), tenants(t, "", "")), "ordinary records have no limit")
	require.NoError(t, r.ConsumeLogs(user("acme"), tenants(t, "acme")), "others are unharmed")
	assert.Equal(t, 3, r.sink.LogRecordCount())
}

// TestWhatIsStoredIsCharged: resource and scope are stored with each record, of the
// trail or of the quarantine, and count against its tenant.
func TestWhatIsStoredIsCharged(t *testing.T) {
	for name, attrs := range map[string]map[string]any{
		"event":      flat(),
		"quarantine": with(map[string]any{"audit.action": nil}),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Limits.BytesPerSecond, c.Limits.BurstBytes = 1, 100_000 })
			request := func() plog.Logs {
				logs := one(t, attrs)
				logs.ResourceLogs().At(0).Resource().Attributes().PutStr("blob", strings.Repeat("x", 20_000))
				records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
				for range 5 {
					records.At(0).CopyTo(records.AppendEmpty())
				}
				return logs
			}
			require.NoError(t, r.ConsumeLogs(context.Background(), request()))
			retryAfter(t, r.ConsumeLogs(context.Background(), request()))
		})
	}
}

// TestLimitLosesNothingFromTheCount holds what came in to what went on and what
// was refused, for random mixtures.
func TestLimitLosesNothingFromTheCount(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r := newRigWith(t, set, func(c *Config) {
		c.Limits.RecordsPerSecond, c.Limits.BurstRecords = 1, 20
		c.Limits.RecordsPerDay = 50
	})
	random := rand.New(rand.NewPCG(1, 2))
	in, others := 0, 0
	for range 300 {
		names := make([]string, 1+random.IntN(10))
		for i := range names {
			names[i] = []string{"", "a", "b", "c", strings.Repeat("x", 300)}[random.IntN(5)]
			if names[i] != "" {
				in++
			} else {
				others++
			}
		}
		_ = r.ConsumeLogs(context.Background(), tenants(t, names...))
	}
	passed, refused, ordinary := sum(t, tel, "otelcol_processor_audit_records", "ordinary")
	more, held, _ := sum(t, tel, "otelcol_processor_audit_refused_records", "")
	_, _, returned := sum(t, tel, "otelcol_processor_audit_records", resultReturned)
	passed -= returned
	assert.Equal(t, int64(others), ordinary+returned)
	assert.Zero(t, held)
	assert.Equal(t, int64(in), passed+refused+more)
	assert.Equal(t, int64(r.sink.LogRecordCount()), passed+refused+ordinary)
	assert.Positive(t, more)
}

// sum adds up a metric: quarantined records, those of one result, and the rest.
func sum(t *testing.T, tel *componenttest.Telemetry, name, apart string) (rest, quarantined, of int64) {
	t.Helper()
	metric, err := tel.GetMetric(name)
	require.NoError(t, err)
	for _, p := range metric.Data.(metricdata.Sum[int64]).DataPoints {
		switch result, _ := p.Attributes.Value("result"); {
		case apart != "" && result.AsString() == apart:
			of += p.Value
		case result.AsString() == resultQuarantined:
			quarantined += p.Value
		default:
			rest += p.Value
		}
	}
	return rest, quarantined, of
}

func TestLimitsThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*LimitsConfig){
		"limits: records_per_second: -1 is not allowed":            func(l *LimitsConfig) { l.RecordsPerSecond = -1 },
		"limits: burst_records: needs records_per_second":          func(l *LimitsConfig) { l.BurstRecords = 1 },
		"limits: burst_bytes: needs bytes_per_second":              func(l *LimitsConfig) { l.BurstBytes = 1 },
		"limits: max_tenants: 99 is not allowed":                   func(l *LimitsConfig) { l.MaxTenants = 99 },
		"limits: tenants[0]: names: must name at least one tenant": func(l *LimitsConfig) { l.Tenants = []TenantLimitConfig{{}} },
		`limits: tenants[1]: names: "a" stands twice`: func(l *LimitsConfig) {
			l.Tenants = []TenantLimitConfig{{Names: []string{"a"}}, {Names: []string{"a"}}}
		},
		`limits: tenants[0]: names: tenants that begin with "_" are reserved`: func(l *LimitsConfig) {
			l.Tenants = []TenantLimitConfig{{Names: []string{"_system"}}}
		},
	} {
		cfg := createDefaultConfig().(*Config)
		change(&cfg.Limits)
		require.ErrorContains(t, confmap.Validate(cfg), want)
	}
}
