package record

// maxParsedValues bounds what a text of somebody else's costs that is parsed, some
// 400 bytes of memory for each value. A text as long as a record may be by default
// cannot have more, so only what is too large to be stored is ever turned away.
const maxParsedValues = DefaultMaxRecordBytes / 2

// CostlyJSON reports whether a text that is longer than a record may be by default
// has more commas, colons and brackets, wherever they stand, than should be parsed:
// more than 131,072. It allocates nothing.
func CostlyJSON(s string) bool {
	if len(s) <= 2*maxParsedValues {
		return false
	}
	values := 0
	for i := range len(s) {
		switch s[i] {
		case ',', ':', '{', '[':
			values++
		}
	}
	return values > maxParsedValues
}
