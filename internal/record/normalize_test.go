package record_test

import (
	"encoding/base64"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

func TestNormalizeTwiceChangesNothing(t *testing.T) {
	bad := []string{"a\x00b", "\xff\xfe", "enc:x", `\enc:x`, "é\x80", "", "ok"}
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 5))
		r := recordtest.Arbitrary(rng)
		word := func() string { return bad[rng.IntN(len(bad))] }
		r.Reason, r.EventName = word(), word()
		r.Payload = r.Payload.Set(word(), record.StringValue(word())).Set(word(), record.NumberValue(math.NaN()))
		r.Original = r.Original.Set("x"+word(), record.StringValue(word()))
		require.Nil(t, r.Normalize(), "seed %d", seed)
		once := string(r.AppendCanonical(nil))
		require.NotContains(t, once, `\u0000`)
		require.Nil(t, r.Normalize(), "seed %d", seed)
		require.Equal(t, once, string(r.AppendCanonical(nil)), "seed %d", seed)
		_, err := record.ParseCanonical([]byte(once))
		require.NoError(t, err)
	}
}

func TestTextIsRepairedAndKept(t *testing.T) {
	r := recordtest.Typical()
	r.Reason = "be\x00fore"
	r.Payload = record.ArrayValue([]record.Value{record.EmptyObject().Set("k\xff", record.StringValue("\xc3("))})
	require.Nil(t, r.Normalize())
	require.Equal(t, "be\uFFFDfore", r.Reason)
	require.JSONEq(t, "[{\"k\uFFFD\":\"\uFFFD(\"}]", string(r.Payload.AppendJSON(nil)))
	require.Equal(t, []string{record.FlagRepairedText}, r.Flags)
	for path, want := range map[string]string{"reason": "be\x00fore", "payload.0.k\uFFFD#name": "k\xff", "payload.0.k\uFFFD": "\xc3("} {
		raw, err := base64.StdEncoding.DecodeString(r.Original.Get(path).Text())
		require.NoError(t, err)
		require.Equal(t, want, string(raw), path)
	}
}

// TestNamesThatBecomeTheSame keeps every member, however many names repair
// makes equal.
func TestNamesThatBecomeTheSame(t *testing.T) {
	var members []record.Member
	for i := range 100 {
		members = append(members, record.Member{Name: strings.Repeat("\xff", i+1), Value: record.NumberValue(float64(i))})
	}
	members = append(members, record.Member{Name: "\uFFFD~2", Value: record.NullValue()})
	v, _, _ := record.ObjectValue(members)
	r := recordtest.Typical()
	r.Payload = v
	require.Nil(t, r.Normalize())
	require.Equal(t, len(members), r.Payload.Len())
}

func TestNumbersThatAreNoJSON(t *testing.T) {
	r := recordtest.Typical()
	r.Attributes = record.EmptyObject().Set("n", record.NumberValue(math.NaN())).Set("b", record.NumberValue(1<<60))
	require.Nil(t, r.Normalize())
	require.JSONEq(t, `{"b":"1152921504606846976","n":"NaN"}`, string(r.Attributes.AppendJSON(nil)))
	require.Equal(t, []string{record.FlagNumberAsText}, r.Flags)
}

// The store has 16 bits for a severity: what does not fit is kept, and not cut.
func TestSeverityThatTheStoreDoesNotHold(t *testing.T) {
	for severity, want := range map[int]int{math.MaxInt16: math.MaxInt16, math.MinInt16: math.MinInt16, math.MaxInt16 + 1: 0, math.MaxInt32: 0, math.MinInt32: 0} {
		r := recordtest.Typical()
		r.Severity = severity
		require.Nil(t, r.Normalize())
		require.Equal(t, want, r.Severity)
		if want == 0 {
			require.Equal(t, strconv.Itoa(severity), r.Original.Get("severity").Text())
			require.Contains(t, r.Flags, record.FlagNumberAsText)
		}
		before := string(r.AppendCanonical(nil))
		require.Nil(t, r.Normalize())
		require.Equal(t, before, string(r.AppendCanonical(nil)))
	}
}

func TestEncryptedLookIsEscaped(t *testing.T) {
	r := recordtest.Typical()
	r.Reason = "enc:v1:x"
	r.Payload = record.StringValue("enc:")
	require.Nil(t, r.Normalize())
	require.Equal(t, `\enc:v1:x`, r.Reason)
	require.Equal(t, `\enc:`, r.Payload.Text())
	require.Equal(t, []string{record.FlagEscapedText}, r.Flags)
}

func TestNormalizeRefuses(t *testing.T) {
	deep := record.NullValue()
	for range record.MaxDepth {
		deep = record.ArrayValue([]record.Value{deep})
	}
	for _, c := range []struct {
		name   string
		change func(*record.Record)
		reason string
	}{
		{"nothing", func(*record.Record) {}, ""},
		{"no tenant", func(r *record.Record) { r.TenantID = "" }, record.ReasonMissingTenant},
		{"long tenant", func(r *record.Record) { r.TenantID = strings.Repeat("t", 256) }, record.ReasonInvalidTenant},
		{"tenant at the cap", func(r *record.Record) { r.TenantID = strings.Repeat("t", 255) }, ""},
		{"no action", func(r *record.Record) { r.Action = "" }, record.ReasonMissingAction},
		{"no actor", func(r *record.Record) { r.Actor = record.Value{} }, record.ReasonMissingActor},
		{"empty actor", func(r *record.Record) {
			r.Actor = record.EmptyObject().Set("id", record.StringValue("")).Set("type", record.NullValue())
		}, record.ReasonMissingActor},
		{"actor without id", func(r *record.Record) { r.Actor = record.EmptyObject().Set("type", record.StringValue("system")) }, ""},
		{"anonymous denial", func(r *record.Record) { r.Actor, r.Outcome = record.Value{}, record.OutcomeDenied }, ""},
		{"long action", func(r *record.Record) { r.Action = strings.Repeat("a", 256) }, record.ReasonTooLong},
		{"long actor type", func(r *record.Record) { r.Actor = r.Actor.Set("type", record.StringValue(strings.Repeat("a", 256))) }, record.ReasonTooLong},
		{"long actor id", func(r *record.Record) { r.Actor = r.Actor.Set("id", record.StringValue(strings.Repeat("a", 513))) }, record.ReasonTooLong},
		{"long target id", func(r *record.Record) { r.Target = r.Target.Set("id", record.StringValue(strings.Repeat("a", 513))) }, record.ReasonTooLong},
		{"long key", func(r *record.Record) { r.IdempotencyKey = strings.Repeat("k", 513) }, record.ReasonTooLong},
		{"key at the cap", func(r *record.Record) { r.IdempotencyKey = strings.Repeat("k", 512) }, ""},
		{"long request id", func(r *record.Record) {
			r.Context = r.Context.Set("request_id", record.StringValue(strings.Repeat("k", 513)))
		}, record.ReasonTooLong},
		{"deep", func(r *record.Record) { r.Payload = deep }, ""},
		{"too deep", func(r *record.Record) { r.Payload = record.ArrayValue([]record.Value{deep}) }, record.ReasonTooDeep},
		{"attribute too deep", func(r *record.Record) { r.Attributes = record.EmptyObject().Set("x", deep) }, record.ReasonTooDeep},
		{"original too deep", func(r *record.Record) { r.Original = record.EmptyObject().Set("x", deep) }, record.ReasonTooDeep},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := recordtest.Typical()
			c.change(r)
			p := r.Normalize()
			if c.reason == "" {
				require.Nil(t, p)
				return
			}
			require.NotNil(t, p)
			require.Equal(t, c.reason, p.Reason)
			require.NotEmpty(t, p.Detail)
		})
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		sent     record.Value
		outcome  string
		flags    []string
		original string
	}{
		{record.StringValue("success"), record.OutcomeSuccess, nil, `null`},
		{record.StringValue("OK"), record.OutcomeSuccess, nil, `{"outcome":"OK"}`},
		{record.StringValue("Failed"), record.OutcomeFailure, nil, `{"outcome":"Failed"}`},
		{record.StringValue("error"), record.OutcomeFailure, nil, `{"outcome":"error"}`},
		{record.StringValue("DENY"), record.OutcomeDenied, nil, `{"outcome":"DENY"}`},
		{record.StringValue("forbidden"), record.OutcomeDenied, nil, `{"outcome":"forbidden"}`},
		{record.StringValue("unknown"), record.OutcomeUnknown, nil, `null`},
		{record.StringValue("maybe"), record.OutcomeUnknown, []string{record.FlagOutcomeUnknown}, `{"outcome":"maybe"}`},
		{record.NumberValue(200), record.OutcomeUnknown, []string{record.FlagOutcomeUnknown}, `{"outcome":200}`},
		{record.StringValue(" "), record.OutcomeUnknown, []string{record.FlagOutcomeMissing}, `null`},
		{record.NullValue(), record.OutcomeUnknown, []string{record.FlagOutcomeMissing}, `null`},
		{record.Value{}, record.OutcomeUnknown, []string{record.FlagOutcomeMissing}, `null`},
	} {
		r := recordtest.Typical()
		r.SetOutcome(c.sent)
		require.Nil(t, r.Normalize())
		require.Equal(t, c.outcome, r.Outcome)
		require.Equal(t, c.flags, r.Flags)
		require.Equal(t, c.original, string(r.Original.AppendJSON(nil)))
	}
	r := recordtest.Typical()
	r.Outcome = "Denied"
	require.Nil(t, r.Normalize())
	require.Equal(t, record.OutcomeDenied, r.Outcome)
}

func TestSettleTime(t *testing.T) {
	for _, c := range []struct {
		time, observed, want int64
		flags                []string
	}{
		{5, 6, 5, nil},
		{0, 6, 6, []string{record.FlagTimeObserved}},
		{0, 0, 7, []string{record.FlagTimeArrival}},
	} {
		r := &record.Record{TimeUnixNano: c.time, ObservedTimeUnixNano: c.observed}
		r.SettleTime(7)
		r.SettleTime(8)
		require.Equal(t, c.want, r.TimeUnixNano)
		require.Equal(t, c.flags, r.Flags)
	}
}
