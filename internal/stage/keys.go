package stage

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultKeys are the names whose values are always masked, in any spelling:
// letter case, "_", "-" and camel case make no difference.
func DefaultKeys() []string {
	return []string{
		"password", "passwordHash", "passwd", "token", "apiKey", "api_token", "x-api-key", "secret", "client_secret",
		"private_key", "accessToken", "refreshToken", "cardNumber", "cvv", "ssn", "authorization", "cookie", "set-cookie",
	}
}

// class says what a name means to redaction. One name may be several things.
type class uint8

const (
	// secretName is a name whose value is masked.
	secretName class = 1 << iota
	// namingName is a member that names another one: {"field": "password", "old": …}.
	namingName
	// valueName is a member that holds the value of such a pair.
	valueName
)

// Members of lists of pairs, the commonest shape of headers and of differences.
var (
	namingNames = []string{"name", "key", "field", "property", "attribute", "header", "column", "param", "parameter"}
	valueNames  = []string{
		"value", "values", "val", "data", "old", "new", "oldValue", "newValue", "previous", "current",
		"previousValue", "currentValue", "before", "after", "from", "to",
	}
)

// maxKeyBytes caps a normalized key, so that one fits a buffer on the stack.
const maxKeyBytes = 128

// keySet finds names in any spelling without allocating. A name is normalized
// while it is hashed; a filter of 4,096 bits turns away nearly all of those
// that are not in the set before anything is looked up.
type keySet struct {
	filter [64]uint64
	keys   map[string]class
}

func newKeySet(secrets []string) *keySet {
	k := &keySet{keys: make(map[string]class)}
	k.add(secrets, secretName)
	k.add(namingNames, namingName)
	k.add(valueNames, valueName)
	return k
}

func (k *keySet) add(names []string, c class) {
	for _, name := range names {
		n := normalizeKey(name)
		k.keys[n] |= c
		h := hashStart
		for i := range len(n) {
			h = (h ^ uint32(n[i])) * hashPrime
		}
		h ^= h >> 15
		k.filter[h>>6&63] |= 1 << (h & 63)
	}
}

// FNV-1a.
const (
	hashStart uint32 = 2166136261
	hashPrime uint32 = 16777619
)

// What folding makes of a byte that is no letter and no digit.
const (
	foldIgnored   byte = 0 // "_", "-", space, quotes, controls
	foldSeparator byte = 1 // begins another segment
	foldWide      byte = 2 // not ASCII: folded as a rune
)

// fold maps a byte of a name to its lower-case letter or digit, or to one of
// the constants above.
var fold = func() (t [256]byte) {
	for c := range 256 {
		switch b := byte(c); {
		case b >= 'a' && b <= 'z', b >= '0' && b <= '9':
			t[c] = b
		case b >= 'A' && b <= 'Z':
			t[c] = b + 'a' - 'A'
		case b == '.', b == '/', b == '[', b == ']', b == ':':
			t[c] = foldSeparator
		case b >= utf8.RuneSelf:
			t[c] = foldWide
		}
	}
	return t
}()

// classify says what a name means. A secret name counts as any segment of a
// dotted, slashed or bracketed name ("audit.payload.password",
// "user[password]", "password.hash"), as it would if the segments were nested;
// the members of pairs count only as the whole name.
func (k *keySet) classify(name string) class {
	h, start := hashStart, 0
	var found class
	for i := range len(name) {
		switch c := fold[name[i]]; c {
		case foldIgnored:
		case foldSeparator:
			found |= k.look(h, name[start:i]) & secretName
			h, start = hashStart, i+1
		case foldWide:
			return k.classifyWide(name)
		default:
			h = (h ^ uint32(c)) * hashPrime
		}
	}
	last := k.look(h, name[start:])
	if start > 0 {
		last &= secretName
	}
	return found | last
}

// look finds one segment whose normalized hash is h.
func (k *keySet) look(h uint32, segment string) class {
	h ^= h >> 15
	if k.filter[h>>6&63]&(1<<(h&63)) == 0 {
		return 0
	}
	var buf [maxKeyBytes]byte
	n := 0
	for i := range len(segment) {
		if c := fold[segment[i]]; c > foldWide {
			if n == len(buf) {
				return 0
			}
			buf[n] = c
			n++
		}
	}
	return k.keys[string(buf[:n])]
}

// classifyWide is classify for names with letters beyond ASCII, some of which
// fold into it (the Kelvin sign is a k) or look like it (full-width letters).
// What stays beyond ASCII matches only keys that hold the same.
func (k *keySet) classifyWide(name string) class {
	narrow := make([]byte, 0, len(name))
	for _, r := range name {
		narrow = utf8.AppendRune(narrow, narrowRune(r))
	}
	var found class
	segments := strings.FieldsFunc(string(narrow), func(r rune) bool {
		return r < utf8.RuneSelf && fold[r] == foldSeparator
	})
	for _, segment := range segments {
		found |= k.keys[normalizeKey(segment)]
	}
	if len(segments) > 1 {
		found &= secretName
	}
	return found
}

// narrowRune folds a rune to the ASCII letter it is a variant of. Invisible
// runes become "_", which normalization ignores.
func narrowRune(r rune) rune {
	if r >= 0xFF01 && r <= 0xFF5E { // full-width forms
		r -= 0xFEE0
	}
	if r == utf8.RuneError || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Mn) {
		return '_'
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return unicode.ToLower(least)
}

// normalizeKey returns the form under which a key is found: lower-case letters
// and digits only. Letters beyond ASCII stay.
func normalizeKey(name string) string {
	out := make([]byte, 0, len(name))
	for _, r := range name {
		r = narrowRune(r)
		switch {
		case r < utf8.RuneSelf:
			if c := fold[r]; c > foldWide {
				out = append(out, c)
			}
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			out = utf8.AppendRune(out, r)
		}
	}
	return string(slices.Clip(out))
}
