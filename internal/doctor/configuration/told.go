package configuration

import (
	"regexp"
	"strings"
)

// componentName is what the Collector takes for a name: type or type/name.
var componentName = regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z_]{0,62}(/[^\pZ\pC\pS]+)?$`)

// noName stands for a text in the place of a name that is none. It may be
// anything, such as a line of a file that was included by mistake.
const noName = "(no name of a component)"

// nameOf is the name of a component or a pipeline for people. v is what it stands
// in: the text itself, or the map that has it as a key.
func nameOf(id string, v *value) string {
	id = strings.TrimSpace(id)
	if v != nil && v.from != "" {
		return v.from
	}
	if !componentName.MatchString(id) {
		return noName
	}
	return id
}

// told is a text of the value for people: the reference, where it came from one.
func (v *value) told(text string) string {
	if v != nil && v.from != "" {
		return v.from
	}
	return text
}

// stand are runes that stand for a reference while a text is taken apart. They
// are of a plane for private use.
const stand = 0xF0000

// apart replaces every reference of a text by one rune, and returns what each
// stands for. A default is not part of it: it is a value.
func apart(text string) (rest string, references []string) {
	text = strings.Map(func(r rune) rune {
		if r >= stand {
			return -1
		}
		return r
	}, text)
	for next := rune(stand); next < stand+maxExpansions; next++ {
		reference, start := nextReference(text)
		if reference == "" {
			break
		}
		body, _, _ := strings.Cut(reference[2:len(reference)-1], ":-")
		if strings.HasPrefix(body, "yaml:") {
			body = "yaml:…"
		}
		text = text[:start] + string(next) + text[start+len(reference):]
		references = append(references, "${"+together(body, references)+"}")
	}
	return text, references
}

// together puts the references back.
func together(text string, references []string) string {
	var b strings.Builder
	for _, r := range text {
		if i := int(r) - stand; i >= 0 && i < len(references) {
			b.WriteString(references[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// withoutDefaults is a text as it stands in the file, each reference without the
// default it may have.
func withoutDefaults(raw string) string {
	rest, references := apart(raw)
	return together(rest, references)
}

// onlyReferences are the references of a text, without what stands between them:
// that may be a password.
func onlyReferences(raw string) string {
	_, references := apart(raw)
	return strings.Join(references, " ")
}

// hostPort is a host or an address with or without a port, references included.
var hostPort = regexp.MustCompile(`^[0-9A-Za-z._:*%\[\]\x{F0000}-\x{FFFFF}-]*$`)

const notReadable = "(not readable)"

// addressShown is scheme://host:port of an address. A path or a query may be the
// secret of a webhook, and what stands in front of the host is a credential.
func addressShown(v *value, otherwise string) string {
	if v.unread() || v.str("") == "" {
		return shown(v, otherwise)
	}
	rest, references := apart(v.told(v.text))
	scheme, address, found := strings.Cut(rest, "://")
	if !found {
		scheme, address = "", rest
	} else {
		scheme += "://"
	}
	if !found && strings.HasPrefix(address, "/") && !strings.ContainsAny(address, "@?#") && !strings.HasPrefix(address, "//") {
		return together(address, references) // a socket
	}
	behind := ""
	if i := strings.IndexAny(address, "/?#"); i >= 0 {
		address, behind = address[:i], address[i:]
	}
	i := strings.LastIndexByte(address, '@')
	if i < 0 && strings.Contains(behind, "@") { // a password may hold anything
		return notReadable
	}
	if address = address[i+1:]; !hostPort.MatchString(scheme[:max(0, len(scheme)-len("://"))] + address) {
		return notReadable
	}
	return together(scheme+address, references)
}
