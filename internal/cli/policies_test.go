package cli

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// TestPolicyScripts runs the operator's commands, each script on a database of its
// own with three quarantined records.
func TestPolicyScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/policies/*.txtar")
	require.NoError(t, err)
	for _, script := range scripts {
		db := storetest.NewDatabase(t)
		plant(t, db.WriterURL)
		testscript.Run(t, testscript.Params{
			Files:               []string{script},
			RequireExplicitExec: true,
			Setup:               func(env *testscript.Env) error { return setURLs(env, db) },
		})
	}
}

func TestPeriods(t *testing.T) {
	for text, want := range map[string]int{
		"1d": 1, "365d": 365, "52w": 364, "1y": 366, "4y": 1461, "6y": 2192, "7y": 2557, "1y30d": 396, "100y": 36525, "1y2w3d": 383,
	} {
		days, err := parsePeriod(text)
		require.NoError(t, err, text)
		require.Equal(t, want, days, text)
	}
	for _, text := range []string{"", "0", "7", "y", "-5d", "1.5y", "12h", "1d1y", "1y1y", "0d", "0y0d", "101y", "1000y", "36526d", "99999999999999999999d", "100y1d", "1 y", "７y"} {
		_, err := parsePeriod(text)
		require.Error(t, err, text)
	}
}

func TestTheLongestFrameworkCounts(t *testing.T) {
	days, joined, err := longestOf([]string{"soc2", "HIPAA", "pci", "soc2"})
	require.NoError(t, err)
	require.Equal(t, 2192, days)
	require.Equal(t, "hipaa,pci,soc2", joined)
	for name, f := range frameworks {
		days, joined, err := longestOf([]string{name})
		require.NoError(t, err)
		require.Equal(t, name, joined)
		require.GreaterOrEqual(t, days, 365*f.years)
		require.NotEmpty(t, f.source)
	}
}
