package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseOutgoingRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an array":            {`[]`, "not a JSON object"},
		"a number":            {`7`, "not a JSON object"},
		"two objects":         {`{} {}`, "something follows the JSON object"},
		"text after":          {`{}x`, "something follows the JSON object"},
		"half an object":      {`{"action":"a"`, "the JSON ends too early"},
		"unknown member":      {`{"tenant":"a"}`, `unknown member "tenant"`},
		"number as text":      {`{"action":7}`, `member "action" is not a string`},
		"actor as text":       {`{"actor":"alice"}`, `member "actor" is not an object`},
		"nested duplicate":    {`{"payload":[{"a":{"b":1,"b":2}}]}`, `member "payload": member "b" stands twice`},
		"double out of range": {`{"payload":1e999}`, `member "payload": number 1e999 does not fit a double`},
		"severity":            {`{"severity":25}`, `member "severity"`},
		"severity as text":    {`{"severity":"INFO"}`, `member "severity"`},
		"time as number":      {`{"time":1}`, `member "time"`},
		"time after 2262":     {`{"time":"2300-01-01T00:00:00Z"}`, "outside 1970 to 2262"},
		"negative time":       {`{"time_unix_nano":-1}`, `member "time_unix_nano"`},
		"span id":             {`{"span_id":"zz"}`, `member "span_id"`},
		"sequence":            {`{"seq":1}`, `member "seq": is set by the collector or the store`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOutgoing([]byte(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

// FuzzParseOutgoing: whatever is taken becomes valid JSON of a request.
func FuzzParseOutgoing(f *testing.F) {
	f.Add(`{"tenant_id":"a","action":"b","actor":{"id":"x"},"payload":[1,-0,1.5e3,{"a":null}],"source":{"service.name":"x"}}`)
	f.Add(`{"payload":"\ud800\u0000"}`)
	f.Add(`{"attributes":{"":[]},"time_unix_nano":"18446744073709551615"}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseOutgoing([]byte(text))
		if err != nil {
			return
		}
		request, err := appendRequest(nil, []*outgoing{r, r})
		require.NoError(t, err)
		assert.True(t, json.Valid(request), "%s", request)
	})
}
