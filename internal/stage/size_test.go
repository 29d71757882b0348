package stage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOversize(t *testing.T) {
	rec := sample(t)
	size := len(rec.AppendCanonical(nil))
	_, over := Oversize(&rec, size)
	assert.False(t, over, "exactly the limit is allowed")
	got, over := Oversize(&rec, size-1)
	assert.True(t, over)
	assert.Equal(t, size, got)

	rec.Reason = strings.Repeat("\x01", 10_000)
	assert.GreaterOrEqual(t, boundOf(&rec), len(rec.AppendCanonical(nil)), "the bound covers escapes")
}
