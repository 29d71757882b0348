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
	mode, err := reader.AccessMode(ctx)
	if err != nil {
		return nil, describeRead(err)
	}
	return &access.Trail{
		Mode: mode, Outbox: reader, Caller: a.caller(sys),
		Warn: func(err error) {
			fmt.Fprintf(sys.Stderr, "otelaudit: warning: no trace of this read was recorded: %s\n", printable(err.Error()))
		},
	}, nil
}

// flagsAsked are the flags that were given, as the filter of a trace: what was
// asked, and neither where nor how it is shown.
func flagsAsked(cmd *cobra.Command) record.Value {
	asked := record.EmptyObject()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "database-url", "schema", "format", "as", "tenant":
		default:
			asked = asked.Set(strings.ReplaceAll(f.Name, "-", "_"), record.StringValue(f.Value.String()))
		}
	})
	return asked
}

// describeAccess gives a trace that could not be recorded its hint.
func describeAccess(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, access.ErrNotSigned):
		return environmentError("a collector with the receiver auditaccess takes traces; the owner decides with 'otelaudit access set' whether reads wait for it", err)
	}
	return environmentError("the owner decides with 'otelaudit access set' whether reads must leave a trace", err)
}
