package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/otelaudit/otelaudit/internal/store"
)

//go:embed fill.sql
var fillSQL string

// months is how far back the events reach, this month included.
const months = 12

// fillStep is the number of events that one statement inserts.
const fillStep = 50_000

// fill makes the months and puts the same number of events into each, rolls
// them up and leaves tables as autovacuum would.
func (b *bench) fill(ctx context.Context) error {
	super, err := pgx.Connect(ctx, b.db.Owner)
	if err != nil {
		return err
	}
	defer super.Close(context.WithoutCancel(ctx))
	var now time.Time
	if err := super.QueryRow(ctx, "SELECT now()").Scan(&now); err != nil {
		return err
	}
	if err := makeMonths(ctx, super); err != nil {
		return err
	}
	began := time.Now()
	for i, number := range share(b.events, months) {
		month := time.Date(now.UTC().Year(), now.UTC().Month()-months+1+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
		end := month.AddDate(0, 1, 0)
		if end.After(now) {
			end = now
		}
		if err := b.fillMonth(ctx, super, month, end, number, i*(b.events/months+1)); err != nil {
			return fmt.Errorf("%s: %w", month.Format("2006-01"), err)
		}
		b.say("filled %s: %d events, %.0f per second so far", month.Format("2006-01"), number, float64((i+1)*number)/time.Since(began).Seconds())
	}
	if err := b.roll(ctx); err != nil {
		return fmt.Errorf("roll up: %w", err)
	}
	b.say("vacuuming")
	_, err = super.Exec(ctx, "VACUUM ANALYZE")
	return err
}

func share(events, parts int) []int {
	shares := make([]int, parts)
	for i := range shares {
		shares[i] = events / parts
		if i < events%parts {
			shares[i]++
		}
	}
	return shares
}

// makeMonths lets the function that makes months make older ones than it would.
func makeMonths(ctx context.Context, super *pgx.Conn) error {
	var definition string
	err := super.QueryRow(ctx, `SELECT replace(pg_get_functiondef(oid), 'this_month - interval ''1 month''', 'this_month - interval ''2 years''')
		FROM pg_proc WHERE proname = 'audit_ensure_month'`).Scan(&definition)
	if err != nil {
		return err
	}
	if !strings.Contains(definition, "'2 years'") {
		return errors.New("audit_ensure_month bounds its argument in another way than this benchmark knows")
	}
	for _, statement := range []string{
		definition,
		fmt.Sprintf("SELECT audit_ensure_month(date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - n * interval '1 month') FROM generate_series(0, %d) AS n", months-1),
		"CREATE TABLE bench_heads (tenant int PRIMARY KEY, prev_size bigint, size bigint)",
		"GRANT SELECT ON bench_heads TO audit_auditor",
	} {
		if _, err := super.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) fillMonth(ctx context.Context, super *pgx.Conn, from, to time.Time, number, first int) error {
	statement := strings.ReplaceAll(fillSQL, "PARTITION (seq", store.PartitionName(from)+" (seq")
	steps := (number + fillStep - 1) / fillStep
	width := to.Sub(from) / time.Duration(max(steps, 1))
	for i, n := range share(number, steps) {
		begin := from.Add(time.Duration(i) * width)
		end := begin.Add(width).Add(-time.Microsecond)
		if _, err := super.Exec(ctx, statement, n, b.tenants, begin, end, first); err != nil {
			return err
		}
		first += n
	}
	return nil
}

// roll does what the exporter's keeper does until nothing is left to do.
func (b *bench) roll(ctx context.Context) error {
	writer, err := pgxpool.New(ctx, b.db.Writer)
	if err != nil {
		return err
	}
	defer writer.Close()
	began, total := time.Now(), int64(0)
	for {
		var rolled int64
		if err := writer.QueryRow(ctx, "SELECT audit_roll_counts(200000, 1000)").Scan(&rolled); err != nil {
			return err
		}
		if rolled == 0 {
			b.say("rolled up %d events, %.0f per second", total, float64(total)/time.Since(began).Seconds())
			return nil
		}
		total += rolled
	}
}
