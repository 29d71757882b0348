package main

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

// TestWriterAppendsToFilledRows fills a store as the growth phase does: a log
// whose head the writer refused would measure nothing.
func TestWriterAppendsToFilledRows(t *testing.T) {
	t.Parallel()
	server, err := database.Start(t.Context(), pglocal.Options{Dir: t.TempDir(), Volatile: true})
	require.NoError(t, err, "this test needs PostgreSQL")
	defer func() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		assert.NoError(t, server.Stop(ctx))
	}()
	db, err := server.New(t.Context())
	require.NoError(t, err)
	files, err := signing.New(t.TempDir())
	require.NoError(t, err)
	ring, err := keys.LoadRing(files.Key)
	require.NoError(t, err)
	config, err := pgurl.Parse(db.Writer, "growth")
	require.NoError(t, err)
	writer := store.NewWriter(store.WriterOptions{
		Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now, StatementTimeout: time.Minute,
		Sealer: seal.New(seal.Options{Ring: ring, Now: time.Now}),
	})
	defer writer.Close()
	write := func(tenant, id string) store.Status {
		rec := recordtest.Typical()
		rec.TenantID, rec.EventID = tenant, id
		var encoder store.Encoder
		event, err := encoder.Encode(rec, "")
		require.NoError(t, err)
		outcomes := make([]store.Outcome, 1)
		require.NoError(t, writer.Write(t.Context(), []*store.Event{&event}, outcomes))
		require.NoError(t, outcomes[0].Cause)
		return outcomes[0].Status
	}
	require.Equal(t, store.Stored, write("template", "pattern"))

	g := &grown{
		bench: &bench{progress: io.Discard, server: server, keys: files, disk: 1 << 30},
		db:    db, first: time.Now().Add(-time.Hour), most: 5,
	}
	defer g.close(t.Context())
	require.NoError(t, g.open(t.Context()))
	require.NoError(t, g.fill(t.Context(), 3*growTenants))
	require.Equal(t, store.Stored, write("grow-t007", "between"))
	require.NoError(t, g.fill(t.Context(), 5*growTenants))
	require.NoError(t, g.readHeads(t.Context()))
	require.Equal(t, store.Stored, write("grow-t007", "behind"))
	n, err := g.since(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, n, "rows behind the heads")

	conn, err := pgx.Connect(t.Context(), db.Owner)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var events, identities, ids int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM audit_events), (SELECT count(*) FROM audit_event_ids),
		(SELECT count(DISTINCT event_id) FROM audit_events WHERE event_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')`).Scan(&events, &identities, &ids))
	assert.Equal(t, 5*growTenants+2, events, "the pattern, what was filled, what was behind it")
	assert.Equal(t, events, identities, "every event has its identity")
	assert.Equal(t, 5*growTenants-1, ids, "derived ids as the processor makes them, all different")
	g.disk = 3_500_000 * growRowBytes
	fits, err := g.fits(t.Context(), 30_000_000)
	require.NoError(t, err)
	assert.Equal(t, 3_000_000, fits, "the disk decides")
}
