package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/auditquery"
)

// applicationCases are what applications ask, in auditquery's words.
var applicationCases = []struct {
	name   string
	filter func(example) auditquery.Filter
	goal   float64 // ms, 0 where no index serves it
	slow   bool    // reads every month, perhaps until the timeout: asked a few times
}{
	{"all", func(example) auditquery.Filter { return auditquery.Filter{} }, pageGoal, false},
	{"actor id", func(e example) auditquery.Filter { return auditquery.Filter{ActorID: e.ActorID} }, pageGoal, false},
	{"ip", func(e example) auditquery.Filter { return auditquery.Filter{IP: e.IP} }, 0, true},
	{"ip in a day", func(e example) auditquery.Filter {
		return auditquery.Filter{IP: e.IP, Since: e.Time.Add(-12 * time.Hour), Until: e.Time.Add(12 * time.Hour)}
	}, 0, false},
}

// measureApplication asks for first pages as an application does: what the owner
// says about traces, the read, and the trace, which this store demands.
func (b *bench) measureApplication(ctx context.Context) ([]result, error) {
	examples, err := b.examples(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := auditquery.Open(ctx, auditquery.Options{URL: b.db.Reader, ApplicationName: "readbench", Actor: "readbench"})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var results []result
	var answered int64
	for _, c := range applicationCases {
		var took timings
		repeat := b.repeat
		if c.slow {
			repeat = min(repeat, 5)
		}
		for i := range repeat {
			e := examples[i%len(examples)]
			began := time.Now()
			switch _, err := reader.List(ctx, e.Tenant, c.filter(e)); {
			case err == nil:
				answered++
			case c.slow && errors.Is(err, auditquery.ErrTimeout):
				b.say("%s: %v", c.name, err)
			default:
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			took = append(took, time.Since(began))
		}
		results = append(results, took.result("auditquery with its trace: "+c.name, c.goal))
	}
	traced, err := b.traces(ctx)
	if err != nil {
		return nil, err
	}
	if traced < answered {
		return nil, fmt.Errorf("%d reads left %d traces: this store does not demand them", answered, traced)
	}
	return results, nil
}
