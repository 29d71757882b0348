package configuration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

type kind int

const (
	scalar kind = iota
	null
	mapping
	sequence
)

// value is a node of the configuration, with the place where it stands. A nil
// *value is one that is not there; all methods take it.
type value struct {
	kind kind
	file string
	line int

	text string // of a scalar: as it stands in the file, or resolved
	raw  string // of a scalar: as it stands in the file
	// open is set where a variable or a file that the value is made of could not
	// be read here, so that nothing can be said about it.
	open bool
	// from is the reference, as it stands in the file, that the value, or a part of
	// it, was resolved from; for people it stands in place of the value. "" says that
	// all of it stands in the file itself.
	from string

	keys    []string // of a mapping, in order
	members map[string]*value
	items   []*value // of a sequence
}

// at returns the member that the keys lead to, nil where one is missing.
func (v *value) at(keys ...string) *value {
	for _, key := range keys {
		if v == nil || v.kind != mapping {
			return nil
		}
		v = v.members[key]
	}
	return v
}

// has reports whether the key stands there, with whatever value.
func (v *value) has(keys ...string) bool { return v.at(keys...) != nil }

// enabled reports whether an optional section is meant: it stands there and is
// not null.
func (v *value) enabled() bool { return v != nil && v.kind != null }

// unread reports whether the value could not be resolved here.
func (v *value) unread() bool { return v != nil && v.open }

// str is the text of a scalar, the default where there is none.
func (v *value) str(otherwise string) string {
	if v == nil || v.kind != scalar {
		return otherwise
	}
	return v.text
}

// given reports whether the value is a text of some length, or could be.
func (v *value) given() bool { return v.unread() || v.str("") != "" }

// boolean is the value of a switch. A text that is none is the default: the
// collector refuses it, which is no business of the checks.
func (v *value) boolean(otherwise bool) bool {
	switch strings.ToLower(v.str("")) {
	case "true", "yes", "on", "1":
		return true
	case "false", "no", "off", "0":
		return false
	}
	return otherwise
}

// zero reports whether a number or a duration is 0.
func (v *value) zero(otherwise bool) bool {
	text := v.str("")
	if text == "" {
		return otherwise
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return number == 0
	}
	duration, err := time.ParseDuration(text)
	return err == nil && duration == 0
}

// names are the texts of a list, or the one text that stands in its place.
func (v *value) names() []string {
	var names []string
	for _, item := range v.list() {
		names = append(names, item.str(""))
	}
	return names
}

// list are the items of a sequence. The collector takes a lone text for a list
// of it.
func (v *value) list() []*value {
	switch {
	case v == nil:
		return nil
	case v.kind == sequence:
		return v.items
	case v.kind == scalar && v.text != "":
		return []*value{v}
	}
	return nil
}

// holds reports whether the list has the name.
func (v *value) holds(name string) bool { return slices.Contains(v.names(), name) }

// where is file:line, "" for nothing.
func (v *value) where() string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", v.file, v.line)
}

// or returns the first value that is there, to say where something belongs that
// is missing.
func (v *value) or(others ...*value) *value {
	for _, other := range append([]*value{v}, others...) {
		if other != nil {
			return other
		}
	}
	return nil
}
