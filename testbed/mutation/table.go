package mutation

import (
	"fmt"
	"slices"
	"strings"
)

// Table is the expectation of every operator and attacker in Markdown: what is
// found, how exactly it is located and by what, and what cannot be found and
// why. Run holds the verifier to the very same expectations.
func Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- Written by `go test ./testbed/mutation -run TestTable -update`; do not edit. -->\n")
	groups := []struct{ group, title string }{
		{"event", "Events"},
		{"identity", "Identities (`audit_event_ids`)"},
		{"commit", "Commits"},
		{"rollback", "Rollback"},
		{"epoch", "Epochs"},
		{"prune", "Retention"},
		{"journal", "Journal"},
		{"anchors", "Anchors"},
		{"schema", "Schema"},
	}
	operators := Operators()
	for _, g := range groups {
		fmt.Fprintf(&b, "\n#### %s\n\n", g.title)
		fmt.Fprintf(&b, "| What is changed | Who edits | Who also recomputes | Who holds the key |\n|---|---|---|---|\n")
		for _, row := range rows(operators, g.group) {
			fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(row.what, "; "), row.cells)
		}
	}
	b.WriteString("\n" + reasons(operators))
	return b.String()
}

type tableRow struct {
	what  []string
	cells string
}

// rows are a group's operators, those of which the same is expected in one row.
func rows(operators []Operator, group string) []tableRow {
	var table []tableRow
	for i := range operators {
		o := &operators[i]
		if o.Group != group {
			continue
		}
		what, text := "**"+o.Name+"**: "+o.Does, strings.Join(cells(o), " | ")
		if same := slices.IndexFunc(table, func(r tableRow) bool { return r.cells == text }); same >= 0 {
			table[same].what = append(table[same].what, what)
			continue
		}
		table = append(table, tableRow{[]string{what}, text})
	}
	return table
}

// cells are one operator's cells by attacker.
func cells(o *Operator) []string {
	texts := make([]string, len(o.expect))
	last := ""
	for i, e := range o.expect {
		switch {
		case e == nil && last == "":
			texts[i] = "takes the key"
			continue
		case e == nil: // there is nothing that this attacker could do better
			texts[i] = "the same"
			continue
		}
		if texts[i] = e.markdown(o.Group); texts[i] == last {
			texts[i] = "the same"
			continue
		}
		last = texts[i]
	}
	return texts
}

func (e *expectation) markdown(group string) string {
	var parts []string
	tree := e.by[Tree]
	switch tree.precision {
	case unseen:
		parts = append(parts, "**not by itself**"+footnote(e.why))
	case unsure:
		parts = append(parts, "**not verified**, exit 3"+footnote(e.why))
	default:
		parts = append(parts, tree.markdown(true))
	}
	for w := Newest; int(w) < witnesses; w++ {
		o := e.of(w)
		if o.precision == tree.precision && slices.Equal(o.kinds, tree.kinds) {
			continue
		}
		if w == Every && o.precision == e.of(Newest).precision && slices.Equal(o.kinds, e.of(Newest).kinds) {
			continue
		}
		parts = append(parts, "with "+w.in(group)+": "+o.markdown(e.why != ""))
	}
	if tree.precision == unseen && len(parts) == 1 {
		parts = append(parts, "not with anything else")
	}
	return strings.Join(parts, "; ")
}

func (o outcome) markdown(kinds bool) string {
	if o.precision == unseen {
		return "not found"
	}
	if o.precision == unsure {
		return "not verified, exit 3"
	}
	where := map[precision]string{inLog: "the log", inCommit: "within one commit", exactly: "the exact event"}[o.precision]
	if !kinds {
		return where
	}
	words := make([]string, len(o.kinds))
	for i, k := range o.kinds {
		words[i] = "`" + string(k) + "`"
	}
	return where + " (" + strings.Join(words, ", ") + ")"
}

// in names the witness for a table of a group.
func (w Witness) in(group string) string {
	switch w {
	case Newest:
		return "the newest anchor"
	case Every:
		return "an anchor of every commit"
	case Beside:
		if group == "journal" {
			return "the store"
		}
		return "the journal"
	default:
		return "the MAC keys"
	}
}

var whys = []string{whyKey, whyAppend, whyTail, whyTenant, whyJournal, whyTorn, whyRefused, whyMAC, whyNoMAC, whyMerge, whySplit, whyPrune, whyLoss, whyClosed, whyUnsigned, whyExchanged}

func footnote(why string) string {
	i := slices.Index(whys, why)
	if i < 0 {
		panic("mutation: no footnote for: " + why)
	}
	return fmt.Sprintf(" (%d)", i+1)
}

func reasons(operators []Operator) string {
	used := map[string]bool{}
	for i := range operators {
		for _, e := range operators[i].expect {
			if e != nil && e.why != "" {
				used[e.why] = true
			}
		}
	}
	var b strings.Builder
	b.WriteString("What is found makes verify, or reconcile for what only the other sink tells, end with exit code 1; " +
		"with 3 where `unconfirmed` is all there is, and with 2 where there is no journal at all or the login is kept from seeing every tenant. " +
		"What is not found is exit code 0. With the MAC keys, verify is also told `--require-mac`.\n\n" +
		"Not found by the store or the journal itself, because:\n\n")
	for i, why := range whys {
		if used[why] {
			fmt.Fprintf(&b, "- (%d) %s.\n", i+1, why)
		}
	}
	return b.String()
}
