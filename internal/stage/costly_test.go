package stage

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
)

// One text of 6 MB took 1.2 GB of memory and 19 s: texts are parsed before
// anything asks whether their record is too large.
func TestATextTooCostlyToParseIsMasked(t *testing.T) {
	redactor, err := NewRedactor(Rules{})
	require.NoError(t, err)
	const size = 2 << 20
	for name, text := range map[string]string{
		"zeros":   `{"password":1,"a":[` + strings.Repeat("0,", size/2) + "0]}",
		"pairs":   strings.Repeat(`x {"password":1} `, size/8),
		"braces":  strings.Repeat(`{"password`, size/8),
		"objects": "[" + strings.Repeat(`{"token":""},`, size/8) + `{}]`,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := redactor.Walk()
			masked, changed := w.Text(text)
			runtime.ReadMemStats(&after)
			assert.True(t, changed)
			assert.Equal(t, Marker, masked)
			assert.Equal(t, 1, w.Masked())
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8*len(text)))
		})
	}
}

// What may be stored is never too costly, and what cannot hold a secret stays.
func TestATextOfARecordIsParsed(t *testing.T) {
	redactor, err := NewRedactor(Rules{})
	require.NoError(t, err)
	zeros := strings.Repeat("0,", record.DefaultMaxRecordBytes/2-20)
	w := redactor.Walk()
	masked, changed := w.Text(`{"password":1,"a":[` + zeros + "0]}")
	assert.True(t, changed)
	assert.Contains(t, masked, zeros[:100])

	w = redactor.Walk()
	harmless := "[" + strings.Repeat("0,", 1<<20) + "0]"
	_, changed = w.Text(harmless)
	assert.False(t, changed)
}
