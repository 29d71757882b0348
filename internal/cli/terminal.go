package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// terminal is the standard output of a person: tables written to it fit its
// width and may be colored. Anything else takes them as they are. Whatever is
// written to it, in any format, cannot steer it: a stored text may hold what moves
// the cursor, or reorders what stands beside it. Not safe for concurrent use.
type terminal struct {
	io.Writer // as it is, for what was made safe, with its colors

	width int // columns, 0 where unknown
	color bool
	rest  []byte // the beginning of a character whose end is yet to come
}

// Write writes the text, and what would steer the terminal as \u and its code,
// which in JSON means the same.
func (t *terminal) Write(text []byte) (int, error) {
	var safe []byte
	all := slices.Concat(t.rest, text)
	t.rest = nil
	for len(all) > 0 {
		r, size := utf8.DecodeRune(all)
		switch {
		case !utf8.FullRune(all):
			t.rest, size = slices.Clone(all), len(all)
		case r == '\n' || r == '\t':
			safe = append(safe, byte(r))
		case steers(r):
			safe = fmt.Appendf(safe, "\\u%04x", r)
		default: // U+FFFD for a byte of no character
			safe = utf8.AppendRune(safe, r)
		}
		all = all[size:]
	}
	if _, err := t.Writer.Write(safe); err != nil {
		return 0, err
	}
	return len(text), nil
}

// steers reports whether a character does something to a terminal, or to the
// order of what is shown, instead of being shown.
func steers(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// asTerminal makes the output of a system on a terminal known as such.
func asTerminal(sys *System) *System {
	if !sys.StdoutTerminal {
		return sys
	}
	on := *sys
	on.Stdout = &terminal{Writer: sys.Stdout, width: sys.Width, color: sys.Color}
	return &on
}

// Colors of a terminal, by their SGR parameter. They only repeat what the word
// says.
const (
	red    = "31"
	yellow = "33"
)

// cellColors are the words that a table shows in a color, by their column.
var cellColors = map[string]map[string]string{
	"outcome":  {"denied": red, "failure": yellow},
	"severity": {"P0": red, "P1": yellow},
}

func colored(text, color string) string { return "\x1b[" + color + "m" + text + "\x1b[0m" }

// columnsOf is how many columns of a terminal a text takes.
func columnsOf(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r >= ' ' && r < 0x7f:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// shorten cuts a text that takes more than limit columns, and says so with its
// last one.
func shorten(text string, limit int) string {
	if columnsOf(text) <= limit {
		return text
	}
	n := 1 // of the ellipsis
	for i, r := range text {
		if n += runeColumns(r); n > limit {
			return text[:i] + "…"
		}
	}
	return text
}

// pad appends spaces up to the given number of columns.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-columnsOf(text)))
}

// fit makes columns narrower until they and the two spaces between them fit.
// Those of text give first, the widest ahead, then the ids; times, numbers and
// words from a list stay whole. What still does not fit wraps.
func fit(header []string, widths []int, screen int) {
	if screen <= 0 {
		return
	}
	excess := 2*(len(widths)-1) - screen
	for _, w := range widths {
		excess += w
	}
	for _, kind := range []columnKind{columnText, columnID} {
		for excess > 0 {
			widest := -1
			for i, name := range header {
				if kindOf(name) == kind && widths[i] > narrowest(name) && (widest < 0 || widths[i] > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
			excess--
		}
	}
}

// narrowest is where a column stops giving: its name is whole, and some of the
// text is there.
func narrowest(name string) int {
	const some = 8
	return max(len(name), some)
}

type columnKind int

const (
	columnText columnKind = iota
	columnID
	columnWhole
)

// kindOf tells by the name of a column whether it may be cut.
func kindOf(name string) columnKind {
	switch name {
	case "id", "event", "tenant", "tenant_id":
		return columnID
	case "time", "received", "month", "day", "outcome", "seq", "epoch", "size", "count", "events", "rows", "severity", "since", "until":
		return columnWhole
	}
	switch {
	case strings.HasSuffix(name, "_id"):
		return columnID
	case strings.HasSuffix(name, "_at"), strings.HasSuffix(name, "_time"), strings.HasPrefix(name, prefixColumn):
		return columnWhole
	}
	return columnText
}
