package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// framework is a set of rules that people keep audit trails for.
type framework struct {
	years int
	// fixed says that its text names the period; otherwise it is what is customary.
	fixed  bool
	source string
}

// frameworks are the names that retention set --framework takes. docs/retention.md
// says what each source demands.
var frameworks = map[string]framework{
	"soc2":     {years: 1, source: "customary: the criteria name no period"},
	"iso27001": {years: 1, source: "customary: the standard names no period"},
	"pci":      {years: 1, fixed: true, source: "PCI DSS v4 requirement 10.5.1: 12 months, three of them at hand"},
	"hipaa":    {years: 6, source: "45 CFR 164.316(b)(2)(i): documentation, 6 years; custom for trails"},
	"sox":      {years: 7, source: "17 CFR 210.2-06: 7 years, auditors' records; customary for trails"},
}

const maxKeepDays = 36525 // 100 years, as the store has it

// longestOf is the period that satisfies all named frameworks, and their names as
// the store keeps them.
func longestOf(names []string) (days int, joined string, err error) {
	known := strings.Join(slices.Sorted(maps.Keys(frameworks)), ", ")
	kept := make([]string, 0, len(names))
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		f, ok := frameworks[name]
		switch {
		case name == "gdpr":
			return 0, "", usageError("it asks to keep personal data no longer than needed: decide, and say --keep",
				"--framework gdpr names no period")
		case !ok:
			return 0, "", usageError("known are "+known+"; any other period is --keep", "--framework %q is unknown", name)
		}
		days = max(days, daysOfYears(f.years))
		kept = append(kept, name)
	}
	slices.Sort(kept)
	return days, strings.Join(slices.Compact(kept), ","), nil
}

// daysOfYears is how many days so many years in a row have at most, so that no
// period ends before they do.
func daysOfYears(years int) int { return 365*years + (years+3)/4 }

const periodHint = "periods are years, weeks and days, such as 7y, 400d or 1y30d: 1d to 100y"

// parsePeriod reads a period as flags give it, in days.
func parsePeriod(s string) (days int, err error) {
	bad := func() error { return usageError(periodHint, "--keep %q is not a period", s) }
	rest, units := s, "ywd"
	for rest != "" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits < 1 {
			return 0, bad()
		}
		at := strings.IndexByte(units, rest[digits])
		if at < 0 {
			return 0, bad()
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || n > maxKeepDays {
			return 0, usageError(periodHint, "--keep %s is more than 100 years", s)
		}
		switch rest[digits] {
		case 'y':
			n = daysOfYears(n)
		case 'w':
			n *= 7
		}
		days += n
		rest, units = rest[digits+1:], units[at+1:]
	}
	switch {
	case s == "":
		return 0, bad()
	case days < 1:
		return 0, usageError(periodHint, "--keep %s is less than a day", s)
	case days > maxKeepDays:
		return 0, usageError(periodHint, "--keep %s is more than 100 years", s)
	}
	return days, nil
}

// frameworkHelp is the table of --help.
func frameworkHelp() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(frameworks)) {
		f := frameworks[name]
		fmt.Fprintf(&b, "  %-9s %dy  %s\n", name, f.years, f.source)
	}
	return b.String()
}
