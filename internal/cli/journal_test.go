package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// journalFiles are a journal of six segments, one a day from 2026-01-01 on, with
// its key and anchors.
type journalFiles struct{ directory, key, anchors string }

func plantJournal(t *testing.T) journalFiles {
	t.Helper()
	base := t.TempDir()
	files := journalFiles{filepath.Join(base, "journal"), filepath.Join(base, "log.key"), filepath.Join(base, "anchors")}
	private, _, err := keys.Generate(bytes.NewReader(make([]byte, 32)), "audit.example.com/cli")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files.key, []byte(private+"\n"), 0o600))
	ring, err := keys.LoadRing(files.key)
	require.NoError(t, err)
	anchors, err := anchor.Open(files.anchors)
	require.NoError(t, err)
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	w, err := journal.Open(journal.Options{
		Directory: files.directory, Name: "journal", Ring: ring, Anchors: anchors,
		Now: func() time.Time { return now }, MaxSegmentAge: time.Hour,
	})
	require.NoError(t, err)
	var h journal.Hasher
	for day := range 6 {
		r := recordtest.Typical()
		r.EventID, r.TenantID = "e-"+strconv.Itoa(day), "t"+strconv.Itoa(day)
		e, err := h.NewEntry(r.AppendCanonical(nil), "")
		require.NoError(t, err)
		_, err = w.Append(t.Context(), []journal.Entry{e})
		require.NoError(t, err)
		now = now.Add(24 * time.Hour)
	}
	require.NoError(t, w.Close())
	require.NoError(t, anchors.Close())
	return files
}

// journalRun runs a command line at noon of 2026-01-10.
func journalRun(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), &System{
		Stdin: bytes.NewReader(nil), Stdout: &out, Stderr: &errs,
		Getenv: func(name string) string { return env[name] },
		Now:    func() time.Time { return time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC) },
	}, args)
	return code, out.String(), errs.String()
}

func TestJournalList(t *testing.T) {
	files := plantJournal(t)
	require.NoError(t, os.WriteFile(filepath.Join(files.directory, "notes.txt"), nil, 0o600))
	code, out, stderr := journalRun(t, nil, "journal", "list", "--journal", files.directory, "--format", "table")
	require.Zero(t, code, stderr)
	lines := bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
	require.Len(t, lines, 7)
	require.Regexp(t, `^1 +1 +0 +\d+ +2026-01-01.* sealed$`, string(lines[1]))
	require.Regexp(t, `^6 +1 +5 +\d+ +2026-01-06.* open$`, string(lines[6]))

	code, out, _ = journalRun(t, nil, "journal", "list", "--journal", files.directory, "--format", "json")
	require.Zero(t, code)
	var listing journalListing
	require.NoError(t, json.Unmarshal([]byte(out), &listing))
	require.Len(t, listing.Segments, 6)
	require.Equal(t, []string{"notes.txt"}, listing.Others)
	require.Equal(t, "audit.example.com/cli/j-journal", listing.Segments[3].Origin)

	path := filepath.Join(files.directory, journal.SegmentName(6))
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("not a line\n{\"action\":")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	code, out, _ = journalRun(t, nil, "journal", "list", "--journal", files.directory)
	require.Zero(t, code)
	lines = bytes.Split(bytes.TrimSpace([]byte(out)), []byte("\n"))
	var last journalSegment
	require.NoError(t, json.Unmarshal(lines[5], &last))
	require.Equal(t, 2, last.DamagedLines)
	require.Contains(t, last.Damage, "segment-000000000006.jsonl: line 4 (byte ")
}

func TestJournalPrune(t *testing.T) {
	files := plantJournal(t)
	base := []string{"journal", "prune", "--journal", files.directory, "--key", files.key, "--anchors", files.anchors}
	run := func(args ...string) (int, string, string) {
		return journalRun(t, nil, append(append([]string{}, base...), args...)...)
	}
	count := func() int {
		d, err := journal.ReadDirectory(files.directory)
		require.NoError(t, err)
		return len(d.Segments)
	}
	holds := filepath.Join(t.TempDir(), "holds.json")
	require.NoError(t, os.WriteFile(holds, []byte(`{"tenant_id":"t1","since":"2026-01-01T00:00:00Z"}`+"\n"), 0o600))

	code, out, stderr := run("--older-than", "5d", "--no-holds", "--preview", "--format", "table")
	require.Zero(t, code, stderr)
	require.Contains(t, out, "would remove  segment-000000000004.jsonl")
	require.Contains(t, out, "kept          segment-000000000005.jsonl and all behind it")
	require.Equal(t, 6, count())

	code, out, stderr = run("--older-than", "5d", "--holds", holds, "--format", "table")
	require.Zero(t, code, stderr)
	require.Contains(t, out, `a legal hold of tenant "t1"`)
	require.Equal(t, 5, count())

	code, out, stderr = run("--older-than", "5d", "--no-holds")
	require.Zero(t, code, stderr)
	var result struct {
		Removed  bool            `json:"removed"`
		Segments []prunedSegment `json:"segments"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &result))
	require.True(t, result.Removed)
	require.Len(t, result.Segments, 3)
	require.Equal(t, 2, count())

	code, out, _ = run("--older-than", "5d", "--no-holds", "--format", "table")
	require.Zero(t, code)
	require.Contains(t, out, "nothing to remove")

	require.NoError(t, os.Remove(filepath.Join(files.directory, journal.SegmentName(5))))
	code, _, stderr = run("--older-than", "1d", "--no-holds")
	require.Equal(t, exitNegative, code)
	require.Contains(t, stderr, "segment-000000000005.jsonl is missing and no statement says that it was pruned")
}

func TestJournalUsage(t *testing.T) {
	files := plantJournal(t)
	prune := []string{"journal", "prune", "--journal", files.directory, "--older-than", "5d", "--key", files.key, "--anchors", files.anchors}
	for _, test := range []struct {
		name   string
		args   []string
		wanted string
	}{
		{"no directory", []string{"journal", "list"}, "--journal is missing"},
		{"a directory that is not there", []string{"journal", "list", "--journal", "/nosuch"}, "--journal: open /nosuch: no such file or directory"},
		{"nobody knows the holds", prune, "nobody is named who knows the legal holds"},
		{"two know them", append(slices.Clip(prune), "--no-holds", "--holds", "x"), "exclude each other"},
		{"no age", append([]string{"journal", "prune", "--journal", files.directory}, "--no-holds"), "--older-than is missing"},
		{"no such age", append(slices.Clip(prune), "--no-holds", "--older-than", "soon"), `--older-than "soon" is not a time, a date or an age`},
		{"the future", append(slices.Clip(prune), "--no-holds", "--older-than", "2027-01-01"), "lies in the future"},
		{"too young", append(slices.Clip(prune), "--no-holds", "--older-than", "23h"), "--older-than 23h: what is younger than one day is never pruned"},
		{"no anchors", []string{"journal", "prune", "--journal", files.directory, "--older-than", "5d", "--key", files.key, "--no-holds"}, "--anchors is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, stderr := journalRun(t, nil, test.args...)
			require.Equal(t, exitUsage, code)
			require.Empty(t, out)
			require.Contains(t, stderr, test.wanted)
		})
	}
	holds := filepath.Join(t.TempDir(), "holds.json")
	for text, wanted := range map[string]string{
		`{"tenant":"t1"}`:                       `hold 1: json: unknown field "tenant"`,
		`{"tenant_id":"a"} {"since":null}`:      "hold 2 has no tenant_id",
		`{"tenant_id":"a","since":"yesterday"}`: "hold 1: parsing time",
		`{"tenant_id":"a","since":"2026-02-01T00:00:00Z","until":"2026-01-01T00:00:00Z"}`: "hold 1 ends before it begins",
	} {
		require.NoError(t, os.WriteFile(holds, []byte(text), 0o600))
		code, _, stderr := journalRun(t, nil, append(slices.Clip(prune), "--holds", holds)...)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, wanted)
	}
}

// The holds of the database count, and a login that does not see all of them is
// refused.
func TestJournalPruneAsksTheDatabase(t *testing.T) {
	db := storetest.NewDatabase(t)
	operator := map[string]string{"AUDIT_OPERATOR_URL": db.OperatorURL}
	code, holds, stderr := journalRun(t, operator, "hold", "add", "--tenant", "t2", "--target", "invoice:42", "--reason", "trial")
	require.Zero(t, code, stderr)
	files := plantJournal(t)
	prune := []string{"journal", "prune", "--journal", files.directory, "--older-than", "5d", "--key", files.key, "--anchors", files.anchors, "--format", "table"}
	code, _, stderr = journalRun(t, map[string]string{"AUDIT_DATABASE_URL": db.ReaderURL}, prune...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "does not see the legal holds of every tenant")
	// What the operator was told can stand in for the database.
	file := filepath.Join(t.TempDir(), "holds")
	require.NoError(t, os.WriteFile(file, []byte(holds), 0o600))
	for _, knows := range [][]string{{"--holds", file}, {"--database-url", db.AuditorURL}, {"--database-url", db.PrunerURL}} {
		code, out, stderr := journalRun(t, nil, append(append(slices.Clip(prune), "--preview"), knows...)...)
		require.Zero(t, code, stderr)
		require.Contains(t, out, `a legal hold of tenant "t2"`, "a hold on a target keeps all of the tenant")
	}

	// Without --older-than the policy of the database says it.
	byPolicy := slices.DeleteFunc(slices.Clone(prune), func(arg string) bool { return arg == "--older-than" || arg == "5d" })
	pruner := map[string]string{"AUDIT_DATABASE_URL": db.PrunerURL}
	code, _, stderr = journalRun(t, pruner, byPolicy...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--older-than is missing, and the database has no policy for journals")
	code, _, stderr = journalRun(t, pruner, append(slices.Clip(byPolicy), "--no-holds")...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--older-than is missing, and no database is named whose policy would say it")
	set := func(keep string) {
		code, _, stderr := journalRun(t, operator, "retention", "set", "--journal", "--keep", keep)
		require.Zero(t, code, stderr)
	}
	set("5d")
	code, preview, stderr := journalRun(t, pruner, append(slices.Clip(byPolicy), "--preview")...)
	require.Zero(t, code, stderr)
	require.Contains(t, preview, "would remove")
	require.Contains(t, preview, `a legal hold of tenant "t2"`)
	set("100y")
	code, preview, stderr = journalRun(t, pruner, append(slices.Clip(byPolicy), "--preview")...)
	require.Zero(t, code, stderr)
	require.Contains(t, preview, "nothing to remove")
	// An age that is named may be longer than the policy, not shorter.
	code, _, stderr = journalRun(t, pruner, append(slices.Clip(prune), "--preview")...)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "the policy of journals keeps 36525 days, and --older-than 5d asks for less")
	set("3d")

	code, out, stderr := journalRun(t, map[string]string{"AUDIT_AUDITOR_URL": db.AuditorURL}, prune...)
	require.Zero(t, code, stderr)
	require.Contains(t, out, `a legal hold of tenant "t2"`)
	d, err := journal.ReadDirectory(files.directory)
	require.NoError(t, err)
	require.Len(t, d.Segments, 4)
}
