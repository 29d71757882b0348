package stage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
)

func TestTenantDecisions(t *testing.T) {
	on := func(name, value string) Claim { return Claim{Name: name, Value: value} }
	outer := func(name, value string) Claim { return Claim{Name: name, Value: value, Outer: true} }
	agent, err := NewForwarder("agent", []string{"eu-*", "acme"})
	require.NoError(t, err)
	forwarders := Tenants{RequireIdentity: true, Forwarders: []Forwarder{agent}}
	pruner, err := NewForwarder("pruner", []string{"_system", "_journal"})
	require.NoError(t, err)
	everybody := Tenants{RequireIdentity: true, Forwarders: []Forwarder{{Identity: "agent", Tenants: []string{"*"}}, {Identity: "glob", Tenants: []string{"_s*"}}, pruner}}
	tests := []struct {
		name     string
		policy   Tenants
		identity string
		claims   []Claim
		tenant   string
		flag     string
		reason   string
	}{
		{name: "record", claims: []Claim{on("audit.tenant.id", "acme")}, tenant: "acme"},
		{name: "resource", claims: []Claim{outer("tenant.id", "acme")}, tenant: "acme"},
		{name: "nothing", reason: record.ReasonMissingTenant},
		{name: "blank is nothing", claims: []Claim{on("audit.tenant.id", " \t")}, reason: record.ReasonMissingTenant},
		{name: "default", policy: Tenants{Default: "house"}, tenant: "house", flag: record.FlagTenantDefaulted},
		{name: "record before default", policy: Tenants{Default: "house"}, claims: []Claim{on("a", "acme")}, tenant: "acme"},
		{name: "trimmed", claims: []Claim{on("a", " acme ")}, tenant: "acme"},
		{name: "case-sensitive", claims: []Claim{on("a", "acme"), on("b", "Acme")}, tenant: "acme", reason: record.ReasonTenantConflict},
		{name: "two spellings agree", claims: []Claim{on("a", "acme"), on("b", "acme ")}, tenant: "acme"},
		{name: "two spellings differ", claims: []Claim{on("a", "acme"), on("b", "evil")}, tenant: "acme", reason: record.ReasonTenantConflict},
		{name: "resource differs, record wins", claims: []Claim{on("a", "acme"), outer("a", "other")}, tenant: "acme", flag: record.FlagTenantMismatch},
		{name: "resource differs, strict", policy: Tenants{StrictResource: true}, claims: []Claim{on("a", "acme"), outer("a", "other")}, tenant: "acme", reason: record.ReasonTenantConflict},
		{name: "resource contradicts itself", claims: []Claim{outer("a", "acme"), outer("b", "other")}, tenant: "acme", reason: record.ReasonTenantConflict},
		{name: "reserved", claims: []Claim{on("a", "_system")}, tenant: "_system", reason: record.ReasonInvalidTenant},
		{name: "reserved on the resource", claims: []Claim{on("a", "acme"), outer("a", "_system")}, tenant: "_system", reason: record.ReasonInvalidTenant},
		{name: "255 bytes", claims: []Claim{on("a", strings.Repeat("x", 255))}, tenant: strings.Repeat("x", 255)},
		{name: "256 bytes", claims: []Claim{on("a", strings.Repeat("x", 256))}, tenant: strings.Repeat("x", 256), reason: record.ReasonInvalidTenant},
		{name: "control character", claims: []Claim{on("a", "ac\x00me")}, tenant: "ac\x00me", reason: record.ReasonInvalidTenant},
		{name: "not UTF-8", claims: []Claim{on("a", "ac\xffme")}, tenant: "ac\xffme", reason: record.ReasonInvalidTenant},
		{name: "authenticated", identity: "acme", tenant: "acme"},
		{name: "authenticated before default", policy: Tenants{Default: "house"}, identity: "acme", tenant: "acme"},
		{name: "authenticated and record agree", identity: "acme", claims: []Claim{on("a", "acme")}, tenant: "acme"},
		{name: "authenticated, record differs", identity: "acme", claims: []Claim{on("a", "other")}, tenant: "other", reason: record.ReasonTenantViolation},
		{name: "authenticated, resource differs", identity: "acme", claims: []Claim{outer("a", "other")}, tenant: "other", reason: record.ReasonTenantViolation},
		{name: "authenticated, record agrees, resource differs", identity: "acme", claims: []Claim{on("a", "acme"), outer("a", "other")}, tenant: "acme", flag: record.FlagTenantMismatch},
		{name: "authenticated as reserved", identity: "_system", reason: record.ReasonInvalidTenant},
		{name: "identity required and missing", policy: Tenants{RequireIdentity: true}, claims: []Claim{on("a", "acme")}, tenant: "acme", reason: record.ReasonMissingTenant},
		{name: "identity required, default is no way out", policy: Tenants{RequireIdentity: true, Default: "house"}, reason: record.ReasonMissingTenant},
		{name: "forwarder", policy: forwarders, identity: "agent", claims: []Claim{on("a", "acme")}, tenant: "acme"},
		{name: "forwarder by glob", policy: forwarders, identity: "agent", claims: []Claim{on("a", "eu-1")}, tenant: "eu-1"},
		{name: "forwarder beyond its list", policy: forwarders, identity: "agent", claims: []Claim{on("a", "us-1")}, tenant: "us-1", reason: record.ReasonTenantViolation},
		{name: "forwarder is no tenant itself", policy: forwarders, identity: "agent", reason: record.ReasonMissingTenant},
		{name: "forwarder with default", policy: Tenants{Default: "acme", Forwarders: []Forwarder{agent}}, identity: "agent", tenant: "acme", flag: record.FlagTenantDefaulted},
		{name: "forwarder with default beyond its list", policy: Tenants{Default: "us", Forwarders: []Forwarder{agent}}, identity: "agent", tenant: "us", reason: record.ReasonTenantViolation},
		{name: "forwarder for all tenants but the system's", policy: everybody, identity: "agent", claims: []Claim{on("a", "_system")}, tenant: "_system", reason: record.ReasonInvalidTenant},
		{name: "forwarder by a glob that matches the system", policy: everybody, identity: "glob", claims: []Claim{on("a", "_system")}, tenant: "_system", reason: record.ReasonInvalidTenant},
		{name: "forwarder for the system", policy: everybody, identity: "pruner", claims: []Claim{on("a", "_system")}, tenant: "_system"},
		{name: "forwarder for the system and another reserved", policy: everybody, identity: "pruner", claims: []Claim{on("a", "_journal")}, tenant: "_journal", reason: record.ReasonInvalidTenant},
		{name: "forwarder for the system, on another tenant", policy: everybody, identity: "pruner", claims: []Claim{on("a", "acme")}, tenant: "acme", reason: record.ReasonTenantViolation},
		{name: "not a forwarder for the system", policy: everybody, identity: "acme", claims: []Claim{on("a", "_system")}, tenant: "_system", reason: record.ReasonInvalidTenant},
		{name: "no forwarder", policy: forwarders, identity: "agents", claims: []Claim{on("a", "acme")}, tenant: "acme", reason: record.ReasonTenantViolation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenant, flag, problem := tt.policy.Resolve(tt.policy.Sender(tt.identity), tt.claims)
			assert.Equal(t, tt.tenant, tenant)
			assert.Equal(t, tt.flag, flag)
			if tt.reason == "" {
				assert.Nil(t, problem)
				return
			}
			require.NotNil(t, problem)
			assert.Equal(t, tt.reason, problem.Reason)
			assert.NotEmpty(t, problem.Detail)
		})
	}
}

func TestTheSystemSpeaksForItselfOnly(t *testing.T) {
	policy := Tenants{RequireIdentity: true, Default: "acme"}
	system := Sender{System: true}
	for _, claims := range [][]Claim{nil, {{Name: "a", Value: record.SystemTenant}}} {
		tenant, _, problem := policy.Resolve(system, claims)
		assert.Nil(t, problem)
		assert.Equal(t, record.SystemTenant, tenant)
	}
	for _, claims := range [][]Claim{{{Name: "a", Value: "acme"}}, {{Name: "a", Value: "_journal"}}} {
		_, _, problem := policy.Resolve(system, claims)
		assert.NotNil(t, problem, "%v", claims)
	}
}

func TestTenantGlobs(t *testing.T) {
	for _, tt := range []struct {
		glob, text string
		want       bool
	}{
		{"*", "", true},
		{"*", "acme", true},
		{"acme", "acme", true},
		{"acme", "acme2", false},
		{"acme", "Acme", false},
		{"eu-*", "eu-", true},
		{"eu-*", "eu-1", true},
		{"eu-*", "xeu-1", false},
		{"*-eu", "a-eu", true},
		{"*-eu", "a-eu1", false},
		{"a*c", "abc", true},
		{"a*c", "ac", true},
		{"a*c", "acb", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*a", "a", false},
		{"", "", true},
	} {
		assert.Equal(t, tt.want, matchText(tt.glob, tt.text), "%q matches %q", tt.glob, tt.text)
	}
}

func TestForwardersThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		identity string
		tenants  []string
		want     string
	}{
		{"", []string{"*"}, "identity must not be empty"},
		{"a", nil, `tenants must name at least one tenant, "*" for all`},
		{"a", []string{""}, "tenants must not hold an empty name"},
	} {
		_, err := NewForwarder(tt.identity, tt.tenants)
		assert.EqualError(t, err, tt.want)
	}
}
