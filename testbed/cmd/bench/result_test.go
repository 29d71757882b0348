package main

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aRun is one of each case, in which everything is met but the memory.
func aRun() []result {
	return []result{
		{Case: caseEndToEnd, Size: "ordinary", ClientBatch: 1000, Tenants: 1, Callers: 8, Sinks: "store", EventsPerSecond: 900},
		{Case: caseEndToEnd, Size: "ordinary", ClientBatch: 1, Tenants: 1, Callers: 256, Sinks: "store", EventsPerSecond: 450},
		{Case: caseEndToEnd, Size: "large", ClientBatch: 1000, Tenants: 100, Callers: 8, Sinks: "store", EventsPerSecond: 90},
		{Case: caseAlone, Size: "ordinary", ClientBatch: 1, Tenants: 1, Callers: 1, Sinks: "store", P99Milliseconds: new(0.3)},
		{Case: copyCase(1, false), Size: "ordinary", Tenants: 1, Callers: 1, EventsPerSecond: 1000},
		{Case: copyCase(2, false), Size: "ordinary", Tenants: 1, Callers: 2, EventsPerSecond: 5000},
		{Case: copyCase(1, true), Size: "ordinary", Tenants: 1, Callers: 1, EventsPerSecond: 2000},
		{Case: copyCase(2, false), Size: "large", Tenants: 100, Callers: 2, EventsPerSecond: 100},
		{Case: insertCase(1), Size: "ordinary", Tenants: 1, Callers: 1, EventsPerSecond: 100, P99Milliseconds: new(0.2)},
		{Case: insertCase(256), Size: "ordinary", Tenants: 1, Callers: 256, EventsPerSecond: 200},
		{Case: caseNop, Size: "ordinary", ClientBatch: 1, Tenants: 1, Callers: 256, EventsPerSecond: 500},
		{Case: "peer_slow", Size: "ordinary", EventsPerSecond: 100, Arrived: new(1)},
		{Case: "peer_fast", Size: "ordinary", EventsPerSecond: 300, Arrived: new(1)},
		{Case: "peer_fast" + withIndexes, Size: "ordinary", EventsPerSecond: 200, Arrived: new(1)},
		{Case: "peer_absent", Size: "ordinary", Note: "not installed"},
		{Case: caseGrowth, Size: "small", ClientBatch: 1000, Tenants: 100, Callers: 8, RowsBefore: 30_000_000, EventsPerSecond: 95},
		{Case: caseGrowth, Size: "small", ClientBatch: 1000, Tenants: 100, Callers: 8, RowsBefore: 1_000_000, EventsPerSecond: 100},
		{Case: caseOverload, Size: "ordinary", PeakRSSMebibytes: new(301.0)},
	}
}

func TestRatiosAreToTheLimitsOfTheSameCase(t *testing.T) {
	t.Parallel()
	results := aRun()
	relate(results)
	batches, big := results[0], results[2]
	assert.InDelta(t, 0.9, *batches.RatioToCopy, 1e-9, "one tenant: one connection")
	assert.InDelta(t, 0.45, *batches.RatioToCopyWithoutIdxs, 1e-9)
	assert.InDelta(t, 9, *batches.RatioToInsert, 1e-9)
	assert.InDelta(t, 3, *batches.RatioToPeers, 1e-9, "the fastest peer")
	assert.InDelta(t, 0.9, *big.RatioToCopy, 1e-9, "large rows beside large rows")
	assert.Nil(t, big.RatioToPeers, "peers were sent ordinary events")
	assert.Nil(t, big.RatioToInsert, "not measured")
	assert.InDelta(t, 0.95, *results[15].RatioToFewRows, 1e-9)
	assert.Nil(t, results[16].RatioToFewRows)
}

func TestGoalsSayWhatIsMetAndWhatWasNotMeasured(t *testing.T) {
	t.Parallel()
	verdicts := func(results []result) (list []string) {
		relate(results)
		for _, g := range goalsOf(results) {
			list = append(list, g.verdict())
		}
		return list
	}
	// The run has no case of 100 tenants: where those count too, it is half of the answer.
	assert.Equal(t, []string{partly, partly, partly, partly, partly, partly, pass, partly, pass, fail}, verdicts(aRun()))
	both := goal{least: 1, figures: []figureOf{{value: new(1.0)}, {value: new(2.0)}}}
	assert.Equal(t, pass, both.verdict())
	both.figures[1].value = new(0.9)
	assert.Equal(t, fail, both.verdict())
	both.figures = append(both.figures, figureOf{})
	assert.Equal(t, fail, both.verdict(), "bad enough whatever the third is")

	// Each goal fails when its figure does.
	for i, break1 := range []func([]result){
		func(r []result) { r[4].EventsPerSecond = 1200 },
		func(r []result) { r[6].EventsPerSecond = 2300 },
		func(r []result) { r[8].EventsPerSecond = 120 },
		func(r []result) { r[12].EventsPerSecond = 901 },
		func(r []result) { r[13].EventsPerSecond = 901 },
		func(r []result) { r[3].P99Milliseconds = new(0.31) },
		func(r []result) { r[10].EventsPerSecond = 600 },
		func(r []result) { r[9].EventsPerSecond = 451 },
		func(r []result) { r[15].EventsPerSecond = 89 },
	} {
		results := aRun()
		break1(results)
		assert.Equal(t, fail, verdicts(results)[i], "goal %d", i)
	}
	for _, verdict := range verdicts(nil) {
		assert.Equal(t, notMeasured, verdict)
	}
	small := aRun()
	small[15].RowsBefore = 10_000_000
	assert.Equal(t, notMeasured, verdicts(small)[8], "a smaller store says nothing about 30 million")
}

func TestPhasesFillInOneTable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bench.json")
	before, err := readJSON(path)
	require.NoError(t, err)
	require.NoError(t, writeJSON(path, merge(before, aRun())))
	before, err = readJSON(path)
	require.NoError(t, err)
	require.Len(t, before, len(aRun()))
	again := result{Case: caseEndToEnd, Size: "ordinary", ClientBatch: 1000, Tenants: 1, Callers: 8, Sinks: "store", EventsPerSecond: 901}
	other := result{Case: caseGrowth, Size: "small", ClientBatch: 1000, Tenants: 100, Callers: 8, RowsBefore: 10_000_000, EventsPerSecond: 1}
	merged := merge(before, []result{again, other})
	assert.Len(t, merged, len(aRun())+1)
	assert.InDelta(t, 901, merged[0].EventsPerSecond, 0)
}

func TestPhasesAreChosenByName(t *testing.T) {
	t.Parallel()
	all, err := chosen("")
	require.NoError(t, err)
	assert.Len(t, all, len(phases))
	some, err := chosen("peers, growth")
	require.NoError(t, err)
	require.Len(t, some, 2)
	assert.Equal(t, "growth", some[1].name)
	for _, args := range [][]string{{"-only", "pears"}, {"-only", "1000/100"}, {"-only", "0/1/1"}, {"-sinks", "none"}, {"-repeats", "many"}, {"now"}} {
		require.ErrorIs(t, run(t.Context(), args, io.Discard, io.Discard), errUsage, args)
	}
	_, err = chosen("pears")
	require.ErrorContains(t, err, "limits, endtoend, sizes, peers, sinks, growth, overload, goals")
}

func TestTablesShowTheColumnsThatAreUsed(t *testing.T) {
	t.Parallel()
	results := aRun()
	relate(results)
	var out bytes.Buffer
	printMarkdown(&out, results[:2])
	assert.Equal(t, "| case | sinks | size | batch | tenants | callers | events/s | of COPY | of COPY without indexes | of one INSERT | of the fastest peer |\n"+
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"+
		"| `end_to_end` | store | ordinary | 1,000 | 1 | 8 | 900 | 0.90 | 0.45 | 9.0 | 3.0 |\n"+
		"| `end_to_end` | store | ordinary | 1 | 1 | 256 | 450 | 0.45 | 0.23 | 4.5 | 1.5 |\n", out.String())
	out.Reset()
	printMarkdown(&out, nil)
	assert.Empty(t, out.String())
	require.NoError(t, printTable(&out, results))
	assert.Contains(t, out.String(), "30,000,000")
	out.Reset()
	printGoalsMarkdown(&out, goalsOf(results))
	assert.Contains(t, out.String(), "| 0.90 (one tenant) | PASS |")
	assert.Contains(t, out.String(), "| 301 | FAIL |")
}

func TestGrowthIsMeasuredAtAMillionFirst(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []int{1_000_000}, growthSteps(1_000_000))
	assert.Equal(t, []int{1_000_000, 10_000_000, 30_000_000}, growthSteps(30_000_000))
	assert.Equal(t, []int{200_000}, growthSteps(200_000))
}
