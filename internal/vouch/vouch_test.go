package vouch_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelaudit/otelaudit/internal/vouch"
)

func TestOnlyForSystemVouches(t *testing.T) {
	type system struct{}
	assert.False(t, vouch.System(t.Context()))
	assert.False(t, vouch.System(context.WithValue(t.Context(), system{}, true)), "another package's key of the same name")
	vouched := vouch.ForSystem(t.Context())
	assert.True(t, vouch.System(vouched))
	inner, cancel := context.WithCancel(vouched)
	defer cancel()
	assert.True(t, vouch.System(inner))
}
