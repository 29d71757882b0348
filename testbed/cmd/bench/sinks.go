package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// sinks are what a collector writes audit records to.
type sinks struct {
	name    string
	store   bool
	signed  bool // integrity.mode: required, as shipped; otherwise off
	journal bool // the second sink, also required
}

var (
	signedStore   = sinks{name: "store", store: true, signed: true}
	unsignedStore = sinks{name: "store_integrity_off", store: true}
	bothSinks     = sinks{name: "store_and_journal", store: true, signed: true, journal: true}
	noSink        = sinks{name: "nop"}
)

// configure makes the collector's configuration for the sinks.
func (s sinks) configure(extensions, extensionNames string) string {
	var exporters, pipelines []string
	var required []string
	add := func(pipeline, exporter string, lines ...string) {
		required = append(required, pipeline)
		exporters = append(exporters, lines...)
		pipelines = append(pipelines, "    "+pipeline+":", "      receivers: [audit/route]", "      exporters: ["+exporter+"]")
	}
	integrity := []string{"    integrity:", "      key_file: ${env:BENCH_KEY_FILE}"}
	switch {
	case s.store && s.signed:
		add("logs/audit", "audit", append([]string{"  audit:", "    url: ${env:BENCH_WRITER_URL}"}, append(integrity, "      anchor_file: ${env:BENCH_DIR}/anchors")...)...)
	case s.store:
		add("logs/audit", "audit", "  audit:", "    url: ${env:BENCH_WRITER_URL}", "    integrity:", "      mode: off")
	default:
		add("logs/audit", "nop")
	}
	if s.journal {
		add("logs/journal", "auditjournal", append([]string{
			"  auditjournal:", "    directory: ${env:BENCH_DIR}/journal", "    anchor_file: ${env:BENCH_DIR}/journal-anchors",
		}, integrity...)...)
	}
	return strings.NewReplacer(
		"${EXPORTERS}", strings.Join(exporters, "\n"), "${PIPELINES}", strings.Join(pipelines, "\n"),
		"${REQUIRED}", strings.Join(required, ", "), "${EXTENSIONS}", extensions, "${EXTENSION_NAMES}", extensionNames,
	).Replace(configuration)
}

// compareSinks measures what signing and the second sink cost, in turns, so that
// whatever else the machine does meets all of them.
func (b *bench) compareSinks(ctx context.Context) error {
	workloads := []workload{
		{batch: 1000, tenants: 1, callers: 8, events: b.scaled(200_000), size: ordinary},
		{batch: 1000, tenants: 100, callers: 8, events: b.scaled(200_000), size: ordinary},
		{batch: 100, tenants: 1, callers: 32, events: b.scaled(150_000), size: ordinary},
		{batch: 1, tenants: 100, callers: 256, events: b.scaled(40_000), size: ordinary},
	}
	if b.quick {
		workloads = workloads[:1]
	}
	for _, w := range workloads {
		kinds := []sinks{unsignedStore, signedStore, bothSinks}
		runs := make([][]result, len(kinds))
		for range b.repeats {
			for i, kind := range kinds {
				r, _, err := b.endToEnd(ctx, caseSinks, w, kind)
				if err != nil {
					return err
				}
				runs[i] = append(runs[i], r)
			}
		}
		middle := make([]result, len(kinds))
		for i := range runs {
			middle[i] = middleOf(runs[i])
		}
		b.results = append(b.results, middle...)
	}
	return nil
}

// middleOf is the median by events per second.
func middleOf(runs []result) result {
	slices.SortFunc(runs, func(x, y result) int { return cmp.Compare(x.EventsPerSecond, y.EventsPerSecond) })
	return runs[len(runs)/2]
}
