package pgproxy

import "bytes"

// statements remembers what a client prepared and bound on one connection, so
// that a rule can be about a statement's text when only its name goes by.
type statements struct {
	prepared map[string]string // text by statement
	bound    map[string]string // text by portal
}

// of is the text that a message is about, "" if it is about none.
func (s *statements) of(m Message) string {
	first, rest := text(m.Body)
	switch m.Type {
	case 'Q':
		return first
	case 'P': // statement, text
		sql, _ := text(rest)
		s.prepared = put(s.prepared, first, sql)
		return sql
	case 'B': // portal, statement
		name, _ := text(rest)
		s.bound = put(s.bound, first, s.prepared[name])
		return s.prepared[name]
	case 'E': // portal
		return s.bound[first]
	default:
		return ""
	}
}

// text is the string at the beginning of b, which a zero byte ends.
func text(b []byte) (first string, rest []byte) {
	before, after, found := bytes.Cut(b, []byte{0})
	if !found {
		return "", nil
	}
	return string(before), after
}

func put(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}
