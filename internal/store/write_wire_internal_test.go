package store

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func wireWriter(t testing.TB, d *storetest.Database, sealer Sealer) *Writer {
	t.Helper()
	config, err := pgurl.Parse(d.WriterURL, "test")
	require.NoError(t, err)
	w := NewWriter(WriterOptions{Connection: &config.Config, Schema: "public", Sealer: sealer, Now: time.Now})
	t.Cleanup(w.Close)
	return w
}

func wireEvent(t testing.TB, tenant, id string) *Event {
	t.Helper()
	var enc Encoder
	event, err := enc.Encode(&record.Record{TenantID: tenant, EventID: id, Action: "a", Outcome: record.OutcomeSuccess}, "")
	require.NoError(t, err)
	return &event
}

// wordy seals with as much as a checkpoint and its frontier take.
type wordy struct{}

func (wordy) Known(string) Position { return Position{} }
func (wordy) Check(*Head) error     { return nil }
func (wordy) Committed([]Commit)    {}

func (wordy) Seal(*Head, time.Time, [][32]byte) (Seal, error) {
	return Seal{Root: make([]byte, 32), Frontier: make([]byte, 320), Note: bytes.Repeat([]byte("n"), 400)}, nil
}

// The server writes the heads of many tenants before it has read the many
// identities asked for: whoever writes everything before reading waits for ever.
func TestExchangesOfAnySize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name            string
		tenants, events int
		sealer          Sealer
	}{
		{"many tenants", 6000, 6000, nil},
		{"long heads", 300, 5000, wordy{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			w := wireWriter(t, d, test.sealer)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for round := range 2 {
				list := make([]*Event, test.events)
				for i := range list {
					list[i] = wireEvent(t, fmt.Sprintf("tenant-%032d", i%test.tenants), fmt.Sprintf("%064d-%d", i, round))
				}
				require.NoError(t, w.Write(ctx, list, make([]Outcome, len(list))))
			}
			storetest.CheckState(t, d)
		})
	}
}

// prepared is the number of named statements on the writer's connection.
func prepared(t testing.TB, w *Writer) (n int) {
	t.Helper()
	w.wire.queueStatement("SELECT name FROM pg_catalog.pg_prepared_statements WHERE name <> ''", nil)
	w.wire.queueSync()
	_, err := w.wire.exchange(t.Context(), func([][]byte) error {
		n++
		return nil
	})
	require.NoError(t, err)
	return n
}

// After an error nobody knows which statements the server has parsed. However
// often that happens, each is there at most once.
func TestFailuresLeaveNoStatementsBehind(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	w := wireWriter(t, d, nil)
	require.NoError(t, w.Write(t.Context(), []*Event{wireEvent(t, "acme", "e")}, make([]Outcome, 1)))
	before := prepared(t, w)
	require.NotZero(t, before)
	w.sql.existing += " WHERE 1 / length(left('', 0)) = 0" // parsed, and then an error
	for range 5 {
		outcomes := make([]Outcome, 1)
		require.NoError(t, w.Write(t.Context(), []*Event{wireEvent(t, "acme", "f")}, outcomes))
		assert.Equal(t, Outcome{Status: Rejected, SQLState: "22012"}, outcomes[0])
	}
	assert.LessOrEqual(t, prepared(t, w), before+2, "the statement that fails, and the one that counts")
}

// Behind a pooler that looks like the server itself, a name given to one server
// connection is asked of another. That happens once.
func TestNamesAreGivenUpForGood(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	for name, call := range map[string]func(w *Writer) error{
		"write": func(w *Writer) error {
			return w.Write(t.Context(), []*Event{wireEvent(t, "acme", "e")}, make([]Outcome, 1))
		},
		"quarantine": func(w *Writer) error {
			return w.Quarantine(t.Context(), []Quarantined{{Reason: record.ReasonMalformed, SHA256: [32]byte{1}, Encoding: "protobuf"}})
		},
		"months": func(w *Writer) error {
			_, err := w.EnsureMonths(t.Context(), 1)
			return err
		},
		"rollups": func(w *Writer) error {
			_, err := w.RollCounts(t.Context(), 1000, 10)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wireWriter(t, d, nil)
			require.NoError(t, w.Quarantine(t.Context(), []Quarantined{{Reason: record.ReasonMalformed, SHA256: [32]byte{2}, Encoding: "protobuf"}}))
			w.wire.queueQuery("DEALLOCATE ALL")
			_, err := w.wire.exchange(t.Context())
			require.NoError(t, err)
			require.Error(t, call(w))
			for range 2 {
				_ = call(w) // an event of before is a duplicate
				require.False(t, w.wire.closed)
				require.Nil(t, w.wire.names)
			}
		})
	}
}
