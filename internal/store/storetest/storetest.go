// Package storetest gives tests a real PostgreSQL: one private cluster per test
// process, a database of its own per test, and a login of its own per role. A
// package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
//
// Where PostgreSQL is not installed its tests fail; they are never skipped.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/migrations"
)

// startTimeout bounds everything that a machine under load may need to make a
// cluster or a database.
const startTimeout = 2 * time.Minute

var shared struct {
	sync.Mutex // guards all below
	ready      bool
	cluster    *pglocal.Cluster
	dir        string
	template   bool
	databases  int
}

// Main runs the tests and stops the cluster that they used. Its directory is
// removed if all tests passed and kept, with a line that says where, if not.
func Main(m *testing.M) int {
	shared.Lock()
	shared.ready = true
	shared.Unlock()
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		return code
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := shared.cluster.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		code = max(code, 1)
	}
	if code != 0 {
		fmt.Fprintf(os.Stderr, "storetest: the databases of failed tests are kept in %s\n", shared.dir)
		return code
	}
	if err := os.RemoveAll(shared.dir); err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
	}
	return code
}

// Cluster returns the cluster of this test process. Its durability is off; a
// test that crashes the server starts one of its own with pglocal.
func Cluster(t testing.TB) *pglocal.Cluster {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	return lockedCluster(t)
}

func lockedCluster(t testing.TB) *pglocal.Cluster {
	t.Helper()
	if !shared.ready {
		t.Fatal("storetest: this package needs `func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }`")
	}
	if shared.cluster != nil {
		return shared.cluster
	}
	dir, err := os.MkdirTemp("", "otelaudit-test-")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cluster, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Volatile: true, Settings: map[string]string{
		"shared_buffers":  "32MB",
		"max_connections": "200",
		"max_wal_size":    "256MB",
	}})
	if err != nil {
		t.Fatalf("storetest: %v (log: %s)", err, filepath.Join(dir, "postgres.log"))
	}
	shared.cluster, shared.dir = cluster, dir
	return cluster
}

// Database is one test's database with its connection strings. Each login is
// this database's alone, so a test may bind or alter it.
type Database struct {
	Name string

	SuperURL    string // the cluster's superuser
	OwnerURL    string // member of the owner role
	WriterURL   string
	ReaderURL   string
	AuditorURL  string
	PrunerURL   string
	OperatorURL string
	NobodyURL   string // a login without any role
}

// Login returns the login's name for a role: owner, writer, reader, auditor,
// pruner, operator or nobody.
func (d *Database) Login(role string) string { return d.Name + "_" + role }

// NewDatabase returns a migrated database (schema public, role prefix audit_) in
// which reads leave no trace: see RequireTraces.
// It is dropped when the test has passed.
func NewDatabase(t testing.TB) *Database {
	t.Helper()
	return newDatabase(t, migratedTemplate)
}

// NewEmptyDatabase returns a database without any table of ours, for tests of
// the migrations. The roles of the default prefix are there.
func NewEmptyDatabase(t testing.TB) *Database {
	t.Helper()
	return newDatabase(t, "template0")
}

const migratedTemplate = "audit_template"

func newDatabase(t testing.TB, template string) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cluster, name := nextDatabase(ctx, t)
	exec(ctx, t, cluster, "CREATE DATABASE "+name+" TEMPLATE "+template)
	d := &Database{Name: name, SuperURL: cluster.SocketURL(pglocal.Superuser, name)}
	roles := migrations.RolesFor(migrations.DefaultRolePrefix)
	for _, login := range []struct {
		role, group string
		url         *string
	}{
		{"owner", roles.Owner, &d.OwnerURL},
		{"writer", roles.Writer, &d.WriterURL},
		{"reader", roles.Reader, &d.ReaderURL},
		{"auditor", roles.Auditor, &d.AuditorURL},
		{"pruner", roles.Pruner, &d.PrunerURL},
		{"operator", roles.Operator, &d.OperatorURL},
		{"nobody", "", &d.NobodyURL},
	} {
		var groups []string
		if login.group != "" {
			groups = []string{login.group}
		}
		if err := cluster.EnsureLogin(ctx, d.Login(login.role), groups...); err != nil {
			t.Fatalf("storetest: %v", err)
		}
		*login.url = cluster.SocketURL(d.Login(login.role), name)
	}
	t.Cleanup(func() { d.drop(t, cluster) })
	return d
}

// nextDatabase also makes the template the first time.
func nextDatabase(ctx context.Context, t testing.TB) (*pglocal.Cluster, string) {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	cluster := lockedCluster(t)
	if !shared.template {
		if err := makeTemplate(ctx, cluster); err != nil {
			t.Fatalf("storetest: make the template database: %v", err)
		}
		shared.template = true
	}
	shared.databases++
	return cluster, fmt.Sprintf("t%d", shared.databases)
}

func makeTemplate(ctx context.Context, cluster *pglocal.Cluster) error {
	if err := cluster.EnsureDatabase(ctx, migratedTemplate); err != nil {
		return err
	}
	if _, err := (migrations.Runner{}).Up(ctx, cluster.SocketURL(pglocal.Superuser, migratedTemplate)); err != nil {
		return err
	}
	return cluster.Exec(ctx, migratedTemplate, "INSERT INTO audit_access (login, mode, reason) VALUES ('', 'off', 'most tests have no collector')")
}

// RequireTraces makes reads leave a trace, as they must by default: the
// databases of this package begin with that switched off.
func (d *Database) RequireTraces(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := Cluster(t).Exec(ctx, d.Name, "DELETE FROM audit_access"); err != nil {
		t.Fatal(err)
	}
}

func (d *Database) drop(t testing.TB, cluster *pglocal.Cluster) {
	t.Helper()
	if t.Failed() {
		t.Logf("database kept: %s in %s", d.Name, cluster.DataDir)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	exec(ctx, t, cluster, "DROP DATABASE "+d.Name+" WITH (FORCE)")
	for _, role := range []string{"owner", "writer", "reader", "auditor", "pruner", "operator", "nobody"} {
		exec(ctx, t, cluster, "DROP ROLE "+d.Login(role))
	}
}

func exec(ctx context.Context, t testing.TB, cluster *pglocal.Cluster, statement string) {
	t.Helper()
	if err := cluster.Exec(ctx, "postgres", statement); err != nil {
		t.Fatal(errors.Join(fmt.Errorf("storetest: %s", statement), err))
	}
}
