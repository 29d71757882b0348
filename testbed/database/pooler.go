package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/testbed/child"
	"github.com/otelaudit/otelaudit/testbed/collector"
)

// Pooler is a pgbouncer in front of a server. Its methods are not safe for
// concurrent use.
type Pooler struct {
	Port    int
	LogFile string

	server  *Server
	dir     string
	mode    string
	options map[string]string
	program string
	child   *child.Process
}

// ErrNoPooler says what to install.
var ErrNoPooler = errors.New("pgbouncer is not on this machine: install it with scripts/need-pgbouncer, or `apt-get install pgbouncer`")

const poolerAdmin = "testbed_pooler"

// StartPooler starts a pgbouncer with pool_mode mode (session or transaction).
// Options are more of its settings; its logins are those of the test bed.
func (s *Server) StartPooler(ctx context.Context, mode string, options map[string]string) (*Pooler, error) {
	program, err := poolerProgram()
	if err != nil {
		return nil, err
	}
	p := &Pooler{server: s, mode: mode, options: options, program: program}
	if p.Port, err = collector.FreePort(); err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

func poolerProgram() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} { // Debian's place is not on every PATH
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoPooler
}

// Start runs the pooler, again after Kill, and returns when it answers.
func (p *Pooler) Start(ctx context.Context) error {
	cmd, dir, err := p.server.Companion("pooler", p.program, "pgbouncer.ini")
	if err != nil {
		return err
	}
	p.dir, p.LogFile = dir, filepath.Join(dir, "pgbouncer.log")
	if err := p.Configure(p.options); err != nil {
		return err
	}
	running, err := child.Start(cmd)
	if err != nil {
		return fmt.Errorf("start pgbouncer: %w", err)
	}
	p.child = running
	if err := p.answers(ctx); err != nil {
		return errors.Join(err, p.Kill())
	}
	return nil
}

// poolerPatience is how long a pooler may take to answer.
const poolerPatience = 30 * time.Second

func (p *Pooler) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	for {
		err := p.Admin(ctx, "SHOW VERSION")
		if err == nil {
			return nil
		}
		select {
		case <-p.child.Done():
			return fmt.Errorf("pgbouncer ended while starting: %w\n%s", err, p.tail())
		default:
		}
		if ended := pause(ctx); ended != nil {
			return errors.Join(err, ended)
		}
	}
}

func (p *Pooler) tail() string {
	raw, err := os.ReadFile(p.LogFile)
	if err != nil {
		return ""
	}
	return string(raw[max(0, len(raw)-2000):])
}

// Configure writes the settings; those of a running pooler take effect with
// RELOAD.
func (p *Pooler) Configure(options map[string]string) error {
	p.options = options
	var users, ini strings.Builder
	for _, login := range []string{Writer, "testbed_reader", "testbed_auditor"} {
		u, err := url.Parse(p.server.URL(login, "postgres"))
		if err != nil {
			return err
		}
		password, _ := u.User.Password()
		fmt.Fprintf(&users, "%q %q\n", login, password)
	}
	fmt.Fprintf(&users, "%q %q\n", poolerAdmin, "only of this pooler")
	fmt.Fprintf(&ini, "[databases]\n* = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n", p.server.Port, p.Port)
	fmt.Fprintf(&ini, "pool_mode = %s\nauth_type = scram-sha-256\nauth_file = %s\nadmin_users = %s\nlogfile = %s\n",
		p.mode, filepath.Join(p.dir, "users.txt"), poolerAdmin, p.LogFile)
	for name, value := range options {
		fmt.Fprintf(&ini, "%s = %s\n", name, value)
	}
	uid, gid := p.server.OwnedBy()
	for name, text := range map[string]string{"users.txt": users.String(), "pgbouncer.ini": ini.String()} {
		path := filepath.Join(p.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		if err := os.Chown(path, uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// Admin gives a command to the pooler's console, such as PAUSE.
func (p *Pooler) Admin(ctx context.Context, command string) error {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(poolerAdmin, "only of this pooler"), Host: p.Address(), Path: "/pgbouncer"}
	config, err := pgx.ParseConfig(u.String() + "?sslmode=disable")
	if err != nil {
		return errors.New("the console's address is not valid")
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.PgConn().Exec(ctx, command).ReadAll(); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// Address is where the pooler listens, a host:port.
func (p *Pooler) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port)) }

// Through is a database's URL as one to the pooler.
func (p *Pooler) Through(databaseURL string) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", errors.New("not a URL")
	}
	u.Host = p.Address()
	return u.String(), nil
}

// Logged counts what the pooler has said so far.
func (p *Pooler) Logged(text string) int {
	raw, err := os.ReadFile(p.LogFile)
	if err != nil {
		return 0
	}
	return strings.Count(string(raw), text)
}

// Mode is the pooler's pool_mode.
func (p *Pooler) Mode() string { return p.mode }

// Options are the settings given last.
func (p *Pooler) Options() map[string]string { return p.options }

// Kill ends the pooler at once.
func (p *Pooler) Kill() error { return p.child.Kill() }
