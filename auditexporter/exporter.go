package auditexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/auditexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/store"
)

// auditExporter writes audit records to PostgreSQL. An answer of nil means that
// every audit record of the call is committed, as an event, as a duplicate of
// one, or in quarantine; an error means that the client has to send all of them
// again. Safe for concurrent use.
type auditExporter struct {
	cfg     *Config
	logger  *zap.Logger
	now     func() time.Time
	counts  *counts
	decoder *otlpmap.Decoder
	health  *health

	shards  []*shard
	keeper  *keeper
	log     *signedLog   // nil: integrity is off
	waiting atomic.Int64 // bytes of records that wait for their COMMIT
	stop    context.CancelFunc
	running sync.WaitGroup
	skipped sync.Once
}

// The errors a client gets. They do not say what is wrong with the database:
// the log of the collector does.
var (
	errUnavailable = errors.New("audit records are not stored yet: the audit store is unavailable, send them again")
	errOverloaded  = errors.New("audit records are not stored yet: max_waiting_bytes wait already, send them again")
	errStopping    = errors.New("audit records are not stored yet: the collector is stopping, send them again")
)

func newExporter(set exporter.Settings, cfg *Config, now func() time.Time) (*auditExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &auditExporter{
		cfg:     cfg,
		logger:  set.Logger,
		now:     now,
		counts:  newCounts(telemetry, set.ID.String(), cfg.Telemetry.Actions),
		decoder: otlpmap.NewDecoder(otlpmap.Options{}),
		health:  newHealth(set.Logger, now, cfg.Workers),
	}, nil
}

// Capabilities says that the exporter only reads.
func (*auditExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start begins to serve. It needs no database; only a configuration that can
// never work is an error.
func (e *auditExporter) Start(_ context.Context, host component.Host) error {
	connection, err := e.cfg.connection()
	if err != nil {
		return err
	}
	if e.log, err = openLog(e.cfg.Integrity, e.logger, e.now, e.counts); err != nil {
		return err
	}
	e.health.host = host
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	options := func() store.WriterOptions {
		opts := store.WriterOptions{
			Connection: connection.Copy(),
			Schema:     e.cfg.Schema,
			RolePrefix: e.cfg.RolePrefix,
			Observer:   e.counts,
			Now:        e.now,
		}
		if e.log != nil {
			opts.Sealer = e.log.sealer
		}
		if e.cfg.AllowPrivilegedRole == privilegedWarn {
			opts.WarnPrivileged = e.health.privileged
		}
		return opts
	}
	e.keeper = newKeeper(store.NewWriter(options()), e.cfg.PartitionsAhead, e.health)
	for i := range e.cfg.Workers {
		s := newShard(e, store.NewWriter(options()), sourceShard(i))
		e.shards = append(e.shards, s)
		e.running.Go(func() { s.run(ctx) })
	}
	e.running.Go(func() { e.keeper.run(ctx) })
	rolls := &roller{writer: store.NewWriter(options()), logger: e.logger, now: e.now, closed: e.keeper.closed}
	e.running.Go(func() { rolls.run(ctx) })
	var unanchored func() time.Duration
	if e.log != nil {
		e.running.Go(func() { e.log.run(ctx) })
		unanchored = e.log.sealer.Unanchored
	}
	return e.counts.observe(gauges{oldest: e.oldest, horizon: e.keeper.horizonLeft, unanchored: unanchored, waiting: e.unanswered})
}

// Shutdown refuses new records, answers what waits, and gives up on the database
// when ctx ends or after timeout: nothing is acknowledged that is not stored.
func (e *auditExporter) Shutdown(ctx context.Context) error {
	defer e.counts.shutdown()
	if e.stop == nil {
		return nil
	}
	for _, s := range e.shards {
		s.close()
	}
	e.keeper.close()
	if e.log != nil {
		defer e.log.close() // after the last commit
		e.log.stop()
	}
	done := make(chan struct{})
	go func() {
		e.running.Wait()
		close(done)
	}()
	patience := time.NewTimer(e.cfg.Timeout)
	defer patience.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-patience.C:
	}
	e.stop()
	<-done
	return nil
}

// ConsumeLogs stores the audit records of a request. Zero records are success:
// exporterhelper pushes empty requests when its storage was full.
func (e *auditExporter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if err := e.turnAway(ctx, logs); err != nil {
		return err
	}
	request := e.take(logs)
	e.counts.received(ctx, request.audit)
	if request.skipped > 0 {
		e.skip(ctx, request.skipped)
	}
	if request.audit == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	if !e.admit(request.size) {
		e.counts.refused(ctx, refusedOverload, request.audit)
		return errOverloaded
	}
	return e.store(ctx, request)
}

// turnAway refuses, before anything is decoded, what would only wait in vain:
// when max_waiting_bytes wait already, and when every shard turns away.
func (e *auditExporter) turnAway(ctx context.Context, logs plog.Logs) error {
	full := e.waiting.Load() >= e.cfg.MaxWaitingBytes
	away := func(s *shard) bool { return s.away(s.callers.Load()) }
	if !full && slices.ContainsFunc(e.shards, func(s *shard) bool { return !away(s) }) {
		return nil
	}
	records := countAudit(logs)
	if records == 0 {
		return nil
	}
	e.counts.received(ctx, records)
	if full {
		e.counts.refused(ctx, refusedOverload, records)
		return errOverloaded
	}
	e.counts.refused(ctx, refusedUnavailable, records)
	return errUnavailable
}

// admit bounds memory: what waits, and one request more when nothing does. What
// is admitted is given back when its part is answered.
func (e *auditExporter) admit(size int64) bool {
	if waiting := e.waiting.Add(size); waiting > e.cfg.MaxWaitingBytes && waiting != size {
		e.waiting.Add(-size)
		return false
	}
	return true
}

func (e *auditExporter) skip(ctx context.Context, records int) {
	e.counts.skipped(ctx, records)
	e.skipped.Do(func() {
		e.logger.Warn("log records without audit data reach the audit exporter and are skipped; route them elsewhere with the audit connector (said once)")
	})
}

// store waits until the shards have answered for all events and all quarantined
// records. Conflicts and rejected events, found on the way, follow those.
func (e *auditExporter) store(ctx context.Context, request *request) (failed error) {
	e.enqueue(request.parts)
	e.enqueue(request.quarantine)
	var diverted []*part
	for _, p := range request.parts {
		if err := e.await(ctx, p); err != nil {
			failed = err
			continue
		}
		diverted = e.divert(diverted, p)
		if err := p.refusal(); err != nil {
			failed = err
		}
	}
	for _, p := range diverted {
		e.waiting.Add(p.size)
	}
	e.enqueue(diverted)
	for _, p := range append(request.quarantine, diverted...) {
		if err := e.await(ctx, p); err != nil {
			failed = err
		}
	}
	return failed
}

func (e *auditExporter) enqueue(parts []*part) {
	for _, p := range parts {
		e.shards[p.shard].enqueue(p)
	}
}

// await returns when a part is answered for, or when the caller's time is over:
// then the batch goes on without a caller, and counts what it did.
func (e *auditExporter) await(ctx context.Context, p *part) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	if !p.abandon() {
		<-p.done
		return p.err
	}
	e.shards[p.shard].leave()
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: %w", errUnavailable, ctx.Err())
	}
	return errUnavailable
}

// unanswered is how many records wait for their shards. It is asked of them, and
// not what is left over: a record that is forgotten waits nowhere.
func (e *auditExporter) unanswered() (records int64) {
	for _, s := range e.shards {
		records += s.unanswered()
	}
	return records
}

// oldest is the age of the oldest record that waits.
func (e *auditExporter) oldest() time.Duration {
	var oldest time.Time
	for _, s := range e.shards {
		if t := s.oldest(); !t.IsZero() && (oldest.IsZero() || t.Before(oldest)) {
			oldest = t
		}
	}
	if oldest.IsZero() {
		return 0
	}
	return e.now().Sub(oldest)
}
