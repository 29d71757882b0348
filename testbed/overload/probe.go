package overload

import (
	"context"
	"fmt"
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

// probe sends ordinary logs, traces and metrics beside the load, one of each at a
// time, and remembers how long the slowest took until it was acknowledged.
type probe struct {
	conn *grpc.ClientConn
	stop context.CancelFunc
	wait sync.WaitGroup

	mu    sync.Mutex // guards the rest
	worst map[string]time.Duration
	sent  map[string]int
}

// patienceOfOthers is how long an ordinary SDK tries.
const patienceOfOthers = 10 * time.Second

func startProbe(ctx context.Context, address string) (*probe, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &probe{conn: conn, stop: stop, worst: map[string]time.Duration{}, sent: map[string]int{}}
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
		for ctx.Err() == nil && send(ctx) != nil && time.Since(began) < patienceOfOthers {
			pause(ctx, 50*time.Millisecond)
		}
		took := time.Since(began)
		p.mu.Lock()
		p.worst[name] = max(p.worst[name], took)
		p.sent[name]++
		p.mu.Unlock()
		pause(ctx, 50*time.Millisecond)
	}
}

// end stops it and fills the result.
func (p *probe) end(r *Result) {
	p.stop()
	p.wait.Wait()
	_ = p.conn.Close()
	for name, worst := range p.worst {
		if r.OthersWorst = max(r.OthersWorst, worst); worst >= patienceOfOthers {
			r.fail("%s were not served for %s", name, worst.Round(time.Millisecond))
		}
	}
	r.OthersSent = p.sent["logs"] + p.sent["traces"] + p.sent["metrics"]
	if len(p.sent) < 3 {
		r.fail("only %s were served", fmt.Sprint(p.sent))
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
