package seal_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// randomBatch is events of a few tenants and few names, so that there are
// duplicates and conflicts with what is stored and within the batch.
func randomBatch(t testing.TB, random *rand.Rand, names int) (list []*store.Event) {
	for range 1 + random.IntN(40) {
		list = append(list, event(t, fmt.Sprintf("t%d", random.IntN(4)), fmt.Sprintf("e%d", random.IntN(names)), random.IntN(2)))
	}
	return list
}

// checkAnchors holds every anchor of a file against the commit of its size.
func checkAnchors(t testing.TB, d *storetest.Database, file string) (anchored int) {
	t.Helper()
	notes, err := anchor.ReadFile(file)
	require.NoError(t, err)
	for _, note := range notes {
		c, err := anchor.Unverified(note)
		require.NoError(t, err)
		found := false
		for _, row := range rows[commitRow](t, d, "SELECT tenant_id, epoch, size, prev_size, recorded_at, root, frontier, note FROM audit_commits WHERE size = $1", c.Size) {
			found = found || merkle.TenantOrigin(logName, row.Tenant, row.Epoch) == c.Origin && bytes.Equal(row.Root, c.Root[:])
		}
		assert.True(t, found, "%s at %d is in the store", c.Origin, c.Size)
	}
	return len(notes)
}

// Two collectors, one after the other in any order, restarted at random.
func TestAnyBatchesMakeOneTree(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(11, 12))
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	collectors := make([]*collector, len(files))
	seen := make(map[store.Status]int)
	for batch := range 200 {
		i := random.IntN(len(files))
		if collectors[i] != nil && random.IntN(10) == 0 {
			collectors[i].stop()
			collectors[i] = nil
		}
		if collectors[i] == nil {
			collectors[i] = newCollector(t, d.WriterURL, ring(t, "one"), files[i])
		}
		for _, o := range collectors[i].write(t, randomBatch(t, random, 50+batch*5)) {
			require.NoError(t, o.Cause)
			seen[o.Status]++
		}
	}
	for _, status := range []store.Status{store.Stored, store.Duplicate, store.Conflict} {
		require.NotZero(t, seen[status])
	}
	require.Greater(t, checkTrees(t, d, ring(t, "one")), 300)
	for i, c := range collectors {
		require.Empty(t, c.told.anchorFailed)
		c.stop()
		require.Positive(t, checkAnchors(t, d, files[i]))
	}
}

// Several writers of two collectors at once, all on the same tenants: writers of
// one process share a Sealer, and a tenant may move from one to another.
func TestConcurrentWritersMakeOneTree(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	dir := t.TempDir()
	var group sync.WaitGroup
	var files []string
	for process := range 2 {
		file := filepath.Join(dir, strconv.Itoa(process))
		files = append(files, file)
		c := newCollector(t, d.WriterURL, ring(t, "one"), file)
		for n := range 3 {
			w := newWriter(t, d.WriterURL, c.sealer)
			random := rand.New(rand.NewPCG(uint64(process), uint64(n)))
			group.Go(func() {
				for batch := range 30 {
					list := randomBatch(t, random, 100+batch*30)
					outcomes := make([]store.Outcome, len(list))
					if err := w.Write(context.Background(), list, outcomes); err != nil {
						t.Error(err)
						return
					}
					for _, o := range outcomes {
						assert.NotEqual(t, store.Refused, o.Status, "%v", o.Cause)
					}
				}
			})
		}
	}
	group.Wait()
	require.Greater(t, checkTrees(t, d, ring(t, "one")), 100)
	for _, file := range files {
		require.Positive(t, checkAnchors(t, d, file))
	}
}

// The roots of many tenants in one transaction are signed in parallel.
func TestManyTenantsInOneTransaction(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	c := newCollector(t, d.WriterURL, ring(t, "one"), filepath.Join(t.TempDir(), "anchors"))
	for round := range 3 {
		var list []*store.Event
		for i := range 300 {
			list = append(list, events(t, fmt.Sprintf("tenant-%03d", i), 5*round, 1+i%3)...)
		}
		c.stores(t, list)
	}
	require.Equal(t, 900, checkTrees(t, d, ring(t, "one")))
}
