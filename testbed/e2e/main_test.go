package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/broker"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

// shared is the cluster of all tests that do not hurt the server.
var shared struct {
	once   sync.Once
	dir    string
	server *database.Server
	err    error
}

func TestMain(m *testing.M) {
	broker.Serve() // where this process is a test's broker
	os.Exit(exitCode(m))
}

func exitCode(m *testing.M) int {
	code := m.Run()
	if shared.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := shared.server.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			code = 1
		}
	}
	switch {
	case shared.dir == "":
	case code == 0:
		_ = os.RemoveAll(shared.dir)
	default:
		fmt.Fprintln(os.Stderr, "the databases of the failed tests are kept in", shared.dir)
	}
	return code
}

func sharedServer(t *testing.T) *database.Server {
	t.Helper()
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "otelaudit-e2e-"); shared.err != nil { //nolint:usetesting // outlives the test that comes first
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		shared.server, shared.err = database.Start(ctx, pglocal.Options{
			Dir: shared.dir, Volatile: true, Settings: map[string]string{"max_connections": "200"},
		})
	})
	require.NoError(t, shared.err, "these tests need PostgreSQL")
	return shared.server
}

// databaseURLs is a test's database.
type databaseURLs struct {
	database.Database

	signing.Files // the keys of its log

	dir        string // of the anchor files
	collectors int    // how many write into it
}

// environment is the environment of one more collector that writes into the
// database: the key is the log's, an anchor file is one collector's.
func (d *databaseURLs) environment() map[string]string {
	d.collectors++
	return map[string]string{
		"AUDIT_WRITER_URL": d.Writer, "AUDIT_LOG_KEY_FILE": d.Key, "AUDIT_ANCHOR_FILE": d.anchorFile(d.collectors), "TESTBED_TRUST": d.Trust,
	}
}

func (d *databaseURLs) anchorFile(collector int) string {
	return filepath.Join(d.dir, fmt.Sprintf("anchors-%d", collector))
}

// anchors is what all collectors remember.
func (d *databaseURLs) anchors(t *testing.T) [][]byte {
	t.Helper()
	var notes [][]byte
	for collector := range d.collectors {
		found, err := anchor.ReadFile(d.anchorFile(collector + 1))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was never started
		}
		require.NoError(t, err)
		notes = append(notes, found...)
	}
	return notes
}

// withKeys makes keys for a database.
func withKeys(t *testing.T, db database.Database) *databaseURLs {
	t.Helper()
	dir := t.TempDir()
	files, err := signing.New(dir)
	require.NoError(t, err)
	return &databaseURLs{Database: db, Files: files, dir: dir}
}

// newDatabase makes a migrated database in the shared cluster.
func newDatabase(t *testing.T) *databaseURLs {
	t.Helper()
	db, err := sharedServer(t).New(within(t, time.Minute))
	require.NoError(t, err)
	return withKeys(t, db)
}

// ownServer makes a cluster for one test, which may kill it: a durable one.
func ownServer(t *testing.T) (*database.Server, *databaseURLs) {
	t.Helper()
	dir := t.TempDir()
	server, err := database.Start(within(t, time.Minute), pglocal.Options{Dir: filepath.Join(dir, "pg")})
	require.NoError(t, err, "these tests need PostgreSQL")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = server.Stop(ctx)
	})
	db, err := server.New(within(t, time.Minute))
	require.NoError(t, err)
	return server, withKeys(t, db)
}
