package store_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// What is read has the very bytes that were hashed: whatever JSON a record
// holds, jsonb and back must not change its leaf.
func TestRecordsComeBackWithTheirCanonicalBytes(t *testing.T) {
	db := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now().UTC().Truncate(time.Microsecond)
	events := make([]placed, 500)
	for i := range events {
		rec := randomRecord(random)
		rec.TenantID, rec.EventID = "acme", fmt.Sprintf("event-%d", i)
		events[i] = placed{rec: rec, seq: int64(i), epoch: int32(i % 2), recordedAt: now}
		if i%3 == 0 {
			events[i].mac = fmt.Sprintf("hmac-sha256:edge:%d", i)
		}
	}
	plant(t.Context(), t, db.WriterURL, events)
	r := reader(t, db)
	for _, want := range events {
		got, err := r.Get(t.Context(), "acme", want.rec.EventID)
		require.NoError(t, err)
		canonical := want.rec.AppendCanonical(nil)
		require.Equal(t, string(canonical), string(got.Record.AppendCanonical(nil)))
		require.Equal(t, record.LeafHash(canonical), got.LeafHash)
		require.Equal(t, want.seq, got.Seq)
		require.Equal(t, want.epoch, got.Epoch)
		require.Equal(t, now, got.RecordedAt)
		require.Equal(t, want.mac, got.MAC)
		requireSameMembers(t, canonical, got)
	}
	page, err := r.List(t.Context(), "acme", store.Filter{Limit: store.MaxLimit})
	require.NoError(t, err)
	require.Len(t, page.Events, len(events))
	for _, got := range page.Events {
		require.Equal(t, events[got.Seq].mac, got.MAC)
	}
}

// requireSameMembers checks that the JSON for people holds the canonical one.
func requireSameMembers(t *testing.T, canonical []byte, got store.StoredEvent) {
	t.Helper()
	var want, shown map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(canonical, &want))
	text, err := json.Marshal(got)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &shown))
	delete(want, "v")
	for name, value := range want {
		require.JSONEq(t, string(value), string(shown[name]), name)
		delete(shown, name)
	}
	for _, name := range []string{"seq", "epoch", "recorded_at", "event_time", "leaf_hash"} {
		require.Contains(t, shown, name)
		delete(shown, name)
	}
	require.Equal(t, got.TimeAfterArrival(), string(shown["time_after_arrival"]) == "true")
	delete(shown, "time_after_arrival")
	if got.MAC != "" {
		require.JSONEq(t, strconv.Quote(got.MAC), string(shown["mac"]))
		delete(shown, "mac")
	}
	require.Empty(t, shown)
}

// TestATimeAfterArrivalIsSaid holds the one thing that is computed on reading:
// a flag may not depend on when a record arrived.
func TestATimeAfterArrivalIsSaid(t *testing.T) {
	db := storetest.NewDatabase(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	var events []placed
	for i, test := range []struct {
		nano, observed int64
		after          bool
	}{
		{nano: now.UnixNano()},
		{nano: now.UnixNano() + 999}, // recorded_at has microseconds
		{nano: now.UnixNano() + 1000, after: true},
		{nano: now.UnixNano() - 1},
		{nano: math.MaxInt64, after: true},
		{nano: 0},
		{nano: now.UnixNano(), observed: math.MaxInt64},
		{observed: math.MaxInt64}, // not the record's own time
	} {
		rec := &record.Record{
			TenantID: "acme", EventID: fmt.Sprintf("%v-%d", test.after, i), Action: "a", Outcome: record.OutcomeSuccess,
			Actor:        record.EmptyObject().Set("id", record.StringValue("u")),
			TimeUnixNano: test.nano, ObservedTimeUnixNano: test.observed,
		}
		events = append(events, placed{rec: rec, seq: int64(i), recordedAt: now})
	}
	plant(t.Context(), t, db.WriterURL, events)
	page, err := reader(t, db).List(t.Context(), "acme", store.Filter{})
	require.NoError(t, err)
	require.Len(t, page.Events, len(events))
	for _, event := range page.Events {
		after := strings.HasPrefix(event.Record.EventID, "true")
		require.Equal(t, after, event.TimeAfterArrival(), event.Record.EventID)
		text := string(event.AppendJSON(nil))
		require.Equal(t, after, strings.Contains(text, `,"time_after_arrival":true,`), text)
		require.Equal(t, after, strings.Contains(text, "time_after_arrival"), text)
	}
}

func randomRecord(random *rand.Rand) *record.Record {
	r := &record.Record{
		Action: "order.refund", Outcome: record.OutcomeSuccess,
		Actor:  record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue(randomText(random))),
		Reason: randomText(random), CorrelationID: randomText(random), CausationID: randomText(random), IdempotencyKey: randomText(random),
		TraceID: "0af7651916cd43dd8448eb211c80319c", EventName: randomText(random), SeverityText: randomText(random), SchemaVersion: randomText(random),
		Severity: random.IntN(25),
		Changes:  randomValue(random, 3), Payload: randomValue(random, 5), Body: randomValue(random, 2),
	}
	for _, v := range []*record.Value{&r.Target, &r.Context, &r.Original, &r.Producer, &r.Source, &r.Attributes} {
		if random.IntN(2) == 0 {
			*v = randomObject(random, 3)
		}
	}
	for range random.IntN(3) {
		r.AddFlag(randomText(random) + "x")
	}
	switch random.IntN(3) {
	case 0:
		r.TimeUnixNano = random.Int64()
	case 1:
		r.TimeUnixNano, r.ObservedTimeUnixNano = time.Now().UnixNano(), random.Int64()
	}
	return r
}

func randomText(random *rand.Rand) string {
	alphabet := []rune("ab.zAZ09 \"\\/\b\f\n\r\t\x01\x7f\u0085\u00e9\u2028\u2029\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff\u202e")
	var text strings.Builder
	for range random.IntN(8) {
		text.WriteRune(alphabet[random.IntN(len(alphabet))])
	}
	return text.String()
}

func randomNumber(random *rand.Rand) record.Value {
	edges := []float64{
		0, 1, -1, 0.1, 129.5, 1e21, 1e22, -1e21, 1e-7, 5e-324, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64,
		math.MaxInt32, 1<<53 - 1, -(1<<53 - 1), 123456789.123456789, 1.0 / 3, 9.5e-300,
	}
	if random.IntN(2) == 0 {
		v, _ := record.FloatValue(edges[random.IntN(len(edges))])
		return v
	}
	v, _ := record.FloatValue(math.Float64frombits(random.Uint64()))
	return v
}

func randomValue(random *rand.Rand, depth int) record.Value {
	kind := random.IntN(8)
	if depth == 0 {
		kind = random.IntN(5)
	}
	switch kind {
	case 0:
		return record.NullValue()
	case 1:
		return record.BoolValue(random.IntN(2) == 0)
	case 2, 3:
		return randomNumber(random)
	case 4:
		return record.StringValue(randomText(random))
	case 5:
		elements := make([]record.Value, random.IntN(4))
		for i := range elements {
			elements[i] = randomValue(random, depth-1)
		}
		return record.ArrayValue(elements)
	default:
		return randomObject(random, depth)
	}
}

func randomObject(random *rand.Rand, depth int) record.Value {
	members := make([]record.Member, random.IntN(5))
	for i := range members {
		members[i] = record.Member{Name: randomText(random), Value: randomValue(random, max(depth-1, 0))}
	}
	v, _, _ := record.ObjectValue(members)
	return v
}
