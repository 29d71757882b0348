package export

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// OCSFVersion is the version of the Open Cybersecurity Schema Framework that
// NewOCSF writes.
const OCSFVersion = "1.8.0"

// ocsfClass is a class of events of OCSF.
type ocsfClass struct {
	category     int
	categoryName string
	uid          int
	name         string
}

var (
	apiActivity      = &ocsfClass{6, "Application Activity", 6003, "API Activity"}
	entityManagement = &ocsfClass{3, "Identity & Access Management", 3004, "Entity Management"}
)

// ocsfActivity is an activity of a class.
type ocsfActivity struct {
	id   int
	name string
}

// Activities that both classes have, and those of Entity Management.
var (
	ocsfUnknown = ocsfActivity{0, "Unknown"}
	ocsfCreate  = ocsfActivity{1, "Create"}
	ocsfRead    = ocsfActivity{2, "Read"}
	ocsfUpdate  = ocsfActivity{3, "Update"}
	ocsfDelete  = ocsfActivity{4, "Delete"}
	ocsfOther   = 99
)

// ocsfVerbs are the last words of actions that name an activity.
var ocsfVerbs = map[string]ocsfActivity{
	"create": ocsfCreate, "created": ocsfCreate, "add": ocsfCreate, "added": ocsfCreate, "insert": ocsfCreate, "register": ocsfCreate,
	"read": ocsfRead, "view": ocsfRead, "viewed": ocsfRead, "get": ocsfRead, "list": ocsfRead, "search": ocsfRead, "export": ocsfRead, "download": ocsfRead,
	"update": ocsfUpdate, "updated": ocsfUpdate, "change": ocsfUpdate, "changed": ocsfUpdate, "edit": ocsfUpdate, "modify": ocsfUpdate, "patch": ocsfUpdate, "set": ocsfUpdate,
	"delete": ocsfDelete, "deleted": ocsfDelete, "remove": ocsfDelete, "removed": ocsfDelete, "destroy": ocsfDelete, "purge": ocsfDelete,
	"move": {5, "Move"}, "rename": {5, "Move"}, "enroll": {6, "Enroll"}, "unenroll": {7, "Unenroll"},
	"enable": {8, "Enable"}, "disable": {9, "Disable"}, "activate": {10, "Activate"}, "deactivate": {11, "Deactivate"},
	"suspend": {12, "Suspend"}, "resume": {13, "Resume"},
}

// Columns that the mapping reads.
var (
	ocsfAction, _    = store.ColumnOf("action")
	ocsfOutcome, _   = store.ColumnOf("outcome")
	ocsfReason, _    = store.ColumnOf("reason")
	ocsfActorType, _ = store.ColumnOf("actor_type")
	ocsfActorID, _   = store.ColumnOf("actor_id")
	ocsfTargetTyp, _ = store.ColumnOf("target_type")
	ocsfTargetID, _  = store.ColumnOf("target_id")
	ocsfChanges, _   = store.ColumnOf("changes")
	ocsfRequestID, _ = store.ColumnOf("request_id")
	ocsfIP, _        = store.ColumnOf("client_ip")
	ocsfEventID, _   = store.ColumnOf("event_id")
	ocsfTenant, _    = store.ColumnOf("tenant_id")
	ocsfCorr, _      = store.ColumnOf("correlation_id")
	ocsfTraceID, _   = store.ColumnOf("trace_id")
	ocsfTime, _      = store.ColumnOf("time_unix_nano")
	ocsfSource, _    = store.ColumnOf("source")

	// ocsfMapped are the members that stand elsewhere exactly as they are.
	ocsfMapped = store.Columns("event_id", "tenant_id", "action", "outcome", "reason", "correlation_id", "seq")
)

// NewOCSF returns an encoder of OCSF events, one JSON object per line: API
// Activity, or Entity Management where an entity was changed. docs/ocsf.md has the
// mapping. What has no place, or loses something in its place, is in unmapped.
func NewOCSF() Encoder { return &ocsf{services: make(map[string]string)} }

type ocsf struct {
	rows     store.RowEncoder
	services map[string]string // service names by the text of source
	dst      []byte
}

func (*ocsf) Begin(dst []byte) []byte { return dst }

func (o *ocsf) Append(dst []byte, row store.EventRow) ([]byte, error) {
	o.dst = dst
	o.dst = append(o.dst, '{')
	class, activity := classify(row)
	o.classification(class, activity)
	o.occurrence(row)
	o.metadata(class, row)
	o.actor(row)
	if class == entityManagement {
		o.entity(row)
	} else {
		o.api(row)
	}
	var err error
	if o.dst, err = o.rows.AppendMembers(append(o.dst, `"unmapped":{`...), row, ocsfMapped, '}'); err != nil {
		return o.dst, err
	}
	return append(o.dst, '}', '\n'), nil
}

// classify chooses class and activity: a change of something that has an id is
// Entity Management, all else API Activity.
func classify(row store.EventRow) (*ocsfClass, ocsfActivity) {
	action := string(row.Raw(ocsfAction))
	verb := strings.ToLower(action[strings.LastIndexByte(action, '.')+1:])
	activity, known := ocsfVerbs[verb]
	changed := row.Has(ocsfChanges)
	if len(row.Raw(ocsfTargetID)) > 0 {
		switch {
		case known && activity != ocsfRead:
			return entityManagement, activity
		case changed:
			return entityManagement, ocsfUpdate
		}
	}
	switch {
	case known && activity.id <= ocsfDelete.id:
		return apiActivity, activity
	case verb == "":
		return apiActivity, ocsfUnknown
	}
	return apiActivity, ocsfActivity{ocsfOther, verb}
}

func (o *ocsf) classification(class *ocsfClass, activity ocsfActivity) {
	o.number("activity_id", int64(activity.id))
	o.text("activity_name", []byte(activity.name))
	o.number("category_uid", int64(class.category))
	o.text("category_name", []byte(class.categoryName))
	o.number("class_uid", int64(class.uid))
	o.text("class_name", []byte(class.name))
	o.number("type_uid", int64(class.uid*100+activity.id))
	o.text("type_name", []byte(class.name+": "+activity.name))
}

func (o *ocsf) occurrence(row store.EventRow) {
	o.number("time", floorDiv(row.EventTime(), 1000))
	id, name := ocsfSeverity(row.Severity())
	o.number("severity_id", int64(id))
	o.text("severity", []byte(name))
	outcome := row.Raw(ocsfOutcome)
	id, name = ocsfStatus(string(outcome))
	o.number("status_id", int64(id))
	o.text("status", []byte(name))
	o.text("status_code", outcome)
	o.text("status_detail", row.Raw(ocsfReason))
}

// ocsfSeverity maps the ranges of OpenTelemetry's severity numbers.
func ocsfSeverity(number int) (id int, name string) {
	switch {
	case number < 1 || number > 24:
		return 0, "Unknown"
	case number < 13: // TRACE, DEBUG, INFO
		return 1, "Informational"
	case number < 17: // WARN
		return 3, "Medium"
	case number < 21: // ERROR
		return 4, "High"
	}
	return 6, "Fatal"
}

func ocsfStatus(outcome string) (id int, name string) {
	switch outcome {
	case record.OutcomeSuccess:
		return 1, "Success"
	case record.OutcomeFailure, record.OutcomeDenied:
		return 2, "Failure"
	}
	return 0, "Unknown"
}

func (o *ocsf) metadata(class *ocsfClass, row store.EventRow) {
	o.begin("metadata")
	o.text("version", []byte(OCSFVersion))
	o.begin("product")
	o.text("name", []byte("otelaudit"))
	o.text("vendor_name", []byte("otelaudit"))
	o.end()
	if class == apiActivity && len(row.Raw(ocsfTraceID)) > 0 {
		o.dst = append(o.dst, `"profiles":["trace"],`...)
	}
	o.text("uid", row.Raw(ocsfEventID))
	o.text("tenant_uid", row.Raw(ocsfTenant))
	o.text("event_code", row.Raw(ocsfAction))
	o.text("correlation_uid", row.Raw(ocsfCorr))
	o.number("sequence", row.Seq())
	o.number("logged_time", floorDiv(row.RecordedAt(), 1000))
	if nano := ocsfNano(&o.rows, row); nano != "" {
		o.text("original_time", []byte(nano))
	}
	o.end()
}

// ocsfNano is the time that the record says of itself, with its nanoseconds.
func ocsfNano(rows *store.RowEncoder, row store.EventRow) string {
	var buf [24]byte
	digits, err := rows.AppendText(buf[:0], row, ocsfTime)
	if err != nil || len(digits) == 0 {
		return ""
	}
	nano, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return ""
	}
	return time.Unix(0, nano).UTC().Format(time.RFC3339Nano)
}

func (o *ocsf) actor(row store.EventRow) {
	kind, id := row.Raw(ocsfActorType), row.Raw(ocsfActorID)
	o.begin("actor")
	o.begin("user")
	if len(id) > 0 {
		o.text("uid", id)
	} else {
		o.text("name", orUnknown(kind))
	}
	typeID, name := ocsfUserType(string(kind))
	o.number("type_id", int64(typeID))
	o.text("type", []byte(name))
	o.end()
	o.end()
}

func ocsfUserType(kind string) (id int, name string) {
	switch strings.ToLower(kind) {
	case "":
		return 0, "Unknown"
	case "user":
		return 1, "User"
	case "admin":
		return 2, "Admin"
	case "system":
		return 3, "System"
	case "service":
		return 4, "Service"
	}
	return ocsfOther, kind
}

func (o *ocsf) entity(row store.EventRow) {
	o.begin("entity")
	o.text("uid", row.Raw(ocsfTargetID))
	o.text("type", row.Raw(ocsfTargetTyp))
	o.end()
	o.text("comment", row.Raw(ocsfReason))
	if isIP(row.Raw(ocsfIP)) {
		o.endpoint(row)
	}
}

func (o *ocsf) api(row store.EventRow) {
	o.begin("api")
	o.text("operation", row.Raw(ocsfAction))
	if service := o.service(row); service != "" {
		o.begin("service")
		o.text("name", []byte(service))
		o.end()
	}
	if request := row.Raw(ocsfRequestID); len(request) > 0 {
		o.begin("request")
		o.text("uid", request)
		o.end()
	}
	o.end()
	if kind, id := row.Raw(ocsfTargetTyp), row.Raw(ocsfTargetID); len(id) > 0 || len(kind) > 0 {
		o.dst = append(o.dst, `"resources":[{`...)
		o.text("uid", id)
		o.text("type", kind)
		o.end()
		o.dst[len(o.dst)-1] = ']'
		o.dst = append(o.dst, ',')
	}
	o.endpoint(row)
	if trace := row.Raw(ocsfTraceID); len(trace) > 0 {
		o.begin("trace")
		o.text("uid", trace)
		o.end()
	}
}

// endpoint is where the request came from, as far as anything says so: the class
// demands one.
func (o *ocsf) endpoint(row store.EventRow) {
	o.begin("src_endpoint")
	switch ip := row.Raw(ocsfIP); {
	case isIP(ip):
		o.text("ip", ip)
	default:
		o.text("name", []byte("unknown"))
	}
	o.end()
}

func isIP(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	_, err := netip.ParseAddr(string(text))
	return err == nil
}

// service is the name of the service that sent the event. Few services send
// many events, so what they say of themselves is parsed once.
func (o *ocsf) service(row store.EventRow) string {
	raw := row.Raw(ocsfSource)
	if len(raw) < 2 || !bytes.Contains(raw, []byte("service.name")) {
		return ""
	}
	name, known := o.services[string(raw)]
	if known {
		return name
	}
	if source, err := record.ParseStored(string(raw[1:])); err == nil {
		name = source.Get("service.name").Text()
	}
	if len(o.services) >= 1024 {
		clear(o.services)
	}
	o.services[string(raw)] = name
	return name
}

func orUnknown(text []byte) []byte {
	if len(text) == 0 {
		return []byte("unknown")
	}
	return text
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// begin opens an object, end closes it.
func (o *ocsf) begin(name string) {
	o.name(name)
	o.dst = append(o.dst, '{')
}

func (o *ocsf) end() {
	if last := len(o.dst) - 1; o.dst[last] == ',' {
		o.dst = o.dst[:last]
	}
	o.dst = append(o.dst, '}', ',')
}

func (o *ocsf) name(name string) {
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, name...)
	o.dst = append(o.dst, '"', ':')
}

// text leaves out what is empty.
func (o *ocsf) text(name string, text []byte) {
	if len(text) == 0 {
		return
	}
	o.name(name)
	o.dst = append(store.AppendQuoted(o.dst, text), ',')
}

func (o *ocsf) number(name string, n int64) {
	o.name(name)
	o.dst = append(strconv.AppendInt(o.dst, n, 10), ',')
}
