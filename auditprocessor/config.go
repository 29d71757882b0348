package auditprocessor

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// The values of others.
const (
	// othersPass lets records without audit data through untouched.
	othersPass = "pass"
	// othersDrop removes them, for pipelines that are for audit only.
	othersDrop = "drop"
)

// The values of on_conflict, on_missing, on_unauthenticated,
// on_resource_mismatch and on_unverified, of which each allows some.
const (
	// policyQuarantine keeps the record out of the trail and stores it with the reason.
	policyQuarantine = "quarantine"
	// policyReject refuses the whole request with 403, before anything of it is passed on.
	policyReject = "reject"
	// policyFlag lets the record through with a flag that says what was unusual.
	policyFlag = "flag"
	// policyClaims falls back on what record and resource say.
	policyClaims = "claims"
	// policyKeep lets the record through as it is, counted.
	policyKeep = "keep"
)

// Config configures the processor. The README explains each key.
type Config struct {
	Others         string          `mapstructure:"others"`
	Keep           []string        `mapstructure:"keep"`
	MaxRecordBytes int             `mapstructure:"max_record_bytes"`
	Tenant         TenantConfig    `mapstructure:"tenant"`
	Redaction      RedactionConfig `mapstructure:"redaction"`
	Sampling       SamplingConfig  `mapstructure:"sampling"`
	Enrich         EnrichConfig    `mapstructure:"enrich"`
	OriginMAC      OriginMACConfig `mapstructure:"origin_mac"`
	Limits         LimitsConfig    `mapstructure:"limits"`
	Telemetry      TelemetryConfig `mapstructure:"telemetry"`
}

// TenantConfig says where the tenant of a record comes from and what happens
// when the sources disagree.
type TenantConfig struct {
	// FromAuth names the attribute of the authenticated client that is its tenant:
	// username with basicauth, subject or claims.<name> with oidc.
	FromAuth string `mapstructure:"from_auth"`
	// FromHeader names a request header. It is as trustworthy as the proxy that
	// sets it.
	FromHeader string `mapstructure:"from_header"`
	// Attributes are the names read on record, scope and resource, in order; empty
	// means the defaults of the record's documentation.
	Attributes []string `mapstructure:"attributes"`
	// Default is the tenant of records that name none.
	Default            string            `mapstructure:"default"`
	OnConflict         string            `mapstructure:"on_conflict"`
	OnMissing          string            `mapstructure:"on_missing"`
	OnUnauthenticated  string            `mapstructure:"on_unauthenticated"`
	OnResourceMismatch string            `mapstructure:"on_resource_mismatch"`
	Forwarders         []ForwarderConfig `mapstructure:"forwarders"`
}

// ForwarderConfig names a collector whose records have already been through
// this processor, and the tenants it may speak for: by who sends, or, where a
// broker stands between and nobody is authenticated, by the key that signed.
type ForwarderConfig struct {
	// Identity is the value of the attribute named by from_auth.
	Identity string `mapstructure:"identity"`
	// MACKeys are ids of keys in origin_mac, in place of Identity: a record with a
	// valid MAC of one of them is the forwarder's, whoever brings it.
	MACKeys []string `mapstructure:"mac_keys"`
	// Tenants are globs in which * stands for any text.
	Tenants []string `mapstructure:"tenants"`
}

// RedactionConfig says what is masked. Keys, Paths and ValuePatterns are added
// to the built-in keys.
type RedactionConfig struct {
	Enabled       bool     `mapstructure:"enabled"`
	Keys          []string `mapstructure:"keys"`
	Paths         []string `mapstructure:"paths"`
	ValuePatterns []string `mapstructure:"value_patterns"`
	ExemptPaths   []string `mapstructure:"exempt_paths"`
}

// SamplingConfig names the mark that makes a sampler keep every audit record.
type SamplingConfig struct {
	// Attribute is set to the number 100 on every audit record; the sampler's
	// sampling_priority must name it.
	Attribute string `mapstructure:"attribute"`
}

// EnrichConfig fills in what is missing in a record's context.
type EnrichConfig struct {
	// Headers maps a request header to the context member it fills.
	Headers map[string]string `mapstructure:"headers"`
}

// OriginMACConfig says with which keys records are signed where they are made,
// and what forwarders' signatures are checked against. Without keys nothing is
// signed or checked, and what forwarders signed is passed on.
type OriginMACConfig struct {
	// KeyFile is a MAC key file, read at start.
	KeyFile string `mapstructure:"key_file"`
	// Keys is the content of one, in place of KeyFile.
	Keys configopaque.String `mapstructure:"keys"`
	// Sign gives the records that this processor finishes a MAC with the first key.
	Sign bool `mapstructure:"sign"`
	// OnUnverified is about forwarders' records without a MAC or with one of an
	// unknown key.
	OnUnverified string `mapstructure:"on_unverified"`
}

// TelemetryConfig adds labels to the processor's own metrics.
type TelemetryConfig struct {
	// Actions are counted under their own name.
	Actions []string `mapstructure:"actions"`
	// KnownActions are globs in which * stands for any text. An event whose action
	// none of them matches is counted, and the log names the action once.
	KnownActions []string `mapstructure:"known_actions"`
}

func createDefaultConfig() component.Config {
	return &Config{
		Others:         othersPass,
		Keep:           []string{keepAll},
		MaxRecordBytes: record.DefaultMaxRecordBytes,
		Tenant: TenantConfig{
			OnConflict:         policyQuarantine,
			OnMissing:          policyQuarantine,
			OnUnauthenticated:  policyQuarantine,
			OnResourceMismatch: policyFlag,
		},
		Redaction: RedactionConfig{Enabled: true},
		Limits:    LimitsConfig{MaxTenants: defaultTenants},
		OriginMAC: OriginMACConfig{Sign: true, OnUnverified: policyKeep},
		Sampling:  SamplingConfig{Attribute: otlpmap.DefaultSamplingAttribute},
	}
}
