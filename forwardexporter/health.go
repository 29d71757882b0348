package forwardexporter

import (
	"errors"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// sayEvery is the least time between two lines about the same trouble.
const sayEvery = time.Minute

// health says in the log and in the component's status whether records are
// forwarded. It is bad as long as one batch has failed and has not been
// delivered since, however many others pass by. Safe for concurrent use.
type health struct {
	logger   *zap.Logger
	endpoint string
	now      func() time.Time

	mu      sync.Mutex // guards what follows
	host    component.Host
	waiting map[plog.Logs]struct{} // batches that will be handed in again
	since   time.Time              // when the first of them failed
	said    map[string]time.Time   // by code
	unsaid  int
}

func newHealth(logger *zap.Logger, endpoint string, now func() time.Time) *health {
	// The way through exporterhelper says nothing to whoever reads this.
	logger = logger.WithOptions(zap.AddStacktrace(zapcore.FatalLevel))
	return &health{logger: logger, endpoint: endpoint, now: now, waiting: map[plog.Logs]struct{}{}, said: map[string]time.Time{}}
}

func (h *health) setHost(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.host = host
}

// failed tells that of tried, rest was not delivered and will be tried again.
func (h *health) failed(tried, rest plog.Logs, refused *refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	what := "records are not forwarded and stay in the queue: the collector at " + h.endpoint + " answers " + refused.code + "; " + advice(refused.code)
	if len(h.waiting) == 0 {
		// Once: the health check turns bad when the last report is old enough.
		h.report(componentstatus.NewRecoverableErrorEvent(errors.New(what)))
		h.since = now
	}
	delete(h.waiting, tried)
	h.waiting[rest] = struct{}{}

	if said, ok := h.said[refused.code]; ok && now.Sub(said) < sayEvery {
		h.unsaid++
		return
	}
	h.logger.Error(what, zap.String("answer", refused.message), zap.Int("records", rest.LogRecordCount()),
		zap.Duration("for", now.Sub(h.since)), zap.Int("failures_not_logged", h.unsaid))
	h.said[refused.code], h.unsaid = now, 0
}

// delivered tells that all of ld was accepted.
func (h *health) delivered(ld plog.Logs) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, waited := h.waiting[ld]; !waited {
		return
	}
	delete(h.waiting, ld)
	if len(h.waiting) > 0 {
		return
	}
	h.report(componentstatus.NewEvent(componentstatus.StatusOK))
	h.logger.Info("records are forwarded again", zap.Duration("after", h.now().Sub(h.since)), zap.Int("failures_not_logged", h.unsaid))
	h.unsaid = 0
}

// warned tells of words that came with a success.
func (h *health) warned(message string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if said, ok := h.said["OK"]; ok && now.Sub(said) < sayEvery {
		return
	}
	h.said["OK"] = now
	h.logger.Warn("the collector at "+h.endpoint+" accepted everything, with a warning", zap.String("answer", shorten(message)))
}

func (h *health) report(event *componentstatus.Event) {
	if h.host != nil {
		componentstatus.ReportStatus(h.host, event)
	}
}

// inOurWords is the logger for exporterhelper. Each consumer of the queue tells
// of each retry, and at shutdown the queue says that it drops what it keeps.
func inOurWords(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(&rewording{core}, sayEvery, 1, 0)
	}))
}

type rewording struct{ zapcore.Core }

func (c *rewording) With(fields []zapcore.Field) zapcore.Core {
	return &rewording{c.Core.With(fields)}
}

func (c *rewording) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if strings.HasPrefix(entry.Message, "Exporting failed. Will retry") || !c.Enabled(entry.Level) {
		return checked
	}
	return checked.AddCore(entry, c)
}

func (c *rewording) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok && strings.Contains(err.Error(), "interrupted due to shutdown") {
			entry.Level, entry.Stack = zapcore.InfoLevel, ""
			entry.Message = "shutting down; what was not forwarded stays in the queue"
			fields = nil
			break
		}
	}
	return c.Core.Write(entry, fields)
}
