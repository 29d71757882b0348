package auditconnector

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pipeline"
)

// AuditRecords says where audit records go besides the sinks.
type AuditRecords string

const (
	// AuditRecordsBoth also sends a marked copy of each event down the rest.
	AuditRecordsBoth AuditRecords = "both"
	// AuditRecordsAuditOnly keeps audit records out of the rest.
	AuditRecordsAuditOnly AuditRecords = "audit_only"
)

// Config is the configuration of the connector. Every pipeline that receives
// from the connector stands in exactly one of the three lists.
type Config struct {
	// Required are the pipelines that must all accept every audit record before
	// anything else happens. One pipeline per sink: in a pipeline with two
	// exporters the permanent error of one hides that the other would succeed.
	Required []pipeline.ID `mapstructure:"required"`

	// BestEffort are pipelines that receive audit records once the required ones
	// accepted. Their failures are counted and logged, and change no answer.
	BestEffort []pipeline.ID `mapstructure:"best_effort"`

	// Rest are the pipelines for all other records.
	Rest []pipeline.ID `mapstructure:"rest"`

	// AuditRecords is both, so that engineers keep the request logs they had, or
	// audit_only. Quarantined records never go down the rest.
	AuditRecords AuditRecords `mapstructure:"audit_records"`

	// SamplingAttribute is set to 100 on the copies for the rest, which exempts
	// them from a probabilistic_sampler whose sampling_priority names it. Empty
	// leaves the copies as they are.
	SamplingAttribute string `mapstructure:"sampling_attribute"`

	// BestEffortTimeout is how long a request waits for best-effort pipelines.
	BestEffortTimeout time.Duration `mapstructure:"best_effort_timeout"`
}

var _ confmap.Validator = (*Config)(nil)

func defaultConfig() *Config {
	return &Config{
		AuditRecords:      AuditRecordsBoth,
		SamplingAttribute: "sampling.priority",
		BestEffortTimeout: time.Second,
	}
}

// Validate finds what can be wrong without knowing the service's pipelines.
func (cfg *Config) Validate() error {
	var errs []error
	if len(cfg.Required) == 0 {
		errs = append(errs, errors.New("required: name at least one pipeline that must accept every audit record, for example [logs/audit]"))
	}
	listOf := map[pipeline.ID]string{}
	for _, list := range cfg.lists() {
		for _, id := range list.ids {
			if id.Signal() != pipeline.SignalLogs {
				errs = append(errs, fmt.Errorf("%s: %q is not a logs pipeline; audit records are logs", list.key, id))
			}
			if first, twice := listOf[id]; twice {
				errs = append(errs, fmt.Errorf("%s: pipeline %q already stands in %s; each belongs to one list, once", list.key, id, first))
			}
			listOf[id] = list.key
		}
	}
	switch cfg.AuditRecords {
	case AuditRecordsBoth, AuditRecordsAuditOnly:
	default:
		errs = append(errs, fmt.Errorf("audit_records: %q is neither %q nor %q", cfg.AuditRecords, AuditRecordsBoth, AuditRecordsAuditOnly))
	}
	if strings.TrimSpace(cfg.SamplingAttribute) != cfg.SamplingAttribute {
		errs = append(errs, fmt.Errorf("sampling_attribute: %q begins or ends with a space", cfg.SamplingAttribute))
	}
	if cfg.BestEffortTimeout <= 0 {
		errs = append(errs, fmt.Errorf("best_effort_timeout: %s is not a time to wait; use for example 1s", cfg.BestEffortTimeout))
	}
	return errors.Join(errs...)
}

// validateAttached compares the lists with the pipelines that receive from the
// connector. A pipeline that nobody named would silently get nothing.
func (cfg *Config) validateAttached(attached []pipeline.ID) error {
	var errs []error
	named := map[pipeline.ID]bool{}
	for _, list := range cfg.lists() {
		for _, id := range list.ids {
			named[id] = true
			if !slices.Contains(attached, id) {
				errs = append(errs, fmt.Errorf("%s: pipeline %q does not receive from this connector; list the connector among that pipeline's receivers", list.key, id))
			}
		}
	}
	slices.SortFunc(attached, func(a, b pipeline.ID) int { return strings.Compare(a.String(), b.String()) })
	for _, id := range attached {
		if !named[id] {
			errs = append(errs, fmt.Errorf("pipeline %q receives from this connector but stands in none of required, best_effort and rest", id))
		}
	}
	return errors.Join(errs...)
}

type pipelineList struct {
	key string // of the YAML
	ids []pipeline.ID
}

func (cfg *Config) lists() []pipelineList {
	return []pipelineList{
		{"required", cfg.Required},
		{"best_effort", cfg.BestEffort},
		{"rest", cfg.Rest},
	}
}
