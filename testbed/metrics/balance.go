package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Balance is the equation of one place that records go through: In = Passed +
// Stored + Duplicate + Quarantined + Refused + Waiting. A record counts once for
// each attempt of its sender.
type Balance struct {
	Place string // what the figures are of

	In          int64
	Passed      int64 // to the next place, where they are counted again
	Stored      int64
	Duplicate   int64
	Quarantined int64
	Refused     int64
	Waiting     int64 // in flight
}

// Lost is what came in and is in none of the other figures; negative where
// something is counted twice.
func (b Balance) Lost() int64 {
	return b.In - b.Passed - b.Stored - b.Duplicate - b.Quarantined - b.Refused - b.Waiting
}

// String is the equation in figures.
func (b Balance) String() string {
	return fmt.Sprintf("%s: in %d = passed %d + stored %d + duplicate %d + quarantined %d + refused %d + waiting %d, lost %d",
		b.Place, b.In, b.Passed, b.Stored, b.Duplicate, b.Quarantined, b.Refused, b.Waiting, b.Lost())
}

// quantity is a figure of a snapshot.
type quantity func(s Snapshot) float64

func metric(name string, labels ...string) quantity {
	return func(s Snapshot) float64 { return s.Sum(name, labels...) }
}

func plus(terms ...quantity) quantity {
	return func(s Snapshot) (total float64) {
		for _, term := range terms {
			total += term(s)
		}
		return total
	}
}

// place is a Balance not yet in figures.
type place struct {
	name                                                string
	in, passed, stored, duplicate, quarantined, refused quantity
	waiting                                             quantity
}

// toRecords are all records that the audit processors passed on as audit.
var toRecords = plus(metric(processed, "result", "audit"), metric(processed, "result", "quarantined"))

// The metrics of which more than one place has a figure.
const (
	processed = "otelcol_processor_audit_records"
	incoming  = "otelcol_processor_incoming_items"
	offered   = "otelcol_connector_audit_sink_records"
)

// Balances are the equations of a collector between two snapshots, of which
// before may be the zero Snapshot.
func Balances(before, after Snapshot) []Balance {
	var balances []Balance
	for _, p := range places(after) {
		of := func(q quantity) int64 {
			if q == nil {
				return 0
			}
			return int64(q(after) - q(before))
		}
		balances = append(balances, Balance{
			Place: p.name, In: of(p.in), Passed: of(p.passed), Stored: of(p.stored), Duplicate: of(p.duplicate),
			Quarantined: of(p.quarantined), Refused: of(p.refused), Waiting: of(p.waiting),
		})
	}
	return balances
}

// ErrNoPlace is of a collector without any figure that an equation is made of:
// nothing is known of it.
var ErrNoPlace = errors.New("metrics: the snapshot has no place that records go through: nothing can be compared")

// Check fails where an equation does not hold, something is still in flight, no
// place is found, or the collector was started anew between the snapshots: then
// there is nothing to compare. Nobody may be sending, and durable queues must be empty.
func Check(before, after Snapshot) error {
	if len(after.families) == 0 {
		return errors.New("metrics: the second snapshot is empty")
	}
	if restarted(before, after) {
		return errors.New("metrics: the collector was started anew between the snapshots: its counters began at 0")
	}
	balances := Balances(before, after)
	if len(balances) == 0 {
		return ErrNoPlace
	}
	var wrong []string
	for _, b := range balances {
		if b.Lost() != 0 || b.Waiting != 0 {
			wrong = append(wrong, b.String())
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("metrics: the figures do not add up:\n%s", strings.Join(wrong, "\n"))
	}
	return nil
}

func restarted(before, after Snapshot) bool {
	const uptime = "otelcol_process_uptime"
	return len(before.families) > 0 && after.Sum(uptime) < before.Sum(uptime)
}

// places are the places that records go through in this collector.
func places(s Snapshot) []place {
	found := processors(s)
	found = append(found, sinks(s)...)
	return append(found, exporters(s)...)
}

// processors is the audit processors, together: their own counts against what the
// Collector counts in front of them.
func processors(s Snapshot) []place {
	var in []quantity
	for _, id := range s.Values(incoming, "processor") {
		if ours(id, "audit") {
			in = append(in, metric(incoming, "processor", id, "otel_signal", "logs"))
		}
	}
	if in == nil {
		return nil
	}
	return []place{{
		name:    "processor",
		in:      plus(in...),
		passed:  plus(toRecords, metric(processed, "result", "ordinary"), metric(processed, "result", "dropped")),
		refused: plus(metric("otelcol_processor_audit_refused_records"), metric(processed, "result", "returned")),
	}}
}

// sinks is the way from the processor to each required sink, and into the queue of
// an exporter that has one: nothing may be gone in between.
func sinks(s Snapshot) (found []place) {
	if len(s.Values(incoming, "processor")) == 0 {
		return nil
	}
	for _, sink := range s.Values(offered, "sink", "requirement", "required") {
		found = append(found, place{name: "way to sink " + sink, in: toRecords, passed: metric(offered, "sink", sink)})
	}
	if len(found) > 0 {
		return found
	}
	for _, id := range s.Values("otelcol_exporter_queue_capacity", "exporter") {
		if !ours(id, "audit") && !ours(id, "audit_forward") {
			continue
		}
		found = append(found, place{
			name: "queue of " + id,
			in:   toRecords, stored: metric("otelcol_exporter_sent_log_records", "exporter", id),
			refused: plus(metric("otelcol_exporter_enqueue_failed_log_records", "exporter", id),
				metric("otelcol_extension_file_storage_refused_log_records", "exporter", id)),
			waiting: metric("otelcol_exporter_queue_size", "exporter", id),
		})
	}
	for _, name := range []string{received, journalReceived} {
		// Each of several has the tenants that are routed to it; a journal beside them
		// has all, and is no part of the sum.
		if ids := s.Values(name, "exporter"); found == nil && len(ids) > 0 {
			found = append(found, place{name: "way to exporters " + strings.Join(ids, ", "), in: toRecords, passed: metric(name)})
		}
	}
	return found
}

// The metrics that tell which exporters there are.
const (
	received        = "otelcol_audit_exporter_received_records"
	journalReceived = "otelcol_audit_journal_received_records"
)

func exporters(s Snapshot) (found []place) {
	for _, id := range s.Values(received, "exporter") {
		of := func(name string) quantity { return metric("otelcol_audit_exporter_"+name+"_records", "exporter", id) }
		found = append(found, place{
			name: "exporter " + id, in: of("received"), stored: of("stored"), duplicate: of("duplicate"),
			quarantined: of("quarantined"), refused: of("refused"), waiting: of("waiting"),
		})
	}
	for _, id := range s.Values(journalReceived, "exporter") {
		of := func(name string) quantity { return metric("otelcol_audit_journal_"+name, "exporter", id) }
		// Quarantine entries are among those written.
		found = append(found, place{
			name: "exporter " + id, in: of("received_records"), stored: of("written_entries"),
			duplicate: of("duplicate_entries"), refused: of("refused_records"), waiting: of("waiting_records"),
		})
	}
	slices.SortFunc(found, func(a, b place) int { return strings.Compare(a.name, b.name) })
	return found
}

// Settle holds a collector at url to its own figures since before: it returns the
// figures that it has read last and what of them does not add up (nil if all does),
// after what is in flight has had until ctx ends to be decided, and an error when the
// collector does not answer.
func Settle(ctx context.Context, url string, before Snapshot) (after Snapshot, wrong, err error) {
	for {
		after, err = Fetch(context.WithoutCancel(ctx), url)
		if err != nil {
			return after, nil, err
		}
		wrong = Check(before, after)
		if wrong == nil {
			return after, nil, nil
		}
		select {
		case <-ctx.Done():
			return after, wrong, nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}
