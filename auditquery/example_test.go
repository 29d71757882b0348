package auditquery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/otelaudit/otelaudit/auditquery"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// The activity page of a product: a page of what happened to invoices, then the
// next one, in the name of the person who looks.
func Example() {
	url, done := exampleStore()
	defer done()
	ctx := context.Background()

	reader, err := auditquery.Open(ctx, auditquery.Options{URL: url, Actor: "activity-page"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()

	filter := auditquery.Filter{ActionPrefix: "invoice.", Limit: 2}
	for {
		page, err := reader.As("alice@example.com").List(ctx, "acme", filter)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, e := range page.Events {
			fmt.Println(e.EventTime.Format(time.DateOnly), e.Action, e.Outcome, e.ActorType+":"+e.ActorID)
		}
		if page.Next == "" {
			break
		}
		filter.Cursor = page.Next
	}
	// Output:
	// 2026-05-03 invoice.pay success service:billing
	// 2026-05-02 invoice.approve denied user:bob
	// 2026-05-01 invoice.create success user:alice
}

func ExampleReader_Get() {
	url, done := exampleStore()
	defer done()
	ctx := context.Background()
	reader, err := auditquery.Open(ctx, auditquery.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()

	event, err := reader.Get(ctx, "acme", "e-2")
	fmt.Println(event.Reason, err)
	_, err = reader.Get(ctx, "globex", "e-2")
	fmt.Println(errors.Is(err, auditquery.ErrNotFound), err)
	// Output:
	// over her limit <nil>
	// true event "e-2" of tenant "globex": not found
}

func ExampleReader_Count() {
	url, done := exampleStore()
	defer done()
	ctx := context.Background()
	reader, err := auditquery.Open(ctx, auditquery.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()

	may := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	counts, err := reader.Count(ctx, "acme", auditquery.CountFilter{
		Since: may, Until: may.AddDate(0, 1, 0), ByPrefix: []string{"invoice.", "login"},
	})
	fmt.Println(counts.Count, counts.ByPrefix, err)
	// Output:
	// 4 map[invoice.:3 login:1] <nil>
}

func ExampleReader_Timeline() {
	url, done := exampleStore()
	defer done()
	ctx := context.Background()
	reader, err := auditquery.Open(ctx, auditquery.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()

	timeline, err := reader.Timeline(ctx, "acme", "checkout-4711")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range timeline.Events {
		fmt.Printf("%s%s %s\n", strings.Repeat("  ", e.Depth), e.Action, e.Outcome)
	}
	// Output:
	// login success
	//   invoice.create success
	//     invoice.approve denied
	//     invoice.pay success
}

// exampleStore makes a store with four events of the tenant acme and returns the
// URL of a login in the reader role.
func exampleStore() (url string, done func()) {
	t := &exampleTest{}
	db := storetest.NewDatabase(t)
	day := func(n int) int64 { return time.Date(2026, 5, n, 12, 0, 0, 0, time.UTC).UnixNano() }
	records := []*record.Record{
		{EventID: "e-0", Action: "login", Outcome: record.OutcomeSuccess, Actor: entity("user", "alice"), TimeUnixNano: day(1)},
		{EventID: "e-1", Action: "invoice.create", Outcome: record.OutcomeSuccess, Actor: entity("user", "alice"), CausationID: "e-0", TimeUnixNano: day(1) + 1e9},
		{EventID: "e-2", Action: "invoice.approve", Outcome: record.OutcomeDenied, Actor: entity("user", "bob"), CausationID: "e-1", Reason: "over her limit", TimeUnixNano: day(2)},
		{EventID: "e-3", Action: "invoice.pay", Outcome: record.OutcomeSuccess, Actor: entity("service", "billing"), CausationID: "e-1", TimeUnixNano: day(3)},
	}
	for _, r := range records {
		r.TenantID, r.CorrelationID = "acme", "checkout-4711"
	}
	write(t, db.WriterURL, records)
	return db.ReaderURL, t.done
}

// exampleTest is the test that an example is.
type exampleTest struct {
	testing.TB

	cleanups []func()
}

func (*exampleTest) Helper()                           {}
func (*exampleTest) Failed() bool                      { return false }
func (*exampleTest) Context() context.Context          { return context.Background() }
func (*exampleTest) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (*exampleTest) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*exampleTest) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (*exampleTest) FailNow()                          {}
func (t *exampleTest) Cleanup(f func())                { t.cleanups = append(t.cleanups, f) }

func (t *exampleTest) done() {
	for _, f := range t.cleanups {
		f()
	}
}
