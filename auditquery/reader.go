package auditquery

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Options say which store to read, and who reads.
type Options struct {
	// URL is the PostgreSQL connection string, a secret. Transaction pooling,
	// as pgbouncer does it, is fine.
	URL string
	// Pool, where not nil, is used in place of URL and stays open after Close.
	Pool *pgxpool.Pool

	Schema          string // of the audit tables; default "public"
	ApplicationName string // default "auditquery"; seen in pg_stat_activity, ignored with Pool
	MaxConnections  int32  // default 4, ignored with Pool

	// Actor is who reads, for the traces: a person, or the application itself.
	// Reader.As names another one for some calls.
	Actor string
	// Untraced is told of a read without a trace, where the owner of the store
	// allows that (best_effort); nil is silent.
	Untraced func(error)
}

// Reader reads a store. It is safe for concurrent use.
type Reader struct {
	store    *store.Reader
	caller   access.Caller
	untraced func(error)
}

// Open connects and checks that the store has the tables this version needs and
// that the login may read events, or prune them: otherwise it returns an
// ErrNotMigrated or ErrNotPermitted. Errors never hold the connection string.
func Open(ctx context.Context, o Options) (*Reader, error) {
	if o.MaxConnections < 0 {
		return nil, &FilterError{Field: "max_connections", Reason: fmt.Sprintf("is %d: want at least 1, or 0 for the default", o.MaxConnections)}
	}
	if o.ApplicationName == "" {
		o.ApplicationName = "auditquery"
	}
	reader, err := store.Connect(ctx, store.Options{
		URL: o.URL, Pool: o.Pool, Schema: o.Schema, ApplicationName: o.ApplicationName, MaxConnections: o.MaxConnections,
	})
	if err != nil {
		return nil, publicError(err)
	}
	if err := reader.CheckReads(ctx); err != nil {
		reader.Close()
		return nil, publicError(err)
	}
	return &Reader{store: reader, caller: access.Caller{Name: o.Actor}, untraced: o.Untraced}, nil
}

// Close ends the connections that Open made. Readers from As end with it.
func (r *Reader) Close() { r.store.Close() }

// As returns a reader whose traces name this actor, on the same connections. It
// costs nothing: make one per request.
func (r *Reader) As(actor string) *Reader {
	as := *r
	as.caller.Name = actor
	return &as
}

// record leaves the trace of a read that has ended, with err or without, before
// anything of it is returned. It returns what the call returns.
func (r *Reader) record(ctx context.Context, read access.Read, err error) error {
	mode, failed := r.store.AccessMode(ctx)
	if failed != nil {
		return publicError(cmp.Or(err, failed))
	}
	trail := access.Trail{Mode: mode, Outbox: r.store, Caller: r.caller, Warn: r.untraced}
	return publicError(store.RecordRead(ctx, &trail, read, err))
}

// asked is what a read asked for, by the names of the command's flags.
type asked struct{ members record.Value }

func askedFor(name, text string) asked {
	return asked{record.EmptyObject().Set(name, record.StringValue(text))}
}

func (a *asked) text(name, text string) {
	a.members = a.members.Set(name, record.StringValue(text))
}
