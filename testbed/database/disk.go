package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Disk is a file system of its own, in memory, for all or a part of a server's
// files, whose size can be set. It outlives restarts of the server.
type Disk struct {
	server *Server
	path   string
}

// roomy is the size of a disk that is not full.
const roomy = int64(8) << 30

// ErrNoMount is returned where this process may not mount: a container without
// CAP_SYS_ADMIN. LimitFiles needs no right.
var ErrNoMount = errors.New("this process may not mount a file system")

// OwnDisk moves the directory part of the server's data ("" for all, "pg_wal")
// to a disk of its own. The server is restarted.
func (s *Server) OwnDisk(ctx context.Context, part string) (*Disk, error) {
	d := &Disk{server: s, path: filepath.Join(s.DataDir, part)}
	if err := s.Kill(); err != nil { // a clean stop may wait for clients
		return nil, err
	}
	err := d.move(ctx)
	return d, errors.Join(err, s.Restart(ctx))
}

func (d *Disk) move(ctx context.Context) error {
	aside := d.path + ".aside"
	if err := os.Rename(d.path, aside); err != nil {
		return err
	}
	if err := os.Mkdir(d.path, 0o700); err != nil {
		return err
	}
	if err := d.mount(0, roomy); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
			err = ErrNoMount
		}
		return errors.Join(err, os.Remove(d.path), os.Rename(aside, d.path))
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", aside+"/.", d.path).CombinedOutput(); err != nil {
		return fmt.Errorf("copy the server's files: %w\n%s", err, out)
	}
	return os.RemoveAll(aside)
}

func (d *Disk) mount(flags uintptr, size int64) error {
	uid, gid := d.server.OwnedBy()
	return syscall.Mount("otelaudit-chaos", d.path, "tmpfs", flags, fmt.Sprintf("size=%d,mode=0700,uid=%d,gid=%d", size, uid, gid))
}

// Fill leaves no room for anything new.
func (d *Disk) Fill() error {
	for {
		var s syscall.Statfs_t
		if err := syscall.Statfs(d.path, &s); err != nil {
			return err
		}
		used := int64(s.Blocks-s.Bfree) * s.Bsize
		err := d.mount(syscall.MS_REMOUNT, used+int64(os.Getpagesize()))
		if !errors.Is(err, syscall.EINVAL) { // it has grown meanwhile
			return err
		}
	}
}

// Free makes room again.
func (d *Disk) Free() error { return d.mount(syscall.MS_REMOUNT, roomy) }

// Close takes the disk away with all that is on it. The server must not run.
func (d *Disk) Close() error { return syscall.Unmount(d.path, 0) }

// LimitFiles keeps the server, its sessions now and those to come from writing to
// any file beyond size bytes, as a quota does; 0 lifts that. It needs no right
// but that to signal the server.
func (s *Server) LimitFiles(size int64) error {
	limit := strconv.FormatInt(size, 10)
	if size == 0 {
		limit = "unlimited"
	}
	// Whoever is started after the server was told has heard it from the server.
	pids := []string{strconv.Itoa(s.PID())}
	for i := 0; i < len(pids); i++ {
		// As the server's account: root without CAP_SYS_RESOURCE may not.
		cmd, _, err := s.Companion("limits", "prlimit", "--pid", pids[i], "--fsize="+limit+":")
		if err != nil {
			return err
		}
		out, err := cmd.CombinedOutput()
		if err != nil && i == 0 {
			return fmt.Errorf("prlimit: %w\n%s", err, out)
		}
		if i == 0 {
			children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]s/task/%[1]s/children", pids[0]))
			if err != nil {
				return err
			}
			pids = append(pids, strings.Fields(string(children))...)
		}
	}
	return nil
}
