package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// result is one line of the table; a figure that the case does not have is null.
type result struct {
	Case                   string   `json:"case"`
	Size                   string   `json:"size"` // of an event: small, ordinary or large
	ClientBatch            int      `json:"client_batch"`
	Tenants                int      `json:"tenants"`
	Callers                int      `json:"callers"`
	RowsBefore             int      `json:"rows_before"`
	Events                 int      `json:"events"`
	EventBytes             *float64 `json:"event_bytes"` // of OTLP, its share of the request's resource included
	EventsPerSecond        float64  `json:"events_per_second"`
	RatioToCopy            *float64 `json:"ratio_to_copy"`
	RatioToInsert          *float64 `json:"ratio_to_insert"`
	Sinks                  string   `json:"sinks"`             // what was written to; "" for a limit
	RatioToUnsigned        *float64 `json:"ratio_to_unsigned"` // to the same with integrity off
	RatioToOneSink         *float64 `json:"ratio_to_one_sink"` // to the same without the journal
	RatioToPeers           *float64 `json:"ratio_to_peers"`    // to the fastest of them, without indexes
	RatioToFewRows         *float64 `json:"ratio_to_few_rows"` // to the same on the smallest store of its phase
	P50Milliseconds        *float64 `json:"p50_ms"`
	P99Milliseconds        *float64 `json:"p99_ms"`
	CollectorCPUMicros     *float64 `json:"collector_cpu_us_per_event"` // of a peer where that was measured
	ServerCPUMicros        *float64 `json:"server_cpu_us_per_event"`
	ClientCPUMicros        *float64 `json:"client_cpu_us_per_event"`
	Retries                int      `json:"retries"`
	PeakRSSMebibytes       *float64 `json:"peak_rss_mib"`        // of the collector, or of a peer
	ServerPeakMebibytes    *float64 `json:"server_peak_rss_mib"` // private memory of all its processes, without shared buffers
	BytesPerEvent          *float64 `json:"bytes_per_event"`     // on disk: tables and indexes
	RatioToCopyWithoutIdxs *float64 `json:"ratio_to_copy_without_indexes"`
	Arrived                *int     `json:"arrived"` // of a peer's events
	Note                   string   `json:"note"`
}

// The cases that others are compared with.
const (
	caseEndToEnd = "end_to_end"
	caseAlone    = "end_to_end_one_caller"
	caseNop      = "nop_exporter"
	caseOverload = "overload_database_down"
	caseGrowth   = "growth"
	caseSinks    = "sinks"
)

// identity is what makes two results the same case.
type identity struct {
	name, size, sinks               string
	batch, tenants, callers, events int
}

func (r *result) identity() identity {
	i := identity{name: r.Case, size: r.Size, sinks: r.Sinks, batch: r.ClientBatch, tenants: r.Tenants, callers: r.Callers}
	if r.Case == caseGrowth {
		i.events = r.RowsBefore
	}
	return i
}

// merge puts new results in the place of those of the same case, and behind the
// others where there is none, so that a table can be made phase by phase.
func merge(before, now []result) []result {
	merged := append([]result{}, before...)
	at := make(map[identity]int)
	for i := range merged {
		at[merged[i].identity()] = i
	}
	for i := range now {
		id := now[i].identity()
		if old, found := at[id]; found {
			merged[old] = now[i]
			continue
		}
		at[id] = len(merged)
		merged = append(merged, now[i])
	}
	return merged
}

func readJSON(path string) ([]result, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var results []result
	err = json.Unmarshal(b, &results)
	return results, err
}

func writeJSON(path string, results []result) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

func perEvent(d time.Duration, events int) *float64 {
	v := float64(d.Microseconds()) / float64(events)
	return &v
}

// find returns the first result that fits, nil where none does.
func find(results []result, fits func(result) bool) *result {
	for i := range results {
		if fits(results[i]) {
			return &results[i]
		}
	}
	return nil
}

// limitConnections is how many connections of COPY are the limit. The commits of
// a tenant follow one another, so that of one tenant is one connection.
func limitConnections(tenants int) int {
	if tenants == 1 {
		return 1
	}
	return 2
}

// relate fills in the ratios of every result to its limits, of which there may
// be none where a phase was left out.
func relate(results []result) {
	for i := range results {
		r := &results[i]
		switch r.Case {
		case caseEndToEnd, caseAlone:
			r.relateToLimits(results)
		case caseSinks:
			r.relateToSinks(results)
		case caseGrowth:
			r.RatioToFewRows = ratio(r, smallest(results, r))
		}
	}
}

func (r *result) relateToLimits(results []result) {
	limit := func(name string, connections int) *result {
		return find(results, func(l result) bool {
			return l.Case == name && l.Size == r.Size && l.Tenants == r.Tenants && l.Callers == connections
		})
	}
	n := limitConnections(r.Tenants)
	r.RatioToCopy = ratio(r, limit(copyCase(n, false), n))
	r.RatioToCopyWithoutIdxs = ratio(r, limit(copyCase(n, true), n))
	r.RatioToInsert = ratio(r, limit(insertCase(1), 1))
	if r.Size == ordinary.name {
		r.RatioToPeers = ratio(r, fastestPeer(results, false))
	}
}

func (r *result) relateToSinks(results []result) {
	other := func(sinks string) *result {
		return find(results, func(o result) bool {
			return o.Case == r.Case && o.Sinks == sinks && o.ClientBatch == r.ClientBatch && o.Tenants == r.Tenants && o.Callers == r.Callers
		})
	}
	if r.Sinks != unsignedStore.name {
		r.RatioToUnsigned = ratio(r, other(unsignedStore.name))
	}
	if r.Sinks == bothSinks.name {
		r.RatioToOneSink = ratio(r, other(signedStore.name))
	}
}

// ratio is how many times as fast r is, nil where there is nothing to compare with.
func ratio(r, to *result) *float64 {
	if to == nil || to.EventsPerSecond == 0 || r == to {
		return nil
	}
	return new(r.EventsPerSecond / to.EventsPerSecond)
}

// smallest is the growth case with the fewest rows among those like r.
func smallest(results []result, r *result) *result {
	var least *result
	for i := range results {
		o := &results[i]
		same := o.Case == caseGrowth && o.ClientBatch == r.ClientBatch && o.Tenants == r.Tenants && o.Callers == r.Callers
		if same && (least == nil || o.RowsBefore < least.RowsBefore) {
			least = o
		}
	}
	return least
}

// fastestPeer is the fastest of those that keep as many indexes or of those that
// keep none; nil where none was measured.
func fastestPeer(results []result, indexes bool) *result {
	var fastest *result
	for i := range results {
		r := &results[i]
		fits := r.Arrived != nil && strings.HasSuffix(r.Case, withIndexes) == indexes
		if fits && (fastest == nil || r.EventsPerSecond > fastest.EventsPerSecond) {
			fastest = r
		}
	}
	return fastest
}
