package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/verify"
)

const oneDay = 24 * time.Hour

// writeLogKeys puts the key file and the trust file of a history into a directory.
func writeLogKeys(dir string, h *retentiontest.History) error {
	private, public := h.Keys()
	if err := os.WriteFile(filepath.Join(dir, "log.key"), []byte(private), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "trust"), []byte(keys.TrustHeader+"\n"+public+" "+retentiontest.LogName+" - -\n"), 0o600)
}

func TestPruneScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/prune",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			h := retentiontest.New(env.T().(testing.TB)) //nolint:forcetypeassert // a test's
			for i := range 4 {
				h.Commit("acme", 0, h.Now.Add(-time.Duration(100-10*i)*oneDay), 5, true)
			}
			h.Commit("globex", 0, h.Now.Add(-80*oneDay), 5, true)
			h.Commit("globex", 0, h.Now.Add(-10*oneDay), 5, true)
			env.Setenv("AUDIT_PRUNER_URL", h.DB.PrunerURL)
			if err := writeLogKeys(env.WorkDir, h); err != nil {
				return err
			}
			return setURLs(env, h.DB)
		},
	})
}

// A prune that is killed with SIGKILL at any moment leaves a store that verifies,
// and the next one goes on.
func TestAKilledPruneIsGoneOnWith(t *testing.T) {
	h := retentiontest.New(t)
	for i := range 60 {
		h.Commit("acme", 0, h.Now.Add(-60*oneDay+time.Duration(i)*time.Minute), 3, true)
	}
	h.Commit("acme", 0, h.Now.Add(-time.Hour), 3, true)
	dir := t.TempDir()
	require.NoError(t, writeLogKeys(dir, h))
	killed := 0
	for try := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, "otelaudit", "prune", "--older-than", "30d", "--batch-size", "3", "--no-drop", "--key", filepath.Join(dir, "log.key"))
		cmd.Env = append(os.Environ(), "AUDIT_PRUNER_URL="+h.DB.PrunerURL, "AUDIT_WRITER_URL="+h.DB.WriterURL)
		require.NoError(t, cmd.Start())
		before := h.Number(`SELECT count(*) FROM audit_prunes`)
		for try < 3 && h.Number(`SELECT count(*) FROM audit_prunes`) < before+5 {
			time.Sleep(time.Millisecond)
		}
		if try < 3 {
			require.NoError(t, cmd.Process.Kill())
		}
		err := cmd.Wait()
		cancel()
		require.Equal(t, verify.Intact, h.Verify().Verdict)
		if err == nil {
			break
		}
		killed++
	}
	require.Equal(t, 3, killed)
	require.EqualValues(t, 180, h.Number(`SELECT max(size) FROM audit_prunes`))
	require.EqualValues(t, 3, h.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = 'acme' AND action <> 'audit.prune'`))
	require.NotContains(t, strings.Join(h.Texts(`SELECT event_id FROM audit_outbox`), " "), "ev-")
}

// What a prune looks at leaves a trace, whether it removes anything, and of a login
// that may not see it; a credential is in none.
func TestPruningLeavesTraces(t *testing.T) {
	h := retentiontest.New(t)
	h.Commit("acme", 0, h.Now.Add(-40*oneDay), 5, true)
	h.DB.RequireTraces(t)
	dir := t.TempDir()
	require.NoError(t, writeLogKeys(dir, h))
	env := map[string]string{"AUDIT_PRUNER_URL": h.DB.PrunerURL, "AUDIT_WRITER_URL": h.DB.WriterURL}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // action, outcome, tenant, rows and filter of the newest trace
	}{
		{
			"a preview",
			[]string{"prune", "--preview", "--older-than", "30d", "--endpoint", "http://localhost", "--header", "Authorization=Basic U0VDUkVU", "--writer-url", "U0VDUkVU"},
			0,
			`audit.read.preview success  5 {"preview": "true", "older_than": "30d"}`,
		},
		{
			"a preview that is refused",
			[]string{"prune", "--preview", "--older-than", "30d", "--database-url", h.DB.ReaderURL},
			2,
			`audit.read.preview denied   {"preview": "true", "older_than": "30d"}`,
		},
		{"months", []string{"partitions", "list"}, 0, `audit.read.partitions success  MONTHS `},
		{"months that are refused", []string{"partitions", "list", "--database-url", h.DB.ReaderURL}, 2, `audit.read.partitions denied   `},
		{
			"a prune of nothing",
			[]string{"prune", "--tenant", "acme", "--older-than", "50d", "--key", filepath.Join(dir, "log.key")},
			0,
			`audit.read.preview success acme  {"older_than": "50d"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := Run(t.Context(), &System{
				Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: time.Now, User: "eve", Getenv: func(name string) string { return env[name] },
			}, tt.args)
			require.Equal(t, tt.code, code, errs.String())
			newest := h.Texts(`SELECT concat_ws(' ', record ->> 'action', record ->> 'outcome', coalesce(record -> 'target' ->> 'id', ''),
				coalesce(record -> 'payload' ->> 'rows', ''), coalesce(record -> 'payload' ->> 'filter', '')) FROM audit_outbox ORDER BY placed_at DESC LIMIT 1`)
			months := h.Texts(`SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass`)[0]
			require.Equal(t, []string{strings.Replace(tt.want, "MONTHS", months, 1)}, newest)
		})
	}
	require.Zero(t, h.Number(`SELECT count(*) FROM audit_outbox WHERE record::text LIKE '%U0VDUkVU%'`))
}
