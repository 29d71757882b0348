package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// BenchmarkWrite is one transaction after the other on one connection.
func BenchmarkWrite(b *testing.B) {
	for _, records := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("records=%d", records), func(b *testing.B) {
			d := storetest.NewDatabase(b)
			w := newWriter(b, d.WriterURL)
			outcomes := make([]store.Outcome, records)
			b.ReportAllocs()
			for i := range b.N {
				b.StopTimer()
				list := make([]*store.Event, records)
				for j := range list {
					list[j] = events(b, audit("acme", fmt.Sprintf("e-%09d-%d", i, j), "", j))[0]
				}
				clear(outcomes)
				b.StartTimer()
				require.NoError(b, w.Write(context.Background(), list, outcomes))
			}
			b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
