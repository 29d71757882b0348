package auditexporter

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/store"
)

// source is who found out about the database: the keeper of partitions, or one
// of the shards.
type source int

const sourcePartitions source = 0

// sourceShard is the source of shard i, from 0.
func sourceShard(i int) source { return source(1 + i) }

// fault is what a source last met.
type fault struct {
	failing     bool
	unreachable bool      // for want of a session
	since       time.Time // of failing
	last        time.Time
	trying      bool // a write is under way, which tells more than anybody else
}

// health says in the component's status whether audit records can be stored,
// all of them, and in the log what is wrong: the same thing at most once a
// minute, whatever happens in between. Safe for concurrent use.
type health struct {
	logger  *zap.Logger
	now     func() time.Time
	host    component.Host
	suspect chan struct{} // of capacity 1: a write failed

	privilege sync.Once

	mu       sync.Mutex // guards the rest
	faults   []fault    // by source
	since    time.Time  // when all was well last
	said     time.Time
	messages map[string]time.Time // what was said in the last minute
	unsaid   int
	told     bool // of the failure that lasts
	ok       bool // OK was reported
}

const (
	// sayEvery is how often the log repeats what is still, or again, wrong.
	sayEvery = time.Minute
	// sayOften is how often it may say something else.
	sayOften = 10 * time.Second
)

// How long the last failed write of a shard counts, when nobody writes there
// and the database can be reached.
const (
	sessionGrace = 5 * time.Second // it had no session
	writeGrace   = 10 * time.Second
)

func newHealth(logger *zap.Logger, now func() time.Time, shards int) *health {
	return &health{
		logger: logger, now: now, suspect: make(chan struct{}, 1),
		faults: make([]fault, 1+shards), messages: make(map[string]time.Time),
	}
}

// trying tells that a shard writes, or that it has nothing more to write.
func (h *health) trying(from source, trying bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults[from].trying = trying
}

// failed tells of an error of the database that a later attempt may not meet.
func (h *health) failed(from source, err error) {
	text := store.Explain(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	was := h.isFailing()
	f := &h.faults[from]
	if !f.failing {
		f.failing, f.since = true, now
	}
	f.last, f.unreachable = now, store.Unreachable(err)
	if from != sourcePartitions {
		select {
		case h.suspect <- struct{}{}:
		default:
		}
	}
	if !was {
		h.since = now
		h.report(componentstatus.NewRecoverableErrorEvent(errors.New(text)))
	}
	if said, ok := h.messages[text]; ok && now.Sub(said) < sayEvery || now.Sub(h.said) < sayOften {
		h.unsaid++
		return
	}
	what := "audit records are not being stored; clients are told to send them again: "
	if from == sourcePartitions && !f.unreachable {
		what = "partitions for the coming months cannot be made: "
	}
	h.logger.Error(what+text, zap.Duration("for", now.Sub(h.since)), zap.Int("failures_not_logged", h.unsaid))
	maps.DeleteFunc(h.messages, func(_ string, said time.Time) bool { return now.Sub(said) >= sayEvery })
	h.messages[text] = now
	h.said, h.unsaid, h.told = now, 0, true
}

// succeeded tells of a write.
func (h *health) succeeded(from source) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, partitions := &h.faults[from], &h.faults[sourcePartitions]
	if !f.failing && (!partitions.failing || !partitions.unreachable) {
		return
	}
	f.failing = false
	if partitions.unreachable {
		partitions.failing = false // whoever can write has reached the database
	}
	h.recover()
}

// reached tells that the database answers and takes partitions. It returns
// whether nothing else is wrong.
func (h *health) reached() (healthy bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was, now := h.isFailing(), h.now()
	for i := range h.faults {
		f := &h.faults[i]
		grace := writeGrace
		if f.unreachable {
			grace = sessionGrace
		}
		if source(i) == sourcePartitions || !f.trying && now.Sub(f.last) > grace {
			f.failing = false
		}
	}
	switch {
	case h.isFailing():
		return false
	case was:
		h.recover()
	case !h.ok:
		h.ok = true
		h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
	return true
}

// recover says that all is well if it is.
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

// away reports whether a shard has found no session for longer than patience.
func (h *health) away(from source, patience time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &h.faults[from]
	return f.failing && f.unreachable && h.now().Sub(f.since) > patience
}

func (h *health) isFailing() bool {
	return slices.ContainsFunc(h.faults, func(f fault) bool { return f.failing })
}

func (h *health) report(event *componentstatus.Event) {
	if h.host != nil {
		componentstatus.ReportStatus(h.host, event)
	}
}

// privileged warns, once, of a login that could change what it has written.
func (h *health) privileged(err *store.PrivilegeError) {
	h.privilege.Do(func() { h.logger.Warn("allow_privileged_role is warn: " + err.Error()) })
}
