package configuration

import (
	"context"
	"fmt"
	"slices"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// Probes are the checks of a configuration, in the order of the documentation.
func Probes() []doctor.Probe[*Configuration] {
	return slices.Concat(pathProbes(), queueProbes(), contentProbes(), tenantProbes(), evidenceProbes(), transportProbes(), operationProbes())
}

// finder reports each place once, however many ways lead through it.
type finder struct {
	result *doctor.Result
	seen   map[sight]bool
}

// sight is one kind of thing at one place.
type sight struct {
	at     *value
	format string
}

// find reports something at a place.
func (f *finder) find(at *value, format string, args ...any) {
	f.report(doctor.Finding{}, at, format, args...)
}

// report is find for a finding that says more than its check.
func (f *finder) report(finding doctor.Finding, at *value, format string, args ...any) {
	seen := sight{at, format}
	if f.seen[seen] {
		return
	}
	f.seen[seen] = true
	finding.Where, finding.Detail = at.where(), fmt.Sprintf(format, args...)
	f.result.Find(finding)
}

// open says that a value could not be read, and returns true then.
func (f *finder) open(v *value, what string) bool {
	if v.unread() {
		f.result.CouldNotCheck("%s (%s) comes from a variable or a file that is not there", what, v.where())
	}
	return v.unread()
}

// probe makes a check of a function.
func probe(check doctor.Check, look func(c *Configuration, f *finder)) doctor.Probe[*Configuration] {
	check.ID = "config." + check.ID
	check.Needs = []string{"--config"}
	return doctor.Probe[*Configuration]{
		Check: check,
		Look: func(_ context.Context, c *Configuration, result *doctor.Result) error {
			look(c, &finder{result, map[sight]bool{}})
			return nil
		},
	}
}

// Sections of the documentation that say more.
const (
	docSamplers  = "operating.md#samplers-filters-batches"
	docForward   = "operating.md#forwarders-and-the-tenant"
	docDeploy    = "operating.md#what-you-deploy"
	docWhen      = "operating.md#what-happens-when"
	docMetrics   = "operating.md#metrics"
	docAnchors   = "operating.md#anchors"
	docJournal   = "operating.md#the-journal"
	docLog       = "operating.md#the-signed-log"
	docDatabase  = "operating.md#the-database"
	docWayIn     = "threat-model.md#on-the-way-in"
	docOther     = "threat-model.md#other"
	docDo        = "threat-model.md#what-to-do-at-least"
	docForwarder = "adr/0009-a-forwarder-that-never-gives-up.md#decision"
	docAccess    = "access.md"
)
