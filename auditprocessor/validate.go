package auditprocessor

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// Limits of the configuration.
const (
	minRecordBytes = 1 << 10
	maxRecordBytes = 64 << 20
	// maxActions bounds the label action, of which every value is a time series.
	maxActions = 100
)

// Validate reports every key that is wrong, with what is allowed. The parts of
// the configuration that are maps of their own are validated by their methods.
func (c *Config) Validate() error {
	errs := []error{
		oneOf("others", c.Others, othersPass, othersDrop),
		validateKeep(c.Keep),
	}
	if c.MaxRecordBytes < minRecordBytes || c.MaxRecordBytes > maxRecordBytes {
		errs = append(errs, fmt.Errorf("max_record_bytes: %d is not allowed: use %d to %d", c.MaxRecordBytes, minRecordBytes, maxRecordBytes))
	}
	if len(c.Tenant.Forwarders) == 0 {
		errs = append(errs, c.OriginMAC.withoutForwarders())
	}
	if c.Tenant.anySealed() && c.OriginMAC.KeyFile == "" && c.OriginMAC.Keys == "" {
		errs = append(errs, errors.New("tenant: forwarders: mac_keys need origin_mac.key_file or origin_mac.keys, which hold the keys"))
	}
	for _, rule := range headerRules(c.Enrich.Headers) {
		if name := "audit.context." + rule.member; slices.Contains(c.Tenant.Attributes, name) {
			errs = append(errs, fmt.Errorf("enrich: headers: %s: %q is the attribute %s, which claims a tenant: see tenant.from_header", strings.ToLower(rule.header), rule.member, name))
		}
	}
	return errors.Join(errs...)
}

func oneOf(key, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is not allowed: use %s", key, value, strings.Join(allowed, " or "))
}

func validateKeep(keep []string) error {
	switch {
	case len(keep) == 0:
		return fmt.Errorf("keep: must not be empty: use %s, %s or a list of globs", keepAll, keepNone)
	case slices.Contains(keep, ""):
		return errors.New("keep: a glob must not be empty")
	case len(keep) > 1 && (slices.Contains(keep, keepAll) || slices.Contains(keep, keepNone)):
		return fmt.Errorf("keep: %s and %s stand alone: use one of them or a list of globs", keepAll, keepNone)
	}
	return nil
}

// Validate reports every key below tenant that is wrong.
func (t *TenantConfig) Validate() error {
	errs := []error{
		oneOf("on_conflict", t.OnConflict, policyQuarantine, policyReject),
		oneOf("on_missing", t.OnMissing, policyQuarantine, policyReject),
		oneOf("on_unauthenticated", t.OnUnauthenticated, policyQuarantine, policyReject, policyClaims),
		oneOf("on_resource_mismatch", t.OnResourceMismatch, policyFlag, policyQuarantine),
	}
	if slices.Contains(t.Attributes, "") {
		errs = append(errs, errors.New("attributes: a name must not be empty"))
	}
	for _, name := range t.Attributes {
		if neverTenant(name) {
			errs = append(errs, fmt.Errorf("attributes: %q has another meaning in an audit record and cannot be a tenant: name one such as audit.tenant.id or org.id", name))
		}
	}
	if t.FromAuth == "raw" {
		errs = append(errs, errors.New(`from_auth: "raw" holds credentials: name the attribute that identifies the client, such as username, subject or claims.<name>`))
	}
	if t.FromHeader != "" && !headerName.MatchString(t.FromHeader) {
		errs = append(errs, fmt.Errorf("from_header: %q is no name of a header", t.FromHeader))
	}
	if credentialHeader(t.FromHeader) {
		errs = append(errs, fmt.Errorf("from_header: %q holds credentials: name a header that holds the tenant", t.FromHeader))
	}
	if t.Default != "" {
		if err := stage.CheckTenant(t.Default); err != nil {
			errs = append(errs, fmt.Errorf("default: %w", err))
		}
	}
	if t.FromAuth == "" && slices.ContainsFunc(t.Forwarders, func(f ForwarderConfig) bool { return len(f.MACKeys) == 0 }) {
		errs = append(errs, errors.New("forwarders: need from_auth, because only an authenticated forwarder is believed; one behind a broker is named by mac_keys in place of identity"))
	}
	return errors.Join(append(errs, t.duplicateForwarder(), t.validateSealed())...)
}

// neverTenant reports whether an attribute's name is taken for something else,
// in any spelling.
func neverTenant(name string) bool {
	if name == "log.record.uid" || strings.HasPrefix(name, "sampling.") || strings.HasPrefix(name, "audit.quarantine.") {
		return true
	}
	rest, ours := strings.CutPrefix(name, "audit")
	if !ours || rest != "" && rest[0] != '.' {
		return false
	}
	switch strings.ToLower(strings.NewReplacer(".", "", "_", "").Replace(rest)) {
	case "", "action", "actor", "attributes", "canonical", "causationid", "changes", "context", "correlationid", "eventid", "flags",
		"idempotencykey", "kind", "mark", "original", "outcome", "payload", "producer", "quarantine", "reason", "recordid",
		"schemaversion", "source", "status", "target", "tenant", "version":
		return true
	}
	return false
}

func (t *TenantConfig) duplicateForwarder() error {
	seen := make(map[string]bool, len(t.Forwarders))
	for _, f := range t.Forwarders {
		if f.Identity == "" {
			continue
		}
		if seen[f.Identity] {
			return fmt.Errorf("forwarders: %q stands twice: give all its tenants in one entry", f.Identity)
		}
		seen[f.Identity] = true
	}
	return nil
}

// Validate reports what is wrong with one forwarder.
func (f *ForwarderConfig) Validate() error {
	_, err := f.forwarder()
	return err
}

// Validate reports every rule that cannot be compiled.
func (r *RedactionConfig) Validate() error {
	_, err := stage.NewRedactor(r.rules())
	return err
}

// Validate reports what is wrong with the keys, as far as no file must be read.
func (m *OriginMACConfig) Validate() error {
	errs := []error{oneOf("on_unverified", m.OnUnverified, policyKeep, policyQuarantine)}
	switch {
	case m.KeyFile != "" && m.Keys != "":
		errs = append(errs, errors.New("key_file and keys are both set: use one of them"))
	case m.KeyFile == "" && m.Keys == "" && m.OnUnverified == policyQuarantine:
		errs = append(errs, errors.New("on_unverified: quarantine needs key_file or keys to verify with"))
	case m.Keys != "":
		if _, err := keys.ParseMACRing([]byte(m.Keys)); err != nil {
			errs = append(errs, fmt.Errorf("keys: %w", err))
		}
	}
	return errors.Join(errs...)
}

// withoutForwarders reports keys that would serve nothing where there is nobody
// whose MACs are checked.
func (m *OriginMACConfig) withoutForwarders() error {
	switch {
	case m.OnUnverified == policyQuarantine:
		return errors.New("origin_mac: on_unverified: quarantine is about the records of tenant.forwarders, of which there are none")
	case !m.Sign && (m.KeyFile != "" || m.Keys != ""):
		return errors.New("origin_mac: sign: false leaves the keys without use, because there are no tenant.forwarders to check")
	}
	return nil
}

// Validate reports whether a sampler could find the mark.
func (s *SamplingConfig) Validate() error {
	switch {
	case s.Attribute == "":
		return errors.New("attribute: must not be empty: use the name given to the sampler as sampling_priority")
	case s.Attribute == "audit", strings.HasPrefix(s.Attribute, "audit."):
		return fmt.Errorf("attribute: %q would be read as audit data: use a name such as sampling.priority", s.Attribute)
	}
	return nil
}

var (
	headerName    = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	contextMember = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

// credentialHeader reports whether a header holds what must never be stored.
func credentialHeader(name string) bool {
	return slices.Contains([]string{"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}, strings.ToLower(name))
}

// Validate reports headers that must not be copied and members that cannot be
// named.
func (e *EnrichConfig) Validate() error {
	var errs []error
	for _, rule := range headerRules(e.Headers) {
		switch name := strings.ToLower(rule.header); {
		case !headerName.MatchString(rule.header):
			errs = append(errs, fmt.Errorf("headers: %q is no name of a header", rule.header))
		case credentialHeader(name):
			errs = append(errs, fmt.Errorf("headers: %q holds credentials and must not be copied into a record", name))
		case !contextMember.MatchString(rule.member):
			errs = append(errs, fmt.Errorf("headers: %s: %q is no name of a context member: use letters, digits and _", name, rule.member))
		case tenantMember(rule.member):
			errs = append(errs, fmt.Errorf("headers: %s: %q claims a tenant: use tenant.from_header for a header that holds one", name, rule.member))
		}
	}
	return errors.Join(errs...)
}

// tenantMember reports whether a member of the context claims a tenant, in any
// spelling.
func tenantMember(member string) bool {
	word := strings.ToLower(strings.ReplaceAll(member, "_", ""))
	return word == "tenant" || word == "tenantid"
}

// maxKnownActions bounds the patterns that an action is compared with when it
// comes first.
const maxKnownActions = 1000

// Validate reports actions that cannot be labels, and patterns that match none.
func (t *TelemetryConfig) Validate() error {
	if len(t.Actions) > maxActions {
		return fmt.Errorf("actions: %d are too many, each is a time series of its own: use at most %d", len(t.Actions), maxActions)
	}
	if len(t.KnownActions) > maxKnownActions {
		return fmt.Errorf("known_actions: %d patterns are too many: use at most %d, * stands for any text", len(t.KnownActions), maxKnownActions)
	}
	for _, glob := range t.KnownActions {
		if glob == "" || len(glob) > record.MaxActionBytes {
			return fmt.Errorf("known_actions: %q matches no action: use 1 to %d bytes", glob, record.MaxActionBytes)
		}
	}
	for _, action := range t.Actions {
		if action == "" || len(action) > record.MaxActionBytes {
			return fmt.Errorf("actions: %q is no action: use 1 to %d bytes", action, record.MaxActionBytes)
		}
	}
	return nil
}
