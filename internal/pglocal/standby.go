//go:build unix

package pglocal

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
)

// baseBackup copies the cluster that this one follows, and says in the copy whom
// to stream from.
func (c *Cluster) baseBackup(ctx context.Context, fresh string) error {
	from := c.options.From
	c.say("copying the cluster in %s to %s", from.DataDir, c.DataDir)
	if err := c.passwords.adopt(from.passwords); err != nil {
		return err
	}
	cmd := c.command(ctx, "pg_basebackup", "--pgdata", fresh, "--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast",
		"--host", from.SocketDir, "--port", strconv.Itoa(from.Port), "--username", Superuser, "--no-password")
	cmd.Env = append(cmd.Env, "PGPASSWORD="+from.passwords.of(Superuser))
	cmd.Dir = fresh
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, lastLines(out, 8))
	}
	return nil
}

// Promote makes a standby a primary and returns when it takes writes.
func (c *Cluster) Promote(ctx context.Context) error {
	return c.Exec(ctx, "postgres", "DO $$ BEGIN IF NOT pg_promote() THEN RAISE 'the standby was not promoted'; END IF; END $$")
}

// Companion prepares a program that runs beside the server, as its account. dir
// is a directory of that name that only the account may enter, made if missing.
func (c *Cluster) Companion(name, program string, arguments ...string) (cmd *exec.Cmd, dir string, err error) {
	dir = filepath.Join(filepath.Dir(c.DataDir), name)
	if err := c.account.privateDir(dir); err != nil {
		return nil, "", err
	}
	cmd = exec.Command(program, arguments...) // it runs until it is told to end
	cmd.Dir = dir
	cmd.SysProcAttr = c.account.sysProcAttr()
	dieWithParent(cmd.SysProcAttr)
	return cmd, dir, nil
}

// OwnedBy says who owns the server's files.
func (c *Cluster) OwnedBy() (uid, gid int) { return c.account.uid, c.account.gid }
