package auditexporter

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store"
)

// A database that cannot be reached is said once, asked once a minute, and is
// no obstacle to closing.
func TestRollerIsQuietAboutFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, err := pgurl.Parse("postgres://collector@127.0.0.1:1/audit?sslmode=disable", applicationName)
		require.NoError(t, err)
		dials := 0
		config.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, errors.New("no route")
		}
		core, logs := observer.New(zap.DebugLevel)
		closed := make(chan struct{})
		r := &roller{
			writer: store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", Now: time.Now}),
			logger: zap.New(core), now: time.Now, closed: closed,
		}
		go func() {
			time.Sleep(10*time.Minute + time.Second)
			close(closed)
		}()
		r.run(t.Context())
		assert.Equal(t, 10, dials)
		assert.Equal(t, 1, logs.Len())
	})
}
