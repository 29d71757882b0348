package database

import "github.com/otelaudit/otelaudit/internal/doctor"

// DataProbes stub.
func DataProbes() []doctor.Probe[*Subject] { return nil }
