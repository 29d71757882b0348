package store

import (
	"context"
	"embed"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// WriterOptions configure a Writer. Connection, Schema and Now are required.
type WriterOptions struct {
	Connection *pgconn.Config // not shared with other users; never printed
	Schema     string
	RolePrefix string // for messages only

	// WarnPrivileged is called instead of refusing a login that is superuser,
	// owner of the tables or has BYPASSRLS. Nil refuses.
	WarnPrivileged func(*PrivilegeError)

	LockTimeout      time.Duration // default 15 s; a blocker that stalls longer is terminated
	StatementTimeout time.Duration // default 30 s; also bounds a wait for the standby in which nothing is committed
	IdleTimeout      time.Duration // default 10 s: how long a client may stall within a transaction

	Sealer   Sealer // nil: commits carry no root, frontier and note
	Observer Observer
	Now      func() time.Time // the clock; only measures durations
}

// Observer is told what a Writer does. Its methods are called while the caller
// waits, and must be safe for use by several writers.
type Observer interface {
	// Committed tells of a transaction that stored events, from BEGIN to the
	// answer to COMMIT.
	Committed(ctx context.Context, events int, took time.Duration)
	// BlockersTerminated tells of sessions ended because they stalled while they
	// held a tenant's lock.
	BlockersTerminated(ctx context.Context, sessions int)
}

type silentObserver struct{}

func (silentObserver) Committed(context.Context, int, time.Duration) {}
func (silentObserver) BlockersTerminated(context.Context, int)       {}

func (o *WriterOptions) setDefaults() {
	if o.LockTimeout == 0 {
		o.LockTimeout = 15 * time.Second
	}
	if o.StatementTimeout == 0 {
		o.StatementTimeout = 30 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 10 * time.Second
	}
	if o.Observer == nil {
		o.Observer = silentObserver{}
	}
}

//go:embed sql/write_*.sql
var writeSQL embed.FS

// writeQueries are the writer's statements for one schema.
type writeQueries struct {
	settings, lock, heads, existing, commits, quarantine string
	settle                                               string
	blockers, role, month, months, roll                  string
	copyIDs                                              string
	schema                                               string
}

func newWriteQueries(schema string) writeQueries {
	quoted := pgx.Identifier{schema}.Sanitize()
	load := func(name string) string {
		text, err := writeSQL.ReadFile("sql/write_" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", quoted)
	}
	return writeQueries{
		settings: load("settings"), settle: load("settle"), lock: load("lock"), heads: load("heads"), existing: load("existing"),
		commits: load("commits"), quarantine: load("quarantine"), blockers: load("blockers"), role: load("role"),
		month: load("month"), months: load("months"), roll: load("roll"),
		copyIDs: "COPY " + quoted + ".audit_event_ids (" + idColumns + ") FROM STDIN (FORMAT binary)",
		schema:  quoted,
	}
}

// copyEvents copies straight into the month's partition: COPY into the parent is
// refused under row-level security, and routing costs time.
func (q *writeQueries) copyEvents(recordedAt time.Time) string {
	return "COPY " + q.schema + "." + pgx.Identifier{PartitionName(recordedAt)}.Sanitize() + " (" + eventColumns + ") FROM STDIN (FORMAT binary)"
}

// PartitionName is the name of the partition of the month (UTC) of a time.
func PartitionName(recordedAt time.Time) string {
	return partitionPrefix + recordedAt.UTC().Format("2006_01")
}

func int4Param(v int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) } //nolint:gosec // two's complement on the wire

func int8Param(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) } //nolint:gosec // two's complement on the wire

func boolParam(v bool) []byte {
	if v {
		return []byte{1}
	}
	return []byte{0}
}

// millisecondsParam is a duration as a setting.
func millisecondsParam(d time.Duration) []byte { return strconv.AppendInt(nil, d.Milliseconds(), 10) }
