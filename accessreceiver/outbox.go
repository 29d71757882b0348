package accessreceiver

import (
	"context"
	_ "embed"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

var (
	//go:embed sql/read.sql
	readSQL string
	//go:embed sql/clear.sql
	clearSQL string
	//go:embed sql/lead.sql
	leadSQL string
)

const (
	// applicationName is what pg_stat_activity shows.
	applicationName = "otelcol-audit"
	connectTime     = 5 * time.Second
	queryTime       = 10 * time.Second
)

// outbox is the store's table of traces on one session.
type outbox struct {
	conn              *pgx.Conn
	read, clear, lead string // SQL
}

// openOutbox connects and asks to be notified.
func openOutbox(ctx context.Context, cfg *Config) (*outbox, error) {
	config, err := cfg.tls().Parse(string(cfg.URL), applicationName)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	named := func(sql string) string { return strings.ReplaceAll(sql, "{{schema}}", cfg.Schema) }
	o := &outbox{conn: conn, read: named(readSQL), clear: named(clearSQL), lead: named(leadSQL)}
	if _, err := conn.Exec(ctx, "LISTEN audit_outbox"); err != nil {
		o.close()
		return nil, pgurl.Describe(err)
	}
	return o, nil
}

func (o *outbox) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = o.conn.Close(ctx)
}

// leads reports whether this connection is the one of all collectors' that passes
// traces on without delay. It stays so until it is closed.
func (o *outbox) leads(ctx context.Context) (leads bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	err = o.conn.QueryRow(ctx, o.lead).Scan(&leads)
	return leads, pgurl.Describe(err)
}

// place is one in the order of the outbox; the zero one is its beginning.
type place struct {
	at      time.Time
	eventID string
}

// rows returns the first rows behind a place, at most that many.
func (o *outbox) rows(ctx context.Context, behind place, most int) ([]row, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	var at *time.Time
	if !behind.at.IsZero() {
		at = &behind.at
	}
	found, err := o.conn.Query(ctx, o.read, at, behind.eventID, most)
	if err != nil {
		return nil, pgurl.Describe(err)
	}
	rows, err := pgx.CollectRows(found, func(r pgx.CollectableRow) (out row, err error) {
		var seconds float64
		err = r.Scan(&out.eventID, &out.record, &out.placed, &seconds)
		out.age = time.Duration(max(0, seconds) * float64(time.Second))
		return out, err
	})
	return rows, pgurl.Describe(err)
}

// clean takes out what the log has, and returns how many rows that were, and the
// age of the oldest one left where any is.
func (o *outbox) clean(ctx context.Context) (cleared int64, oldest time.Duration, waiting bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	var seconds *float64
	if err := o.conn.QueryRow(ctx, o.clear).Scan(&cleared, &seconds); err != nil {
		return 0, 0, false, pgurl.Describe(err)
	}
	if seconds != nil {
		oldest, waiting = time.Duration(max(0, *seconds)*float64(time.Second)), true
	}
	return cleared, oldest, waiting, nil
}

// wait returns when a trace was placed, or after a time.
func (o *outbox) wait(ctx context.Context, most time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	_, err := o.conn.WaitForNotification(limited)
	if err == nil || limited.Err() != nil && !o.conn.IsClosed() {
		return ctx.Err()
	}
	return pgurl.Describe(err)
}
