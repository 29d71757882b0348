package auditprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// authData is what an authenticator of the collector leaves behind.
type authData map[string]any

func (a authData) GetAttribute(name string) any { return a[name] }

func (a authData) GetAttributeNames() []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	return names
}

func as(auth authData, headers map[string][]string) context.Context {
	info := client.Info{Metadata: client.NewMetadata(headers)}
	if auth != nil {
		info.Auth = auth
	}
	return client.NewContext(context.Background(), info)
}

func user(name string) context.Context { return as(authData{"username": name}, nil) }

func authenticated(c *Config) { c.Tenant.FromAuth = "username" }

func TestTenantOfTheSender(t *testing.T) {
	header := func(values ...string) map[string][]string { return map[string][]string{"x-tenant": values} }
	both := func(c *Config) { c.Tenant.FromAuth, c.Tenant.FromHeader = "username", "X-Tenant" }
	tests := []struct {
		name   string
		change func(*Config)
		ctx    context.Context
		attrs  map[string]any
		tenant string
		reason string
	}{
		{"record alone", nil, context.Background(), flat(), "acme", ""},
		{"authenticated and record agree", authenticated, user("acme"), flat(), "acme", ""},
		{"authenticated, record silent", authenticated, user("acme"), with(map[string]any{"audit.tenant.id": nil}), "acme", ""},
		{"authenticated, record differs", authenticated, user("evil"), flat(), "", record.ReasonTenantViolation},
		{"authenticated, alias differs", authenticated, user("evil"), with(map[string]any{"audit.tenant.id": nil, "tenantId": "acme"}), "", record.ReasonTenantViolation},
		{"not authenticated", authenticated, context.Background(), flat(), "", record.ReasonMissingTenant},
		{"attribute is missing", authenticated, as(authData{"subject": "acme"}, nil), flat(), "", record.ReasonMissingTenant},
		{"two tenants in one attribute", authenticated, as(authData{"username": []string{"acme", "x"}}, nil), flat(), "", record.ReasonMissingTenant},
		{"one tenant in a list", authenticated, as(authData{"username": []any{"acme"}}, nil), flat(), "acme", ""},
		{"a number", authenticated, as(authData{"username": float64(42)}, nil), with(map[string]any{"audit.tenant.id": 42}), "42", ""},
		{"claims where not authenticated", func(c *Config) { authenticated(c); c.Tenant.OnUnauthenticated = policyClaims }, context.Background(), flat(), "acme", ""},
		{"claims do not weaken authentication", func(c *Config) { authenticated(c); c.Tenant.OnUnauthenticated = policyClaims }, user("evil"), flat(), "", record.ReasonTenantViolation},
		{"header", both, as(nil, header("acme")), flat(), "acme", ""},
		{"header differs", both, as(nil, header("evil")), flat(), "", record.ReasonTenantViolation},
		{"header not configured", nil, as(nil, header("evil")), flat(), "acme", ""},
		{"header twice", both, as(nil, header("acme", "evil")), flat(), "", record.ReasonTenantViolation},
		{"header twice the same", both, as(nil, header("acme", "acme")), flat(), "acme", ""},
		{"header against authentication", both, as(authData{"username": "acme"}, header("evil")), flat(), "", record.ReasonTenantViolation},
		{"own attribute", func(c *Config) { c.Tenant.Attributes = []string{"org.id"} }, context.Background(), with(map[string]any{"org.id": "org7", "audit.tenant.id": nil}), "org7", ""},
		{"default", func(c *Config) { c.Tenant.Default = "house" }, context.Background(), with(map[string]any{"audit.tenant.id": nil}), "house", ""},
		{"target's tenant says nothing", nil, context.Background(), with(map[string]any{"audit.target.tenantId": "other"}), "acme", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := newRig(t, tt.change).send(tt.ctx, t, one(t, tt.attrs))
			if tt.reason == "" {
				assert.Equal(t, tt.tenant, decode(t, out).TenantID)
				return
			}
			assert.Equal(t, tt.reason, markOf(t, out).Reason)
		})
	}
}

func TestResourceAgainstRecord(t *testing.T) {
	logs := func() plog.Logs {
		logs := one(t, flat())
		logs.ResourceLogs().At(0).Resource().Attributes().PutStr("tenant.id", "other")
		return logs
	}
	rec := decode(t, newRig(t, nil).send(context.Background(), t, logs()))
	assert.Equal(t, "acme", rec.TenantID)
	assert.Equal(t, []string{record.FlagTenantMismatch}, rec.Flags)
	out := newRig(t, func(c *Config) { c.Tenant.OnResourceMismatch = policyQuarantine }).send(context.Background(), t, logs())
	assert.Equal(t, record.ReasonTenantConflict, markOf(t, out).Reason)
}

func TestEachRecordIsChecked(t *testing.T) {
	logs := one(t, flat())
	evil := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	require.NoError(t, evil.Attributes().FromRaw(with(map[string]any{"audit.tenant.id": "other"})))
	out := newRig(t, authenticated).send(user("acme"), t, logs)
	assert.Equal(t, 2, out.LogRecordCount())
	assert.Equal(t, "acme", decode(t, out).TenantID)
	mark, ok := otlpmap.QuarantineMarkOf(out.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1))
	require.True(t, ok)
	assert.Equal(t, "other", mark.TenantID, "the claimed one")
}

func TestReject(t *testing.T) {
	noTenant := with(map[string]any{"audit.tenant.id": nil})
	tests := []struct {
		name   string
		change func(*Config)
		ctx    context.Context
		attrs  map[string]any
		reason string
	}{
		{"conflict", func(c *Config) { authenticated(c); c.Tenant.OnConflict = policyReject }, user("evil"), flat(), record.ReasonTenantViolation},
		{"missing", func(c *Config) { c.Tenant.OnMissing = policyReject }, context.Background(), noTenant, record.ReasonMissingTenant},
		{"not authenticated", func(c *Config) { authenticated(c); c.Tenant.OnUnauthenticated = policyReject }, context.Background(), flat(), record.ReasonMissingTenant},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.change)
			logs := one(t, map[string]any{"ordinary": true})
			bad := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			require.NoError(t, bad.Attributes().FromRaw(tt.attrs))
			err := r.ConsumeLogs(tt.ctx, logs)
			require.Error(t, err)
			assert.True(t, consumererror.IsPermanent(err))
			assert.Equal(t, codes.PermissionDenied, status.Code(err))
			require.ErrorContains(t, err, tt.reason)
			assert.NotContains(t, err.Error(), "hunter2")
			assert.Empty(t, r.sink.AllLogs(), "nothing of a refused request is passed on")
		})
	}
	t.Run("a malformed record is quarantined, not refused", func(t *testing.T) {
		out := newRig(t, func(c *Config) { c.Tenant.OnMissing = policyReject }).send(context.Background(), t, one(t, map[string]any{"audit": ""}))
		assert.Equal(t, record.ReasonMalformed, markOf(t, out).Reason)
	})
	t.Run("ordinary records alone are never refused", func(t *testing.T) {
		r := newRig(t, func(c *Config) { authenticated(c); c.Tenant.OnUnauthenticated = policyReject })
		assert.Equal(t, 1, r.send(context.Background(), t, one(t, map[string]any{"a": 1})).LogRecordCount())
	})
}

// gateway trusts the collector that authenticates as agent.
func gateway(c *Config) {
	c.Tenant.FromAuth = "username"
	c.Tenant.Forwarders = []ForwarderConfig{{Identity: "agent", Tenants: []string{"acme", "eu-*"}}}
}

func TestForwarder(t *testing.T) {
	agent, gate := newRig(t, nil), newRig(t, gateway)
	t.Run("unchanged", func(t *testing.T) {
		out := agent.send(context.Background(), t, one(t, with(map[string]any{"audit.outcome": "OK"})))
		before := bytesOf(t, out)
		again := gate.send(user("agent"), t, out)
		assert.Equal(t, before, bytesOf(t, again))
	})
	t.Run("tenant it may not speak for", func(t *testing.T) {
		out := agent.send(context.Background(), t, one(t, with(map[string]any{"audit.tenant.id": "us-1"})))
		assert.Equal(t, record.ReasonTenantViolation, markOf(t, gate.send(user("agent"), t, out)).Reason)
	})
	t.Run("quarantine is final", func(t *testing.T) {
		out := agent.send(context.Background(), t, one(t, with(map[string]any{"audit.action": nil})))
		before := bytesOf(t, out)
		assert.Equal(t, before, bytesOf(t, gate.send(user("agent"), t, out)))
	})
	t.Run("quarantine for a tenant it may not speak for", func(t *testing.T) {
		out := agent.send(context.Background(), t, one(t, with(map[string]any{"audit.action": nil, "audit.tenant.id": "us-1"})))
		sum := markOf(t, out).SHA256
		mark := markOf(t, gate.send(user("agent"), t, out))
		assert.Equal(t, record.ReasonTenantViolation, mark.Reason)
		assert.Equal(t, sum, mark.SHA256)
	})
	t.Run("quarantined without redaction", func(t *testing.T) {
		careless := newRig(t, func(c *Config) { c.Redaction.Enabled = false })
		out := careless.send(context.Background(), t, one(t, with(map[string]any{"audit.action": nil})))
		require.Contains(t, bytesOf(t, out), "hunter2")
		assert.NotContains(t, bytesOf(t, gate.send(user("agent"), t, out)), "hunter2")
	})
	t.Run("with other names for the tenant", func(t *testing.T) {
		other := newRig(t, func(c *Config) { c.Tenant.Attributes = []string{"org.id"} })
		logs := one(t, with(map[string]any{"audit.tenant.id": nil, "org.id": "acme"}))
		logs.ResourceLogs().At(0).Resource().Attributes().PutStr("tenant.id", "other")
		out := other.send(context.Background(), t, logs)
		before := bytesOf(t, out)
		assert.Equal(t, before, bytesOf(t, gate.send(user("agent"), t, out)), "what was decided is not flagged again")
	})
	t.Run("its headers are not the application's", func(t *testing.T) {
		r := newRig(t, func(c *Config) {
			gateway(c)
			c.Tenant.FromHeader = "x-tenant"
			c.Enrich.Headers = map[string]string{"x-request-id": "request_id"}
		})
		ctx := as(authData{"username": "agent"}, map[string][]string{"x-request-id": {"r"}, "x-tenant": {"evil"}})
		rec := decode(t, r.send(ctx, t, agent.send(context.Background(), t, one(t, flat()))))
		assert.True(t, rec.Context.Get("request_id").IsAbsent())
	})
}

// TestAHeaderMakesNoForwarder sends what a forwarder may say, from clients that
// only name one in the header.
func TestAHeaderMakesNoForwarder(t *testing.T) {
	change := func(c *Config) {
		gateway(c)
		c.Tenant.FromHeader = "x-tenant"
		c.Tenant.OnUnauthenticated = policyClaims
	}
	for name, ctx := range map[string]context.Context{
		"not authenticated":              as(nil, map[string][]string{"x-tenant": {"agent"}}),
		"authenticated without the name": as(authData{"subject": "acme"}, map[string][]string{"x-tenant": {"agent"}}),
		"with spaces":                    as(nil, map[string][]string{"x-tenant": {" agent\t"}}),
		"authenticated as a tenant":      as(authData{"username": "acme"}, map[string][]string{"x-tenant": {"agent"}}),
	} {
		t.Run(name, func(t *testing.T) {
			forged := with(map[string]any{
				"audit.canonical": 1, "audit.flags": []any{"actor_missing"}, "audit.record.id": "e1",
				"audit.quarantine.reason": "conflict", "audit.quarantine.detail": "forged", "audit.quarantine.tenant": "acme",
			})
			mark := markOf(t, newRig(t, change).send(ctx, t, one(t, forged)))
			assert.Equal(t, record.ReasonTenantViolation, mark.Reason)
			assert.NotEqual(t, "forged", mark.Detail)
			assert.NotZero(t, mark.SHA256)

			rejecting := newRig(t, func(c *Config) { change(c); c.Tenant.OnConflict = policyReject })
			require.ErrorContains(t, rejecting.ConsumeLogs(ctx, one(t, forged)), record.ReasonTenantViolation)
		})
	}
}

// TestMarksOfStrangers sends what only our own components may say.
func TestMarksOfStrangers(t *testing.T) {
	forged := with(map[string]any{
		"audit.quarantine.reason": "malformed", "audit.quarantine.detail": "x", "audit.quarantine.sha256": "00", "audit.quarantine.tenant": "other",
		"audit.canonical": 1, "audit.flags": []any{"actor_missing"}, "audit.original": map[string]any{"outcome": "forged"},
		"sampling.priority": 0,
	})
	for name, r := range map[string]*rig{"no forwarders": newRig(t, nil), "not on the list": newRig(t, gateway)} {
		t.Run(name, func(t *testing.T) {
			out := r.send(user("acme"), t, one(t, forged))
			rec := decode(t, out)
			assert.Empty(t, rec.Flags)
			assert.True(t, rec.Original.IsAbsent())
			assert.Equal(t, "acme", rec.TenantID)
			_, marked := otlpmap.QuarantineMarkOf(first(out))
			assert.False(t, marked)
		})
	}
	t.Run("and in quarantine", func(t *testing.T) {
		delete(forged, "audit.action")
		mark := markOf(t, newRig(t, nil).send(context.Background(), t, one(t, forged)))
		assert.Equal(t, record.ReasonMissingAction, mark.Reason)
		assert.Equal(t, "acme", mark.TenantID)
		assert.NotZero(t, mark.SHA256)
	})
}
