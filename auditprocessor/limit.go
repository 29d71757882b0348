package auditprocessor

import (
	"strings"
	"sync"
	"time"

	"github.com/otelaudit/otelaudit/internal/stage"
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

	mu      sync.Mutex          // guards the rest
	named   map[string]*account // of tenants with limits of their own, never removed
	others  map[string]*account // at most max of each opener
	openers map[source]*opener  // of each forwarder, of all clients, and of nobody
	swept   int64               // when others were swept last, in nanoseconds
}

// source is who names the tenants of a load: the zero source is whoever sends
// without authentication.
type source struct {
	forwarder *stage.Forwarder // whose tenants are its word; there are as many as configured
	own       bool             // an authenticated client, whose tenant is itself
}

// opener is what one source has opened. What it invents is at the expense of its
// own accounts alone.
type opener struct {
	accounts int     // in others
	shared   account // of its tenants beyond max
	nameless account // of its records that name no tenant
	passed   passed
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
	opener               *opener // whose it counts for, nil where it is never removed
	found                int64   // when somebody asked for it last, and may be about to charge it
}

// amount is what limits count.
type amount struct{ records, bytes int64 }

// demand is what one request brings of one tenant, and what is decided on it.
type demand struct {
	tenant string
	source source
	// fixed is of the records that are the same when they come again, loose of the
	// others, which wait until the whole request is taken.
	fixed, loose amount
	part         uint64 // what the fixed records are known by, 0 where they are all of a request
	// soft says that a quota that is used up does not refuse it.
	soft bool

	account *account
	opener  *opener
	refused string // the reason, "" where it is taken
	wait    time.Duration
	again   bool   // the fixed records were passed on and charged in an earlier try
	over    int64  // the records charged to a quota that was used up
	charged amount // to a quota
	at      int64  // when, 0 where nothing was
}

func newLimiter(cfg *LimitsConfig) *limiter {
	if !cfg.limited() {
		return nil
	}
	l := &limiter{standard: cfg.limit(), max: cfg.MaxTenants, named: map[string]*account{}, others: map[string]*account{}, openers: map[source]*opener{}}
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

// judge decides on all tenants of a request at once, and charges what is to be
// passed on now: all of it, or, where it refuses anybody, the fixed records of
// the others. What was charged in an earlier try of the same request is neither
// charged nor refused again, so that each try has less to wait for. It returns
// whether anybody is refused.
func (l *limiter) judge(now time.Time, loads []demand) (refused bool) {
	at := now.UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range loads {
		d := &loads[i]
		d.opener = l.opener(d.source)
		d.account = l.account(d.opener, d.tenant, at)
		d.again = d.part != 0 && d.opener.passed.has(d.part, at)
		if d.again && d.loose.records == 0 {
			continue
		}
		d.refused, d.wait = d.account.refuses(at, d.soft)
		refused = refused || d.refused != ""
	}
	for i := range loads {
		loads[i].charge(at, refused)
	}
	return refused
}

// charge charges what is passed on of one load of a request, of which somebody
// is refused or not.
func (d *demand) charge(at int64, refused bool) {
	if d.refused != "" {
		return
	}
	var n amount
	if !d.again {
		n = d.fixed
	}
	if !refused {
		n.records += d.loose.records
		n.bytes += d.loose.bytes
		if d.again {
			d.opener.passed.forget(d.part) // who sends it once more is charged once more
		}
	}
	if d.account.usedUp() {
		d.over = n.records
	}
	d.account.charge(at, n)
	d.charged, d.at = n, at
}

// giveBack takes off the quotas what was charged to them and comes again. Rates
// keep it: to work on it once more costs the same. What was passed on in an earlier
// try stays charged, and is known again.
func (l *limiter) giveBack(loads []demand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range loads {
		d := &loads[i]
		if d.account.day == dayOf(d.at) {
			d.account.dayRecords = max(0, d.account.dayRecords-d.charged.records)
			d.account.dayBytes = max(0, d.account.dayBytes-d.charged.bytes)
		}
		if d.again && d.refused == "" && d.part != 0 {
			d.opener.passed.add(d.part, d.at)
		}
	}
}

// remember notes what of a refused request was passed on, once that is done.
func (l *limiter) remember(now time.Time, loads []demand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range loads {
		if d := &loads[i]; d.refused == "" && !d.again && d.part != 0 && d.fixed.records > 0 {
			d.opener.passed.add(d.part, now.UnixNano())
		}
	}
}

// overdrawn decides on a request of one tenant before any work is done for it.
func (l *limiter) overdrawn(now time.Time, tenant string) (reason string, wait time.Duration) {
	at := now.UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.account(l.opener(source{own: true}), tenant, at).refuses(at, false)
}

func (l *limiter) opener(of source) *opener {
	o := l.openers[of]
	if o == nil {
		o = &opener{shared: account{limit: &l.standard}, nameless: account{limit: &l.standard}}
		l.openers[of] = o
	}
	return o
}

// dayOf is the day, since 1970 in UTC, of a time in nanoseconds since then.
func dayOf(at int64) int64 { return at / int64(24*time.Hour) }

// refuses says why nothing more is taken of a tenant now, "" where it is.
func (a *account) refuses(now int64, soft bool) (reason string, wait time.Duration) {
	if day := dayOf(now); day != a.day {
		a.day, a.dayRecords, a.dayBytes = day, 0, 0
	}
	if !soft && a.usedUp() {
		return refusedQuota, mostWait
	}
	l := a.limit
	if wait := max(l.records.over(a.records, now), l.bytes.over(a.bytes, now)); wait > 0 {
		return refusedRate, min(max(wait, leastWait), mostWait)
	}
	return "", 0
}

// usedUp says whether the quota of the day is. It comes after refuses, which knows
// the day.
func (a *account) usedUp() bool {
	l := a.limit
	return l.recordsPerDay > 0 && a.dayRecords >= l.recordsPerDay || l.bytesPerDay > 0 && a.dayBytes >= l.bytesPerDay
}

func (a *account) charge(now int64, n amount) {
	if n.records == 0 {
		return
	}
	a.records = a.limit.records.charge(a.records, now, n.records)
	a.bytes = a.limit.bytes.charge(a.bytes, now, n.bytes)
	a.dayRecords += n.records
	a.dayBytes += n.bytes
}

// account finds or opens the account of a tenant. Whoever can invent tenants can
// fill its own share of the map, but not grow it: its tenants beyond the bound
// share one account, and those of other openers do not.
func (l *limiter) account(o *opener, tenant string, now int64) *account {
	if tenant == "" {
		return &o.nameless
	}
	if a := l.named[tenant]; a != nil {
		return a
	}
	if a := l.others[tenant]; a != nil {
		a.found = now
		return a
	}
	if o.accounts >= l.max && !l.sweep(o, now) {
		return &o.shared
	}
	a := &account{limit: &l.standard, opener: o, found: now}
	l.others[strings.Clone(tenant)] = a // without the spaces that came around it, which may be megabytes
	o.accounts++
	return a
}

// sweep forgets the accounts that owe nothing, for which a new one says the same.
// It looks at most once a second, because it looks at all. What is used of a
// quota stays until its day ends.
func (l *limiter) sweep(o *opener, now int64) (room bool) {
	if now-l.swept < int64(time.Second) {
		return false
	}
	l.swept = now
	day := dayOf(now)
	for tenant, a := range l.others {
		if a.found < now && a.records <= now && a.bytes <= now && (a.day != day || a.dayRecords == 0 && a.dayBytes == 0 || l.standard.recordsPerDay == 0 && l.standard.bytesPerDay == 0) {
			delete(l.others, tenant)
			a.opener.accounts--
		}
	}
	return o.accounts < l.max
}
