package loadgen

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// Patience is what a client does when a request fails.
type Patience struct {
	Timeout  time.Duration // of one try
	Retries  int           // tries after the first; -1 until ctx is over
	Interval time.Duration // between two tries
}

// Patient retries until it has an answer, as an SDK behind a durable queue
// does; Impatient gives up as evlog does, and the event's fate stays open.
var (
	Patient   = Patience{Timeout: 10 * time.Second, Retries: -1, Interval: 50 * time.Millisecond}
	Impatient = Patience{Timeout: 300 * time.Millisecond, Retries: 0, Interval: 0}
)

// Deliver sends one request with patience and writes the fate of its events
// into the ledger. It returns the last failure, nil when acknowledged.
func Deliver(ctx context.Context, client otlpclient.Client, logs plog.Logs, events []Event, ledger *Ledger, patience Patience) error {
	ledger.Record(Sent, events...)
	for try := 0; ; try++ {
		err := send(ctx, client, logs, patience.Timeout)
		if err == nil {
			ledger.Record(Acknowledged, events...)
			return nil
		}
		if !otlpclient.Retryable(err) {
			if try == 0 { // an earlier try without an answer may have been stored
				ledger.Record(Refused, events...)
			}
			return err
		}
		if try == patience.Retries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(patience.Interval):
		}
	}
}

func send(ctx context.Context, client otlpclient.Client, logs plog.Logs, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return client.Send(ctx, logs)
}

// Stream makes and delivers requests of batch events until stop is closed or
// ctx is over. A request under way at stop is still delivered; what the failure
// of one means is in the ledger, so errors are not returned.
func Stream(ctx context.Context, stop <-chan struct{}, client otlpclient.Client, g *Generator, batch int, ledger *Ledger, patience Patience) {
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		logs, events := g.Request(batch)
		_ = Deliver(ctx, client, logs, events, ledger, patience)
	}
}

// Paced waits after every answer: what sends as fast as it can, throughout a long
// fault, fills a buffer that takes longer to empty than a test lasts.
type Paced struct {
	otlpclient.Client

	Pause time.Duration
	// Swift is how many requests at the beginning wait a tenth of Pause only.
	Swift int

	sent int
}

// Send implements otlpclient.Client.
func (p *Paced) Send(ctx context.Context, logs plog.Logs) error {
	err := p.Client.Send(ctx, logs)
	pause := p.Pause
	p.sent++
	if p.sent <= p.Swift {
		pause /= 10
	}
	select { // an answer was had in time: the pause does not change it
	case <-ctx.Done():
	case <-time.After(pause):
	}
	return err
}
