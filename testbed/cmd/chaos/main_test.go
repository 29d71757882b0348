package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/chaos"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-only", "no such fault"}, {"-only", "("}, {"-skip", "."}, {"-mode", "sometimes"}, {"-rounds", "many"}, {"now"}} {
		require.ErrorIs(t, run(t.Context(), args, io.Discard, io.Discard), errUsage, args)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-list", "-only", "COMMIT", "-skip", "two collectors"}, &out, io.Discard))
	assert.Contains(t, out.String(), "answer to COMMIT lost\n")
	assert.NotContains(t, out.String(), "two collectors")
	assert.NotContains(t, out.String(), "month")
}

// TestShow holds that the table tells of what was not run and of what is not zero.
func TestShow(t *testing.T) {
	t.Parallel()
	table := chaos.Table{
		{Fault: "a", Mode: chaos.Synchronous, Rounds: 2, Wanted: 2, Faults: 3, Acknowledged: 5, Lost: 1, Why: []string{"lg-1 is nowhere"}},
		{Fault: "b", Mode: chaos.DurableQueue, Wanted: 2},
		{Fault: "c", Mode: chaos.Synchronous, Rounds: 1, Wanted: 4, Faults: 1, Reported: 7, Equations: 6},
		{Fault: "d", Mode: chaos.Synchronous, Wanted: 2, Verify: 3, Broken: true, Why: []string{"no hammer"}},
	}
	for _, markdown := range []bool{false, true} {
		var out strings.Builder
		s := settings{path: t.TempDir() + "/build/chaos.json", markdown: markdown}
		require.NoError(t, s.show(table, &out))
		assert.Contains(t, out.String(), "b (durable-queue): not run")
		assert.FileExists(t, s.path)
		assert.False(t, table.Clean())
		for _, says := range []string{"lg-1 is nowhere", "no hammer", "7 acknowledged events were gone", "with records in them: 6"} {
			assert.Contains(t, out.String(), says)
		}
		rows := map[string][]string{}
		for line := range strings.Lines(out.String()) {
			if cells := regexp.MustCompile(`\s*\|\s*|\s{2,}`).Split(strings.Trim(line, "| \n"), -1); len(cells) >= 9 {
				rows[cells[0]] = cells[2:]
			}
		}
		assert.Equal(t, []string{"2", "3", "0", "5", "0", "1", "0", "0"}, rows["a"])
		assert.Equal(t, []string{"0/2", "0", "0", "0", "0", "not run", "not run", "not run"}, rows["b"])
		assert.Equal(t, []string{"1/4", "1", "0", "0", "0", "0", "0", "0"}, rows["c"])
		assert.Equal(t, []string{"0/2", "0", "0", "0", "0", "broken", "broken", "3"}, rows["d"])
	}
}
