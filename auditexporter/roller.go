package auditexporter

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/otelaudit/otelaudit/internal/store"
)

// roller adds what was committed to the rollups that counting reads. Nothing
// depends on it but the speed of counting: a failure is said once and is no
// matter of health, and writes never wait for it.
type roller struct {
	writer *store.Writer
	logger *zap.Logger
	now    func() time.Time
	closed <-chan struct{}
	failed bool // was said
}

const (
	rollerInterval = time.Minute
	// rollerShare of the time is rolled up at most, so that finding out that
	// nothing is to be done stays cheap with any number of tenants, and an old
	// store is caught up with beside its writers.
	rollerShare   = 3
	rollerTime    = 30 * time.Second
	rollerEvents  = 100_000
	rollerTenants = 1000
)

// run rolls up once a minute, and on while there is more.
func (r *roller) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for sleep(ctx, rollerInterval); ctx.Err() == nil; {
		began := r.now()
		rolled, err := r.roll(ctx)
		took := r.now().Sub(began)
		switch {
		case ctx.Err() != nil:
		case err != nil && !r.failed:
			r.logger.Warn("counts are not rolled up: events are stored as before, but counting those of large tenants becomes slow", zap.Error(err))
		}
		r.failed = err != nil
		if err != nil || rolled < rollerEvents {
			r.writer.Close() // an idle connection would count against the server's limit
			took = max(took, rollerInterval/rollerShare)
		}
		sleep(ctx, rollerShare*took)
	}
	r.writer.Close()
}

func (r *roller) roll(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, rollerTime)
	defer cancel()
	return r.writer.RollCounts(ctx, rollerEvents, rollerTenants)
}
