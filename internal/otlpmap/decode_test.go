package otlpmap

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

func logOf(t testing.TB, attributes map[string]any, body any) plog.LogRecord {
	lr := plog.NewLogRecord()
	require.NoError(t, lr.Attributes().FromRaw(attributes))
	require.NoError(t, lr.Body().FromRaw(body))
	return lr
}

func TestClaims(t *testing.T) {
	resource := pcommon.NewResource()
	resource.Attributes().PutStr("tenant.id", "res")
	scope := pcommon.NewInstrumentationScope()
	scope.Attributes().PutStr("tenantId", "scope")
	rest := []Claim{{LevelScope, "tenantId", "scope"}, {LevelResource, "tenant.id", "res"}}

	for _, c := range []struct {
		name       string
		options    Options
		attributes map[string]any
		body       any
		want       []Claim
		problem    string
	}{
		{name: "resource and scope only", attributes: map[string]any{"audit.action": "a"}},
		{name: "canonical", attributes: map[string]any{"audit.tenant.id": "t"}, want: []Claim{{LevelRecord, "audit.tenant.id", "t"}}},
		{name: "trimmed", attributes: map[string]any{"audit.tenantId": "\t t "}, want: []Claim{{LevelRecord, "audit.tenantId", "t"}}},
		{name: "integer", attributes: map[string]any{"tenant_id": 42, "audit.x": 1}, want: []Claim{{LevelRecord, "tenant_id", "42"}}},
		{name: "large integer", attributes: map[string]any{"tenant_id": int64(1) << 60, "audit.x": 1}, want: []Claim{{LevelRecord, "tenant_id", "1152921504606846976"}}},
		{name: "empty is missing", attributes: map[string]any{"tenant_id": "  ", "audit.tenant_id": nil}},
		{name: "nested", attributes: map[string]any{"audit": map[string]any{"tenant": map[string]any{"id": "t"}}}, want: []Claim{{LevelRecord, "audit.tenant.id", "t"}}},
		{name: "nested camel", attributes: map[string]any{"audit": `{"tenantId":"t"}`}, want: []Claim{{LevelRecord, "audit.tenantId", "t"}}},
		{name: "context", attributes: map[string]any{"audit": `{"context":{"tenantId":"t"}}`}, want: []Claim{{LevelRecord, "audit.context.tenantId", "t"}}},
		{name: "body beside audit", body: `{"audit":{},"tenantId":"t"}`, problem: record.ReasonMalformed, want: []Claim{{LevelRecord, "tenantId", "t"}}},
		{name: "body of an ordinary kind", attributes: map[string]any{"audit.action": "a"}, body: map[string]any{"tenantId": "t"}},
		{
			name:       "all in order",
			attributes: map[string]any{"tenant_id": "h", "tenantId": "g", "tenant.id": "f", "audit.context.tenant_id": "e", "audit.context.tenantId": "d", "audit.tenant_id": "c", "audit.tenantId": "b", "audit.tenant.id": "a"},
			want: []Claim{
				{LevelRecord, "audit.tenant.id", "a"},
				{LevelRecord, "audit.tenantId", "b"},
				{LevelRecord, "audit.tenant_id", "c"},
				{LevelRecord, "audit.context.tenantId", "d"},
				{LevelRecord, "audit.context.tenant_id", "e"},
				{LevelRecord, "tenant.id", "f"},
				{LevelRecord, "tenantId", "g"},
				{LevelRecord, "tenant_id", "h"},
			},
		},
		{name: "attribute and body differ", attributes: map[string]any{"tenantId": "a"}, body: `{"audit":{"action":"x"},"tenantId":"b"}`, want: []Claim{{LevelRecord, "tenantId", "a"}, {LevelRecord, "tenantId", "b"}}},
		{name: "wrong type", attributes: map[string]any{"audit.tenant.id": []any{"t"}}, problem: record.ReasonInvalidTenant},
		{name: "target's tenant is another matter", attributes: map[string]any{"audit.target.tenantId": "t"}},
		{
			name: "configured", options: Options{TenantAttributes: []string{"vk.tenant", "audit.payload.tenant", "tenantId", "tenant.id"}},
			attributes: map[string]any{"vk.tenant": "v", "audit.payload.tenant": "p", "audit.tenant.id": "ignored"},
			want:       []Claim{{LevelRecord, "vk.tenant", "v"}, {LevelRecord, "audit.payload.tenant", "p"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := NewDecoder(c.options).Decode(resource, scope, logOf(t, c.attributes, c.body), false)
			if c.problem != "" {
				require.NotNil(t, out.Problem)
				require.Equal(t, c.problem, out.Problem.Reason)
			} else {
				require.Nil(t, out.Problem)
			}
			require.Equal(t, append(c.want, rest...), out.Claims)
			require.Equal(t, out.Claims[0].Value, out.Record.TenantID)
		})
	}
}

// TestOursAreNotBelieved sends everything that is ours from a stranger, from a
// trusted sender in another form, and as our own canonical form.
func TestOursAreNotBelieved(t *testing.T) {
	ours := map[string]any{
		"audit.action": "a", "audit.actor.id": "u", "audit.flags": []any{"repaired_text"}, "audit.original": map[string]any{"outcome": "x"},
		"audit.source": map[string]any{"service.name": "forged"}, "audit.outcome": "success", "sampling.priority": 3.0,
	}
	resource := pcommon.NewResource()
	resource.Attributes().PutStr("service.name", "real")
	d := NewDecoder(Options{})

	stranger := d.Decode(resource, pcommon.NewInstrumentationScope(), logOf(t, ours, nil), false)
	require.Nil(t, stranger.Problem)
	require.Empty(t, stranger.Record.Flags)
	require.True(t, stranger.Record.Original.IsAbsent())
	require.Equal(t, "real", stranger.Record.Source.Get("service.name").Text())
	require.Equal(t, "forged", stranger.Record.Attributes.Get("audit.source.service.name").Text(), "kept as data")

	trusted := d.Decode(resource, pcommon.NewInstrumentationScope(), logOf(t, ours, nil), true)
	require.Equal(t, []string{"repaired_text"}, trusted.Record.Flags)
	require.Equal(t, "forged", trusted.Record.Source.Get("service.name").Text())
	require.False(t, trusted.Canonical)

	// Our own agent, but not on the list: the content is read, what we added is not.
	lr := plog.NewLogRecord()
	want := recordtest.Typical()
	want.AddFlag(record.FlagTimeObserved)
	want.Attributes = want.Attributes.Set("audit.action", record.StringValue("an attribute of that name"))
	Encode(want, lr)
	agent := d.Decode(resource, pcommon.NewInstrumentationScope(), lr, false)
	require.Nil(t, agent.Problem)
	require.Equal(t, want.EventID, agent.Record.EventID)
	require.Equal(t, want.Fingerprint(), agent.Record.Fingerprint())
	require.Empty(t, agent.Record.Flags)
	require.Equal(t, "real", agent.Record.Source.Get("service.name").Text())
	require.True(t, want.Attributes.Equal(agent.Record.Attributes), "%s", agent.Record.Attributes.AppendJSON(nil))
}

func TestQuarantineMark(t *testing.T) {
	lr := logOf(t, map[string]any{"audit": "", "audit.quarantine.reason": "a client's", "audit.quarantine.other": 1}, nil)
	resource, scope := pcommon.NewResource(), pcommon.NewInstrumentationScope()
	mark := QuarantineMark{Reason: record.ReasonMalformed, Detail: "audit is empty", SHA256: Digest(resource, scope, lr), TenantID: "acme"}
	d := NewDecoder(Options{})
	require.Nil(t, d.Decode(resource, scope, lr, false).Mark, "a stranger's mark is ignored")
	require.NotNil(t, d.Decode(resource, scope, lr, false).Problem)

	Quarantine(lr, mark)
	lr = wire(t, lr)
	require.True(t, IsAudit(lr))
	out := d.Decode(resource, scope, lr, true)
	require.Equal(t, &mark, out.Mark)
	require.Nil(t, out.Record)
	_, left := lr.Attributes().Get("audit.quarantine.other")
	require.False(t, left)
}

func TestDigestIsOfTheOneRecord(t *testing.T) {
	all := readShapes(t, "testdata/shapes/same-event.json")
	seen := map[[32]byte]bool{}
	for _, s := range all {
		sum := Digest(s.resource, s.scope, s.log)
		require.Equal(t, sum, Digest(s.resource, s.scope, s.log))
		seen[sum] = true
	}
	require.Len(t, seen, len(all))
}

func TestKeep(t *testing.T) {
	attributes := map[string]any{"audit.action": "a", "audit.actor.id": "u", "http.route": "/", "http.method": "GET", "user.plan": "pro", "audit.foo": 1, "client.address": "203.0.113.7", "tenantId": "t"}
	for _, c := range []struct {
		name             string
		keep             []string
		attributes, body string
	}{
		{"all by default", nil, `{"audit.foo":1,"client.address":"203.0.113.7","http.method":"GET","http.route":"/","user.plan":"pro"}`, `{"duration":3,"message":"m"}`},
		{"all by a star", []string{"x", "*"}, `{"audit.foo":1,"client.address":"203.0.113.7","http.method":"GET","http.route":"/","user.plan":"pro"}`, `{"duration":3,"message":"m"}`},
		{"none", []string{}, `null`, `null`},
		{"globs", []string{"http.*", "body.dur?tion"}, `{"http.method":"GET","http.route":"/"}`, `{"duration":3}`},
		{"body", []string{"body"}, `null`, `{"duration":3,"message":"m"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			lr := logOf(t, attributes, map[string]any{"audit": map[string]any{"reason": "r"}, "message": "m", "duration": 3})
			out := NewDecoder(Options{Keep: c.keep}).Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr, false)
			require.Nil(t, out.Problem)
			require.Equal(t, c.attributes, string(out.Record.Attributes.AppendJSON(nil)))
			require.Equal(t, c.body, string(out.Record.Body.AppendJSON(nil)))
			require.Equal(t, "203.0.113.7", out.Record.Context.Get("ip").Text(), "enrichment comes first")
			require.Equal(t, "t", out.Record.TenantID)
		})
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"*", "", true},
		{"a*", "a", true},
		{"a*b", "axxb", true},
		{"a*b*c", "abbc", true},
		{"*.id", "user.id", true},
		{"a", "b", false},
		{"a", "ab", false},
		{"a?", "a", false},
		{"a*b", "axxc", false},
		{"*a", "ab", false},
	} {
		require.Equal(t, c.want, globMatch(c.pattern, c.name), "%q %q", c.pattern, c.name)
	}
}

// TestManyAttributes takes the path of duplicates that a quadratic look would
// be too slow for.
func TestManyAttributes(t *testing.T) {
	lr := plog.NewLogRecord()
	lr.Attributes().PutStr("audit.action", "a")
	for i := range 500 {
		lr.Attributes().PutInt("audit.payload.k"+string(rune('a'+i%26))+string(rune('a'+i/26)), int64(i))
	}
	d := NewDecoder(Options{})
	out := d.Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr, false)
	require.Nil(t, out.Problem)
	require.Equal(t, 500, out.Record.Payload.Len())

	lr.Attributes().PutStr("dup-a", "one")
	lr.Attributes().PutStr("dup-b", "one")
	require.Nil(t, d.Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), doubled(t, lr), false).Problem, "twice the same")
	lr.Attributes().PutStr("dup-b", "two")
	problem := d.Decode(pcommon.NewResource(), pcommon.NewInstrumentationScope(), doubled(t, lr), false).Problem
	require.NotNil(t, problem)
	require.Equal(t, record.ReasonAmbiguous, problem.Reason)
}

// doubled gives the attribute dup-b the name dup-a, on the wire, where nothing
// forbids it.
func doubled(t testing.TB, lr plog.LogRecord) plog.LogRecord {
	b, err := MarshalOne(pcommon.NewResource(), pcommon.NewInstrumentationScope(), lr)
	require.NoError(t, err)
	var u plog.ProtoUnmarshaler
	logs, err := u.UnmarshalLogs(bytes.ReplaceAll(b, []byte("dup-b"), []byte("dup-a")))
	require.NoError(t, err)
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

// TestResourceWithADuplicate is not the record's fault: it stays an event and
// says what was left out.
func TestResourceWithADuplicate(t *testing.T) {
	all := readShapes(t, "testdata/shapes/same-event.json")
	resource := all[0].resource
	resource.Attributes().PutStr("dup-a", "one")
	resource.Attributes().PutStr("dup-b", "two")
	b, err := MarshalOne(resource, all[0].scope, all[0].log)
	require.NoError(t, err)
	var u plog.ProtoUnmarshaler
	logs, err := u.UnmarshalLogs(bytes.ReplaceAll(b, []byte("dup-b"), []byte("dup-a")))
	require.NoError(t, err)
	rl := logs.ResourceLogs().At(0)
	r, problem := finished(NewDecoder(Options{}), sent{rl.Resource(), rl.ScopeLogs().At(0).Scope(), rl.ScopeLogs().At(0).LogRecords().At(0)})
	require.Nil(t, problem)
	require.Equal(t, "one", r.Source.Get("dup-a").Text())
	require.Contains(t, r.Original.Get("source").Text(), "dup-a")
}

// TestTenantTwiceOnTheResource leaves the judgment to the caller, who must see
// both.
func TestTenantTwiceOnTheResource(t *testing.T) {
	resource := pcommon.NewResource()
	resource.Attributes().PutStr("tenant.id", "one")
	resource.Attributes().PutStr("tenant.iq", "two")
	lr := logOf(t, map[string]any{"audit.action": "a"}, nil)
	b, err := MarshalOne(resource, pcommon.NewInstrumentationScope(), lr)
	require.NoError(t, err)
	var u plog.ProtoUnmarshaler
	logs, err := u.UnmarshalLogs(bytes.ReplaceAll(b, []byte("tenant.iq"), []byte("tenant.id")))
	require.NoError(t, err)
	out := NewDecoder(Options{}).Decode(logs.ResourceLogs().At(0).Resource(), pcommon.NewInstrumentationScope(), lr, false)
	require.Equal(t, []Claim{{LevelResource, "tenant.id", "one"}, {LevelResource, "tenant.id", "two"}}, out.Claims)
}

// TestOneFromForManyRecords decodes records one after the other into the same
// memory: nothing of one may be seen in the next.
func TestOneFromForManyRecords(t *testing.T) {
	d := NewDecoder(Options{})
	files, err := filepath.Glob("testdata/shapes/*.json")
	require.NoError(t, err)
	var all []sent
	for _, file := range files {
		all = append(all, readShapes(t, file)...)
	}
	require.NotEmpty(t, all)
	resource, scope := all[0].resource, all[0].scope
	r := rand.New(rand.NewPCG(4, 4))
	from := d.From(resource, scope)
	for range 5000 {
		lr := all[r.IntN(len(all))].log
		trusted := r.IntN(4) == 0
		want, got := d.Decode(resource, scope, lr, trusted), from.Decode(lr, trusted)
		require.Equal(t, want.Mark, got.Mark)
		if want.Mark != nil {
			continue
		}
		require.Equal(t, string(want.Record.AppendCanonical(nil)), string(got.Record.AppendCanonical(nil)))
		require.Equal(t, want.Problem, got.Problem)
		require.Equal(t, append([]Claim{}, want.Claims...), append([]Claim{}, got.Claims...))
	}
}

// What a JSON text costs is found out before it is parsed, not by its record's size.
func TestAJSONTextOfTooManyValues(t *testing.T) {
	lr := plog.NewLogRecord()
	text := `{"action":"a.b","payload":[` + strings.Repeat("0,", 1<<20) + "0]}"
	lr.Attributes().PutStr("audit", text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d := NewDecoder(Options{}).From(pcommon.NewResource(), pcommon.NewInstrumentationScope()).Decode(lr, false)
	runtime.ReadMemStats(&after)
	require.NotNil(t, d.Problem)
	require.Equal(t, record.ReasonTooLarge, d.Problem.Reason)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4*len(text)))
}
