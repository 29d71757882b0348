package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/testbed/metrics"
)

// book is what a collector said of itself at the beginning of a round.
type book struct {
	starts int
	before metrics.Snapshot
}

// openBooks reads every collector's metrics.
func (l *Lab) openBooks(ctx context.Context) ([]book, error) {
	books := make([]book, len(l.Nodes))
	for i, n := range l.Nodes {
		before, err := metrics.Fetch(ctx, n.Metrics)
		if err != nil {
			return nil, err
		}
		books[i] = book{starts: n.starts, before: before}
	}
	return books, nil
}

// inFlight is how long what nobody waits for any more may take to end: requests of
// clients that have given up, and what such clients have put into the queue.
const inFlight = 20 * time.Second

// balance holds every collector that ran throughout the round to its own figures:
// each record that came in is stored, a duplicate, in quarantine or refused.
func (l *Lab) balance(ctx context.Context, row *Row, books []book) error {
	for i, n := range l.Nodes {
		if n.starts != books[i].starts {
			continue // its counters began anew; the ledgers tell of it
		}
		ended, cancel := context.WithTimeout(ctx, inFlight)
		after, wrong, err := metrics.Settle(ended, n.Metrics, books[i].before)
		cancel()
		if err != nil {
			return err
		}
		if wrong != nil {
			row.find(fmt.Sprintf("the metrics of %s: %v", n.Dir, wrong))
		}
		row.balanced(n.Dir, metrics.Balances(books[i].before, after))
	}
	return nil
}

// balanced counts the equations that say something: every collector has load, so
// one whose places saw no record was asked for nothing.
func (r *Row) balanced(of string, balances []metrics.Balance) {
	said := 0
	for _, b := range balances {
		if b.In > 0 {
			said++
		}
	}
	r.Equations += said
	if said == 0 {
		r.find(fmt.Sprintf("the metrics of %s know of no record", of))
	}
}
