//go:build unix

package pglocal_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pglocal"
)

// childDir, in the environment, makes the test binary a process that starts a
// cluster there, says so, and waits to be killed.
const childDir = "AUDIT_PGLOCAL_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		c, err := pglocal.Start(context.Background(), pglocal.Options{Dir: dir, Volatile: true})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("started", c.PID(), c.DataDir)
		select {}
	}
	os.Exit(m.Run())
}

// patience bounds what a loaded machine may take; nothing is measured by it.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// openDir is a directory that the server's account can reach, unlike
// t.TempDir's when the tests run as root.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pglocal-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func start(t *testing.T, o pglocal.Options) *pglocal.Cluster {
	t.Helper()
	if o.BinDir == "" {
		o.Volatile = true
	}
	c, err := pglocal.Start(patience(t), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop(context.WithoutCancel(t.Context()))) })
	return c
}

func ask(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(patience(t), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	var answer string
	require.NoError(t, conn.QueryRow(patience(t), sql).Scan(&answer))
	return answer
}

func TestTheSameDirectoryContinues(t *testing.T) {
	ctx := patience(t)
	dir := openDir(t)
	var said bytes.Buffer
	c, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Log: &said, Volatile: true})
	require.NoError(t, err)
	require.Contains(t, said.String(), "making a PostgreSQL "+strconv.Itoa(c.Version)+" cluster")
	require.NoError(t, c.EnsureDatabase(ctx, "app"))
	require.NoError(t, c.EnsureDatabase(ctx, "app"))
	require.NoError(t, c.EnsureLogin(ctx, "somebody", "pg_monitor"))
	require.NoError(t, c.EnsureLogin(ctx, "somebody", "pg_monitor"))
	require.NoError(t, c.Exec(ctx, "app", "CREATE TABLE kept AS SELECT 7 AS n; GRANT SELECT ON kept TO somebody"))
	before := c.URL("somebody", "app")
	require.NoError(t, c.Stop(ctx))
	<-c.Exited()

	said.Reset()
	c, err = pglocal.Start(ctx, pglocal.Options{Dir: dir, Log: &said, Volatile: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Stop(ctx)) }()
	require.Empty(t, said.String())
	require.Equal(t, before, c.URL("somebody", "app"), "what people wrote down stays right")
	require.Equal(t, "7", ask(t, before, "SELECT n::text FROM kept"))
	require.Equal(t, "7", ask(t, c.SocketURL("somebody", "app"), "SELECT n::text FROM kept"))
}

func TestNobodyEntersWithoutPassword(t *testing.T) {
	c := start(t, pglocal.Options{Dir: openDir(t)})
	for _, known := range []string{c.URL(pglocal.Superuser, "postgres"), c.SocketURL(pglocal.Superuser, "postgres")} {
		u, err := url.Parse(known)
		require.NoError(t, err)
		require.Equal(t, "on", ask(t, known, "SHOW is_superuser"))
		u.User = url.UserPassword(pglocal.Superuser, "guess")
		_, err = pgx.Connect(patience(t), u.String())
		require.ErrorContains(t, err, "28P01")
	}
	require.Equal(t, "127.0.0.1", ask(t, c.URL(pglocal.Superuser, "postgres"), "SHOW listen_addresses"))
	for _, private := range []string{c.SocketDir, c.DataDir} {
		info, err := os.Stat(private)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), private)
	}
	info, err := os.Stat(filepath.Join(filepath.Dir(c.LogFile), "passwords.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestNeverRoot(t *testing.T) {
	c := start(t, pglocal.Options{Dir: openDir(t)})
	info, err := os.Stat(fmt.Sprintf("/proc/%d", c.PID()))
	if errors.Is(err, os.ErrNotExist) {
		return // no /proc here; PostgreSQL itself refuses root
	}
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	require.NotZero(t, owner.Uid)
}

func TestKillAndRestartKeepWhatWasCommitted(t *testing.T) {
	ctx := patience(t)
	c, err := pglocal.Start(ctx, pglocal.Options{Dir: openDir(t)})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Stop(ctx)) }()
	require.Equal(t, "on", ask(t, c.URL(pglocal.Superuser, "postgres"), "SHOW fsync"))
	require.NoError(t, c.Exec(ctx, "postgres", "CREATE TABLE kept AS SELECT 7 AS n"))
	exited, port := c.Exited(), c.Port
	require.NoError(t, c.Kill())
	<-exited
	require.NoError(t, c.Restart(ctx))
	require.Equal(t, port, c.Port)
	require.Equal(t, "7", ask(t, c.URL(pglocal.Superuser, "postgres"), "SELECT n::text FROM kept"))
	require.NoError(t, c.Restart(ctx))
	require.Equal(t, "7", ask(t, c.URL(pglocal.Superuser, "postgres"), "SELECT n::text FROM kept"))
}

func TestOneProcessPerDirectory(t *testing.T) {
	dir := openDir(t)
	start(t, pglocal.Options{Dir: dir})
	_, err := pglocal.Start(patience(t), pglocal.Options{Dir: dir})
	require.ErrorContains(t, err, dir+" is in use by another process")
}

func TestAnotherPortIfTheKeptOneIsTaken(t *testing.T) {
	first, second := openDir(t), openDir(t)
	c := start(t, pglocal.Options{Dir: first})
	require.NoError(t, os.WriteFile(filepath.Join(second, "port"), []byte(strconv.Itoa(c.Port)), 0o600))
	other := start(t, pglocal.Options{Dir: second})
	require.NotEqual(t, c.Port, other.Port)
}

func TestDirectoriesThatPostgreSQLWouldRefuse(t *testing.T) {
	for name, dir := range map[string]string{
		"closed to other users": t.TempDir(),
		"below a closed one":    filepath.Join(t.TempDir(), "a", "b"),
		"too long for a socket": filepath.Join(openDir(t), strings.Repeat("long", 30)),
		"with a space":          filepath.Join(openDir(t), "a directory"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := patience(t)
			c, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Volatile: true})
			require.NoError(t, err)
			require.NoError(t, c.Exec(ctx, "postgres", "CREATE TABLE kept AS SELECT 7 AS n"))
			require.NoError(t, c.Stop(ctx))
			c, err = pglocal.Start(ctx, pglocal.Options{Dir: dir, Volatile: true})
			require.NoError(t, err)
			require.Equal(t, "7", ask(t, c.SocketURL(pglocal.Superuser, "postgres"), "SELECT n::text FROM kept"))
			require.NoError(t, c.Stop(ctx))
			if elsewhere := filepath.Dir(c.DataDir); !strings.HasPrefix(elsewhere, dir) {
				require.NoError(t, os.RemoveAll(elsewhere))
			}
		})
	}
}

// What was placed elsewhere for a temporary directory goes when that is gone.
func TestForgottenClustersAreRemoved(t *testing.T) {
	if os.Geteuid() != 0 {
		return // nothing is placed elsewhere then
	}
	ctx := patience(t)
	closed := func() string {
		dir, err := os.MkdirTemp("", "pglocal-test-") // mode 0700
		require.NoError(t, err)
		return filepath.Join(dir, "data")
	}
	var placed []string
	for range 2 {
		dir := closed()
		c, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Volatile: true})
		require.NoError(t, err)
		require.NoError(t, c.Stop(ctx))
		placed = append(placed, filepath.Dir(c.DataDir))
		require.DirExists(t, placed[len(placed)-1])
		require.NoError(t, os.RemoveAll(filepath.Dir(dir)))
	}
	require.NoDirExists(t, placed[0])
	require.NoError(t, os.RemoveAll(placed[1]))
}

func TestAnInterruptedInitdbIsDoneAgain(t *testing.T) {
	dir := openDir(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.new-1", "base"), 0o700))
	start(t, pglocal.Options{Dir: dir})
	left, err := filepath.Glob(filepath.Join(dir, "data.new*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAPidFileOfSomebodyElseIsStale(t *testing.T) {
	ctx := patience(t)
	dir := openDir(t)
	c, err := pglocal.Start(ctx, pglocal.Options{Dir: dir, Volatile: true})
	require.NoError(t, err)
	require.NoError(t, c.Stop(ctx))
	// As after a reboot: the number now belongs to a process that is no server.
	sleeper := exec.Command("sleep", "600")
	require.NoError(t, sleeper.Start())
	defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()
	pidFile := filepath.Join(c.DataDir, "postmaster.pid")
	require.NoError(t, os.WriteFile(pidFile, []byte(strconv.Itoa(sleeper.Process.Pid)+"\n"+c.DataDir+"\n"), 0o600))
	start(t, pglocal.Options{Dir: dir})
	require.NoError(t, sleeper.Process.Signal(syscall.Signal(0)), "it was left alone")
}

// A process that is killed cannot stop its server; the kernel or the next start
// does.
func TestAKilledProcessLeavesNothingBehind(t *testing.T) {
	dir := openDir(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "started ", line)
	pid, err := strconv.Atoi(strings.Fields(line)[1])
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	start(t, pglocal.Options{Dir: dir})
	require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, time.Minute, 10*time.Millisecond)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Run("not installed", func(t *testing.T) {
		_, err := pglocal.Start(patience(t), pglocal.Options{Dir: openDir(t), BinDir: "/nowhere"})
		require.ErrorContains(t, err, "no PostgreSQL server programs in /nowhere")
		require.ErrorContains(t, pglocal.ErrNotInstalled, "apt-get install postgresql")
	})
	t.Run("data of another version", func(t *testing.T) {
		dir := openDir(t)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "data"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
		_, err := pglocal.Start(patience(t), pglocal.Options{Dir: dir})
		require.ErrorContains(t, err, "belongs to PostgreSQL 9, but only version")
	})
	t.Run("not a cluster", func(t *testing.T) {
		dir := openDir(t)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "data", "mine"), 0o700))
		_, err := pglocal.Start(patience(t), pglocal.Options{Dir: dir})
		require.ErrorContains(t, err, "is there and is not a cluster")
		require.DirExists(t, filepath.Join(dir, "data", "mine"))
	})
	t.Run("broken setting", func(t *testing.T) {
		_, err := pglocal.Start(patience(t), pglocal.Options{Dir: openDir(t), Volatile: true, Settings: map[string]string{"shared_buffers": "many"}})
		require.ErrorContains(t, err, "PostgreSQL ended while starting")
		require.ErrorContains(t, err, `invalid value for parameter "shared_buffers"`)
	})
}
