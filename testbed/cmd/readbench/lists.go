package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store"
)

const (
	pageGoal  = 50 // ms
	laterPage = 3  // how many pages after the first are read
)

// example is what some event says, to ask for.
type example struct {
	Tenant, Action, Outcome, ActorType, ActorID, TargetType, TargetID string
	Correlation, Causation, Trace, Request, IP                        string
	Time                                                              time.Time
}

// listCases are the questions. Values are those of an event that is there,
// unless the name says another thing.
var listCases = []struct {
	name   string
	filter func(example) store.Filter
	free   bool // has no goal: no index serves it, and the documentation says so
}{
	{"all", func(example) store.Filter { return store.Filter{} }, false},
	{"all, oldest first", func(example) store.Filter { return store.Filter{OldestFirst: true} }, false},
	{"all, limit 1000", func(example) store.Filter { return store.Filter{Limit: 1000} }, true},
	{"window of a day", func(e example) store.Filter { return store.Filter{Since: e.Time, Until: e.Time.AddDate(0, 0, 1)} }, false},
	{"window of a month", func(e example) store.Filter { return store.Filter{Since: e.Time, Until: e.Time.AddDate(0, 1, 0)} }, false},
	{"until", func(e example) store.Filter { return store.Filter{Until: e.Time} }, false},
	{"since, oldest first", func(e example) store.Filter { return store.Filter{Since: e.Time, OldestFirst: true} }, false},
	{"action", func(e example) store.Filter { return store.Filter{Action: e.Action} }, false},
	{"action, oldest first", func(e example) store.Filter { return store.Filter{Action: e.Action, OldestFirst: true} }, false},
	{"action, rare", func(example) store.Filter { return store.Filter{Action: "tenant.rename"} }, false},
	{"action, none", func(example) store.Filter { return store.Filter{Action: "nothing.such"} }, false},
	{"prefix, half", func(example) store.Filter { return store.Filter{ActionPrefix: "order."} }, false},
	{"prefix, half, oldest first", func(example) store.Filter { return store.Filter{ActionPrefix: "order.", OldestFirst: true} }, false},
	{"prefix, of the event", func(e example) store.Filter { return store.Filter{ActionPrefix: e.Action[:3]} }, false},
	{"prefix, some", func(example) store.Filter { return store.Filter{ActionPrefix: "report.s"} }, false},
	{"prefix, rare", func(example) store.Filter { return store.Filter{ActionPrefix: "tenant."} }, false},
	{"prefix, rare, oldest first", func(example) store.Filter { return store.Filter{ActionPrefix: "tenant.", OldestFirst: true} }, false},
	{"prefix, none", func(example) store.Filter { return store.Filter{ActionPrefix: "nothing."} }, false},
	{"prefix in a month", func(e example) store.Filter {
		return store.Filter{ActionPrefix: e.Action[:5], Since: e.Time, Until: e.Time.AddDate(0, 1, 0)}
	}, false},
	{"target type and id", func(e example) store.Filter { return store.Filter{TargetType: e.TargetType, TargetID: e.TargetID} }, false},
	{"target id", func(e example) store.Filter { return store.Filter{TargetID: e.TargetID} }, false},
	{"target type", func(e example) store.Filter { return store.Filter{TargetType: e.TargetType} }, false},
	{"target type, rare", func(example) store.Filter { return store.Filter{TargetType: "contract"} }, false},
	{"target type, none", func(example) store.Filter { return store.Filter{TargetType: "nothing"} }, false},
	{"actor type and id", func(e example) store.Filter { return store.Filter{ActorType: e.ActorType, ActorID: e.ActorID} }, false},
	{"actor id", func(e example) store.Filter { return store.Filter{ActorID: e.ActorID} }, false},
	{"actor type", func(e example) store.Filter { return store.Filter{ActorType: e.ActorType} }, false},
	{"actor type, rare", func(example) store.Filter { return store.Filter{ActorType: "system"} }, false},
	{"actor type, none", func(example) store.Filter { return store.Filter{ActorType: "nothing"} }, false},
	{"outcome success", func(example) store.Filter { return store.Filter{Outcome: "success"} }, false},
	{"outcome failure", func(example) store.Filter { return store.Filter{Outcome: "failure"} }, false},
	{"outcome denied", func(example) store.Filter { return store.Filter{Outcome: "denied"} }, false},
	{"outcome unknown", func(example) store.Filter { return store.Filter{Outcome: "unknown"} }, false},
	{"correlation id", func(e example) store.Filter { return store.Filter{CorrelationID: e.Correlation} }, false},
	{"causation id", func(e example) store.Filter { return store.Filter{CausationID: e.Causation} }, false},
	{"frequent action, rare outcome", func(example) store.Filter { return store.Filter{Action: "order.view", Outcome: "unknown"} }, false},
	{"frequent action, denied", func(example) store.Filter { return store.Filter{Action: "order.view", Outcome: "denied"} }, false},
	{"rare action, success", func(example) store.Filter { return store.Filter{Action: "tenant.rename", Outcome: "success"} }, false},
	{"frequent prefix, rare outcome", func(example) store.Filter { return store.Filter{ActionPrefix: "order.", Outcome: "unknown"} }, false},
	{"frequent prefix, rare actor type", func(example) store.Filter { return store.Filter{ActionPrefix: "order.", ActorType: "system"} }, false},
	{"frequent prefix, actor", func(e example) store.Filter { return store.Filter{ActionPrefix: "order.", ActorID: e.ActorID} }, false},
	{"frequent prefix, target", func(e example) store.Filter { return store.Filter{ActionPrefix: "order.", TargetID: e.TargetID} }, false},
	{"rare prefix, frequent actor type", func(example) store.Filter { return store.Filter{ActionPrefix: "tenant.", ActorType: "user"} }, false},
	{"frequent target type, rare outcome", func(example) store.Filter { return store.Filter{TargetType: "order", Outcome: "unknown"} }, false},
	{"rare target type, frequent actor type", func(example) store.Filter { return store.Filter{TargetType: "contract", ActorType: "user"} }, false},
	{"actor, denied", func(e example) store.Filter { return store.Filter{ActorID: e.ActorID, Outcome: "denied"} }, false},
	{"actor in a month", func(e example) store.Filter {
		return store.Filter{ActorID: e.ActorID, Since: e.Time, Until: e.Time.AddDate(0, 1, 0)}
	}, false},
	{"trace id in a day", func(e example) store.Filter {
		return store.Filter{TraceID: e.Trace, Since: e.Time.Add(-12 * time.Hour), Until: e.Time.Add(12 * time.Hour)}
	}, true},
	{"request id in a day", func(e example) store.Filter {
		return store.Filter{RequestID: e.Request, Since: e.Time.Add(-12 * time.Hour), Until: e.Time.Add(12 * time.Hour)}
	}, true},
	{"text in reason, in a day", func(e example) store.Filter {
		return store.Filter{ReasonContains: "100% sure", Since: e.Time.Add(-12 * time.Hour), Until: e.Time.Add(12 * time.Hour)}
	}, true},
}

func (b *bench) measureLists(ctx context.Context) ([]result, error) {
	examples, err := b.examples(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := store.Connect(ctx, store.Options{URL: b.db.Reader, ApplicationName: "readbench", StatementTimeout: time.Minute})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var results []result
	for _, c := range listCases {
		first, later := timings{}, timings{}
		for i := range b.repeat {
			e := examples[i%len(examples)]
			if err := page(ctx, reader, e.Tenant, c.filter(e), &first, &later); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
		goal := float64(pageGoal)
		if c.free {
			goal = 0
		}
		results = append(results, first.result(c.name, goal))
		b.say("%s: p50 %.1f ms, p99 %.1f ms", c.name, results[len(results)-1].P50, results[len(results)-1].P99)
		if len(later) > 0 {
			results = append(results, later.result(c.name+", next pages", goal))
		}
	}
	return results, nil
}

func page(ctx context.Context, reader *store.Reader, tenant string, f store.Filter, first, later *timings) error {
	into := first
	for range 1 + laterPage {
		began := time.Now()
		found, err := reader.List(ctx, tenant, f)
		if err != nil {
			return err
		}
		*into = append(*into, time.Since(began))
		if found.Next == "" {
			return nil
		}
		into, f.Cursor = later, found.Next
	}
	return nil
}

// examples are events from anywhere, every other one of the largest tenant.
func (b *bench) examples(ctx context.Context) ([]example, error) {
	auditor, err := pgx.Connect(ctx, b.db.Auditor)
	if err != nil {
		return nil, err
	}
	defer auditor.Close(context.WithoutCancel(ctx))
	random := rand.New(rand.NewPCG(1, 2)) // the same questions in every run
	var examples []example
	for i := range b.repeat {
		tenant := 0
		if i%2 == 1 {
			tenant = random.IntN(b.tenants)
		}
		rows, err := auditor.Query(ctx, `SELECT tenant_id, action, outcome, actor_type, actor_id, coalesce(target_type, 'order'), coalesce(target_id, 'target-1'),
				correlation_id, coalesce(causation_id, 'event-1'), trace_id, request_id, client_ip, event_time
			FROM audit_events WHERE tenant_id = $1 AND epoch = 0 AND seq = (SELECT floor($2::float8 * size)::bigint FROM bench_heads WHERE tenant = $3)`,
			fmt.Sprintf("tenant-%d", tenant), random.Float64(), tenant)
		if err != nil {
			return nil, err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[example])
		if err != nil {
			return nil, err
		}
		examples = append(examples, found...)
	}
	return examples, nil
}

// traces is how many traces of lists wait in the outbox.
func (b *bench) traces(ctx context.Context) (n int64, err error) {
	auditor, err := pgx.Connect(ctx, b.db.Auditor)
	if err != nil {
		return 0, err
	}
	defer auditor.Close(context.WithoutCancel(ctx))
	err = auditor.QueryRow(ctx, "SELECT count(*) FROM audit_outbox WHERE record ->> 'action' = $1", access.ActionList).Scan(&n)
	return n, err
}

// timings are how long each repetition took.
type timings []time.Duration

func (t timings) result(name string, goal float64) result {
	slices.Sort(t)
	at := func(q float64) float64 {
		return float64(t[min(len(t)-1, int(q*float64(len(t))))].Microseconds()) / 1000
	}
	return result{Name: name, Count: len(t), P50: at(0.5), P99: at(0.99), Unit: "ms", Goal: goal}
}
