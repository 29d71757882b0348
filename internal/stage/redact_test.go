package stage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// parse makes a Value of JSON.
func parse(t testing.TB, text string) record.Value {
	t.Helper()
	v, err := record.ParseJSON([]byte(text))
	require.NoError(t, err, text)
	return v
}

func redactor(t testing.TB, rules Rules) *Redactor {
	t.Helper()
	r, err := NewRedactor(rules)
	require.NoError(t, err)
	return r
}

func TestKeysInAnySpelling(t *testing.T) {
	keys := newKeySet(append(DefaultKeys(), "Kontonummer", "pässword"))
	for _, name := range []string{
		"password", "PASSWORD", "Pass_Word", "pass-word", "pass word", "passwordHash", "password_hash", "PASSWORD-HASH",
		"apiKey", "api_key", "API-KEY", "apikey", "x-api-key", "X_API_KEY", "xApiKey", "Set-Cookie", "setCookie",
		"private_key", "privateKey", "PrivateKey", "cvv", "C_V_V", "kontonummer", "konto_nummer", "PÄSSWORD",
		"audit.payload.password", "http.request.header.authorization", "password.hash", "user[password]", "user/password",
		"user|password", "user->password", "user,password", "user\\password", "user#password", "user(password)", "user@password", "user$password",
		"pass%77ord", "user%2Epassword", "%70%61ss%2577ord", "pass\u3164word", "pass\u2800word", "pass\u00a0word", "\U0001d429assword",
		"\u24df\u24d0ssword", "p\u0430ssword", "p\u0430\u0455\u0455w\u043erd", "P\u0410SSWORD", "t\u03bfken", "pa\u0301ssword", "pässword",
		"\"password\"", "$password", "ｐａｓｓｗｏｒｄ", "to\u212Aen", "pa\u017F\u017Fword", "pass\u200Bword", "pass\xffword", "pass\x00word",
	} {
		assert.NotZero(t, keys.classify(name)&secretName, "%q is a listed key", name)
	}
	for _, name := range []string{
		"", "_", ".", "passwords", "tokens", "token_count", "nextPageToken", "secretary", "cookies", "author", "passw0rd",
		"payload", "käse", "%", "100%", "p%", "пароль", "a|b", "pass|word", strings.Repeat("a", 300), strings.Repeat("password", 50),
	} {
		assert.Zero(t, keys.classify(name)&secretName, "%q is no listed key", name)
	}
}

func TestRedactValues(t *testing.T) {
	patterns := Rules{ValuePatterns: []string{PatternCardNumber, PatternJWT, PatternBearer}}
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	tests := []struct {
		name, in, out string
		rules         Rules
	}{
		{name: "nothing listed", in: `{"a":[1,"x",null,{"b":true}]}`, out: `{"a":[1,"x",null,{"b":true}]}`},
		{name: "text", in: `{"password":"x"}`, out: `{"password":"[REDACTED]"}`},
		{name: "number and boolean", in: `{"cvv":123,"ssn":true}`, out: `{"cvv":"[REDACTED]","ssn":"[REDACTED]"}`},
		{name: "a null hides nothing", in: `{"password":null}`, out: `{"password":null}`},
		{name: "object as a whole", in: `{"token":{"a":1}}`, out: `{"token":"[REDACTED]"}`},
		{name: "array as a whole", in: `{"set-cookie":["a","b"]}`, out: `{"set-cookie":"[REDACTED]"}`},
		{name: "deep in arrays", in: `[[{"a":[{"Api-Key":"x"}]}]]`, out: `[[{"a":[{"Api-Key":"[REDACTED]"}]}]]`},
		{name: "dotted name", in: `{"user.password.old":"x"}`, out: `{"user.password.old":"[REDACTED]"}`},
		{name: "operator's key", rules: Rules{Keys: []string{"IBAN"}}, in: `{"i-ban":"x"}`, out: `{"i-ban":"[REDACTED]"}`},
		{
			name: "patch operation", in: `[{"op":"replace","path":"/user/password","value":"x"},{"op":"add","path":"/name","value":"y"}]`,
			out: `[{"op":"replace","path":"/user/password","value":"[REDACTED]"},{"op":"add","path":"/name","value":"y"}]`,
		},
		{
			name: "patch operation with nested value", in: `[{"op":"add","path":"/user","value":{"n":1,"token":"x"}}]`,
			out: `[{"op":"add","path":"/user","value":{"n":1,"token":"[REDACTED]"}}]`,
		},
		{
			name: "patch below a secret", in: `[{"op":"add","path":"/secret/0/x","value":{"n":1}}]`,
			out: `[{"op":"add","path":"/secret/0/x","value":"[REDACTED]"}]`,
		},
		{
			name: "patch with escaped pointer", in: `[{"op":"add","path":"/a~1password","value":"x"},{"op":"add","path":"/pass~0word","value":"x"}]`,
			out: `[{"op":"add","path":"/a~1password","value":"[REDACTED]"},{"op":"add","path":"/pass~0word","value":"[REDACTED]"}]`,
		},
		{
			name: "a path names values without op too", in: `{"path":"/oauth/token","value":"x","method":"GET"}`,
			out: `{"path":"/oauth/token","value":"[REDACTED]","method":"GET"}`,
		},
		{
			name: "pairs", in: `[{"name":"Authorization","value":"x"},{"field":"password","old":"a","new":"b","at":1},{"name":"Accept","value":"x"}]`,
			out: `[{"name":"Authorization","value":"[REDACTED]"},{"at":1,"field":"password","new":"[REDACTED]","old":"[REDACTED]"},{"name":"Accept","value":"x"}]`,
		},
		{name: "JSON in text", in: `{"a":"{\"x\": 1, \"password\": \"s\"}"}`, out: `{"a":"{\"password\":\"[REDACTED]\",\"x\":1}"}`},
		{name: "untouched JSON in text stays byte for byte", in: `{"a":"{ \"x\" : 1.0 }"}`, out: `{"a":"{ \"x\" : 1.0 }"}`},
		{name: "JSON in JSON in text", in: `{"a":"{\"b\":\"{\\\"token\\\":\\\"s\\\"}\"}"}`, out: `{"a":"{\"b\":\"{\\\"token\\\":\\\"[REDACTED]\\\"}\"}"}`},
		{name: "escaped name in text", in: `{"a":"{\"pass\\u0077ord\":\"s\"}"}`, out: `{"a":"{\"password\":\"[REDACTED]\"}"}`},
		{name: "cut off JSON is masked as a whole", in: `{"a":"{\"x\":1,\"password\":\"s"}`, out: `{"a":"[REDACTED]"}`},
		{name: "cut off patch too", in: `{"a":"[{\"op\":\"add\",\"path\":\"/password\",\"value\":\"s"}`, out: `{"a":"[REDACTED]"}`},
		{name: "two values", in: `{"a":"{\"password\":1}{\"b\":2}"}`, out: `{"a":"[REDACTED]"}`},
		{name: "a name twice", in: `{"a":"{\"password\":1,\"password\":2}"}`, out: `{"a":"[REDACTED]"}`},
		{name: "not JSON at all", in: `{"a":"[INFO] the user changed a password"}`, out: `{"a":"[INFO] the user changed a password"}`},
		{name: "not JSON but names a value", in: `{"a":"{password=hunter2}"}`, out: `{"a":"[REDACTED]"}`},
		{name: "path", rules: Rules{Paths: []string{"payload.*.iban"}}, in: `{"a":{"iban":"x"},"iban":"y"}`, out: `{"a":{"iban":"[REDACTED]"},"iban":"y"}`},
		{name: "path with **", rules: Rules{Paths: []string{"**.iban"}}, in: `{"a":[{"b":{"iban":["x"]}}],"iban":1}`, out: `{"a":[{"b":{"iban":"[REDACTED]"}}],"iban":"[REDACTED]"}`},
		{name: "path within a name", rules: Rules{Paths: []string{"payload.a.b"}}, in: `{"a.b":1,"a.c":2}`, out: `{"a.b":"[REDACTED]","a.c":2}`},
		{name: "path in any spelling", rules: Rules{Paths: []string{"payload.home_address"}}, in: `{"homeAddress":1}`, out: `{"homeAddress":"[REDACTED]"}`},
		{name: "path into JSON text", rules: Rules{Paths: []string{"payload.a.b"}}, in: `{"a":"{\"b\":1}"}`, out: `{"a":"{\"b\":\"[REDACTED]\"}"}`},
		{name: "glob within a segment", rules: Rules{Paths: []string{"payload.*_no"}}, in: `{"card_no":1,"no":2,"noo":3}`, out: `{"card_no":"[REDACTED]","no":"[REDACTED]","noo":3}`},
		{name: "exempt", rules: Rules{ExemptPaths: []string{"payload.token"}}, in: `{"token":5,"a":{"token":6}}`, out: `{"a":{"token":"[REDACTED]"},"token":5}`},
		{name: "exempt dotted name", rules: Rules{ExemptPaths: []string{"payload.aws.secret.arn"}}, in: `{"aws.secret.arn":5,"aws.secret.key":6}`, out: `{"aws.secret.arn":5,"aws.secret.key":"[REDACTED]"}`},
		{name: "inside an exempt value keys still count", rules: Rules{ExemptPaths: []string{"payload.token"}}, in: `{"token":{"a":1,"password":2}}`, out: `{"token":{"a":1,"password":"[REDACTED]"}}`},
		{name: "exempt from patterns", rules: Rules{ValuePatterns: []string{PatternCardNumber}, ExemptPaths: []string{"payload.a"}}, in: `{"a":"4111111111111111","b":"4111111111111111"}`, out: `{"a":"4111111111111111","b":"[REDACTED]"}`},
		{name: "card numbers", rules: patterns, in: `["4111111111111111","pay 4111 1111 1111 1111 now","on 2024-01-02 5500-0000-0000-0004.",378282246310005]`, out: `["[REDACTED]","pay [REDACTED] now","on 2024-01-02 [REDACTED].","[REDACTED]"]`},
		{name: "no card numbers", rules: patterns, in: `["4111111111111112","550e8400-e29b-41d4-a716-446655440000",1700000000000,"1700000000000000000","a4111111111111111"]`, out: `["4111111111111112","550e8400-e29b-41d4-a716-446655440000",1700000000000,"1700000000000000000","a4111111111111111"]`},
		{name: "JWT", rules: patterns, in: `["` + jwt + `","x ` + jwt + `, y","eyJ.x.y"]`, out: `["[REDACTED]","x [REDACTED], y","eyJ.x.y"]`},
		{name: "bearer", rules: patterns, in: `["Bearer abc123","authorization: BEARER  a.b-c/d=","the bearer of news","bearer"]`, out: `["Bearer [REDACTED]","authorization: BEARER  [REDACTED]","the bearer of news","bearer"]`},
		{name: "pattern in JSON text", rules: patterns, in: `{"a":"{\"n\":4111111111111111}"}`, out: `{"a":"{\"n\":\"[REDACTED]\"}"}`},
		{name: "own expression", rules: Rules{ValuePatterns: []string{`regexp:^AB\d+$`}}, in: `["AB12","xAB12","{\"a\":\"AB1\"}"]`, out: `["[REDACTED]","xAB12","{\"a\":\"[REDACTED]\"}"]`},
		{name: "an expression that matches the marker", rules: Rules{ValuePatterns: []string{`regexp:[A-Z]+`}}, in: `["abCD"]`, out: `["ab[REDACTED]"]`},
		{name: "an anchor is that of the text", rules: Rules{ValuePatterns: []string{`regexp:^\d`}}, in: `["12a3"]`, out: `["[REDACTED]2a3"]`},
		{name: "an expression that takes a marker in", rules: Rules{ValuePatterns: []string{PatternCardNumber, `regexp:card.*now`}}, in: `["my card 4111111111111111 now"]`, out: `["my [REDACTED]"]`},
		{name: "an expression that never rests", rules: Rules{ValuePatterns: []string{`regexp:a(\[|$)`}}, in: `["aaaaaaaaaaaaaaaaaaaa"]`, out: `["[REDACTED]"]`},
		{name: "an expression that matches nothing", rules: Rules{ValuePatterns: []string{`regexp:x*`}}, in: `["axxb"]`, out: `["a[REDACTED]b"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := redactor(t, tt.rules)
			rec := record.Record{Payload: parse(t, tt.in)}
			n := r.Record(&rec)
			out := string(rec.Payload.AppendJSON(nil))
			assert.Equal(t, string(parse(t, tt.out).AppendJSON(nil)), out)
			assert.Equal(t, n > 0, out != string(parse(t, tt.in).AppendJSON(nil)), "counted %d", n)
			assert.Zero(t, r.Record(&rec), "a second pass finds nothing")
			assert.Equal(t, out, string(rec.Payload.AppendJSON(nil)))
		})
	}
}

func TestRedactPatchByPath(t *testing.T) {
	const patch = `{"patch":[{"op":"replace","path":"/bank/iban","value":"x"},{"op":"add","path":"/bank","value":{"iban":"x","bic":"y"}}]}`
	const masked = `{"patch":[{"op":"replace","path":"/bank/iban","value":"[REDACTED]"},{"op":"add","path":"/bank","value":{"bic":"y","iban":"[REDACTED]"}}]}`
	for _, path := range []string{"changes.after.bank.iban", "changes.before.bank.iban", "changes.*.bank.iban", "**.iban"} {
		rec := record.Record{Changes: parse(t, patch)}
		redactor(t, Rules{Paths: []string{path}}).Record(&rec)
		assert.Equal(t, string(parse(t, masked).AppendJSON(nil)), string(rec.Changes.AppendJSON(nil)), path)
	}
	rec := record.Record{Changes: parse(t, patch)}
	assert.Zero(t, redactor(t, Rules{Paths: []string{"changes.after.iban"}}).Record(&rec))
}

func TestRedactEveryMember(t *testing.T) {
	const secret = "s3cr3t-value"
	const json = `{"a":{"password":"` + secret + `"}}`
	rec := record.Record{
		TenantID: "acme", EventID: "e1", Action: "user.update", Reason: json,
		Actor: parse(t, json).Set("id", record.StringValue("u1")), Target: parse(t, json).Set("id", record.NumberValue(5)),
		Changes: parse(t, `{"before":`+json+`,"after":`+json+`,"patch":[{"op":"add","path":"/password","value":"`+secret+`"}]}`),
		Context: parse(t, json), Payload: parse(t, json), EventName: json, SeverityText: json,
		Original: parse(t, `{"outcome":`+json+`,"payload.password":"`+secret+`"}`),
		Producer: parse(t, json), Source: parse(t, json), Attributes: parse(t, json), Body: parse(t, json),
	}
	n := redactor(t, Rules{}).Record(&rec)
	assert.Equal(t, 16, n)
	assert.NotContains(t, string(rec.AppendCanonical(nil)), secret)
	assert.Equal(t, "u1", rec.ActorID())
	assert.InDelta(t, 5, rec.Target.Get("id").Number(), 0)
}

func TestIdentifiersAreNeverMasked(t *testing.T) {
	const id = "4111111111111111"
	rec := record.Record{
		TenantID: id, EventID: id, CorrelationID: id, CausationID: id, IdempotencyKey: id,
		Actor: parse(t, `{"id":"`+id+`","email":"`+id+`","type":"user"}`), Target: parse(t, `{"id":`+id+`}`),
		Original: parse(t, `{"actor.id":"`+id+`"}`),
	}
	r := redactor(t, Rules{
		Keys:          []string{"id", "actor", "tenant"},
		Paths:         []string{"**", "actor", "target.*"},
		ValuePatterns: []string{PatternCardNumber},
	})
	assert.Equal(t, 2, r.Record(&rec))
	assert.JSONEq(t, `{"id":"`+id+`","email":"[REDACTED]","type":"[REDACTED]"}`, string(rec.Actor.AppendJSON(nil)))
	assert.JSONEq(t, `{"id":`+id+`}`, string(rec.Target.AppendJSON(nil)))
	for _, text := range []string{rec.TenantID, rec.EventID, rec.CorrelationID, rec.CausationID, rec.IdempotencyKey, rec.Original.Get("actor.id").Text()} {
		assert.Equal(t, id, text)
	}
}

func TestRedactFields(t *testing.T) {
	rec := record.Record{Action: "a", Reason: "card 4111111111111111", EventName: "n"}
	r := redactor(t, Rules{Paths: []string{"event_name"}, ExemptPaths: []string{"action"}, ValuePatterns: []string{PatternCardNumber, "regexp:^a$"}})
	assert.Equal(t, 2, r.Record(&rec))
	assert.Equal(t, record.Record{Action: "a", Reason: "card [REDACTED]", EventName: "[REDACTED]"}, rec)
}

func TestRulesThatCannotBe(t *testing.T) {
	tests := []struct {
		name string
		give Rules
		want string
	}{
		{"empty key", Rules{Keys: []string{"ok", "_-"}}, `keys[1]: "_-" must have 1 to 128 letters or digits`},
		{"long key", Rules{Keys: []string{strings.Repeat("k", 129)}}, `must have 1 to 128 letters or digits`},
		{"two keys in one", Rules{Keys: []string{"user.iban"}}, `keys[0]: "user.iban" is no single name: use paths`},
		{"empty path", Rules{Paths: []string{""}}, `paths[0]: "" has an empty segment`},
		{"empty segment", Rules{Paths: []string{"payload..x"}}, `paths[0]: "payload..x" has an empty segment`},
		{"unknown root", Rules{Paths: []string{"audit.payload.x"}}, `paths[0]: "audit.payload.x" begins with "audit": allowed are action, actor, attributes, body, changes, context, event_name, payload, producer, reason, severity_text, source, target, * and **`},
		{"identifier", Rules{Paths: []string{"actor.id"}}, `paths[0]: "actor.id" is an identifier, which is never masked`},
		{"exempt", Rules{ExemptPaths: []string{"payload.a", "x"}}, `exempt_paths[1]: "x" begins with "x": allowed are `},
		{"unknown pattern", Rules{ValuePatterns: []string{"iban"}}, `value_patterns[0]: "iban" is unknown: allowed are card_number, jwt, bearer and regexp:<expression>`},
		{"broken expression", Rules{ValuePatterns: []string{"regexp:("}}, "value_patterns[0]: error parsing regexp: missing closing ): `(`"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewRedactor(tt.give)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestRedactAllocatesOnlyForMasks(t *testing.T) {
	rec := sample(t)
	r := redactor(t, Rules{})
	assert.Zero(t, testing.AllocsPerRun(100, func() { r.Record(&rec) }))
	patterns := redactor(t, Rules{ValuePatterns: []string{PatternCardNumber, PatternJWT, PatternBearer}})
	assert.Zero(t, testing.AllocsPerRun(100, func() { patterns.Record(&rec) }))
}

// sample is a record of about 900 bytes without a secret.
func sample(t testing.TB) record.Record {
	return record.Record{
		TenantID: "acme", Action: "invoice.update", Outcome: record.OutcomeSuccess, Reason: "customer asked for it",
		Actor:      parse(t, `{"type":"user","id":"u-1842","email":"ann@example.com","display_name":"Ann"}`),
		Target:     parse(t, `{"type":"invoice","id":"inv-20931","currency":"EUR"}`),
		Changes:    parse(t, `{"before":{"amount":"129.50","state":"open"},"after":{"amount":"149.50","state":"sent"},"patch":[{"op":"replace","path":"/amount","value":"149.50"},{"op":"replace","path":"/state","value":"sent"}]}`),
		Context:    parse(t, `{"request_id":"0192f3c1-1111-7000-8000-000000000001","ip":"203.0.113.9","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","session_id":"s-1"}`),
		Payload:    parse(t, `{"lines":[{"sku":"a","n":1},{"sku":"b","n":2}],"note":"thanks","raw":"{\"x\":1}"}`),
		Source:     parse(t, `{"service.name":"billing","service.version":"1.4.2","deployment.environment.name":"production"}`),
		Attributes: parse(t, `{"http.request.method":"PUT","http.route":"/invoices/{id}","http.response.status_code":200}`),
		Body:       record.StringValue("invoice updated"),
	}
}

func BenchmarkRedact(b *testing.B) {
	for _, bb := range []struct {
		name  string
		rules Rules
	}{
		{"keys", Rules{}},
		{"patterns", Rules{ValuePatterns: []string{PatternCardNumber, PatternJWT, PatternBearer}}},
		{"paths", Rules{Paths: []string{"payload.**.iban", "changes.*.iban"}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			rec, r := sample(b), redactor(b, bb.rules)
			b.ReportAllocs()
			for b.Loop() {
				r.Record(&rec)
			}
		})
	}
}

// FuzzText holds redaction of text to its promises: it does not panic, a second
// pass changes nothing, and it terminates in time for any text.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		`{"password":"x"}`, `[{"op":"add","path":"/token","value":1}]`, `"{\"cvv\":1}"`, `{"a":"4111 1111 1111 1111"}`,
		"Bearer abcdef123456", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", `{password=1`, "[REDACTED]aa[REDACTED]", "12[REDACTED]34",
	} {
		f.Add(s)
	}
	r := redactor(f, Rules{
		Paths:         []string{"payload.**.iban"},
		ValuePatterns: []string{PatternCardNumber, PatternJWT, PatternBearer, `regexp:^\d+`, `regexp:a(\[|$)`},
	})
	f.Fuzz(func(t *testing.T, s string) {
		rec := record.Record{Payload: record.StringValue(s), Reason: s}
		r.Record(&rec)
		once := rec.Payload.Text()
		require.Zero(t, r.Record(&rec), "%q becomes %q, and then %q", s, once, rec.Payload.Text())
	})
}

// How a listed name was spelled before it was repaired is not masked by the next
// collector, because the first one kept it; a value below such a name is.
func TestARepairedNameIsKeptAndItsValueIsNot(t *testing.T) {
	rec := recordtest.Typical()
	rec.Payload = record.EmptyObject().Set("\x87password", record.StringValue("s"))
	r := redactor(t, Rules{})
	require.Equal(t, 1, r.Record(rec))
	require.Nil(t, rec.Normalize())
	require.False(t, rec.Original.Get("payload.\uFFFDpassword#name").IsAbsent())
	before := string(rec.AppendCanonical(nil))
	require.Zero(t, r.Record(rec))
	require.Equal(t, before, string(rec.AppendCanonical(nil)))

	for name, value := range map[string]string{
		"payload.password": "czM=", "payload.password#name": "czM=", "payload.x.password#name": "eC5wYXNz", "payload.api-token#name": "plain text",
	} {
		rec.Original = record.EmptyObject().Set(name, record.StringValue(value))
		require.Equal(t, 1, r.Record(rec), name)
		require.Equal(t, Marker, rec.Original.Get(name).Text())
	}
}
