package configuration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxExpansions is where the collector gives up, too.
const maxExpansions = 1000

var errTooManyExpansions = errors.New("a reference leads to itself")

// expand resolves ${…} in every text below v.
func (l *loader) expand(v *value, depth int) (*value, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // nothing stays nothing
	}
	if err := l.count(v.file, depth); err != nil {
		return nil, err
	}
	switch v.kind {
	case mapping:
		for _, key := range v.keys {
			member, err := l.expand(v.members[key], depth+1)
			if err != nil {
				return nil, err
			}
			v.members[key] = member
		}
	case sequence:
		for i := range v.items {
			item, err := l.expand(v.items[i], depth+1)
			if err != nil {
				return nil, err
			}
			v.items[i] = item
		}
	case scalar:
		return l.expandText(v, depth)
	case null:
	}
	return v, nil
}

// expandText resolves the references of one text. A text that is nothing but a
// reference becomes whatever that holds, also a map or a list.
func (l *loader) expandText(v *value, depth int) (*value, error) {
	for range maxExpansions {
		reference, start := nextReference(v.text)
		if reference == "" {
			v.text = strings.ReplaceAll(v.text, "$$", "$")
			return v, nil
		}
		text, file, open := l.resolve(v, reference[2:len(reference)-1])
		if v.from == "" && !strings.HasPrefix(reference, "${yaml:") {
			v.from = withoutDefaults(v.raw)
		}
		if reference != v.text {
			v.open = v.open || open
			v.text = v.text[:start] + text + v.text[start+len(reference):]
			if len(v.text) > maxBytes {
				return nil, fmt.Errorf("%s: %w", v.where(), ErrTooLarge)
			}
			continue
		}
		if whole := l.structure(v, text, file); whole != nil {
			return l.expand(whole, depth+1)
		}
		v.open = v.open || open
		v.text = text
	}
	return nil, fmt.Errorf("%s: %w", v.where(), errTooManyExpansions)
}

// structure is the map or list that a text holds, nil where it is a plain text.
func (l *loader) structure(at *value, text, file string) *value {
	if !strings.ContainsAny(text, "{[:-\n") {
		return nil
	}
	whole, err := l.parse(at.file, []byte(text))
	if err != nil || whole == nil || whole.kind == scalar || whole.kind == null {
		return nil
	}
	if file == "" {
		// The lines of a variable are nowhere to be looked up.
		place(whole, at.file, at.from, at.line)
	} else {
		place(whole, file, at.from, 0)
	}
	return whole
}

// place says where the values of a tree stand and what they come from; line 0
// keeps their own lines.
func place(v *value, file, from string, line int) {
	v.file, v.from = file, from
	if line > 0 {
		v.line, v.raw = line, ""
	}
	for _, member := range v.members {
		place(member, file, from, line)
	}
	for _, item := range v.items {
		place(item, file, from, line)
	}
}

// nextReference finds the first ${…} that has no other inside, where it is not
// escaped by another dollar sign; "" where there is none.
func nextReference(text string) (reference string, start int) {
	for offset := 0; ; {
		end := strings.IndexByte(text[offset:], '}')
		if end < 0 {
			return "", 0
		}
		end += offset
		begin := strings.LastIndex(text[:end], "${")
		if begin >= 0 && begin >= offset && !escaped(text, begin) {
			return text[begin : end+1], begin
		}
		offset = end + 1
	}
}

// escaped reports whether an odd number of dollar signs stands before i.
func escaped(text string, i int) bool {
	dollars := 0
	for i > dollars && text[i-dollars-1] == '$' {
		dollars++
	}
	return dollars%2 == 1
}

// resolve returns what a reference in v stands for, and the file that it comes
// from. open says that it could not be had here. A reference that was itself put
// together from others is told as it stands in the file.
func (l *loader) resolve(v *value, reference string) (text, file string, open bool) {
	scheme, rest, found := strings.Cut(reference, ":")
	if !found {
		scheme, rest = "env", reference
	}
	switch scheme {
	case "env":
		return l.variable(v, rest)
	case "file":
		content, err := l.env.Read(rest)
		if err != nil || l.bytes+len(content) > maxBytes {
			l.unreadable = appendNew(l.unreadable, v.told(rest))
			return "", "", true
		}
		l.bytes += len(content)
		return string(content), v.told(rest), false
	case "yaml":
		return rest, "", false
	}
	l.unreadable = appendNew(l.unreadable, v.told(scheme+":")+" (a source that only the collector can read)")
	return "", "", true
}

func (l *loader) variable(v *value, reference string) (text, file string, open bool) {
	name, otherwise, hasDefault := strings.Cut(reference, ":-")
	if text, set := l.env.Lookup(name); set {
		return text, "", false
	}
	if !hasDefault {
		l.unset = appendNew(l.unset, v.told(name))
	}
	return otherwise, "", !hasDefault
}

func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}
