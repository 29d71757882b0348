package keys_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

const logName = "audit.example.com/prod"

type vector struct {
	Records    []json.RawMessage `json:"records"`
	Checkpoint string            `json:"checkpoint"`
	Proof      string            `json:"proof"`
	Verifier   string            `json:"vkey"`
	MAC        string            `json:"mac"`
	MACKey     string            `json:"mac_key"`
}

func readVector(t *testing.T) vector {
	file, err := os.ReadFile("../record/testdata/audit-record-v1.json")
	require.NoError(t, err)
	var v vector
	require.NoError(t, json.Unmarshal(file, &v))
	return v
}

func vectorLeaves(t *testing.T) []merkle.Hash {
	var leaves []merkle.Hash
	for _, raw := range readVector(t).Records {
		value, err := record.ParseJSON(raw)
		require.NoError(t, err)
		leaves = append(leaves, merkle.LeafHash(value.AppendJSON(nil)))
	}
	return leaves
}

// vectorKey is the key pair of the vector.
func vectorKey(t testing.TB) (private, public string) {
	seed := sha256.Sum256([]byte("audit test vector v1: ed25519 seed"))
	private, public, err := keys.Generate(bytes.NewReader(seed[:]), logName)
	require.NoError(t, err)
	return private, public
}

func TestVectorIsReproduced(t *testing.T) {
	v := readVector(t)
	private, public := vectorKey(t)
	require.Equal(t, v.Verifier, public)
	ring, err := keys.ParseRing([]byte("# test\n" + private + "\n"))
	require.NoError(t, err)
	require.Equal(t, []string{public}, ring.Public())

	var frontier merkle.Frontier
	leaves := vectorLeaves(t)
	for _, leaf := range leaves {
		frontier.Append(leaf)
	}
	checkpoint := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, "acme", 0), Size: 3, Root: frontier.Root()}
	signed, err := ring.Sign(checkpoint.Text())
	require.NoError(t, err)
	require.Equal(t, v.Checkpoint, string(signed))

	trust, err := keys.ParseTrust([]byte(keys.TrustHeader + "\n" + public + " " + logName + " - -\n"))
	require.NoError(t, err)
	proof, err := merkle.ParseProof([]byte(v.Proof))
	require.NoError(t, err)
	opened, err := trust.Checkpoint(proof.Note)
	require.NoError(t, err)
	require.Equal(t, checkpoint, opened)
	require.NoError(t, merkle.VerifyInclusion(proof.Index, opened.Size, leaves[proof.Index], opened.Root, proof.Hashes))
	require.Equal(t, v.Proof, string(proof.Marshal()))
}
