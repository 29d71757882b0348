package database

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// Probes are the checks of a store and its server that read no tenant's events.
func Probes() []doctor.Probe[*Subject] {
	return slices.Concat(roleProbes(), attemptProbes(), isolationProbes(), catalogProbes(), objectProbes(), upkeepProbes(), bookkeepingProbes(), logProbes())
}

// DataProbes are the checks that read tenants' events, as the auditor: a read of
// which a trace is due. Examined says how many were read.
func DataProbes() []doctor.Probe[*Subject] { return eventProbes() }

// Examined is the number of events that were read.
func (s *Subject) Examined() int64 {
	if s.sample == nil {
		return 0
	}
	return int64(s.sample.events)
}
