package auditconnector

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestNoisyLog(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	core, logs := observer.New(zap.InfoLevel)
	log := newNoisyLog(zap.New(core), func() time.Time { return now })

	log.recovered("there was no trouble")
	assert.Zero(t, logs.Len())

	for range 1000 {
		log.warn("trouble", errors.New("down"))
	}
	log.recovered("over")
	log.recovered("over")
	lines := logs.TakeAll()
	assert.Len(t, lines, 2)
	assert.Equal(t, "trouble", lines[0].Message)
	assert.Equal(t, "over", lines[1].Message)

	for range 100 {
		log.warn("trouble", errors.New("down"))
		log.recovered("over")
	}
	assert.Empty(t, logs.TakeAll(), "trouble that comes and goes is no flood either")

	now = now.Add(noisyInterval)
	log.warn("trouble", errors.New("down"))
	lines = logs.TakeAll()
	assert.Len(t, lines, 1)
	assert.EqualValues(t, 999+100, lines[0].ContextMap()["same_since_last_line"])
}
