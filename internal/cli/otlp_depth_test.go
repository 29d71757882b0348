package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// nested is the protobuf of a log record whose attribute x is nested that deep,
// in arrays or in maps; pdata itself could not be asked to make it.
func nested(levels int, maps bool) []byte {
	value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "bottom")
	size := len(value)
	heads := [][]byte{value}
	wrap := func(number protowire.Number, before []byte) {
		head := protowire.AppendVarint(protowire.AppendTag(slices.Clone(before), number, protowire.BytesType), uint64(size))
		heads = append(heads, head)
		size += len(head)
	}
	key := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "a")
	for range levels {
		if maps {
			wrap(2, key) // KeyValue.value
			wrap(1, nil) // KeyValueList.values
			wrap(6, nil) // AnyValue.kvlist_value
		} else {
			wrap(1, nil) // ArrayValue.values
			wrap(5, nil) // AnyValue.array_value
		}
	}
	wrap(2, protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "x"))
	for _, number := range []protowire.Number{6, 2, 2, 1} { // attribute, record, scope, resource
		wrap(number, nil)
	}
	slices.Reverse(heads)
	return slices.Concat(heads...)
}

func TestDeepNestingIsCutWithAMarker(t *testing.T) {
	for _, maps := range []bool{false, true} {
		for levels, cut := range map[int]bool{3: false, maxShownDepth - 1: false, maxShownDepth + 1: true, 20_000: true, 1_000_000: true} {
			shown, err := logsDataJSON(nested(levels, maps))
			require.NoError(t, err)
			require.True(t, json.Valid(shown))
			require.Equal(t, cut, strings.Contains(string(shown), "[nested deeper than 256 levels: see --raw]"), levels)
			require.Equal(t, !cut, strings.Contains(string(shown), "bottom"), levels)
		}
	}
}
