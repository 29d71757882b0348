package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity string

// Severities, the worst first.
const (
	P0 Severity = "P0" // the trail is not what it claims to be: mend it now
	P1 Severity = "P1" // it will not be, or nobody would notice: mend it soon
	P2 Severity = "P2" // it serves less well than it could
)

// Worse reports whether s is worse than other; "" is better than all.
func (s Severity) Worse(other Severity) bool {
	return s != "" && (other == "" || s < other)
}

// Check is what is looked at. Its id is stable: people name it in --skip.
type Check struct {
	ID       string   `json:"id"`       // dotted words, such as store.roles.superuser
	Severity Severity `json:"severity"` // of its worst findings
	Title    string   `json:"title"`    // what is wrong where it finds something
	Needs    []string `json:"needs"`    // logins by their role, files, a configuration
	Fix      string   `json:"fix"`      // what to do, a command where there is one
	Section  string   `json:"section"`  // of the documentation, document#anchor

	Exempts bool `json:"-"` // findings have a subject, and --skip ID:SUBJECT leaves one out
}

// Finding is one thing that is wrong. It never holds a secret, a connection
// string or a value of an event.
type Finding struct {
	ID       string   `json:"id"` // of the check
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	Detail   string   `json:"detail"` // what was found, with numbers and names
	Where    string   `json:"where"`  // a table, a role, a file with its line or key
	Fix      string   `json:"fix"`
	Section  string   `json:"section"`

	Subject string `json:"-"` // what it is about, where the check exempts: an action
}

// Result takes what one check has to say. Nothing said means that all is well.
type Result struct {
	check         Check
	exempt        []string // subjects
	findings      []Finding
	unchecked     []string
	notApplicable string
}

// Find reports something wrong. Members that are left empty are the check's.
func (r *Result) Find(f Finding) {
	if r.check.Exempts && slices.Contains(r.exempt, f.Subject) {
		return
	}
	f.ID = r.check.ID
	if f.Severity == "" {
		f.Severity = r.check.Severity
	}
	f.Title = orElse(f.Title, r.check.Title)
	f.Fix = orElse(f.Fix, r.check.Fix)
	f.Section = orElse(f.Section, r.check.Section)
	r.findings = append(r.findings, f)
}

// CouldNotCheck says that something could not be looked at, and why. The report
// is incomplete then, whatever else the check found.
func (r *Result) CouldNotCheck(format string, args ...any) {
	if why := fmt.Sprintf(format, args...); !slices.Contains(r.unchecked, why) {
		r.unchecked = append(r.unchecked, why)
	}
}

// NotApplicable says that there is nothing to look at here, which is no fault.
func (r *Result) NotApplicable(format string, args ...any) {
	r.notApplicable = fmt.Sprintf(format, args...)
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Probe is a check with the function that makes it on a subject.
type Probe[S any] struct {
	Check

	// Look says what it finds to the result. An error means that it could not
	// look; its text must be fit to be shown.
	Look func(ctx context.Context, subject S, result *Result) error
}

// Checks are the checks of probes.
func Checks[S any](probes []Probe[S]) []Check {
	checks := make([]Check, len(probes))
	for i := range probes {
		checks[i] = probes[i].Check
	}
	return checks
}

// Choice says which checks are made. A name is an id or the beginning of ids up
// to a dot: store.roles stands for all that begin with "store.roles.". In Skip,
// ID:SUBJECT leaves one subject out of a check that exempts.
type Choice struct {
	Only []string // empty means all
	Skip []string // wins over Only
}

// Includes reports whether the check with this id is made.
func (c Choice) Includes(id string) bool {
	named := func(name string) bool { return name == id || strings.HasPrefix(id, name+".") }
	return (len(c.Only) == 0 || slices.ContainsFunc(c.Only, named)) && !slices.ContainsFunc(c.Skip, named)
}

// exempt are the subjects that are left out of a check.
func (c Choice) exempt(check *Check) []string {
	var subjects []string
	for _, name := range c.Skip {
		if id, subject, ok := strings.Cut(name, ":"); ok && check.Exempts && id == check.ID {
			subjects = append(subjects, subject)
		}
	}
	return subjects
}

// Unknown returns the first name that stands for none of the checks, "" if every
// one does: a typing error in --skip must not check less than was meant, nor more.
func (c Choice) Unknown(checks []Check) string {
	for i, name := range slices.Concat(c.Only, c.Skip) {
		one := Choice{Only: []string{name}}
		if i >= len(c.Only) && slices.ContainsFunc(checks, func(check Check) bool { return len(Choice{Skip: []string{name}}.exempt(&check)) > 0 }) {
			continue
		}
		if !slices.ContainsFunc(checks, func(check Check) bool { return one.Includes(check.ID) }) {
			return name
		}
	}
	return ""
}

// Run makes the chosen checks of a subject, one after the other, and adds what
// they say to the report. It ends early only with the context.
func Run[S any](ctx context.Context, report *Report, choice Choice, probes []Probe[S], subject S) error {
	for i := range probes {
		if !choice.Includes(probes[i].ID) {
			continue
		}
		result := &Result{check: probes[i].Check, exempt: choice.exempt(&probes[i].Check)}
		err := probes[i].Look(ctx, subject, result)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			result.CouldNotCheck("%v", err)
		}
		report.add(result)
	}
	return nil
}
