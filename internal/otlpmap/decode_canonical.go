package otlpmap

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// decodeCanonical reads what Encode wrote: no aliases, no enrichment, nothing
// guessed. The record is in c's memory, as are its members.
func (d *Decoder) decodeCanonical(lr plog.LogRecord, c *canonicalReader) Decoded {
	c.reset(d.opts.SamplingAttribute)
	r := &c.record
	attrs := lr.Attributes()
	c.space(attrs)
	for name, v := range attrs.All() {
		c.attribute(name, v)
	}
	c.finish()
	if p := readEnvelope(r, lr); p != nil && c.problem == nil {
		c.problem = p
	}
	if body := lr.Body(); body.Type() != pcommon.ValueTypeEmpty {
		r.Body = c.value(body)
	}
	if c.problem == nil {
		c.problem = problemOf(c.notes)
	}
	return Decoded{Record: r, Problem: c.problem, MAC: c.mac, Canonical: true}
}

// canonicalClaims returns the claims to the tenant of a canonical record.
func (f *From) canonicalClaims(r *record.Record) []Claim {
	if len(f.decoder.claim) == 0 {
		return nil
	}
	outer, _ := f.readClaims() // a claim that is no text was judged by the first processor
	claims := make([]Claim, 0, 1+len(outer))
	if r.TenantID != "" {
		claims = append(claims, Claim{Level: LevelRecord, Attribute: AttrTenantID, Value: r.TenantID})
	}
	return append(claims, outer...)
}

// canonicalReader reads one record after the other into the same memory.
type canonicalReader struct {
	record record.Record
	// room is what the slices of members are cut out of.
	room []record.Member
	// source is the last one read: that of all records of a scope is the same.
	source record.Value

	mark    string
	mac     string
	notes   Notes
	problem *record.Problem

	actor, target, context, changes, other []record.Member
	// hasOther says that there is an object of attributes, though empty.
	hasOther bool
}

// reset forgets the last record.
func (c *canonicalReader) reset(mark string) {
	*c = canonicalReader{room: c.room, source: c.source, mark: mark}
}

// space cuts the slices for all members out of one, by counting them first.
func (c *canonicalReader) space(attrs pcommon.Map) {
	var actor, target, context, changes, other int
	for name, v := range attrs.All() {
		switch {
		case name == AttrMark && v.Type() == pcommon.ValueTypeStr:
			c.mark = v.Str()
		case !strings.HasPrefix(name, auditPrefix):
			other++
		case strings.HasPrefix(name, actorPrefix):
			actor++
		case strings.HasPrefix(name, targetPrefix):
			target++
		case strings.HasPrefix(name, contextPrefix):
			context++
		case strings.HasPrefix(name, changesPrefix):
			changes++
		}
	}
	n := actor + target + context + changes + other
	if n > cap(c.room) {
		c.room = make([]record.Member, n)
	}
	all := c.room[:n]
	cut := func(n int) []record.Member {
		part := all[:0:n]
		all = all[n:]
		return part
	}
	c.actor, c.target, c.context, c.changes, c.other = cut(actor), cut(target), cut(context), cut(changes), cut(other)
}

func (c *canonicalReader) value(v pcommon.Value) record.Value { return convert(v, 0, &c.notes) }

func (c *canonicalReader) attribute(name string, v pcommon.Value) {
	r := &c.record
	if !strings.HasPrefix(name, auditPrefix) {
		if name != c.mark && !strings.HasPrefix(name, samplingPrefix) {
			c.other = append(c.other, record.Member{Name: name, Value: c.value(v)})
		}
		return
	}
	switch name {
	case AttrTenantID:
		r.TenantID = v.Str()
	case AttrEventID:
		r.EventID = v.Str()
	case AttrAction:
		r.Action = v.Str()
	case AttrOutcome:
		r.Outcome = v.Str()
	case AttrReason:
		r.Reason = v.Str()
	case AttrCorrelationID:
		r.CorrelationID = v.Str()
	case AttrCausationID:
		r.CausationID = v.Str()
	case AttrIdempotencyKey:
		r.IdempotencyKey = v.Str()
	case AttrSchemaVersion:
		r.SchemaVersion = v.Str()
	case AttrPayload:
		r.Payload = c.value(v)
	case AttrOriginal:
		r.Original = c.value(v)
	case AttrProducer:
		r.Producer = c.value(v)
	case AttrSource:
		r.Source = c.sourceValue(v)
	case AttrActor:
		c.whole(&r.Actor, &c.actor, v)
	case AttrTarget:
		c.whole(&r.Target, &c.target, v)
	case AttrContext:
		c.whole(&r.Context, &c.context, v)
	case AttrChanges:
		c.whole(&r.Changes, &c.changes, v)
	case AttrAttributes:
		c.hasOther = true
		c.other = append(c.other, c.value(v).Members()...)
	case AttrFlags:
		readFlags(r, c.value(v))
	case AttrOriginMAC:
		c.originMAC(v)
	case AttrCanonical, AttrMark:
	default:
		c.prefixed(name, v)
	}
}

// sourceValue is value for a source: the last one where this is the same.
func (c *canonicalReader) sourceValue(v pcommon.Value) record.Value {
	if !sameTexts(v, c.source) {
		c.source = c.value(v)
	}
	return c.source
}

// sameTexts reports whether a value is a map of texts that became known, an
// object, in the order of its members.
func sameTexts(v pcommon.Value, known record.Value) bool {
	members := known.Members()
	if v.Type() != pcommon.ValueTypeMap || known.Kind() != record.Object || v.Map().Len() != len(members) {
		return false
	}
	i := 0
	for name, text := range v.Map().All() {
		m := &members[i]
		if m.Name != name || text.Type() != pcommon.ValueTypeStr || m.Value.Kind() != record.String || m.Value.Text() != text.Str() {
			return false
		}
		i++
	}
	return true
}

// whole takes an object's own attribute: the members that cannot stand behind
// the prefix, or something that is no object.
func (c *canonicalReader) whole(dst *record.Value, members *[]record.Member, v pcommon.Value) {
	*dst = c.value(v)
	if dst.Kind() == record.Object {
		*members = append(*members, dst.Members()...)
	}
}

func (c *canonicalReader) prefixed(name string, v pcommon.Value) {
	for _, p := range []struct {
		prefix  string
		members *[]record.Member
	}{{actorPrefix, &c.actor}, {targetPrefix, &c.target}, {contextPrefix, &c.context}, {changesPrefix, &c.changes}} {
		if member, ok := strings.CutPrefix(name, p.prefix); ok {
			*p.members = append(*p.members, record.Member{Name: member, Value: c.value(v)})
			return
		}
	}
	if !strings.HasPrefix(name, quarantinePrefix) {
		c.other = append(c.other, record.Member{Name: name, Value: c.value(v)})
	}
}

func (c *canonicalReader) finish() {
	r := &c.record
	c.object(&r.Actor, c.actor)
	c.object(&r.Target, c.target)
	c.object(&r.Context, c.context)
	c.object(&r.Changes, c.changes)
	c.object(&r.Attributes, c.other)
	if c.hasOther && r.Attributes.IsAbsent() {
		r.Attributes = record.EmptyObject()
	}
}

func (c *canonicalReader) object(dst *record.Value, members []record.Member) {
	if len(members) == 0 {
		return
	}
	v, dup, hasDup := record.Fold(members)
	if hasDup && !c.notes.HasDuplicate {
		c.notes.Duplicate, c.notes.HasDuplicate = dup, true
	}
	*dst = v
}

// readFlags takes the flags of a trusted sender.
func readFlags(r *record.Record, v record.Value) {
	for _, m := range v.Members() {
		if flag := m.Value.Text(); flag != "" {
			r.AddFlag(flag)
		}
	}
}

// problemOf says what cannot be repaired in a converted value.
func problemOf(n Notes) *record.Problem {
	switch {
	case n.HasDuplicate:
		return ambiguous("the name %q stands twice with different values", n.Duplicate)
	case n.TooDeep:
		return &record.Problem{Reason: record.ReasonTooDeep, Detail: "a value is nested over 2048 levels"}
	}
	return nil
}
