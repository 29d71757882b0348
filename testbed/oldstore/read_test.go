package oldstore

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/cli"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/migrations"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// restore makes a database of a fixture's dump and brings it up to date.
func restore(t *testing.T, dir string) *storetest.Database {
	t.Helper()
	db := storetest.NewEmptyDatabase(t)
	text, err := os.ReadFile(filepath.Join(dir, "store.sql"))
	require.NoError(t, err)
	var statements strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, `\`) { // for psql only
			statements.WriteString(line)
		}
	}
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	_, err = conn.PgConn().Exec(t.Context(), statements.String()).ReadAll()
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	_, err = migrations.Runner{}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	// Whoever writes makes the months ahead, as at every start.
	conn, err = pgx.Connect(t.Context(), db.WriterURL)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `SELECT public.audit_ensure_month(clock_timestamp())`)
	require.NoError(t, err)
	return db
}

// fixtureFiles are copies, which may be written to.
func fixtureFiles(t *testing.T, dir string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "fixture")
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	// Git keeps no modes; secrets and journals have strict ones.
	require.NoError(t, filepath.WalkDir(copied, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	}))
	return copied
}

func readSummary(t *testing.T, dir string) summary {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	require.NoError(t, err)
	var s summary
	require.NoError(t, json.Unmarshal(text, &s))
	return s
}

// verified verifies a store with what stands beside the fixture.
func verified(t *testing.T, db *storetest.Database, dir string) *verify.Report {
	t.Helper()
	trust, err := keys.LoadTrust(filepath.Join(dir, "trust"))
	require.NoError(t, err)
	macs, err := keys.LoadMACRing(filepath.Join(dir, "mac.keys"))
	require.NoError(t, err)
	anchors, err := anchor.ReadFile(filepath.Join(dir, "anchors"))
	require.NoError(t, err)
	report, err := verify.Store(t.Context(), verify.Options{Database: store.Options{URL: db.AuditorURL}, Trust: trust, Anchors: anchors, MACs: macs})
	require.NoError(t, err)
	return report
}

// verifyFixture reads a fixture as an auditor of today does.
func verifyFixture(t *testing.T, dir string) {
	t.Helper()
	files := fixtureFiles(t, dir)
	want := readSummary(t, files)
	db := restore(t, files)
	report := verified(t, db, files)
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Intact, report.Verdict)
	sizes := map[string]int64{}
	for _, log := range report.Logs {
		sizes[log.Tenant+"/"+strconv.Itoa(int(log.Epoch))] = log.Size
	}
	require.Equal(t, want.Sizes, sizes)
	require.Equal(t, want.Removed, report.Coverage.Pruned)
	requireReadable(t, db, want)
	requireJournal(t, files, want)
	continueFixture(t, db, files)
}

func TestOldStoreVerifies(t *testing.T) {
	for _, dir := range fixtures(t, "store-v[1-9]*") {
		t.Run(filepath.Base(dir), func(t *testing.T) { verifyFixture(t, dir) })
	}
}

func fixtures(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

// requireReadable reads the newest event of a tenant, and its leaf is that of
// its columns.
func requireReadable(t *testing.T, db *storetest.Database, want summary) {
	t.Helper()
	reader, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL})
	require.NoError(t, err)
	defer reader.Close()
	event, err := reader.Get(t.Context(), "acme", want.LastEvent)
	require.NoError(t, err)
	require.Equal(t, record.LeafHash(event.Record.AppendCanonical(nil)), event.LeafHash)
}

func requireJournal(t *testing.T, dir string, want summary) {
	t.Helper()
	trust, err := keys.LoadTrust(filepath.Join(dir, "trust"))
	require.NoError(t, err)
	anchors, err := anchor.ReadFile(filepath.Join(dir, "journal-anchors"))
	require.NoError(t, err)
	report, err := verify.Journal(t.Context(), verify.JournalOptions{Directory: filepath.Join(dir, "journal"), Trust: trust, Anchors: anchors})
	require.NoError(t, err)
	require.Empty(t, report.Findings)
	require.Equal(t, verify.Intact, report.Verdict)
	require.Len(t, report.Logs, 1)
	require.Equal(t, want.Entries, report.Logs[0].Size)
}

// continueFixture appends to both sinks and verifies them again.
func continueFixture(t *testing.T, db *storetest.Database, dir string) {
	t.Helper()
	ring, err := keys.LoadRing(filepath.Join(dir, "log.key"))
	require.NoError(t, err)
	anchors, err := anchor.Open(filepath.Join(dir, "anchors"))
	require.NoError(t, err)
	writer := newWriter(t, db.WriterURL, ring, anchors)
	rec := recordtest.Typical()
	rec.EventID = "after-the-upgrade"
	for _, tenant := range []string{"acme", "globex", "initech", "newcomer"} {
		rec.TenantID = tenant
		writeAll(t, writer, func(*record.Record) string { return "" }, rec)
	}
	writer.Close()
	require.NoError(t, anchors.Close())
	after := verified(t, db, dir)
	require.Empty(t, after.Findings)
	require.Equal(t, verify.Intact, after.Verdict)

	beside, err := anchor.Open(filepath.Join(dir, "journal-anchors"))
	require.NoError(t, err)
	w, err := journal.Open(journal.Options{Directory: filepath.Join(dir, "journal"), Name: "journal", Ring: ring, Anchors: beside, Now: time.Now})
	require.NoError(t, err)
	var hasher journal.Hasher
	entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
	require.NoError(t, err)
	_, err = w.Append(t.Context(), []journal.Entry{entry})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, beside.Close())
	want := readSummary(t, dir)
	want.Entries++
	requireJournal(t, dir, want)
}

// A store without signatures is no tampered one and no verified one; after it was
// adopted, the events of before are under a signature, too.
func TestUnsealedStoreIsAdopted(t *testing.T) {
	for _, dir := range fixtures(t, "store-v0") {
		files := fixtureFiles(t, filepath.Join("testdata", "store-v1")) // keys
		db := restore(t, dir)
		require.NoError(t, os.Remove(filepath.Join(files, "anchors")))
		require.NoError(t, os.WriteFile(filepath.Join(files, "anchors"), nil, 0o600))
		before := verified(t, db, files)
		require.Empty(t, before.Findings)
		require.Equal(t, 3, before.Verdict.ExitCode(), "not everything could be checked")

		var out, errs bytes.Buffer
		system := &cli.System{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Now: time.Now, Rand: bytes.NewReader(bytes.Repeat([]byte{7}, 4096)), User: "auditor",
			Getenv: func(string) string { return "" },
		}
		code := cli.Run(context.WithoutCancel(t.Context()), system, []string{
			"recover", "--new-epoch", "--all", "--reason", "integrity switched on", "--key", filepath.Join(files, "log.key"),
			"--database-url", db.WriterURL, "--auditor-url", db.AuditorURL, "--anchors", filepath.Join(files, "anchors"),
		})
		require.Zero(t, code, errs.String())
		adopted := verified(t, db, files)
		require.Empty(t, adopted.Findings)
		require.Equal(t, verify.Intact, adopted.Verdict, adopted.Unchecked)
		continueFixture(t, db, files)
	}
}
