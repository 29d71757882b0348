package forwardexporter

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestHealth: bad from the first batch that fails until the last that waits is
// delivered, reported at these two moments only.
func TestHealth(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	core, log := observer.New(zap.InfoLevel)
	h, m := newHealth(zap.New(core), "gateway:4317", func() time.Time { return now }), newMachine()
	h.setHost(m)
	bad, ok := componentstatus.StatusRecoverableError, componentstatus.StatusOK
	one, two, rest := request("a", "b"), request("c"), request("b")
	denied, away := &refusal{code: "PermissionDenied"}, &refusal{code: "Unavailable"}

	h.delivered(one)
	assert.Empty(t, m.statuses)
	h.failed(one, rest, denied)
	h.failed(two, two, denied)
	h.failed(rest, rest, away)
	assert.Equal(t, []componentstatus.Status{bad}, m.statuses)
	h.delivered(rest)
	h.delivered(request("passing by"))
	assert.Equal(t, []componentstatus.Status{bad}, m.statuses, "two still waits")
	h.delivered(two)
	assert.Equal(t, []componentstatus.Status{bad, ok}, m.statuses)
	h.failed(one, one, away)
	assert.Equal(t, []componentstatus.Status{bad, ok, bad}, m.statuses)

	assert.Equal(t, 2, log.FilterMessageSnippet("are not forwarded").Len(), "one line for each code")
	assert.Equal(t, 1, log.FilterMessage("records are forwarded again").Len())
	log.TakeAll()
	for range 1000 {
		h.failed(one, one, away)
	}
	assert.Zero(t, log.Len())
	now = now.Add(sayEvery)
	h.failed(one, one, away)
	assert.Equal(t, 1, log.Len())
	assert.EqualValues(t, 1001, log.All()[0].ContextMap()["failures_not_logged"])
}

// TestWarning: what comes with a success is said once a minute.
func TestWarning(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	core, log := observer.New(zap.InfoLevel)
	h := newHealth(zap.New(core), "gateway:4317", func() time.Time { return now })
	h.warned(strings.Repeat("ü", 500))
	h.warned("again")
	assert.Equal(t, 1, log.Len())
	assert.Len(t, log.All()[0].ContextMap()["answer"], 300+len("…"))
	now = now.Add(sayEvery)
	h.warned("later")
	assert.Equal(t, 2, log.Len())
}
