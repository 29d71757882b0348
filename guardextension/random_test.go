package guardextension

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// maker fills pdata at random and remembers, by recursion, how deep it went.
type maker struct {
	*rand.Rand
	deepest int
}

func newMaker(seed uint64) *maker { return &maker{Rand: rand.New(rand.NewPCG(seed, 1))} }

// times runs f between none and three times.
func (m *maker) times(f func()) {
	for range m.IntN(4) {
		f()
	}
}

func (m *maker) text() string {
	return []string{
		"", "a", "invoice.refund", strings.Repeat("long ", 100), "\"quoted\\\" [[[{{{", "line\nline", "日本語",
		// Bytes that read as messages: a text is never one.
		"*\x04\n\x02*\x00", strings.Repeat("\n", 200), string(nestedValue(20)),
	}[m.IntN(10)]
}

// key is one that the map does not have: a second would replace what is counted.
func (m *maker) key(in pcommon.Map) string { return strconv.Itoa(in.Len()) + m.text() }

func (m *maker) attributes(attributes pcommon.Map) {
	m.times(func() { m.value(attributes.PutEmpty(m.key(attributes)), 1) })
}

func (m *maker) value(v pcommon.Value, level int) {
	m.deepest = max(m.deepest, level)
	kind := m.IntN(8)
	if level > 12 {
		kind = m.IntN(5)
	}
	switch kind {
	case 0:
	case 1:
		v.SetStr(m.text())
	case 2:
		v.SetInt(m.Int64() - m.Int64())
	case 3:
		v.SetDouble(m.NormFloat64())
	case 4:
		v.SetEmptyBytes().FromRaw([]byte(m.text()))
	case 5:
		v.SetBool(true)
	case 6:
		list := v.SetEmptySlice()
		m.times(func() { m.value(list.AppendEmpty(), level+1) })
	default:
		members := v.SetEmptyMap()
		m.times(func() { m.value(members.PutEmpty(m.key(members)), level+1) })
	}
}

func (m *maker) scope(s pcommon.InstrumentationScope) {
	s.SetName(m.text())
	m.attributes(s.Attributes())
}

func (m *maker) logs() plog.Logs {
	logs := plog.NewLogs()
	m.times(func() {
		r := logs.ResourceLogs().AppendEmpty()
		r.SetSchemaUrl(m.text())
		m.attributes(r.Resource().Attributes())
		m.times(func() {
			s := r.ScopeLogs().AppendEmpty()
			m.scope(s.Scope())
			m.times(func() {
				lr := s.LogRecords().AppendEmpty()
				lr.SetTimestamp(pcommon.Timestamp(m.Uint64() >> 2))
				lr.SetSeverityNumber(plog.SeverityNumber(m.IntN(25)))
				lr.SetSeverityText(m.text())
				lr.SetEventName(m.text())
				lr.SetTraceID([16]byte{1, 2})
				lr.SetFlags(1)
				m.value(lr.Body(), 1)
				m.attributes(lr.Attributes())
			})
		})
	})
	return logs
}

func (m *maker) traces() ptrace.Traces {
	traces := ptrace.NewTraces()
	m.times(func() {
		r := traces.ResourceSpans().AppendEmpty()
		m.attributes(r.Resource().Attributes())
		m.times(func() {
			s := r.ScopeSpans().AppendEmpty()
			m.scope(s.Scope())
			m.times(func() {
				sp := s.Spans().AppendEmpty()
				sp.SetName(m.text())
				sp.SetSpanID([8]byte{1})
				sp.TraceState().FromRaw(m.text())
				sp.Status().SetMessage(m.text())
				m.attributes(sp.Attributes())
				m.times(func() {
					e := sp.Events().AppendEmpty()
					e.SetName(m.text())
					m.attributes(e.Attributes())
				})
				m.times(func() {
					l := sp.Links().AppendEmpty()
					l.TraceState().FromRaw(m.text())
					m.attributes(l.Attributes())
				})
			})
		})
	})
	return traces
}

func (m *maker) metrics() pmetric.Metrics {
	metrics := pmetric.NewMetrics()
	m.times(func() {
		r := metrics.ResourceMetrics().AppendEmpty()
		m.attributes(r.Resource().Attributes())
		m.times(func() {
			s := r.ScopeMetrics().AppendEmpty()
			m.scope(s.Scope())
			m.times(func() { m.metric(s.Metrics().AppendEmpty()) })
		})
	})
	return metrics
}

func (m *maker) metric(one pmetric.Metric) {
	one.SetName(m.text())
	one.SetDescription(m.text())
	one.SetUnit(m.text())
	m.attributes(one.Metadata())
	switch m.IntN(5) {
	case 0:
		points := one.SetEmptyGauge().DataPoints()
		m.times(func() { m.number(points.AppendEmpty()) })
	case 1:
		points := one.SetEmptySum().DataPoints()
		m.times(func() { m.number(points.AppendEmpty()) })
	case 2:
		points := one.SetEmptyHistogram().DataPoints()
		m.times(func() {
			p := points.AppendEmpty()
			p.BucketCounts().FromRaw([]uint64{1, 2, 3})
			p.ExplicitBounds().FromRaw([]float64{1, 2})
			m.attributes(p.Attributes())
			m.exemplars(p.Exemplars())
		})
	case 3:
		points := one.SetEmptyExponentialHistogram().DataPoints()
		m.times(func() {
			p := points.AppendEmpty()
			p.Positive().BucketCounts().FromRaw([]uint64{1, 1 << 40})
			m.attributes(p.Attributes())
			m.exemplars(p.Exemplars())
		})
	default:
		points := one.SetEmptySummary().DataPoints()
		m.times(func() {
			p := points.AppendEmpty()
			p.QuantileValues().AppendEmpty().SetQuantile(0.5)
			m.attributes(p.Attributes())
		})
	}
}

func (m *maker) number(p pmetric.NumberDataPoint) {
	p.SetIntValue(m.Int64())
	m.attributes(p.Attributes())
	m.exemplars(p.Exemplars())
}

func (m *maker) exemplars(list pmetric.ExemplarSlice) {
	m.times(func() {
		e := list.AppendEmpty()
		e.SetDoubleValue(1)
		m.attributes(e.FilteredAttributes())
	})
}
