package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// accessFlags say who acts, for the trace that a command leaves.
type accessFlags struct{ as string }

func (a *accessFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.as, "as", "", "`name` of the person who asks, for the trace (default: the user of this system)")
}

// caller is who runs the command.
func (a *accessFlags) caller(sys *System) access.Caller {
	return access.Caller{Name: a.as, OSUser: sys.User}
}

// trail is where a command leaves the traces of its reads.
func (a *accessFlags) trail(ctx context.Context, sys *System, reader *store.Reader) (*access.Trail, error) {
	caller := a.caller(sys)
	if err := store.CheckCaller(caller); err != nil {
		return nil, describeRead(err)
	}
	mode, err := reader.AccessMode(ctx)
	if err != nil {
		return nil, describeRead(err)
	}
	var outbox access.Outbox = reader
	if url := sys.Getenv(traceVariable); url != "" {
		outbox = &elsewhere{reads: reader, options: reader.At(url)}
	}
	return &access.Trail{
		Mode: mode, Outbox: outbox, Caller: caller,
		Warn: func(err error) {
			fmt.Fprintf(sys.Stderr, "otelaudit: warning: no trace of this read was recorded: %s\n", printable(err.Error()))
		},
	}, nil
}

// flagsAsked are the flags that were given, as the filter of a trace: what was
// asked, and neither where nor how it is shown, and no credential.
func flagsAsked(cmd *cobra.Command) record.Value {
	asked := record.EmptyObject()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "database-url", "schema", "format", "as", "tenant", "trust", "key", "mac-keys", "state", "out", "record", "workers", "temp-dir", "raw",
			"output", "resume", "no-header", "interval", "header", "endpoint", "writer-url":
		default:
			asked = asked.Set(strings.ReplaceAll(f.Name, "-", "_"), record.StringValue(f.Value.String()))
		}
	})
	return asked
}

// askedFor is the filter of a trace of one thing that was asked for by name.
func askedFor(name, value string) record.Value {
	return record.EmptyObject().Set(name, record.StringValue(value))
}

// recordBefore leaves the trace of long work before it begins: what cannot be
// recorded is not done. The filter is the flags, and what else was named.
func (a *accessFlags) recordBefore(cmd *cobra.Command, sys *System, reader *store.Reader, action, tenant string, named ...string) error {
	trail, err := a.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	filter := flagsAsked(cmd)
	if err := reader.CheckAdmitted(cmd.Context(), tenant); err != nil {
		return recordRead(cmd.Context(), trail, access.Read{Action: action, Tenant: tenant, Filter: filter, Rows: -1}, err)
	}
	for i := 0; i+1 < len(named); i += 2 {
		filter = filter.Set(named[i], record.StringValue(named[i+1]))
	}
	return describeAccess(trail.Record(cmd.Context(), access.Read{Action: action, Tenant: tenant, Filter: filter, Rows: -1}))
}

// scan opens the store for reading logs, and leaves the trace where that is denied:
// only then, the rest is for recordBefore.
func (a *accessFlags) scan(cmd *cobra.Command, sys *System, database *databaseFlags, action, tenant string) (*store.Scanner, error) {
	scanner, err := database.scan(cmd.Context(), sys, tenant)
	if !errors.Is(err, store.ErrOneTenant) {
		return scanner, err
	}
	reader, failed := database.connect(cmd.Context(), sys)
	if failed != nil {
		return nil, err
	}
	defer reader.Close()
	if trail, failed := a.trail(cmd.Context(), sys, reader); failed == nil {
		_ = store.RecordRead(cmd.Context(), trail, access.Read{Action: action, Tenant: tenant, Filter: flagsAsked(cmd), Rows: -1}, err)
	}
	return nil, err
}

// recordRead leaves the trace of a read that has ended, with err or without, as
// store.RecordRead does. After an error nothing may be shown.
func recordRead(ctx context.Context, trail *access.Trail, read access.Read, err error) error {
	return describeTraced(store.RecordRead(ctx, trail, read, err), describeRead)
}

// describeTraced is describe, but for a trace that could not be recorded.
func describeTraced(err error, describe func(error) error) error {
	if _, refused := errors.AsType[*access.RefusedError](err); refused {
		return describeAccess(err)
	}
	return describe(err)
}

// pgerrDenied is the SQLSTATE of a right that is missing.
const pgerrDenied = "42501"

// describeAccess gives a trace that could not be recorded its hint.
func describeAccess(err error) error {
	_, unclear := errors.AsType[*store.FilterError](err)
	switch {
	case err == nil:
		return nil
	case unclear: // what the trace would have to name
		return describeRead(err)
	case errors.Is(err, access.ErrNotSigned):
		return environmentError("a collector with the receiver auditaccess takes traces; the owner decides with 'otelaudit access set' whether reads wait for it", err)
	case errors.Is(err, store.ErrReadOnly):
		return environmentError("name the primary in "+traceVariable+", with the same login, and the trace is left there", err)
	}
	return environmentError("the owner decides with 'otelaudit access set' whether reads must leave a trace", err)
}

// traceVariable names the server that takes the traces of what is read on
// another one, a standby.
const traceVariable = "AUDIT_TRACE_DATABASE_URL"

// elsewhere leaves traces at another server than the one that is read. It
// connects for each: there are one or two in a run.
type elsewhere struct {
	reads   *store.Reader
	options store.Options
}

// Trace implements access.Outbox.
func (e *elsewhere) Trace(ctx context.Context, caller access.Caller, read access.Read) (eventID string, err error) {
	err = e.with(ctx, func(primary *store.Reader) error {
		eventID, err = primary.Trace(ctx, caller, read)
		return err
	})
	return eventID, err
}

// Rehearse implements access.Outbox.
func (e *elsewhere) Rehearse(ctx context.Context, caller access.Caller, read access.Read) error {
	return e.with(ctx, func(primary *store.Reader) error { return primary.Rehearse(ctx, caller, read) })
}

// Recorded implements access.Outbox.
func (e *elsewhere) Recorded(ctx context.Context, eventIDs ...string) (recorded bool, err error) {
	err = e.with(ctx, func(primary *store.Reader) error {
		recorded, err = primary.Recorded(ctx, eventIDs...)
		return err
	})
	return recorded, err
}

// with connects to the primary. That it is one of what is read, and not some
// database where nobody looks for traces, is asked each time.
func (e *elsewhere) with(ctx context.Context, f func(*store.Reader) error) error {
	primary, err := store.Connect(ctx, e.options)
	if err != nil {
		return fmt.Errorf("%s: %w", traceVariable, err)
	}
	defer primary.Close()
	same, err := e.reads.IsCopyOf(ctx, primary)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", traceVariable, err)
	case !same:
		return fmt.Errorf("%s names a server that has not the same data as the one that is read, or another login", traceVariable)
	}
	return f(primary)
}
