package overload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// Scale is how large the cases are.
type Scale struct {
	For         time.Duration // how long each case presses
	Down        time.Duration // how long PostgreSQL is away
	Connections int
	Large       int // callers of requests of 20 MB
	Records     int // in each of those
	Batch       int // records in a request of those who wait for PostgreSQL
}

// Short is for tests, Full what docs/reliability.md states.
var (
	Short = Scale{For: 500 * time.Millisecond, Down: 2 * time.Second, Connections: 200, Large: 2, Records: 2_400, Batch: 100}
	Full  = Scale{For: time.Minute, Down: 10 * time.Minute, Connections: 5000, Large: 16, Records: 24_000, Batch: 1000}
)

// Case is one way to give a collector too much.
type Case struct {
	Name string
	run  func(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error)
}

// Cases are all of them.
func Cases() []Case {
	return []Case{
		{"database_down", databaseDown},
		{"fast_client", fastClient},
		{"connections", connections},
		{"large_requests", largeRequests},
		{"wide_requests", wideRequests},
		{"flooding_tenant", floodingTenant},
	}
}

// Run runs a case in a database and with a collector of its own.
func (c Case) Run(ctx context.Context, server *database.Server, s Scale) (Result, error) {
	dir, err := os.MkdirTemp("", "otelaudit-overload-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	l, err := Open(ctx, server, dir)
	if err != nil {
		return Result{}, err
	}
	defer l.Close()
	r := Result{Case: c.Name}
	if l.others, err = startProbe(ctx, l.GRPC); err != nil {
		return Result{}, err
	}
	control, err := startProbe(ctx, l.Control)
	if err != nil {
		return Result{}, err
	}
	limit := s.For + s.Down + longestRecovery
	pressing, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	loads, err := c.run(pressing, l, s, &r)
	if over := pressing.Err(); over != nil {
		err = errors.Join(fmt.Errorf("callers wait for an answer after %s: %w", limit, over), err)
	}
	r.Took = time.Since(began)
	r.OthersSent, r.OthersWorst = l.others.end(&r)
	_, r.ControlWorst = control.end(&r)
	if err != nil {
		return r, fmt.Errorf("%s: %w", c.Name, err)
	}
	if r.Peak, err = l.peakMebibytes(); err != nil {
		return r, err
	}
	ledgers := map[string]*loadgen.Ledger{}
	for _, load := range loads {
		ledgers[load.run] = load.ledger
		r.Refused += load.refused.Load()
		if n := load.forGood.Load(); n > 0 {
			r.fail("%d requests were refused for good", n)
		}
	}
	if err := errors.Join(l.settle(ctx), l.Check(ctx, ledgers, &r)); err != nil {
		return r, err
	}
	r.judge()
	return r, nil
}

// longestRecovery is how long callers, who never give up, may take to be answered
// once a case presses no more: a bound against hanging, not a promise of speed.
const longestRecovery = 5 * time.Minute

func flat(filler, tenants int) loadgen.Options {
	return loadgen.Options{
		Start: time.Now().Add(-time.Hour), Tenants: tenants, TenantPrefix: "acme", Shapes: []loadgen.Shape{loadgen.Flat}, FillerBytes: filler,
	}
}

// press runs a load for some time and waits until it has delivered what it began.
func press(ctx context.Context, d time.Duration, loads ...*load) {
	stop := make(chan struct{})
	for _, l := range loads {
		l.start(ctx, stop)
	}
	pause(ctx, d)
	close(stop)
	for _, l := range loads {
		l.wait.Wait()
	}
}

// databaseDown stops PostgreSQL under the load of 64 callers with 1,000 records
// each in full size, for as long as the scale says.
func databaseDown(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error) {
	clients, err := dial(4, l.GRPC)
	if err != nil {
		return nil, err
	}
	defer hangUp(clients)
	w := &load{run: "down", clients: clients, options: flat(400, 100), batch: s.Batch, callers: 64, patience: 10 * time.Second, interval: 50 * time.Millisecond}
	stop := make(chan struct{})
	w.start(ctx, stop)
	defer w.wait.Wait()
	pause(ctx, s.For)
	if err := l.server.Kill(); err != nil {
		close(stop)
		return nil, err
	}
	during := l.others.counts()
	pause(ctx, s.Down)
	if !l.others.servesSince(ctx, during) {
		r.fail("something else was not served while PostgreSQL was away: %v before, %v after", during, l.others.counts())
	}
	if err := l.server.Restart(ctx); err != nil {
		close(stop)
		return nil, err
	}
	back := time.Now()
	before, err := l.stored(ctx)
	close(stop) // whoever holds a request delivers it, and no other
	if err != nil {
		return nil, err
	}
	w.wait.Wait()
	r.Recovery = time.Since(back)
	after, err := l.stored(ctx)
	r.PerSecond = float64(after-before) / r.Recovery.Seconds()
	return []*load{w}, err
}

// fastClient offers ten times as much as one client that waits for each answer,
// from 256 callers that try again when the answer says so.
func fastClient(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error) {
	clients, err := dial(8, l.GRPC)
	if err != nil {
		return nil, err
	}
	defer hangUp(clients)
	options := flat(400, 100)
	one := &load{run: "one", clients: clients[:1], options: options, batch: 100, callers: 1, patience: 10 * time.Second, interval: 10 * time.Millisecond}
	press(ctx, s.For/4, one)
	fast := &load{run: "fast", clients: clients, options: options, batch: 100, callers: 256, patience: 10 * time.Second, interval: time.Second}
	press(ctx, s.For, fast)
	perSecond := func(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }
	alone := perSecond(one.ledger.Count(loadgen.Acknowledged), s.For/4)
	acknowledged := fast.ledger.Count(loadgen.Acknowledged)
	offered := perSecond(acknowledged+int(fast.refused.Load())*fast.batch, s.For)
	r.Note = fmt.Sprintf("one caller %.0f events/s; %d callers offered %.0f and had %.0f stored, the slowest request took %s",
		alone, fast.callers, offered, perSecond(acknowledged, s.For), time.Duration(fast.slowest.Load()).Round(time.Millisecond))
	return []*load{one, fast}, nil
}

// overBoth are callers with a connection each, half of them gRPC and half HTTP.
func overBoth(l *Lab, callers, batch int, options loadgen.Options) (overGRPC, overHTTP *load, err error) {
	grpc, err := dial(callers/2, l.GRPC)
	if err != nil {
		return nil, nil, err
	}
	var http []otlpclient.Client
	for range callers / 2 {
		http = append(http, otlpclient.NewHTTP(l.HTTP, otlpclient.Options{}))
	}
	of := func(run string, clients []otlpclient.Client) *load {
		return &load{run: run, clients: clients, options: options, batch: batch, callers: len(clients), patience: 30 * time.Second, interval: time.Second}
	}
	return of("grpc", grpc), of("http", http), nil
}

// connections opens as many as the scale says, half of them gRPC and half HTTP,
// and keeps them: each sends one record, then another, until time is over.
func connections(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error) {
	grpc, http, err := overBoth(l, s.Connections, 1, flat(400, 100))
	if err != nil {
		return nil, err
	}
	defer hangUp(grpc.clients)
	defer hangUp(http.clients)
	press(ctx, s.For, grpc, http)
	r.Note = fmt.Sprintf("%d connections; the slowest request took %s over gRPC, %s over HTTP", s.Connections,
		time.Duration(grpc.slowest.Load()).Round(time.Millisecond), time.Duration(http.slowest.Load()).Round(time.Millisecond))
	return []*load{grpc, http}, nil
}

// largeRequests sends requests of 20 MB, as many at a time as the scale says.
func largeRequests(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error) {
	grpc, http, err := overBoth(l, s.Large, s.Records, flat(20_900_000/s.Records-370, 10))
	if err != nil {
		return nil, err
	}
	defer hangUp(grpc.clients)
	defer hangUp(http.clients)
	press(ctx, s.For, grpc, http)
	r.Note = fmt.Sprintf("%d callers, %d records in 20 MB", s.Large, s.Records)
	return []*load{grpc, http}, nil
}

// wideRequests sends 32 MiB of empty records again and again beside an ordinary
// client: each is refused for good.
func wideRequests(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error) {
	clients, err := dial(2, l.GRPC)
	if err != nil {
		return nil, err
	}
	defer hangUp(clients)
	web := otlpclient.NewHTTP(l.HTTP, otlpclient.Options{})
	defer web.Close()
	wrap := func(number protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
	}
	body := wrap(1, wrap(2, bytes.Repeat(wrap(2, nil), 16_000_000)))
	w := &load{run: "beside", clients: clients[:1], options: flat(400, 10), batch: 100, callers: 4, patience: 10 * time.Second, interval: 100 * time.Millisecond}
	stop := make(chan struct{})
	w.start(ctx, stop)
	sent := 0
	for until := time.Now().Add(s.For); time.Now().Before(until) && ctx.Err() == nil; sent++ {
		try, cancel := context.WithTimeout(ctx, 20*time.Second)
		if sent%2 == 0 {
			err = clients[1].(*otlpclient.GRPC).SendRaw(try, body)
		} else {
			err = web.SendRaw(try, "application/x-protobuf", body)
		}
		cancel()
		if err == nil {
			r.fail("a request of 16 million records was taken")
		}
	}
	close(stop)
	w.wait.Wait()
	r.Note = fmt.Sprintf("%d requests of 16 million empty records, the last answer: %.120v", sent, err)
	return []*load{w}, nil
}

// floodingTenant has one tenant send far over its limit beside a calm one, of
// whose requests none is refused for the sake of a limit.
func floodingTenant(ctx context.Context, l *Lab, s Scale, r *Result) ([]*load, error) {
	clients, err := dial(5, l.GRPC)
	if err != nil {
		return nil, err
	}
	defer hangUp(clients)
	flood := &load{
		run: "flood", clients: clients[:4], options: flat(400, 1), batch: max(s.Batch, 500), callers: 32,
		patience: 10 * time.Second, interval: 100 * time.Millisecond,
	}
	flood.options.TenantPrefix = "flood"
	calm := &load{run: "calm", clients: clients[4:], options: flat(400, 1), batch: 10, callers: 2, patience: 30 * time.Second, interval: 100 * time.Millisecond}
	calm.options.TenantPrefix = "calm"
	stop := make(chan struct{})
	giveUp, cancel := context.WithCancel(ctx)
	defer cancel()
	flood.start(giveUp, stop)
	calm.start(ctx, stop)
	pause(ctx, s.For)
	// A busy machine takes its time for the burst; the calm tenant sends beside it.
	for waited := time.Now(); flood.limited.Load() == 0 && time.Since(waited) < time.Minute && ctx.Err() == nil; {
		pause(ctx, 50*time.Millisecond)
	}
	close(stop)
	calm.wait.Wait()
	cancel() // a flood of which most is refused would take minutes to deliver
	flood.wait.Wait()
	slowest := time.Duration(calm.slowest.Load())
	if n := calm.limited.Load(); n > 0 || calm.ledger.Count(loadgen.Sent) > 0 || calm.ledger.Count(loadgen.Acknowledged) == 0 {
		r.fail("the calm tenant was refused %d times", n)
	}
	if flood.limited.Load() == 0 {
		r.fail("the flood was never refused")
	}
	r.Note = fmt.Sprintf("limit 500/s: the flood had %d events stored and %d tries refused; the calm tenant %d events and %d refused, its slowest request took %s",
		flood.ledger.Count(loadgen.Acknowledged), flood.refused.Load(), calm.ledger.Count(loadgen.Acknowledged), calm.refused.Load(), slowest.Round(time.Millisecond))
	return []*load{flood, calm}, nil
}
