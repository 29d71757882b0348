package overload

import (
	"cmp"
	"context"
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	full  = flag.Bool("full", false, "run the cases in full size (some 17 minutes)")
	lasts = flag.Duration("for", 0, "how long each case presses, in place of that of its size")
	down  = flag.Duration("down", 0, "how long PostgreSQL is away, in place of that")
	only  = flag.String("case", "", "run the case of this `name` only")
)

// TestOverload runs every case and prints what became of it.
func TestOverload(t *testing.T) {
	scale := Short
	if *full {
		scale = Full
	}
	scale.For = cmp.Or(*lasts, scale.For)
	scale.Down = cmp.Or(*down, scale.Down)
	server, err := Serve(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop(context.Background())) })
	var results []Result
	for _, c := range Cases() {
		if *only != "" && *only != c.Name {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			r, err := c.Run(t.Context(), server, scale)
			require.NoError(t, err)
			results = append(results, r)
			assert.Empty(t, r.Failures)
			t.Log("\n" + Table([]Result{r}))
		})
	}
	t.Log("\n" + Table(results))
}

// TestJudge holds that each figure that must not be fails the case.
func TestJudge(t *testing.T) {
	t.Parallel()
	good := Result{Acknowledged: 1, Stored: 1, Verdict: "intact", Peak: MaxMebibytes - 1}
	for name, spoil := range map[string]func(*Result){
		"lost": func(r *Result) { r.Lost = 1 }, "doubled": func(r *Result) { r.Doubled = 1 }, "quarantined": func(r *Result) { r.Quarantined = 1 },
		"verdict": func(r *Result) { r.Verdict = "altered" }, "peak": func(r *Result) { r.Peak = MaxMebibytes }, "nothing": func(r *Result) { r.Acknowledged = 0 },
	} {
		r := good
		r.judge()
		assert.Empty(t, r.Failures)
		spoil(&r)
		r.judge()
		assert.Len(t, r.Failures, 1, name)
	}
}
