package auditconnector

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/pref"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/auditconnector/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
)

// auditConnector answers a request only after every required sink accepted its
// audit records. The sink retries nothing here and keeps nothing: what is not
// accepted is the client's to send again. It is safe for concurrent use.
type auditConnector struct {
	component.StartFunc

	requiredSinks   []*sink
	bestEffortSinks []*bestEffortSink
	rest            consumer.Logs // nil where rest is empty

	copies            bool   // audit_records: both
	samplingAttribute string // "" leaves copies as they are
	bestEffortTimeout time.Duration

	telemetry *metadata.TelemetryBuilder
	dropped   *noisyLog
}

func newConnector(
	cfg *Config, router connector.LogsRouterAndConsumer, logger *zap.Logger,
	telemetry *metadata.TelemetryBuilder, now func() time.Time,
) (*auditConnector, error) {
	if err := cfg.validateAttached(router.PipelineIDs()); err != nil {
		return nil, err
	}
	c := &auditConnector{
		copies:            cfg.AuditRecords == AuditRecordsBoth && len(cfg.Rest) > 0,
		samplingAttribute: cfg.SamplingAttribute,
		bestEffortTimeout: cfg.BestEffortTimeout,
		telemetry:         telemetry,
		dropped:           newNoisyLog(logger, now),
	}
	newSink := func(id pipeline.ID, req requirement) (*sink, error) {
		next, err := router.Consumer(id)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", req, err)
		}
		s := &sink{
			id: id, next: next, requirement: req, records: telemetry.ConnectorAuditSinkRecords,
			log: newNoisyLog(logger.With(zap.Stringer("pipeline", id)), now),
		}
		s.label()
		return s, nil
	}
	for _, id := range cfg.Required {
		s, err := newSink(id, required)
		if err != nil {
			return nil, err
		}
		s.records.Add(context.Background(), 0, s.accepted...) // there from 0 on: what never arrives must show
		c.requiredSinks = append(c.requiredSinks, s)
	}
	for _, id := range cfg.BestEffort {
		s, err := newSink(id, bestEffort)
		if err != nil {
			return nil, err
		}
		c.bestEffortSinks = append(c.bestEffortSinks, newBestEffortSink(s))
	}
	if len(cfg.Rest) > 0 {
		var err error
		if c.rest, err = router.Consumer(cfg.Rest...); err != nil {
			return nil, fmt.Errorf("rest: %w", err)
		}
	}
	return c, nil
}

// Capabilities says that a request is changed: audit records leave it, or are
// marked for the sampler.
func (c *auditConnector) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeLogs returns a retryable error if a required sink failed, and the
// rest's own error if only that failed; a resent request is then all duplicates
// to the sinks.
//
// The request is unchanged until every required sink accepted, because some
// receivers offer the very same data again after an error.
func (c *auditConnector) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	auditCount := countAudit(ld)
	if auditCount == 0 {
		return c.sendRest(ctx, ld)
	}
	audit := ld
	onlyAudit := auditCount == ld.LogRecordCount()
	switch {
	case !onlyAudit:
		audit = selectAudit(ld)
	case c.copies:
		audit = clone(ld)
	}
	if len(c.requiredSinks)+len(c.bestEffortSinks) > 1 {
		audit.MarkReadOnly()
		// The service in front of every sink takes data that nobody owns for its own
		// and frees it after the call. Two of them at the same time both would, and
		// the second to free it ends the process.
		pref.MarkPipelineOwnedLogs(audit)
	}
	if err := sendRequired(ctx, c.requiredSinks, audit); err != nil {
		return err
	}

	waitBestEffort := c.sendBestEffort(ctx, audit)
	defer waitBestEffort()

	if onlyAudit && !c.copies {
		return nil
	}
	if ld.IsReadOnly() {
		ld = clone(ld)
	}
	if c.copies {
		prepareCopies(ld, c.samplingAttribute)
	} else {
		removeRecords(ld, otlpmap.IsAudit)
	}
	return c.sendRest(ctx, ld)
}

func (c *auditConnector) sendRest(ctx context.Context, ld plog.Logs) error {
	count := ld.LogRecordCount()
	if count == 0 {
		return nil
	}
	if c.rest == nil {
		c.countRest(ctx, dropped, count)
		c.dropped.warn("Records that are not audit records were dropped: rest names no pipeline", nil)
		return nil
	}
	err := c.rest.ConsumeLogs(ctx, ld)
	if err != nil {
		c.countRest(ctx, failed, count)
		return err
	}
	c.countRest(ctx, accepted, count)
	return nil
}

func (c *auditConnector) countRest(ctx context.Context, res result, count int) {
	c.telemetry.ConnectorAuditRestRecords.Add(ctx, int64(count),
		metric.WithAttributeSet(attribute.NewSet(attribute.String("result", string(res)))))
}

// Shutdown waits for best-effort sinks that have not answered yet, for as long
// as a request would.
func (c *auditConnector) Shutdown(ctx context.Context) error {
	defer c.telemetry.Shutdown()
	ctx, cancel := context.WithTimeout(ctx, c.bestEffortTimeout)
	defer cancel()
	for _, s := range c.bestEffortSinks {
		s.drain(ctx)
	}
	return nil
}
