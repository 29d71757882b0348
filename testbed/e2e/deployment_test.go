package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/metrics"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
	"github.com/otelaudit/otelaudit/testbed/reconcile"
)

// pair guards taking slots: see acquire.
var pair sync.Mutex

// slots bounds how many collectors run at the same time: more would only wait
// for each other.
var slots = make(chan struct{}, 2)

// acquire takes n slots until the test ends. A test that needs two collectors
// takes both at once, so that two such tests cannot wait for each other.
func acquire(t *testing.T, n int) {
	t.Helper()
	pair.Lock()
	for range n {
		slots <- struct{}{}
	}
	pair.Unlock()
	t.Cleanup(func() {
		for range n {
			<-slots
		}
	})
}

// patience bounds every wait for something that takes a moment.
const patience = 20 * time.Second

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// deployment is a collector with its configuration, its ports and its database.
// The collector may be stopped and started again.
type deployment struct {
	t       *testing.T
	config  string // the YAML
	dir     string
	env     map[string]string
	grpc    string // host:port
	http    string // URL
	process *collector.Process
	secrets []string // must never be in the log
	starts  int      // of the collector
}

// deploy prepares a deployment of testdata/NAME; start starts it.
func deploy(t *testing.T, name string, env map[string]string) *deployment {
	t.Helper()
	config, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	d := &deployment{t: t, config: string(config), dir: t.TempDir(), env: map[string]string{}}
	d.grpc = "127.0.0.1:" + port(t)
	httpAddress := "127.0.0.1:" + port(t)
	d.http = "http://" + httpAddress
	d.env["TESTBED_GRPC"] = d.grpc
	d.env["TESTBED_HTTP"] = httpAddress
	d.env["TESTBED_HEALTH"] = "127.0.0.1:" + port(t)
	d.env["TESTBED_METRICS"] = port(t)
	d.env["TESTBED_DIR"] = d.dir
	d.env["AUDIT_JOURNAL_DIR"] = filepath.Join(d.dir, "journal")
	d.env["AUDIT_JOURNAL_ANCHOR_FILE"] = filepath.Join(d.dir, "journal-anchors")
	maps.Copy(d.env, env)
	if u, err := url.Parse(d.env["AUDIT_WRITER_URL"]); err == nil {
		if password, ok := u.User.Password(); ok {
			d.secrets = append(d.secrets, password)
		}
	}
	t.Cleanup(d.close)
	return d
}

func port(t *testing.T) string {
	t.Helper()
	p, err := collector.FreePort()
	require.NoError(t, err)
	return strconv.Itoa(p)
}

// launch starts the collector without waiting.
func (d *deployment) launch() {
	d.t.Helper()
	binary, err := collector.Binary()
	require.NoError(d.t, err)
	o := collector.Options{Binary: binary, Config: d.config, Dir: d.dir, Health: "http://" + d.env["TESTBED_HEALTH"] + "/"}
	for k, v := range d.env {
		o.Env = append(o.Env, k+"="+v)
	}
	d.process, err = collector.Start(o)
	require.NoError(d.t, err)
	d.starts++
}

// start starts the collector and waits until its health is good.
func (d *deployment) start() *deployment {
	d.t.Helper()
	d.launch()
	require.NoError(d.t, d.process.WaitHealth(within(d.t, patience), 200))
	return d
}

// stop ends the collector by SIGTERM, which must go well.
func (d *deployment) stop() {
	d.t.Helper()
	require.NoError(d.t, d.process.Terminate(within(d.t, patience)), d.process.Log())
}

// close ends the collector and looks for what must never be in its log. Before,
// its metrics must add up.
func (d *deployment) close() {
	if d.process == nil {
		return
	}
	d.balanced()
	_ = d.process.Signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if d.process.Wait(ctx) != nil {
		d.process.Kill()
	}
	log := d.process.Log()
	for _, leak := range d.leaks(log) {
		d.t.Errorf("the collector's log holds %q", leak)
	}
	if d.t.Failed() {
		d.t.Logf("log of the collector:\n%s", last(log, 6000))
	}
}

// balanced checks, from the metrics alone, that the collector has counted every
// record that reached it since its start as stored, duplicate, quarantined or
// refused. What a durable queue delivers from before a restart is in no count of
// what came.
func (d *deployment) balanced() {
	shown := strings.Contains(d.config, "TESTBED_METRICS") || strings.Contains(d.config, "AUDIT_METRICS_PORT")
	if d.t.Failed() || !shown || d.starts > 1 && d.queues() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	for d.process.Running() {
		now, unanswered := metrics.Fetch(ctx, d.metricsURL())
		if ctx.Err() != nil {
			d.t.Error(cmp.Or(err, unanswered))
			return
		}
		if err = cmp.Or(unanswered, metrics.Check(metrics.Snapshot{}, now)); err == nil {
			return
		}
		if errors.Is(err, metrics.ErrNoPlace) && (now.Sum("otelcol_receiver_accepted_log_records") == 0 || !audits.MatchString(d.config)) {
			return // nothing came, or it is no collector of audit records
		}
		time.Sleep(50 * time.Millisecond) // what is in flight has its time
	}
}

var (
	audits   = regexp.MustCompile(`(?m)^ {2}audit[a-z_]*(/\w+)?:`)
	comment  = regexp.MustCompile(`(?m)^\s*#.*$`)
	aQueue   = regexp.MustCompile(`sending_queue:`)
	disabled = regexp.MustCompile(`sending_queue:\s*(\{\s*)?enabled: false`)
)

// queues says whether the configuration has a queue that is on.
func (d *deployment) queues() bool {
	config := comment.ReplaceAllString(d.config, "")
	return len(aQueue.FindAllString(config, -1)) > len(disabled.FindAllString(config, -1))
}

func (d *deployment) metricsURL() string {
	return "http://127.0.0.1:" + d.env["TESTBED_METRICS"] + "/metrics"
}

// leaks are the secrets, connection strings and payloads found in a log.
func (d *deployment) leaks(log string) []string {
	forbidden := append([]string{
		"hunter2", // every password, token and key that the tests send
		"lg-",     // every marker of the load generator, a payload
		"postgres://", "postgresql://",
		"PRIVATE+KEY",
	}, d.secrets...)
	var found []string
	for _, text := range forbidden {
		if i := strings.Index(log, text); i >= 0 {
			found = append(found, log[max(0, i-80):min(len(log), i+len(text)+40)])
		}
	}
	return found
}

func last(text string, n int) string {
	if len(text) > n {
		return "…" + text[len(text)-n:]
	}
	return text
}

// client is an OTLP/gRPC client of the collector.
func (d *deployment) client() *otlpclient.GRPC {
	d.t.Helper()
	return d.clientAs("", "")
}

func (d *deployment) clientAs(username, password string) *otlpclient.GRPC {
	d.t.Helper()
	c, err := otlpclient.DialGRPC(d.grpc, otlpclient.Options{Username: username, Password: password})
	require.NoError(d.t, err)
	d.t.Cleanup(func() { _ = c.Close() })
	return c
}

// tally fails the test unless the database holds what the ledger says, each
// event once.
func tally(t *testing.T, auditorURL, run string, ledger *loadgen.Ledger) reconcile.Report {
	t.Helper()
	report, err := reconcile.Reckon(within(t, patience), connect(t, auditorURL), run, ledger)
	require.NoError(t, err)
	require.True(t, report.Clean(), report.String())
	return report
}

// reckon is tally, and the whole database must be consistent in itself.
func reckon(t *testing.T, db *databaseURLs, run string, ledger *loadgen.Ledger) reconcile.Report {
	t.Helper()
	report := tally(t, db.Auditor, run, ledger)
	consistent(t, db)
	return report
}

// consistent fails the test unless the database is what its collectors signed,
// by their public key and by what each of them remembers.
func consistent(t *testing.T, db *databaseURLs) {
	t.Helper()
	contradictions, err := reconcile.Inconsistencies(within(t, 4*patience), connect(t, db.Auditor))
	require.NoError(t, err)
	require.Empty(t, contradictions)
	report := verified(t, db)
	require.Equal(t, verify.Intact, report.Verdict, "%+v", report)
}

// verified is what an auditor finds out about the store.
func verified(t *testing.T, db *databaseURLs) *verify.Report {
	t.Helper()
	trust, err := keys.LoadTrust(db.Trust)
	require.NoError(t, err)
	report, err := verify.Store(within(t, time.Minute), verify.Options{
		Database: store.Options{URL: db.Auditor}, Trust: trust, Anchors: db.anchors(t),
	})
	require.NoError(t, err)
	return report
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t, patience), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// eventually waits until f is true.
func eventually(t *testing.T, f func() bool, what string, args ...any) {
	t.Helper()
	eventuallyIn(t, patience, f, what, args...)
}

// eventuallyIn is eventually for what may take longer.
func eventuallyIn(t *testing.T, patience time.Duration, f func() bool, what string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen within %s: %s", patience, fmt.Sprintf(what, args...))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// generator makes load for a test; run is unique to it.
func generator(run string, o loadgen.Options) *loadgen.Generator {
	o.Run = run
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Start.IsZero() {
		o.Start = time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	}
	return loadgen.New(o)
}
