package guardextension

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// wide are requests that cost the decoder much more than their bytes, of n messages.
func wide(n int) map[string][]byte {
	return map[string][]byte{
		"records":             field(1, field(2, bytes.Repeat(field(2, nil), n))),
		"scopes":              field(1, bytes.Repeat(field(2, nil), n)),
		"resources":           bytes.Repeat(field(1, nil), n),
		"attributes":          logWith(bytes.Repeat(field(6, nil), n)),
		"resource attributes": field(1, field(1, bytes.Repeat(field(1, nil), n))),
		"values":              logWith(bytes.Repeat(field(6, field(2, field(1, nil))), n)),
		"lists":               logWith(field(5, field(5, bytes.Repeat(field(1, nil), n)))),
		"lists of maps":       logWith(field(5, field(5, bytes.Repeat(field(1, field(6, nil)), n)))),
		"entities":            field(1, field(1, bytes.Repeat(field(3, nil), 2*n))),
		"keys of an entity":   field(1, field(1, field(3, bytes.Repeat(field(3, nil), 2*n)))),
	}
}

// TestWidthIsRefused sends twice as much as may be, in each way that OTLP has for it.
func TestWidthIsRefused(t *testing.T) {
	guard := newRig(t)
	guard.maxMessages = leastMaxMessages
	for name, data := range wide(2 * leastMaxMessages) {
		require.ErrorIs(t, guard.wireWalk(logsRequest).inspect(data), errTooWide, name)
		random := rand.New(rand.NewPCG(1, 1))
		require.ErrorIs(t, inspectInPieces(guard.wireWalk(logsRequest), data, random), errTooWide, name)
	}
	for name, data := range wide(leastMaxMessages / 3) {
		require.NoError(t, guard.wireWalk(logsRequest).inspect(data), name)
	}
	for _, element := range []string{`{}`, `1`, `""`, `[]`, `null`} {
		text := `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + strings.Repeat(element+",", 2*leastMaxMessages) + `{}]}]}]}`
		require.ErrorIs(t, guard.jsonWalk(none).inspect([]byte(text)), errTooWide, element)
	}
	require.NoError(t, guard.jsonWalk(none).inspect([]byte(`["`+strings.Repeat("[{},{}]", leastMaxMessages)+`"]`)))
}

// TestDecoderTakesWhatIsExpected holds the decoder of this version to what the
// README says that a message costs it.
func TestDecoderTakesWhatIsExpected(t *testing.T) {
	const perMessage = 231
	check := func(name string, data []byte) {
		w := newWireWalk(logsRequest, defaultMaxDepth)
		require.NoError(t, w.inspect(data))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		// 64 KiB for what else the process does.
		assert.Less(t, int64(after.TotalAlloc-before.TotalAlloc), perMessage*(w.messages+8)+2*int64(len(data))+64<<10, name)
	}
	for name, data := range wide(200_000) {
		check(name, data)
	}
	for seed := range uint64(500) {
		check(strconv.FormatUint(seed, 10), newMaker(seed).encode(t, logsRequest))
	}
}

// TestOrdinaryRequestsOfTwentyMegabytesPass: small audit events are the widest
// honest requests.
func TestOrdinaryRequestsOfTwentyMegabytesPass(t *testing.T) {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	const n = 68_000
	for range n {
		lr := records.AppendEmpty()
		lr.SetTimestamp(1_700_000_000_000_000_000)
		lr.Body().SetStr("invoice refunded")
		for _, name := range []string{"record.id", "tenant.id", "action", "outcome", "actor.id", "actor.type", "target.id", "target.type", "context.ip", "correlation.id"} {
			lr.Attributes().PutStr("audit."+name, "usr-1234")
		}
	}
	data, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	require.Greater(t, len(data), 20_000_000)
	w := newWireWalk(logsRequest, defaultMaxDepth)
	require.NoError(t, w.inspect(data))
	t.Logf("%d bytes, %d messages", len(data), w.messages)
	assert.Less(t, w.messages, int64(defaultMaxMessages))
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	j := newJSONWalk(defaultMaxDepth)
	require.NoError(t, j.inspect(text))
	assert.Less(t, j.messages, int64(defaultMaxMessages))
}

// TestBudget: whoever takes at the same time, the sum stays within the shares,
// and in the end everything is given back.
func TestBudget(t *testing.T) {
	b := &budget{limit: 1600}
	large, ok := b.take(logsRequest, 0, 5000)
	assert.True(t, ok, "larger than all there is")
	assert.Equal(t, int64(900), large)
	_, ok = b.take(logsRequest, 0, 5000)
	assert.False(t, ok, "two of them")
	small, ok := b.take(logsRequest, 0, 300)
	assert.True(t, ok, "beside it")
	_, ok = b.take(logsRequest, 0, 1)
	assert.False(t, ok)
	other, ok := b.take(metricsRequest, 0, 200)
	assert.True(t, ok, "the last quarter is that of other signals")
	b.give(logsRequest, large)
	b.give(logsRequest, small)
	b.give(traceRequest, other)
	var wait sync.WaitGroup
	for seed := range uint64(8) {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(seed, 3))
			for range 10_000 {
				held, memory := int64(0), int64(0)
				for range random.IntN(4) {
					memory += random.Int64N(400)
					held, _ = b.take(logsRequest, held, memory)
				}
				assert.LessOrEqual(t, held, int64(900))
				b.give(logsRequest, held)
			}
		})
	}
	wait.Wait()
	assert.Zero(t, b.logs.Load())
	assert.Zero(t, b.others.Load())
}

// TestBusyOverGRPC: a request there is no memory for is not decoded, and is
// answered so that it comes again; one that is answered gives back what it held.
func TestBusyOverGRPC(t *testing.T) {
	guard := newRig(t)
	guard.budget.limit = 1 << 20
	c := &codec{CodecV2: decoder{encoding.GetCodecV2("proto")}, guard: guard.guard}
	data := mem.BufferSlice{mem.SliceBuffer(logWith(field(5, field(1, make([]byte, 100_000)))))}
	decode := func() any {
		req := newLogsRequest()
		require.NoError(t, c.Unmarshal(data, req))
		return req
	}
	answer := func(req any, failure error) error {
		_, err := guard.intercept(t.Context(), req, nil, func(context.Context, any) (any, error) { return "", failure })
		return err
	}
	first, second, third := decode(), decode(), decode()
	require.Positive(t, guard.budget.logs.Load())
	err := answer(third, nil)
	assert.Equal(t, codes.Unavailable, status.Code(err))
	guard.requireCounted(t, 1, "busy", "grpc")
	_, tapped := guard.beforeReading(t.Context(), &tap.Info{FullMethodName: "/opentelemetry.proto.collector.logs.v1.LogsService/Export"})
	require.NoError(t, tapped)
	require.NoError(t, answer(first, nil))
	failure := errors.New("who are you")
	require.ErrorIs(t, answer(second, failure), failure)
	require.NoError(t, answer(decode(), nil))
	assert.Zero(t, guard.budget.logs.Load())
	require.Error(t, c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(logWith([]byte{5<<3 | 2, 1}))}, newLogsRequest()))
	assert.Zero(t, guard.budget.logs.Load(), "what could not be decoded")
	guard.budget.logs.Store(guard.budget.limit)
	_, tapped = guard.beforeReading(t.Context(), &tap.Info{FullMethodName: "/opentelemetry.proto.collector.logs.v1.LogsService/Export"})
	assert.Equal(t, codes.Unavailable, status.Code(tapped), "nothing is read")
	_, tapped = guard.beforeReading(t.Context(), &tap.Info{FullMethodName: "/grpc.health.v1.Health/Check"})
	require.NoError(t, tapped)
}

// ExportLogsServiceRequest stands for the type of the decoder's module, which is
// internal to it and known by its name.
type ExportLogsServiceRequest struct{ plogotlp.ExportRequest }

func newLogsRequest() any {
	return &ExportLogsServiceRequest{plogotlp.NewExportRequest()}
}

// decoder decodes into it.
type decoder struct{ encoding.CodecV2 }

func (decoder) Unmarshal(data mem.BufferSlice, v any) error {
	return v.(*ExportLogsServiceRequest).UnmarshalProto(data.Materialize())
}

// TestBusyOverHTTP: the budget is taken while the body is read, and a body that
// finds none fails with an error that the receiver answers 503 for.
func TestBusyOverHTTP(t *testing.T) {
	guard := newRig(t)
	guard.budget.limit = 1 << 20
	body := field(1, field(2, field(2, field(5, field(1, make([]byte, 180_000))))))
	post := func(within func(held int64, err error)) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/logs", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/x-protobuf")
		(&handler{guard: guard.guard, next: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			within(guard.budget.logs.Load(), err)
		})}).ServeHTTP(httptest.NewRecorder(), r)
	}
	post(func(held int64, err error) {
		require.NoError(t, err)
		assert.GreaterOrEqual(t, held, int64(3*len(body)))
		post(func(_ int64, err error) {
			assert.Equal(t, codes.Unavailable, status.Code(err))
		})
		assert.Equal(t, held, guard.budget.logs.Load(), "the refused one holds nothing")
	})
	guard.requireCounted(t, 1, "busy", "http")
	assert.Zero(t, guard.budget.logs.Load())
	guard.budget.logs.Store(guard.budget.limit)
	body = []byte("no request at all")
	post(func(_ int64, err error) {
		assert.Equal(t, codes.Unavailable, status.Code(err), "nothing is looked at where nothing can be taken")
	})
}

// TestSlowBody: a body that is not complete in time is answered so that it comes
// again, where the receiver alone would answer 400.
func TestSlowBody(t *testing.T) {
	guard := newRig(t)
	server := httptest.NewUnstartedServer(&handler{guard: guard.guard, next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); status.Code(err) == codes.Unavailable {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})})
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Start()
	defer server.Close()
	body, sender := io.Pipe()
	defer sender.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/logs", body)
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := server.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	guard.requireCounted(t, 1, "slow", "http")
	assert.Zero(t, guard.budget.logs.Load())
}

// FuzzMemoryEstimate: whatever a request says of itself, and in whatever pieces it
// comes, it holds no more of the budget than what has come of it can take, and not
// more than its share; in the end everything is given back.
func FuzzMemoryEstimate(f *testing.F) {
	for _, data := range wide(20) {
		f.Add(data, uint64(1))
	}
	for seed := range uint64(20) {
		f.Add(newMaker(seed).encode(f, logsRequest), seed)
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		whole := newWireWalk(logsRequest, defaultMaxDepth)
		accepted := whole.inspect(data)
		random := rand.New(rand.NewPCG(seed, 5))
		pieces := newWireWalk(logsRequest, defaultMaxDepth)
		b := &budget{limit: leastInFlight}
		held, rest := int64(0), data
		for len(rest) > 0 {
			n := 1 + random.IntN(len(rest))
			if pieces.inspect(rest[:n]) != nil {
				break
			}
			rest = rest[n:]
			read := int64(len(data) - len(rest))
			held, _ = b.take(logsRequest, held, memoryOf(read, pieces.width(), 0))
			require.LessOrEqual(t, held, (memoryPerByte+memoryPerMessage/leastMessage)*read+memoryPerMessage, "nothing for what is only announced")
			require.Equal(t, held, b.logs.Load())
			require.LessOrEqual(t, held, b.limit/shares*logsShare)
		}
		b.give(logsRequest, held)
		require.Zero(t, b.logs.Load())
		if accepted == nil {
			require.Equal(t, whole.width(), pieces.width())
		}
	})
}
