package auditprocessor

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// logRedactor masks log records that do not become a record.Record: those in
// quarantine, whose shape is whatever the sender made of it, and the resource
// and scope they travel with. It keeps the shape, and the types of everything it
// does not mask.
type logRedactor struct {
	rules *stage.Redactor
	// identifiers are names of attributes whose scalars are never masked.
	identifiers []string
}

func newLogRedactor(rules *stage.Redactor, tenantNames []string) *logRedactor {
	return &logRedactor{rules: rules, identifiers: append([]string{
		"audit.actor.id", "audit.actorId", "audit.actor_id", "audit.target.id", "audit.targetId", "audit.target_id",
		"audit.record.id", "audit.recordId", "log.record.uid", "audit.correlation.id", "audit.correlationId",
		"audit.correlation_id", "audit.causation.id", "audit.causationId", "audit.causation_id",
		"audit.idempotency.key", "audit.idempotencyKey", "audit.idempotency_key",
		"audit.quarantine.reason", "audit.quarantine.detail", "audit.quarantine.sha256", "audit.quarantine.tenant",
	}, tenantNames...)}
}

// log masks one log record in place and returns how many values it masked.
func (r *logRedactor) log(lr plog.LogRecord) int {
	w := r.rules.Walk()
	r.attributes(&w, "attributes", lr.Attributes())
	r.value(&w, lr.Body(), w.EnterRoot("body"))
	w.Leave(0)
	if text, changed := w.Text(lr.EventName()); changed {
		lr.SetEventName(text)
	}
	if text, changed := w.Text(lr.SeverityText()); changed {
		lr.SetSeverityText(text)
	}
	return w.Masked()
}

// resource masks a resource and what names its schema.
func (r *logRedactor) resource(rl plog.ResourceLogs) int {
	w := r.rules.Walk()
	r.attributes(&w, "source", rl.Resource().Attributes())
	maskURL(&w, rl.SchemaUrl(), rl.SetSchemaUrl)
	return w.Masked()
}

// scope masks a scope, what it calls itself and what names its schema.
func (r *logRedactor) scope(sl plog.ScopeLogs) int {
	w := r.rules.Walk()
	scope := sl.Scope()
	r.attributes(&w, "source", scope.Attributes())
	maskURL(&w, scope.Name(), scope.SetName)
	maskURL(&w, scope.Version(), scope.SetVersion)
	maskURL(&w, sl.SchemaUrl(), sl.SetSchemaUrl)
	return w.Masked()
}

func maskURL(w *stage.Walk, url string, set func(string)) {
	if masked, changed := w.URL(url); changed {
		set(masked)
	}
}

// attributes masks a map of attributes. Rules about payload.x find the attribute
// audit.payload.x, see stage.Walk.
func (r *logRedactor) attributes(w *stage.Walk, root string, attrs pcommon.Map) {
	depth := w.Depth()
	w.EnterRoot(root)
	shape := shapeOf(w, attrs)
	for name, v := range attrs.All() {
		if scalar(v) && slices.Contains(r.identifiers, name) {
			continue
		}
		w.EachVerdict(&shape, name, false, func(verdict stage.Verdict) {
			switch name {
			case "audit":
				r.audit(w, v, verdict)
			case "audit.actor", "audit.target":
				r.party(w, v, verdict)
			default:
				r.value(w, v, verdict)
			}
		})
	}
	w.Leave(depth)
}

// audit masks an attribute that holds a whole audit record.
func (r *logRedactor) audit(w *stage.Walk, v pcommon.Value, verdict stage.Verdict) {
	if v.Type() != pcommon.ValueTypeMap || verdict == stage.Mask {
		r.value(w, v, verdict)
		return
	}
	shape := shapeOf(w, v.Map())
	for name, member := range v.Map().All() {
		w.EachVerdict(&shape, name, false, func(verdict stage.Verdict) {
			if name == "actor" || name == "target" {
				r.party(w, member, verdict)
			} else {
				r.value(w, member, verdict)
			}
		})
	}
}

// party masks an actor or a target, whose id is never masked.
func (r *logRedactor) party(w *stage.Walk, v pcommon.Value, verdict stage.Verdict) {
	if v.Type() == pcommon.ValueTypeMap {
		if id, ok := v.Map().Get("id"); ok && scalar(id) {
			r.members(w, v.Map(), verdict == stage.Mask, "id")
			return
		}
	}
	r.value(w, v, verdict)
}

// value masks a value by a verdict, or inside it.
func (r *logRedactor) value(w *stage.Walk, v pcommon.Value, verdict stage.Verdict) {
	if verdict == stage.Mask {
		mask(w, v)
		return
	}
	switch v.Type() {
	case pcommon.ValueTypeMap:
		r.members(w, v.Map(), false, "")
	case pcommon.ValueTypeSlice:
		r.elements(w, v.Slice(), verdict, false)
	default:
		if verdict != stage.Exempt {
			maskScalar(w, v)
		}
	}
}

// elements masks inside a slice. nested is true for one that stands in another
// slice.
func (r *logRedactor) elements(w *stage.Walk, elements pcommon.Slice, verdict stage.Verdict, nested bool) {
	pair := nested && elements.Len() == 2
	var before string
	for i, element := range elements.All() {
		text := textOf(element)
		switch {
		case i%2 == 1 && verdict == stage.Keep && before != "" && w.NamesNext(before, text, pair || element.Type() != pcommon.ValueTypeStr):
			mask(w, element)
		case element.Type() == pcommon.ValueTypeSlice:
			r.elements(w, element.Slice(), verdict, true)
		default:
			r.value(w, element, verdict)
		}
		before = text
	}
}

// textOf returns a value that is text, "" for any other.
func textOf(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeBytes:
		return string(v.Bytes().AsRaw())
	default:
		return ""
	}
}

// members masks inside a map, or each of its members (all), except keep.
func (r *logRedactor) members(w *stage.Walk, m pcommon.Map, all bool, keep string) {
	shape := shapeOf(w, m)
	for name, v := range m.All() {
		if keep != "" && name == keep {
			continue
		}
		w.EachVerdict(&shape, name, all, func(verdict stage.Verdict) { r.value(w, v, verdict) })
	}
}

// shapeOf returns what the members of a map that hold text say about the others.
func shapeOf(w *stage.Walk, m pcommon.Map) (shape stage.Shape) {
	for name, v := range m.All() {
		if text := textOf(v); text != "" {
			w.Look(&shape, name, text)
			continue
		}
		if v.Type() == pcommon.ValueTypeSlice {
			var parts []string
			for _, element := range v.Slice().All() {
				if text := textOf(element); text != "" && len(parts) < record.MaxDepth {
					parts = append(parts, text)
				}
			}
			w.LookParts(&shape, name, parts)
		}
	}
	return shape
}

// mask replaces a value as a whole. An unset one holds nothing to hide.
func mask(w *stage.Walk, v pcommon.Value) {
	if t := v.Type(); t == pcommon.ValueTypeEmpty || t == pcommon.ValueTypeStr && v.Str() == stage.Marker {
		return
	}
	v.SetStr(stage.Marker)
	w.CountMasked()
}

// maskScalar applies what is said about values to one that is no map and no
// slice. Bytes that are text are looked at as text.
func maskScalar(w *stage.Walk, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if text, changed := w.Text(v.Str()); changed {
			v.SetStr(text)
		}
	case pcommon.ValueTypeBytes:
		if text, changed := w.Text(string(v.Bytes().AsRaw())); changed {
			v.SetStr(text)
		}
	case pcommon.ValueTypeInt:
		if w.Number(float64(v.Int())) {
			v.SetStr(stage.Marker)
		}
	case pcommon.ValueTypeDouble:
		if w.Number(v.Double()) {
			v.SetStr(stage.Marker)
		}
	default:
	}
}

func scalar(v pcommon.Value) bool {
	return v.Type() != pcommon.ValueTypeMap && v.Type() != pcommon.ValueTypeSlice
}
