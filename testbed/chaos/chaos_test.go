package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/database"
)

// quick are the faults that tell most in a few seconds each. `make chaos` does
// them all.
var quick = map[string][]Mode{
	"answer to COMMIT lost":                   {Synchronous, DurableQueue},
	"reset in the middle of COPY's rows":      {Synchronous},
	"TLS, bits flipped in records":            {Synchronous},
	"backend terminated in COMMIT, committed": {Synchronous},
	"backends terminated":                     {DurableQueue},
	"server immediate stop and recovery":      {DurableQueue},
	"collector SIGKILL":                       {Synchronous, DurableQueue},
	"collector SIGKILL while it starts":       {DurableQueue},
	"two collectors, one SIGKILL":             {Synchronous},
	"server's clock jumps":                    {Synchronous},
	"schema migrated under load":              {Synchronous},
	"serialization failure at COMMIT":         {Synchronous},
	"pooler killed (pgbouncer, transaction)":  {Synchronous},
	needsMount:                                {DurableQueue},
}

// needsMount gives a collector a small disk, which only root may.
const needsMount = "collector's disk full"

// TestFaults does one round of the quick ones with a fixed seed.
func TestFaults(t *testing.T) {
	t.Parallel()
	var faults []Fault
	for _, f := range Faults() {
		modes, wanted := quick[f.Name]
		if !wanted {
			continue
		}
		if f.Name == needsMount && os.Geteuid() != 0 {
			t.Logf("%s: left to root, who alone may mount a small disk", f.Name)
			continue
		}
		f.Modes = modes
		faults = append(faults, f)
	}
	var progress strings.Builder
	table := Run(t.Context(), Options{Dir: t.TempDir(), Seed: 1, Rounds: 1, Parallel: 4, Faults: faults, Progress: &progress, Now: time.Now})
	t.Log("\n" + progress.String())
	assert.True(t, table.Clean(), "see above")
	assert.Empty(t, table.Unfinished())
	names, equations := map[string]bool{}, 0
	for _, row := range table {
		names[row.Fault] = true
		equations += row.Equations
		assert.Positive(t, row.Faults, row.Fault)
		assert.Positive(t, row.Acknowledged, row.Fault)
		assert.GreaterOrEqual(t, row.Stored, row.Acknowledged, row.Fault)
	}
	assert.Len(t, names, len(faults))
	assert.Positive(t, equations, "the equation of the metrics was asked for")
	if os.Geteuid() == 0 {
		assert.Len(t, faults, len(quick), "a fault was renamed")
	}
}

// TestEveryFaultIsDocumented holds that each has a name of its own and a line in
// docs/reliability.md.
func TestEveryFaultIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/reliability.md")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, f := range Faults() {
		assert.False(t, names[f.Name], f.Name)
		names[f.Name] = true
		assert.Contains(t, string(text), "\n| "+f.Name+" | ")
	}
}

// idle makes a run whose only fault is f, on nothing.
func idle(t *testing.T, rounds int, deadline time.Time, faults ...Fault) Table {
	t.Helper()
	return Run(t.Context(), Options{
		Dir: t.TempDir(), Seed: 1, Rounds: rounds, Deadline: deadline, Faults: faults,
		Modes: []Mode{Synchronous}, Progress: &strings.Builder{}, Now: time.Now,
	})
}

// TestAFaultThatDoesNotBiteFails holds that nothing counts as survived that did
// not happen, and nothing as run that was not.
func TestAFaultThatDoesNotBiteFails(t *testing.T) {
	t.Parallel()
	happen := func(n int, err error) Fault {
		return Fault{Name: "f", Happen: func(context.Context, *Lab, *rand.Rand) (int, error) { return n, err }}
	}
	table := idle(t, 1, time.Time{}, happen(0, nil))
	require.Len(t, table, 1)
	assert.False(t, table.Clean())
	assert.Contains(t, strings.Join(table[0].Why, " "), "did not happen")

	table = idle(t, 1, time.Time{}, happen(1, errors.New("no hammer")))
	assert.False(t, table.Clean())
	assert.Contains(t, strings.Join(table[0].Why, " "), "no hammer")

	table = idle(t, 1, time.Time{}, happen(0, database.ErrNoMount))
	assert.True(t, table.Clean(), table[0].Why)
	assert.Equal(t, []string{"f (synchronous): not run"}, table.Unfinished(), "no other fault in its place")
	assert.Contains(t, strings.Join(table[0].Why, " "), "may not mount")

	table = idle(t, 2, time.Unix(1, 0), happen(1, nil))
	assert.Equal(t, []string{"f (synchronous): not run"}, table.Unfinished())
	assert.Zero(t, table[0].Rounds)
}
