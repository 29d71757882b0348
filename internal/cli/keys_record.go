package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Actions of the system tenant about keys.
const (
	actionKeyRotate = "audit.key.rotate"
	actionKeyRetire = "audit.key.retire"
)

// keyLog is the store in which changes of keys are events.
type keyLog struct {
	database databaseFlags
	anchors  []string
}

func (l *keyLog) register(cmd *cobra.Command) {
	l.database.register(cmd, "AUDIT_WRITER_URL")
	cmd.Flags().StringArrayVar(&l.anchors, "anchors", nil, "`FILE` of checkpoints known outside the store; may be repeated (default: $AUDIT_ANCHOR_FILE, where it exists)")
}

func (l *keyLog) named(sys *System) bool {
	_, err := l.database.resolve(sys)
	return err == nil
}

// check finds, before anything is written, what would keep a change from being
// recorded: a connection string or an anchor file that cannot be read.
func (l *keyLog) check(sys *System) error {
	if !l.named(sys) {
		return nil
	}
	url, err := l.database.resolve(sys)
	if err != nil {
		return err
	}
	if err := pgurl.CheckSchema(l.database.schema); err != nil {
		return usageError("", "--schema: %w", err)
	}
	if _, err := pgurl.Parse(url, "otelaudit keys"); err != nil {
		return environmentError("", err)
	}
	_, err = l.notes(sys)
	return err
}

func (l *keyLog) notes(sys *System) ([][]byte, error) {
	files := l.anchors
	if file := sys.Getenv("AUDIT_ANCHOR_FILE"); len(files) == 0 && file != "" {
		if _, err := os.Stat(file); err == nil {
			files = []string{file}
		}
	}
	notes, err := readAnchorFiles("anchors", files...)
	return notes, err
}

// record writes the changes that the trust file tells of, those that are in the
// store already excepted.
func (l *keyLog) record(ctx context.Context, sys *System, files keyFiles) error {
	ring, trust, err := files.load()
	if err != nil {
		return err
	}
	url, err := l.database.resolve(sys)
	if err != nil {
		return err
	}
	notes, err := l.notes(sys)
	if err != nil {
		return err
	}
	log := systemLog{url: url, schema: l.database.schema, ring: ring, notes: notes}
	for _, rec := range keyRecords(sys, ring.LogName(), trust) {
		status, err := log.write(ctx, sys, rec)
		if err != nil {
			return err
		}
		// A conflict is the same change, recorded by another user.
		if status == store.Stored {
			fmt.Fprintf(sys.Stderr, "Recorded %s of %s.\n", rec.Action, rec.EventID)
		}
	}
	return nil
}

// keyRecords are the events of a log's keys. All but the user follows from the
// trust file, the ids too, so that each is stored once, however often it is
// written. The first key of a log took nobody's place.
func keyRecords(sys *System, logName string, trust *keys.Trust) []*record.Record {
	var records []*record.Record
	for _, key := range trust.Keys() {
		if key.Log != logName {
			continue
		}
		if !key.From.IsZero() {
			records = append(records, newKeyRecord(sys, actionKeyRotate, key, key.From))
		}
		if !key.Until.IsZero() {
			records = append(records, newKeyRecord(sys, actionKeyRetire, key, key.Until))
		}
	}
	return records
}

func newKeyRecord(sys *System, action string, key keys.TrustedKey, at time.Time) *record.Record {
	rec := newSystemRecord(sys, action, at)
	sum := sha256.Sum256([]byte(action + "\n" + key.Verifier + "\n" + at.UTC().Format(time.RFC3339Nano)))
	rec.EventID = "key-" + hex.EncodeToString(sum[:16])
	rec.Target = record.EmptyObject().Set("type", record.StringValue("log_key")).Set("id", record.StringValue(key.ID()))
	rec.Payload = record.EmptyObject().
		Set("log", record.StringValue(key.Log)).
		Set("verifier", record.StringValue(key.Verifier))
	return rec
}

func newKeysRecord(sys *System) *cobra.Command {
	c := &keyChange{}
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record the changes of keys that a store does not have yet",
		Long: `Write the rotations and retirements of the trust file into the store, as events
audit.key.rotate and audit.key.retire of the tenant _system. Those that are there
are not written twice. rotate and retire do this by themselves when they reach
the database.`,
		Example: "  otelaudit keys record --key log.key --trust trust --database-url postgres://writer@db.example/app",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.files.resolve(cmd, sys); err != nil {
				return err
			}
			if _, err := c.journal.database.resolve(sys); err != nil {
				return err
			}
			if err := c.journal.check(sys); err != nil {
				return err
			}
			return c.journal.record(cmd.Context(), sys, c.files)
		},
	}
	c.register(cmd)
	return cmd
}
