package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// ofTheCollector are metrics of the Collector itself that the rules, the dashboard
// and the runbook use; the end-to-end tests find them in a running one.
var ofTheCollector = map[string]bool{
	"otelcol_exporter_queue_size":                          true,
	"otelcol_exporter_queue_capacity":                      true,
	"otelcol_exporter_sent_log_records":                    true,
	"otelcol_exporter_enqueue_failed_log_records":          true,
	"otelcol_kafka_receiver_unmarshal_failed_log_records":  true,
	"otelcol_kafka_receiver_offset_lag":                    true,
	"otelcol_kafka_receiver_records":                       true,
	"otelcol_process_memory_rss":                           true,
	"otelcol_process_uptime":                               true,
	"otelcol_processor_memory_limiter_refused_log_records": true,
	"otelcol_audit_exporter_commit_duration_bucket":        true,
	"otelcol_audit_exporter_batch_size_bucket":             true,
	"otelcol_audit_journal_sync_duration_bucket":           true,
}

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Record, Expr string
			Annotations         map[string]string
		}
	}
}

func rules(t *testing.T) (file ruleFile) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal([]byte(readDocument(t, "monitoring/rules.yaml")), &file))
	return file
}

// TestRules runs what promtool knows to test, with the cases beside the rules.
func TestRules(t *testing.T) {
	for _, args := range [][]string{
		{"check", "rules", "monitoring/rules.yaml"},
		{"check", "config", "monitoring/prometheus.yaml"},
		{"test", "rules", "monitoring/rules_test.yaml"},
	} {
		out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
		require.NoError(t, err, "promtool %s (scripts/need-promtool installs it):\n%s", strings.Join(args, " "), out)
	}
}

// TestMonitoringNamesWhatIsThere holds every name of the rules and the dashboard
// against what the components emit and what the rules record.
func TestMonitoringNamesWhatIsThere(t *testing.T) {
	there := map[string]bool{}
	components, err := filepath.Glob("../*/documentation.md")
	require.NoError(t, err)
	for _, component := range components {
		for _, match := range regexp.MustCompile(`(?m)^### (otelcol_\w+)$`).FindAllStringSubmatch(readDocument(t, component), -1) {
			there[match[1]] = true
		}
	}
	file := rules(t)
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			there[rule.Record] = true
		}
	}
	for _, name := range []string{"monitoring/rules.yaml", "monitoring/rules_test.yaml", "monitoring/dashboard.json"} {
		named := regexp.MustCompile(`\b(otelcol_\w+|otelaudit:\w+(:\w+)?)`).FindAllString(readDocument(t, name), -1)
		require.NotEmpty(t, named)
		for _, metric := range named {
			assert.True(t, there[metric] || ofTheCollector[metric], "%s names %s, which nothing emits", name, metric)
		}
	}
}

// comparedWith are metrics of the Collector that alerts hold others against.
var comparedWith = map[string]bool{
	"otelcol_process_uptime":          true,
	"otelcol_exporter_queue_capacity": true,
	"otelcol_kafka_receiver_records":  true,
}

// TestEveryAlertHasARunbook follows each alert's link to the section that names it.
func TestEveryAlertHasARunbook(t *testing.T) {
	runbook := readDocument(t, "runbook.md")
	alerts := 0
	for _, group := range rules(t).Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			alerts++
			anchor, ok := strings.CutPrefix(rule.Annotations["runbook"], "docs/runbook.md#")
			require.True(t, ok, rule.Alert)
			heading := regexp.MustCompile(`(?mi)^## ` + strings.ReplaceAll(anchor, "-", " ") + "\n").FindStringIndex(runbook)
			require.NotNil(t, heading, rule.Alert)
			section, _, _ := strings.Cut(runbook[heading[1]:], "\n## ")
			if !strings.Contains(section, "`"+rule.Alert+"`") {
				t.Errorf("the runbook's section %s does not name %s", anchor, rule.Alert)
			}
			assert.Contains(t, readDocument(t, "telemetry.md"), "`"+rule.Alert+"`", "telemetry.md lists every alert")
			assert.Contains(t, readDocument(t, "monitoring/rules_test.yaml"), rule.Alert, "every alert is tested")
			for _, metric := range regexp.MustCompile(`\botelcol_\w+`).FindAllString(rule.Expr, -1) {
				if !comparedWith[metric] && !strings.Contains(runbook, metric) {
					t.Errorf("%s: the runbook does not say what to do about %s", rule.Alert, metric)
				}
			}
		}
	}
	assert.Greater(t, alerts, 15)
}

// TestDashboard reads the dashboard, which has one panel that must read zero and
// shows what no alert is about.
func TestDashboard(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal([]byte(readDocument(t, "monitoring/dashboard.json")), &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	assert.Equal(t, "Lost: must read zero", dashboard.Panels[0].Title)
	assert.Contains(t, dashboard.Panels[0].Targets[0].Expr, "otelaudit:lost_records")
	_, unalerted, _ := strings.Cut(readDocument(t, "telemetry.md"), "None of the rules alerts on")
	unalerted, _, found := strings.Cut(unalerted, "look at them with the dashboard")
	require.True(t, found)
	for _, metric := range regexp.MustCompile(`otelcol_\w+`).FindAllString(unalerted, -1) {
		if !strings.Contains(readDocument(t, "monitoring/dashboard.json"), metric) {
			t.Errorf("telemetry.md leaves %s to the dashboard, which does not have it", metric)
		}
	}
	var queries strings.Builder
	queries.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Targets, panel.Title)
		for j, target := range panel.Targets {
			query, err := json.Marshal(strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
			require.NoError(t, err)
			fmt.Fprintf(&queries, "      - {record: 'panel:%d:%d', expr: %s}\n", i, j, query)
		}
	}
	file := filepath.Join(t.TempDir(), "queries.yaml")
	require.NoError(t, os.WriteFile(file, []byte(queries.String()), 0o600))
	out, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", file).CombinedOutput()
	require.NoError(t, err, "every query of the dashboard is one:\n%s", out)
}
