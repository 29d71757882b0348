package accessreceiver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/accessreceiver/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/vouch"
)

const (
	// A look at the outbox begins with firstPage rows and takes more where all of
	// them only wait; mostRows also bounds what is remembered.
	firstPage = 500
	mostRows  = 10000

	// yield is how long a collector that does not lead leaves a row to the one
	// that does.
	yield = 10 * time.Second

	firstPause   = time.Second
	longestPause = 30 * time.Second
	sayEvery     = time.Minute
)

// accessReceiver passes on what is in the outbox, at least once, until the log
// has it. One goroutine does everything; nothing but oldest is shared.
type accessReceiver struct {
	cfg       *Config
	next      consumer.Logs
	logger    *zap.Logger
	now       func() time.Time
	telemetry *metadata.TelemetryBuilder

	stop context.CancelFunc // nil: not started
	done chan struct{}

	seen   map[string]*sighting // by event id: what was in the outbox at the last look
	page   int                  // rows of the next look
	oldest atomic.Int64         // when the oldest row was placed, by our clock, in Unix nanoseconds; 0 for none
	said   time.Time            // when the log said last that something fails
}

// sighting is what is known of a row.
type sighting struct {
	first   time.Time // seen
	sent    time.Time // zero: not yet
	refused bool
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs, now func() time.Time) (*accessReceiver, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	r := &accessReceiver{
		cfg: cfg, next: next, logger: set.Logger, now: now, telemetry: telemetry,
		done: make(chan struct{}), seen: map[string]*sighting{}, page: firstPage,
	}
	return r, telemetry.RegisterReceiverAuditAccessOldestRowCallback(func(_ context.Context, o metric.Float64Observer) error {
		if placed := r.oldest.Load(); placed != 0 {
			o.Observe(r.now().Sub(time.Unix(0, placed)).Seconds())
		} else {
			o.Observe(0)
		}
		return nil
	})
}

// Start begins to look. It needs no database.
func (r *accessReceiver) Start(context.Context, component.Host) error {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() {
		defer close(r.done)
		r.run(ctx)
	}()
	return nil
}

// Shutdown ends what is under way. What was passed on and is not in the log yet
// stays in the outbox.
func (r *accessReceiver) Shutdown(context.Context) error {
	if r.stop != nil {
		r.stop()
		<-r.done
	}
	r.telemetry.Shutdown()
	return nil
}

// run has a session at all times, or waits to try again.
func (r *accessReceiver) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		worked, err := r.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if worked {
			pause = firstPause
		}
		r.telemetry.ReceiverAuditAccessFailures.Add(ctx, 1)
		if now := r.now(); r.said.IsZero() || now.Sub(r.said) >= sayEvery {
			r.said = now
			r.logger.Error("traces of reads and changes wait in the outbox of the audit store and are not on their way to the signed log; trying again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// session works until something fails. worked says that something did not.
func (r *accessReceiver) session(ctx context.Context) (worked bool, err error) {
	box, err := openOutbox(ctx, r.cfg)
	if err != nil {
		return false, err
	}
	defer box.close()
	for {
		leads, err := box.leads(ctx)
		if err != nil {
			return worked, err
		}
		if err := r.look(ctx, box, leads); err != nil {
			return worked, err
		}
		if worked = true; !r.said.IsZero() {
			r.said = time.Time{}
			r.logger.Info("traces of reads and changes are on their way to the signed log again")
		}
		if err := box.wait(ctx, r.cfg.PollInterval); err != nil {
			return worked, err
		}
	}
}

// look passes on what is due, and takes out what the log has.
func (r *accessReceiver) look(ctx context.Context, box *outbox, leads bool) error {
	for {
		rows, err := box.rows(ctx, r.page)
		if err != nil {
			return err
		}
		due, sightings := r.choose(ctx, rows, leads)
		full := len(rows) == r.page
		switch {
		case full && len(due) == 0:
			r.page = min(2*r.page, mostRows)
		case len(rows) < firstPage:
			r.page = firstPage
		}
		failed := r.pass(ctx, due, sightings)
		cleared, err := r.clean(ctx, box)
		if failed != nil || err != nil || !full || cleared == 0 {
			return errors.Join(failed, err)
		}
	}
}

// clean takes out what the log has, and returns how many rows that were.
func (r *accessReceiver) clean(ctx context.Context, box *outbox) (int64, error) {
	cleared, age, waiting, err := box.clean(ctx)
	if err != nil {
		return 0, err
	}
	r.telemetry.ReceiverAuditAccessClearedRows.Add(ctx, cleared)
	if waiting {
		r.oldest.Store(r.now().Add(-age).UnixNano())
	} else {
		r.oldest.Store(0)
	}
	return cleared, nil
}

// choose returns the records that are due, and remembers of the rows what it
// needs to: nothing of those that are gone.
func (r *accessReceiver) choose(ctx context.Context, rows []row, leads bool) (due []*record.Record, sightings []*sighting) {
	now := r.now()
	seen := make(map[string]*sighting, len(rows))
	for i := range rows {
		s := r.seen[rows[i].eventID]
		if s == nil {
			s = &sighting{first: now}
		}
		seen[rows[i].eventID] = s
		if s.refused || !r.isDue(s, now, leads) {
			continue
		}
		rec, refusal := rows[i].read()
		if refusal != nil {
			s.refused = true
			r.refuse(ctx, &rows[i], refusal)
			continue
		}
		if len(due) < firstPage {
			due, sightings = append(due, rec), append(sightings, s)
		}
	}
	r.seen = seen
	return due, sightings
}

func (r *accessReceiver) isDue(s *sighting, now time.Time, leads bool) bool {
	if s.sent.IsZero() {
		return leads || now.Sub(s.first) >= yield
	}
	return now.Sub(s.sent) >= r.cfg.ResendInterval
}

// refuse says once of a row that it stays where it is.
func (r *accessReceiver) refuse(ctx context.Context, row *row, refusal *refusal) {
	r.telemetry.ReceiverAuditAccessRefusedRows.Add(ctx, 1, metric.WithAttributeSet(
		attribute.NewSet(attribute.String("reason", refusal.reason))))
	r.logger.Error("a row of the outbox of the audit store is not passed on and stays there; no function of the store makes such a row, find out who did",
		zap.String("event_id", row.eventID), zap.String("reason", refusal.detail))
}

// pass gives records to the pipeline, with the word of this collector that they
// are the system's own.
func (r *accessReceiver) pass(ctx context.Context, due []*record.Record, sightings []*sighting) error {
	if len(due) == 0 {
		return nil
	}
	if err := r.next.ConsumeLogs(vouch.ForSystem(ctx), logsOf(due)); err != nil {
		return errors.Join(errPipeline, err)
	}
	now := r.now()
	for _, s := range sightings {
		s.sent = now
	}
	r.telemetry.ReceiverAuditAccessSentRecords.Add(ctx, int64(len(due)))
	return nil
}

var errPipeline = errors.New("the pipeline did not take them")
