package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/testbed/child"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// TestRulesReadACollector lets a real Prometheus with the shipped rules read real
// collectors: every rule is evaluated, the one that must read zero does, and what
// the rules and the dashboard name of the Collector itself is there.
func TestRulesReadACollector(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	both := withJournal(t, newDatabase(t), bothRequired, "[]").start()
	queued := deploy(t, "durable.yaml", newDatabase(t).environment()).start()
	g := generator("rules", loadgen.Options{Tenants: 2, OrdinaryShare: 0.3})
	ledger := loadgen.NewLedger()
	for _, d := range []*deployment{both, queued} {
		logs, events := g.Request(100)
		for range 2 {
			require.NoError(t, loadgen.Deliver(within(t, patience), d.client(), logs, events, ledger, loadgen.Patient))
		}
	}
	p := startPrometheus(t, both, queued)
	eventually(t, func() bool {
		return len(p.query(t, "otelaudit:lost_records == 0")) == 2 && len(p.query(t, "otelaudit:queue_lost_records == 0")) == 1
	}, "nothing is lost, and that is known of both")
	assert.Empty(t, p.query(t, "otelaudit:lost_records > 0"))
	assert.Len(t, p.query(t, `otelaudit:passage_lost_records == 0`), 2, "each required sink")
	assert.Empty(t, p.unhealthyRules(t))
	var firing []string
	for _, alert := range p.query(t, `ALERTS{alertstate="firing"}`) {
		firing = append(firing, alert["alertname"])
	}
	assert.Empty(t, firing, "all is well")
	for _, name := range []string{
		"otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity", "otelcol_process_memory_rss", "otelcol_process_uptime",
		"otelcol_audit_exporter_commit_duration_bucket", "otelcol_audit_exporter_batch_size_bucket", "otelcol_audit_journal_sync_duration_bucket",
	} {
		assert.NotEmpty(t, p.query(t, name), name)
	}
}

// prometheus is a running one.
type prometheus struct{ url string }

// startPrometheus runs a Prometheus with the shipped rules that reads collectors
// every second.
func startPrometheus(t *testing.T, collectors ...*deployment) *prometheus {
	t.Helper()
	root, err := collector.Root()
	require.NoError(t, err)
	shipped, err := os.ReadFile(filepath.Join(root, "docs", "monitoring", "rules.yaml"))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), shipped, 0o600))
	var targets []string
	for _, d := range collectors {
		targets = append(targets, `"127.0.0.1:`+d.env["TESTBED_METRICS"]+`"`)
	}
	config := "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yaml]\nscrape_configs:\n" +
		"  - job_name: otelaudit\n    static_configs: [{targets: [" + strings.Join(targets, ", ") + "]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(config), 0o600))
	address := "127.0.0.1:" + port(t)
	p, err := child.Start(exec.Command("prometheus", "--config.file", filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", address))
	require.NoError(t, err, "scripts/need-promtool installs it")
	t.Cleanup(func() { assert.NoError(t, p.Kill()) })
	return &prometheus{url: "http://" + address}
}

// query returns the labels of what a query finds now; nothing while Prometheus does
// not answer.
func (p *prometheus) query(t *testing.T, expr string) (found []map[string]string) {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if !p.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &answer) {
		return nil
	}
	for _, r := range answer.Data.Result {
		found = append(found, r.Metric)
	}
	return found
}

// unhealthyRules are the rules that could not be evaluated, with why.
func (p *prometheus) unhealthyRules(t *testing.T) (wrong []string) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	require.True(t, p.get(t, "/api/v1/rules", &answer))
	rules := 0
	for _, group := range answer.Data.Groups {
		rules += len(group.Rules)
		for _, rule := range group.Rules {
			if rule.Health != "ok" {
				wrong = append(wrong, rule.Name+": "+rule.Health+" "+rule.LastError)
			}
		}
	}
	require.Greater(t, rules, 20)
	return wrong
}

func (p *prometheus) get(t *testing.T, path string, into any) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(into) == nil
}
