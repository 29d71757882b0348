package chaos

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// client is how one of the applications sends.
type client struct {
	batch    int
	patience loadgen.Patience
	http     bool
	json     bool
}

// clients are the applications of every load: some wait for an answer as long as
// it takes, some give up.
func clients() []client {
	return []client{
		{batch: 1, patience: loadgen.Patient},
		{batch: 20, patience: loadgen.Patient},
		{batch: 200, patience: loadgen.Patient},
		{batch: 40, patience: loadgen.Patient, http: true},
		{batch: 5, patience: loadgen.Impatient},
		{batch: 50, patience: loadgen.Impatient, http: true, json: true},
	}
}

// clientLedger is what one client knows of its events.
type clientLedger struct {
	*loadgen.Ledger

	patient bool // the client repeats everything until it is acknowledged
}

// load is all clients at work. Each has a run, so markers, and a ledger of its own.
type load struct {
	ledgers map[string]clientLedger // by run
	stop    chan struct{}
	wait    sync.WaitGroup
	ctx     context.Context // that of the round, for the clients' goroutines
	cancel  context.CancelFunc
}

// startLoad lets the clients send to all nodes until finish.
func startLoad(ctx context.Context, lab *Lab, name string, seed uint64, started time.Time) (*load, error) {
	l := &load{ledgers: map[string]clientLedger{}, stop: make(chan struct{})}
	l.ctx, l.cancel = context.WithTimeout(ctx, 2*patience)
	for i, c := range clients() {
		sender, err := newFailover(lab.Nodes, i, c)
		if err != nil {
			l.cancel()
			return nil, err
		}
		run := fmt.Sprintf("%s%c", name, 'a'+rune(i))
		ledger := loadgen.NewLedger()
		l.ledgers[run] = clientLedger{ledger, c.patience.Retries < 0}
		g := loadgen.New(loadgen.Options{
			Run: run, Seed: seed + uint64(i), Start: started,
			Tenants: cmp.Or(lab.Setup.Tenants, 4), OrdinaryShare: 0.1, RecordIDs: 0.5, FillerBytes: 120,
		})
		l.wait.Go(func() {
			defer sender.Close()
			loadgen.Stream(l.ctx, l.stop, &loadgen.Paced{Client: sender, Pause: 100 * time.Millisecond, Swift: 50}, g, c.batch, ledger, c.patience)
		})
	}
	return l, nil
}

func (l *load) count(fate loadgen.Fate) int {
	n := 0
	for _, ledger := range l.ledgers {
		n += ledger.Count(fate)
	}
	return n
}

// further waits until so many more events are acknowledged.
func (l *load) further(n int) error {
	want := l.count(loadgen.Acknowledged) + n
	for {
		got := l.count(loadgen.Acknowledged)
		if got >= want {
			return nil
		}
		if err := sleep(l.ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d events acknowledged: %w", got, want, err)
		}
	}
}

// finish lets every client end: the patient ones have been answered.
func (l *load) finish() error {
	defer l.cancel()
	close(l.stop)
	l.wait.Wait()
	if err := l.ctx.Err(); err != nil {
		return fmt.Errorf("a patient client was not answered: %w", err)
	}
	return nil
}

// failover is a client that goes to the next collector when one fails it, as
// behind a load balancer: what the first may have stored meets its own duplicate.
type failover struct {
	clients []otlpclient.Client
	at      int // the one in use
}

func newFailover(nodes []*Node, first int, c client) (*failover, error) {
	f := &failover{at: first % len(nodes)}
	for _, n := range nodes {
		if c.http {
			f.clients = append(f.clients, otlpclient.NewHTTP(n.HTTP, otlpclient.Options{JSON: c.json}))
			continue
		}
		g, err := otlpclient.DialGRPC(n.GRPC, otlpclient.Options{})
		if err != nil {
			return nil, err
		}
		f.clients = append(f.clients, g)
	}
	return f, nil
}

// Send implements otlpclient.Client.
func (f *failover) Send(ctx context.Context, logs plog.Logs) error {
	err := f.clients[f.at].Send(ctx, logs)
	if err != nil {
		f.at = (f.at + 1) % len(f.clients)
	}
	return err
}

// Close implements otlpclient.Client.
func (f *failover) Close() error {
	var err error
	for _, c := range f.clients {
		if e := c.Close(); e != nil {
			err = e
		}
	}
	return err
}
