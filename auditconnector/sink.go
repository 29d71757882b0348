package auditconnector

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// requirement says whether a request depends on a sink, and result what became
// of records; both are labels of metrics, described in metadata.yaml.
type (
	requirement string
	result      string
)

const (
	required   requirement = "required"
	bestEffort requirement = "best_effort"

	accepted result = "accepted"
	failed   result = "failed"
	dropped  result = "dropped"
)

// sink is one pipeline for audit records.
type sink struct {
	id          pipeline.ID
	next        consumer.Logs
	requirement requirement
	records     metric.Int64Counter
	log         *noisyLog
	// accepted and failed are the labels of what is counted, made once.
	accepted, failed []metric.AddOption
}

// label makes the labels of what is counted.
func (s *sink) label() {
	options := func(res result) []metric.AddOption {
		return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(
			attribute.String("requirement", string(s.requirement)),
			attribute.String("result", string(res)),
			attribute.String("sink", s.id.String()),
		))}
	}
	s.accepted, s.failed = options(accepted), options(failed)
}

// send offers the records, count of them, to the pipeline. The records stay as
// they are: a pipeline that changes data gets a copy of its own.
func (s *sink) send(ctx context.Context, audit plog.Logs) error {
	if s.next.Capabilities().MutatesData {
		audit = clone(audit)
	}
	return s.next.ConsumeLogs(ctx, audit)
}

func (s *sink) report(ctx context.Context, count int, err error) {
	if err != nil {
		s.log.warn("A "+string(s.requirement)+" pipeline did not accept audit records", err)
		s.records.Add(ctx, int64(count), s.failed...)
		return
	}
	s.log.recovered("The pipeline accepts audit records again")
	s.records.Add(ctx, int64(count), s.accepted...)
}

// sendRequired offers the records to all sinks at the same time and waits for
// all of them. The error, if any, is a *requiredError.
func sendRequired(ctx context.Context, sinks []*sink, audit plog.Logs) error {
	count := audit.LogRecordCount()
	errs := make([]error, len(sinks))
	var others sync.WaitGroup
	for i, s := range sinks[1:] {
		others.Go(func() { errs[i+1] = s.send(ctx, audit) })
	}
	errs[0] = sinks[0].send(ctx, audit)
	others.Wait()

	var failures []sinkFailure
	for i, s := range sinks {
		s.report(ctx, count, errs[i])
		if errs[i] != nil {
			failures = append(failures, sinkFailure{sink: s.id, err: errs[i]})
		}
	}
	if failures != nil {
		return &requiredError{failures: failures}
	}
	return nil
}
