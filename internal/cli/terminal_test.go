package cli

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// Whatever is written to a terminal, in whatever pieces, does not steer it; JSON
// means the same as before.
func FuzzTerminal(f *testing.F) {
	f.Add("a\x1b[2Jb\u009b31m\u202ec\u2066\u200f\x07\r\n\t\x9b", uint(3))
	f.Add("\u00e4\u4e2d\u200d", uint(1))
	f.Fuzz(func(t *testing.T, text string, size uint) {
		var out bytes.Buffer
		screen := &terminal{Writer: &out}
		for rest := []byte(text); len(rest) > 0; {
			n := min(int(size%8)+1, len(rest))
			written, err := screen.Write(rest[:n])
			require.NoError(t, err)
			require.Equal(t, n, written)
			rest = rest[n:]
		}
		for _, r := range out.String() {
			require.True(t, r == '\n' || r == '\t' || !steers(r), "%q", out.String())
		}
		require.True(t, utf8.Valid(out.Bytes()))
		document, err := json.Marshal(text)
		require.NoError(t, err)
		out.Reset()
		_, err = (&terminal{Writer: &out}).Write(document)
		require.NoError(t, err)
		var before, after string
		require.NoError(t, json.Unmarshal(document, &before))
		require.NoError(t, json.Unmarshal(out.Bytes(), &after))
		require.Equal(t, before, after)
	})
}

// Every format of events is safe on a terminal, and in a pipe what it was.
func TestNoFormatSteersATerminal(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	const steering = "\u009b2J\u202eevil"
	require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name,
		"ALTER TABLE audit_events DISABLE TRIGGER ALL; SET session_replication_role = replica; UPDATE audit_events SET reason = E'\\x1b[31m' || '"+steering+"'"))
	for _, args := range [][]string{
		{"list", "--tenant", "acme", "--format", "csv"},
		{"list", "--tenant", "acme", "--format", "json"},
		{"list", "--tenant", "acme", "--format", "jsonl"},
		{"export", "--tenant", "acme"},
		{"export", "--tenant", "acme", "--format", "csv"},
		{"show", "--tenant", "acme", "a-2"},
	} {
		run := func(onTerminal bool) string {
			var out, errs bytes.Buffer
			code := Run(t.Context(), &System{
				Stdout: &out, Stderr: &errs, StdoutTerminal: onTerminal, Now: time.Now, Getenv: func(string) string { return "" },
			}, append(args, "--database-url", db.ReaderURL))
			require.Equal(t, exitOK, code, errs.String())
			return out.String()
		}
		for _, r := range run(true) {
			require.True(t, r == '\n' || r == '\t' || !steers(r), "%v: %q", args, r)
		}
		require.Contains(t, run(false), "\u202e", args)
	}
}
