package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// placed is a record at its place in the store.
type placed struct {
	rec        *record.Record
	seq        int64
	epoch      int32
	recordedAt time.Time
	mac        string // "" is none
}

// plant writes events by plain INSERT, as the writer role and without the
// Writer, so that reading is tested against the tables alone.
func plant(ctx context.Context, t *testing.T, url string, events []placed) {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	batch := &pgx.Batch{}
	for _, e := range events {
		rec := e.rec
		leaf := record.LeafHash(rec.AppendCanonical(nil))
		fingerprint := rec.Fingerprint()
		arguments := []any{
			e.seq, e.epoch, e.recordedAt, leaf[:],
			zeroIsNull(rec.TimeUnixNano), zeroIsNull(rec.ObservedTimeUnixNano), zeroIsNull(int64(rec.Severity)), rec.Flags,
		}
		columns := "seq, epoch, recorded_at, leaf_hash, time_unix_nano, observed_time_unix_nano, severity, flags"
		for _, text := range []struct{ column, text string }{
			{"tenant_id", rec.TenantID},
			{"event_id", rec.EventID},
			{"action", rec.Action},
			{"outcome", rec.Outcome},
			{"correlation_id", rec.CorrelationID},
			{"causation_id", rec.CausationID},
			{"idempotency_key", rec.IdempotencyKey},
			{"trace_id", rec.TraceID},
			{"span_id", rec.SpanID},
			{"event_name", rec.EventName},
			{"severity_text", rec.SeverityText},
			{"schema_version", rec.SchemaVersion},
			{"reason", rec.Reason},
			{"mac", e.mac},
		} {
			columns += ", " + text.column
			arguments = append(arguments, emptyIsNull(text.text))
		}
		for _, value := range []struct {
			column string
			value  record.Value
		}{
			{"original", rec.Original},
			{"actor", rec.Actor},
			{"target", rec.Target},
			{"changes", rec.Changes},
			{"context", rec.Context},
			{"payload", rec.Payload},
			{"producer", rec.Producer},
			{"source", rec.Source},
			{"attributes", rec.Attributes},
			{"body", rec.Body},
		} {
			columns += ", " + value.column
			if value.value.IsAbsent() {
				arguments = append(arguments, nil)
			} else {
				arguments = append(arguments, string(value.value.AppendJSON(nil)))
			}
		}
		places := make([]string, len(arguments))
		for i := range places {
			places[i] = "$" + itoa(i+1)
		}
		batch.Queue("INSERT INTO "+store.PartitionName(e.recordedAt)+" ("+columns+") VALUES ("+strings.Join(places, ", ")+")", arguments...)
		batch.Queue("INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at) VALUES ($1, 'e', $2, $3, $4, $5, $6)",
			rec.TenantID, rec.EventID, fingerprint[:], e.epoch, e.seq, e.recordedAt)
	}
	require.NoError(t, conn.SendBatch(ctx, batch).Close())
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func zeroIsNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func emptyIsNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func jsonValue(t *testing.T, text string) record.Value {
	t.Helper()
	v, err := record.ParseJSON([]byte(text))
	require.NoError(t, err)
	return v
}

// reader connects as the reader role.
func reader(t *testing.T, db *storetest.Database) *store.Reader {
	t.Helper()
	return connect(t, db.ReaderURL)
}

func connect(t *testing.T, url string) *store.Reader {
	t.Helper()
	r, err := store.Connect(t.Context(), store.Options{URL: url})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}
