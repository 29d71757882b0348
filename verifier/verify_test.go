// Package verifier tests the second verifier, verify.mjs and journal.mjs, which
// shares no line with the code that makes what it verifies.
package verifier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/bundle"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// run returns the exit code and both outputs. Without Node.js the tests fail.
func run(t *testing.T, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{"verify.mjs"}, arguments...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out.String(), problems.String()
	}
	require.NoError(t, err, "Node.js 18 or newer is needed")
	return 0, out.String(), problems.String()
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func TestTheyAreShortAndNeedNothing(t *testing.T) {
	for _, name := range []string{"verify.mjs", "complete.mjs", "journal.mjs"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Less(t, bytes.Count(text, []byte("\n")), 100, name)
		for line := range strings.Lines(string(text)) {
			require.LessOrEqual(t, len([]rune(line)), 161, line)
			if strings.HasPrefix(line, "import ") {
				require.Regexp(t, ` from '(node:[a-z]+|\./(verify|complete)\.mjs)'$`, strings.TrimSpace(line))
			}
		}
	}
}

func TestVectors(t *testing.T) {
	for path, changes := range map[string][][2]string{
		"../internal/record/testdata/audit-record-v1.json": {
			{`"refund\""`, `"refund!"`},
			{`index 1`, `index 2`},
			{`\n3\n`, `\n4\n`},
			{`9007199254740991`, `9007199254740990`},
			{`nu8xolRrVSQ`, `nv8xolRrVSQ`},
			{` 08xpB4SpLx93`, ` 08xpB4SpLx94`},
			{`AfIqQE31CHLr8`, `AfIqQE31CHLr9`},
		},
		"../internal/merkle/testdata/commit-v1.json": {
			{`usr_7`, `usr_8`},
			{`11.120345Z`, `11.120346Z`},
			{`/e1`, `/e2`},
			{`prev_size 1`, `prev_size 0`},
			{` 08xpB/mllsBN`, ` 08xpB/mllsBO`},
		},
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			code, stdout, stderr := run(t, "vector", path)
			require.Zero(t, code, stderr)
			require.Contains(t, stdout, "d272a90d3c183d82be43bc980832065f64c68b9f31be030ccaac25ab928d1762")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, change := range changes {
				changed := strings.ReplaceAll(string(text), change[0], change[1])
				require.NotEqual(t, string(text), changed, change[0])
				code, _, _ := run(t, "vector", write(t, "vector.json", []byte(changed)))
				require.Equal(t, 1, code, change)
			}
		})
	}
}

// TestOnTheIntegrationDatabase holds the verifier against what the store, the
// writer, the sealer and the commands make of awkward records.
func TestOnTheIntegrationDatabase(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	random := rand.New(rand.NewPCG(1, 2))
	records := s.Fill(t, random, "acme", 0, 200)
	scanner := s.Scanner(t, "acme")

	t.Run("bundles", func(t *testing.T) {
		for name, filter := range map[string]bundle.Filter{
			"everything":  {},
			"some":        {Outcome: records[0].Outcome},
			"one":         {Action: records[77].Action},
			"none":        {Action: "no such action"},
			"some, again": {ActorType: records[0].ActorType()},
		} {
			t.Run(name, func(t *testing.T) {
				var out bytes.Buffer
				report, err := bundle.Build(t.Context(), scanner, &out, bundle.Options{Tenant: "acme", Filter: filter, Ring: k.Ring, Now: time.Now})
				require.NoError(t, err)
				path := write(t, "bundle", out.Bytes())
				code, stdout, stderr := run(t, "bundle", k.TrustFile, path)
				require.Zero(t, code, stderr)
				require.Contains(t, stdout, "count: "+jsonNumber(report.Events))
				refuseMutants(t, k, out.Bytes())
			})
		}
	})
	t.Run("proofs", func(t *testing.T) {
		for _, i := range []int{0, 1, 99, 198, 199} {
			proven, err := prove.Event(t.Context(), scanner, "acme", records[i].EventID, 0)
			require.NoError(t, err)
			proof := proven.Proof.Marshal()
			code, stdout, stderr := run(t, "proof", k.TrustFile, write(t, "proof", proof), write(t, "record", proven.Canonical))
			require.Zero(t, code, stderr)
			require.Contains(t, stdout, records[i].EventID)
			for range 5 {
				code, _, _ := run(t, "proof", k.TrustFile, write(t, "proof", flipped(random, proof)), write(t, "record", proven.Canonical))
				require.Equal(t, 1, code)
				code, _, _ = run(t, "proof", k.TrustFile, write(t, "proof", proof), write(t, "record", flipped(random, proven.Canonical)))
				require.Equal(t, 1, code)
			}
			code, _, stderr = run(t, "proof", provetest.NewKeys(t, "b").TrustFile, write(t, "proof", proof), write(t, "record", proven.Canonical))
			require.Equal(t, 1, code)
			require.Contains(t, stderr, "no trusted key signed for ")
		}
	})
}

func jsonNumber(n int64) string {
	text, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func flipped(random *rand.Rand, content []byte) []byte {
	changed := bytes.Clone(content)
	changed[random.IntN(len(changed))] ^= 1 << random.IntN(8)
	return changed
}

func refuseMutants(t *testing.T, k provetest.Keys, whole []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	lines := bytes.SplitAfter(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	without := random.IntN(len(lines))
	mutants := map[string][]byte{
		"one more line":  append(bytes.Clone(whole), "{}\n"...),
		"cut":            whole[:random.IntN(len(whole))],
		"one line less":  append(bytes.Join(append(append([][]byte{}, lines[:without]...), lines[without+1:]...), nil), '\n'),
		"no newline":     bytes.TrimSuffix(whole, []byte("\n")),
		"empty":          nil,
		"a line of none": append([]byte("hello\n"), whole...),
	}
	for range 3 {
		mutants["flipped "+jsonNumber(random.Int64())] = flipped(random, whole)
	}
	// The last line is the manifest's, whose form nothing but its signature holds.
	last := len(whole) - len(lines[len(lines)-1]) - 1
	for range 3 {
		changed := bytes.Clone(whole)
		changed[last+random.IntN(len(whole)-last)] ^= 1 << random.IntN(8)
		mutants["flipped manifest "+jsonNumber(random.Int64())] = changed
	}
	for name, mutant := range mutants {
		code, stdout, stderr := run(t, "bundle", k.TrustFile, write(t, "bundle", mutant))
		require.Equal(t, 1, code, "%s: %s", name, stderr)
		require.Empty(t, stdout, name)
	}
	code, _, _ := run(t, "bundle", provetest.NewKeys(t, "b").TrustFile, write(t, "bundle", whole))
	require.Equal(t, 1, code)
}

func TestUsage(t *testing.T) {
	for name, arguments := range map[string][]string{
		"nothing":         nil,
		"another command": {"verify", "x"},
		"too few":         {"bundle", "x"},
		"no such file":    {"vector", "does-not-exist"},
		"no trust file":   {"bundle", "does-not-exist", "verify.mjs"},
		"a directory":     {"vector", "."},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, arguments...)
			require.Equal(t, 2, code, stderr)
			require.Empty(t, stdout)
		})
	}
}
