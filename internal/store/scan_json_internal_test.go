package store

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// requireSame holds the fast canonical form against the one of package record.
func requireSame(t *testing.T, text string) {
	t.Helper()
	c := &canonicalizer{}
	got, _, err := c.appendJSONB([]byte("before"), []byte(text))
	want, wantErr := record.ParseStored(text)
	require.Equal(t, wantErr == nil, err == nil, "%q: %v, %v", text, wantErr, err)
	if err == nil {
		require.Equal(t, "before"+string(want.AppendJSON(nil)), string(got), "%q", text)
	}
}

func TestCanonicalizerAgreesWithPackageRecord(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-1`, `00`, `01`, `-01`, `1.0`, `1.50`, `129.9`, `1e5`, `1E5`, `0.0000001`, `1000000000000000000000`,
		`999999999999999`, `9999999999999999`, `9007199254740993`, `1e400`, `--1`, `1-1`, `1.`, `.5`, `-`, `""`, `"a"`, `"\u0041"`, `"\u001f"`, `"\u0008"`, `"\b"`, `"\/"`, `"\ud800"`,
		`"é"`, "\"\xff\"", "\"\x01\"", `"`, `"\`, `"\u00`, `[]`, `[ ]`, `[1, 2]`, `[1,]`, `[`, `[1`, `{}`, `{ }`, `{"a": 1}`, `{"b": 1, "a": 2}`, `{"a": 1, "a": 1}`,
		`{"a": 1, "a": 2}`, `{"b": 1, "a": 2, "b": 1}`, `{"b": 1, "a": 2, "b": 3}`, `{"\n": 1, "a": 2}`, `{"a" 1}`, `{"a": 1,}`, `{a: 1}`, `{"a": {"d": 1, "c": [{"z": 1, "y": 2}]}}`,
		`{"": 1, "aa": 2, "b": 3}`, "{\"\ufb33\": 1, \"\U0001f600\": 2}", `1 2`, ` 1`, `1 `, "\t1", "", strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 65) + strings.Repeat("]", 65),
		`tru`, `nul`, `truex`, `{"a": tru}`,
	} {
		requireSame(t, text)
	}
}

func TestCanonicalizerAgreesOnArbitraryRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for range 2000 {
		rec := recordtest.Arbitrary(random)
		for _, value := range []record.Value{rec.Payload, rec.Attributes, rec.Context, rec.Body, rec.Changes} {
			requireSame(t, string(value.AppendJSON(nil)))
		}
	}
}

// A number that a double reads as another is what jsonb keeps and no record has.
func TestInexactNumbersAreSeen(t *testing.T) {
	for text, inexact := range map[string]bool{
		`129.9`: false, `129.90`: true, `129.90000000000000000001`: true, `1.0`: true, `0`: false, `-0`: true, `1e5`: true, `100000`: false,
		`1000000000000000000000`: false, `1000000000000000000001`: true, `0.0000001`: false, `0.00000010`: true, `9007199254740991`: false,
		`{"a": [1, 2.5, "1.0"]}`: false, `{"\n": 1.0}`: true, `{"\n": "1.0"}`: false, `{"\n": 1.5}`: false,
	} {
		c := &canonicalizer{}
		_, got, err := c.appendJSONB(nil, []byte(text))
		require.NoError(t, err)
		require.Equal(t, inexact, got, text)
	}
}

func FuzzCanonicalizer(f *testing.F) {
	random := rand.New(rand.NewPCG(4, 5))
	for range 50 {
		f.Add(string(recordtest.Arbitrary(random).AppendCanonical(nil)))
	}
	f.Add(`{"b": 1, "a": 2.50, "\n": "\u001f"}`)
	f.Fuzz(requireSame)
}

// The bytes between a canonical object's braces are taken apart again to
// compare columns that repeat a member.
func TestTopMemberFindsWhatGetFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	found := 0
	for range 3000 {
		object := recordtest.Arbitrary(random).Actor
		for _, name := range []string{"type", "id", "ip", "request_id", "a"} {
			member := topMember(object.AppendJSON(nil), `"`+name+`":`)
			want := object.Get(name)
			if want.IsAbsent() {
				require.Empty(t, member)
				continue
			}
			found++
			require.Equal(t, string(want.AppendJSON(nil)), string(member))
		}
	}
	require.Positive(t, found)
	require.Nil(t, topMember([]byte(`[{"id":1}]`), `"id":`))
	require.Nil(t, topMember([]byte(`{}`), `"id":`))
}
