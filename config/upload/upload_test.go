// Package upload holds the script that copies a journal to a bucket with Object
// Lock, and its test.
package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// TestMain lets the test binary be the aws command, which writes down how it was
// called and keeps objects as files.
func TestMain(m *testing.M) {
	if bucket := os.Getenv("FAKE_BUCKET"); bucket != "" {
		os.Exit(fakeAWS(bucket, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func fakeAWS(bucket string, args []string) int {
	log, err := os.OpenFile(filepath.Join(bucket, "calls"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer log.Close()
	fmt.Fprintln(log, strings.Join(args, " "))
	flag := func(name string) string {
		for i := range args[:len(args)-1] {
			if args[i] == name {
				return args[i+1]
			}
		}
		return ""
	}
	object := filepath.Join(bucket, "objects", strings.ReplaceAll(flag("--key"), "/", "|"))
	switch os.Getenv("FAKE_MODE") + " " + args[1] {
	case "denied head-object", "denied put-object":
		fmt.Fprintln(os.Stderr, "An error occurred (403) when calling the operation: Forbidden")
		return 254
	case "corrupt put-object", " put-object":
		body, err := os.ReadFile(flag("--body"))
		if err != nil {
			panic(err)
		}
		if os.Getenv("FAKE_MODE") == "corrupt" {
			body = append(body, 'x')
		} else if sum(body) != flag("--checksum-sha256") {
			return 255
		}
		if _, err := os.Stat(object); err == nil {
			fmt.Fprintln(os.Stderr, "overwritten")
			return 255
		}
		if err := os.WriteFile(object, body, 0o600); err != nil {
			panic(err)
		}
	default: // head-object
		body, err := os.ReadFile(object)
		if err != nil {
			fmt.Fprintln(os.Stderr, "An error occurred (404) when calling the HeadObject operation: Not Found")
			return 254
		}
		fmt.Println(sum(body))
	}
	return 0
}

func sum(body []byte) string {
	digest := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(digest[:])
}

const script = "otelaudit-journal-upload"

func TestSyntax(t *testing.T) {
	shells := 0
	for _, shell := range []string{"sh", "dash", "bash"} {
		if path, err := exec.LookPath(shell); err == nil {
			shells++
			out, err := exec.Command(path, "-n", script).CombinedOutput()
			require.NoError(t, err, "%s: %s", shell, out)
		}
	}
	require.Positive(t, shells)
	text, err := os.ReadFile(script)
	require.NoError(t, err)
	info, err := os.Stat(script)
	require.NoError(t, err)
	require.EqualValues(t, 0o755, info.Mode().Perm())
	require.NotContains(t, string(text), "delete-object")
	for _, name := range regexp.MustCompile(`AUDIT_[A-Z_]+`).FindAllString(string(text), -1) {
		if name == "AUDIT_UPLOAD_AWS" {
			continue
		}
		settings, err := os.ReadFile(script + ".env")
		require.NoError(t, err)
		require.Contains(t, string(settings), "\n"+name+"=", "every setting stands in the example")
	}
}

// rig is a journal with three sealed segments and an open one.
type rig struct{ journal, anchors, bucket string }

func newRig(t *testing.T) *rig {
	t.Helper()
	base := t.TempDir()
	r := &rig{filepath.Join(base, "the journal"), filepath.Join(base, "anchors"), filepath.Join(base, "bucket")}
	require.NoError(t, os.MkdirAll(filepath.Join(r.bucket, "objects"), 0o700))
	r.write(t, "a", 4)
	return r
}

func (r *rig) write(t *testing.T, prefix string, segments int) {
	t.Helper()
	private, _, err := keys.Generate(bytes.NewReader(make([]byte, 32)), "audit.example.com/upload")
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	anchors, err := anchor.Open(r.anchors)
	require.NoError(t, err)
	w, err := journal.Open(journal.Options{
		Directory: r.journal, Name: "journal", Ring: ring, Anchors: anchors, Now: time.Now, MaxSegmentBytes: 1,
	})
	require.NoError(t, err)
	var h journal.Hasher
	for i := range segments {
		record := recordtest.Typical()
		record.EventID = fmt.Sprint(prefix, i)
		e, err := h.NewEntry(record.AppendCanonical(nil), "")
		require.NoError(t, err)
		_, err = w.Append(t.Context(), []journal.Entry{e})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, anchors.Close())
}

func (r *rig) run(t *testing.T, mode string) (string, error) {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", script)
	cmd.Env = append(os.Environ(),
		"FAKE_BUCKET="+r.bucket, "FAKE_MODE="+mode, "AUDIT_UPLOAD_AWS="+executable,
		"AUDIT_JOURNAL_DIR="+r.journal, "AUDIT_JOURNAL_ANCHOR_FILE="+r.anchors,
		"AUDIT_UPLOAD_BUCKET=locked", "AUDIT_UPLOAD_PREFIX=c1/", "AUDIT_UPLOAD_RETAIN_DAYS=400")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *rig) objects(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.bucket, "objects"))
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (r *rig) calls(t *testing.T, of string) (calls []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.bucket, "calls"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "s3api "+of) {
			calls = append(calls, strings.TrimSpace(line))
		}
	}
	return calls
}

func TestUploadsWhatIsSealedOnce(t *testing.T) {
	r := newRig(t)
	out, err := r.run(t, "")
	require.NoError(t, err, out)
	anchors, err := os.ReadFile(r.anchors)
	require.NoError(t, err)
	digest := sha256.Sum256(anchors)
	want := []string{
		"c1|anchors|" + hex.EncodeToString(digest[:]),
		"c1|segment-000000000001.jsonl", "c1|segment-000000000002.jsonl", "c1|segment-000000000003.jsonl",
	}
	require.Equal(t, want, r.objects(t))
	puts := r.calls(t, "put-object")
	require.Len(t, puts, 4)
	for _, call := range puts {
		require.Regexp(t, `--bucket locked --key c1/\S+ --body .* --checksum-algorithm SHA256 --checksum-sha256 \S{44} --object-lock-mode COMPLIANCE --object-lock-retain-until-date \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, call)
		until, err := time.Parse(time.RFC3339, call[strings.LastIndexByte(call, ' ')+1:])
		require.NoError(t, err)
		require.InDelta(t, 400*24, time.Until(until).Hours(), 2)
	}
	for _, name := range want[1:] {
		local, err := os.ReadFile(filepath.Join(r.journal, strings.TrimPrefix(name, "c1|")))
		require.NoError(t, err)
		remote, err := os.ReadFile(filepath.Join(r.bucket, "objects", name))
		require.NoError(t, err)
		require.Equal(t, local, remote)
	}

	out, err = r.run(t, "")
	require.NoError(t, err, out)
	require.Empty(t, out)
	require.Len(t, r.calls(t, "put-object"), 4, "nothing is sent twice")

	r.write(t, "b", 1)
	out, err = r.run(t, "")
	require.NoError(t, err, out)
	require.Len(t, r.objects(t), 6, "the next segment and the anchors as they are now")
	require.Len(t, r.calls(t, ""), len(r.calls(t, "put-object"))+len(r.calls(t, "head-object")), "nothing but put and head")
}

func TestSpeaksUp(t *testing.T) {
	t.Run("another object has the name", func(t *testing.T) {
		r := newRig(t)
		require.NoError(t, os.WriteFile(filepath.Join(r.bucket, "objects", "c1|segment-000000000002.jsonl"), []byte("forged"), 0o600))
		out, err := r.run(t, "")
		require.Error(t, err)
		require.Contains(t, out, "error: c1/segment-000000000002.jsonl: the bucket has other content")
	})
	t.Run("refused", func(t *testing.T) {
		r := newRig(t)
		out, err := r.run(t, "denied")
		require.Error(t, err)
		require.Contains(t, out, "(403)")
		require.Empty(t, r.objects(t))
	})
	t.Run("damaged on the way", func(t *testing.T) {
		out, err := newRig(t).run(t, "corrupt")
		require.Error(t, err)
		require.Contains(t, out, "the bucket has other content")
	})
	t.Run("no directory", func(t *testing.T) {
		r := newRig(t)
		r.journal += "2"
		out, err := r.run(t, "")
		require.Error(t, err)
		require.Contains(t, out, "no such directory")
	})
}
