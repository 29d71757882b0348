package verify

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// A panic of a goroutine that nobody waits for would end the process without a
// report.
func TestAStreamHandsOverAPanic(t *testing.T) {
	p := newPool(1)
	defer p.close()
	ok := func(context.Context) (int, bool, error) { return 1, false, nil }
	for name, s := range map[string]*stream[int]{
		"read": newStream(t.Context(), p, func(context.Context) (int, bool, error) { panic("made to") }, func(int) {}),
		"work": newStream(t.Context(), p, ok, func(int) { panic("made to") }),
	} {
		_, more, err := s.next()
		require.False(t, more, name)
		require.ErrorContains(t, err, "(stream_internal_test.go:", name)
		s.close()
	}
}
