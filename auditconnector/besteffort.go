package auditconnector

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/plog"
)

// bestEffortInFlight bounds the requests that wait for one best-effort sink. A
// sink that hangs costs this many goroutines and requests held in memory; what
// comes after fails at once.
const bestEffortInFlight = 64

var (
	errBusy    = errors.New("too many requests are waiting for this pipeline")
	errTooSlow = errors.New("no answer within best_effort_timeout")
)

// bestEffortSink keeps a slow or hanging pipeline away from the requests.
type bestEffortSink struct {
	*sink
	slots chan struct{}
}

func newBestEffortSink(s *sink) *bestEffortSink {
	return &bestEffortSink{sink: s, slots: make(chan struct{}, bestEffortInFlight)}
}

// sendBestEffort starts sending to every best-effort sink and returns what waits
// for them, at most best_effort_timeout after the start. The request's own
// cancellation does not reach them: its records are stored already.
func (c *auditConnector) sendBestEffort(ctx context.Context, audit plog.Logs) (wait func()) {
	if len(c.bestEffortSinks) == 0 {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.bestEffortTimeout)
	answers := make([]<-chan struct{}, 0, len(c.bestEffortSinks))
	for _, s := range c.bestEffortSinks {
		answers = append(answers, s.start(ctx, audit))
	}
	return func() {
		defer cancel()
		for _, answered := range answers {
			select {
			case <-answered:
			case <-ctx.Done():
			}
		}
	}
}

// start sends in the background. The channel is closed once the sink answered.
// The records count as failed as soon as ctx is over, whatever the sink says
// later.
func (s *bestEffortSink) start(ctx context.Context, audit plog.Logs) <-chan struct{} {
	count := audit.LogRecordCount()
	answered := make(chan struct{})
	select {
	case s.slots <- struct{}{}:
	default:
		s.report(ctx, count, errBusy)
		close(answered)
		return answered
	}
	var reported atomic.Bool
	giveUp := context.AfterFunc(ctx, func() {
		if reported.CompareAndSwap(false, true) {
			s.report(ctx, count, errTooSlow)
		}
	})
	go func() {
		defer func() { <-s.slots }()
		err := s.send(ctx, audit)
		giveUp()
		if reported.CompareAndSwap(false, true) {
			s.report(ctx, count, err)
		}
		close(answered)
	}()
	return answered
}

// drain waits until the sink has answered everything, or ctx is over.
func (s *bestEffortSink) drain(ctx context.Context) {
	for range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}
