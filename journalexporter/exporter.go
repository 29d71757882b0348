package journalexporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/journalexporter/internal/metadata"
)

// journalExporter writes audit records to a journal. An answer of nil means that
// every audit record of the call is durable under a signed checkpoint, as a
// record, as a duplicate of one, or as a quarantine entry; an error means that
// the client has to send all of them again. Safe for concurrent use.
type journalExporter struct {
	cfg     *Config
	logger  *zap.Logger
	now     func() time.Time
	counts  *counts
	decoder *otlpmap.Decoder
	health  *health
	skipped sync.Once

	ring    *keys.Ring
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex      // guards the rest
	writer  *journal.Writer // nil until the journal could be opened
	anchors *anchor.File    // of writer; nil where none are kept
}

// The errors a client gets. They do not say what is wrong with the disk: the
// log of the collector does.
var (
	errUnavailable = errors.New("audit records are not in the journal yet: it cannot be written, send them again")
	errOverloaded  = errors.New("audit records are not in the journal yet: max_waiting_bytes wait already, send them again")
	errStopping    = errors.New("audit records are not in the journal yet: the collector is stopping, send them again")
)

func newExporter(set exporter.Settings, cfg *Config, now func() time.Time) (*journalExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	health := &health{logger: set.Logger, now: now}
	return &journalExporter{
		cfg:     cfg,
		logger:  set.Logger,
		now:     now,
		counts:  newCounts(telemetry, set.ID.String(), health, set.Logger, now),
		decoder: otlpmap.NewDecoder(otlpmap.Options{}),
		health:  health,
	}, nil
}

// Capabilities says that the exporter only reads.
func (*journalExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start loads the key and opens the journal. A key that is missing, damaged, of
// another log or readable by others is an error. A journal that cannot be opened
// now is none, because the collector has other sinks to serve: it is refused to
// clients, said in the status and the log, and opened when it can be.
func (e *journalExporter) Start(_ context.Context, host component.Host) error {
	e.health.host = host
	ring, err := e.cfg.ring()
	if err != nil {
		return err
	}
	e.ring = ring
	if e.cfg.AnchorFile == "" {
		e.logger.Warn("the journal has no anchor_file: if its end is cut off while the collector is down, nobody notices")
	}
	if err := e.counts.observe(e.oldest); err != nil {
		return err
	}
	wait := e.tryOpen(0)
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.running.Go(func() {
		if e.keepOpening(ctx, wait) {
			e.maintain(ctx)
		}
	})
	return nil
}

// A journal that cannot be opened is tried again after openWait, and twice as
// long each time up to maxOpenWait: each try may read a whole segment.
const (
	openWait    = 250 * time.Millisecond
	maxOpenWait = 30 * time.Second
)

// tryOpen opens the journal or says why it cannot. It returns when to try again,
// given the wait before; 0 where the journal is open.
func (e *journalExporter) tryOpen(waited time.Duration) time.Duration {
	err := e.open()
	if err == nil {
		return 0
	}
	e.counts.notOpened(err)
	return min(max(2*waited, openWait), maxOpenWait)
}

// keepOpening returns true when the journal is open, false when ctx is over.
func (e *journalExporter) keepOpening(ctx context.Context, wait time.Duration) bool {
	for wait > 0 {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		wait = e.tryOpen(wait)
	}
	return true
}

// open opens anchors and journal. Where it fails neither is held, so that the
// command that mends a journal can have both.
func (e *journalExporter) open() error {
	opts := journal.Options{
		Directory:       e.cfg.Directory,
		Name:            e.cfg.Name,
		Ring:            e.ring,
		Now:             e.now,
		Observer:        e.counts,
		MaxSegmentBytes: e.cfg.MaxSegmentBytes,
		MaxSegmentAge:   e.cfg.MaxSegmentAge,
		MaxBatchBytes:   e.cfg.MaxBatchBytes,
		MaxWaitingBytes: e.cfg.MaxWaitingBytes,
		DedupEntries:    e.cfg.DedupEntries,
	}
	var anchors *anchor.File
	if e.cfg.AnchorFile != "" {
		var err error
		if anchors, err = anchor.Open(e.cfg.AnchorFile); err != nil {
			return fmt.Errorf("anchor_file: %w", err)
		}
		opts.Anchors = anchors
	}
	writer, err := journal.Open(opts)
	if err != nil {
		err = fmt.Errorf("directory: %w", err)
		if anchors != nil {
			err = errors.Join(err, anchors.Close())
		}
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.writer, e.anchors = writer, anchors
	e.health.succeeded()
	return nil
}

func (e *journalExporter) current() *journal.Writer {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.writer
}

// maintain seals segments that are old enough and makes anchors durable.
func (e *journalExporter) maintain(ctx context.Context) {
	tick := time.NewTicker(e.cfg.AnchorInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.current().Maintain(); err != nil {
			e.health.warn(err)
		}
	}
}

// Shutdown refuses new records, writes what waits, anchors the head and gives
// the directory back.
func (e *journalExporter) Shutdown(context.Context) error {
	defer e.counts.telemetry.Shutdown()
	if e.stop != nil {
		e.stop()
		e.running.Wait()
	}
	writer := e.current()
	if writer == nil {
		return nil
	}
	err := writer.Close()
	if e.anchors != nil {
		err = errors.Join(err, e.anchors.Close())
	}
	return err
}

// ConsumeLogs makes the audit records of a request durable. Zero records are
// success.
func (e *journalExporter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	request := e.take(ctx, logs)
	defer e.counts.received(ctx, len(request.entries))()
	if request.skipped > 0 {
		e.skip(ctx, request.skipped)
	}
	if len(request.entries) == 0 {
		return nil
	}
	writer := e.current()
	if writer == nil {
		e.counts.refused(ctx, refusedUnavailable, len(request.entries))
		return errUnavailable
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	result, err := writer.Append(ctx, request.entries)
	if err != nil {
		return e.refuse(ctx, err, len(request.entries))
	}
	e.counts.written(ctx, result)
	return nil
}

// refuse counts what was not written and says so in words for the client.
func (e *journalExporter) refuse(ctx context.Context, err error, records int) error {
	switch {
	case errors.Is(err, journal.ErrOverload):
		e.counts.refused(ctx, refusedOverload, records)
		return errOverloaded
	case errors.Is(err, journal.ErrClosed):
		e.counts.refused(ctx, refusedUnavailable, records)
		return errStopping
	case errors.Is(err, context.Canceled):
		e.counts.refused(ctx, refusedAbandoned, records)
		return fmt.Errorf("%w: %w", errUnavailable, context.Canceled)
	}
	e.counts.refused(ctx, refusedUnavailable, records)
	return errUnavailable
}

func (e *journalExporter) skip(ctx context.Context, records int) {
	e.counts.skipped(ctx, records)
	e.skipped.Do(func() {
		e.logger.Warn("log records without audit data reach the journal exporter and are skipped; route them elsewhere with the audit connector (said once)")
	})
}

// oldest is the age of the oldest entry that waits.
func (e *journalExporter) oldest() time.Duration {
	writer := e.current()
	if writer == nil {
		return 0
	}
	since := writer.Oldest()
	if since.IsZero() {
		return 0
	}
	return e.now().Sub(since)
}
