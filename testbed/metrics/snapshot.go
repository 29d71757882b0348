package metrics

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Snapshot is one collector's metrics at one time. The zero Snapshot is that of a
// collector that has not started: every sum of it is 0.
type Snapshot struct {
	families map[string]*dto.MetricFamily
}

// maxBytes bounds an exposition; that of a collector has some 100 KB.
const maxBytes = 32 << 20

// Parse reads an exposition in Prometheus' text format.
func Parse(r io.Reader) (Snapshot, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(r, maxBytes))
	if err != nil {
		return Snapshot{}, fmt.Errorf("metrics: %w", err)
	}
	return Snapshot{families: families}, nil
}

// longest is how long a collector may take to say what it has counted.
const longest = 20 * time.Second

// Fetch reads the exposition at url, which ends in /metrics. It takes 20 seconds at
// most.
func Fetch(ctx context.Context, url string) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return Snapshot{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Snapshot{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Snapshot{}, fmt.Errorf("metrics: %s answers %s", url, resp.Status)
	}
	return Parse(resp.Body)
}

// Sum adds up the series of a counter or gauge that have all the labels, given as
// name and value in turn. It is 0 where there is none: a counter appears with the
// first thing it counts.
func (s Snapshot) Sum(name string, labels ...string) float64 {
	total := 0.0
	for _, m := range s.series(name) {
		if matches(m, labels) {
			total += value(m)
		}
	}
	return total
}

// Values are the values that a label has among a family's series, sorted.
func (s Snapshot) Values(name, label string, labels ...string) []string {
	var values []string
	for _, m := range s.series(name) {
		if v, ok := labelOf(m, label); ok && matches(m, labels) && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

func (s Snapshot) series(name string) []*dto.Metric {
	// A reader without without_type_suffix adds _total to counters.
	for _, n := range []string{name, name + "_total"} {
		if family, ok := s.families[n]; ok {
			return family.GetMetric()
		}
	}
	return nil
}

func matches(m *dto.Metric, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if v, _ := labelOf(m, pair[0]); v != pair[1] {
			return false
		}
	}
	return true
}

func labelOf(m *dto.Metric, label string) (string, bool) {
	for _, pair := range m.GetLabel() {
		if pair.GetName() == label {
			return pair.GetValue(), true
		}
	}
	return "", false
}

func value(m *dto.Metric) float64 {
	switch {
	case m.GetCounter() != nil:
		return m.GetCounter().GetValue()
	case m.GetGauge() != nil:
		return m.GetGauge().GetValue()
	}
	return m.GetUntyped().GetValue()
}

// ours says whether a component's id is of a type: audit, or audit/name.
func ours(id, kind string) bool { return id == kind || strings.HasPrefix(id, kind+"/") }
