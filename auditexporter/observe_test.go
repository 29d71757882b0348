package auditexporter

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// logged is what the exporter wrote to its log.
type logged struct {
	core zapcore.Core
	seen *observer.ObservedLogs
}

func (l *logged) text() string {
	var b strings.Builder
	for _, entry := range l.seen.All() {
		b.WriteString(entry.Level.CapitalString() + " " + entry.Message + "\n")
	}
	return b.String()
}

// statusHost remembers what the component said of itself.
type statusHost struct {
	mu   sync.Mutex // guards the rest
	last componentstatus.Status
	seen []componentstatus.Status
}

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = event.Status()
	h.seen = append(h.seen, h.last)
}

// count is how often a status was reported.
func (h *statusHost) count(wanted componentstatus.Status) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.seen {
		if s == wanted {
			n++
		}
	}
	return n
}

func (h *statusHost) wait(t testing.TB, wanted componentstatus.Status) {
	t.Helper()
	require.Eventually(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.last == wanted
	}, time.Minute, 10*time.Millisecond, "status %s", wanted)
}

func observe(t testing.TB) (*logged, *statusHost) {
	t.Helper()
	core, seen := observer.New(zapcore.DebugLevel)
	return &logged{core: core, seen: seen}, &statusHost{}
}
