package loadgen

import (
	"maps"
	"sync"
)

// Fate is what a client knows of an event it sent.
type Fate int

// The fates: an event that was Sent may be stored or not; one that was
// Acknowledged must be; one that was Refused for good must not be.
const (
	Sent Fate = iota
	Refused
	Acknowledged
)

// Ledger remembers the fate of every event. It is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex // guards fates
	fates map[string]Fate
}

// NewLedger makes an empty one.
func NewLedger() *Ledger { return &Ledger{fates: map[string]Fate{}} }

// Record writes down the fate of events. What was acknowledged once stays so.
func (l *Ledger) Record(fate Fate, events ...Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if old, known := l.fates[e.Marker]; !known || fate > old {
			l.fates[e.Marker] = fate
		}
	}
}

// Fates is a copy of the whole ledger, by marker.
func (l *Ledger) Fates() map[string]Fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.fates)
}

// Count is how many events have a fate.
func (l *Ledger) Count(fate Fate) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, f := range l.fates {
		if f == fate {
			n++
		}
	}
	return n
}
