package stage

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/otelaudit/otelaudit/internal/record"
)

// jsonStart returns where an object or an array may begin in a text, or a text
// that holds one in quotes; -1 where none does. Numbers and words hold no names.
// Marker is not the beginning of an array.
func jsonStart(s string) int {
	switch s[0] {
	case '{', '"':
		return 0
	case ' ', '\t', '\r', '\n', 0xEF:
		if t := trimJSON(s); t != "" && t[0] == '"' {
			return len(s) - len(t)
		}
	}
	if strings.IndexByte(s, '{') < 0 && strings.IndexByte(s, '[') < 0 {
		return -1
	}
	return bracket(s, 0)
}

// bracket returns where the first brace or bracket at or after from stands, -1
// if none does.
func bracket(s string, from int) int {
	for {
		i := strings.IndexAny(s[from:], "{[")
		if i < 0 {
			return -1
		}
		from += i
		if !strings.HasPrefix(s[from:], Marker) {
			return from
		}
		from += len(Marker)
	}
}

// trimJSON removes what may stand before a JSON text.
func trimJSON(s string) string {
	return strings.TrimLeft(strings.TrimPrefix(s, "\uFEFF"), " \t\r\n")
}

// jsonText masks inside a text in which JSON may begin at a place, and re-encodes
// the JSON if something was masked; an untouched one stays byte for byte. done is
// false where the text turned out to be an ordinary one, in part at least. A text
// that names a secret, begins like JSON and is none (cut off, two values, a name
// twice) is masked as a whole: nobody can say where the secret ends. So is one that
// may hold a secret and is too costly to parse.
func (w *Walk) jsonText(s string, at int) (masked string, done, changed bool) {
	if !w.mayHoldSecret(s) {
		return s, true, false
	}
	if record.CostlyJSON(s) {
		w.masked++
		return Marker, true, true
	}
	text := trimJSON(s)
	if at > len(s)-len(text) {
		masked, changed = w.embedded(s, at)
		return masked, changed && masked == Marker, changed
	}
	v, err := record.ParseJSON([]byte(text))
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

// maxFailures bounds how many braces of a text are tried as the beginning of
// JSON and turn out to be none.
const maxFailures = 16

// embedded masks inside every object and array that stands in a text, the first
// of them not before at, and all of one that a secret's name stands before. Where
// something begins like one and cannot be read, nothing that is left of it may
// name a secret, whatever part of it can be read, nor may the text after it.
func (w *Walk) embedded(s string, at int) (masked string, changed bool) {
	var out, doubtful strings.Builder
	done, doubt, failures := 0, len(s), 0
	unread := 0 // where what could not be read ends
	keep := func(to int, sure bool) {
		out.WriteString(s[done:to])
		if from := max(done, doubt); from < to && !sure {
			doubtful.WriteString(s[from:to])
			doubtful.WriteByte(' ')
		}
		done = to
	}
	for at >= 0 && failures < maxFailures {
		n := jsonExtent(s[at:])
		v, err := record.ParseJSON([]byte(s[at : at+n]))
		if err != nil {
			if n == 0 {
				n = len(s) - at
			}
			doubt, unread = min(doubt, at), max(unread, at+n)
			failures++
			at = bracket(s, at+1)
			continue
		}
		keep(at, false)
		verdict := Keep
		if name, ok := assigned(s[:at]); ok && w.r.keys.classify(name)&secretName != 0 {
			verdict = Mask
		}
		var hidden record.Value
		switch {
		case !w.value(&v, &hidden, verdict):
			keep(at+n, at >= unread)
		case verdict == Mask:
			out.WriteString(Marker)
			changed = true
		default:
			out.Write(hidden.AppendJSON(nil))
			changed = true
		}
		if done < at+n {
			if at < unread {
				doubtful.WriteString(s[at : at+n])
			}
			done = at + n
		}
		at = bracket(s, done)
	}
	keep(len(s), false)
	if doubtful.Len() > 0 && w.namesSecretDeep(doubtful.String()) {
		w.masked++
		return Marker, true
	}
	return out.String(), changed
}

// assigned returns the name that a text assigns what follows it to.
func assigned(s string) (name string, ok bool) {
	s = strings.TrimRight(s, " \t\r\n>")
	if s == "" || s[len(s)-1] != ':' && s[len(s)-1] != '=' {
		return "", false
	}
	return nameBefore(s[:len(s)-1])
}

// jsonExtent returns how long the object or array is that s begins with, by its
// brackets alone, 0 if it does not end.
func jsonExtent(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// mayHoldSecret is the cheap question before parsing. Without an escape every
// name stands in the text as it is.
func (w *Walk) mayHoldSecret(s string) bool {
	return w.r.needPaths || w.r.patterns.anchored || strings.ContainsAny(s, "\\~%") ||
		w.quotesSecret(s) || w.names(s, ':') || w.names(s, '=') || w.r.patterns.any(s)
}

// names reports whether a secret's name stands before a mark.
func (w *Walk) names(s string, mark byte) bool {
	for i := 0; ; i++ {
		k := strings.IndexByte(s[i:], mark)
		if k < 0 {
			return false
		}
		i += k
		name, ok := nameBefore(s[:i])
		if ok && w.r.keys.classify(name)&secretName != 0 {
			return true
		}
	}
}

// nameBefore returns the quoted name, or the bare word, that s ends with, but for
// blanks, controls and comments.
func nameBefore(s string) (name string, ok bool) {
	s = trimBlank(s)
	if s == "" {
		return "", false
	}
	if q := s[len(s)-1]; q == '"' || q == '\'' || q == '`' {
		s = s[:len(s)-1]
		i := strings.LastIndexByte(s, q)
		return s[i+1:], i >= 0
	}
	i := len(s)
	for i > 0 && (wordByte(s[i-1]) || s[i-1] == '-' || s[i-1] == '.' || s[i-1] == '%' || s[i-1] >= utf8.RuneSelf) {
		i--
	}
	return s[i:], i < len(s)
}

// maxComment is how far the beginning of a comment is looked for.
const maxComment = 256

// trimBlank removes what a lenient reader passes over at the end of a text.
func trimBlank(s string) string {
	for s != "" {
		c := s[len(s)-1]
		if c <= ' ' || c == 0x7F {
			s = s[:len(s)-1]
			continue
		}
		if c == '/' && strings.HasSuffix(s, "*/") {
			near := s[max(0, len(s)-maxComment) : len(s)-2]
			i := strings.LastIndex(near, "/*")
			if i < 0 {
				return s
			}
			s = s[:len(s)-2-len(near)+i]
			continue
		}
		if c < utf8.RuneSelf {
			return s
		}
		r, n := utf8.DecodeLastRuneInString(s)
		if narrowRune(r) != '_' {
			return s
		}
		s = s[:len(s)-n]
	}
	return s
}

// namesSecretDeep is for text that is not JSON: names may be escaped, JSON in JSON more than once, "=" may stand for the colon, and a name
// between quotes counts wherever it stands, as in the path of a patch.
func (w *Walk) namesSecretDeep(s string) bool {
	for range record.MaxDepth {
		if w.names(s, ':') || w.names(s, '=') || w.quotesSecret(s) {
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
