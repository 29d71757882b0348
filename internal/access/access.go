// Package access is the trace that reads leave: an event of the tenant _system
// that says who looked at what, and how much came of it. The store's own
// function writes it into the outbox, from where a collector takes it to the
// signed log; whether reads must leave one is the owner's to say, in the table
// audit_access. Changes leave their trace in the transaction that makes them.
package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Mode says whether reads must leave a trace.
type Mode string

// The modes of audit_access.
const (
	Signed     Mode = "signed"      // no read before its trace is in the signed log
	Required   Mode = "required"    // no read before its trace is stored
	BestEffort Mode = "best_effort" // try, tell and go on
	Off        Mode = "off"         // leave none
)

// Modes are all modes, the strictest first.
func Modes() []Mode { return []Mode{Signed, Required, BestEffort, Off} }

// Actions of reads.
const (
	ReadPrefix       = "audit.read."
	ActionList       = ReadPrefix + "list"
	ActionShow       = ReadPrefix + "show"
	ActionCount      = ReadPrefix + "count"
	ActionMonthly    = ReadPrefix + "monthly"
	ActionTimeline   = ReadPrefix + "timeline"
	ActionTail       = ReadPrefix + "tail"
	ActionExport     = ReadPrefix + "export"
	ActionVerify     = ReadPrefix + "verify"
	ActionProve      = ReadPrefix + "prove"
	ActionBundle     = ReadPrefix + "bundle"
	ActionReconcile  = ReadPrefix + "reconcile"
	ActionQuarantine = ReadPrefix + "quarantine"
	ActionPreview    = ReadPrefix + "preview"
	ActionPartitions = ReadPrefix + "partitions"
	ActionDoctor     = ReadPrefix + "doctor"
	ActionPolicy     = ReadPrefix + "policy"
	ActionHolds      = ReadPrefix + "holds"
	ActionRetention  = ReadPrefix + "retention"
	ActionOutbox     = ReadPrefix + "outbox"
)

// Read is what was read.
type Read struct {
	Action  string       // one of the actions above
	Tenant  string       // whose data; "" where it is that of all
	Outcome string       // "" is success
	Filter  record.Value // what was asked for, an object; absent for none
	Rows    int64        // how much came of it; negative where it is not known yet
}

// Caller is who reads, besides the login, which the store knows. Both are claims.
type Caller struct {
	Name   string // of the person, by --as; "" is OSUser
	OSUser string // of the operating system, "" when unknown
}

// Outbox takes traces.
type Outbox interface {
	// Trace stores the trace of a read and returns its event id.
	Trace(ctx context.Context, caller Caller, read Read) (eventID string, err error)
	// Rehearse does what Trace does and takes it back.
	Rehearse(ctx context.Context, caller Caller, read Read) error
	// Recorded reports whether the log of _system has events with all these ids.
	Recorded(ctx context.Context, eventIDs ...string) (bool, error)
}

// RefusedError is a read that must not be shown, because its trace could not be
// recorded, or one that was shown and whose end could not.
type RefusedError struct {
	Action string
	Cause  error
	End    bool // of a read whose beginning was recorded, and that was shown
}

// Error says what was refused and why.
func (e *RefusedError) Error() string {
	if e.End {
		return fmt.Sprintf("the end of this read (%s of %s) could not be recorded: %v", e.Action, record.SystemTenant, e.Cause)
	}
	return fmt.Sprintf("refused, because the trace of this read (%s of %s) could not be recorded: %v", e.Action, record.SystemTenant, e.Cause)
}

// Unwrap returns the cause.
func (e *RefusedError) Unwrap() error { return e.Cause }

// ErrNotSigned is a trace that no collector took in time.
var ErrNotSigned = errors.New("it is stored, and no collector has taken it into the signed log yet")

// Trail records the reads of one caller.
type Trail struct {
	Mode   Mode
	Outbox Outbox
	Caller Caller
	Warn   func(error) // told of a trace that BestEffort went without; nil is silent
	// Wait is how long Signed waits; 0 is 10 s.
	Wait time.Duration
}

// Record leaves the trace of a read, before its result is shown. After an error,
// a *RefusedError, the result must not be shown.
func (t *Trail) Record(ctx context.Context, read Read) error {
	if t.Mode == Off {
		return nil
	}
	id, err := t.Outbox.Trace(ctx, t.Caller, read)
	switch {
	case err == nil && t.Mode == Signed:
		err = AwaitRecorded(ctx, t.Outbox, t.Wait, id)
	case err != nil && t.Mode == BestEffort:
		if t.Warn != nil {
			t.Warn(err)
		}
		return nil
	}
	if err != nil {
		return &RefusedError{Action: read.Action, Cause: err}
	}
	return nil
}

// RecordEnd leaves the second trace of a read whose beginning was recorded, also
// where ctx has ended: with that, the user ends a read. It takes as long as Record
// may, and 5 s.
func (t *Trail) RecordEnd(ctx context.Context, read Read) error {
	const more = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(t.Wait, defaultWait)+more)
	defer cancel()
	err := t.Record(ctx, read)
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		refused.End = true
	}
	return err
}

// Rehearse finds out, before long work begins, whether the trace of a read could
// be stored when it has ended. Its errors are those of Record.
func (t *Trail) Rehearse(ctx context.Context, read Read) error {
	if t.Mode == Off || t.Mode == BestEffort {
		return nil
	}
	if err := t.Outbox.Rehearse(ctx, t.Caller, read); err != nil {
		return &RefusedError{Action: read.Action, Cause: err}
	}
	return nil
}

// defaultWait is ample for a collector that is there.
const defaultWait = 10 * time.Second

// AwaitRecorded returns when the log of _system has the events, or ErrNotSigned
// after wait, 0 is 10 s, or at the deadline of ctx.
func AwaitRecorded(ctx context.Context, outbox Outbox, wait time.Duration, eventIDs ...string) error {
	if wait == 0 {
		wait = defaultWait
	}
	deadline, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	pause := 5 * time.Millisecond
	for {
		recorded, err := outbox.Recorded(ctx, eventIDs...)
		switch {
		case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
			return ErrNotSigned
		case err != nil || recorded:
			return err
		}
		select {
		case <-deadline.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return ErrNotSigned
		case <-time.After(pause):
			pause = min(2*pause, 250*time.Millisecond)
		}
	}
}
