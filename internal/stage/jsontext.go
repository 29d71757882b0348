package stage

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/record"
)

// looksLikeJSON reports whether a text begins like a JSON object, array or
// string. Numbers and words hold no names. A text that begins with Marker is not
// the beginning of an array.
func looksLikeJSON(s string) bool {
	switch s[0] {
	case '{', '"':
		return true
	case '[':
		return !strings.HasPrefix(s, Marker)
	case ' ', '\t', '\r', '\n', 0xEF:
		t := trimJSON(s)
		return t != "" && (t[0] == '{' || t[0] == '[' && !strings.HasPrefix(t, Marker) || t[0] == '"')
	}
	return false
}

// trimJSON removes what may stand before a JSON text.
func trimJSON(s string) string {
	return strings.TrimLeft(strings.TrimPrefix(s, "\uFEFF"), " \t\r\n")
}

// jsonText masks inside a text that looks like JSON and re-encodes it if
// something was masked; an untouched one stays byte for byte. done is false
// where the text turned out to be an ordinary one. A text that names a secret
// but is not JSON (cut off, two values, a name twice) is masked as a whole:
// nobody can say where the secret ends.
func (w *Walk) jsonText(s string) (masked string, done, changed bool) {
	if !w.mayHoldSecret(s) {
		return s, true, false
	}
	v, err := record.ParseJSON([]byte(trimJSON(s)))
	if err == nil {
		var out record.Value
		if !w.value(&v, &out, Keep) {
			return s, true, false
		}
		return string(out.AppendJSON(nil)), true, true
	}
	if !w.namesSecretDeep(s) {
		return s, false, false
	}
	w.masked++
	return Marker, true, true
}

// mayHoldSecret is the cheap question before parsing. Without a backslash every
// name stands in the text as it is.
func (w *Walk) mayHoldSecret(s string) bool {
	return w.r.needPaths || w.r.patterns.anchored ||
		strings.IndexByte(s, '\\') >= 0 ||
		w.names(s, ':', secretName|namingName) || w.names(s, '=', secretName) ||
		strings.Contains(s, `"path"`) || w.r.patterns.any(s)
}

// names reports whether a name of the class stands before a mark.
func (w *Walk) names(s string, mark byte, c class) bool {
	for i := 0; ; i++ {
		k := strings.IndexByte(s[i:], mark)
		if k < 0 {
			return false
		}
		i += k
		name, ok := nameBefore(s[:i])
		if ok && w.r.keys.classify(name)&c != 0 {
			return true
		}
	}
}

// nameBefore returns the quoted name, or the bare word, that s ends with.
func nameBefore(s string) (name string, ok bool) {
	s = strings.TrimRight(s, " \t\r\n")
	if s == "" {
		return "", false
	}
	if q := s[len(s)-1]; q == '"' || q == '\'' || q == '`' {
		s = s[:len(s)-1]
		i := strings.LastIndexByte(s, q)
		return s[i+1:], i >= 0
	}
	i := len(s)
	for i > 0 && (wordByte(s[i-1]) || s[i-1] == '-' || s[i-1] == '.' || s[i-1] >= utf8.RuneSelf) {
		i--
	}
	return s[i:], i < len(s)
}

// namesSecretDeep is for text that is not JSON: names may be escaped, JSON in JSON more than once, "=" may stand for the colon, and a name
// between quotes counts wherever it stands, as in the path of a patch.
func (w *Walk) namesSecretDeep(s string) bool {
	for range record.MaxDepth {
		if w.names(s, ':', secretName) || w.names(s, '=', secretName) || w.quotesSecret(s) {
			return true
		}
		plain := unescapeOnce(s)
		if plain == s {
			return false
		}
		s = plain
	}
	return true // escaped without end: not for us to find out
}

// quotesSecret reports whether a secret's name stands between two quotes.
func (w *Walk) quotesSecret(s string) bool {
	_, s, _ = strings.Cut(s, `"`)
	for piece := range strings.SplitSeq(s, `"`) {
		if len(piece) <= 2*maxKeyBytes && w.r.keys.classify(piece)&secretName != 0 {
			return true
		}
	}
	return false
}

// unescapeOnce undoes one level of JSON's escapes, well-formed or not.
func unescapeOnce(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'u' && i+4 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+5], 16, 16); err == nil {
				b.WriteRune(rune(n))
				i += 4
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
