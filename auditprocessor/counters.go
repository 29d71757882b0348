package auditprocessor

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelaudit/otelaudit/auditprocessor/internal/metadata"
	"github.com/otelaudit/otelaudit/internal/record"
)

// The values of the label result.
const (
	resultAudit       = "audit"
	resultQuarantined = "quarantined"
	resultOrdinary    = "ordinary"
	resultDropped     = "dropped"
	resultReturned    = "returned"
)

// outcomeKey is a set of labels of the counter of records.
type outcomeKey struct{ result, outcome, reason, action string }

// tally counts one request before anything is added to a counter, so that a
// request of 10,000 records costs no more additions than there are labels. The
// zero tally is empty.
type tally struct {
	entries  []tallyEntry
	redacted int
	unknown  int // records of an unknown action
	first    int // unknown actions, new ones
	// overQuota are records that were taken although the quota was used up.
	overQuota int64
	macs      [macResults]int64
}

type tallyEntry struct {
	key outcomeKey
	n   int64
}

// add counts one record and returns its entry.
func (t *tally) add(key outcomeKey) int {
	for i := range t.entries {
		if t.entries[i].key == key {
			t.entries[i].n++
			return i
		}
	}
	t.entries = append(t.entries, tallyEntry{key: key, n: 1})
	return len(t.entries) - 1
}

// counters adds tallies to the processor's metrics. It is safe for concurrent
// use.
type counters struct {
	telemetry *metadata.TelemetryBuilder
	actions   map[string]string
	// options holds the labels of every key there can be, made once.
	options map[outcomeKey]metric.AddOption
	refusal map[string]metric.AddOption
	macs    [macResults]metric.AddOption
}

func newCounters(tb *metadata.TelemetryBuilder, actions []string) *counters {
	c := &counters{
		telemetry: tb,
		actions:   make(map[string]string, len(actions)),
		options:   make(map[outcomeKey]metric.AddOption),
		refusal:   make(map[string]metric.AddOption),
	}
	c.know(outcomeKey{result: resultOrdinary})
	c.know(outcomeKey{result: resultDropped})
	c.know(outcomeKey{result: resultReturned})
	for _, reason := range record.Reasons() {
		c.know(outcomeKey{result: resultQuarantined, reason: reason})
		c.refusal[reason] = metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", reason)))
	}
	for _, reason := range []string{refusedRate, refusedQuota} {
		c.refusal[reason] = metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", reason)))
	}
	for result, word := range macWords {
		c.macs[result] = metric.WithAttributeSet(attribute.NewSet(attribute.String("mac", word)))
	}
	for _, action := range append(slices.Clone(actions), "") {
		if action != "" {
			c.actions[action] = action
		}
		for _, outcome := range []string{record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied, record.OutcomeUnknown} {
			c.know(outcomeKey{result: resultAudit, outcome: outcome, action: action})
		}
	}
	return c
}

func (c *counters) know(key outcomeKey) {
	labels := []attribute.KeyValue{attribute.String("result", key.result)}
	for _, l := range []struct{ name, value string }{{"outcome", key.outcome}, {"reason", key.reason}, {"action", key.action}} {
		if l.value != "" {
			labels = append(labels, attribute.String(l.name, l.value))
		}
	}
	c.options[key] = metric.WithAttributeSet(attribute.NewSet(labels...))
}

// action returns the label of an action, "" for those not named in the
// configuration.
func (c *counters) action(action string) string { return c.actions[action] }

func (c *counters) add(ctx context.Context, t *tally) {
	for i := range t.entries {
		if n := t.entries[i].n; n > 0 {
			c.telemetry.ProcessorAuditRecords.Add(ctx, n, c.options[t.entries[i].key])
		}
	}
	for result, n := range t.macs {
		if n > 0 {
			c.telemetry.ProcessorAuditOriginMacs.Add(ctx, n, c.macs[result])
		}
	}
	if t.unknown > 0 {
		c.telemetry.ProcessorAuditUnknownActionRecords.Add(ctx, int64(t.unknown))
	}
	if t.first > 0 {
		c.telemetry.ProcessorAuditUnknownActions.Add(ctx, int64(t.first))
	}
	if t.overQuota > 0 {
		c.telemetry.ProcessorAuditOverQuotaRecords.Add(ctx, t.overQuota)
	}
	if t.redacted > 0 {
		c.telemetry.ProcessorAuditRedactedValues.Add(ctx, int64(t.redacted))
	}
}

// refused counts a request that is refused for good, and its audit records.
func (c *counters) refused(ctx context.Context, reason string, records int64) {
	c.telemetry.ProcessorAuditRefusedRequests.Add(ctx, 1, c.refusal[reason])
	c.refusedRecords(ctx, reason, records)
}

// refusedRecords counts audit records that were not passed on.
func (c *counters) refusedRecords(ctx context.Context, reason string, records int64) {
	c.telemetry.ProcessorAuditRefusedRecords.Add(ctx, records, c.refusal[reason])
}

// returned counts the records without audit data of a request that is answered
// with an error: nothing becomes of them until it comes again.
func (c *counters) returned(ctx context.Context, records int64) {
	if records > 0 {
		c.telemetry.ProcessorAuditRecords.Add(ctx, records, c.options[outcomeKey{result: resultReturned}])
	}
}
