package guardextension

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// codec checks the bytes of a request and then lets the codec that it wraps
// decode them. gRPC answers its error with the code Internal, as it does for
// whatever cannot be decoded; OTLP clients do not send such a request again.
type codec struct {
	encoding.CodecV2
	guard *guard
}

// Unmarshal implements encoding.CodecV2.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	if err := c.check(data, v); err != nil {
		return c.guard.count(context.Background(), "grpc", err)
	}
	return c.CodecV2.Unmarshal(data, v)
}

func (c *codec) check(data mem.BufferSlice, v any) error {
	// The types are internal to the decoder's module, so they are known by name.
	var name string
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Pointer {
		name = t.Elem().Name()
	}
	root, ok := requests[name]
	if !ok {
		return fmt.Errorf("%w: %T", errUnknown, v)
	}
	w := newWireWalk(root, c.guard.maxDepth)
	for _, piece := range data {
		if err := w.inspect(piece.ReadOnlyData()); err != nil {
			return err
		}
	}
	return nil
}
