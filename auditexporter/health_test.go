package auditexporter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// clock is a time that only the test moves.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func watched(t *testing.T, shards int) (*health, *clock, *logged, *statusHost) {
	t.Helper()
	log, host := observe(t)
	c := &clock{now: time.Unix(1_763_800_000, 0)}
	h := newHealth(zap.New(log.core), c.read, shards)
	h.host = host
	return h, c, log, host
}

// A database that comes and goes every second is not told of every second.
func TestFlappingIsSaidOnceAMinute(t *testing.T) {
	h, c, log, _ := watched(t, 2)
	for range 5 * 60 {
		h.failed(sourceShard(0), errors.New("one thing"))
		c.now = c.now.Add(500 * time.Millisecond)
		h.succeeded(sourceShard(0))
		h.failed(sourceShard(1), errors.New("another thing"))
		c.now = c.now.Add(500 * time.Millisecond)
		h.succeeded(sourceShard(1))
	}
	text := log.text()
	for _, line := range []string{"one thing", "another thing"} {
		assert.GreaterOrEqual(t, strings.Count(text, line), 4, text)
		assert.LessOrEqual(t, strings.Count(text, line), 5, text)
	}
	assert.LessOrEqual(t, strings.Count(text, "stored again"), 10, text)
}

// Only the shard itself, or a long silence, ends its failing.
func TestHealthIsThatOfEachShard(t *testing.T) {
	h, c, _, host := watched(t, 3)
	assert.True(t, h.reached())
	assert.Equal(t, componentstatus.StatusOK, host.last)
	fail := func() { h.failed(sourceShard(1), errors.New("no session")) }

	h.trying(sourceShard(1), true)
	fail()
	for range 10 {
		h.succeeded(sourceShard(0))
		h.succeeded(sourceShard(2))
		c.now = c.now.Add(writeGrace)
		assert.False(t, h.reached(), "the shard is still at it")
	}
	assert.Equal(t, componentstatus.StatusRecoverableError, host.last)
	assert.Equal(t, 1, host.count(componentstatus.StatusOK))
	assert.True(t, h.away(sourceShard(1), time.Minute))
	assert.False(t, h.away(sourceShard(1), time.Hour))
	assert.False(t, h.away(sourceShard(0), time.Second))
	h.succeeded(sourceShard(1))
	assert.Equal(t, componentstatus.StatusOK, host.last)
	assert.False(t, h.away(sourceShard(1), 0))

	fail()
	h.trying(sourceShard(1), false)
	assert.False(t, h.reached(), "it may fail again at once")
	c.now = c.now.Add(sessionGrace + 1)
	assert.True(t, h.reached())
	assert.Equal(t, componentstatus.StatusOK, host.last)

	h.failed(sourcePartitions, errors.New("no session"))
	assert.Equal(t, componentstatus.StatusRecoverableError, host.last)
	assert.False(t, h.away(sourceShard(0), 0))
	h.succeeded(sourceShard(0))
	assert.Equal(t, componentstatus.StatusOK, host.last, "whoever writes has reached the database")
}
