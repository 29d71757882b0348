//go:build unix

package pglocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Superuser is the login that owns the cluster.
const Superuser = "postgres"

// Options say where and how a cluster runs.
type Options struct {
	// Dir holds everything: data, socket, log, passwords. It is made if missing
	// and continued if it holds a cluster.
	Dir string
	// Log gets one line per step, for people. Absent: nothing is said.
	Log io.Writer
	// Settings are further server settings, by their names in postgresql.conf.
	Settings map[string]string
	// Volatile gives durability up for speed: fsync, full_page_writes and
	// synchronous_commit off. For tests that do not crash the server.
	Volatile bool
	// BinDir holds the server programs. Absent: they are looked for.
	BinDir string
	// From makes a new cluster a standby that streams from this running one, in
	// place of an empty one. Logins and passwords are the same.
	From *Cluster
	// Env is added to the environment of the server.
	Env []string
}

// Cluster is a running private PostgreSQL cluster. Its methods are safe for
// concurrent use, except Stop, Kill and Restart among themselves.
type Cluster struct {
	SocketDir string // holds the socket; private to the server's account
	Port      int    // of the socket and of 127.0.0.1
	DataDir   string
	LogFile   string
	Version   int // major version of the server

	options   Options
	account   account
	binaries  Binaries
	passwords *passwords
	lock      *os.File
	tempRun   bool // SocketDir is a temporary one

	mu      sync.Mutex // guards process
	process *process
}

// process is one run of the server.
type process struct {
	pid    int
	exited chan struct{} // closed when it has ended
	err    error         // why, to be read after exited
}

// Start runs the cluster in o.Dir, making it first if there is none, and
// returns when it answers. A cancelled ctx gives up and ends what was started;
// after Start has returned, ctx has no influence any more.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := c.run(ctx); err != nil {
		return nil, errors.Join(err, c.release())
	}
	return c, nil
}

func prepare(ctx context.Context, o Options) (*Cluster, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	acct, err := serverAccount()
	if err != nil {
		return nil, err
	}
	c := &Cluster{options: o, account: acct, LogFile: filepath.Join(dir, "postgres.log")}
	if c.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	if err := c.layOut(ctx, dir); err != nil {
		return nil, errors.Join(err, c.release())
	}
	return c, nil
}

// lockDir keeps a second process out of dir until the file is closed.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by another process", dir), f.Close())
	}
	return f, nil
}

func (c *Cluster) layOut(ctx context.Context, dir string) error {
	home, note, err := c.account.home(dir)
	if err != nil {
		return err
	}
	if note != "" {
		c.say("%s", note)
	}
	c.DataDir = filepath.Join(home, "data")
	if c.binaries, err = binariesFor(ctx, c.options.BinDir, c.DataDir); err != nil {
		return err
	}
	c.Version = c.binaries.Version
	if c.passwords, err = readPasswords(filepath.Join(dir, "passwords.json")); err != nil {
		return err
	}
	if err := c.makeSocketDir(home); err != nil {
		return err
	}
	if err := c.initialize(ctx); err != nil {
		return err
	}
	return c.endLeftover(ctx)
}

// longestSocketPath is the room for a socket's path on the narrowest system
// (104 bytes with the final zero on BSD, 108 on Linux).
const longestSocketPath = 103

func (c *Cluster) makeSocketDir(home string) error {
	c.SocketDir = filepath.Join(home, "run")
	if len(filepath.Join(c.SocketDir, ".s.PGSQL.65535.lock")) > longestSocketPath {
		short, err := os.MkdirTemp("/tmp", "otelaudit-")
		if err != nil {
			return err
		}
		c.SocketDir, c.tempRun = short, true
	}
	return c.account.privateDir(c.SocketDir)
}

// initialize makes the data directory, in a directory aside that is renamed
// when it is complete: an interrupted initdb must not look like a cluster.
func (c *Cluster) initialize(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.DataDir, "PG_VERSION")); err == nil {
		return nil
	}
	fresh, err := c.freshDir()
	if err != nil {
		return err
	}
	if err := c.account.privateDir(fresh); err != nil {
		return err
	}
	fill := c.initdb
	if c.options.From != nil {
		fill = c.baseBackup
	}
	if err := fill(ctx, fresh); err != nil {
		return err
	}
	if err := os.Remove(c.DataDir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is there and is not a cluster: %w", c.DataDir, err)
	}
	return os.Rename(fresh, c.DataDir)
}

func (c *Cluster) initdb(ctx context.Context, fresh string) error {
	c.say("making a PostgreSQL %d cluster in %s", c.Version, c.DataDir)
	password, err := c.passwords.ensure(Superuser)
	if err != nil {
		return err
	}
	passwordFile := filepath.Join(c.SocketDir, "password")
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(passwordFile)
	if c.account.switched {
		if err := os.Chown(passwordFile, c.account.uid, c.account.gid); err != nil {
			return err
		}
	}
	arguments := []string{
		"--pgdata", fresh, "--username", Superuser, "--pwfile", passwordFile,
		"--auth-local", "scram-sha-256", "--auth-host", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
	}
	if c.options.Volatile {
		arguments = append(arguments, "--no-sync")
	}
	cmd := c.command(ctx, "initdb", arguments...)
	cmd.Dir = fresh
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, lastLines(out, 8))
	}
	return nil
}

// freshDir makes a directory with a new name for each try, and removes what
// earlier ones left as far as that goes: an initdb whose parent was killed may
// still be at work in its own.
func (c *Cluster) freshDir() (string, error) {
	left, err := filepath.Glob(c.DataDir + ".new*")
	if err != nil {
		return "", err
	}
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
	return os.MkdirTemp(filepath.Dir(c.DataDir), filepath.Base(c.DataDir)+".new-")
}

func (c *Cluster) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.binaries.Dir, program), arguments...)
	cmd.Env = []string{"PATH=" + c.binaries.Dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = c.account.sysProcAttr()
	return cmd
}

// run starts the server and waits until it answers. Between choosing a port and
// binding it somebody else may take it, so a few ports are tried.
func (c *Cluster) run(ctx context.Context) error {
	var err error
	for range 5 {
		if c.Port, err = c.choosePort(); err != nil {
			return err
		}
		if err = c.runOnce(ctx); err == nil {
			return nil
		}
		if !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}

var errPortTaken = errors.New("the port was taken meanwhile")

func (c *Cluster) runOnce(ctx context.Context) error {
	logFile, err := os.OpenFile(c.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close() // the server has its own copy
	begin, err := logFile.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	p, err := c.launch(logFile)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.process = p
	c.mu.Unlock()
	if err := c.awaitReady(ctx, p); err != nil {
		said := c.logSince(begin)
		if strings.Contains(said, "could not bind") || strings.Contains(said, "could not create any TCP/IP sockets") {
			return errPortTaken
		}
		stopContext, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return errors.Join(fmt.Errorf("%w\n%s", err, lastLines([]byte(said), 8)), c.stopProcess(stopContext))
	}
	return nil
}

// launch starts the server from a goroutine that holds its thread until the
// server has ended: the kernel's signal on the parent's death is bound to the
// thread, and Go ends threads of its own accord.
func (c *Cluster) launch(output *os.File) (*process, error) {
	cmd := c.command(context.Background(), "postgres", c.arguments()...)
	cmd.Env = append(cmd.Env, c.options.Env...)
	cmd.Dir = c.DataDir
	cmd.Stdout, cmd.Stderr = output, output
	dieWithParent(cmd.SysProcAttr)
	p := &process{exited: make(chan struct{})}
	started := make(chan error, 1)
	go onOwnThread(func() {
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	})
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return p, nil
}

func (c *Cluster) arguments() []string {
	arguments := []string{"-D", c.DataDir, "-k", c.SocketDir, "-h", "127.0.0.1", "-p", strconv.Itoa(c.Port)}
	settings := map[string]string{
		"unix_socket_permissions": "0700",
		"password_encryption":     "scram-sha-256",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "%m [%p] %q%u@%d ",
	}
	if c.options.Volatile {
		for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
			settings[name] = "off"
		}
	}
	maps.Copy(settings, c.options.Settings)
	for name, value := range settings {
		arguments = append(arguments, "-c", name+"="+value)
	}
	return arguments
}

// choosePort prefers the port of the last run, so that what people wrote down
// stays right.
func (c *Cluster) choosePort() (int, error) {
	kept := filepath.Join(filepath.Dir(c.LogFile), "port")
	if raw, err := os.ReadFile(kept); err == nil {
		if port, err := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil && portIsFree(port) {
			return port, nil
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || !ok {
		return 0, errors.Join(errors.New("no free port"), err)
	}
	return address.Port, os.WriteFile(kept, []byte(strconv.Itoa(address.Port)), 0o600)
}

func portIsFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && l.Close() == nil
}

func (c *Cluster) awaitReady(ctx context.Context, p *process) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.SocketURL(Superuser, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.exited:
			return fmt.Errorf("PostgreSQL ended while starting: %w", orEOF(p.err))
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not become ready: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// URL returns the connection string of a login by TCP on 127.0.0.1, with the
// password if the cluster knows it.
func (c *Cluster) URL(login, database string) string {
	u := url.URL{Scheme: "postgres", User: c.userinfo(login), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)), Path: "/" + database}
	u.RawQuery = "sslmode=disable"
	return u.String()
}

// SocketURL is URL by the socket in SocketDir.
func (c *Cluster) SocketURL(login, database string) string {
	u := url.URL{Scheme: "postgres", User: c.userinfo(login), Path: "/" + database}
	// Not every client reads a plus in a query as a space.
	u.RawQuery = "host=" + strings.ReplaceAll(url.QueryEscape(c.SocketDir), "+", "%20") + "&port=" + strconv.Itoa(c.Port)
	return u.String()
}

func (c *Cluster) userinfo(login string) *url.Userinfo {
	if password := c.passwords.of(login); password != "" {
		return url.UserPassword(login, password)
	}
	return url.User(login)
}

// Exited is closed when the server has ended, for whatever reason. After
// Restart there is another one.
func (c *Cluster) Exited() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process.exited
}

// PID returns the process id of the server.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process.pid
}

// Stop ends the server in its fast mode: sessions are cut, what was committed
// is written out. If ctx ends first, the server is killed. The Cluster cannot be
// used after Stop, but its directory can be started again.
func (c *Cluster) Stop(ctx context.Context) error {
	return errors.Join(c.stopProcess(ctx), c.release())
}

func (c *Cluster) stopProcess(ctx context.Context) error {
	c.mu.Lock()
	p := c.process
	c.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.exited:
		return nil
	default:
	}
	if err := syscall.Kill(p.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("PostgreSQL did not stop: %w", ctx.Err()), c.Kill())
	}
}

// Kill ends the server at once, as a power cut would for its clients: the next
// start recovers from the write-ahead log. Use Restart to go on.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	p := c.process
	c.mu.Unlock()
	// The server's immediate mode: it takes its children with it, which SIGKILL
	// would leave behind.
	if err := syscall.Kill(p.pid, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(longestKill):
		return fmt.Errorf("PostgreSQL (process %d) has not ended %s after SIGQUIT", p.pid, longestKill)
	}
}

// longestKill is far more than the server gives its children: after five seconds
// it ends them by SIGKILL.
const longestKill = time.Minute

// Restart stops the server if it runs and starts it on the same port.
func (c *Cluster) Restart(ctx context.Context) error {
	if err := c.stopProcess(ctx); err != nil {
		return err
	}
	return c.run(ctx)
}

// release gives the directory back.
func (c *Cluster) release() error {
	var err error
	if c.tempRun {
		err = os.RemoveAll(c.SocketDir)
	}
	if c.lock != nil {
		err = errors.Join(err, c.lock.Close())
		c.lock = nil
	}
	return err
}

func (c *Cluster) say(format string, arguments ...any) {
	fmt.Fprintf(c.options.Log, format+"\n", arguments...)
}

func (c *Cluster) logSince(begin int64) string {
	f, err := os.Open(c.LogFile)
	if err != nil {
		return ""
	}
	defer f.Close()
	if _, err := f.Seek(begin, io.SeekStart); err != nil {
		return ""
	}
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return ""
	}
	return string(text)
}

func lastLines(text []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
