package otlpmap

import (
	"github.com/otelaudit/otelaudit/internal/record"
)

// makeRecord makes the record of what was gathered.
func (g *gatherer) makeRecord() {
	r := g.record
	if r.Source.IsAbsent() {
		g.makeSource()
	}
	g.makeFields()
	r.Actor = g.makeObject(objectActor)
	r.Target = g.makeObject(objectTarget)
	r.Context = g.makeObject(objectContext)
	r.Changes = g.makeObject(objectChanges)
	r.Payload = g.makeObject(objectPayload)
	r.Producer = g.makeObject(objectProducer)
	if len(g.other) > 0 {
		v, dup, hasDup := record.Fold(g.other)
		if hasDup {
			g.fail(ambiguous("the attribute %q has two different values", dup))
		}
		r.Attributes = v
	}
	g.takeTraceFromContext()
	g.enrich(g.from.resource)
}

func (g *gatherer) makeSource() {
	source, notes := g.from.readSource()
	g.record.Source = source
	g.notes.NumberAsText = g.notes.NumberAsText || notes.NumberAsText
	if notes.HasDuplicate {
		// Not the record's fault, and quarantine would stop a whole service:
		// the first value stays, what was sent twice is named.
		g.record.KeepOriginal("source", record.StringValue("the attribute "+notes.Duplicate+" stands twice with different values, the first was kept"))
	}
	if notes.TooDeep {
		g.notes.TooDeep = true
	}
}

func (g *gatherer) makeFields() {
	r := g.record
	for _, f := range []struct {
		own, instead field
		dst          *string
	}{
		{fieldEventID, fieldLogUID, &r.EventID},
		{fieldAction, fieldKind, &r.Action},
		{fieldReason, fieldCount, &r.Reason},
		{fieldCorrelationID, fieldCount, &r.CorrelationID},
		{fieldCausationID, fieldCount, &r.CausationID},
		{fieldIdempotencyKey, fieldCount, &r.IdempotencyKey},
		{fieldSchemaVersion, fieldVersion, &r.SchemaVersion},
	} {
		*f.dst = g.text(g.choose(f.own, f.instead), f.own)
	}
	if r.Action == "" {
		r.Action = r.EventName
	}
	r.SetOutcome(g.choose(fieldOutcome, fieldStatus))
}

// choose returns the field's own value or, where it is missing, that of the
// word read instead. If both are there and differ, the other word is an
// attribute like any other.
func (g *gatherer) choose(own, instead field) record.Value {
	v := g.fields[own]
	if instead == fieldCount {
		return v
	}
	other := g.fields[instead]
	if v.IsAbsent() {
		return other
	}
	if !other.IsAbsent() && !other.Equal(v) {
		g.other = append(g.other, record.Member{Name: textNames[instead], Value: other})
	}
	return v
}

func (g *gatherer) text(v record.Value, f field) string {
	if v.Kind() != record.Absent && v.Kind() != record.String {
		g.fail(malformed("%s must be text", textNames[f]))
	}
	return v.Text()
}

// takeTraceFromContext uses the ids in the context where the log record has
// none of its own, and drops them where they only repeat it.
func (g *gatherer) takeTraceFromContext() {
	r := g.record
	for _, id := range []struct {
		member string
		digits int
		dst    *string
	}{{"trace_id", 32, &r.TraceID}, {"span_id", 16, &r.SpanID}} {
		v := r.Context.Get(id.member)
		if v.IsAbsent() {
			continue
		}
		text, valid := hexID(v.Text(), id.digits)
		switch {
		case !valid && *id.dst == "":
			r.AddFlag(record.FlagInvalidTrace)
		case valid && (*id.dst == "" || *id.dst == text):
			*id.dst = text
			r.Context = withoutMember(r.Context, id.member)
		}
	}
}

// withoutMember removes a member, and the object with its last one.
func withoutMember(v record.Value, name string) record.Value {
	v = v.Set(name, record.Value{})
	if v.Len() == 0 {
		return record.Value{}
	}
	return v
}

// keep drops the attributes and members of the body that are not wanted.
func (g *gatherer) keep() {
	k := g.from.decoder.keep
	if k.all {
		return
	}
	r := g.record
	r.Attributes = r.Attributes.Map(func(name string, v record.Value) record.Value {
		if k.keeps(name) {
			return v
		}
		return record.Value{}
	})
	if r.Attributes.Len() == 0 {
		r.Attributes = record.Value{}
	}
	if r.Body.IsAbsent() || k.keeps("body") {
		return
	}
	if r.Body.Kind() != record.Object {
		r.Body = record.Value{}
		return
	}
	r.Body = r.Body.Map(func(name string, v record.Value) record.Value {
		if k.keeps("body." + name) {
			return v
		}
		return record.Value{}
	})
	if r.Body.Len() == 0 {
		r.Body = record.Value{}
	}
}
