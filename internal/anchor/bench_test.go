package anchor_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkAdd is what a transaction of many tenants adds.
func BenchmarkAdd(b *testing.B) {
	const tenants = 1000
	f := open(b, filepath.Join(b.TempDir(), "anchors"))
	b.ReportAllocs()
	for size := range b.N {
		b.StopTimer()
		notes := make([][]byte, tenants)
		for i := range notes {
			notes[i] = note(fmt.Sprint("tenant-", i), 0, int64(size)+1)
		}
		b.StartTimer()
		require.NoError(b, f.Add(notes...))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tenants, "ns/note")
}
