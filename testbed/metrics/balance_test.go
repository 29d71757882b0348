package metrics_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/metrics"
)

// exposition is a collector that took 130 records, 30 of them ordinary and 20 of a
// request that was refused, and stored them in one of two sinks while the other
// was away for one attempt.
const exposition = `# TYPE otelcol_processor_incoming_items counter
otelcol_processor_incoming_items{otel_signal="logs",processor="audit"} 130
# TYPE otelcol_processor_audit_records counter
otelcol_processor_audit_records{outcome="success",result="audit"} 70
otelcol_processor_audit_records{reason="malformed",result="quarantined"} 10
otelcol_processor_audit_records{result="ordinary"} 25
otelcol_processor_audit_records{result="returned"} 5
# TYPE otelcol_processor_audit_refused_records counter
otelcol_processor_audit_refused_records{reason="rate_limit"} 20
# TYPE otelcol_connector_audit_sink_records counter
otelcol_connector_audit_sink_records{requirement="required",result="accepted",sink="logs/audit"} 80
otelcol_connector_audit_sink_records{requirement="required",result="accepted",sink="logs/journal"} 40
otelcol_connector_audit_sink_records{requirement="required",result="failed",sink="logs/journal"} 40
# TYPE otelcol_audit_exporter_received_records counter
otelcol_audit_exporter_received_records{exporter="audit"} 80
# TYPE otelcol_audit_exporter_stored_records counter
otelcol_audit_exporter_stored_records{exporter="audit",outcome="success"} 30
otelcol_audit_exporter_stored_records{exporter="audit",outcome="denied"} 5
# TYPE otelcol_audit_exporter_duplicate_records counter
otelcol_audit_exporter_duplicate_records{exporter="audit"} 35
# TYPE otelcol_audit_exporter_quarantined_records counter
otelcol_audit_exporter_quarantined_records{exporter="audit",reason="malformed"} 10
# TYPE otelcol_audit_exporter_waiting_records gauge
otelcol_audit_exporter_waiting_records{exporter="audit"} 0
# TYPE otelcol_audit_journal_received_records counter
otelcol_audit_journal_received_records{exporter="auditjournal"} 80
# TYPE otelcol_audit_journal_refused_records counter
otelcol_audit_journal_refused_records{exporter="auditjournal",reason="unavailable"} 40
# TYPE otelcol_audit_journal_written_entries counter
otelcol_audit_journal_written_entries{exporter="auditjournal"} 40
# TYPE otelcol_process_uptime gauge
otelcol_process_uptime 10
`

func parse(t *testing.T, text string) metrics.Snapshot {
	t.Helper()
	s, err := metrics.Parse(strings.NewReader(text))
	require.NoError(t, err)
	return s
}

func TestEquationHolds(t *testing.T) {
	now := parse(t, exposition)
	require.NoError(t, metrics.Check(metrics.Snapshot{}, now))
	require.NoError(t, metrics.Check(now, now))
	balances := metrics.Balances(metrics.Snapshot{}, now)
	require.Len(t, balances, 5, "%v", balances)
}

// TestEveryFigureCounts changes each figure by one: each is in an equation.
func TestEveryFigureCounts(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(exposition), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "otelcol_process_uptime") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		var n int
		_, err := fmt.Sscan(line[at+1:], &n)
		require.NoError(t, err)
		changed := append([]string(nil), lines...)
		changed[i] = fmt.Sprintf("%s %d", line[:at], n+1)
		require.ErrorContains(t, metrics.Check(metrics.Snapshot{}, parse(t, strings.Join(changed, "\n")+"\n")), "do not add up", line)
	}
}

// TestQueue holds an agent to what its queue was given.
func TestQueue(t *testing.T) {
	queue := `otelcol_processor_incoming_items{otel_signal="logs",processor="audit"} 30
otelcol_processor_audit_records{outcome="success",result="audit"} 30
otelcol_exporter_queue_capacity{data_type="logs",exporter="audit_forward"} 1000
otelcol_exporter_queue_size{data_type="logs",exporter="audit_forward"} %d
otelcol_exporter_sent_log_records{exporter="audit_forward"} %d
otelcol_exporter_enqueue_failed_log_records{exporter="audit_forward"} 5
`
	require.NoError(t, metrics.Check(metrics.Snapshot{}, parse(t, fmt.Sprintf(queue, 0, 25))))
	require.Error(t, metrics.Check(metrics.Snapshot{}, parse(t, fmt.Sprintf(queue, 1, 25))), "something is in the queue")
	require.ErrorContains(t, metrics.Check(metrics.Snapshot{}, parse(t, fmt.Sprintf(queue, 0, 24))), "lost 1")
}

func TestRestartIsNoBalance(t *testing.T) {
	before := parse(t, exposition)
	after := parse(t, strings.ReplaceAll(exposition, "uptime 10", "uptime 3"))
	require.ErrorContains(t, metrics.Check(before, after), "started anew")
	require.ErrorContains(t, metrics.Check(before, metrics.Snapshot{}), "empty")
}

func TestUnreadable(t *testing.T) {
	_, err := metrics.Parse(strings.NewReader("otelcol{ 1\n"))
	require.Error(t, err)
}

// TestSeveralExporters holds the processor against the sum of exporters that each
// have some tenants.
func TestSeveralExporters(t *testing.T) {
	const two = `otelcol_processor_incoming_items{otel_signal="logs",processor="audit"} 30
otelcol_processor_audit_records{outcome="success",result="audit"} 30
otelcol_audit_exporter_received_records{exporter="audit/acme"} 10
otelcol_audit_exporter_stored_records{exporter="audit/acme"} 10
otelcol_audit_exporter_received_records{exporter="audit/others"} 20
otelcol_audit_exporter_stored_records{exporter="audit/others"} 20
`
	require.NoError(t, metrics.Check(metrics.Snapshot{}, parse(t, two)))
	lost := strings.ReplaceAll(two, `"audit/others"} 20`, `"audit/others"} 19`)
	require.ErrorContains(t, metrics.Check(metrics.Snapshot{}, parse(t, lost)), "way to exporters audit/acme, audit/others: in 30")
}

// TestNoPlaceIsNoBalance: of a collector in which nothing is found, nothing is
// known.
func TestNoPlaceIsNoBalance(t *testing.T) {
	require.ErrorContains(t, metrics.Check(metrics.Snapshot{}, parse(t, "otelcol_process_uptime 10\n")), "no place")
}

// TestDoubleCountIsFound: what one place counts twice does not hide what another
// loses.
func TestDoubleCountIsFound(t *testing.T) {
	twice := strings.Replace(exposition, `outcome="success"} 30`, `outcome="success"} 31`, 1)
	require.ErrorContains(t, metrics.Check(metrics.Snapshot{}, parse(t, twice)), "lost -1")
}
