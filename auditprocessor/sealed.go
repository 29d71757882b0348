package auditprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// Behind a broker nobody is authenticated: whoever may write to the topic could
// have written a message. There a forwarder is known by the key that sealed the
// record, and by nothing else.

// forwarder compiles the entry. Its errors name the key below it.
func (f *ForwarderConfig) forwarder() (stage.Forwarder, error) {
	if len(f.MACKeys) == 0 {
		return stage.NewForwarder(f.Identity, f.Tenants)
	}
	if f.Identity != "" {
		return stage.Forwarder{}, errors.New("identity and mac_keys are both set: use one of them, in an entry of its own")
	}
	for _, id := range f.MACKeys {
		if strings.TrimSpace(id) == "" {
			return stage.Forwarder{}, errors.New("mac_keys must not hold an empty id")
		}
	}
	// Not an identity that anybody could be authenticated as.
	return stage.NewForwarder("\x00"+f.MACKeys[0], f.Tenants)
}

func (t *TenantConfig) anySealed() bool {
	return slices.ContainsFunc(t.Forwarders, func(f ForwarderConfig) bool { return len(f.MACKeys) > 0 })
}

// validateSealed refuses what would lose records behind a broker: a rejected
// message has nobody to whom it could be given back.
func (t *TenantConfig) validateSealed() error {
	if !t.anySealed() {
		return nil
	}
	var errs []error
	for _, policy := range []struct{ key, value string }{
		{"on_conflict", t.OnConflict}, {"on_missing", t.OnMissing}, {"on_unauthenticated", t.OnUnauthenticated},
	} {
		if policy.value == policyReject {
			errs = append(errs, fmt.Errorf("%s: reject would lose the records of forwarders with mac_keys, because a broker takes nothing back: use quarantine", policy.key))
		}
	}
	if t.OnUnauthenticated == policyClaims {
		errs = append(errs, errors.New("on_unauthenticated: claims would believe whoever can write to the broker, although forwarders have mac_keys: use quarantine"))
	}
	seen := map[string]bool{}
	for _, f := range t.Forwarders {
		for _, id := range f.MACKeys {
			if seen[id] {
				errs = append(errs, fmt.Errorf("forwarders: mac key %q stands twice: give all its tenants in one entry", id))
			}
			seen[id] = true
		}
	}
	return errors.Join(errs...)
}

// sealers are the forwarders by the ids of their keys, nil without any.
func (t *TenantConfig) sealers(policy *stage.Tenants) map[string]*stage.Forwarder {
	var sealers map[string]*stage.Forwarder
	for i, f := range t.Forwarders {
		for _, id := range f.MACKeys {
			if sealers == nil {
				sealers = map[string]*stage.Forwarder{}
			}
			sealers[id] = &policy.Forwarders[i]
		}
	}
	return sealers
}

// sealer is the forwarder whose key a record names, nil for none. It only says
// as whose the record is to be read; checkMAC, which comes before anything is
// believed of it, says whether it is. A mark has no MAC and is never sealed.
func (r *request) sealer(lr plog.LogRecord) *stage.Forwarder {
	mac, found := otlpmap.SealOf(lr)
	if !found {
		return nil
	}
	return r.sealers[keys.MACKeyID(mac)]
}

// ownWord is what a record from a broker says of its own quarantine. It decides
// nothing, but the reason that an agent found would be lost without it.
func (r *request) ownWord(lr plog.LogRecord) string {
	if len(r.sealers) == 0 || r.trusted {
		return ""
	}
	mark, found := otlpmap.QuarantineMarkOf(lr)
	if !found {
		return ""
	}
	return fmt.Sprintf("; it came marked as %s: %s", mark.Reason, mark.Detail)
}
