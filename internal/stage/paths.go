package stage

import (
	"fmt"
	"slices"
	"strings"
)

// pathRoots are the members of a record at which a path may begin.
var pathRoots = []string{
	"action", "actor", "attributes", "body", "changes", "context", "event_name", "payload",
	"producer", "reason", "severity_text", "source", "target",
}

// pathGlob is a compiled path: "*" stands for one segment or for any text
// within one, "**" for any number of segments. Arrays have no segment of their
// own: "payload.items.price" names the price of every item.
type pathGlob []string

// parsePath compiles a path in the words of the canonical record, dots between
// segments. A dot within an attribute's name counts as one.
func parsePath(text string) (pathGlob, error) {
	g := pathGlob(strings.Split(text, "."))
	if slices.Contains(g, "") {
		return nil, fmt.Errorf("%q has an empty segment", text)
	}
	if !slices.Contains(pathRoots, g[0]) && !strings.Contains(g[0], "*") {
		return nil, fmt.Errorf("%q begins with %q: allowed are %s, * and **", text, g[0], strings.Join(pathRoots, ", "))
	}
	return g, nil
}

// match reports whether the glob names exactly this path.
func (g pathGlob) match(path []string) bool {
	for i := range g {
		if g[i] == "**" {
			rest := g[i+1:]
			for n := 0; n <= len(path); n++ {
				if rest.match(path[n:]) {
					return true
				}
			}
			return false
		}
		if len(path) == 0 || !matchSegment(g[i], path[0]) {
			return false
		}
		path = path[1:]
	}
	return len(path) == 0
}

// matchSegment compares one segment; letter case, "_" and "-" make no
// difference, as in keys, so that a record in quarantine, which was never
// normalized, is covered by the same path.
func matchSegment(glob, name string) bool {
	for {
		for glob != "" && ignoredInSegment(glob[0]) {
			glob = glob[1:]
		}
		if glob != "" && glob[0] == '*' {
			glob = glob[1:]
			for n := 0; n <= len(name); n++ {
				if matchSegment(glob, name[n:]) {
					return true
				}
			}
			return false
		}
		for name != "" && ignoredInSegment(name[0]) {
			name = name[1:]
		}
		if glob == "" || name == "" {
			return glob == "" && name == ""
		}
		if lower(glob[0]) != lower(name[0]) {
			return false
		}
		glob, name = glob[1:], name[1:]
	}
}

func ignoredInSegment(c byte) bool { return c == '_' || c == '-' || c == ' ' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// pathSet is a list of globs of which any may match.
type pathSet []pathGlob

func parsePaths(texts []string) (pathSet, error) {
	set := make(pathSet, 0, len(texts))
	for i, text := range texts {
		g, err := parsePath(text)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		set = append(set, g)
	}
	return set, nil
}

func (s pathSet) match(path []string) bool {
	for _, g := range s {
		if g.match(path) {
			return true
		}
	}
	return false
}
