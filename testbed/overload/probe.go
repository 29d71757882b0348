package overload

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// signals are what a probe sends.
var signals = []string{"logs", "metrics", "traces"}

// probe sends ordinary logs, traces and metrics beside the load, one of each at a
// time, and remembers how long the slowest took until it was acknowledged.
type probe struct {
	conn *grpc.ClientConn
	stop context.CancelFunc
	wait sync.WaitGroup

	mu     sync.Mutex     // guards the rest
	served map[string]int // requests acknowledged, by signal
	worst  time.Duration
}

// patienceOfOthers is how long one try may take, and how long what else is served
// is waited for at the end: far more than a busy machine needs.
const patienceOfOthers = time.Minute

func startProbe(ctx context.Context, address string) (*probe, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &probe{conn: conn, stop: stop, served: map[string]int{}}
	logs, traces, metrics := plogotlp.NewGRPCClient(conn), ptraceotlp.NewGRPCClient(conn), pmetricotlp.NewGRPCClient(conn)
	for name, send := range map[string]func(context.Context) error{
		"logs": func(ctx context.Context) error {
			l := plog.NewLogs()
			loadgen.Ordinary(l.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), "probe", time.Unix(1_700_000_000, 0))
			_, err := logs.Export(ctx, plogotlp.NewExportRequestFromLogs(l))
			return err
		},
		"traces": func(ctx context.Context) error {
			t := ptrace.NewTraces()
			t.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("probe")
			_, err := traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(t))
			return err
		},
		"metrics": func(ctx context.Context) error {
			m := pmetric.NewMetrics()
			m.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetName("probe")
			_, err := metrics.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(m))
			return err
		},
	} {
		p.wait.Go(func() { p.run(ctx, name, send) })
	}
	return p, nil
}

func (p *probe) run(ctx context.Context, name string, send func(context.Context) error) {
	for ctx.Err() == nil {
		began := time.Now()
		err := p.try(ctx, send)
		for ctx.Err() == nil && err != nil {
			pause(ctx, 50*time.Millisecond)
			err = p.try(ctx, send)
		}
		p.note(name, time.Since(began), err == nil)
		pause(ctx, 50*time.Millisecond)
	}
}

func (p *probe) try(ctx context.Context, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patienceOfOthers)
	defer cancel()
	return send(ctx)
}

// note takes also a request that was still waiting at the end: its time counts.
func (p *probe) note(name string, took time.Duration, acknowledged bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worst = max(p.worst, took)
	if acknowledged {
		p.served[name]++
	}
}

// counts are how many requests of each signal were acknowledged so far.
func (p *probe) counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.served)
}

// servesSince waits until every signal was served after counts returned before:
// twice, because one request may have been under way then.
func (p *probe) servesSince(ctx context.Context, before map[string]int) bool {
	ctx, cancel := context.WithTimeout(ctx, patienceOfOthers)
	defer cancel()
	for {
		now := p.counts()
		if !slices.ContainsFunc(signals, func(name string) bool { return now[name] < before[name]+2 }) {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// end stops it, and returns how many requests were acknowledged and how long the
// slowest took. A signal of which none was fails the result.
func (p *probe) end(r *Result) (sent int, worst time.Duration) {
	p.stop()
	p.wait.Wait()
	_ = p.conn.Close()
	for _, name := range signals {
		if p.served[name] == 0 {
			r.fail("no %s were served", name)
		}
		sent += p.served[name]
	}
	return sent, p.worst
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
