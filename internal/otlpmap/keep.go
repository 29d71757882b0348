package otlpmap

import "slices"

// keeper decides by name which attributes a record brings along.
type keeper struct {
	all   bool
	globs []string
}

func newKeeper(globs []string) keeper {
	return keeper{all: globs == nil || slices.Contains(globs, "*"), globs: globs}
}

func (k keeper) keeps(name string) bool {
	return k.all || slices.ContainsFunc(k.globs, func(g string) bool { return globMatch(g, name) })
}

// globMatch reports whether name matches a pattern in which "*" stands for any
// text and "?" for one byte, in time linear for each "*".
func globMatch(pattern, name string) bool {
	p, n := 0, 0
	star, from := -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
