package guardextension

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"net"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
)

// http2Frame is how many bytes a frame has at most.
const http2Frame = 16384

// serve is a gRPC server behind the guard.
func serve(t *testing.T, guard *rig) string {
	t.Helper()
	options, err := guard.GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	server := grpc.NewServer(append(options, grpc.MaxRecvMsgSize(32<<20))...)
	plogotlp.RegisterGRPCServer(server, &receiver{})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		assert.NoError(t, <-ended)
	})
	return listener.Addr().String()
}

// unfinished begins so many calls on one connection, each with a message of which
// the last byte never comes, in pieces of at most so many bytes. It sends what the
// server takes, and returns when all of them were sent or ended by the server.
func unfinished(t *testing.T, address string, calls, size, piece int) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	sent := bufio.NewWriter(conn)
	framer := http2.NewFramer(sent, conn)
	require.NoError(t, framer.WriteSettings())
	var headers bytes.Buffer
	encoder := hpack.NewEncoder(&headers)
	whole, window, initial, left := int64(65535), map[uint32]int64{}, int64(65535), map[uint32]int64{}
	for i := range calls {
		headers.Reset()
		for _, h := range [][2]string{
			{":method", "POST"},
			{":scheme", "http"},
			{":path", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"},
			{":authority", "x"},
			{"content-type", "application/grpc"},
			{"te", "trailers"},
		} {
			require.NoError(t, encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}))
		}
		id := uint32(2*i + 1)
		require.NoError(t, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: headers.Bytes(), EndHeaders: true}))
		require.NoError(t, framer.WriteData(id, false, binary.BigEndian.AppendUint32([]byte{0}, uint32(size))))
		whole, window[id], left[id] = whole-5, initial-5, int64(size-1)
	}
	chunk := make([]byte, piece)
	for {
		waiting := 0
		for id := range left {
			for n := int64(1); n > 0; {
				n = min(int64(piece), left[id], window[id], whole)
				if n > 0 {
					require.NoError(t, framer.WriteData(id, false, chunk[:n]))
					left[id], window[id], whole = left[id]-n, window[id]-n, whole-n
				}
			}
			if left[id] > 0 {
				waiting++
			}
		}
		require.NoError(t, sent.Flush())
		if waiting == 0 {
			return
		}
		frame, err := framer.ReadFrame()
		require.NoError(t, err)
		switch f := frame.(type) {
		case *http2.WindowUpdateFrame:
			if f.StreamID == 0 {
				whole += int64(f.Increment)
			} else {
				window[f.StreamID] += int64(f.Increment)
			}
		case *http2.SettingsFrame:
			if v, ok := f.Value(http2.SettingInitialWindowSize); ok {
				for id := range window {
					window[id] += int64(v) - initial
				}
				initial = int64(v)
			}
			if !f.IsAck() {
				require.NoError(t, framer.WriteSettingsAck())
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				require.NoError(t, framer.WritePing(true, f.Data))
			}
		case *http2.RSTStreamFrame:
			delete(left, f.StreamID)
		}
	}
}

// TestUnfinishedMessagesAreBounded: 20 calls of one connection held 619 MiB, before
// anybody was asked for a password. Somebody else's requests pass meanwhile.
func TestUnfinishedMessagesAreBounded(t *testing.T) {
	guard := newRig(t)
	const limit = 48 << 20
	guard.memory.limit = limit
	guard.readings.within = time.Hour // not for its time
	address := serve(t, guard)
	unfinished(t, address, 20, 31<<20, http2Frame)
	require.Eventually(t, func() bool {
		runtime.GC()
		return guard.memory.held.Load() <= limit+(2<<20)
	}, time.Minute, 10*time.Millisecond)

	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	_, err = plogotlp.NewGRPCClient(conn).Export(t.Context(), plogotlp.NewExportRequestFromLogs(broad(1, 1, 1, 20_000_000)))
	require.NoError(t, err)
}

// A message that is not complete in time is given up, and what it held comes back.
func TestUnfinishedMessagesEnd(t *testing.T) {
	guard := newRig(t)
	guard.readings.within = 50 * time.Millisecond
	unfinished(t, serve(t, guard), 3, 1<<20, http2Frame)
	require.Eventually(t, func() bool {
		runtime.GC()
		return guard.memory.held.Load() == 0
	}, time.Minute, 10*time.Millisecond)
	guard.requireCounted(t, 3, "slow", "grpc")
	require.Zero(t, guard.readings.oldest.Len())
}

// TestSmallFramesAreBounded: gRPC takes memory for frames of up to 1 KiB that nobody
// counts. 20 calls held 649 MiB in them, and frames of one byte hold more.
func TestSmallFramesAreBounded(t *testing.T) {
	guard := newRig(t)
	guard.readings.within = time.Hour // not for its time
	var gaveUp atomic.Int64
	count := guard.readings.gaveUp
	guard.readings.gaveUp = func() { count(); gaveUp.Add(1) }
	require.NoError(t, guard.Start(t.Context(), nil))
	t.Cleanup(func() { assert.NoError(t, guard.Shutdown(context.Background())) })
	was := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	require.False(t, beyondGoal())
	unfinished(t, serve(t, guard), 2, 1<<20, 1024)
	assert.Zero(t, guard.memory.held.Load(), "none of them is counted")
	assert.Zero(t, gaveUp.Load(), "there is room")
	debug.SetMemoryLimit(1)
	runtime.GC()
	require.True(t, beyondGoal())
	require.Eventually(t, func() bool { return gaveUp.Load() == 2 }, time.Minute, time.Millisecond)
	debug.SetMemoryLimit(was)
	guard.requireCounted(t, 2, "slow", "grpc")
}

// What is complete and decoded, or has just begun, is never given up for want of memory.
func TestWhoIsGivenUpForWantOfMemory(t *testing.T) {
	gaveUp := 0
	r := &readings{within: time.Hour, gaveUp: func() { gaveUp++ }}
	complete, slow := r.begin(t.Context()), r.begin(t.Context())
	r.complete(complete)
	r.look(false)
	require.NoError(t, slow.Err())
	young := r.begin(t.Context())
	r.look(true)
	require.Error(t, slow.Err())
	require.NoError(t, complete.Err())
	require.NoError(t, young.Err())
	require.Equal(t, 1, gaveUp)
	r.look(true)
	require.Error(t, young.Err())
}

// A call whose message is complete may take as long as it likes.
func TestCompleteMessagesAreNotGivenUp(t *testing.T) {
	r := &readings{within: time.Hour, gaveUp: func() { t.Error("given up") }}
	ctx, cancel := context.WithCancel(t.Context())
	call := r.begin(ctx)
	r.complete(call)
	r.giveUpOldest(func() bool { return false })
	require.NoError(t, call.Err())
	left := r.begin(ctx)
	cancel()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.oldest.Len() == 0
	}, time.Minute, time.Millisecond, "its client is gone")
	require.Error(t, left.Err())
}

// What is lost rather than given back is counted until the garbage collector finds it.
func TestLostBuffersComeBack(t *testing.T) {
	c := &counted{BufferPool: mem.DefaultBufferPool(), limit: 1 << 30}
	for range 10 {
		c.Get(16 << 10)
	}
	kept := c.Get(16 << 10)
	c.Put(kept)
	c.Put(c.Get(16))
	require.Eventually(t, func() bool {
		runtime.GC()
		return c.held.Load() == 0
	}, time.Minute, time.Millisecond)
}
