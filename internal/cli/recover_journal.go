package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store"
)

// recoveredJournal is the result of recovering a journal.
type recoveredJournal struct {
	Journal        string `json:"journal"` // directory
	Problem        string `json:"problem"`
	Origin         string `json:"origin"` // of the log that begins
	PreviousOrigin string `json:"previous_origin"`
	PreviousSize   int64  `json:"previous_size"`
	LostSize       int64  `json:"lost_size,omitempty"`
	Segment        string `json:"segment,omitempty"` // file that opens the new epoch
	Opened         bool   `json:"opened"`
}

// runJournal opens a new epoch of a journal. Its directory and its anchor file
// are locked meanwhile: a collector that writes it must be stopped, one that could
// not open it holds neither.
func (o *recoverOptions) runJournal(ctx context.Context, sys *System, format string) error {
	// A mistyped name must not become the newest epoch that the anchors know.
	if info, err := os.Stat(o.journal); err != nil {
		return usageError("a journal that is gone altogether needs an empty directory first", "--journal: %w", err)
	} else if !info.IsDir() {
		return usageError("", "--journal: %s is not a directory", o.journal)
	}
	path := o.key
	if path == "" {
		path = sys.Getenv("AUDIT_LOG_KEY_FILE")
	}
	ring, err := loadKey(path)
	if err != nil {
		return err
	}
	anchors, err := o.journalAnchors(sys)
	if err != nil {
		return err
	}
	options := journal.Options{Directory: o.journal, Name: o.journalName, Ring: ring, Now: sys.Now}
	if anchors != nil {
		defer anchors.Close()
		options.Anchors = anchors
	}
	found, err := journal.Examine(options)
	if err != nil {
		return environmentError(stopHint(err), fmt.Errorf("--journal: %w", err))
	}
	defer found.Close()
	if err := requireOwnKey(o.journal, ring, found.Problem); err != nil {
		return err
	}
	if found.Problem == nil {
		hint := ""
		if anchors == nil {
			hint = "without --anchors or AUDIT_JOURNAL_ANCHOR_FILE nobody can see that a journal has gone back"
		}
		return negative(hint, "the journal %s is intact and not behind; nothing to recover", o.journal)
	}
	result := recoveredJournal{
		Journal: o.journal, Problem: found.Problem.Error(), Origin: found.Statement.Origin, PreviousOrigin: found.Statement.PreviousOrigin,
		PreviousSize: found.Statement.PreviousSize, LostSize: found.Statement.LostSize,
	}
	if !o.dryRun {
		if result.Segment, err = found.OpenEpoch(o.reason); err != nil {
			return environmentError("", fmt.Errorf("--journal: %w", err))
		}
		result.Opened = true
	}
	err = o.recordJournal(ctx, sys, ring, &result)
	return errors.Join(err, printJournal(sys.Stdout, format, &result))
}

func (o *recoverOptions) journalAnchors(sys *System) (*anchor.File, error) {
	path := sys.Getenv("AUDIT_JOURNAL_ANCHOR_FILE")
	switch len(o.anchors) {
	case 0:
	case 1:
		path = o.anchors[0]
	default:
		return nil, usageError("name the file that the collector writes", "a journal has one anchor file, --anchors is given %d times", len(o.anchors))
	}
	if path == "" {
		return nil, nil
	}
	// Opening would make the file, and a mistyped name would hide that the
	// journal is behind its anchors.
	if _, err := os.Stat(path); err != nil {
		return nil, environmentError("name the file that the collector writes", fmt.Errorf("--anchors: %w", err))
	}
	file, err := anchor.Open(path)
	if err != nil {
		return nil, environmentError(stopHint(err), fmt.Errorf("--anchors: %w", err))
	}
	return file, nil
}

// requireOwnKey refuses to end a journal of which no signature is by a key of
// ours: the key file may be the wrong one.
func requireOwnKey(path string, ring *keys.Ring, problem error) error {
	if _, behind := errors.AsType[*journal.BehindError](problem); problem == nil || behind {
		return nil // it could be read, or its anchors were
	}
	dir, err := journal.ReadDirectory(path)
	if err != nil {
		return environmentError("", fmt.Errorf("--journal: %w", err))
	}
	for i := range dir.Segments {
		for line, err := range dir.Segments[i].Lines() {
			if err != nil {
				break // damaged from here on
			}
			if line.Checkpoint == nil {
				continue
			}
			if _, err := ring.Open(line.Checkpoint.Note); err == nil {
				return nil
			}
		}
	}
	return environmentError("name the key file of this log; where its key was replaced, add the old public key to the key file",
		fmt.Errorf("--journal: no segment of %s is signed by a key of this key file: %w", path, problem))
}

// stopHint is the remedy where a collector is at work, or tries to be.
func stopHint(err error) string {
	if _, held := errors.AsType[*journal.InUseError](err); held || errors.Is(err, anchor.ErrInUse) {
		return "stop the collector that writes this journal first; repeat the command where it only tries to open it"
	}
	return ""
}

// recordJournal writes the event, where a store is named.
func (o *recoverOptions) recordJournal(ctx context.Context, sys *System, ring *keys.Ring, result *recoveredJournal) error {
	if !result.Opened {
		return nil
	}
	url, err := o.database.resolve(sys)
	if err != nil {
		fmt.Fprintf(sys.Stderr, "the opening is in the journal itself; no database is named, so it was not recorded in the log of %s\n", systemTenant)
		return nil //nolint:nilerr // a journal needs no database
	}
	rec := newJournalOpeningRecord(sys, o.reason, result)
	log := systemLog{url: url, schema: o.database.schema, ring: ring}
	status, err := log.write(ctx, sys, rec)
	if err == nil && status != store.Stored {
		return environmentError("", fmt.Errorf("another event of the tenant %s has the id %s", systemTenant, rec.EventID))
	}
	return err
}

func printJournal(w io.Writer, format string, r *recoveredJournal) error {
	if format != formatTable {
		return writeJSON(w, r)
	}
	fmt.Fprintf(w, "journal %s: %s\n", printable(r.Journal), printable(r.Problem))
	fmt.Fprintf(w, "  %s ends with %s\n", r.PreviousOrigin, counted(r.PreviousSize, "entry"))
	if r.LostSize > r.PreviousSize {
		fmt.Fprintf(w, "  lost: entries %d to %d\n", r.PreviousSize, r.LostSize-1)
	} else if r.LostSize > 0 {
		fmt.Fprintf(w, "  differs: some of entries 0 to %d\n", r.LostSize-1)
	}
	if r.Opened {
		fmt.Fprintf(w, "  opened %s in %s\n", r.Origin, r.Segment)
	} else {
		fmt.Fprintf(w, "  would open %s (--dry-run)\n", r.Origin)
	}
	return nil
}
