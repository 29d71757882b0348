package chaos

import (
	"context"
	"math/rand/v2"
	"time"
)

// Fault is something that happens under load.
type Fault struct {
	Name  string
	Setup Setup
	// Modes in which it makes sense; nil means both.
	Modes []Mode
	// Loses says that acknowledged events are gone with a server. The row counts
	// those that verify reported as gone apart; any other is lost.
	Loses bool
	// Happen hurts the lab and returns how often it did, when it is over or, by
	// the proxy's rules, under way. Load goes on all the while. Whatever it stopped
	// it has started again.
	Happen func(ctx context.Context, l *Lab, random *rand.Rand) (faults int, err error)
}

// Faults is the matrix.
func Faults() []Fault {
	var all []Fault
	all = append(all, wireFaults()...)
	all = append(all, byteFaults()...)
	all = append(all, momentFaults()...)
	all = append(all, serverFaults()...)
	all = append(all, collectorFaults()...)
	all = append(all, diskFaults()...)
	all = append(all, migrationFaults()...)
	all = append(all, timeFaults()...)
	return all
}

// between is a random time from low to high.
func between(random *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(random.Int64N(int64(high-low)+1))
}
