package auditprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
)

// charging is the processor with limits. What is charged to a quota when a request
// is judged, it gives back where the request fails behind the processor: while
// PostgreSQL is away, clients would use up their day by trying again.
type charging struct {
	processor.Logs
	limiter *limiter
}

// receipt is what the judgment of a request that is passed on as a whole leaves in
// its context.
type receipt struct{ loads []demand }

type receiptKey struct{}

// ConsumeLogs implements consumer.Logs.
func (c *charging) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	var charged receipt
	err := c.Logs.ConsumeLogs(context.WithValue(ctx, receiptKey{}, &charged), logs)
	if err != nil && comesAgain(ctx, err) {
		c.limiter.giveBack(charged.loads)
	}
	return err
}

// comesAgain reports whether nothing of a request that failed counts before it comes
// again. A client that went away did not hear what became of it, and could go away
// each time on purpose; and a request that is refused for good does not come again,
// whatever other pipelines made of it.
func comesAgain(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !consumererror.IsPermanent(err)
}
