package accessreceiver

import (
	"context"
	"errors"
	"maps"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/accessreceiver/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/vouch"
)

const (
	// page is how many rows are read, and passed on, at once.
	page = 500

	// mostSeen bounds what is remembered of rows. What is forgotten is passed on,
	// or refused, once more.
	mostSeen = 50000

	// mostSaid is how many refused rows the log names between two looks from the
	// beginning.
	mostSaid = 100

	// yield is how long a collector that does not lead leaves a row to the one
	// that does. A row that is older is behind the next look's beginning, whatever
	// became of it; a transaction that takes longer to commit a row than this has
	// it found by the next look from the beginning of the outbox.
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

	seen   map[string]*sighting // by event id: rows that were passed on or refused
	from   place                // behind which the next look begins
	began  time.Time            // when a look began at the beginning of the outbox; zero: never
	round  int                  // how many have
	named  int                  // refused rows that the log named since
	oldest atomic.Int64         // when the oldest row was placed, by our clock, in Unix nanoseconds; 0 for none
	said   time.Time            // when the log said last that something fails
}

// sighting is what is known of a row.
type sighting struct {
	sent  time.Time // zero: refused
	round int       // of the last look at it
	past  bool      // the next look begins behind it
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs, now func() time.Time) (*accessReceiver, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	r := &accessReceiver{
		cfg: cfg, next: next, logger: set.Logger, now: now, telemetry: telemetry,
		done: make(chan struct{}), seen: map[string]*sighting{},
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

// look passes on what is due, page by page, and takes out what the log has. Rows
// that stay, for whatever reason, are read again once per resend interval and not
// at each look, so that no number of them keeps others waiting.
func (r *accessReceiver) look(ctx context.Context, box *outbox, leads bool) error {
	if now := r.now(); r.began.IsZero() || now.Sub(r.began) >= r.cfg.ResendInterval {
		r.began, r.from, r.named = now, place{}, 0
		r.round++
		r.forget(func(s *sighting) bool { return s.round < r.round-1 })
	}
	for behind := r.from; ; {
		rows, err := box.rows(ctx, behind, page)
		if err != nil {
			return err
		}
		if err := r.pass(ctx, r.choose(ctx, rows, leads)); err != nil {
			return errors.Join(err, r.clean(ctx, box))
		}
		r.advance(rows)
		if len(rows) < page {
			return r.clean(ctx, box)
		}
		last := &rows[len(rows)-1]
		behind = place{last.placed, last.eventID}
	}
}

// advance has the next look begin behind what has been there long enough.
func (r *accessReceiver) advance(rows []row) {
	for i := range rows {
		if rows[i].age < yield {
			return
		}
		r.from = place{rows[i].placed, rows[i].eventID}
		if s := r.seen[rows[i].eventID]; s != nil {
			s.past = true
		}
	}
}

func (r *accessReceiver) forget(which func(*sighting) bool) {
	maps.DeleteFunc(r.seen, func(_ string, s *sighting) bool { return which(s) })
}

// clean takes out what the log has.
func (r *accessReceiver) clean(ctx context.Context, box *outbox) error {
	cleared, age, waiting, err := box.clean(ctx)
	if err != nil {
		return err
	}
	r.telemetry.ReceiverAuditAccessClearedRows.Add(ctx, cleared)
	if waiting {
		r.oldest.Store(r.now().Add(-age).UnixNano())
	} else {
		r.oldest.Store(0)
	}
	return nil
}

// choose returns the records of a page that are due.
func (r *accessReceiver) choose(ctx context.Context, rows []row, leads bool) (due []*record.Record) {
	now := r.now()
	for i := range rows {
		s := r.seen[rows[i].eventID]
		if s != nil {
			s.round, s.past = r.round, false
		}
		if !r.isDue(&rows[i], s, now, leads) {
			continue
		}
		rec, err := access.ReadRow(rows[i].eventID, rows[i].record)
		if refusal, ok := errors.AsType[*access.RowError](err); ok {
			r.see(rows[i].eventID, time.Time{})
			r.refuse(ctx, &rows[i], refusal)
			continue
		}
		due = append(due, rec)
	}
	return due
}

func (r *accessReceiver) isDue(row *row, s *sighting, now time.Time, leads bool) bool {
	switch {
	case s == nil:
		return leads || row.age >= yield
	case s.sent.IsZero():
		return false
	}
	return now.Sub(s.sent) >= r.cfg.ResendInterval
}

// see remembers a row.
func (r *accessReceiver) see(eventID string, sent time.Time) {
	if len(r.seen) >= mostSeen {
		r.forget(func(s *sighting) bool { return s.past })
	}
	if len(r.seen) < mostSeen || r.seen[eventID] != nil {
		r.seen[eventID] = &sighting{sent: sent, round: r.round}
	}
}

// refuse says of a row that it stays where it is.
func (r *accessReceiver) refuse(ctx context.Context, row *row, refusal *access.RowError) {
	r.telemetry.ReceiverAuditAccessRefusedRows.Add(ctx, 1, metric.WithAttributeSet(
		attribute.NewSet(attribute.String("reason", refusal.Reason))))
	r.named++
	if r.named > mostSaid {
		return
	}
	r.logger.Error("a row of the outbox of the audit store is not passed on and stays there; find out who made it, 'otelaudit access outbox' lists and discards such rows",
		zap.String("event_id", row.eventID), zap.String("reason", refusal.Detail))
	if r.named == mostSaid {
		r.logger.Error("more such rows are counted and not named")
	}
}

// pass gives records to the pipeline, with the word of this collector that they
// are the system's own.
func (r *accessReceiver) pass(ctx context.Context, due []*record.Record) error {
	if len(due) == 0 {
		return nil
	}
	if err := r.next.ConsumeLogs(vouch.ForSystem(ctx), logsOf(due)); err != nil {
		return errors.Join(errPipeline, err)
	}
	now := r.now()
	for _, rec := range due {
		r.see(rec.EventID, now)
	}
	r.telemetry.ReceiverAuditAccessSentRecords.Add(ctx, int64(len(due)))
	return nil
}

var errPipeline = errors.New("the pipeline did not take them")
