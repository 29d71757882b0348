package auditexporter

import (
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/store"
)

// source is who found out about the database.
type source int

const (
	sourceWrite source = iota
	sourcePartitions
	sources
)

// health says in the log and in the component's status whether audit records
// can be stored: once when that changes, and at most once a minute while it does
// not. Safe for concurrent use.
type health struct {
	logger  *zap.Logger
	now     func() time.Time
	host    component.Host
	suspect chan struct{} // of capacity 1: a write failed

	privilege sync.Once

	mu          sync.Mutex // guards the rest
	failing     [sources]bool
	lastFailed  time.Time // when a write failed
	unreachable bool      // it failed for want of a session
	since       time.Time
	said        time.Time
	message     string
	unsaid      int
	told        bool // of the failure that lasts
	ok          bool // OK was reported
}

const (
	// sayEvery is how often the log repeats what is still, or again, wrong.
	sayEvery = time.Minute
	// sayOften is how often it may say something else.
	sayOften = 10 * time.Second
)

// writeGrace is how long a failed write counts against a database that is
// reachable again, when nothing else is written.
const writeGrace = 10 * time.Second

func newHealth(logger *zap.Logger, now func() time.Time) *health {
	return &health{logger: logger, now: now, suspect: make(chan struct{}, 1)}
}

// failed tells of an error of the database that a later attempt may not meet.
func (h *health) failed(from source, err error) {
	text := store.Explain(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	was := h.isFailing()
	h.failing[from] = true
	if from == sourceWrite {
		h.lastFailed, h.unreachable = now, store.Unreachable(err)
		select {
		case h.suspect <- struct{}{}:
		default:
		}
	}
	if !was {
		h.since = now
		h.report(componentstatus.NewRecoverableErrorEvent(errors.New(text)))
	}
	if text == h.message && now.Sub(h.said) < sayEvery || now.Sub(h.said) < sayOften {
		h.unsaid++
		return
	}
	what := "audit records are not being stored; clients are told to send them again: "
	if from == sourcePartitions && !store.Unreachable(err) {
		what = "partitions for the coming months cannot be made: "
	}
	h.logger.Error(what+text, zap.Duration("for", now.Sub(h.since)), zap.Int("failures_not_logged", h.unsaid))
	h.message, h.said, h.unsaid, h.told = text, now, 0, true
}

// succeeded tells of a write.
func (h *health) succeeded(from source) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.failing[from] {
		return
	}
	h.failing[from] = false
	if from == sourceWrite {
		// Whoever can write has reached the database, whatever else failed before.
		h.failing[sourcePartitions] = false
	}
	h.recover()
}

// reached tells that the database answers and takes partitions. It returns
// whether nothing else is wrong.
func (h *health) reached() (healthy bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.isFailing()
	h.failing[sourcePartitions] = false
	if h.failing[sourceWrite] && (h.unreachable || h.now().Sub(h.lastFailed) > writeGrace) {
		h.failing[sourceWrite] = false
	}
	switch {
	case was:
		h.recover()
	case !h.ok:
		h.ok = true
		h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
	return !h.isFailing()
}

func (h *health) recover() {
	if h.isFailing() {
		return
	}
	h.ok = true
	h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	if h.told {
		h.logger.Info("audit records can be stored again",
			zap.Duration("after", h.now().Sub(h.since)), zap.Int("failures_not_logged", h.unsaid))
	}
	h.unsaid, h.told = 0, false
}

// failingFor is how long nothing could be stored, 0 while it can.
func (h *health) failingFor() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isFailing() {
		return 0
	}
	return h.now().Sub(h.since)
}

func (h *health) isFailing() bool { return h.failing[sourceWrite] || h.failing[sourcePartitions] }

func (h *health) report(event *componentstatus.Event) {
	if h.host != nil {
		componentstatus.ReportStatus(h.host, event)
	}
}

// privileged warns, once, of a login that could change what it has written.
func (h *health) privileged(err *store.PrivilegeError) {
	h.privilege.Do(func() { h.logger.Warn("allow_privileged_role is warn: " + err.Error()) })
}
