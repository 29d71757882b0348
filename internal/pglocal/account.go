//go:build unix

package pglocal

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is who the server runs as. PostgreSQL refuses root.
type account struct {
	name     string
	uid, gid int
	switched bool // another one than this process's
}

// serverAccount returns this process's own account, or for root the first of
// postgres and nobody that exists.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil || uid == 0 {
			continue
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			continue
		}
		return account{name: name, uid: uid, gid: gid, switched: true}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root and there is no user postgres or nobody to run it as")
}

func (a account) sysProcAttr() *syscall.SysProcAttr {
	// A group of its own: an interrupt at the terminal goes to every process of
	// the foreground group, and the server must outlive whoever still writes.
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// privateDir makes a directory that only the server's account may enter.
func (a account) privateDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	if a.switched {
		if err := os.Chown(path, a.uid, a.gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, 0o700)
}

// reaches reports whether the account can walk down to path, and if not, the
// directory that is closed to it.
func (a account) reaches(path string) (closed string, err error) {
	if !a.switched {
		return "", nil
	}
	for dir := path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return "", err
		}
		if !a.mayEnter(info) {
			closed = dir
		}
		if dir == filepath.Dir(dir) {
			return closed, nil
		}
	}
}

func (a account) mayEnter(info os.FileInfo) bool {
	mode := info.Mode().Perm()
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && int(stat.Uid) == a.uid:
		return mode&0o100 != 0
	case ok && int(stat.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// home returns the directory for the server's own files: dir where the account
// can reach it, otherwise one elsewhere that is noted in dir/location. note, if
// not empty, tells where and why.
func (a account) home(dir string) (home, note string, err error) {
	location := filepath.Join(dir, "location")
	if raw, err := os.ReadFile(location); err == nil {
		if _, err := os.Stat(string(raw)); err == nil {
			return string(raw), "", nil
		}
	}
	if a.switched {
		// dir itself is ours to open; what is above it is not.
		info, err := os.Stat(dir)
		if err != nil {
			return "", "", err
		}
		if !a.mayEnter(info) {
			if err := os.Chmod(dir, info.Mode().Perm()|0o011); err != nil {
				return "", "", err
			}
		}
	}
	closed, err := a.reaches(dir)
	if err != nil || closed == "" {
		return dir, "", err
	}
	for _, base := range []string{"/var/lib/otelaudit", os.TempDir()} {
		if base != os.TempDir() {
			if err := os.MkdirAll(base, 0o755); err != nil {
				continue
			}
		}
		if blocked, err := a.reaches(base); err != nil || blocked != "" {
			continue
		}
		removeForgotten(base)
		elsewhere, err := os.MkdirTemp(base, "cluster-")
		if err != nil {
			continue
		}
		if err := os.Chmod(elsewhere, 0o711); err != nil {
			return "", "", err
		}
		if err := os.WriteFile(filepath.Join(elsewhere, "origin"), []byte(dir), 0o600); err != nil {
			return "", "", err
		}
		if err := os.WriteFile(location, []byte(elsewhere), 0o600); err != nil {
			return "", "", err
		}
		return elsewhere, fmt.Sprintf("PostgreSQL runs as user %s, to whom %s is closed: its files are in %s", a.name, closed, elsewhere), nil
	}
	return "", "", fmt.Errorf("PostgreSQL refuses to run as root, and as user %s it cannot reach %s because %s is closed to it: choose another directory, such as /var/lib/otelaudit",
		a.name, dir, closed)
}

// removeForgotten deletes clusters that were placed in base for directories
// below the system's temporary one that are gone: what is left of tests and
// tries. A directory elsewhere may be on a volume that is not mounted now.
func removeForgotten(base string) {
	clusters, err := filepath.Glob(filepath.Join(base, "cluster-*"))
	if err != nil {
		return
	}
	for _, cluster := range clusters {
		origin, err := os.ReadFile(filepath.Join(cluster, "origin"))
		if err != nil || !strings.HasPrefix(string(origin), filepath.Clean(os.TempDir())+string(filepath.Separator)) {
			continue
		}
		if _, err := os.Stat(string(origin)); !errors.Is(err, os.ErrNotExist) {
			continue
		}
		if _, err := os.Stat(filepath.Join(cluster, "data", "postmaster.pid")); err == nil {
			continue // it may still run
		}
		_ = os.RemoveAll(cluster)
	}
}
