package stage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Tenants decides which tenant a record belongs to. It is safe for concurrent
// use and never resolves a contradiction in silence.
type Tenants struct {
	// RequireIdentity says that records come from authenticated clients only: one
	// without an identity is not believed what it claims.
	RequireIdentity bool
	// Default is the tenant of records that name none, "" for none.
	Default string
	// StrictResource quarantines a record whose resource names another tenant;
	// otherwise the record wins and is flagged.
	StrictResource bool
	// Forwarders may speak for other tenants than their own identity.
	Forwarders []Forwarder
}

// Forwarder is an authenticated collector and the tenants it may speak for.
type Forwarder struct {
	Identity string
	Tenants  []string // globs in which * stands for any text
}

// NewForwarder checks the globs.
func NewForwarder(identity string, tenants []string) (Forwarder, error) {
	switch {
	case strings.TrimSpace(identity) == "":
		return Forwarder{}, errors.New("identity must not be empty")
	case len(tenants) == 0:
		return Forwarder{}, errors.New(`tenants must name at least one tenant, "*" for all`)
	case slices.Contains(tenants, ""):
		return Forwarder{}, errors.New("tenants must not hold an empty name")
	}
	return Forwarder{Identity: identity, Tenants: tenants}, nil
}

// MaySpeakFor reports whether the forwarder may deliver records of a tenant.
func (f *Forwarder) MaySpeakFor(tenant string) bool {
	return slices.ContainsFunc(f.Tenants, func(glob string) bool { return matchText(glob, tenant) })
}

// SpeaksForOne reports whether the forwarder may speak for no more than one tenant.
func (f *Forwarder) SpeaksForOne() bool {
	return len(f.Tenants) == 1 && !strings.Contains(f.Tenants[0], "*")
}

// MatchAny reports whether one of the globs, in which * stands for any text,
// matches all of text.
func MatchAny(globs []string, text string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return matchText(glob, text) })
}

// matchText matches a glob in which * stands for any text, case-sensitive as
// tenants are.
func matchText(glob, text string) bool {
	head, rest, star := strings.Cut(glob, "*")
	if !star {
		return glob == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		var piece string
		piece, rest, star = strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(text, piece)
		}
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
}

// Sender is who sent a request, the same for all its records.
type Sender struct {
	// Identity is the authenticated one or that of a trusted header, "" where
	// there is none.
	Identity string
	// Forwarder is set where an authenticated identity is on the list; it is no
	// tenant then.
	Forwarder *Forwarder
	// System is a component of this collector, whose records are those of the
	// system tenant and of no other.
	System bool
}

// mayName reports whether the sender may claim a reserved tenant at all. No glob
// reaches one: an agent that speaks for * does not speak for the system.
func (s *Sender) mayName(reserved string) bool {
	if reserved != record.SystemTenant {
		return false
	}
	return s.System || s.Forwarder != nil && slices.Contains(s.Forwarder.Tenants, reserved)
}

// Sender looks an identity up among the forwarders. It must be authenticated:
// whoever is a forwarder is believed.
func (t *Tenants) Sender(identity string) Sender {
	for i := range t.Forwarders {
		if t.Forwarders[i].Identity == identity {
			return Sender{Identity: identity, Forwarder: &t.Forwarders[i]}
		}
	}
	return Sender{Identity: identity}
}

// Claim is one tenant a record names.
type Claim struct {
	Name  string // the attribute
	Value string // as sent
	// Outer is true on the resource and the scope, false on the record itself.
	Outer bool
}

// Resolve decides the tenant of one record and returns the flag it deserves
// ("" for none), or the problem. Claims are in order of preference, the
// record's own before those of scope and resource. tenant is the claimed one
// where there is a problem.
func (t *Tenants) Resolve(sender Sender, claims []Claim) (tenant, flag string, problem *record.Problem) {
	claimed, flag, problem := t.claimed(&sender, claims)
	if problem != nil {
		return claimed, "", problem
	}
	switch {
	case sender.System:
		return ofSystem(claimed, flag)
	case sender.Forwarder != nil:
		return t.forwarded(sender.Forwarder, claimed, flag)
	case sender.Identity != "":
		return t.authenticated(sender.Identity, claimed, flag)
	case t.RequireIdentity:
		return claimed, "", &record.Problem{
			Reason: record.ReasonMissingTenant,
			Detail: "the request carries no authenticated tenant, and what its records claim is not believed without one: authenticate the client, or set tenant.on_unauthenticated to claims",
		}
	case claimed != "":
		return claimed, flag, nil
	}
	return t.fallBack()
}

// ofSystem lets the collector's own component speak for the system only. Where
// tenant.attributes names others than ours, its records claim nothing.
func ofSystem(claimed, flag string) (string, string, *record.Problem) {
	if claimed != "" && claimed != record.SystemTenant {
		return claimed, "", &record.Problem{
			Reason: record.ReasonTenantViolation,
			Detail: "a record of the collector's own names another tenant than " + record.SystemTenant,
		}
	}
	return record.SystemTenant, flag, nil
}

// authenticated lets a client speak for its own tenant only.
func (t *Tenants) authenticated(identity, claimed, flag string) (string, string, *record.Problem) {
	identity = strings.TrimSpace(identity)
	if problem := checkTenant("the authenticated tenant", identity); problem != nil {
		return claimed, "", problem
	}
	if claimed != "" && claimed != identity {
		return claimed, "", &record.Problem{
			Reason: record.ReasonTenantViolation,
			Detail: "the record names another tenant than the one its sender is authenticated for: correct the sender, or list it in tenant.forwarders if it delivers for others",
		}
	}
	return identity, flag, nil
}

// forwarded lets a forwarder speak for the tenants on its list.
func (t *Tenants) forwarded(f *Forwarder, claimed, flag string) (string, string, *record.Problem) {
	if claimed == "" {
		var problem *record.Problem
		if claimed, flag, problem = t.fallBack(); problem != nil {
			return "", "", problem
		}
	}
	if !f.MaySpeakFor(claimed) {
		return claimed, "", &record.Problem{
			Reason: record.ReasonTenantViolation,
			Detail: "the forwarder that delivered the record may not speak for its tenant: see tenants of its entry in tenant.forwarders",
		}
	}
	return claimed, flag, nil
}

// fallBack answers for a record that names no tenant.
func (t *Tenants) fallBack() (string, string, *record.Problem) {
	if t.Default != "" {
		return t.Default, record.FlagTenantDefaulted, nil
	}
	return "", "", &record.Problem{
		Reason: record.ReasonMissingTenant,
		Detail: "neither the sender, the record nor its resource names a tenant: send audit.tenant.id, or set tenant.from_auth or tenant.default",
	}
}

// claimed makes one tenant of what record, scope and resource say.
func (t *Tenants) claimed(sender *Sender, claims []Claim) (tenant, flag string, problem *record.Problem) {
	var from *Claim
	for i := range claims {
		c := &claims[i]
		value := strings.TrimSpace(c.Value)
		if value == "" {
			continue
		}
		if problem := checkTenant(c.Name, value); problem != nil && !sender.mayName(value) {
			return value, "", problem
		}
		switch {
		case from == nil:
			tenant, from = value, c
		case value == tenant:
		case c.Outer && !from.Outer && !t.StrictResource:
			flag = record.FlagTenantMismatch
		default:
			return tenant, "", &record.Problem{
				Reason: record.ReasonTenantConflict,
				Detail: fmt.Sprintf("%s and %s name two tenants: send one, or the same in both", from.Name, c.Name),
			}
		}
	}
	return tenant, flag, nil
}

// checkTenant applies the rules every tenant's name obeys.
func checkTenant(where, tenant string) *record.Problem {
	problem := func(detail string) *record.Problem {
		return &record.Problem{Reason: record.ReasonInvalidTenant, Detail: where + ": " + detail}
	}
	switch {
	case tenant == "":
		return problem("a tenant must not be empty")
	case len(tenant) > record.MaxTenantBytes:
		return problem(fmt.Sprintf("a tenant has at most %d bytes, this one has %d", record.MaxTenantBytes, len(tenant)))
	case tenant[0] == '_':
		return problem(`tenants that begin with "_" are reserved`)
	case !utf8.ValidString(tenant), strings.ContainsFunc(tenant, unicode.IsControl):
		return problem("a tenant is valid UTF-8 without control characters; repairing it could make one tenant of two")
	}
	return nil
}

// CheckTenant reports why a configured tenant could never be one.
func CheckTenant(tenant string) error {
	if tenant != strings.TrimSpace(tenant) {
		return errors.New("must not begin or end with a space")
	}
	if problem := checkTenant("tenant", tenant); problem != nil {
		return errors.New(strings.TrimPrefix(problem.Detail, "tenant: "))
	}
	return nil
}
