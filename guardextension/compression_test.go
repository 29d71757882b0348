package guardextension

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/encoding"
)

// TestZstdWindowIsBounded: a header of a few bytes that announces 512 MiB had as
// much allocated, before anybody was asked for a password.
func TestZstdWindowIsBounded(t *testing.T) {
	const header, raw = "\x28\xb5\x2f\xfd\x00", "\x50\x00\x00ten bytes!" // a block, not the last
	ask := func(window byte) error {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := encoding.GetCompressor(zstdName).Decompress(strings.NewReader(header + string(window) + raw + raw))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, r)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
		return err
	}
	require.ErrorIs(t, ask(19<<3), zstd.ErrWindowSizeExceeded) // 2^(10+19) bytes
	require.ErrorIs(t, ask(11<<3), zstd.ErrWindowSizeExceeded)
	require.ErrorIs(t, ask(10<<3), io.ErrUnexpectedEOF, "1 MiB")
}

// What an exporter of the Collector compresses is taken as before.
func TestZstdOfExporters(t *testing.T) {
	compressor := encoding.GetCompressor(zstdName)
	require.IsType(t, &zstdBounded{}, compressor)
	want := bytes.Repeat([]byte("an audit record, "), 1<<20)
	var sent bytes.Buffer
	w, err := compressor.Compress(&sent)
	require.NoError(t, err)
	_, err = w.Write(want)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err := compressor.Decompress(&sent)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
}
