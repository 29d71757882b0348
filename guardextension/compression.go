package guardextension

import (
	"io"

	"github.com/klauspost/compress/zstd"
	_ "go.opentelemetry.io/collector/config/configgrpc" // registers what is replaced here
	"google.golang.org/grpc/encoding"
)

// maxWindow bounds what the sender of a zstd message can have its receiver allocate
// by announcing it: 12 bytes can ask for 512 MiB, before anybody is asked for a
// password. The exporters of the Collector announce 512 KiB.
const maxWindow = 1 << 20

// gRPC knows decoders by name in one table for the process, so the one that the otlp
// receiver takes is replaced as soon as this package is linked in. The encoder
// stays: exporters may compress as before. Those of gzip and snappy need no bound:
// their windows are 32 and 64 KiB.
func init() { //nolint:gochecknoinits // gRPC has its table of decoders written at no other time
	if found := encoding.GetCompressor(zstdName); found != nil {
		encoding.RegisterCompressor(&zstdBounded{found})
	}
}

const zstdName = "zstd"

// zstdBounded decodes with a bounded window.
type zstdBounded struct{ encoding.Compressor }

// Decompress implements encoding.Compressor. A message that announces more than
// the window fails to decode.
func (*zstdBounded) Decompress(r io.Reader) (io.Reader, error) {
	decoder, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return decoder.IOReadCloser(), nil
}
