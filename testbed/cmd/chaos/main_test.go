package main

import (
	"io"
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
	}
	for _, markdown := range []bool{false, true} {
		var out strings.Builder
		s := settings{path: t.TempDir() + "/build/chaos.json", markdown: markdown}
		require.NoError(t, s.show(table, &out))
		assert.Contains(t, out.String(), "b (durable-queue): not run")
		assert.FileExists(t, s.path)
		assert.False(t, table.Clean())
		if !markdown {
			assert.Contains(t, out.String(), "lg-1 is nowhere")
		}
	}
}
