package export_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/export"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// plant writes records of one tenant, in their order.
func plant(t testing.TB, db *storetest.Database, records ...*record.Record) {
	t.Helper()
	config, err := pgurl.Parse(db.WriterURL, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	defer w.Close()
	var encoder store.Encoder
	events := make([]*store.Event, len(records))
	for i, r := range records {
		r.TenantID, r.EventID = "acme", fmt.Sprintf("e-%06d", i)
		require.Nil(t, r.Normalize())
		event, err := encoder.Encode(r, "")
		require.NoError(t, err)
		events[i] = &event
	}
	require.NoError(t, w.Write(t.Context(), events, make([]store.Outcome, len(events))))
}

// encode exports all of acme with an encoder.
func encode(t testing.TB, db *storetest.Database, encoder export.Encoder) string {
	t.Helper()
	r, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL})
	require.NoError(t, err)
	defer r.Close()
	extent, err := r.Extent(t.Context(), "acme")
	require.NoError(t, err)
	x, err := r.Export(store.ExportOptions{Tenant: "acme", Logs: extent.Logs, Now: time.Now})
	require.NoError(t, err)
	out := encoder.Begin(nil)
	page := &store.EventPage{}
	for {
		_, err := x.Next(t.Context(), page)
		if errors.Is(err, io.EOF) {
			return string(out)
		}
		require.NoError(t, err)
		for i := range page.Len() {
			out, err = encoder.Append(out, page.Row(i))
			require.NoError(t, err)
		}
	}
}

// attribute is what OCSF 1.8.0 says of an attribute that this mapping writes.
// Source: github.com/ocsf/ocsf-schema, events/application/api_activity.json,
// events/iam/entity_management.json, events/base_event.json with its includes, and
// objects/{metadata,product,actor,user,api,request,service,managed_entity,
// resource_details,network_endpoint,trace}.json.
type attribute struct {
	kind     string // integer, string, ip, object, array, any; the type of JSON
	required bool
	enum     []int
	object   *object
}

// object is the attributes of an object; oneOf is its constraint at_least_one.
type object struct {
	attributes map[string]attribute
	oneOf      []string
}

var (
	text    = attribute{kind: "string"}
	must    = attribute{kind: "string", required: true}
	instant = attribute{kind: "integer"} // timestamp_t: milliseconds since 1970
	named   = &object{attributes: map[string]attribute{"name": text, "uid": text, "version": text}}

	actor = &object{oneOf: []string{"user"}, attributes: map[string]attribute{
		"user": {kind: "object", object: &object{oneOf: []string{"account", "name", "uid"}, attributes: map[string]attribute{
			"name": text, "uid": text, "type": text, "type_id": {kind: "integer", enum: []int{0, 1, 2, 3, 4, 99}},
		}}},
	}}
	endpoint = &object{oneOf: []string{"ip", "uid", "name", "hostname", "svc_name"}, attributes: map[string]attribute{
		"ip": {kind: "ip"}, "name": text, "svc_name": text,
	}}
	metadata = &object{attributes: map[string]attribute{
		"version": must, "uid": text, "tenant_uid": text, "event_code": text, "correlation_uid": text, "original_time": text,
		"sequence": {kind: "integer"}, "logged_time": instant, "profiles": {kind: "array"},
		"product": {kind: "object", required: true, object: &object{oneOf: []string{"name", "uid"}, attributes: map[string]attribute{"name": text, "vendor_name": text}}},
	}}
)

func class(category, uid int, activities []int, own map[string]attribute) *object {
	c := &object{attributes: map[string]attribute{
		"activity_id": {kind: "integer", required: true, enum: activities}, "activity_name": text,
		"category_uid": {kind: "integer", required: true, enum: []int{category}}, "category_name": text,
		"class_uid": {kind: "integer", required: true, enum: []int{uid}}, "class_name": text,
		"type_uid": {kind: "integer", required: true}, "type_name": text,
		"time":        {kind: "integer", required: true},
		"severity_id": {kind: "integer", required: true, enum: []int{0, 1, 2, 3, 4, 5, 6, 99}}, "severity": text,
		"status_id": {kind: "integer", enum: []int{0, 1, 2, 99}}, "status": text, "status_code": text, "status_detail": text,
		"metadata": {kind: "object", required: true, object: metadata},
		"unmapped": {kind: "any"},
	}}
	maps.Copy(c.attributes, own)
	return c
}

var ocsfClasses = map[int]*object{
	6003: class(6, 6003, []int{0, 1, 2, 3, 4, 99}, map[string]attribute{
		"actor": {kind: "object", required: true, object: actor},
		"api": {kind: "object", required: true, object: &object{attributes: map[string]attribute{
			"operation": must, "service": {kind: "object", object: named},
			"request": {kind: "object", object: &object{attributes: map[string]attribute{"uid": must}}},
		}}},
		"src_endpoint": {kind: "object", required: true, object: endpoint},
		"resources":    {kind: "array"},
		"trace":        {kind: "object", object: &object{attributes: map[string]attribute{"uid": must}}},
	}),
	3004: class(3, 3004, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99}, map[string]attribute{
		"actor":        {kind: "object", object: actor},
		"entity":       {kind: "object", required: true, object: &object{oneOf: []string{"name", "uid"}, attributes: map[string]attribute{"uid": text, "type": text}}},
		"comment":      text,
		"src_endpoint": {kind: "object", object: endpoint},
	}),
}

// valid checks an object against its description.
func (o *object) valid(t *testing.T, where string, found map[string]any) {
	t.Helper()
	for name, a := range o.attributes {
		value, there := found[name]
		require.True(t, there || !a.required, "%s: %s is required", where, name)
		if there {
			a.valid(t, where+"."+name, value)
		}
	}
	for name := range found {
		require.Contains(t, o.attributes, name, "%s has it, and nothing describes it", where)
	}
	require.True(t, o.oneOf == nil || slices.ContainsFunc(o.oneOf, func(name string) bool { _, there := found[name]; return there }), "%s has none of %v", where, o.oneOf)
}

func (a attribute) valid(t *testing.T, where string, value any) {
	t.Helper()
	switch a.kind {
	case "integer":
		n, ok := value.(json.Number)
		require.True(t, ok, where)
		whole, err := n.Int64()
		require.NoError(t, err, where)
		require.True(t, a.enum == nil || slices.Contains(a.enum, int(whole)), "%s: %d", where, whole)
	case "string", "ip":
		s, ok := value.(string)
		require.True(t, ok, where)
		require.NotEmpty(t, s, where)
		if a.kind == "ip" {
			_, err := netip.ParseAddr(s)
			require.NoError(t, err)
		}
	case "object":
		o, ok := value.(map[string]any)
		require.True(t, ok, where)
		a.object.valid(t, where, o)
	case "array":
		require.IsType(t, []any{}, value, where)
	}
}

// Whatever an event is, it becomes a valid event of OCSF from which all of it can
// be had again.
func TestEveryEventIsValidOCSFAndLosesNothing(t *testing.T) {
	db := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(3, 3))
	records := make([]*record.Record, 1000)
	actions := []string{"invoice.create", "invoice.approve", "user.delete", "report.export", "login", "a.", "x.Enable", "order.rename"}
	for i := range records {
		r := recordtest.Arbitrary(random)
		r.Action = actions[random.IntN(len(actions))]
		r.IdempotencyKey = ""
		if random.IntN(2) == 0 {
			r.Context = r.Context.Set("ip", record.StringValue([]string{"192.0.2.1", "::1", "enc:v1:AAAA", ""}[random.IntN(4)])).Set("request_id", record.StringValue("r-1"))
		}
		if random.IntN(2) == 0 {
			r.Source = r.Source.Set("service.name", record.StringValue("billing"))
		}
		r.TimeUnixNano = time.Now().Add(-time.Duration(random.IntN(1e9)) * time.Second).UnixNano()
		records[i] = r
	}
	plant(t, db, records...)
	want := strings.Split(encode(t, db, export.NewJSONL()), "\n")
	classes := make(map[string]int)
	for i, line := range strings.Split(encode(t, db, export.NewOCSF()), "\n") {
		if line == "" {
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		var event map[string]any
		require.NoError(t, decoder.Decode(&event), line)
		uid := event["class_uid"].(json.Number).String()
		classes[uid]++
		ocsfClasses[map[string]int{"6003": 6003, "3004": 3004}[uid]].valid(t, "event", event)
		require.Equal(t, fmt.Sprintf("%s%02s", uid, event["activity_id"]), event["type_uid"].(json.Number).String())
		require.JSONEq(t, want[i], original(t, event))
	}
	require.Positive(t, classes["6003"])
	require.Positive(t, classes["3004"])
}

// original makes the event of jsonl from one of OCSF.
func original(t *testing.T, event map[string]any) string {
	t.Helper()
	whole := event["unmapped"].(map[string]any)
	about := event["metadata"].(map[string]any)
	whole["event_id"], whole["tenant_id"], whole["action"] = about["uid"], about["tenant_uid"], about["event_code"]
	whole["outcome"], whole["seq"] = event["status_code"], about["sequence"]
	for name, value := range map[string]any{"reason": event["status_detail"], "correlation_id": about["correlation_uid"]} {
		if value != nil {
			whole[name] = value
		}
	}
	text, err := json.Marshal(whole)
	require.NoError(t, err)
	return string(text)
}

// The mapping, by example.
func TestTheMappingToOCSF(t *testing.T) {
	db := storetest.NewDatabase(t)
	set := func(kind, id string) record.Value {
		return record.EmptyObject().Set("type", record.TextOrAbsent(kind)).Set("id", record.TextOrAbsent(id))
	}
	at := time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC).UnixNano()
	plant(
		t, db,
		&record.Record{
			Action: "invoice.create", Outcome: record.OutcomeSuccess, Actor: set("user", "alice"), Target: set("invoice", "42"), Reason: "new",
			TimeUnixNano: at, Severity: 9, CorrelationID: "c-1",
		},
		&record.Record{
			Action: "invoice.approve", Outcome: record.OutcomeDenied, Actor: set("agent", "bot-7"), Target: set("invoice", "42"), TimeUnixNano: at, Severity: 13,
			Context: record.EmptyObject().Set("ip", record.StringValue("192.0.2.1")).Set("request_id", record.StringValue("r-1")),
			TraceID: "0123456789abcdef0123456789abcdef", Source: record.EmptyObject().Set("service.name", record.StringValue("billing")),
		},
		&record.Record{
			Action: "invoice.approve", Outcome: record.OutcomeFailure, Actor: set("service", ""), Target: set("invoice", "42"), TimeUnixNano: at,
			Changes: record.EmptyObject().Set("before", record.StringValue("a")).Set("after", record.StringValue("b")),
		},
		&record.Record{Action: "invoice.delete", Outcome: record.OutcomeUnknown, Actor: set("anonymous", ""), Target: set("invoice", ""), TimeUnixNano: at},
	)
	lines := strings.Split(strings.TrimSpace(encode(t, db, export.NewOCSF())), "\n")
	for i, parts := range [][]string{
		{
			`"activity_id":1,"activity_name":"Create","category_uid":3,`, `"class_uid":3004,"class_name":"Entity Management","type_uid":300401,`,
			`"time":1777636800123,"severity_id":1,"severity":"Informational","status_id":1,"status":"Success","status_code":"success","status_detail":"new"`,
			`"uid":"e-000000","tenant_uid":"acme","event_code":"invoice.create","correlation_uid":"c-1","sequence":0,`, `"original_time":"2026-05-01T12:00:00.123456789Z"`,
			`"actor":{"user":{"uid":"alice","type_id":1,"type":"User"}},"entity":{"uid":"42","type":"invoice"},"comment":"new","unmapped":{`,
		},
		{
			`"activity_id":99,"activity_name":"approve","category_uid":6,`, `"type_uid":600399,`, `"severity_id":3,`, `"status_id":2,"status":"Failure","status_code":"denied"`,
			`"profiles":["trace"]`, `"actor":{"user":{"uid":"bot-7","type_id":99,"type":"agent"}}`,
			`"api":{"operation":"invoice.approve","service":{"name":"billing"},"request":{"uid":"r-1"}},"resources":[{"uid":"42","type":"invoice"}]`,
			`"src_endpoint":{"ip":"192.0.2.1"},"trace":{"uid":"0123456789abcdef0123456789abcdef"}`,
		},
		{`"activity_id":3,"activity_name":"Update"`, `"class_uid":3004`, `"user":{"name":"service","type_id":4,"type":"Service"}`, `"changes":{"after":"b","before":"a"}`},
		{`"activity_id":4,"activity_name":"Delete"`, `"class_uid":6003`, `"resources":[{"type":"invoice"}],"src_endpoint":{"name":"unknown"}`, `"status_id":0,"status":"Unknown"`},
	} {
		for _, part := range parts {
			require.Contains(t, lines[i], part)
		}
	}
}
