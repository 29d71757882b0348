package auditexporter

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store"
)

// While nothing can be reached, failing writes do not make the keeper try more
// often than its back-off says.
func TestKeeperBacksOffUnderTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, err := pgurl.Parse("postgres://collector@127.0.0.1:1/audit?sslmode=disable", applicationName)
		require.NoError(t, err)
		dials := 0
		config.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, errors.New("no route")
		}
		h := newHealth(zap.NewNop(), time.Now, 1)
		k := newKeeper(store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", Now: time.Now}), 2, h)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var traffic sync.WaitGroup
		traffic.Go(func() {
			for ctx.Err() == nil {
				h.failed(sourceShard(0), errors.New("no route"))
				time.Sleep(10 * time.Millisecond)
			}
		})
		k.run(ctx)
		traffic.Wait()
		assert.LessOrEqual(t, dials, 15, "1, 2, 4 and then every 5 seconds")
		assert.GreaterOrEqual(t, dials, 10)
	})
}
