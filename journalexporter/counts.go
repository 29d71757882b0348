package journalexporter

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/journalexporter/internal/metadata"
)

// counts keeps the exporter's promise in figures: received = written + duplicate
// + refused + waiting, each record counted once per call. It watches the journal.
// Safe for concurrent use.
type counts struct {
	telemetry *metadata.TelemetryBuilder
	exporter  attribute.KeyValue       // in every label set: a collector may have several
	own       metric.MeasurementOption // exporter alone
	waiting   atomic.Int64             // records of the calls under way
	health    *health
	logger    *zap.Logger
	now       func() time.Time

	mu     sync.Mutex // guards the rest
	behind time.Time  // since when the anchors lack the head; zero where they do not
}

// Reasons for a refusal, the values of the attribute reason.
const (
	refusedUnavailable = "unavailable"
	refusedOverload    = "overload"
	refusedAbandoned   = "abandoned"
)

func newCounts(telemetry *metadata.TelemetryBuilder, exporter string, health *health, logger *zap.Logger, now func() time.Time) *counts {
	own := attribute.String("exporter", exporter)
	return &counts{
		telemetry: telemetry, exporter: own, own: metric.WithAttributeSet(attribute.NewSet(own)),
		health: health, logger: logger, now: now,
	}
}

// with is the exporter's label and a reason.
func (c *counts) with(reason string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(c.exporter, attribute.String("reason", reason)))
}

// received counts what a call brings, which waits until answered is called: what
// is counted as nothing meanwhile is lost, and does not wait for ever.
func (c *counts) received(ctx context.Context, records int) (answered func()) {
	c.waiting.Add(int64(records))
	c.telemetry.AuditJournalReceivedRecords.Add(ctx, int64(records), c.own)
	return func() { c.waiting.Add(-int64(records)) }
}

func (c *counts) skipped(ctx context.Context, records int) {
	c.telemetry.AuditJournalSkippedRecords.Add(ctx, int64(records), c.own)
}

func (c *counts) refused(ctx context.Context, why string, records int) {
	c.telemetry.AuditJournalRefusedRecords.Add(ctx, int64(records), c.with(why))
}

func (c *counts) quarantined(ctx context.Context, why string) {
	c.telemetry.AuditJournalQuarantinedRecords.Add(ctx, 1, c.with(why))
}

func (c *counts) written(ctx context.Context, result journal.Result) {
	if result.Written > 0 {
		c.telemetry.AuditJournalWrittenEntries.Add(ctx, int64(result.Written), c.own)
	}
	if result.Duplicates > 0 {
		c.telemetry.AuditJournalDuplicateEntries.Add(ctx, int64(result.Duplicates), c.own)
	}
}

// Wrote implements journal.Observer.
func (c *counts) Wrote(entries int, bytes int64, synced time.Duration) {
	ctx := context.Background()
	c.telemetry.AuditJournalBatchSize.Record(ctx, int64(entries), c.own)
	c.telemetry.AuditJournalWrittenBytes.Add(ctx, bytes, c.own)
	c.telemetry.AuditJournalSyncDuration.Record(ctx, synced.Seconds(), c.own)
	c.health.succeeded()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind.IsZero() {
		c.behind = c.now()
	}
}

// Failed implements journal.Observer.
func (c *counts) Failed(err error) {
	c.telemetry.AuditJournalFailures.Add(context.Background(), 1, c.own)
	c.health.failed(err)
}

// notOpened tells of a journal that could not be opened.
func (c *counts) notOpened(err error) {
	c.telemetry.AuditJournalOpenFailures.Add(context.Background(), 1, c.own)
	c.health.notOpened(err)
}

// Began implements journal.Observer.
func (c *counts) Began(file string) {
	c.telemetry.AuditJournalSegments.Add(context.Background(), 1, c.own)
	c.logger.Info("a segment of the journal begins", zap.String("file", file))
}

// Sealed implements journal.Observer.
func (c *counts) Sealed(file string) {
	c.logger.Info("a segment of the journal is sealed", zap.String("file", file))
}

// SetAside implements journal.Observer.
func (c *counts) SetAside(file string, bytes int64) {
	c.telemetry.AuditJournalSetAside.Add(context.Background(), bytes, c.own)
	c.logger.Warn("a crash or a failed write left something behind the last batch of the journal, which nobody was told is stored; it is set aside",
		zap.String("file", file), zap.Int64("bytes", bytes))
}

// Anchored implements journal.Observer.
func (c *counts) Anchored(_ int64, err error) {
	if err != nil {
		c.telemetry.AuditJournalAnchorFailures.Add(context.Background(), 1, c.own)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behind = time.Time{}
}

// anchorAge is for how long the anchors lack something.
func (c *counts) anchorAge() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind.IsZero() {
		return 0
	}
	return c.now().Sub(c.behind)
}

// observe registers the figures that are read when somebody asks.
func (c *counts) observe(oldest func() time.Duration) error {
	c.telemetry.AuditJournalReceivedRecords.Add(context.Background(), 0, c.own) // there from 0 on
	err := c.telemetry.RegisterAuditJournalOldestUnacknowledgedCallback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(oldest().Seconds(), c.own)
		return nil
	})
	if err != nil {
		return err
	}
	err = c.telemetry.RegisterAuditJournalWaitingRecordsCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(c.waiting.Load(), c.own)
		return nil
	})
	if err != nil {
		return err
	}
	return c.telemetry.RegisterAuditJournalAnchorAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(c.anchorAge().Seconds(), c.own)
		return nil
	})
}
