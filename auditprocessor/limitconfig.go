package auditprocessor

import (
	"errors"
	"fmt"
	"math"

	"github.com/otelaudit/otelaudit/internal/stage"
)

// The range of limits.max_tenants.
const (
	leastTenants   = 100
	defaultTenants = 20_000
	greatTenants   = 1_000_000
	// maxLimit is far more than any machine stores, and small enough for every sum.
	maxLimit = math.MaxInt64 / 1_000_000
)

// LimitsConfig says how much one tenant may send. All limits are of each tenant
// alone and of this collector alone; 0 is no limit.
type LimitsConfig struct {
	LimitConfig `mapstructure:",squash"` //nolint:tagliatelle // its keys stand beside the others

	// Tenants are exceptions: tenants with limits of their own.
	Tenants []TenantLimitConfig `mapstructure:"tenants"`
	// MaxTenants bounds the memory: how many tenants are remembered apart. Those
	// beyond share the limits of one.
	MaxTenants int `mapstructure:"max_tenants"`
}

// LimitConfig is how much one tenant may send; 0 is no limit.
type LimitConfig struct {
	RecordsPerSecond int64 `mapstructure:"records_per_second"`
	// BurstRecords is how many records a tenant that was quiet may send at once; 0 is
	// ten seconds of RecordsPerSecond.
	BurstRecords   int64 `mapstructure:"burst_records"`
	BytesPerSecond int64 `mapstructure:"bytes_per_second"`
	// BurstBytes is the same in bytes; 0 is ten seconds of BytesPerSecond.
	BurstBytes int64 `mapstructure:"burst_bytes"`
	// RecordsPerDay and BytesPerDay are counted from midnight, UTC.
	RecordsPerDay int64 `mapstructure:"records_per_day"`
	BytesPerDay   int64 `mapstructure:"bytes_per_day"`
}

// TenantLimitConfig is an exception. It stands alone: what it does not name is
// without limit for these tenants.
type TenantLimitConfig struct {
	LimitConfig `mapstructure:",squash"` //nolint:tagliatelle // its keys stand beside the others

	Names []string `mapstructure:"names"`
}

// burstSeconds is how many seconds of a rate a burst is where none is given.
const burstSeconds = 10

// Validate reports every limit that cannot be.
func (l *LimitsConfig) Validate() error {
	errs := []error{l.check()}
	if l.MaxTenants < leastTenants || l.MaxTenants > greatTenants {
		errs = append(errs, fmt.Errorf("max_tenants: %d is not allowed: use %d to %d", l.MaxTenants, leastTenants, greatTenants))
	}
	seen := map[string]bool{}
	for i := range l.Tenants {
		if err := l.Tenants[i].check(seen); err != nil {
			errs = append(errs, fmt.Errorf("tenants[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (t *TenantLimitConfig) check(seen map[string]bool) error {
	errs := []error{t.LimitConfig.check()}
	if len(t.Names) == 0 {
		errs = append(errs, errors.New("names: must name at least one tenant"))
	}
	for _, name := range t.Names {
		if err := stage.CheckTenant(name); err != nil {
			errs = append(errs, fmt.Errorf("names: %w", err))
		}
		if seen[name] {
			errs = append(errs, fmt.Errorf("names: %q stands twice", name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

func (l *LimitConfig) check() error {
	var errs []error
	for _, v := range []struct {
		key   string
		value int64
	}{
		{"records_per_second", l.RecordsPerSecond},
		{"burst_records", l.BurstRecords},
		{"bytes_per_second", l.BytesPerSecond},
		{"burst_bytes", l.BurstBytes},
		{"records_per_day", l.RecordsPerDay},
		{"bytes_per_day", l.BytesPerDay},
	} {
		if v.value < 0 || v.value > maxLimit {
			errs = append(errs, fmt.Errorf("%s: %d is not allowed: use 0 (no limit) to %d", v.key, v.value, int64(maxLimit)))
		}
	}
	if l.BurstRecords > 0 && l.RecordsPerSecond == 0 {
		errs = append(errs, errors.New("burst_records: needs records_per_second"))
	}
	if l.BurstBytes > 0 && l.BytesPerSecond == 0 {
		errs = append(errs, errors.New("burst_bytes: needs bytes_per_second"))
	}
	return errors.Join(errs...)
}

// limited reports whether there is any limit.
func (l *LimitConfig) limited() bool {
	return l.RecordsPerSecond > 0 || l.BytesPerSecond > 0 || l.RecordsPerDay > 0 || l.BytesPerDay > 0
}

// limited reports whether anybody has a limit.
func (l *LimitsConfig) limited() bool {
	for i := range l.Tenants {
		if l.Tenants[i].limited() {
			return true
		}
	}
	return l.LimitConfig.limited()
}
