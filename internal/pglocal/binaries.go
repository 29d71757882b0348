package pglocal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// OldestVersion is the oldest major version of PostgreSQL that the store runs on.
const OldestVersion = 13

// ErrNotInstalled says what to install.
var ErrNotInstalled = errors.New("PostgreSQL's server programs (initdb, postgres) are not on this machine: " +
	"install them with `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), " +
	"`apk add postgresql` (Alpine) or `brew install postgresql@17` (macOS)")

// Binaries is one installation of the server.
type Binaries struct {
	Dir     string // holds initdb and postgres
	Version int    // major version, such as 15
}

// Find returns the newest installation that pg_config, PATH or the usual
// folders of distributions lead to.
func Find(ctx context.Context) (Binaries, error) {
	all, err := findAll(ctx)
	if err != nil {
		return Binaries{}, err
	}
	return all[0], nil
}

// findAll returns the usable installations, newest first, at least one.
func findAll(ctx context.Context) ([]Binaries, error) {
	var found []Binaries
	var tooOld []string
	for _, dir := range candidates(ctx) {
		version, err := serverVersion(ctx, dir)
		if err != nil || slices.ContainsFunc(found, func(b Binaries) bool { return b.Dir == dir }) {
			continue
		}
		if version < OldestVersion {
			tooOld = append(tooOld, fmt.Sprintf("%d in %s", version, dir))
			continue
		}
		found = append(found, Binaries{Dir: dir, Version: version})
	}
	if len(found) == 0 {
		if len(tooOld) > 0 {
			return nil, fmt.Errorf("PostgreSQL %d or newer is needed, found only %s", OldestVersion, strings.Join(tooOld, ", "))
		}
		return nil, ErrNotInstalled
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return b.Version - a.Version })
	return found, nil
}

func candidates(ctx context.Context) []string {
	var dirs []string
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",          // Debian
		"/usr/lib/postgresql*/bin",           // Gentoo, SUSE
		"/usr/libexec/postgresql*",           // Alpine
		"/usr/pgsql-*/bin",                   // PGDG for Fedora and RHEL
		"/opt/homebrew/opt/postgresql*/bin",  // macOS
		"/usr/local/opt/postgresql*/bin",     // macOS, FreeBSD
		"/Applications/Postgres.app/*/*/bin", // macOS
		"/usr/local/pgsql/bin",               // built from source
		"/usr/local/bin", "/usr/bin",         //
	} {
		matches, err := filepath.Glob(pattern)
		if err == nil {
			dirs = append(dirs, matches...)
		}
	}
	return dirs
}

var versionWord = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func serverVersion(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, err
	}
	word := versionWord.FindSubmatch(out)
	if word == nil {
		return 0, fmt.Errorf("%s: version not understood", dir)
	}
	return strconv.Atoi(string(word[1]))
}

// binariesFor returns an installation that fits the data in dataDir, or the
// newest one for a new cluster. binDir, where not empty, is the only choice.
func binariesFor(ctx context.Context, binDir, dataDir string) (Binaries, error) {
	var all []Binaries
	if binDir != "" {
		version, err := serverVersion(ctx, binDir)
		if err != nil {
			return Binaries{}, fmt.Errorf("no PostgreSQL server programs in %s: %w", binDir, err)
		}
		all = []Binaries{{Dir: binDir, Version: version}}
	} else {
		found, err := findAll(ctx)
		if err != nil {
			return Binaries{}, err
		}
		all = found
	}
	raw, err := os.ReadFile(filepath.Join(dataDir, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return all[0], nil
	}
	if err != nil {
		return Binaries{}, err
	}
	want := string(bytes.TrimSpace(raw))
	for _, b := range all {
		if strconv.Itoa(b.Version) == want {
			return b, nil
		}
	}
	return Binaries{}, fmt.Errorf("the data in %s belongs to PostgreSQL %s, but only version %d is installed: install %s or start with another directory",
		dataDir, want, all[0].Version, want)
}
