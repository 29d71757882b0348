package auditexporter

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelaudit/otelaudit/auditexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
)

// counts keeps the exporter's promise in figures: received = stored + duplicate
// + quarantined + refused + waiting, each record counted once per call. Safe for
// concurrent use.
type counts struct {
	telemetry *metadata.TelemetryBuilder
	exporter  attribute.KeyValue       // in every label set: a collector may have several
	own       metric.MeasurementOption // exporter alone
	actions   map[string]int
	stored    []metric.AddOption // by label
	largest   atomic.Int64       // events in the largest log that was written to
}

// label is an index into counts.stored: an outcome and perhaps an action.
type label uint16

var outcomes = []string{record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied, record.OutcomeUnknown}

// Reasons for a refusal, the values of the attribute reason.
const (
	refusedUnavailable = "unavailable"
	refusedOverload    = "overload"
	refusedTenant      = "tenant"
	refusedAbandoned   = "abandoned"
)

func newCounts(telemetry *metadata.TelemetryBuilder, exporter string, actions []string) *counts {
	c := &counts{
		telemetry: telemetry,
		exporter:  attribute.String("exporter", exporter),
		actions:   make(map[string]int, len(actions)),
	}
	c.own = metric.WithAttributeSet(attribute.NewSet(c.exporter))
	for _, action := range actions {
		if _, twice := c.actions[action]; !twice {
			c.actions[action] = len(c.actions) + 1
		}
	}
	names := make([]string, len(c.actions)+1)
	for action, i := range c.actions {
		names[i] = action
	}
	for _, action := range names {
		for _, outcome := range outcomes {
			attrs := []attribute.KeyValue{c.exporter, attribute.String("outcome", outcome)}
			if action != "" {
				attrs = append(attrs, attribute.String("action", action))
			}
			c.stored = append(c.stored, metric.WithAttributeSet(attribute.NewSet(attrs...)))
		}
	}
	return c
}

func (c *counts) label(outcome, action string) label {
	i := len(outcomes) - 1
	for j, o := range outcomes {
		if o == outcome {
			i = j
		}
	}
	return label(c.actions[action]*len(outcomes) + i) //nolint:gosec // at most 100 actions
}

func (c *counts) received(ctx context.Context, records int) {
	if records > 0 {
		c.telemetry.AuditExporterReceivedRecords.Add(ctx, int64(records), c.own)
	}
}

func (c *counts) skipped(ctx context.Context, records int) {
	c.telemetry.AuditExporterSkippedRecords.Add(ctx, int64(records), c.own)
}

// with is the exporter's label and a reason.
func (c *counts) with(reason string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(c.exporter, attribute.String("reason", reason)))
}

func (c *counts) refused(ctx context.Context, reason string, records int) {
	if records > 0 {
		c.telemetry.AuditExporterRefusedRecords.Add(ctx, int64(records), c.with(reason))
	}
}

func (c *counts) quarantined(ctx context.Context, reason string, records int) {
	c.telemetry.AuditExporterQuarantinedRecords.Add(ctx, int64(records), c.with(reason))
}

// part counts what became of a part, answered with err. left says that its caller
// has gone: then, as with an error, nobody brings its conflicts into quarantine,
// and the client sends them again.
func (c *counts) part(p *part, err error, left bool) {
	ctx := context.Background()
	reason := refusedUnavailable
	if left {
		reason = refusedAbandoned
	}
	if len(p.quarantined) > 0 {
		c.quarantinePart(ctx, p, err, reason)
		return
	}
	// With an answer of nil the caller brings conflicts and rejected events into
	// quarantine, where they are counted.
	turnsBack := left || err != nil
	stored := make([]int64, len(c.stored))
	var duplicates int64
	refused, tenant := 0, 0
	for i := range p.outcomes {
		switch p.outcomes[i].Status {
		case store.Stored:
			stored[p.labels[i]]++
		case store.Duplicate:
			duplicates++
		case store.Refused:
			tenant++
		case store.Pending:
			refused++
		case store.Conflict, store.Rejected:
			if turnsBack {
				refused++
			}
		}
	}
	for l, n := range stored {
		if n > 0 {
			c.telemetry.AuditExporterStoredRecords.Add(ctx, n, c.stored[l])
		}
	}
	if duplicates > 0 {
		c.telemetry.AuditExporterDuplicateRecords.Add(ctx, duplicates, c.own)
	}
	c.refused(ctx, refusedTenant, tenant)
	c.refused(ctx, reason, refused)
}

func (c *counts) quarantinePart(ctx context.Context, p *part, err error, reason string) {
	if err != nil {
		c.refused(ctx, reason, len(p.quarantined))
		return
	}
	byReason := make(map[string]int)
	for i := range p.quarantined {
		byReason[p.quarantined[i].Reason]++
	}
	for reason, n := range byReason {
		c.quarantined(ctx, reason, n)
	}
}

// Committed implements store.Observer.
func (c *counts) Committed(ctx context.Context, events int, took time.Duration) {
	c.telemetry.AuditExporterBatchSize.Record(ctx, int64(events), c.own)
	c.telemetry.AuditExporterCommitDuration.Record(ctx, took.Seconds(), c.own)
}

// BlockersTerminated implements store.Observer.
func (c *counts) BlockersTerminated(ctx context.Context, sessions int) {
	c.telemetry.AuditExporterBlockersTerminated.Add(ctx, int64(sessions), c.own)
}

// gauges are the figures that are read when somebody asks.
type gauges struct {
	oldest     func() time.Duration
	horizon    func() (left time.Duration, known bool)
	unanchored func() time.Duration // nil without a signed log
	waiting    func() int64         // records in parts that are not answered
}

// observe registers the gauges. Counters that an equation or a rate is made of
// are there from 0 on.
func (c *counts) observe(g gauges) error {
	c.telemetry.AuditExporterReceivedRecords.Add(context.Background(), 0, c.own)
	for _, outcome := range c.stored {
		c.telemetry.AuditExporterStoredRecords.Add(context.Background(), 0, outcome)
	}
	oldest, unanchored := g.oldest, g.unanchored
	seconds := func(of func() time.Duration) metric.Float64Callback {
		return func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(of().Seconds(), c.own)
			return nil
		}
	}
	err := c.telemetry.RegisterAuditExporterOldestUnacknowledgedCallback(seconds(oldest))
	if err == nil {
		err = c.telemetry.RegisterAuditExporterPartitionHorizonCallback(c.known(g.horizon))
	}
	if err == nil {
		err = c.telemetry.RegisterAuditExporterWaitingRecordsCallback(c.number(g.waiting))
	}
	if err == nil && unanchored != nil {
		err = c.telemetry.RegisterAuditExporterLargestLogCallback(c.number(c.largest.Load))
	}
	if err == nil && unanchored != nil {
		err = c.telemetry.RegisterAuditExporterSecondsSinceAnchorCallback(seconds(unanchored))
	}
	return err
}

// known observes nothing of what is not known.
func (c *counts) known(of func() (time.Duration, bool)) metric.Float64Callback {
	return func(_ context.Context, o metric.Float64Observer) error {
		if d, known := of(); known {
			o.Observe(d.Seconds(), c.own)
		}
		return nil
	}
}

func (c *counts) number(of func() int64) metric.Int64Callback {
	return func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(of(), c.own)
		return nil
	}
}

// headRefused counts a tenant whose log in the store is not accepted.
func (c *counts) headRefused(reason string) {
	ctx := context.Background()
	c.telemetry.AuditExporterHeadRefused.Add(ctx, 1, c.with(reason))
	if reason == seal.ReasonRollback || reason == seal.ReasonFork {
		c.rollbackDetected()
	}
}

func (c *counts) rollbackDetected() {
	c.telemetry.AuditExporterRollbackDetected.Add(context.Background(), 1, c.own)
}

func (c *counts) sealed(commits int, largest int64) {
	for had := c.largest.Load(); largest > had && !c.largest.CompareAndSwap(had, largest); {
		had = c.largest.Load()
	}
	c.telemetry.AuditExporterSealedCommits.Add(context.Background(), int64(commits), c.own)
}

func (c *counts) anchorFailed() {
	c.telemetry.AuditExporterAnchorFailures.Add(context.Background(), 1, c.own)
}

func (c *counts) shutdown() { c.telemetry.Shutdown() }
