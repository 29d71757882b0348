package docs_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

// integrityExample makes the files of the worked example from the published
// vector, with the code that makes everybody's.
func integrityExample(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.ReadFile("../internal/record/testdata/audit-record-v1.json")
	require.NoError(t, err)
	var vector struct {
		Records []json.RawMessage `json:"records"`
		MACKey  string            `json:"mac_key"`
		VKey    string            `json:"vkey"`
	}
	require.NoError(t, json.Unmarshal(file, &vector))

	files := make(map[string]string)
	var tree merkle.Frontier
	var leaves []merkle.Hash
	for i, raw := range vector.Records {
		value, err := record.ParseJSON(raw)
		require.NoError(t, err)
		canonical := value.AppendJSON(nil)
		files["record-"+strconv.Itoa(i)+".json"] = string(canonical)
		leaves = append(leaves, record.LeafHash(canonical))
		tree.Append(leaves[i])
	}
	require.Len(t, leaves, 3)

	seed := sha256.Sum256([]byte("audit test vector v1: ed25519 seed"))
	private, public, err := keys.Generate(bytes.NewReader(seed[:]), "audit.example.com/prod")
	require.NoError(t, err)
	require.Equal(t, vector.VKey, public)
	files["log.vkey"] = public + "\n"
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	checkpoint := merkle.Checkpoint{
		Origin: merkle.TenantOrigin(ring.LogName(), "acme", 0), Size: tree.Size(), Root: tree.Root(),
		RecordedAt: time.Date(2026, 1, 1, 0, 0, 3, 0, time.UTC),
	}
	note, err := ring.Sign(checkpoint.Text())
	require.NoError(t, err)
	files["checkpoint"] = string(note)

	proof := merkle.Proof{Index: 1, Hashes: []merkle.Hash{leaves[0], leaves[2]}, Note: note}
	require.NoError(t, merkle.VerifyInclusion(1, 3, leaves[1], tree.Root(), proof.Hashes))
	files["proof"] = string(proof.Marshal())

	secret, err := hex.DecodeString(vector.MACKey)
	require.NoError(t, err)
	files["mac.key"] = "edge-2026-01 " + base64.StdEncoding.EncodeToString(secret) + "\n"
	macs, err := keys.ParseMACRing([]byte(files["mac.key"]))
	require.NoError(t, err)
	files["mac"] = macs.Sign(leaves[0]) + "\n"
	return files
}

// TestTheWorkedExample holds docs/integrity.md, its files and what a reader
// computes from them together.
func TestTheWorkedExample(t *testing.T) {
	dir := filepath.Join("examples", "integrity")
	for name, want := range integrityExample(t) {
		path := filepath.Join(dir, name)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(got), "%s differs from what the code makes; run: go test ./docs -update", path)
	}

	output, err := exec.Command("sh", filepath.Join(dir, "check.sh")).CombinedOutput()
	require.NoErrorf(t, err, "%s", output)
	text := strings.TrimSpace(string(output))
	pairs := regexp.MustCompile(`(?m)^ {3}computed +(\S+)\n {3}(?:checkpoint|event 0) +(\S+)$`).FindAllStringSubmatch(text, -1)
	require.Len(t, pairs, 5)
	for _, pair := range pairs {
		require.Equal(t, pair[2], pair[1])
	}
	require.Contains(t, text, "Signature Verified Successfully")

	doc, err := os.ReadFile("integrity.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)<!-- check.sh -->\n\n```text\n.*?\n```\n")
	want := "<!-- check.sh -->\n\n```text\n" + text + "\n```\n"
	if *update {
		doc = block.ReplaceAllLiteral(doc, []byte(want))
		require.NoError(t, os.WriteFile("integrity.md", doc, 0o600))
	}
	require.Contains(t, string(doc), want, "docs/integrity.md shows another output; run: go test ./docs -update")
	for _, name := range []string{"checkpoint", "proof"} {
		file, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Contains(t, string(doc), "```text\n"+string(file)+"```\n", name)
	}
}

// TestTheWorkedExampleFindsAnEdit changes one digit of a record: a check that
// cannot fail shows nothing.
func TestTheWorkedExampleFindsAnEdit(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("examples", "integrity"))))
	path := filepath.Join(dir, "record-1.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "usr_7")
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, []byte("usr_7"), []byte("usr_8"), 1), 0o600))
	output, err := exec.Command("sh", filepath.Join(dir, "check.sh")).CombinedOutput()
	require.NoErrorf(t, err, "%s", output)
	roots := regexp.MustCompile(`computed +(\S{43}=)\n {3}checkpoint +(\S+)`).FindAllStringSubmatch(string(output), -1)
	require.Len(t, roots, 2, "%s", output)
	for _, root := range roots {
		require.NotEqual(t, root[2], root[1])
	}
}

// TestEveryKindOfFindingIsExplained keeps the table of findings complete, and
// free of kinds that there are no more.
func TestEveryKindOfFindingIsExplained(t *testing.T) {
	source, err := os.ReadFile("../internal/verify/report.go")
	require.NoError(t, err)
	var kinds []string
	for _, match := range regexp.MustCompile(`(?m)^\t[A-Za-z]+ +Kind = "([a-z_]+)"`).FindAllSubmatch(source, -1) {
		kinds = append(kinds, string(match[1]))
	}
	require.NotEmpty(t, kinds)
	doc, err := os.ReadFile("integrity.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(doc), "\n## What a finding means\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var explained []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		explained = append(explained, match[1])
	}
	require.ElementsMatch(t, kinds, explained)
}
