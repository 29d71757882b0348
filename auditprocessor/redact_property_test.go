package auditprocessor

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/stage"
)

const (
	secretText   = "TOPSECRET"
	secretNumber = 987654321098
)

// smuggler hides secrets under listed names in every shape it knows.
type smuggler struct{ *rand.Rand }

func (s smuggler) one(choices ...string) string { return choices[s.IntN(len(choices))] }

// key is a listed name in some spelling.
func (s smuggler) key() string {
	key := s.one(stage.DefaultKeys()...)
	switch s.IntN(8) {
	case 5:
		key = s.one("user|", "user->", "a,", "user@", `user\\`) + key
	case 6:
		key = s.one("p\u0430ss\u3164word", "\uff54oken", "pass%77ord", "c\u00f3okie")
	case 0:
		key = strings.ToUpper(key)
	case 1:
		key = strings.ToLower(key)
	case 2:
		key = strings.ReplaceAll(key, "_", "-")
	case 3:
		i := 1 + s.IntN(len(key)-1)
		key = key[:i] + s.one("_", "-", " ") + key[i:]
	case 4:
		key = s.one("user.", "x.y.") + key
	}
	return key
}

// oneKey is a listed name that is one segment.
func (s smuggler) oneKey() string { return s.one("password", "Token", "API_KEY", "set-cookie", "cvv") }

// flat spreads a holder of the shapes for which several members matter over
// attributes whose names begin alike.
func (s smuggler) flat(attrs map[string]any, prefix string) {
	prefix += s.one(".", "/", "|") + strconv.Itoa(s.IntN(3)) + "."
	if s.IntN(2) == 0 {
		attrs[prefix+"op"], attrs[prefix+"path"] = s.one("add", "Replace"), s.one("/", "/user/")+s.oneKey()
		attrs[prefix+s.one("value", "value.x", "oldValue")] = s.secret()
		return
	}
	attrs[prefix+s.one("name", "field")] = s.oneKey()
	attrs[prefix+s.one("value", "new", "values.0")] = s.secret()
}

// secret is a value that must not come out.
func (s smuggler) secret() any {
	switch s.IntN(7) {
	case 0:
		return secretNumber
	case 1:
		return map[string]any{"inner": secretText, "n": []any{secretText}}
	case 2:
		return []any{"a", secretText}
	case 3:
		return []byte(secretText)
	case 4:
		return `{"x":"` + secretText + `"}`
	default:
		return secretText + strconv.Itoa(s.IntN(1000))
	}
}

// holder is a value with a secret somewhere below a listed name.
func (s smuggler) holder(depth int) any {
	if depth > 0 {
		switch s.IntN(8) {
		case 0:
			return []any{s.noise(), s.holder(depth - 1)}
		case 1:
			return s.jsonText(s.holder(depth - 1))
		case 2:
			return []byte(s.jsonText(s.holder(depth - 1)))
		case 3, 4, 5:
			return map[string]any{s.one("a", "b", "data", "body", "payload"): s.holder(depth - 1), "z": s.noise()}
		}
	}
	switch s.IntN(8) {
	case 5:
		return []any{map[string]any{
			s.one("op", "OP"): s.one("add", "REPLACE", "remove"), s.one("path", "Path"): s.one("#/", "/", "") + s.oneKey(),
			s.one("value", "oldValue", "old", "was"): s.secret(),
		}}
	case 6:
		return []any{map[string]any{"op": "add", "path": []any{"user", s.oneKey()}, "value": s.secret()}}
	case 7:
		return []any{[]any{s.oneKey(), s.secret()}, []any{"Host", "x"}}
	case 0:
		pointer := "/" + strings.ReplaceAll(s.key(), "/", "~1") + s.one("", "/0", "/inner")
		if strings.Contains(pointer, ".") {
			pointer = strings.ReplaceAll(pointer, ".", "/")
		}
		return []any{map[string]any{"op": s.one("add", "replace", "test"), "path": pointer, "value": s.secret()}}
	case 1:
		return []any{map[string]any{s.one("name", "key", "field", "k", "id"): s.key(), s.one("value", "old", "newValue", "v", "content", "lhs"): s.secret()}}
	default:
		return map[string]any{s.key(): s.secret(), "a": s.noise()}
	}
}

func (s smuggler) noise() any {
	switch s.IntN(5) {
	case 0:
		return 17
	case 1:
		return "plain"
	case 2:
		return `{"plain":1}`
	case 3:
		return []any{true, nil, 1.5}
	default:
		return map[string]any{"x": map[string]any{}}
	}
}

// jsonText encodes a value; bytes become text first, because encoding/json
// writes them as base64. Sometimes the text is damaged.
func (s smuggler) jsonText(v any) string {
	b, err := json.Marshal(textual(v))
	if err != nil {
		panic(err)
	}
	text := string(b)
	switch s.IntN(12) {
	case 0:
		return " \n" + text
	case 1:
		return text + s.one("}", "x", text)
	case 2:
		return text[:len(text)-1]
	case 3:
		again, _ := json.Marshal(text)
		return string(again)
	}
	return text
}

// prose hides JSON in a text that does not begin with it.
func (s smuggler) prose(v any) string {
	text := s.one("upstream said ", "\u00a0", "\u200b", "\v", "\x00", "\ufffd", ")]}',\n", "(", "b'", "a [x] b ", "1 ") + s.jsonText(v)
	return text + s.one("", " twice", "'", ")", " {", " [x]")
}

func textual(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = textual(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = textual(v[k])
		}
		return out
	}
	return v
}

// request puts holders into a record of some shape, good or bad.
func (s smuggler) request(t testing.TB) plog.Logs {
	event := map[string]any{
		"action": "user.update", "tenantId": "acme", "outcome": "success",
		"actor":  map[string]any{"type": "user", "id": "u1"},
		"target": map[string]any{"type": "user", "id": "u2"},
	}
	for range 1 + s.IntN(3) {
		switch s.IntN(6) {
		case 0:
			event["changes"] = map[string]any{s.one("before", "after", "patch"): s.holder(3)}
		case 1:
			event["context"] = map[string]any{"extra": s.holder(3)}
		case 2:
			event["actor"] = map[string]any{"type": "user", "id": "u1", s.key(): s.secret()}
		case 3:
			event["reason"] = s.jsonText(s.holder(2))
		default:
			event["payload"] = s.holder(4)
		}
	}
	switch s.IntN(8) { // what sends it to quarantine
	case 0:
		delete(event, "tenantId")
	case 1:
		delete(event, "action")
	case 2:
		event["tenantId"] = "_system"
	case 3:
		event["actor"] = nil
	}
	attrs := map[string]any{}
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	switch s.IntN(5) {
	case 0:
		attrs["audit"] = event
	case 1:
		attrs["audit"] = s.jsonText(event)
	case 2:
		for name, v := range event {
			attrs["audit."+name] = v
		}
	case 3:
		require.NoError(t, lr.Body().SetEmptyMap().FromRaw(map[string]any{"audit": event, "rest": s.holder(2)}))
	default:
		lr.Body().SetStr(s.jsonText(map[string]any{"audit": event, "rest": s.holder(2)}))
	}
	if s.IntN(3) == 0 {
		attrs["audit.payload."+s.key()] = s.secret()
	}
	if s.IntN(3) == 0 {
		attrs["audit.changes.before."+s.key()+".x"] = s.secret()
	}
	if s.IntN(3) == 0 {
		attrs["http.request.header."+s.key()] = s.secret()
	}
	if s.IntN(3) == 0 {
		attrs["anything"] = s.holder(3)
	}
	if s.IntN(3) == 0 {
		s.flat(attrs, s.one("headers", "audit.changes.patch", "audit.payload.list", "x.y"))
	}
	if s.IntN(3) == 0 {
		attrs[s.one("audit.reason", "audit.schema.version", "free")] = s.prose(s.holder(2))
	}
	if s.IntN(3) == 0 {
		attrs["raw"] = []any{"Host", "x", s.oneKey(), "Basic " + secretText + "1"}
	}
	if s.IntN(3) == 0 {
		sl := rl.ScopeLogs().At(0)
		sl.Scope().SetName(s.prose(s.holder(1)))
		sl.Scope().SetVersion(s.jsonText(s.holder(1)))
		sl.SetSchemaUrl("https://x.example/?a=1&" + s.oneKey() + "=" + secretText)
		rl.SetSchemaUrl(s.jsonText(s.holder(1)))
	}
	if s.IntN(6) == 0 {
		attrs["audit.action"] = s.holder(2)
	}
	require.NoError(t, lr.Attributes().FromRaw(attrs))
	if s.IntN(3) == 0 {
		require.NoError(t, rl.Resource().Attributes().FromRaw(map[string]any{s.key(): s.secret(), "x": s.holder(2)}))
	}
	return logs
}

// TestNoSecretComesOut is the promise of redaction: whatever stands under a
// listed name appears nowhere in what is passed on, audit or quarantine.
func TestNoSecretComesOut(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
	}{
		{"keys", nil},
		{"with paths", func(c *Config) { c.Redaction.Paths = []string{"payload.**.iban"} }},
		{"with patterns", func(c *Config) { c.Redaction.ValuePatterns = []string{"card_number", "jwt", "bearer", "regexp:^x$"} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.change)
			audit, quarantined := 0, 0
			for seed := range uint64(4000) {
				logs := smuggler{rand.New(rand.NewPCG(seed, 1))}.request(t)
				if !otlpmap.IsAudit(first(logs)) {
					continue // damaged on the way: it makes no claim
				}
				came := jsonOf(t, logs)
				out := r.send(context.Background(), t, logs)
				text := jsonOf(t, out)
				for _, secret := range []string{secretText, strconv.Itoa(secretNumber), "VE9QU0VDUkVU"} {
					if !assert.NotContains(t, text, secret, "seed %d: %s", seed, came) {
						return
					}
				}
				if _, ok := otlpmap.QuarantineMarkOf(first(out)); ok {
					quarantined++
				} else {
					audit++
				}
			}
			assert.Greater(t, audit, 500)
			assert.Greater(t, quarantined, 500)
		})
	}
}

func jsonOf(t testing.TB, logs plog.Logs) string {
	t.Helper()
	b, err := new(plog.JSONMarshaler).MarshalLogs(logs)
	require.NoError(t, err)
	return string(b)
}
