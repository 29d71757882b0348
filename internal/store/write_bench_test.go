package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// BenchmarkWrite is one transaction after the other on one connection, each with
// and without signatures: benchstat -col /sealed.
func BenchmarkWrite(b *testing.B) {
	for _, tenants := range []int{1, 100, 1000} {
		for _, records := range []int{1, 100, 1000} {
			if records < tenants {
				continue
			}
			for _, sealed := range []bool{false, true} {
				b.Run(fmt.Sprintf("tenants=%d/records=%d/sealed=%t", tenants, records, sealed), func(b *testing.B) {
					benchWrite(b, tenants, records, sealed)
				})
			}
		}
	}
}

func benchWrite(b *testing.B, tenants, records int, sealed bool) {
	d := storetest.NewDatabase(b)
	w := newWriter(b, d.WriterURL)
	if sealed {
		file, err := anchor.Open(filepath.Join(b.TempDir(), "anchors"))
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, file.Close()) })
		w = newWriter(b, d.WriterURL, sealWith(newSealer(b, file)))
	}
	outcomes := make([]store.Outcome, records)
	b.ReportAllocs()
	for i := range b.N {
		b.StopTimer()
		list := make([]*store.Event, records)
		for j := range list {
			list[j] = events(b, audit(fmt.Sprint("tenant-", j%tenants), fmt.Sprintf("e-%09d-%d", i, j), "", j))[0]
		}
		clear(outcomes)
		b.StartTimer()
		require.NoError(b, w.Write(context.Background(), list, outcomes))
	}
	b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "records/s")
}
