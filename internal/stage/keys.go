package stage

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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
type class uint16

const (
	// secretName is a name whose value is masked.
	secretName class = 1 << iota
	// namingName is a member that names another one: {"field": "password", "old": …}.
	namingName
	// valueName is a member that holds the value of such a pair.
	valueName
	// pathName is a member that says where a value is, in a patch or beside one.
	pathName
	// opName is the member op of a patch operation.
	opName

	// leafShift moves the classes above, but secretName, to where they stand for
	// the last segment of a name in several: headers.0.name.
	leafShift        = 4
	leafNames  class = (namingName | valueName | pathName | opName) << leafShift
	leafNaming       = namingName << leafShift
	leafPath         = pathName << leafShift
	leafOp           = opName << leafShift
)

// Members of lists of pairs, the commonest shape of headers and of differences.
var (
	namingNames = []string{
		"name", "key", "k", "id", "field", "property", "attribute", "attr", "header", "column", "param", "parameter", "variable", "setting", "label",
	}
	valueNames = []string{
		"value", "values", "val", "v", "data", "content", "contents", "text", "raw", "old", "new", "oldValue", "newValue", "previous", "current",
		"previousValue", "currentValue", "before", "after", "from", "to", "lhs", "rhs", "left", "right",
	}
	pathNames = []string{"path", "pointer"}
	opNames   = []string{"op"}
)

// maxKeyBytes caps a normalized key.
const maxKeyBytes = 128

// keySet finds names in any spelling without allocating. A name is normalized
// while it is hashed; a filter of 4,096 bits turns away nearly all of those
// that are not in the set before anything is looked up.
type keySet struct {
	filter [64]uint64
	table  [256]*entry // by hash, for names in ASCII
	keys   map[string]class
}

// entry is one key of the table.
type entry struct {
	next  *entry
	name  string // normalized
	hash  uint32
	class class
}

func newKeySet(secrets []string) *keySet {
	k := &keySet{keys: make(map[string]class)}
	k.add(secrets, secretName)
	k.add(namingNames, namingName)
	k.add(valueNames, valueName)
	k.add(pathNames, pathName)
	k.add(opNames, opName)
	for n, c := range k.keys {
		h := hashStart
		for i := range len(n) {
			h = (h ^ uint32(n[i])) * hashPrime
		}
		h ^= h >> 15
		k.filter[h>>6&63] |= 1 << (h & 63)
		bucket := &k.table[h&255]
		*bucket = &entry{next: *bucket, name: n, hash: h, class: c}
	}
	return k
}

func (k *keySet) add(names []string, c class) {
	for _, name := range names {
		k.keys[normalizeKey(name)] |= c
	}
}

// FNV-1a.
const (
	hashStart uint32 = 2166136261
	hashPrime uint32 = 16777619
)

// What folding makes of a byte that is no letter and no digit.
const (
	foldIgnored   byte = 0 // "_", "-", "~", space, quotes, controls
	foldSeparator byte = 1 // begins another segment
	foldWide      byte = 2 // not ASCII: folded as a rune
	foldPercent   byte = 3 // may begin an escape; a separator otherwise
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
		case b == '%':
			t[c] = foldPercent
		case b >= utf8.RuneSelf:
			t[c] = foldWide
		case b > ' ' && b < 0x7F && strings.IndexByte("_-~\"'`", b) < 0:
			t[c] = foldSeparator
		}
	}
	return t
}()

// classify says what a name means. A secret name counts as any segment of a
// dotted, slashed or bracketed name ("audit.payload.password",
// "user[password]", "password.hash"), as it would if the segments were nested;
// the members of pairs count as the whole name, and apart as the last segment.
func (k *keySet) classify(name string) class {
	h, start := hashStart, 0
	var found, leaf class
	for i := range len(name) {
		switch c := fold[name[i]]; c {
		case foldIgnored:
		case foldSeparator:
			if i > start {
				leaf = k.look(h, name[start:i])
				found |= leaf & secretName
			}
			h, start = hashStart, i+1
		case foldWide, foldPercent:
			return k.classifyWide(name)
		default:
			h = (h ^ uint32(c)) * hashPrime
		}
	}
	if len(name) > start {
		leaf = k.look(h, name[start:])
	}
	if start == 0 {
		return leaf
	}
	return found | leaf&secretName | leaf&^secretName<<leafShift
}

// look finds one segment whose normalized hash is h.
func (k *keySet) look(h uint32, segment string) class {
	h ^= h >> 15
	if k.filter[h>>6&63]&(1<<(h&63)) == 0 {
		return 0
	}
	return k.find(h, segment)
}

func (k *keySet) find(h uint32, segment string) class {
	for e := k.table[h&255]; e != nil; e = e.next {
		if e.hash == h && spells(segment, e.name) {
			return e.class
		}
	}
	return 0
}

// spells reports whether a segment in ASCII is a normalized key.
func spells(segment, key string) bool {
	n := 0
	for i := range len(segment) {
		c := fold[segment[i]]
		if c <= foldPercent {
			continue
		}
		if n == len(key) || key[n] != c {
			return false
		}
		n++
	}
	return n == len(key)
}

// classifyWide is classify for names with escapes and for those with letters
// beyond ASCII, many of which are variants of ASCII's or look like them. What
// stays beyond ASCII matches only keys that hold the same.
func (k *keySet) classifyWide(name string) class {
	for range maxUnescapes {
		name = unescapePercent(name)
	}
	narrow := narrowText(name)
	var found, leaf class
	segments := strings.FieldsFunc(narrow, func(r rune) bool {
		return r < utf8.RuneSelf && (fold[r] == foldSeparator || fold[r] == foldPercent)
	})
	for _, segment := range segments {
		leaf = k.keys[normalizeKey(segment)]
		found |= leaf & secretName
	}
	if len(segments) < 2 {
		return leaf
	}
	return found | leaf&^secretName<<leafShift
}

// maxUnescapes is how many times over a name may be escaped and still be seen.
const maxUnescapes = 3

// unescapePercent undoes the escapes of a URL that are well-formed.
func unescapePercent(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// narrowText folds every rune to the ASCII letter it is a variant of (full-width,
// circled, mathematical, with accents) or looks like. Invisible runes become
// "_", which normalization ignores.
func narrowText(s string) string {
	narrow := make([]byte, 0, len(s))
	for _, r := range norm.NFKD.String(s) {
		narrow = utf8.AppendRune(narrow, narrowRune(r))
	}
	return string(narrow)
}

// lookAlikes are letters of other alphabets that are drawn like Latin ones, in
// lower case.
var lookAlikes = func() map[rune]rune {
	m := make(map[rune]rune)
	for latin, alike := range map[rune]string{
		'a': "аαɑ", 'b': "ьƅ", 'c': "сϲ", 'd': "ԁɗ", 'e': "еεє", 'g': "ɡ", 'h': "һ", 'i': "іιıɩ", 'j': "јϳ", 'k': "кκ", 'l': "ӏǀ",
		'm': "м", 'n': "пη", 'o': "оοօ", 'p': "рρ", 'q': "ԛ", 'r': "гᴦ", 's': "ѕꜱ", 't': "тτ", 'u': "υսʋ", 'v': "νѵ", 'w': "ԝωѡ", 'x': "хχ", 'y': "уγү", 'z': "ᴢ",
	} {
		for _, r := range alike {
			m[r] = latin
		}
	}
	return m
}()

// narrowRune folds one rune of a decomposed text.
func narrowRune(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	if r == utf8.RuneError || r == brailleBlank || unicode.IsSpace(r) ||
		unicode.In(r, unicode.Cf, unicode.Cc, unicode.Mn, unicode.Me, unicode.Other_Default_Ignorable_Code_Point) {
		return '_'
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	least = unicode.ToLower(least)
	if latin, ok := lookAlikes[least]; ok {
		return latin
	}
	return least
}

// brailleBlank is drawn as nothing and counts as a symbol.
const brailleBlank = '\u2800'

// normalizeKey returns the form under which a key is found: lower-case letters
// and digits only. Letters beyond ASCII stay.
func normalizeKey(name string) string {
	out := make([]byte, 0, len(name))
	for _, r := range narrowText(name) {
		switch {
		case r < utf8.RuneSelf:
			if c := fold[r]; c > foldPercent {
				out = append(out, c)
			}
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			out = utf8.AppendRune(out, r)
		}
	}
	return string(slices.Clip(out))
}
