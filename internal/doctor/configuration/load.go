package configuration

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Environment is what a configuration may refer to. Both functions are called
// with names that stand in the files.
type Environment struct {
	Lookup func(name string) (text string, set bool)
	Read   func(file string) ([]byte, error)
}

// Limits of what is read. No configuration of people comes near them; a few
// lines of YAML can ask for more than there is memory.
const (
	maxBytes = 8 << 20
	maxNodes = 200_000
	maxDepth = 200
)

// ErrTooLarge is returned for a configuration beyond every honest size.
var ErrTooLarge = errors.New("the configuration is too large or too deep to be one")

// loader reads files into one tree.
type loader struct {
	env        Environment
	nodes      int // of all files and what they refer to
	bytes      int
	unset      []string // variables that are not set
	unreadable []string // files and sources that could not be read
}

// load reads and merges the files and resolves what they refer to.
func (l *loader) load(files []string) (*value, error) {
	root := &value{kind: mapping, members: map[string]*value{}}
	for _, file := range files {
		next, err := l.source(file)
		if err != nil {
			return nil, err
		}
		root = merge(root, next)
	}
	return l.expand(root, 0)
}

// source reads one --config: a file, or one of the collector's own forms.
func (l *loader) source(name string) (*value, error) {
	scheme, rest, found := strings.Cut(name, ":")
	switch {
	case found && scheme == "env":
		text, set := l.env.Lookup(rest)
		if !set {
			return nil, fmt.Errorf("%s: the variable is not set", name)
		}
		return l.document("$"+rest, []byte(text))
	case found && scheme == "yaml":
		// yaml:a::b: c is a short way to say a: {b: c}.
		return l.document("yaml", []byte(unflatten(rest)))
	case found && scheme == "file":
		name = rest
	}
	content, err := l.env.Read(name)
	if err != nil {
		return nil, err
	}
	return l.document(name, content)
}

// unflatten turns a::b: c into nested maps.
func unflatten(text string) string {
	key, rest, found := strings.Cut(text, ": ")
	if !found || strings.ContainsAny(key, "{[\n") {
		return text
	}
	var b strings.Builder
	depth := 0
	for part := range strings.SplitSeq(key, "::") {
		fmt.Fprintf(&b, "{%s: ", part)
		depth++
	}
	return b.String() + rest + strings.Repeat("}", depth)
}

// document parses a text that must be a map, or nothing.
func (l *loader) document(file string, content []byte) (*value, error) {
	v, err := l.parse(file, content)
	switch {
	case err != nil:
		return nil, err
	case v == nil || v.kind == null:
		return &value{kind: mapping, file: file, line: 1, members: map[string]*value{}}, nil
	case v.kind != mapping:
		return nil, fmt.Errorf("%s: a collector's configuration is a map, with receivers, exporters and a service", v.where())
	}
	return v, nil
}

// parse returns nil for an empty text.
func (l *loader) parse(file string, content []byte) (*value, error) {
	if l.bytes += len(content); l.bytes > maxBytes {
		return nil, fmt.Errorf("%s: %w", file, ErrTooLarge)
	}
	var node yaml.Node
	if err := yaml.Unmarshal(content, &node); err != nil {
		return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if node.Kind == 0 || len(node.Content) == 0 {
		return nil, nil //nolint:nilnil // an empty text is no error
	}
	return l.convert(file, node.Content[0], 0)
}

// count bounds what a configuration comes to.
func (l *loader) count(file string, depth int) error {
	l.nodes++
	if l.nodes > maxNodes || depth > maxDepth {
		return fmt.Errorf("%s: %w", file, ErrTooLarge)
	}
	return nil
}

// convert makes a node ours. Aliases are copied, so that depth and number are
// what they come to.
func (l *loader) convert(file string, node *yaml.Node, depth int) (*value, error) {
	if err := l.count(file, depth); err != nil {
		return nil, err
	}
	v := &value{file: file, line: node.Line, text: node.Value, raw: node.Value}
	switch node.Kind {
	case yaml.AliasNode:
		return l.convert(file, node.Alias, depth+1)
	case yaml.MappingNode:
		v.kind = mapping
		v.members = map[string]*value{}
		return v, l.convertMembers(v, node, depth)
	case yaml.SequenceNode:
		v.kind = sequence
		for _, child := range node.Content {
			item, err := l.convert(file, child, depth+1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
	default:
		if node.ShortTag() == "!!null" {
			v.kind = null
		}
	}
	return v, nil
}

func (l *loader) convertMembers(v *value, node *yaml.Node, depth int) error {
	var merged []*value
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, child := node.Content[i], node.Content[i+1]
		member, err := l.convert(v.file, child, depth+1)
		if err != nil {
			return err
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, member)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s:%d: a key must be a text", v.file, key.Line)
		}
		if _, twice := v.members[key.Value]; twice {
			return fmt.Errorf("%s:%d: the key %s stands there twice", v.file, key.Line, key.Value)
		}
		// A section begins at its key, which is where people look for it.
		member.line = key.Line
		v.set(key.Value, member)
	}
	for _, other := range merged {
		v.inherit(other)
	}
	return nil
}

// inherit takes what YAML's << names and the mapping does not have itself.
func (v *value) inherit(other *value) {
	if other.kind == sequence {
		for _, item := range other.items {
			v.inherit(item)
		}
		return
	}
	for _, key := range other.keys {
		if !v.has(key) {
			v.set(key, other.members[key])
		}
	}
}

func (v *value) set(key string, member *value) {
	if _, known := v.members[key]; !known {
		v.keys = append(v.keys, key)
	}
	v.members[key] = member
}

// merge lays one configuration over another as the collector does: maps deeply,
// everything else by replacing it.
func merge(below, above *value) *value {
	if below == nil || below.kind != mapping || above.kind != mapping {
		return above
	}
	// Where a section stands is where it was last said.
	merged := &value{kind: mapping, file: above.file, line: above.line, members: map[string]*value{}}
	for _, key := range below.keys {
		merged.set(key, below.members[key])
	}
	for _, key := range above.keys {
		merged.set(key, merge(merged.members[key], above.members[key]))
	}
	return merged
}
