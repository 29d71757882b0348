package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
)

func TestMerge(t *testing.T) {
	for _, c := range []struct{ a, b, want, conflict string }{
		{`{}`, `{}`, `{}`, ""},
		{`{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`, ""},
		{`{"a":1}`, `{"a":1}`, `{"a":1}`, ""},
		{`{"a":{"x":{"y":1}}}`, `{"a":{"x":{"z":2}}}`, `{"a":{"x":{"y":1,"z":2}}}`, ""},
		{`{"a":{"x":{"y":1}}}`, `{"a":{"x":{"y":2}}}`, `{"a":{"x":{"y":1}}}`, "a.x.y"},
		{`{"a":{"x":1}}`, `{"a":5}`, `{"a":{"x":1}}`, "a"},
		{`{"a":[1]}`, `{"a":[1,2]}`, `{"a":[1]}`, "a"},
	} {
		a, err := record.ParseJSON([]byte(c.a))
		require.NoError(t, err)
		b, err := record.ParseJSON([]byte(c.b))
		require.NoError(t, err)
		v, conflict, has := record.Merge(append(append([]record.Member{}, a.Members()...), b.Members()...))
		require.Equal(t, c.want, string(v.AppendJSON(nil)))
		require.Equal(t, c.conflict, conflict)
		require.Equal(t, c.conflict != "", has)
	}
}

func TestFold(t *testing.T) {
	one, two := record.NumberValue(1), record.NumberValue(2)
	v, dup, has := record.Fold([]record.Member{{Name: "b", Value: one}, {Name: "a", Value: one}, {Name: "b", Value: one}})
	require.Equal(t, `{"a":1,"b":1}`, string(v.AppendJSON(nil)))
	require.Empty(t, dup)
	require.False(t, has)
	v, dup, has = record.Fold([]record.Member{{Name: "b", Value: one}, {Name: "b", Value: two}})
	require.Equal(t, `{"b":1}`, string(v.AppendJSON(nil)))
	require.Equal(t, "b", dup)
	require.True(t, has)
}
