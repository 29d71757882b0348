package mutation

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/testbed/collector"
)

var (
	seeds    = flag.Int("seeds", 0, "`number` of seeds of TestMutations; 0 is each case once")
	oneSeed  = flag.Int("seed", -1, "the only `seed` to run")
	operator = flag.String("operator", "", "run only the cases of the operator with this `name`")
	update   = flag.Bool("update", false, "write table.md anew")
	memory   = flag.String("memory", "/dev/shm", "`directory` in memory for journals, where there is one")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // stores are small and short-lived
	os.Exit(storetest.Main(m))
}

// labs are those of one goroutine.
type labs struct {
	t      *testing.T
	dir    string
	shared *Lab
}

func (l *labs) Shared() *Lab { return l.shared }

func (l *labs) Private() (*Lab, func(), error) {
	dir, err := os.MkdirTemp(l.dir, "private-")
	if err != nil {
		return nil, nil, err
	}
	lab, err := l.open(dir)
	if err != nil {
		return nil, nil, err
	}
	return lab, func() { _ = lab.Close(context.WithoutCancel(l.t.Context())) }, nil
}

func (l *labs) open(dir string) (*Lab, error) {
	db := storetest.NewDatabase(l.t)
	return Open(l.t.Context(), dir, URLs{db.SuperURL, db.WriterURL, db.AuditorURL}, time.Now)
}

func newLabs(t *testing.T) *labs {
	t.Helper()
	parent := *memory
	if _, err := os.Stat(parent); err != nil {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "otelaudit-mutation-") //nolint:usetesting // in memory: a journal's fsync is not what is tested here
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l := &labs{t: t, dir: dir}
	l.shared, err = l.open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.shared.Close(context.WithoutCancel(t.Context())) })
	return l
}

// TestMutations attacks a store and a journal per seed. A seed that fails says
// how it is run again.
func TestMutations(t *testing.T) {
	cases := Cases()
	chosen := chooseSeeds(cases)
	var next, failed atomic.Int64
	var wait sync.WaitGroup
	var mu sync.Mutex // guards broken
	broken := map[string]int{}
	const shown = 3                       // of each case
	for range runtime.GOMAXPROCS(0) + 1 { // each waits for PostgreSQL in turns
		l := newLabs(t)
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(chosen)) && t.Context().Err() == nil; i = next.Add(1) - 1 {
				seed := chosen[i]
				if err := Run(t.Context(), l, cases, seed); err != nil {
					failed.Add(1)
					name := cases[seed%uint64(len(cases))].String()
					mu.Lock()
					broken[name]++
					n := broken[name]
					mu.Unlock()
					if n <= shown {
						t.Errorf("seed %d: %s: %v\nagain: go test ./testbed/mutation -run TestMutations -seed %d", seed, name, err, seed)
					}
				}
			}
		})
	}
	wait.Wait()
	clean := 0
	for _, seed := range chosen {
		if cases[seed%uint64(len(cases))].Operator == nil {
			clean++
		}
	}
	t.Logf("%d seeds: %d operators, %d cases, %d untouched stores among them, %d failed in %d cases",
		len(chosen), len(Operators()), len(cases), clean, failed.Load(), len(broken))
}

func chooseSeeds(cases []Case) []uint64 {
	if *oneSeed >= 0 {
		return []uint64{uint64(*oneSeed)}
	}
	n := *seeds
	if n == 0 {
		n = len(cases)
	}
	var chosen []uint64
	for seed := range uint64(n) {
		if c := cases[seed%uint64(len(cases))]; *operator == "" || c.Operator != nil && c.Operator.Name == *operator {
			chosen = append(chosen, seed)
		}
	}
	return chosen
}

// The table that people read says what the code checks.
func TestTable(t *testing.T) {
	const path = "table.md"
	want := Table()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(text), "run: go test ./testbed/mutation -run TestTable -update")
	root, err := collector.Root()
	require.NoError(t, err)
	page := filepath.Join(root, "docs", "integrity.md")
	document, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(document), begin)
	require.True(t, found, "docs/integrity.md has no %s", begin)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found, "docs/integrity.md has no %s", end)
	whole := before + begin + "\n" + want + end + after
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(whole), 0o644))
		return
	}
	require.Equal(t, whole, string(document), "run: go test ./testbed/mutation -run TestTable -update")
}

const (
	begin = "<!-- mutation:begin -->"
	end   = "<!-- mutation:end -->"
)

// Every operator has its own name, and is expected to be made something of.
func TestOperatorsAreComplete(t *testing.T) {
	names := map[string]bool{}
	for _, o := range Operators() {
		assert.False(t, names[o.Name], "two operators are called %s", o.Name)
		names[o.Name] = true
		assert.NotEmpty(t, o.Does, o.Name)
		assert.NotEqual(t, [3]*expectation{}, o.expect, o.Name)
		assert.NotEqual(t, o.apply == nil, o.applyJournal == nil, o.Name)
		for _, e := range o.expect {
			if e != nil && (e.by[Tree].precision == unseen || e.by[Tree].precision == unsure) {
				assert.NotEmpty(t, e.why, o.Name+" is not found, and nobody says why")
			}
		}
	}
	assert.GreaterOrEqual(t, len(names), 24)
}
