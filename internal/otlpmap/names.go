package otlpmap

import "strings"

// Attributes of the canonical form. Those of actor, target, context and changes
// are prefixes of their members' names; as names of their own they hold what
// cannot stand behind the prefix.
const (
	AttrAudit          = "audit" // the nested and the JSON text shape
	AttrTenantID       = "audit.tenant.id"
	AttrEventID        = "audit.record.id"
	AttrAction         = "audit.action"
	AttrOutcome        = "audit.outcome"
	AttrReason         = "audit.reason"
	AttrCorrelationID  = "audit.correlation.id"
	AttrCausationID    = "audit.causation.id"
	AttrIdempotencyKey = "audit.idempotency.key"
	AttrSchemaVersion  = "audit.schema.version"
	AttrActor          = "audit.actor"
	AttrTarget         = "audit.target"
	AttrContext        = "audit.context"
	AttrChanges        = "audit.changes"
	AttrPayload        = "audit.payload"
)

// Attributes that are ours: from anybody but a trusted sender they are not
// believed.
const (
	// AttrCanonical says that the record is in canonical form; its value is the
	// version of that form, the integer 1.
	AttrCanonical = "audit.canonical"
	AttrFlags     = "audit.flags"
	AttrOriginal  = "audit.original"
	AttrSource    = "audit.source"
	AttrProducer  = "audit.producer"
	// AttrAttributes holds those of the record's own attributes whose names
	// would be read as something else, in a map.
	AttrAttributes = "audit.attributes"
	// AttrMark names the attribute that holds the sampler's mark, where it is
	// not one of "sampling.*".
	AttrMark = "audit.mark"

	// AttrOriginMAC holds the MAC over the record's leaf, made by the processor
	// that finished the record. It is about the record and no part of it.
	AttrOriginMAC = "audit.origin.mac"

	AttrQuarantineReason = "audit.quarantine.reason"
	AttrQuarantineDetail = "audit.quarantine.detail"
	AttrQuarantineSHA256 = "audit.quarantine.sha256"
	AttrQuarantineTenant = "audit.quarantine.tenant"
)

// DefaultSamplingAttribute is what contrib's probabilistic_sampler is told to
// read in every configuration we ship.
const DefaultSamplingAttribute = "sampling.priority"

const (
	canonicalVersion = 1

	auditPrefix      = "audit."
	actorPrefix      = AttrActor + "."
	targetPrefix     = AttrTarget + "."
	contextPrefix    = AttrContext + "."
	changesPrefix    = AttrChanges + "."
	quarantinePrefix = "audit.quarantine."
	samplingPrefix   = "sampling."
)

// reserved reports whether an ordinary attribute of that name would be read as
// something else in canonical form.
func reserved(name string) bool {
	if !strings.HasPrefix(name, auditPrefix) {
		return name == AttrAudit || strings.HasPrefix(name, samplingPrefix)
	}
	switch name {
	case AttrTenantID, AttrEventID, AttrAction, AttrOutcome, AttrReason, AttrCorrelationID, AttrCausationID,
		AttrIdempotencyKey, AttrSchemaVersion, AttrActor, AttrTarget, AttrContext, AttrChanges, AttrPayload,
		AttrCanonical, AttrFlags, AttrOriginal, AttrSource, AttrProducer, AttrAttributes, AttrMark, AttrOriginMAC:
		return true
	}
	return strings.HasPrefix(name, actorPrefix) || strings.HasPrefix(name, targetPrefix) ||
		strings.HasPrefix(name, contextPrefix) || strings.HasPrefix(name, changesPrefix) ||
		strings.HasPrefix(name, quarantinePrefix)
}
