package record_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

func TestParseJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{` {"b" : [1 , -0, 2.50e1], "a":null} `, `{"a":null,"b":[1,0,25]}`},
		{`"\u0041\ud83d\ude00\/\"\b\u00e9"`, `"A😀/\"\bé"`},
		{`"\ud83d"`, "\"\uFFFD\uFFFD\uFFFD\""},
		{`"\ude00\ud83dx"`, "\"\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDx\""},
		{`{"a":1,"a":1}`, `{"a":1}`},
		{`{"a":{"x":1},"\u0061":{"x":1}}`, `{"a":{"x":1}}`},
		{`9007199254740991`, `9007199254740991`},
		{`9007199254740992`, `"9007199254740992"`},
		{`-12345678901234567890123`, `"-12345678901234567890123"`},
		{`1e20`, `"100000000000000000000"`},
		{`1e21`, `1e+21`},
		{`1e400`, `"1e400"`},
		{`-1E+400`, `"-1E+400"`},
		{`1e-400`, `0`},
		{`0.1`, `0.1`},
		{`0.10000000000000001`, `0.1`},
		{`123456789012345678.90`, `"123456789012345678.90"`},
		{`0.1000000000000000055511151231257827`, `"0.1000000000000000055511151231257827"`},
		{`1.500000000000000000000`, `1.5`},
		{`true`, `true`},
		{`[]`, `[]`},
		{`{}`, `{}`},
	} {
		v, err := record.ParseJSON([]byte(c.in))
		require.NoError(t, err, c.in)
		require.Equal(t, c.want, string(v.AppendJSON(nil)), c.in)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `{`, `[`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `[1,]`, `[1 2]`, `"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"",
		`01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `nul`, `tru`, `NaN`, `{} {}`, `1 1`, `[1]]`, "\ufeff{}", `'a'`,
	} {
		_, err := record.ParseJSON([]byte(in))
		require.Error(t, err, in)
	}
	_, err := record.ParseJSON([]byte(`{"x":[{"a":1,"b":2,"a":3}]}`))
	var dup *record.DuplicateNameError
	require.ErrorAs(t, err, &dup)
	require.Equal(t, "a", dup.Name)

	_, err = record.ParseJSON([]byte(strings.Repeat("[", 64) + strings.Repeat("]", 64)))
	require.NoError(t, err)
	_, err = record.ParseJSON([]byte(strings.Repeat(`{"a":`, 65) + `1` + strings.Repeat("}", 65)))
	require.ErrorIs(t, err, record.ErrTooDeep)
	_, err = record.ParseJSON([]byte(strings.Repeat("[", 1<<20)))
	require.ErrorIs(t, err, record.ErrTooDeep)
}

func TestParseCanonicalRefuses(t *testing.T) {
	good := `{"action":"a","actor":{"id":"u"},"outcome":"success","tenant_id":"t","time_unix_nano":"1","v":1}`
	_, err := record.ParseCanonical([]byte(good))
	require.NoError(t, err)
	for name, in := range map[string]string{
		"white space":        strings.Replace(good, ",", ", ", 1),
		"order":              `{"actor":{"id":"u"},"action":"a","v":1}`,
		"unknown member":     `{"action":"a","more":1,"v":1}`,
		"no version":         `{"action":"a"}`,
		"other version":      `{"action":"a","v":2}`,
		"type":               `{"action":5,"v":1}`,
		"empty text":         `{"action":"","v":1}`,
		"time as a number":   `{"time_unix_nano":1,"v":1}`,
		"time with a zero":   `{"time_unix_nano":"01","v":1}`,
		"time zero":          `{"time_unix_nano":"0","v":1}`,
		"severity":           `{"severity":1.5,"v":1}`,
		"flags":              `{"flags":[1],"v":1}`,
		"flags no array":     `{"flags":"x","v":1}`,
		"no flags":           `{"flags":[],"v":1}`,
		"number":             `{"payload":1.0,"v":1}`,
		"escape":             `{"action":"\u0041","v":1}`,
		"duplicate":          `{"action":"a","action":"a","v":1}`,
		"not an object":      `[]`,
		"text behind":        good + "\n",
		"nothing":            ``,
		"too large a number": `{"payload":9007199254740993,"v":1}`,
	} {
		_, err := record.ParseCanonical([]byte(in))
		require.Error(t, err, name)
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-0.5e3,"x\u0000\ud800"],"b":{"b":null}}`, `1e400`, `[[[]]]`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `9007199254740993`, "{\"\xf1\":9,\"\xad\xc9raa\":2}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := record.ParseJSON(in)
		if err != nil {
			return
		}
		if !json.Valid(in) {
			t.Fatalf("accepted what is not JSON: %q", in)
		}
		// What we write after the value rules we read, as the same value.
		r := recordtest.Typical()
		r.Payload = v
		if p := r.Normalize(); p != nil {
			t.Fatalf("%q: %v", in, p)
		}
		out := r.Payload.AppendJSON(nil)
		again, err := record.ParseJSON(out)
		if err != nil {
			t.Fatalf("%q wrote %q: %v", in, out, err)
		}
		if !bytes.Equal(again.AppendJSON(nil), out) {
			t.Fatalf("%q: %q became %q", in, out, again.AppendJSON(nil))
		}
	})
}

func FuzzParseCanonical(f *testing.F) {
	f.Add([]byte(`{"action":"a","actor":{"id":"u"},"outcome":"success","tenant_id":"t","time_unix_nano":"1","v":1}`))
	f.Add([]byte(`{"flags":["a"],"observed_time_unix_nano":"-5","severity":-3,"v":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := record.ParseCanonical(in)
		if err != nil {
			return
		}
		if !bytes.Equal(r.AppendCanonical(nil), in) {
			t.Fatalf("other bytes: %q", in)
		}
		if _, err := record.ParseCanonical(r.AppendCanonical(nil)); err != nil {
			t.Fatal(err)
		}
	})
}
