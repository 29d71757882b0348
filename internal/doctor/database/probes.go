package database

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

type sample struct{}

// Probes are the checks that read no tenant's data.
func Probes() []doctor.Probe[*Subject] {
	return slices.Concat(roleProbes(), attemptProbes(), isolationProbes(), catalogueProbes())
}
