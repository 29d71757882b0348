package guardextension

import (
	"context"
	"fmt"
	"reflect"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/tap"
)

// codec checks the bytes of a request and then lets the codec that it wraps
// decode them. gRPC answers its error with the code Internal, as it does for
// whatever cannot be decoded; OTLP clients do not send such a request again.
//
// A request that there is no memory for now must come again, so it is no error
// here: it stays empty, and the interceptor, which sees it next, refuses it.
type codec struct {
	encoding.CodecV2
	guard *guard
}

// Unmarshal implements encoding.CodecV2.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	root, expected, err := c.check(data, v)
	if err != nil {
		return c.guard.count(context.Background(), "grpc", err)
	}
	memory, ok := c.guard.budget.take(root, 0, expected)
	if !ok {
		c.guard.arrived.Store(v, arrival{refused: true})
		return nil
	}
	if err := c.CodecV2.Unmarshal(data, v); err != nil {
		c.guard.budget.give(root, memory)
		return err
	}
	c.guard.arrived.Store(v, arrival{root: root, memory: memory})
	return nil
}

// arrival is what the interceptor must know of a request that the codec has seen.
type arrival struct {
	root    message
	memory  int64 // of the budget
	refused bool  // and not decoded
}

func (c *codec) check(data mem.BufferSlice, v any) (root message, memory int64, err error) {
	// The types are internal to the decoder's module, so they are known by name.
	var name string
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Pointer {
		name = t.Elem().Name()
	}
	root, ok := requests[name]
	if !ok {
		return none, 0, fmt.Errorf("%w: %T", errUnknown, v)
	}
	w := c.guard.wireWalk(root)
	for _, piece := range data {
		if err := w.inspect(piece.ReadOnlyData()); err != nil {
			return none, 0, err
		}
	}
	return root, memoryOf(int64(data.Len()), w.messages, w.expanded()), nil
}

// intercept is the outermost interceptor of all: it sees each request that the
// codec let through, also those that the next one, which authenticates, refuses.
func (g *guard) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	g.readings.complete(ctx)
	if found, ok := g.arrived.LoadAndDelete(req); ok {
		of := found.(arrival)
		if of.refused {
			return nil, g.count(ctx, "grpc", errBusy)
		}
		defer g.budget.give(of.root, of.memory)
	}
	return handler(ctx, req)
}

// beforeReading refuses a request of which nothing has been read yet.
func (g *guard) beforeReading(ctx context.Context, info *tap.Info) (context.Context, error) {
	if root := methods[info.FullMethodName]; root != none && g.budget.full(root) {
		return ctx, g.count(ctx, "grpc", errBusy)
	}
	return g.readings.begin(ctx), nil
}
