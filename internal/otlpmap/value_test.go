package otlpmap

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestNotes(t *testing.T) {
	v := pcommon.NewValueEmpty()
	inner := v.SetEmptyMap().PutEmptySlice("list").AppendEmpty().SetEmptyMap()
	inner.PutInt("big", math.MaxInt64)
	value, notes := ValueOf(v)
	require.JSONEq(t, `{"list":[{"big":"9223372036854775807"}]}`, string(value.AppendJSON(nil)))
	require.Equal(t, Notes{NumberAsText: true}, notes)

	notes = Notes{}
	convertMap(v.Map(), 0, &notes)
	require.Equal(t, Notes{NumberAsText: true}, notes)
	notes.Add(Notes{Duplicate: "x", HasDuplicate: true})
	notes.Add(Notes{Duplicate: "y", HasDuplicate: true, TooDeep: true})
	require.Equal(t, Notes{NumberAsText: true, Duplicate: "x", HasDuplicate: true, TooDeep: true}, notes)

	deep := pcommon.NewValueEmpty()
	at := deep
	for range maxConvertDepth + 1 {
		at = at.SetEmptySlice().AppendEmpty()
	}
	_, notes = ValueOf(deep)
	require.True(t, notes.TooDeep)
}
