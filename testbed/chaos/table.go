package chaos

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/reconcile"
)

// Row is what came of one fault.
type Row struct {
	Fault string `json:"fault"`
	Mode  Mode   `json:"mode"`
	// Rounds is how often load was put on, Faults how often something was hurt.
	Rounds int `json:"rounds"`
	Wanted int `json:"wanted"` // rounds that were asked for
	Faults int `json:"faults"`

	Sent         int `json:"sent"` // events, each counted once however often it was tried
	Acknowledged int `json:"acknowledged"`
	Stored       int `json:"stored"` // in audit_events

	// Reported are acknowledged events that went with a server whose standby had
	// not had them yet, and that verify reported as gone before anything was
	// written again: with an asynchronous standby that is the promise.
	Reported int `json:"reported,omitempty"`

	// What must be zero: acknowledged and nowhere, or refused for good; there more
	// than once; and what contradicts itself or its signatures.
	Lost    int `json:"lost"`
	Doubled int `json:"doubled"`
	Verify  int `json:"verify"`

	// Equations is how many places of collectors that ran throughout a round had
	// records to account for: in = stored + duplicate + quarantined + refused.
	Equations int `json:"equations"`

	// Why is a sentence for the first contradictions, and for what stopped the
	// rounds of this fault.
	Why []string `json:"why,omitempty"`
	// Broken is true when a round could not be completed.
	Broken bool `json:"broken,omitempty"`
}

// Clean reports whether nothing is lost, doubled or contradictory, and every
// round was completed.
func (r *Row) Clean() bool { return r.Lost+r.Doubled+r.Verify == 0 && !r.Broken }

const mostReasons = 8

func (r *Row) because(why ...string) {
	for _, w := range why {
		if len(r.Why) < mostReasons {
			r.Why = append(r.Why, w)
		}
	}
}

func (r *Row) find(found ...string) {
	r.Verify += len(found)
	r.because(found...)
}

func (r *Row) lose(why string) {
	r.Lost++
	r.because(why)
}

func (r *Row) broke(err error) {
	r.Broken = true
	r.because(err.Error())
}

// reckoned adds a client's reckoning.
func (r *Row) reckoned(report reconcile.Report, ledger clientLedger, gone map[string]bool) {
	all := len(report.Lost)
	report.Lost = slices.DeleteFunc(report.Lost, func(marker string) bool { return gone[marker] })
	r.Reported += all - len(report.Lost)
	r.Sent += len(ledger.Fates())
	r.Acknowledged += ledger.Count(loadgen.Acknowledged)
	r.Stored += report.Stored
	r.Lost += len(report.Lost)
	r.Doubled += len(report.Twice)
	r.Verify += len(report.Unasked)
	if !report.Clean() {
		r.because(report.String())
	}
	r.given(ledger)
	if report.Quarantine > 0 { // the load holds nothing that belongs there
		r.Verify += report.Quarantine
		r.because(fmt.Sprintf("%d valid events are in quarantine", report.Quarantine))
	}
}

// given counts what a patient client had to give up because it was told to: every
// event of the load is valid, so an answer that says never to send it again loses it.
func (r *Row) given(ledger clientLedger) {
	if !ledger.patient {
		return
	}
	for marker, fate := range ledger.Fates() {
		if fate != loadgen.Acknowledged {
			r.lose(marker + " was refused for good, though nothing is wrong with it")
		}
	}
}

// Table is the result of a run.
type Table []*Row

// Clean reports whether every row is.
func (t Table) Clean() bool {
	for _, r := range t {
		if !r.Clean() {
			return false
		}
	}
	return true
}

// Unfinished says what has fewer rounds than were asked for: of those nothing is
// known, good or bad.
func (t Table) Unfinished() []string {
	var says []string
	fewer := 0
	for _, r := range t {
		switch {
		case r.Broken: // says itself why
		case r.Rounds == 0:
			says = append(says, fmt.Sprintf("%s (%s): not run", r.Fault, r.Mode))
		case r.Rounds < r.Wanted:
			fewer++
		}
	}
	if fewer > 0 {
		says = append(says, fmt.Sprintf("%d rows have fewer rounds than were asked for", fewer))
	}
	return says
}

func (t Table) total() *Row {
	sum := &Row{Fault: "all"}
	for _, r := range t {
		sum.Rounds += r.Rounds
		sum.Wanted += r.Wanted
		sum.Faults += r.Faults
		sum.Sent += r.Sent
		sum.Acknowledged += r.Acknowledged
		sum.Stored += r.Stored
		sum.Lost += r.Lost
		sum.Doubled += r.Doubled
		sum.Verify += r.Verify
		sum.Equations += r.Equations
		sum.Broken = sum.Broken || r.Broken
	}
	return sum
}

var columns = []string{"fault", "mode", "rounds", "faults", "sent", "acknowledged", "stored", "lost", "doubled", "verify"}

// cells are a row as it is read. A zero that nobody counted is none.
func (r *Row) cells() []string {
	rounds := strconv.Itoa(r.Rounds)
	if r.Rounds < r.Wanted {
		rounds += "/" + strconv.Itoa(r.Wanted)
	}
	cells := []string{r.Fault, string(r.Mode), rounds}
	for _, n := range []int{r.Faults, r.Sent, r.Acknowledged, r.Stored} {
		cells = append(cells, strconv.Itoa(n))
	}
	for _, n := range []int{r.Lost, r.Doubled, r.Verify} {
		switch {
		case n == 0 && r.Broken:
			cells = append(cells, "broken")
		case n == 0 && r.Rounds == 0:
			cells = append(cells, "not run")
		default:
			cells = append(cells, strconv.Itoa(n))
		}
	}
	return cells
}

// Print writes the table for a terminal, and below it why rows are not clean.
func (t Table) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(columns, "\t")))
	for _, r := range append(append(Table{}, t...), t.total()) {
		fmt.Fprintln(w, strings.Join(r.cells(), "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return t.notes(out)
}

// Markdown writes the table as docs/reliability.md has it, and below it the same
// as Print.
func (t Table) Markdown(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n", strings.Join(columns, " | "))
	for _, r := range append(append(Table{}, t...), t.total()) {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r.cells(), " | "))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	return t.notes(out)
}

// notes are what no column has room for.
func (t Table) notes(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nequations of the metrics with records in them: %d\n", t.total().Equations)
	for _, r := range t {
		if r.Reported > 0 {
			fmt.Fprintf(&b, "\n%s (%s): %d acknowledged events were gone with the old primary, every one of them reported by verify\n", r.Fault, r.Mode, r.Reported)
		}
		for _, why := range r.Why {
			fmt.Fprintf(&b, "\n%s (%s): %s\n", r.Fault, r.Mode, why)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
