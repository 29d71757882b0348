package overload

import (
	"cmp"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
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
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		assert.NoError(t, server.Stop(ctx))
	})
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

// TestBoundsAreThoseShipped compares the receiver with that of config/gateway.yaml,
// but for where it listens and who may send.
func TestBoundsAreThoseShipped(t *testing.T) {
	t.Parallel()
	shipped, err := os.ReadFile(filepath.Join("..", "..", "config", "gateway.yaml"))
	require.NoError(t, err)
	protocols := func(text string) map[string]map[string]any {
		var c struct {
			Receivers struct {
				OTLP struct {
					Protocols map[string]map[string]any
				} `yaml:"otlp"`
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &c))
		for _, protocol := range c.Receivers.OTLP.Protocols {
			for _, differs := range []string{"endpoint", "tls", "auth"} {
				delete(protocol, differs)
			}
		}
		return c.Receivers.OTLP.Protocols
	}
	want := protocols(string(shipped))
	require.Len(t, want, 2)
	assert.Equal(t, want, protocols(configuration))
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
