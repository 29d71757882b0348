package otlpmap

import "github.com/otelaudit/otelaudit/internal/record"

// scan adds the names on the top level of a JSON object, without building
// values. It stops where the text stops being JSON: an object that was cut off
// behind its audit member still claims to be audit.
func (t *topNames) scan(s string) {
	i := skipSpace(s, 0)
	if i == len(s) || s[i] != '{' {
		return
	}
	i++
	for depth, wantName := 1, true; i < len(s) && depth > 0; {
		switch s[i] {
		case '{', '[':
			depth++
			wantName = false
		case '}', ']':
			depth--
		case ',':
			wantName = depth == 1
		case '"':
			end, escaped := stringEnd(s, i)
			if end < 0 {
				return
			}
			if wantName && depth == 1 {
				t.addLiteral(s[i:end], escaped)
				wantName = false
			}
			i = end
			continue
		}
		i++
	}
}

// addLiteral adds a name as it is written, with its quotes.
func (t *topNames) addLiteral(literal string, escaped bool) {
	if !escaped {
		t.add(literal[1 : len(literal)-1])
		return
	}
	if p, err := record.ParseText(literal); err == nil {
		t.add(p.Value.Text())
	}
}

// stringEnd returns the index behind the closing quote of the string that
// begins at i, -1 if it does not end.
func stringEnd(s string, i int) (end int, escaped bool) {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1, escaped
		case '\\':
			escaped = true
			i++
		}
	}
	return -1, escaped
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}
