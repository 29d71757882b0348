package otlpmap

// field is a member of the record that is one text.
type field uint8

const (
	fieldEventID field = iota
	fieldAction
	fieldOutcome
	fieldReason
	fieldCorrelationID
	fieldCausationID
	fieldIdempotencyKey
	fieldSchemaVersion

	// Words that are read where the field's own is missing, and are an
	// attribute like any other where it is not.
	fieldKind
	fieldStatus
	fieldVersion
	fieldLogUID

	fieldCount
)

// object is a member of the record that is made of members.
type object uint8

const (
	objectActor object = iota
	objectTarget
	objectContext
	objectChanges
	objectPayload
	objectProducer

	objectCount
)

var objectNames = [objectCount]string{"actor", "target", "context", "changes", "payload", "producer"}

// spelling is what a name behind "audit." means: a field, or a member of an
// object.
type spelling struct {
	field    field
	isObject bool
	object   object
	member   string
}

// spellings are all names behind "audit." that mean something, but for those
// of the objects' members, which begin with the name of an object and a dot.
var spellings = map[string]spelling{
	"record.id": {field: fieldEventID},
	"recordId":  {field: fieldEventID},
	"record_id": {field: fieldEventID},
	"event_id":  {field: fieldEventID},
	"eventId":   {field: fieldEventID},

	"action":  {field: fieldAction},
	"kind":    {field: fieldKind},
	"outcome": {field: fieldOutcome},
	"status":  {field: fieldStatus},
	"reason":  {field: fieldReason},

	"correlation.id":  {field: fieldCorrelationID},
	"correlationId":   {field: fieldCorrelationID},
	"correlation_id":  {field: fieldCorrelationID},
	"causation.id":    {field: fieldCausationID},
	"causationId":     {field: fieldCausationID},
	"causation_id":    {field: fieldCausationID},
	"idempotency.key": {field: fieldIdempotencyKey},
	"idempotencyKey":  {field: fieldIdempotencyKey},
	"idempotency_key": {field: fieldIdempotencyKey},
	"schema.version":  {field: fieldSchemaVersion},
	"schemaVersion":   {field: fieldSchemaVersion},
	"schema_version":  {field: fieldSchemaVersion},
	"version":         {field: fieldVersion},

	"actor_type":         {isObject: true, object: objectActor, member: "type"},
	"actorType":          {isObject: true, object: objectActor, member: "type"},
	"actor_id":           {isObject: true, object: objectActor, member: "id"},
	"actorId":            {isObject: true, object: objectActor, member: "id"},
	"actor_email":        {isObject: true, object: objectActor, member: "email"},
	"actorEmail":         {isObject: true, object: objectActor, member: "email"},
	"actor_display_name": {isObject: true, object: objectActor, member: "display_name"},
	"actorDisplayName":   {isObject: true, object: objectActor, member: "display_name"},
	"actor_model":        {isObject: true, object: objectActor, member: "model"},
	"actorModel":         {isObject: true, object: objectActor, member: "model"},
	"actor_tools":        {isObject: true, object: objectActor, member: "tools"},
	"actorTools":         {isObject: true, object: objectActor, member: "tools"},
	"actor_reason":       {isObject: true, object: objectActor, member: "reason"},
	"actorReason":        {isObject: true, object: objectActor, member: "reason"},
	"actor_prompt_id":    {isObject: true, object: objectActor, member: "prompt_id"},
	"actorPromptId":      {isObject: true, object: objectActor, member: "prompt_id"},
	"target_type":        {isObject: true, object: objectTarget, member: "type"},
	"targetType":         {isObject: true, object: objectTarget, member: "type"},
	"target_id":          {isObject: true, object: objectTarget, member: "id"},
	"targetId":           {isObject: true, object: objectTarget, member: "id"},

	// Integrity data of the sender keeps its names.
	"signature": {isObject: true, object: objectProducer, member: "signature"},
	"hash":      {isObject: true, object: objectProducer, member: "hash"},
	"prevHash":  {isObject: true, object: objectProducer, member: "prevHash"},
	"prev_hash": {isObject: true, object: objectProducer, member: "prev_hash"},
	"keyId":     {isObject: true, object: objectProducer, member: "keyId"},
	"key_id":    {isObject: true, object: objectProducer, member: "key_id"},
	"integrity": {isObject: true, object: objectProducer, member: "integrity"},
	"sequence":  {isObject: true, object: objectProducer, member: "sequence"},
}

// memberNames are the spellings of the objects' own members on their first
// level; other members keep their names.
func memberName(o object, name string) string {
	switch o {
	case objectActor:
		switch name {
		case "displayName":
			return "display_name"
		case "promptId":
			return "prompt_id"
		}
	case objectContext:
		switch name {
		case "requestId":
			return "request_id"
		case "userAgent":
			return "user_agent"
		case "sessionId":
			return "session_id"
		case "traceId":
			return "trace_id"
		case "spanId":
			return "span_id"
		}
	default:
	}
	return name
}

// isOurs reports whether a name behind "audit." is believed only from a trusted
// sender, and dropped from others.
func isOurs(path string) bool {
	switch path {
	case "flags", "original", "canonical", "mark", "quarantine":
		return true
	}
	return len(path) > len("quarantine.") && path[:len("quarantine.")] == "quarantine."
}

// textName is how problems call a field.
var textNames = [fieldCount]string{
	fieldEventID:        AttrEventID,
	fieldAction:         AttrAction,
	fieldOutcome:        AttrOutcome,
	fieldReason:         AttrReason,
	fieldCorrelationID:  AttrCorrelationID,
	fieldCausationID:    AttrCausationID,
	fieldIdempotencyKey: AttrIdempotencyKey,
	fieldSchemaVersion:  AttrSchemaVersion,
	fieldKind:           "audit.kind",
	fieldStatus:         "audit.status",
	fieldVersion:        "audit.version",
	fieldLogUID:         "log.record.uid",
}
