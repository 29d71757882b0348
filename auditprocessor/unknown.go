package auditprocessor

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// unknownActions notices events whose action no pattern of
// telemetry.known_actions matches: each record is counted, each action of a tenant
// once, and the log names it. Safe for concurrent use.
type unknownActions struct {
	known  []string // globs
	logger *zap.Logger

	mu      sync.RWMutex    // guards the rest
	judged  map[string]bool // action: whether it is known
	unknown int             // in judged
	// seen are the unknown actions of each tenant, as hashes.
	seen map[string]map[uint64]struct{}
}

// stranger is a record with an unknown action.
type stranger struct {
	tenant, action string
	place          int // in the places of its request, beyond them where there are none
}

const (
	// maxJudged bounds what is remembered: 10,000 actions of 256 bytes are 3 MB. Who
	// makes more up is counted all the same, and known ones are judged anew each time.
	maxJudged = 10_000
	// maxUnknown leaves room in it for the known ones.
	maxUnknown = 1_000
	// maxSeen is how many actions of a tenant are counted and named: who makes up more
	// hides its own ones alone, and their records are counted.
	maxSeen = 100
	// maxStrange is of how many tenants they are remembered, in 3 MB. One beyond takes
	// the place of another, whose actions are then named again: noise, but no silence.
	maxStrange = 1_000
	// maxNamed bounds a line of the log.
	maxNamed = 100
)

// newUnknownActions returns nil where nothing says which actions are known.
func newUnknownActions(known []string, logger *zap.Logger) *unknownActions {
	if len(known) == 0 {
		return nil
	}
	return &unknownActions{known: known, logger: logger, judged: make(map[string]bool), seen: make(map[string]map[uint64]struct{})}
}

// start has the counters there from 0 on: an alert on the first of its kind needs
// a time when there was none.
func (u *unknownActions) start(ctx context.Context, telemetry *metadata.TelemetryBuilder) {
	if u != nil {
		telemetry.ProcessorAuditUnknownActions.Add(ctx, 0)
		telemetry.ProcessorAuditUnknownActionRecords.Add(ctx, 0)
	}
}

// strange reports whether the action of one record is unknown.
func (u *unknownActions) strange(action string) bool {
	if u == nil {
		return false
	}
	u.mu.RLock()
	known, judged := u.judged[action]
	u.mu.RUnlock()
	if judged {
		return !known
	}
	known = stage.MatchAny(u.known, action)
	u.remember(action, known)
	return !known
}

func (u *unknownActions) remember(action string, known bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, there := u.judged[action]; there || len(u.judged) >= maxJudged || !known && u.unknown >= maxUnknown {
		return
	}
	u.judged[strings.Clone(action)] = known // nothing of the text that it may be a part of
	if !known {
		u.unknown++
	}
}

// announce names the actions of a request that are new of their tenants, in one
// line of the log, because many lines at once are left out of it. It returns how
// many there are.
func (u *unknownActions) announce(strange []stranger) (first int) {
	var tenants, actions []string
	for _, s := range strange {
		if !u.first(s.tenant, s.action) {
			continue
		}
		first++
		if first <= maxNamed {
			tenants = append(tenants, s.tenant)
			actions = append(actions, s.action)
		}
	}
	if first > 0 {
		u.logger.Warn("events with an action that telemetry.known_actions does not have: the first of their tenants since the start of this collector; find them with otelaudit list --action",
			zap.Strings("actions", actions), zap.Strings("tenants", tenants), zap.Int("not_named_here", first-len(actions)))
	}
	return first
}

// first reports whether an unknown action is new of its tenant, and had room.
func (u *unknownActions) first(tenant, action string) bool {
	hash := maphash.String(seed, action)
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen[tenant]
	if _, there := seen[hash]; there || len(seen) >= maxSeen {
		return false
	}
	if seen == nil {
		for other := range u.seen {
			if len(u.seen) < maxStrange {
				break
			}
			delete(u.seen, other)
		}
		seen = make(map[uint64]struct{})
		u.seen[strings.Clone(tenant)] = seen
	}
	seen[hash] = struct{}{}
	return true
}
