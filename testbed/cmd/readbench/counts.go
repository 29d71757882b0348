package main

import (
	"context"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/store"
)

const countGoal = 200 // ms

func (b *bench) measureCounts(ctx context.Context) ([]result, error) {
	reader, err := store.Connect(ctx, store.Options{URL: b.db.Reader, ApplicationName: "readbench", StatementTimeout: time.Minute})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	const largest = "tenant-0"
	prefixes := []string{"order.", "tenant.", "document.delete", "nothing"}
	now := time.Now().UTC()
	month := func(back int) time.Time {
		return time.Date(now.Year(), now.Month()-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
	}
	count := func(since, until time.Time) error {
		_, err := reader.Count(ctx, largest, store.CountFilter{Since: since, Until: until, Prefixes: prefixes})
		return err
	}
	var results []result
	for _, c := range []struct {
		name string
		ask  func(i int) error
	}{
		{"count of a month", func(i int) error { return count(month(i%months), month(i%months-1)) }},
		{"count of 30 days to now", func(i int) error {
			return count(now.AddDate(0, 0, -30).Add(-time.Duration(i)*time.Minute), time.Time{})
		}},
		{"count of 30 days from any time", func(i int) error {
			since := now.AddDate(0, -months+1, 0).Add(time.Duration(i) * 37 * time.Hour)
			return count(since, since.AddDate(0, 0, 30))
		}},
		{"count of everything", func(int) error { return count(time.Time{}, time.Time{}) }},
		{"monthly counts of 12", func(int) error {
			_, err := reader.MonthlyCounts(ctx, largest, 12, prefixes)
			return err
		}},
	} {
		var took timings
		for i := range b.repeat {
			began := time.Now()
			if err := c.ask(i); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			took = append(took, time.Since(began))
		}
		results = append(results, took.result(c.name, countGoal))
	}
	return results, nil
}
