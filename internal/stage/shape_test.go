package stage

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelaudit/otelaudit/internal/record"
)

// shapes hold a secret, S3CRET, in shapes that libraries for patches, headers
// and differences write.
var shapes = []string{
	`{"password":"S3CRET"}`,
	// Operations of a patch.
	`[{"op":"replace","path":"/password","value":"x","oldValue":"S3CRET"}]`,
	`[{"op":"remove","path":"/user/password","old":"S3CRET"}]`,
	`[{"op":"replace","path":"/password","anything":{"x":["S3CRET"]}}]`,
	`[{"op":"REPLACE","path":"/password","value":"S3CRET"}]`,
	`[{"Op":"replace","Path":"/password","Value":"S3CRET"}]`,
	`[{"op":"replace","path":"password","value":"S3CRET"}]`,
	`[{"op":"replace","path":"#/password","value":"S3CRET"}]`,
	`[{"op":"replace","path":"/pass%77ord","value":"S3CRET"}]`,
	`[{"op":"replace","path":["user","password"],"value":"S3CRET"}]`,
	`[{"op":"replace","path":["users",0,"password"],"value":"S3CRET"}]`,
	`[{"path":"/password","value":"S3CRET"}]`,
	`[{"op":"set","path":"/password","value":"S3CRET"}]`,
	`[{"op":"replace","path":"/name","value":"x","password":"S3CRET"}]`,
	// Names that are flat.
	`{"changes.patch.0.op":"replace","changes.patch.0.path":"/password","changes.patch.0.value":"S3CRET"}`,
	`{"p.0.op":"replace","p.0.path":"/password","p.0.value.a":"S3CRET","p.0.old":"S3CRET"}`,
	`{"headers.0.name":"Authorization","headers.0.value":"S3CRET"}`,
	`{"headers[0][name]":"Authorization","headers[0][value]":"S3CRET"}`,
	`{"headers/0/name":"Authorization","headers/0/value/0":"S3CRET"}`,
	`{"diff.0.field":"password","diff.0.old":"S3CRET","diff.0.new":"S3CRET"}`,
	`{"op":"add","path":"/password","value.a":"S3CRET"}`,
	// Pairs.
	`[{"name":"Authorization","value":"S3CRET"}]`,
	`[{"k":"password","v":"S3CRET"}]`,
	`[{"name":"password","content":"S3CRET"}]`,
	`[{"id":"password","value":"S3CRET"}]`,
	`[{"field":"password","lhs":"S3CRET","rhs":"S3CRET"}]`,
	`[{"field":"password","from":"S3CRET","to":"S3CRET"}]`,
	`["Authorization","Basic S3CRET"]`,
	`[["Authorization","S3CRET"],["Host","x"]]`,
	`[["Cookie",["S3CRET"]]]`,
	`["Host","x","Authorization","Basic S3CRET","Accept","y"]`,
}

func TestNoShapeHidesASecret(t *testing.T) {
	for name, rules := range map[string]Rules{"keys": {}, "paths": {Paths: []string{"payload.**.iban"}}} {
		r := redactor(t, rules)
		for _, shape := range shapes {
			for form, v := range map[string]record.Value{
				"object": parse(t, shape), "text": record.StringValue(shape), "in a member": parse(t, `{"a":[`+shape+`]}`),
			} {
				rec := record.Record{Payload: v}
				r.Record(&rec)
				once := string(rec.Payload.AppendJSON(nil))
				assert.NotContains(t, once, "S3CRET", "%s, %s: %s", name, form, shape)
				assert.Zero(t, r.Record(&rec), "%s, %s: %s, then %s", name, form, once, rec.Payload.AppendJSON(nil))
			}
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	r := redactor(t, Rules{})
	for _, text := range []string{
		`{"op":"login","path":"/oauth/token","duration":5}`,
		`{"changed":["name","password","email","token"]}`,
		`[{"op":"replace","path":"/amount","value":1,"oldValue":2},{"op":"add","path":"/note","value":"x"}]`,
		`{"a.name":"password","b.value":1,"value":2}`,
		`{"headers.0.name":"Authorization","headers.1.value":"x","headers.10.value":"y"}`,
		`{"list":[["a","b"],["password"]]}`,
	} {
		rec := record.Record{Payload: parse(t, text)}
		assert.Zero(t, r.Record(&rec), "%s becomes %s", text, rec.Payload.AppendJSON(nil))
	}
}

// texts name a secret, S3CRET, and are not JSON as a whole.
var texts = []string{
	`{/*c*/"password":"S3CRET"}`, `{"password"/*x*/:"S3CRET"}`, `{password/*x*/ : "S3CRET"}`, "{\"password\"\x00:\"S3CRET\"}", "{password\x00:\"S3CRET\"}",
	"{\"password\"\u00a0:\"S3CRET\"}", `{'password':'S3CRET'}`, `{'password' => 'S3CRET'}`, `{pass%77ord:"S3CRET"}`,
	`upstream said {"password":"S3CRET"}`, `upstream said {"password":"S3CRET"} twice {"token":"S3CRET"}`, `enc:{"a":{"password":"S3CRET"}}`,
	"\u00a0{\"password\":\"S3CRET\"}", "\u200b{\"password\":\"S3CRET\"}", "\v{\"password\":\"S3CRET\"}", "\x00{\"password\":\"S3CRET\"}", "\ufffd{\"password\":\"S3CRET\"}",
	")]}',\n{\"password\":\"S3CRET\"}", `({"password":"S3CRET"})`, `b'{"password":"S3CRET"}'`, `1 {"password":"S3CRET"}`, `x[{"password":"S3CRET"}]`,
	`said "{\"password\":\"S3CRET\"}" twice`, `said {"a":1,"password":"S3CRET"`, `said {"a":1} and {"password":"S3CRET"`, `said {x} and {"password":"S3CRET"}`,
	`said {x and {"password":"S3CRET"}`, `map[password:S3CRET user:x]`, `&{Password:S3CRET}`, `password: {"a":"S3CRET"}`, `token=["S3CRET"]`,
	`said {"password":"S3CRET","password":"x"}`, `said [["Authorization","S3CRET"]]`, `said [{"op":"add","path":"/password","value":"S3CRET"}]`,
	`said [["cvv","S3CRET"],["Host","x"]`, `said [x, ["cvv","S3CRET"]]`, `said [["cvv","S3CRET"], x] and [1]`,
	"[[[[[[[[[[[[[[[[[[[[ {\"password\":\"S3CRET\"}", "x [[[[[[[[[[[[[[[[[[[[ {\"password\":\"S3CRET\"}",
}

func TestNoTextHidesASecret(t *testing.T) {
	r := redactor(t, Rules{})
	for _, text := range texts {
		for _, nested := range []string{text, `{"a":` + strconv.Quote("said "+text) + `}`} {
			rec := record.Record{Payload: record.StringValue(nested)}
			r.Record(&rec)
			once := rec.Payload.Text()
			assert.NotContains(t, once, "S3CRET", "%q", nested)
			assert.Zero(t, r.Record(&rec), "%q, then %q", once, rec.Payload.Text())
		}
	}
}

func TestTextAroundMaskedJSONStays(t *testing.T) {
	r := redactor(t, Rules{ValuePatterns: []string{PatternBearer}})
	for text, want := range map[string]string{
		`upstream said {"password":"x", "a" : 1}, then {"b" : 2}`: `upstream said {"a":1,"password":"[REDACTED]"}, then {"b" : 2}`,
		`b'{"token":"x"}'`:                               `b'{"token":"[REDACTED]"}'`,
		`password: {"a":1} and {"b":2}`:                  `password: [REDACTED] and {"b":2}`,
		`Bearer abcdef123 said {"password":"x"}`:         `Bearer [REDACTED] said {"password":"[REDACTED]"}`,
		`the password of [user 5] is {wrong}`:            `the password of [user 5] is {wrong}`,
		`password changed, see {"ticket":5}`:             `password changed, see {"ticket":5}`,
		`user [x] changed {"field":"name","to":"token"}`: `user [x] changed {"field":"name","to":"token"}`,
	} {
		rec := record.Record{Reason: text}
		r.Record(&rec)
		assert.Equal(t, want, rec.Reason)
	}
}

func TestRedactTextFieldsAndScope(t *testing.T) {
	const json = `{"password":"S3CRET"}`
	rec := record.Record{
		TenantID: "acme", Action: "a", Outcome: json, SchemaVersion: json, SeverityText: json, EventName: json, Reason: json,
		Source: parse(t, `{"otel.scope.name":"https://x/?a=1&token=S3CRET#z","otel.scope.version":"v?password=S3CRET"}`),
	}
	assert.Equal(t, 7, redactor(t, Rules{}).Record(&rec))
	assert.NotContains(t, string(rec.AppendCanonical(nil)), "S3CRET")
	assert.Equal(t, "https://x/?a=1&token=[REDACTED]#z", rec.Source.Get("otel.scope.name").Text())
	assert.Zero(t, redactor(t, Rules{}).Record(&rec))
}
