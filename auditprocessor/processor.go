package auditprocessor

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// auditProcessor is safe for concurrent use: nothing of it is written to after
// its start, except the metrics, the limiter and the unknown actions, which are safe
// themselves.
type auditProcessor struct {
	cfg       *Config
	now       func() time.Time
	decoder   *otlpmap.Decoder
	tenants   *stage.Tenants
	redactor  *stage.Redactor // nil where redaction is off
	logs      *logRedactor    // nil where redaction is off
	headers   []headerRule
	macs      *macs // nil where there are no keys
	sealers   map[string]*stage.Forwarder
	counters  *counters
	unknown   *unknownActions // nil where nothing says which actions are known
	limiter   *limiter        // nil where there are no limits
	next      consumer.Logs   // what follows, which a limit passes others' records on to
	telemetry *metadata.TelemetryBuilder
}

func newAuditProcessor(set processor.Settings, cfg *Config, now func() time.Time) (*auditProcessor, error) {
	tenants, err := cfg.Tenant.policy()
	if err != nil {
		return nil, err
	}
	p := &auditProcessor{
		cfg:     cfg,
		now:     now,
		limiter: newLimiter(&cfg.Limits),
		tenants: tenants,
		sealers: cfg.Tenant.sealers(tenants),
		headers: headerRules(cfg.Enrich.Headers),
		decoder: otlpmap.NewDecoder(otlpmap.Options{
			TenantAttributes:  cfg.Tenant.attributes(),
			Keep:              cfg.keep(),
			SamplingAttribute: cfg.Sampling.Attribute,
		}),
	}
	if cfg.Redaction.Enabled {
		if p.redactor, err = stage.NewRedactor(cfg.Redaction.rules()); err != nil {
			return nil, fmt.Errorf("redaction: %w", err)
		}
		p.logs = newLogRedactor(p.redactor, cfg.Tenant.attributes())
	}
	if p.telemetry, err = metadata.NewTelemetryBuilder(set.TelemetrySettings); err != nil {
		return nil, err
	}
	p.counters = newCounters(p.telemetry, cfg.Telemetry.Actions)
	p.unknown = newUnknownActions(cfg.Telemetry.KnownActions, set.Logger)
	return p, nil
}

// start reads the keys, the only file the processor needs.
func (p *auditProcessor) start(ctx context.Context, _ component.Host) (err error) {
	p.unknown.start(ctx, p.telemetry)
	p.macs, err = p.cfg.OriginMAC.load()
	return err
}

func (p *auditProcessor) shutdown(context.Context) error {
	p.telemetry.Shutdown()
	return nil
}

// processLogs turns every audit record of a request into its canonical form. An
// error refuses the request as a whole; nothing of it has been passed on then.
func (p *auditProcessor) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	r := p.newRequest(ctx)
	if err := r.turnAway(ctx, logs); err != nil {
		return logs, err
	}
	came := int64(logs.LogRecordCount()) // what is ordinary may be removed
	logs.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		r.resource(rl)
		return p.cfg.Others == othersDrop && rl.ScopeLogs().Len() == 0
	})
	if r.refusal != nil {
		audit := auditRecords(logs)
		p.counters.refused(ctx, r.refusal.Reason, audit)
		p.counters.returned(ctx, came-audit)
		return logs, refusalError(r.refusal)
	}
	if err := r.limit(ctx, logs); err != nil {
		return logs, err
	}
	r.strangers()
	p.counters.add(ctx, &r.tally)
	if logs.ResourceLogs().Len() == 0 {
		return logs, processorhelper.ErrSkipProcessingData
	}
	return logs, nil
}

// refusalError is what the receiver answers with 403, for good: a client must
// not send the same again.
func refusalError(problem *record.Problem) error {
	return consumererror.NewPermanent(status.Error(codes.PermissionDenied, problem.Error()))
}
