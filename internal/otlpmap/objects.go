package otlpmap

import (
	"errors"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
)

// wholeObject takes the attribute or member that is named as the object itself:
// a map, the JSON text of one, or for actor and target a scalar, which is the
// id.
func (g *gatherer) wholeObject(o object, v record.Value) {
	v = g.fromText(o, v)
	switch {
	case isNothing(v):
	case v.Kind() == record.Object:
		if v.Len() == 0 && g.whole[o].IsAbsent() {
			g.whole[o] = v
		}
		for _, m := range v.Members() {
			g.addMember(o, m.Name, m.Value)
		}
	case o == objectChanges || o == objectPayload:
		if old := g.whole[o]; !old.IsAbsent() && !old.Equal(v) {
			g.fail(ambiguous("audit.%s has two different values", objectNames[o]))
			return
		}
		g.whole[o] = v
	case (o == objectActor || o == objectTarget) && (v.Kind() == record.String || v.Kind() == record.Number):
		g.addMember(o, "id", v)
	default:
		g.fail(malformed("audit.%s must be a map", objectNames[o]))
	}
}

// fromText parses the members that SDKs without map attributes send as the JSON
// text of an object or, for changes and payload, an array. Other text stays
// text.
func (g *gatherer) fromText(o object, v record.Value) record.Value {
	if v.Kind() != record.String {
		return v
	}
	text := v.Text()
	i := skipSpace(text, 0)
	if i == len(text) || text[i] != '{' && (text[i] != '[' || o != objectChanges && o != objectPayload) {
		return v
	}
	if parsed, isJSON := g.parse("audit."+objectNames[o], text); isJSON {
		return parsed
	}
	return v
}

// dottedMember takes a member whose name has further dots behind it: they build
// maps. rest is what stands behind the object's name.
func (g *gatherer) dottedMember(o object, rest string, v record.Value) {
	if strings.Count(rest, ".") >= record.MaxDepth {
		g.fail(&record.Problem{Reason: record.ReasonTooDeep, Detail: "the name of an attribute of audit." + objectNames[o] + " has over 64 parts"})
		return
	}
	for {
		dot := strings.LastIndexByte(rest, '.')
		if dot < 0 {
			break
		}
		v, _, _ = record.ObjectValue([]record.Member{{Name: rest[dot+1:], Value: v}})
		rest = rest[:dot]
	}
	g.addMember(o, rest, v)
}

// addMember takes a member on the first level of an object.
func (g *gatherer) addMember(o object, name string, v record.Value) {
	name = memberName(o, name)
	switch o {
	case objectActor, objectTarget:
		if v.Kind() == record.Null {
			return
		}
		if name == "id" && v.Kind() == record.Number {
			v = numberText(v)
		}
		if (name == "id" || name == "type") && v.Kind() != record.String {
			g.fail(malformed("audit.%s.%s must be text", objectNames[o], name))
			return
		}
		if o == objectActor && name == "tools" {
			v = g.arrayText("audit.actor.tools", v)
		}
	case objectContext:
		if v.Kind() == record.Null {
			return
		}
	case objectChanges:
		switch name {
		case "patch":
			v = g.arrayText("audit.changes.patch", v)
		case "before", "after":
			v = emptyObjectText(v)
		}
	default:
	}
	g.members[o] = append(g.members[o], record.Member{Name: name, Value: v})
}

// arrayText parses the JSON text of an array, in the two places that hold one.
func (g *gatherer) arrayText(where string, v record.Value) record.Value {
	text := v.Text()
	if i := skipSpace(text, 0); i == len(text) || text[i] != '[' {
		return v
	}
	if parsed, isJSON := g.parse(where, text); isJSON {
		return parsed
	}
	return v
}

// emptyObjectText reads what evlog's compact shape makes of an empty object.
func emptyObjectText(v record.Value) record.Value {
	if v.Text() == "{}" {
		return record.EmptyObject()
	}
	return v
}

// makeObject merges what was gathered of an object.
func (g *gatherer) makeObject(o object) record.Value {
	if len(g.members[o]) == 0 {
		return g.whole[o]
	}
	if w := g.whole[o]; !w.IsAbsent() && w.Kind() != record.Object {
		g.fail(ambiguous("audit.%s has both a value and members", objectNames[o]))
	}
	v, path, conflict := record.Merge(g.members[o])
	if conflict {
		g.fail(ambiguous("audit.%s.%s has two different values", objectNames[o], path))
	}
	return v
}

// jsonProblem says what is wrong with text that is JSON and yet no event; nil
// for text that is no JSON.
func jsonProblem(where string, err error) *record.Problem {
	var dup *record.DuplicateNameError
	switch {
	case errors.As(err, &dup):
		return ambiguous("in %s %s", where, dup.Error())
	case errors.Is(err, record.ErrTooDeep):
		return &record.Problem{Reason: record.ReasonTooDeep, Detail: where + " is " + err.Error()}
	default:
		return nil
	}
}
