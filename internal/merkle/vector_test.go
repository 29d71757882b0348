package merkle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

var update = flag.Bool("update", false, "write testdata/commit-v1.json anew")

const vectorFile = "testdata/commit-v1.json"

// commitVector is a log of two commits over the records of audit-record-v1.json,
// in an epoch that a statement opened. Everything in it is public but the key,
// whose seed is SHA-256("audit test vector v1: ed25519 seed").
type commitVector struct {
	VerifierKey string         `json:"vkey"`
	TrustFile   string         `json:"trust_file"`
	TenantID    string         `json:"tenant_id"`
	Epoch       int32          `json:"epoch"`
	Origin      string         `json:"origin"`
	Canonical   []string       `json:"canonical_records"` // exact bytes
	Leaves      []string       `json:"leaves"`            // hexadecimal
	Commits     []commitOfOne  `json:"commits"`
	Inclusion   string         `json:"inclusion_proof"` // tlog-proof of entry 1 of the second commit
	Consistency consistencyOne `json:"consistency_proof"`
	Statement   string         `json:"epoch_statement"` // signed note
}

// commitOfOne is a row of audit_commits.
type commitOfOne struct {
	PrevSize       int64  `json:"prev_size"`
	Size           int64  `json:"size"`
	RecordedAt     string `json:"recorded_at"`
	Root           string `json:"root"`     // hexadecimal
	Frontier       string `json:"frontier"` // hexadecimal
	Note           string `json:"note"`
	CheckpointLine string `json:"checkpoint_line"` // as in an anchor file
}

type consistencyOne struct {
	OldSize int64    `json:"old_size"`
	NewSize int64    `json:"new_size"`
	Hashes  []string `json:"hashes"` // base64
}

func makeVector(t *testing.T) commitVector {
	seed := sha256.Sum256([]byte("audit test vector v1: ed25519 seed"))
	private, public, err := keys.Generate(bytes.NewReader(seed[:]), logName)
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	v := commitVector{
		VerifierKey: public, TrustFile: keys.TrustHeader + "\n" + public + " " + logName + " - -\n",
		TenantID: "acme", Epoch: 1, Origin: merkle.TenantOrigin(logName, "acme", 1),
	}

	file, err := os.ReadFile("../record/testdata/audit-record-v1.json")
	require.NoError(t, err)
	var records struct {
		Records []json.RawMessage `json:"records"`
	}
	require.NoError(t, json.Unmarshal(file, &records))
	var leaves []merkle.Hash
	for _, raw := range records.Records {
		value, err := record.ParseJSON(raw)
		require.NoError(t, err)
		canonical := value.AppendJSON(nil)
		leaf := merkle.LeafHash(canonical)
		leaves = append(leaves, leaf)
		v.Canonical = append(v.Canonical, string(canonical))
		v.Leaves = append(v.Leaves, hex.EncodeToString(leaf[:]))
	}

	var frontier merkle.Frontier
	var roots []merkle.Hash
	for i, size := range []int64{1, 3} {
		commit := commitOfOne{PrevSize: frontier.Size(), Size: size}
		for _, leaf := range leaves[frontier.Size():size] {
			frontier.Append(leaf)
		}
		checkpoint := merkle.Checkpoint{
			Origin: v.Origin, Size: size, Root: frontier.Root(), PrevSize: commit.PrevSize,
			RecordedAt: time.Date(2026, 1, 1, 0, 0, 10+i, 120000000*i+345000, time.UTC),
		}
		roots = append(roots, checkpoint.Root)
		signed, err := ring.Sign(checkpoint.Text())
		require.NoError(t, err)
		commit.RecordedAt = checkpoint.RecordedAt.Format("2006-01-02T15:04:05.000000Z")
		commit.Root = hex.EncodeToString(checkpoint.Root[:])
		commit.Frontier = hex.EncodeToString(frontier.Bytes())
		commit.Note = string(signed)
		line, err := json.Marshal(map[string]string{"checkpoint": string(signed)})
		require.NoError(t, err)
		commit.CheckpointLine = string(line)
		v.Commits = append(v.Commits, commit)
	}

	all := &reader{log: &oracle{leaves: leaves}}
	hashes, err := merkle.ProveInclusion(t.Context(), all, 1, 3, leaves[1], roots[1])
	require.NoError(t, err)
	proof := merkle.Proof{Index: 1, Hashes: hashes, Note: []byte(v.Commits[1].Note)}
	v.Inclusion = string(proof.Marshal())
	hashes, err = merkle.ProveConsistency(t.Context(), all, 1, 3, roots[0], roots[1])
	require.NoError(t, err)
	v.Consistency = consistencyOne{OldSize: 1, NewSize: 3}
	for _, hash := range hashes {
		v.Consistency.Hashes = append(v.Consistency.Hashes, base64.StdEncoding.EncodeToString(hash[:]))
	}

	statement := merkle.EpochStatement{
		Origin: v.Origin, PreviousOrigin: merkle.TenantOrigin(logName, "acme", 0),
		PreviousSize: 1, PreviousRoot: roots[0], LostSize: 3, LostRoot: roots[1],
		RecordedAt: time.Date(2026, 1, 1, 0, 0, 9, 0, time.UTC), Reason: "restored from a backup",
	}
	require.NoError(t, statement.Check())
	signed, err := ring.Sign(statement.Text())
	require.NoError(t, err)
	v.Statement = string(signed)
	return v
}

func TestCommitVector(t *testing.T) {
	made, err := json.MarshalIndent(makeVector(t), "", " ")
	require.NoError(t, err)
	made = append(made, '\n')
	if *update {
		require.NoError(t, os.WriteFile(vectorFile, made, 0o600))
	}
	file, err := os.ReadFile(vectorFile)
	require.NoError(t, err)
	require.Equal(t, string(made), string(file), "run: go test ./internal/merkle -run CommitVector -update, and say in the changelog what formats changed")
}

// TestCommitVectorVerifies reads the file as a verifier does.
func TestCommitVectorVerifies(t *testing.T) {
	file, err := os.ReadFile(vectorFile)
	require.NoError(t, err)
	var v commitVector
	require.NoError(t, json.Unmarshal(file, &v))
	trust, err := keys.ParseTrust([]byte(v.TrustFile))
	require.NoError(t, err)

	var frontier merkle.Frontier
	var roots []merkle.Hash
	for i, canonical := range v.Canonical {
		leaf := merkle.LeafHash([]byte(canonical))
		require.Equal(t, v.Leaves[i], hex.EncodeToString(leaf[:]))
	}
	require.Equal(t, "bbcc68951ad549050f75e5ae2d8986af7f7f9891b4b81cc37269a8dd44c485ae", v.Leaves[0])
	for _, commit := range v.Commits {
		require.Equal(t, commit.PrevSize, frontier.Size())
		for _, canonical := range v.Canonical[commit.PrevSize:commit.Size] {
			frontier.Append(merkle.LeafHash([]byte(canonical)))
		}
		checkpoint, err := trust.Checkpoint([]byte(commit.Note))
		require.NoError(t, err)
		require.Equal(t, v.Origin, checkpoint.Origin)
		require.Equal(t, commit.Size, checkpoint.Size)
		require.Equal(t, commit.PrevSize, checkpoint.PrevSize)
		require.Equal(t, frontier.Root(), checkpoint.Root)
		require.Equal(t, commit.Frontier, hex.EncodeToString(frontier.Bytes()))
		require.Contains(t, commit.Note, "\nrecorded_at "+commit.RecordedAt+"\n")
		roots = append(roots, checkpoint.Root)
	}
	// The tree is that of the record vector; only origin and time are others.
	require.Equal(t, "d272a90d3c183d82be43bc980832065f64c68b9f31be030ccaac25ab928d1762", v.Commits[1].Root)

	proof, err := merkle.ParseProof([]byte(v.Inclusion))
	require.NoError(t, err)
	checkpoint, err := trust.Checkpoint(proof.Note)
	require.NoError(t, err)
	require.NoError(t, merkle.VerifyInclusion(proof.Index, checkpoint.Size, merkle.LeafHash([]byte(v.Canonical[1])), checkpoint.Root, proof.Hashes))

	var hashes []merkle.Hash
	for _, text := range v.Consistency.Hashes {
		hash, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		hashes = append(hashes, merkle.Hash(hash))
	}
	require.NoError(t, merkle.VerifyConsistency(1, 3, roots[0], roots[1], hashes))

	require.NoError(t, trust.Statement([]byte(v.Statement), func(text string) (string, time.Time, error) {
		statement, err := merkle.ParseEpochStatement(text)
		require.Equal(t, int64(3), statement.LostSize)
		return statement.Origin, statement.RecordedAt, err
	}))
}
