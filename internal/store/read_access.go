package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
)

// AccessMode returns whether the reads of this login must leave a trace.
func (r *Reader) AccessMode(ctx context.Context) (mode access.Mode, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.access).Scan(&mode)
	})
	return mode, err
}

// AccessRule says whether the reads of a login must leave a trace.
type AccessRule struct {
	Login     string // "" are all others
	Mode      access.Mode
	Reason    string
	UpdatedAt time.Time // of the last change
	UpdatedBy string    // the login that made it
}

// AccessRules returns the rules, that for all others first where there is one.
// The login must be an auditor or the owner.
func (r *Reader) AccessRules(ctx context.Context) (rules []AccessRule, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.accessModes)
		if err != nil {
			return err
		}
		rules, err = pgx.CollectRows(rows, pgx.RowToStructByPos[AccessRule])
		return err
	})
	return rules, err
}

// SetAccess sets the rule of a login, "" for all others, or removes it for the
// mode "", and leaves the trace of that. It returns the mode that was, "" for
// none. The login must be the owner.
func (r *Reader) SetAccess(ctx context.Context, caller access.Caller, login string, mode access.Mode, reason string) (previous access.Mode, err error) {
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.accessSet, login, orNull(string(mode)), reason).Scan(&previous)
	})
	return previous, err
}

// Trace implements access.Outbox.
func (r *Reader) Trace(ctx context.Context, caller access.Caller, read access.Read) (eventID string, err error) {
	err = r.change(ctx, caller, func(tx pgx.Tx) error {
		eventID, err = r.trace(ctx, tx, read)
		return err
	})
	return eventID, err
}

// Rehearse implements access.Outbox.
func (r *Reader) Rehearse(ctx context.Context, caller access.Caller, read access.Read) error {
	err := r.change(ctx, caller, func(tx pgx.Tx) error {
		if _, err := r.trace(ctx, tx, read); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// errRehearsed rolls a transaction back that went well.
var errRehearsed = errors.New("rehearsed")

func (r *Reader) trace(ctx context.Context, tx pgx.Tx, read access.Read) (eventID string, err error) {
	if err := checkTenant(read.Tenant); err != nil {
		return "", err
	}
	outcome := read.Outcome
	if outcome == "" {
		outcome = record.OutcomeSuccess
	}
	var filter, rows any
	if !read.Filter.IsAbsent() {
		filter = string(traceable(read.Filter))
	}
	if read.Rows >= 0 {
		rows = read.Rows
	}
	err = tx.QueryRow(ctx, r.sql.trace, read.Action, outcome, orNull(read.Tenant), filter, rows).Scan(&eventID)
	return eventID, err
}

// CheckAdmitted returns a *NotAdmittedError for a tenant that the login may not see;
// "" is all tenants, and no question.
func (r *Reader) CheckAdmitted(ctx context.Context, tenant string) error {
	if err := checkTenant(tenant); err != nil {
		return err
	}
	return r.read(ctx, tenant, func(pgx.Tx) error { return nil })
}

// RecordRead leaves the trace of a read that has ended, with err or without, before
// anything of it is shown. It returns err, or an *access.RefusedError, after which
// nothing may be shown. Of the reads that failed, one that the database refused
// leaves a trace, too, and so does one that found nothing.
func RecordRead(ctx context.Context, trail *access.Trail, read access.Read, err error) error {
	switch {
	case err == nil:
		return trail.Record(ctx, read)
	case errors.Is(err, ErrNotFound):
		read.Rows = 0
		if refused := trail.Record(ctx, read); refused != nil {
			return refused
		}
	case isDenied(err):
		read.Outcome, read.Rows = record.OutcomeDenied, -1
		// Nothing is shown that would need it, and a login that may not read may
		// not be able to leave one.
		_ = trail.Record(ctx, read)
	}
	return err
}

// isDenied reports whether an error is the database's no.
func isDenied(err error) bool {
	if _, bound := errors.AsType[*NotAdmittedError](err); bound || errors.Is(err, ErrHoldsHidden) || errors.Is(err, ErrOneTenant) {
		return true
	}
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == insufficientPrivilege
}

// CheckCaller refuses a name that no trace can hold, as a *FilterError with the
// field "as".
func CheckCaller(caller access.Caller) error { return checkText("as", caller.Name) }

// traceable is a filter as JSON that audit_trace takes, which is 16 KiB at most:
// of a longer one, its beginning as text and its length.
func traceable(filter record.Value) []byte {
	const whole, beginning = 8 << 10, 4 << 10
	text := filter.AppendJSON(nil)
	if len(text) <= whole {
		return text
	}
	cut := record.EmptyObject().
		Set("bytes", record.StringValue(strconv.Itoa(len(text)))).
		Set("beginning", record.StringValue(strings.ToValidUTF8(string(text[:beginning]), "")))
	return cut.AppendJSON(nil)
}

// Recorded implements access.Outbox.
func (r *Reader) Recorded(ctx context.Context, eventIDs ...string) (recorded bool, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.recorded, eventIDs).Scan(&recorded)
	})
	return recorded, err
}

// At returns the options of this reader for another server.
func (r *Reader) At(url string) Options {
	o := r.options
	o.URL, o.Pool = url, nil
	return o
}

// IsCopyOf reports whether this reader's server and database are a copy of the
// other's, or the same, and both know the login by the same name.
func (r *Reader) IsCopyOf(ctx context.Context, other *Reader) (bool, error) {
	ours, err := r.identity(ctx)
	if err != nil {
		return false, err
	}
	theirs, err := other.identity(ctx)
	return ours == theirs, err
}

func (r *Reader) identity(ctx context.Context) (identity string, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.identity).Scan(&identity)
	})
	return identity, err
}

// change runs f in a transaction that may write, whose traces name the caller.
// What it has committed survives a crash of the server, whatever its settings. It
// sees what was committed before each statement: a hold may have come while it
// waited for a lock.
func (r *Reader) change(ctx context.Context, caller access.Caller, f func(pgx.Tx) error) error {
	if err := CheckCaller(caller); err != nil {
		return err
	}
	caller.OSUser = strings.ReplaceAll(strings.ToValidUTF8(caller.OSUser, "\uFFFD"), "\x00", "\uFFFD")
	err := pgx.BeginTxFunc(ctx, r.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, r.sql.caller, caller.Name, caller.OSUser, r.statementTimeout()); err != nil {
			return err
		}
		return f(tx)
	})
	// A standby says the first where a transaction begins, and whatever else is
	// read-only the second where it writes.
	if server := (*pgconn.PgError)(nil); errors.As(err, &server) && (server.Code == "0A000" || server.Code == "25006") {
		return ErrReadOnly
	}
	return pgurl.Describe(err)
}

// ErrReadOnly is returned for a change at a server that takes none.
var ErrReadOnly = errors.New("the server takes no writes: is it a standby?")
