package doctor

import (
	"cmp"
	"slices"
)

// Report is what the checks said, all of it.
type Report struct {
	Findings      []Finding `json:"findings"`       // the worst first
	Unchecked     []Remark  `json:"unchecked"`      // what could not be looked at
	NotApplicable []Remark  `json:"not_applicable"` // what there was nothing to look at for
	Passed        []string  `json:"passed"`         // ids of checks that found nothing
}

// Remark is what a check says instead of findings.
type Remark struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"` // that findings of the check would have
	Why      string   `json:"why"`
}

// Line is one thing that a report says, for formats of lines.
type Line struct {
	Status string `json:"status"` // finding, unchecked, not_applicable or passed
	Finding
}

// Counts are the numbers of a report.
type Counts struct {
	P0            int `json:"p0"`
	P1            int `json:"p1"`
	P2            int `json:"p2"`
	Unchecked     int `json:"unchecked"`
	NotApplicable int `json:"not_applicable"`
	Passed        int `json:"passed"`
}

// NewReport returns a report of nothing yet.
func NewReport() *Report {
	return &Report{Findings: []Finding{}, Unchecked: []Remark{}, NotApplicable: []Remark{}, Passed: []string{}}
}

func (r *Report) add(result *Result) {
	id, severity := result.check.ID, result.check.Severity
	r.Findings = append(r.Findings, result.findings...)
	for _, why := range result.unchecked {
		r.Unchecked = append(r.Unchecked, Remark{id, severity, why})
	}
	switch {
	case len(result.findings) > 0 || len(result.unchecked) > 0:
	case result.notApplicable != "":
		r.NotApplicable = append(r.NotApplicable, Remark{id, severity, result.notApplicable})
	default:
		r.Passed = append(r.Passed, id)
	}
}

// Append adds what another report says.
func (r *Report) Append(other *Report) {
	r.Findings = append(r.Findings, other.Findings...)
	r.Unchecked = append(r.Unchecked, other.Unchecked...)
	r.NotApplicable = append(r.NotApplicable, other.NotApplicable...)
	r.Passed = append(r.Passed, other.Passed...)
}

// Lines are what the report says, one by one.
func (r *Report) Lines() []Line {
	var lines []Line
	for _, f := range r.Findings {
		lines = append(lines, Line{"finding", f})
	}
	for _, remark := range r.Unchecked {
		lines = append(lines, Line{"unchecked", Finding{ID: remark.ID, Severity: remark.Severity, Detail: remark.Why}})
	}
	for _, remark := range r.NotApplicable {
		lines = append(lines, Line{"not_applicable", Finding{ID: remark.ID, Severity: remark.Severity, Detail: remark.Why}})
	}
	for _, id := range r.Passed {
		lines = append(lines, Line{"passed", Finding{ID: id}})
	}
	return lines
}

// Sort puts the worst findings first, those of a severity by check and place.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Where, b.Where))
	})
}

// Counts returns the numbers of the report.
func (r *Report) Counts() Counts {
	counts := Counts{Unchecked: len(r.Unchecked), NotApplicable: len(r.NotApplicable), Passed: len(r.Passed)}
	for i := range r.Findings {
		switch r.Findings[i].Severity {
		case P0:
			counts.P0++
		case P1:
			counts.P1++
		case P2:
			counts.P2++
		}
	}
	return counts
}

// Worst is the severity of the worst finding, "" without any.
func (r *Report) Worst() Severity {
	worst := Severity("")
	for i := range r.Findings {
		if r.Findings[i].Severity.Worse(worst) {
			worst = r.Findings[i].Severity
		}
	}
	return worst
}

// Verdict is what a report comes to.
type Verdict int

// Verdicts. A finding wins over what could not be checked: it is certain.
const (
	Healthy    Verdict = iota // nothing, or findings of P2 only
	Unhealthy                 // P0 or P1; if strict, P2
	Incomplete                // something could not be checked that may be P0 or P1; if strict, P2
)

// Verdict returns what the report comes to.
func (r *Report) Verdict(strict bool) Verdict {
	matters := func(s Severity) bool { return s == P0 || s == P1 || strict && s == P2 }
	switch {
	case matters(r.Worst()):
		return Unhealthy
	case slices.ContainsFunc(r.Unchecked, func(remark Remark) bool { return matters(remark.Severity) }):
		return Incomplete
	}
	return Healthy
}
