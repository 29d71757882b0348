package auditprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/vouch"
)

// ofSystem is a record of the system tenant with a secret in it.
func ofSystem() map[string]any {
	return map[string]any{
		"audit.tenant.id": "_system", "audit.action": "audit.read.list", "audit.outcome": "success", "audit.record.id": "trace-1",
		"audit.actor.type": "user", "audit.actor.id": "alice", "audit.payload": map[string]any{"password": secretText},
	}
}

func TestTheCollectorsOwnRecordsAreOfTheSystem(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"anybody":       nil,
		"authenticated": authenticated,
		"rejecting": func(c *Config) {
			authenticated(c)
			c.Tenant.OnConflict, c.Tenant.OnMissing, c.Tenant.OnUnauthenticated = policyReject, policyReject, policyReject
		},
		"other attributes": func(c *Config) { c.Tenant.Attributes = []string{"org.id"} },
		"a default":        func(c *Config) { c.Tenant.Default = "house" },
	} {
		t.Run(name, func(t *testing.T) {
			out := newRig(t, change).send(vouch.ForSystem(context.Background()), t, one(t, ofSystem()))
			tenant, _ := first(out).Attributes().Get(otlpmap.AttrTenantID)
			assert.Equal(t, "_system", tenant.Str())
			assert.NotContains(t, jsonOf(t, out), secretText, "redaction applies")
		})
	}
}

func TestNobodyElseIsTheSystem(t *testing.T) {
	forwarders := func(c *Config) {
		authenticated(c)
		c.Tenant.Forwarders = []ForwarderConfig{{Identity: "agent", Tenants: []string{"*"}}, {Identity: "glob", Tenants: []string{"_*", "_s*m"}}}
	}
	header := func(c *Config) { c.Tenant.FromHeader = "x-tenant" }
	type system struct{}
	for name, tt := range map[string]struct {
		change func(*Config)
		ctx    context.Context
	}{
		"anybody":                      {nil, context.Background()},
		"default configuration, named": {nil, user("_system")},
		"authenticated as it":          {authenticated, user("_system")},
		"header":                       {header, as(nil, map[string][]string{"x-tenant": {"_system"}})},
		"forwarder for all":            {forwarders, user("agent")},
		"forwarder by a glob":          {forwarders, user("glob")},
		"a key of the same name":       {nil, context.WithValue(context.Background(), system{}, true)},
		"behind batch, which makes a context of its own": {nil, client.NewContext(context.Background(), client.FromContext(vouch.ForSystem(context.Background())))},
	} {
		t.Run(name, func(t *testing.T) {
			out := newRig(t, tt.change).send(tt.ctx, t, one(t, ofSystem()))
			_, quarantined := otlpmap.QuarantineMarkOf(first(out))
			assert.True(t, quarantined)
		})
	}
}

// TestAForwarderForTheSystemAnnouncesRemovals: an authenticated identity whose
// list names _system, and no glob, writes events that authorize a prune.
func TestAForwarderForTheSystemAnnouncesRemovals(t *testing.T) {
	r := newRig(t, func(c *Config) {
		authenticated(c)
		c.Tenant.Forwarders = []ForwarderConfig{{Identity: "retention", Tenants: []string{"_system"}}}
	})
	intent := with(map[string]any{
		"audit.tenant.id": "_system", "audit.action": "audit.prune", "audit.payload": map[string]any{"tenant": "acme", "epoch": 0, "size": 3},
	})
	out := r.send(user("retention"), t, one(t, intent))
	decoded := otlpmap.NewDecoder(otlpmap.Options{}).Decode(out.ResourceLogs().At(0).Resource(), out.ResourceLogs().At(0).ScopeLogs().At(0).Scope(), first(out), true)
	require.Nil(t, decoded.Problem)
	require.True(t, decoded.Canonical)
	assert.Equal(t, record.SystemTenant, decoded.Record.TenantID)
	assert.Equal(t, "audit.prune", decoded.Record.Action)

	mark, quarantined := otlpmap.QuarantineMarkOf(first(r.send(user("retention"), t, one(t, flat()))))
	require.True(t, quarantined, "and for no other tenant")
	assert.Equal(t, record.ReasonTenantViolation, mark.Reason)
}
