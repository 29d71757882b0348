package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// verifyResult is what verify prints.
type verifyResult struct {
	Verdict        verify.Verdict  `json:"verdict"`
	Store          *verify.Report  `json:"store,omitempty"`
	StoreUnchecked string          `json:"store_unchecked,omitempty"` // why the store was not, where nobody said so
	Journals       []journalReport `json:"journals,omitempty"`
}

// journalReport is the report of one journal, or of one segment.
type journalReport struct {
	Path string `json:"path"`
	*verify.Report
}

// parts are all reports.
func (r *verifyResult) parts() []*verify.Report {
	var parts []*verify.Report
	if r.Store != nil {
		parts = append(parts, r.Store)
	}
	for _, journal := range r.Journals {
		parts = append(parts, journal.Report)
	}
	return parts
}

// verdict is the worst of the parts.
func (r *verifyResult) verdict() verify.Verdict {
	verdict := verify.Intact
	for _, part := range r.parts() {
		switch part.Verdict {
		case verify.Tampered:
			return verify.Tampered
		case verify.Incomplete:
			verdict = verify.Incomplete
		default:
		}
	}
	return verdict
}

func (r *verifyResult) print(sys *System, format string) error {
	r.Verdict = r.verdict()
	out := bufio.NewWriter(sys.Stdout)
	var err error
	if format == formatJSON {
		err = writeJSON(out, r)
	} else {
		err = r.table(out)
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	switch r.Verdict {
	case verify.Tampered:
		return negative("keep the database, the journal and the anchors as they are, and look at the first finding", "not what was signed: %s", r.count())
	case verify.Incomplete:
		return &failure{code: exitIncomplete, err: errors.New("nothing was found, and not everything could be checked")}
	default:
		return nil
	}
}

func (r *verifyResult) count() string {
	n := int64(0)
	for _, part := range r.parts() {
		n += int64(len(part.Findings)) + part.More
	}
	return counted(n, "finding")
}

func (r *verifyResult) table(w io.Writer) error {
	if r.StoreUnchecked != "" {
		fmt.Fprintf(w, "store: NOT CHECKED: %s\n", r.StoreUnchecked)
	}
	if r.Store != nil {
		if err := printReport(w, "store", r.Store); err != nil {
			return err
		}
	}
	for _, journal := range r.Journals {
		name := "journal"
		if len(r.Journals) > 1 {
			name += " " + printable(journal.Path)
		}
		if err := printReport(w, name, journal.Report); err != nil {
			return err
		}
	}
	return nil
}

func printReport(w io.Writer, name string, r *verify.Report) error {
	fmt.Fprintf(w, "%s: %s\n", name, r.Verdict)
	c := &r.Coverage
	fmt.Fprintf(w, "  checked: %s in %s of %s", counted(c.Events, "event"), counted(c.Commits, "commit"), counted(c.Logs, "log"))
	if c.Tenants > 0 {
		fmt.Fprintf(w, ", %s", counted(c.Tenants, "tenant"))
	}
	if c.Segments > 0 {
		fmt.Fprintf(w, ", %s", counted(c.Segments, "segment"))
	}
	fmt.Fprintf(w, "; %s held against them\n", counted(c.Anchors, "anchor"))
	if !c.FirstTime.IsZero() {
		fmt.Fprintf(w, "  recorded: %s to %s\n", c.FirstTime.UTC().Format(time.RFC3339), c.LastTime.UTC().Format(time.RFC3339))
	}
	if m := &c.MACs; m.Valid+m.Invalid+m.UnknownKey > 0 {
		fmt.Fprintf(w, "  origin MACs: %d valid, %d wrong, %d with an unknown key, %d absent\n", m.Valid, m.Invalid, m.UnknownKey, m.Absent)
	}
	for _, u := range r.Unchecked {
		fmt.Fprintf(w, "  not checked: %s%s\n", ofTenant(u.Tenant), printable(u.Reason))
	}
	for _, n := range r.Notices {
		fmt.Fprintf(w, "  note: %s%s\n", ofTenant(n.Tenant), printable(n.Detail))
	}
	return printFindings(w, r)
}

func ofTenant(tenant string) string {
	if tenant == "" {
		return ""
	}
	return "tenant " + cell(tenant, 40) + ": "
}

// maxPrinted is how many findings a table shows; JSON has all that were kept.
const maxPrinted = 200

func printFindings(w io.Writer, r *verify.Report) error {
	if len(r.Findings) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "KIND\tTENANT\tEPOCH\tSEQ\tEVENT\tWHAT")
	for i := range r.Findings {
		f := &r.Findings[i]
		if i == maxPrinted {
			break
		}
		tenant := f.Tenant
		if tenant == "" {
			tenant = f.Origin
		}
		detail := f.Detail
		if f.File != "" {
			detail = f.File + ": " + detail
			if f.Line > 0 {
				detail = f.File + ":" + strconv.FormatInt(f.Line, 10) + ": " + f.Detail
			}
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\t%s\n", f.Kind, cell(tenant, 60), f.Epoch, seqs(f), cell(f.EventID, 40), printable(detail))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if more := int64(max(len(r.Findings)-maxPrinted, 0)) + r.More; more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	return nil
}

func seqs(f *verify.Finding) string {
	switch {
	case f.Seq < 0 && f.Until < 0:
		return "-"
	case f.Until <= f.Seq+1:
		return strconv.FormatInt(f.Seq, 10)
	default:
		return fmt.Sprintf("%d-%d", f.Seq, f.Until-1)
	}
}

// progressLine shows how far a long run is, on a terminal only, on one line.
type progressLine struct {
	sys *System

	mu    sync.Mutex // guards the rest
	last  time.Time
	width int
	ended bool
}

func startProgress(sys *System) *progressLine {
	return &progressLine{sys: sys, last: sys.Now(), ended: !sys.StderrTerminal}
}

const progressInterval = 250 * time.Millisecond

func (p *progressLine) show(at verify.Progress) {
	p.say(func(time.Time) string {
		line := "verified " + counted(at.Events, "event")
		if at.Tenants > 0 {
			line += fmt.Sprintf(", %d of %s", at.TenantsDone, counted(at.Tenants, "tenant"))
		}
		return line
	})
}

// say shows the line that it is given the time for, if it is time.
func (p *progressLine) say(what func(now time.Time) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.sys.Now()
	if p.ended || now.Sub(p.last) < progressInterval {
		return
	}
	p.last = now
	line := what(now)
	fmt.Fprint(p.sys.Stderr, "\r", line, strings.Repeat(" ", max(p.width-len(line), 0)))
	p.width = len(line)
}

// clear takes the line away until it is shown again.
func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended && p.width > 0 {
		fmt.Fprint(p.sys.Stderr, "\r", strings.Repeat(" ", p.width), "\r")
	}
	p.width = 0
}

// stop takes the line away.
func (p *progressLine) stop() {
	p.clear()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}
