package overload

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// load is callers that send without a pause and keep what is not acknowledged.
type load struct {
	run      string
	ledger   *loadgen.Ledger
	clients  []otlpclient.Client
	options  loadgen.Options
	batch    int
	callers  int
	patience time.Duration // of one try
	interval time.Duration // between two tries

	refused atomic.Int64 // tries that were answered with an error
	forGood atomic.Int64 // and must not come again
	limited atomic.Int64 // and name the tenant's limit
	slowest atomic.Int64 // from the first try to the acknowledgment, in nanoseconds
	wait    sync.WaitGroup
}

// start lets the callers send until stop is closed; each still delivers the
// request it is at.
func (l *load) start(ctx context.Context, stop <-chan struct{}) {
	l.ledger = loadgen.NewLedger()
	for caller := range l.callers {
		options := l.options
		options.Run, options.Seed = fmt.Sprintf("%s-%05d", l.run, caller), uint64(caller)
		g := loadgen.New(options)
		l.wait.Go(func() {
			for ctx.Err() == nil {
				select {
				case <-stop:
					return
				default:
				}
				l.deliver(ctx, l.clients[caller%len(l.clients)], g)
			}
		})
	}
}

func (l *load) deliver(ctx context.Context, client otlpclient.Client, g *loadgen.Generator) {
	logs, events := g.Request(l.batch)
	l.ledger.Record(loadgen.Sent, events...)
	began := time.Now()
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, l.patience)
		err := client.Send(try, logs)
		cancel()
		switch {
		case err == nil:
			l.ledger.Record(loadgen.Acknowledged, events...)
			if took := int64(time.Since(began)); took > l.slowest.Load() {
				l.slowest.Store(took)
			}
			return
		case ctx.Err() != nil:
			return
		case !otlpclient.Retryable(err):
			l.forGood.Add(1)
			return
		}
		l.refused.Add(1)
		if strings.Contains(err.Error(), "over its rate") {
			l.limited.Add(1)
		}
		pause(ctx, l.interval)
	}
}

func dial(n int, address string) (clients []otlpclient.Client, err error) {
	for range n {
		client, err := otlpclient.DialGRPC(address, otlpclient.Options{})
		if err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, nil
}

func hangUp(clients []otlpclient.Client) {
	for _, client := range clients {
		_ = client.Close()
	}
}
