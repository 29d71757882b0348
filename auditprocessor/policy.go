package auditprocessor

import (
	"errors"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// Words that stand alone in Config.Keep.
const (
	keepAll  = "all"
	keepNone = "none"
)

// keep returns the globs for the decoder: nil keeps all, an empty list none.
func (c *Config) keep() []string {
	if len(c.Keep) == 1 {
		switch c.Keep[0] {
		case keepAll:
			return nil
		case keepNone:
			return []string{}
		}
	}
	return append([]string{}, c.Keep...)
}

// attributes returns the names that claim a tenant.
func (t *TenantConfig) attributes() []string {
	if len(t.Attributes) > 0 {
		return t.Attributes
	}
	return otlpmap.DefaultTenantAttributes()
}

// policy compiles the rules about tenants. Its errors name the key below tenant.
func (t *TenantConfig) policy() (*stage.Tenants, error) {
	policy := &stage.Tenants{
		RequireIdentity: (t.FromAuth != "" || t.FromHeader != "" || t.anySealed()) && t.OnUnauthenticated != policyClaims,
		Default:         t.Default,
		StrictResource:  t.OnResourceMismatch == policyQuarantine,
	}
	var errs []error
	for i, f := range t.Forwarders {
		forwarder, err := f.forwarder()
		if err != nil {
			errs = append(errs, fmt.Errorf("forwarders[%d]: %w", i, err))
		}
		policy.Forwarders = append(policy.Forwarders, forwarder)
	}
	return policy, errors.Join(errs...)
}

// rules returns what the redactor is compiled from.
func (r *RedactionConfig) rules() stage.Rules {
	return stage.Rules{Keys: r.Keys, Paths: r.Paths, ValuePatterns: r.ValuePatterns, ExemptPaths: r.ExemptPaths}
}
