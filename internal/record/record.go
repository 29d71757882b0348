package record

// Version is the value of the canonical record's member "v".
const Version = 1

// The outcomes. Anything an application says is folded into one of them by
// ParseOutcome; the word as sent is kept in Record.Original.
const (
	OutcomeSuccess = "success"
	OutcomeFailure = "failure"
	OutcomeDenied  = "denied"
	OutcomeUnknown = "unknown"
)

// ActorAnonymous is the actor type of a denial that names no actor.
const ActorAnonymous = "anonymous"

// Limits that hold before a record reaches a store, in bytes unless said
// otherwise. An index row over 2,704 bytes is refused by PostgreSQL, and only
// incompressible text shows it, so every indexed text has a cap.
const (
	MaxActionBytes = 255 // action, actor.type, target.type, tenant_id
	MaxTenantBytes = 255
	MaxIDBytes     = 512 // event_id, idempotency_key, actor.id, target.id, correlation_id, causation_id, request_id, client ip
	MaxDepth       = 64  // levels of nesting of any JSON member
	// DefaultMaxRecordBytes caps the canonical bytes of one record.
	DefaultMaxRecordBytes = 256 << 10
)

// Record is one audit record after decoding: who did what, to what, when, with
// which outcome, for which tenant. Empty text and Absent values are absent
// members. Every field is under the leaf hash.
//
// A Record is not safe for concurrent writes; the components hand it from step
// to step.
type Record struct {
	TenantID string // trimmed, case-sensitive, 1 to 255 bytes
	EventID  string // the sender's record id, otherwise derived (DeriveEventID)
	Action   string // as sent, no case folding, 1 to 255 bytes
	Outcome  string // one of the Outcome constants

	Actor   Value // object: type, id, email, display_name, …
	Target  Value // object: type, id, …; Absent where there is none
	Reason  string
	Changes Value // object: before, after, patch (RFC 6902 subset)

	CorrelationID  string
	CausationID    string
	IdempotencyKey string // as sent; BindsKey says whether it is an identity

	Context Value // object: request_id, ip, user_agent, session_id, …
	Payload Value // any JSON value

	TraceID string // 32 lower-case hexadecimal digits
	SpanID  string // 16 lower-case hexadecimal digits

	EventName     string
	Severity      int    // OTLP SeverityNumber, 0 is absent
	SeverityText  string // as sent
	SchemaVersion string

	Flags    []string // sorted, each once; see the Flag constants
	Original Value    // object: field name -> the value as sent, where it was changed

	TimeUnixNano         int64 // nanoseconds since 1970 UTC; 0 is absent
	ObservedTimeUnixNano int64 // nanoseconds since 1970 UTC; 0 is absent

	Producer   Value // object: integrity data the client sent, never trusted as ours
	Source     Value // object: resource attributes by their OTel names, and the scope
	Attributes Value // object: everything else on the record, by attribute name
	Body       Value // the log body, or what remains of it
}

// Flags say what was unusual about a record. Only what follows from the record
// itself is a flag, nothing that depends on when or where it arrived, except
// FlagTimeArrival.
const (
	FlagActorMissing    = "actor_missing"    // a denial without an actor
	FlagOutcomeMissing  = "outcome_missing"  // no outcome was sent
	FlagOutcomeUnknown  = "outcome_unknown"  // the word sent is none we know
	FlagRepairedText    = "repaired_text"    // invalid UTF-8 or U+0000 became U+FFFD
	FlagEscapedText     = "escaped_text"     // text that began with "enc:" was escaped
	FlagTenantMismatch  = "tenant_mismatch"  // record and resource disagreed, the record won
	FlagTimeObserved    = "time_observed"    // no time was sent, the observed time stands in
	FlagTimeArrival     = "time_arrival"     // neither was sent, the first processor stamped it
	FlagInvalidTrace    = "invalid_trace_id" // a trace or span id that is not hexadecimal
	FlagNumberAsText    = "number_as_text"   // NaN, an infinity or a large integer became text
	FlagTenantDefaulted = "tenant_defaulted" // the configured default tenant was used
)

// AddFlag adds a flag, keeping Flags sorted and each flag once.
func (r *Record) AddFlag(flag string) {
	for i, f := range r.Flags {
		if f == flag {
			return
		}
		if f > flag {
			r.Flags = append(r.Flags, "")
			copy(r.Flags[i+1:], r.Flags[i:])
			r.Flags[i] = flag
			return
		}
	}
	r.Flags = append(r.Flags, flag)
}

// KeepOriginal remembers the value of a field as it was sent. The first one
// kept for a field stays.
func (r *Record) KeepOriginal(field string, v Value) {
	if r.Original.Get(field).IsAbsent() {
		r.Original = r.Original.Set(field, v)
	}
}

// ActorType returns actor.type, "" where it is absent.
func (r *Record) ActorType() string { return r.Actor.Get("type").Text() }

// ActorID returns actor.id, "" where it is absent.
func (r *Record) ActorID() string { return r.Actor.Get("id").Text() }

// TargetType returns target.type, "" where it is absent.
func (r *Record) TargetType() string { return r.Target.Get("type").Text() }

// TargetID returns target.id, "" where it is absent.
func (r *Record) TargetID() string { return r.Target.Get("id").Text() }
