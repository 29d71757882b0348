package record

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVector reads the published vector, which was checked in two other
// languages: the bytes and leaves of an auditor must be ours.
func TestVector(t *testing.T) {
	file, err := os.ReadFile("testdata/audit-record-v1.json")
	require.NoError(t, err)
	var vector struct {
		Records []json.RawMessage `json:"records"`
	}
	require.NoError(t, json.Unmarshal(file, &vector))
	leaves := []string{
		"bbcc68951ad549050f75e5ae2d8986af7f7f9891b4b81cc37269a8dd44c485ae",
		"af9c7bbc76b7454d05b33f13e1e31b4babbedc79ad453aeab2ecd71f852557f2",
		"c0b03cea416666f48ea4f8ef67b86d143f31e89939c3b0ce228e641be6409086",
	}
	require.Len(t, vector.Records, len(leaves))
	for i, raw := range vector.Records {
		v, err := ParseJSON(raw)
		require.NoError(t, err)
		canonical := v.AppendJSON(nil)
		leaf := LeafHash(canonical)
		require.Equal(t, leaves[i], hex.EncodeToString(leaf[:]))

		r, err := ParseCanonical(canonical)
		require.NoError(t, err)
		require.Equal(t, string(canonical), string(r.AppendCanonical(nil)))
	}
}
