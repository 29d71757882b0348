package auditprocessor

import (
	"sync"
	"time"
)

// The values of the label reason of refused records that a limit refused.
const (
	refusedRate  = "rate_limit"
	refusedQuota = "quota"
)

// A client is told to wait for as long as its tenant is over its rate, within
// these. Shorter, and a flood becomes a flood of refusals; longer, and SDKs that
// give up after ten seconds never try again.
const (
	leastWait = time.Second
	mostWait  = 5 * time.Second
)

// limiter decides whose records are too many. It is safe for concurrent use.
//
// A tenant whose allowance is not used up may send a request of any size, which is
// then charged as a whole, into debt: a request larger than a burst would never
// be taken otherwise, however long its client waits. (golang.org/x/time/rate
// refuses such requests for ever, which is why this does not use it.)
type limiter struct {
	standard limit
	max      int

	mu     sync.Mutex          // guards the rest
	named  map[string]*account // of tenants with limits of their own, never removed
	others map[string]*account // at most max
	shared account             // of the tenants beyond max
	swept  int64               // when others were swept last, in nanoseconds
}

// limit is a LimitConfig with its bursts worked out.
type limit struct {
	records, bytes             rate
	recordsPerDay, bytesPerDay int64
}

// rate is an allowance that grows with time up to a burst.
type rate struct {
	perSecond float64       // 0: no limit
	burst     time.Duration // in which the burst is earned
}

// account is what a tenant has used.
type account struct {
	limit *limit
	// records and bytes are when the tenant's debt is paid back, in nanoseconds
	// since 1970: the rate is over its burst when that is farther ahead than the
	// burst takes. One number holds level and time of a token bucket.
	records, bytes       int64
	day                  int64 // since 1970, of the two below
	dayRecords, dayBytes int64
}

// demand is what one request brings of one tenant, and what is decided on it.
type demand struct {
	tenant         string
	records, bytes int64
	account        *account
	refused        string // the reason, "" where it is taken
	wait           time.Duration
}

func newLimiter(cfg *LimitsConfig) *limiter {
	if !cfg.limited() {
		return nil
	}
	l := &limiter{standard: cfg.limit(), max: cfg.MaxTenants, named: map[string]*account{}, others: map[string]*account{}}
	l.shared.limit = &l.standard
	for i := range cfg.Tenants {
		own := cfg.Tenants[i].limit()
		for _, name := range cfg.Tenants[i].Names {
			l.named[name] = &account{limit: &own}
		}
	}
	return l
}

func (c *LimitConfig) limit() limit {
	return limit{
		records:       newRate(c.RecordsPerSecond, c.BurstRecords),
		bytes:         newRate(c.BytesPerSecond, c.BurstBytes),
		recordsPerDay: c.RecordsPerDay, bytesPerDay: c.BytesPerDay,
	}
}

func newRate(perSecond, burst int64) rate {
	switch {
	case perSecond == 0:
		return rate{}
	case burst == 0:
		return rate{perSecond: float64(perSecond), burst: burstSeconds * time.Second}
	}
	return rate{perSecond: float64(perSecond), burst: seconds(float64(burst) / float64(perSecond))}
}

// seconds is a duration of at most a century: what a request can owe is bounded
// by its size, and a burst by the configuration.
func seconds(s float64) time.Duration {
	const century = 100 * 365 * 24 * 3600
	return time.Duration(min(s, century) * float64(time.Second))
}

// over is how long to wait until the burst is no longer used up.
func (r rate) over(paid, now int64) time.Duration {
	if r.perSecond == 0 {
		return 0
	}
	return max(0, time.Duration(paid-now)-r.burst+1)
}

func (r rate) charge(paid, now, n int64) int64 {
	if r.perSecond == 0 {
		return 0
	}
	return max(paid, now) + int64(seconds(float64(n)/r.perSecond))
}

// judge decides on all tenants of a request at once, and charges the rates of
// those that are not over their limits: work is done for these even where the
// request is sent again for the sake of others. The quotas are charged only if
// nobody is refused, because otherwise the same records come again. It returns
// whether anybody is.
func (l *limiter) judge(now time.Time, loads []demand) (refused bool) {
	at := now.UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range loads {
		d := &loads[i]
		d.account = l.account(d.tenant, at)
		d.refused, d.wait = d.account.refuses(at)
		if d.refused != "" {
			refused = true
			continue
		}
		d.account.records = d.account.limit.records.charge(d.account.records, at, d.records)
		d.account.bytes = d.account.limit.bytes.charge(d.account.bytes, at, d.bytes)
	}
	if refused {
		return true
	}
	for i := range loads {
		loads[i].account.dayRecords += loads[i].records
		loads[i].account.dayBytes += loads[i].bytes
	}
	return false
}

// overdrawn decides on a request of one tenant before any work is done for it.
func (l *limiter) overdrawn(now time.Time, tenant string) (reason string, wait time.Duration) {
	at := now.UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.account(tenant, at).refuses(at)
}

// refuses says why nothing more is taken of a tenant now, "" where it is.
func (a *account) refuses(now int64) (reason string, wait time.Duration) {
	if day := now / int64(24*time.Hour); day != a.day {
		a.day, a.dayRecords, a.dayBytes = day, 0, 0
	}
	l := a.limit
	if l.recordsPerDay > 0 && a.dayRecords >= l.recordsPerDay || l.bytesPerDay > 0 && a.dayBytes >= l.bytesPerDay {
		return refusedQuota, mostWait
	}
	if wait := max(l.records.over(a.records, now), l.bytes.over(a.bytes, now)); wait > 0 {
		return refusedRate, min(max(wait, leastWait), mostWait)
	}
	return "", 0
}

// account finds or opens the account of a tenant. Whoever can invent tenants can
// fill the map, but not grow it: those beyond its bound share one account.
func (l *limiter) account(tenant string, now int64) *account {
	if a := l.named[tenant]; a != nil {
		return a
	}
	if a := l.others[tenant]; a != nil {
		return a
	}
	if len(l.others) >= l.max && !l.sweep(now) {
		return &l.shared
	}
	a := &account{limit: &l.standard}
	l.others[tenant] = a
	return a
}

// sweep forgets the accounts that owe nothing, for which a new one says the same.
// It looks at most once a second, because it looks at all.
func (l *limiter) sweep(now int64) (room bool) {
	if now-l.swept < int64(time.Second) {
		return false
	}
	l.swept = now
	day := now / int64(24*time.Hour)
	for tenant, a := range l.others {
		if a.records <= now && a.bytes <= now && (a.day != day || a.dayRecords == 0 && a.dayBytes == 0 || l.standard.recordsPerDay == 0 && l.standard.bytesPerDay == 0) {
			delete(l.others, tenant)
		}
	}
	return len(l.others) < l.max
}
