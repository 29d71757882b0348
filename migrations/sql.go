package migrations

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// FS holds the migrations as they are kept: NNNNN_name.sql with {{…}} where
// schema and roles go. Read them through a Runner.
//
//go:embed *.sql
var FS embed.FS

// Roles are the names of the group roles for one role prefix.
type Roles struct {
	Owner    string // owns everything, runs migrations
	Writer   string // the exporter
	Reader   string // applications and people, one tenant at a time
	Auditor  string // reads everything
	Pruner   string // runs the prune functions
	Operator string // works on the quarantine
}

// RolesFor returns the names of the group roles for a prefix.
func RolesFor(prefix string) Roles {
	return Roles{
		Owner: prefix + "owner", Writer: prefix + "writer", Reader: prefix + "reader",
		Auditor: prefix + "auditor", Pruner: prefix + "pruner", Operator: prefix + "operator",
	}
}

// partitionLock is the advisory lock under which partitions are made,
// migrationLock the one under which migrations run, and pruneLock the one under
// which events are removed. Any numbers that nobody
// else uses would do.
const (
	partitionLock = "7021894403517551617"
	migrationLock = "7021894403517551618"
	pruneLock     = "7021894403517551619"
)

// sources returns the migrations with schema and roles filled in.
func (r Runner) sources() (fs.FS, error) {
	replacer, err := r.replacer()
	if err != nil {
		return nil, err
	}
	return filledFS{FS: FS, replacer: replacer}, nil
}

// upOnly returns the part of a migration that goes up, without the annotations
// of the migration tool.
func upOnly(text []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		switch trimmed := bytes.TrimSpace(line); {
		case bytes.Equal(trimmed, []byte("-- +goose Down")):
			return append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
		case bytes.HasPrefix(trimmed, []byte("-- +goose")):
		default:
			out.Write(line)
		}
	}
	return out.Bytes()
}

// Print writes the SQL that goes up, all migrations in order, for people who
// apply it by hand or want to read it first.
func (r Runner) Print(w io.Writer) error {
	return r.eachUp(func(name string, text []byte) error {
		_, err := fmt.Fprintf(w, "-- %s\n%s\n", name, text)
		return err
	})
}

func (r Runner) eachUp(do func(name string, text []byte) error) error {
	sources, err := r.sources()
	if err != nil {
		return err
	}
	names, err := fs.Glob(sources, "*.sql") // sorted
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("no migrations embedded")
	}
	for _, name := range names {
		raw, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		if err := do(name, upOnly(raw)); err != nil {
			return err
		}
	}
	return nil
}
