package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	exportpkg "github.com/otelaudit/otelaudit/internal/export"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

// processEnv makes the test binary the program itself, see TestMain.
const processEnv = "OTELAUDIT_TEST_PROCESS"

// process is the program as a child process.
func process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), processEnv+"=1")
	return cmd
}

// eventWriter writes events of acme, in batches.
type eventWriter struct {
	w       *store.Writer
	written int
	encoder store.Encoder
}

func newEventWriter(t *testing.T, url string) *eventWriter {
	t.Helper()
	config, err := pgurl.Parse(url, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	t.Cleanup(w.Close)
	return &eventWriter{w: w}
}

func (e *eventWriter) write(ctx context.Context, prefix string, n int) error {
	rec := recordtest.Typical()
	rec.TenantID = "acme"
	list := make([]*store.Event, n)
	for i := range list {
		rec.EventID = fmt.Sprintf("%s-%07d", prefix, e.written+i)
		event, err := e.encoder.Encode(rec, "")
		if err != nil {
			return err
		}
		list[i] = &event
	}
	outcomes := make([]store.Outcome, n)
	if err := e.w.Write(ctx, list, outcomes); err != nil {
		return err
	}
	for _, outcome := range outcomes {
		if outcome.Status != store.Stored && outcome.Status != store.Duplicate {
			return fmt.Errorf("an event became %d: %w", outcome.Status, outcome.Cause)
		}
	}
	e.written += n
	return nil
}

// An export that is killed, as often as it may be, and goes on becomes the file
// of one that nobody disturbed, though others write meanwhile.
func TestAKilledExportGoesOnToTheSameBytes(t *testing.T) {
	db := storetest.NewDatabase(t)
	events := newEventWriter(t, db.WriterURL)
	for range 6 {
		require.NoError(t, events.write(t.Context(), "e", 5000))
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(9, 9))
	for _, format := range []string{"jsonl", "csv", "ocsf"} {
		whole := filepath.Join(dir, "whole."+format)
		args := []string{"export", "--tenant", "acme", "--format", format, "--database-url", db.ReaderURL, "--until", "2100-01-01"}
		started := time.Now()
		out, err := process(t.Context(), append(args, "--output", whole)...).CombinedOutput()
		require.NoError(t, err, string(out))
		took := time.Since(started)
		want, err := os.ReadFile(whole)
		require.NoError(t, err)
		path := filepath.Join(dir, "killed."+format)
		args = append(args, "--output", path, "--resume")
		kills := 0
		for {
			cmd := process(t.Context(), args...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			require.NoError(t, cmd.Start())
			if kills < 5 {
				time.Sleep(time.Duration(random.Int64N(int64(took))))
				signal := []os.Signal{os.Kill, os.Interrupt}[random.IntN(2)]
				_ = cmd.Process.Signal(signal) // it may have ended
			}
			kills++
			if err := cmd.Wait(); err == nil {
				break
			}
			require.Less(t, kills, 10, stderr.String())
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%d bytes and not the %d of %s", len(got), len(want), whole)
		requireSameManifest(t, whole, path)
		require.NoFileExists(t, path+".partial")
		require.NoFileExists(t, path+".partial.state")
		require.NoError(t, events.write(t.Context(), "later", 10))
	}
}

// Another store is not gone on with, however long its log is.
func TestAnExportGoesOnWithItsOwnLogAlone(t *testing.T) {
	first, other := storetest.NewDatabase(t), storetest.NewDatabase(t)
	require.NoError(t, newEventWriter(t, first.WriterURL).write(t.Context(), "e", 20))
	writer := newEventWriter(t, other.WriterURL)
	path := filepath.Join(t.TempDir(), "acme.jsonl")
	export := func(url string) (int, string) {
		var errs strings.Builder
		code := Run(t.Context(), &System{Stdout: io.Discard, Stderr: &errs, Getenv: func(string) string { return "" }, Now: time.Now},
			[]string{"export", "--tenant", "acme", "--output", path, "--resume", "--database-url", url})
		return code, errs.String()
	}
	// What a kill before the first page leaves.
	reader, err := store.Connect(t.Context(), store.Options{URL: first.ReaderURL})
	require.NoError(t, err)
	defer reader.Close()
	extent, err := reader.Extent(t.Context(), "acme")
	require.NoError(t, err)
	asked := map[string]string{"tenant": "acme", "format": "jsonl", "schema": "public"}
	file, err := exportpkg.Create(path, exportpkg.Begun{Asked: asked, Logs: extent.Logs}, time.Now)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	for range 3 { // shorter, as long, longer
		require.NoError(t, writer.write(t.Context(), "e", 10))
		code, stderr := export(other.ReaderURL)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, `the log of "acme" in this store is not the one that `+path)
	}
	require.NoError(t, newEventWriter(t, first.WriterURL).write(t.Context(), "later", 5))
	code, stderr := export(first.ReaderURL)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "20 events in "+path)
}

func requireSameManifest(t *testing.T, a, b string) {
	t.Helper()
	read := func(path string) map[string]any {
		text, err := os.ReadFile(path + ".manifest.json")
		require.NoError(t, err)
		var m map[string]any
		require.NoError(t, json.Unmarshal(text, &m))
		delete(m, "file")
		delete(m, "finished_at")
		return m
	}
	require.Equal(t, read(a), read(b))
}

// Nothing is begun where the trace of the beginning is refused, and what is read
// is traced twice: before, and with how much it was.
func TestAnExportLeavesATraceOrNothing(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	db.RequireTraces(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "acme.jsonl")
	run := func(args ...string) (int, string) {
		var out, errs strings.Builder
		code := Run(t.Context(), &System{
			Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Now: time.Now, User: "tester",
		}, append(args, "--tenant", "acme", "--database-url", db.ReaderURL))
		return code, errs.String()
	}
	code, stderr := run("export", "--output", path, "--as", "carol", "--actor-id", "alice")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, []string{"audit.read.export success carol null", "audit.read.export success carol 3"}, traces(t, db))
	execAsSuper(t, db, "DELETE FROM audit_outbox", "ALTER FUNCTION audit_trace RENAME TO audit_trace_away")
	for _, name := range names(t, dir) {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	code, stderr = run("export", "--output", path)
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "refused, because the trace of this read")
	require.Empty(t, names(t, dir))
	code, stderr = run("export")
	require.Equal(t, exitUsage, code, stderr)
	code, stderr = run("tail")
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "refused")
}

func traces(t *testing.T, db *storetest.Database) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), `SELECT concat_ws(' ', record ->> 'action', record ->> 'outcome', record #>> '{actor,id}',
		coalesce(record #>> '{payload,rows}', 'null')) FROM audit_outbox ORDER BY placed_at`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}

func execAsSuper(t *testing.T, db *storetest.Database, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name, sql))
	}
}

// Every event that is committed while tail runs is shown once and in order, also
// when PostgreSQL is killed and comes back.
func TestTailShowsEveryEventOnce(t *testing.T) {
	ctx := t.Context()
	cluster, err := pglocal.Start(ctx, pglocal.Options{Dir: t.TempDir(), Settings: map[string]string{"max_connections": "30"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop(context.WithoutCancel(ctx))) })
	const name = "audit"
	require.NoError(t, cluster.EnsureDatabase(ctx, name))
	_, err = (migrations.Runner{}).Up(ctx, cluster.SocketURL(pglocal.Superuser, name))
	require.NoError(t, err)
	roles := migrations.RolesFor(migrations.DefaultRolePrefix)
	require.NoError(t, cluster.EnsureLogin(ctx, "w", roles.Writer))
	require.NoError(t, cluster.EnsureLogin(ctx, "r", roles.Reader))

	tail := process(ctx, "tail", "--tenant", "acme", "--interval", "100ms", "--format", "jsonl", "--database-url", cluster.SocketURL("r", name))
	var stderr strings.Builder
	tail.Stderr = &stderr
	out, err := tail.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, tail.Start())
	var mu sync.Mutex // guards shown
	var shown []int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var event struct {
				Seq int64 `json:"seq"`
			}
			if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
				return
			}
			mu.Lock()
			shown = append(shown, event.Seq)
			mu.Unlock()
		}
	}()
	seen := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(shown)
	}
	const writers, batches, each = 3, 15, 20
	// Before the first event tail must have begun: its trace tells.
	require.Eventually(t, func() bool {
		return count(t, cluster.SocketURL(pglocal.Superuser, name), "SELECT count(*) FROM audit_outbox") > 0
	},
		time.Minute, 20*time.Millisecond, "tail leaves its trace")
	for round := range 2 {
		var wait sync.WaitGroup
		errs := make(chan error, writers)
		for i := range writers {
			wait.Go(func() {
				events := newEventWriter(t, cluster.SocketURL("w", name))
				for range batches {
					if err := events.write(ctx, fmt.Sprintf("%d-%d", round, i), each); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		wait.Wait()
		close(errs)
		require.NoError(t, <-errs)
		total := (round + 1) * writers * batches * each
		if round == 0 { // what tail has not shown yet it shows afterwards
			require.NoError(t, cluster.Kill())
			require.NoError(t, cluster.Restart(ctx))
		}
		require.Eventually(t, func() bool { return seen() >= total }, time.Minute, 20*time.Millisecond, "%d of %d, %s", seen(), total, &stderr)
	}
	require.NoError(t, tail.Process.Signal(os.Interrupt))
	<-done
	require.NoError(t, tail.Wait(), "an interrupt is how tail ends")
	for i, seq := range shown {
		require.Equal(t, int64(i), seq)
	}
	require.Len(t, shown, 2*writers*batches*each)
	require.Equal(t, int64(2), count(t, cluster.SocketURL(pglocal.Superuser, name), "SELECT count(*) FROM audit_outbox WHERE record ->> 'action' = 'audit.read.tail'"))
}

func count(t *testing.T, url, sql string) (n int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}
