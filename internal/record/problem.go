package record

import "slices"

// Problem is why a record cannot become an event. It is stored with the record
// in quarantine, so it is written for the person who will read it there and
// holds no value of the record.
type Problem struct {
	Reason string // one of the Reason constants, the label of metrics
	Detail string // what happened, which key, what to do
}

// Error returns the detail, with the reason in front.
func (p *Problem) Error() string { return p.Reason + ": " + p.Detail }

// Reasons for quarantine. They are labels of metrics and values of
// audit_quarantine.reason, so their number stays small.
const (
	ReasonMalformed        = "malformed"         // audit data that is empty or of the wrong type
	ReasonAmbiguous        = "ambiguous"         // one field with two different values
	ReasonMissingAction    = "missing_action"    //
	ReasonMissingActor     = "missing_actor"     // and the outcome is not denied
	ReasonMissingTenant    = "missing_tenant"    //
	ReasonInvalidTenant    = "invalid_tenant"    // too long, reserved
	ReasonTenantConflict   = "tenant_conflict"   // two spellings, or record against resource when strict
	ReasonTenantViolation  = "tenant_violation"  // authenticated as one tenant, claims another
	ReasonTooLong          = "too_long"          // a field over its cap
	ReasonTooDeep          = "too_deep"          // nested over MaxDepth
	ReasonTooLarge         = "too_large"         // over the configured size
	ReasonInvalidTime      = "invalid_time"      // above 2^63−1 nanoseconds
	ReasonIdentityConflict = "conflict"          // one identity, two different events
	ReasonMACInvalid       = "mac_invalid"       // a forwarder's origin MAC is wrong, or one that must be there is not
	ReasonDatabase         = "database_rejected" // PostgreSQL refused the data; the SQLSTATE is stored beside it
)

// reasons are all of them, in the order above.
var reasons = []string{
	ReasonMalformed, ReasonAmbiguous, ReasonMissingAction, ReasonMissingActor, ReasonMissingTenant, ReasonInvalidTenant,
	ReasonTenantConflict, ReasonTenantViolation, ReasonTooLong, ReasonTooDeep, ReasonTooLarge, ReasonInvalidTime,
	ReasonIdentityConflict, ReasonMACInvalid, ReasonDatabase,
}

// Reasons returns the Reason constants.
func Reasons() []string { return slices.Clone(reasons) }

// IsReason reports whether a text is one of the Reason constants.
func IsReason(text string) bool { return slices.Contains(reasons, text) }
