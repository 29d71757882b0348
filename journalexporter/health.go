package journalexporter

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// health says in the component's status whether the journal takes records, and
// in the log what is wrong: the same thing at most once a minute. Safe for
// concurrent use.
type health struct {
	logger *zap.Logger
	now    func() time.Time
	host   component.Host // set before use

	mu      sync.Mutex // guards the rest
	failing bool
	cause   string // in the status
	ok      bool   // OK was reported
	since   time.Time
	said    map[string]time.Time // messages of the last minute
	unsaid  int
	told    bool // of the failure that lasts
}

// sayEvery is how often the log repeats what is still, or again, wrong.
const sayEvery = time.Minute

// failed tells of a batch that was not written.
func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail(err)
}

// notOpened tells of a journal that could not be opened. The status follows what
// is wrong, which may be another thing at each try.
func (h *health) notOpened(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failing && h.cause != err.Error() {
		h.cause = err.Error()
		h.report(componentstatus.NewRecoverableErrorEvent(err))
	}
	h.fail(err)
}

func (h *health) fail(err error) {
	if !h.failing {
		h.failing, h.since, h.cause = true, h.now(), err.Error()
		h.report(componentstatus.NewRecoverableErrorEvent(err))
	}
	if h.say("audit records are not being written to the journal; clients are told to send them again: ", err) {
		h.told = true
	}
}

// warn tells of something that does not keep records from being written.
func (h *health) warn(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.say("the journal's upkeep fails and is tried again: ", err)
}

// say logs a message unless it was said a short while ago.
func (h *health) say(what string, err error) bool {
	now := h.now()
	text := what + err.Error()
	if said, ok := h.said[text]; ok && now.Sub(said) < sayEvery {
		h.unsaid++
		return false
	}
	for text, said := range h.said {
		if now.Sub(said) >= sayEvery {
			delete(h.said, text)
		}
	}
	if len(h.said) >= maxSaid {
		h.unsaid++
		return false
	}
	if h.said == nil {
		h.said = make(map[string]time.Time)
	}
	h.said[text] = now
	h.logger.Error(text, zap.Int("failures_not_logged", h.unsaid))
	h.unsaid = 0
	return true
}

// maxSaid is how many different messages a minute may have.
const maxSaid = 10

// succeeded tells that the journal takes records.
func (h *health) succeeded() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ok && !h.failing {
		return
	}
	if h.told {
		h.logger.Info("audit records are written to the journal again",
			zap.Duration("after", h.now().Sub(h.since)), zap.Int("failures_not_logged", h.unsaid))
	}
	h.failing, h.ok, h.told, h.unsaid = false, true, false, 0
	h.report(componentstatus.NewEvent(componentstatus.StatusOK))
}

func (h *health) report(event *componentstatus.Event) {
	if h.host != nil {
		componentstatus.ReportStatus(h.host, event)
	}
}
