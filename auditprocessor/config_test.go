package auditprocessor

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// load reads a file of the processor's own configuration.
func load(t *testing.T, file string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(file)
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestDefaultConfig(t *testing.T) {
	cfg := NewFactory().CreateDefaultConfig()
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.NoError(t, confmap.New().Unmarshal(cfg))
	assert.Equal(t, createDefaultConfig(), cfg, "an empty configuration is the default one")
}

func TestDefaultConfigSurvivesARoundTrip(t *testing.T) {
	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	require.True(t, conf.Delete("origin_mac::keys"), "a secret, and so never marshaled as it is")
	cfg := createDefaultConfig()
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	again := confmap.New()
	require.NoError(t, again.Marshal(cfg))
	again.Delete("origin_mac::keys")
	assert.Equal(t, conf.ToStringMap(), again.ToStringMap())
}

func TestFullConfig(t *testing.T) {
	cfg, err := load(t, filepath.Join("testdata", "full.yaml"))
	require.NoError(t, err)
	assert.Equal(t, &Config{
		Others:         othersDrop,
		Keep:           []string{"http.*", "url.*"},
		MaxRecordBytes: 65536,
		Tenant: TenantConfig{
			FromAuth: "claims.tenant", FromHeader: "x-tenant", Attributes: []string{"audit.tenant.id", "org.id"}, Default: "acme",
			OnConflict: policyReject, OnMissing: policyReject, OnUnauthenticated: policyClaims, OnResourceMismatch: policyQuarantine,
			Forwarders: []ForwarderConfig{
				{Identity: "agent-eu", Tenants: []string{"eu-*", "acme"}},
				{Identity: "agent-all", Tenants: []string{"*"}},
			},
		},
		Redaction: RedactionConfig{
			Enabled: true, Keys: []string{"iban", "national_id"}, Paths: []string{"payload.*.street", "**.birthday"},
			ValuePatterns: []string{"card_number", "jwt", "bearer", "regexp:AKIA[0-9A-Z]{16}"}, ExemptPaths: []string{"payload.token"},
		},
		Sampling:  SamplingConfig{Attribute: "sampling.audit"},
		Enrich:    EnrichConfig{Headers: map[string]string{"x-request-id": "request_id"}},
		OriginMAC: OriginMACConfig{KeyFile: "/etc/otelaudit/mac.keys", OnUnverified: policyQuarantine},
		Limits: LimitsConfig{
			LimitConfig: LimitConfig{RecordsPerSecond: 1000, BurstRecords: 20000, BytesPerSecond: 1 << 20, BurstBytes: 20 << 20, RecordsPerDay: 10_000_000, BytesPerDay: 10 << 30},
			Tenants:     []TenantLimitConfig{{Names: []string{"acme", "globex"}, LimitConfig: LimitConfig{RecordsPerSecond: 10_000}}},
			MaxTenants:  50_000,
		},
		Telemetry: TelemetryConfig{Actions: []string{"user.delete", "invoice.refund"}, KnownActions: []string{"user.*", "invoice.refund"}},
	}, cfg)
}

func TestKeepIsAWordOrAList(t *testing.T) {
	for text, want := range map[string][]string{"all": {"all"}, "none": {"none"}, "http.*": {"http.*"}} {
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"keep": text}).Unmarshal(cfg))
		assert.Equal(t, want, cfg.Keep)
	}
}

func TestInvalidConfig(t *testing.T) {
	want := map[string]string{
		"others":                   `others: "keep" is not allowed: use pass or drop`,
		"keep_empty":               `keep: must not be empty: use all, none or a list of globs`,
		"keep_mixed":               `keep: all and none stand alone: use one of them or a list of globs`,
		"keep_glob":                `keep: a glob must not be empty`,
		"max_record_bytes":         `max_record_bytes: 10 is not allowed: use 1024 to 67108864`,
		"on_conflict":              `tenant: on_conflict: "drop" is not allowed: use quarantine or reject`,
		"on_missing":               `tenant: on_missing: "default" is not allowed: use quarantine or reject`,
		"on_unauthenticated":       `tenant: on_unauthenticated: "trust" is not allowed: use quarantine or reject or claims`,
		"on_resource_mismatch":     `tenant: on_resource_mismatch: "reject" is not allowed: use flag or quarantine`,
		"from_auth_raw":            `tenant: from_auth: "raw" holds credentials: name the attribute that identifies the client, such as username, subject or claims.<name>`,
		"from_header_name":         `tenant: from_header: "x tenant" is no name of a header`,
		"from_header_credentials":  `tenant: from_header: "Authorization" holds credentials: name a header that holds the tenant`,
		"attributes":               `tenant: attributes: a name must not be empty`,
		"default_reserved":         `tenant: default: tenants that begin with "_" are reserved`,
		"default_space":            `tenant: default: must not begin or end with a space`,
		"forwarders_without_auth":  `tenant: forwarders: need from_auth, because only an authenticated forwarder is believed; one behind a broker is named by mac_keys in place of identity`,
		"sealed_and_identity":      `tenant::forwarders::0: identity and mac_keys are both set: use one of them, in an entry of its own`,
		"sealed_without_keys":      `tenant: forwarders: mac_keys need origin_mac.key_file or origin_mac.keys, which hold the keys`,
		"sealed_rejects":           `tenant: on_conflict: reject would lose the records of forwarders with mac_keys, because a broker takes nothing back: use quarantine`,
		"sealed_claims":            `tenant: on_unauthenticated: claims would believe whoever can write to the broker, although forwarders have mac_keys: use quarantine`,
		"sealed_twice":             `tenant: forwarders: mac key "agent-eu-2" stands twice: give all its tenants in one entry`,
		"forwarders_identity":      `tenant::forwarders::0: identity must not be empty`,
		"forwarders_tenants":       `tenant::forwarders::0: tenants must name at least one tenant, "*" for all`,
		"forwarders_twice":         `tenant: forwarders: "a" stands twice: give all its tenants in one entry`,
		"redaction_keys":           `redaction: keys[0]: "-" must have 1 to 128 letters or digits`,
		"redaction_paths":          `redaction: paths[0]: "audit.payload.x" begins with "audit": allowed are action, actor, attributes, body, changes, context, event_name, payload, producer, reason, severity_text, source, target, * and **`,
		"redaction_identifier":     `redaction: paths[0]: "actor.id" is an identifier, which is never masked`,
		"redaction_value_patterns": `redaction: value_patterns[0]: "iban" is unknown: allowed are card_number, jwt, bearer and regexp:<expression>`,
		"redaction_expression":     "redaction: value_patterns[0]: error parsing regexp: missing closing ): `(`",
		"redaction_exempt_paths":   `redaction: exempt_paths[0]: "payload..x" has an empty segment`,
		"sampling_empty":           `sampling: attribute: must not be empty: use the name given to the sampler as sampling_priority`,
		"sampling_audit":           `sampling: attribute: "audit.keep" would be read as audit data: use a name such as sampling.priority`,
		"enrich_credentials":       `enrich: headers: "authorization" holds credentials and must not be copied into a record`,
		"enrich_header":            `enrich: headers: "a b" is no name of a header`,
		"attributes_taken":         `tenant: attributes: "audit.action" has another meaning in an audit record and cannot be a tenant: name one such as audit.tenant.id or org.id`,
		"enrich_tenant":            `enrich: headers: x-a: "tenantId" claims a tenant: use tenant.from_header for a header that holds one`,
		"enrich_claim":             `enrich: headers: x-org: "org" is the attribute audit.context.org, which claims a tenant: see tenant.from_header`,
		"enrich_member":            `enrich: headers: x-request-id: "request.id" is no name of a context member: use letters, digits and _`,
		"origin_mac_both":          `origin_mac: key_file and keys are both set: use one of them`,
		"origin_mac_policy":        `origin_mac: on_unverified: "reject" is not allowed: use keep or quarantine`,
		"origin_mac_no_keys":       `origin_mac: on_unverified: quarantine needs key_file or keys to verify with`,
		"origin_mac_no_forwarders": `origin_mac: on_unverified: quarantine is about the records of tenant.forwarders, of which there are none`,
		"origin_mac_idle":          `origin_mac: sign: false leaves the keys without use, because there are no tenant.forwarders to check`,
		"origin_mac_keys":          `origin_mac: keys: not a MAC key file: line 1: the key has 5 bytes, want 32 to 128`,
		"telemetry_actions":        `telemetry: actions: "" is no action: use 1 to 255 bytes`,
	}
	files, err := filepath.Glob(filepath.Join("testdata", "invalid", "*.yaml"))
	require.NoError(t, err)
	assert.Len(t, files, len(want)+1)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			_, err := load(t, file)
			require.Error(t, err)
			if name == "unknown_key" {
				assert.ErrorContains(t, err, "tennant")
				return
			}
			assert.EqualError(t, err, want[name])
		})
	}
}

// TestReadmeDefaults compares every "key (default = x)" of the README with the
// code, in both directions.
func TestReadmeDefaults(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	want := defaults("", reflect.ValueOf(*createDefaultConfig().(*Config)))
	got := regexp.MustCompile("`[a-z_.]+` \\(default = [^|]*\\) \\|").FindAllString(string(readme), -1)
	for i := range got {
		got[i] = strings.TrimSuffix(got[i], " |")
	}
	assert.ElementsMatch(t, want, got)
}

// defaults lists the keys below a struct of the configuration as the README
// writes them.
func defaults(prefix string, v reflect.Value) []string {
	var lines []string
	for i := range v.NumField() {
		tag, field := v.Type().Field(i).Tag.Get("mapstructure"), v.Field(i)
		if tag == ",squash" {
			lines = append(lines, defaults(prefix, field)...)
			continue
		}
		key := prefix + tag
		text := fmt.Sprint(field.Interface())
		switch field.Kind() {
		case reflect.Struct:
			lines = append(lines, defaults(key+".", field)...)
			continue
		case reflect.Map:
			text = strings.Replace(text, "map[]", "{}", 1)
		case reflect.String:
			if text = field.String(); text == "" { // a secret's own String hides it
				text = `""`
			}
		default:
		}
		lines = append(lines, "`"+key+"` (default = "+text+")")
	}
	return lines
}

// TestReadmeConfigurations loads every snippet of the README.
func TestReadmeConfigurations(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	snippets := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, snippets)
	for _, snippet := range snippets {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(snippet[1]))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		sub, err := conf.Sub("processors::audit")
		require.NoError(t, err)
		cfg := createDefaultConfig()
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
	}
}

// TestReadmeKeys compares the built-in names of the README with the code.
func TestReadmeKeys(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "`"+strings.Join(stage.DefaultKeys(), "`, `")+"`")
	assert.Contains(t, string(readme), "`"+strings.Join(otlpmap.DefaultTenantAttributes(), "`, `")+"`")
}

func TestWhatCanBeATenant(t *testing.T) {
	for name, never := range map[string]bool{
		"audit": true, "audit.tenant": true, "audit.action": true, "audit.recordId": true, "audit.correlation.id": true, "audit.quarantine.tenant": true,
		"audit.flags": true, "audit.mark": true, "audit.payload": true, "audit.status": true, "log.record.uid": true, "sampling.priority": true,
		"audit.org": false, "audit.payload.org": false, "audit.context.tenantId": false, "auditor": false, "org.id": false,
	} {
		assert.Equal(t, never, neverTenant(name), name)
	}
	for _, name := range otlpmap.DefaultTenantAttributes() {
		assert.False(t, neverTenant(name), name)
	}
}
