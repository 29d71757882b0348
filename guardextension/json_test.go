package guardextension

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// jsonLog is a request of one record whose body has so many levels, of maps, which
// need the most brackets.
func jsonLog(levels int) string {
	return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{` +
		strings.Repeat(`"kvlistValue":{"values":[{"key":"a","value":{`, levels-1) +
		`"stringValue":"x"` + strings.Repeat(`}}]}`, levels-1) + `}}]}]}]}`
}

func TestJSONWalk(t *testing.T) {
	const limit = 64
	brackets := bracketsPerLevel*limit + bracketsAround
	tests := []struct {
		name string
		text string
		want error
	}{
		{name: "nothing"},
		{name: "empty object", text: " {} \n"},
		{name: "every kind of value", text: `{"a":[1,-2.5e+3,true,false,null,"",{},[],{"b":[]}],"c":"\"\\\/\b\f\n\r\té日本"}`},
		{name: "at the limit", text: jsonLog(limit)},
		{name: "as many brackets as may be", text: strings.Repeat("[", brackets) + strings.Repeat("]", brackets)},
		{name: "one more", text: strings.Repeat("[", brackets+1), want: errTooDeep},
		{name: "far beyond", text: jsonLog(10 * limit), want: errTooDeep},
		{name: "lists", text: strings.Repeat(`{"arrayValue":{"values":[`, 10*limit), want: errTooDeep},
		{name: "side by side", text: "[" + strings.Repeat("[[]],", 10_000) + "0]"},
		{name: "brackets in a text", text: `{"a":"` + strings.Repeat("[{", 10_000) + `"}`},
		{name: "brackets in a key", text: `{"` + strings.Repeat("[{", 10_000) + `":1}`},
		{name: "brackets behind an escaped quote", text: `{"a":"\"` + strings.Repeat("[{", 10_000) + `"}`},
		{name: "brackets behind an escaped backslash", text: `["\\",` + strings.Repeat("[", 10_000), want: errTooDeep},

		{name: "no value", text: `{"a":,"b":1}`, want: errMalformed},
		{name: "no key", text: `{,"a":1}`, want: errMalformed},
		{name: "no colon", text: `{"a" 1}`, want: errMalformed},
		{name: "no comma", text: `[1 2]`, want: errMalformed},
		{name: "comma at the end", text: `[1,]`, want: errMalformed},
		{name: "comma at the end of an object", text: `{"a":1,}`, want: errMalformed},
		{name: "wrong bracket", text: `[1}`, want: errMalformed},
		{name: "key that is no text", text: `{a:1}`, want: errMalformed},
		{name: "broken literal", text: `tru"`, want: errMalformed},
		{name: "control character", text: "\"a\nb\"", want: errMalformed},
		{name: "unknown escape", text: `"\x"`, want: errMalformed},
		{name: "broken escape", text: `"\u12"`, want: errMalformed},
		{name: "a second document", text: `{}{}`, want: errMalformed},
		{name: "apostrophes", text: `{'a':1}`, want: errMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.ErrorIs(t, newJSONWalk(limit).inspect([]byte(tt.text)), tt.want)
			for seed := range uint64(5) {
				require.ErrorIs(t, inspectInPieces(newJSONWalk(limit), []byte(tt.text), rand.New(rand.NewPCG(seed, 2))), tt.want)
			}
		})
	}
}

// TestJSONWalkTakesWhatTheWireWalkTakes: the same values pass in both encodings.
func TestJSONWalkTakesWhatTheWireWalkTakes(t *testing.T) {
	for seed := range uint64(1000) {
		m := newMaker(seed)
		logs, err := (&plog.JSONMarshaler{}).MarshalLogs(m.logs())
		require.NoError(t, err)
		traces, err := (&ptrace.JSONMarshaler{}).MarshalTraces(m.traces())
		require.NoError(t, err)
		metrics, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(m.metrics())
		require.NoError(t, err)
		for _, text := range [][]byte{logs, traces, metrics} {
			require.NoError(t, newJSONWalk(m.deepest).inspect(text), "seed %d: %s", seed, text)
			require.NoError(t, inspectInPieces(newJSONWalk(m.deepest), text, m.Rand), "seed %d", seed)
		}
	}
}

// FuzzJSONWalk holds the walk to the standard library: what passes whole is JSON,
// and what is JSON passes.
func FuzzJSONWalk(f *testing.F) {
	for _, seed := range []string{
		jsonLog(3), `{"a":[1,-2.5e+3,true,false,null,"",{},[]]}`, `"é\\\""`, "[[[[", `{"a":}`,
		"0", "-0.5", "00", "-", "1.", "1e", "1E+05", "1-2", "[0,1e-7]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		w := newJSONWalk(leastMaxDepth)
		refusal := w.inspect(text)
		require.Equal(t, refusal, inspectInPieces(newJSONWalk(leastMaxDepth), text, rand.New(rand.NewPCG(1, 1))))
		if errors.Is(refusal, errTooDeep) {
			return
		}
		complete := refusal == nil && (w.state == atEnd || w.state == inNumber && w.number.complete() && len(w.open) == 0)
		require.Equal(t, json.Valid(text), complete, "%q", text)
	})
}
