package auditprocessor

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// unknownActions notices events whose action no pattern of
// telemetry.known_actions matches: each record is counted, each action once, and
// the log names it. Safe for concurrent use.
type unknownActions struct {
	known  []string // globs
	logger *zap.Logger

	mu      sync.RWMutex    // guards the rest
	judged  map[string]bool // action: whether it is known
	unknown int             // in judged
}

const (
	// maxJudged bounds what is remembered: 10,000 actions of 256 bytes are 3 MB. Who
	// makes more up is counted all the same, and known ones are judged anew each time.
	maxJudged = 10_000
	// maxUnknown leaves room in it for the known ones, and bounds the log.
	maxUnknown = 1_000
)

// newUnknownActions returns nil where nothing says which actions are known.
func newUnknownActions(known []string, logger *zap.Logger) *unknownActions {
	if len(known) == 0 {
		return nil
	}
	return &unknownActions{known: known, logger: logger, judged: make(map[string]bool)}
}

// start has the counters there from 0 on: an alert on the first of its kind needs
// a time when there was none.
func (u *unknownActions) start(ctx context.Context, telemetry *metadata.TelemetryBuilder) {
	if u != nil {
		telemetry.ProcessorAuditUnknownActions.Add(ctx, 0)
		telemetry.ProcessorAuditUnknownActionRecords.Add(ctx, 0)
	}
}

// see judges the action of one record: whether it is unknown, and whether it is
// the first of its kind.
func (u *unknownActions) see(action string) (unknown, first bool) {
	if u == nil {
		return false, false
	}
	u.mu.RLock()
	known, judged := u.judged[action]
	u.mu.RUnlock()
	if judged {
		return !known, false
	}
	known = stage.MatchAny(u.known, action)
	if first = u.remember(action, known) && !known; first {
		u.logger.Warn("an event with an action that telemetry.known_actions does not have: the first since the start of this collector; find it with otelaudit list --action", zap.String("action", action))
	}
	return !known, first
}

// remember returns whether the action was not there and had room.
func (u *unknownActions) remember(action string, known bool) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, there := u.judged[action]; there || len(u.judged) >= maxJudged || !known && u.unknown >= maxUnknown {
		return false
	}
	u.judged[action] = known
	if !known {
		u.unknown++
	}
	return true
}
