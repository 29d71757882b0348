package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/config"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/migrations"
)

const (
	collectorName = "otelcol-audit"
	// Without this gate the collector's health check knows nothing of the audit
	// exporter.
	healthGate   = "--feature-gates=+extension.healthcheck.useComponentStatus"
	startTimeout = 3 * time.Minute // of a machine that is busy building
	stopTimeout  = 20 * time.Second
	tailLines    = 20
)

type devOptions struct {
	data, http, grpc, config, collector string
}

func newDev(sys *System) *cobra.Command {
	o := &devOptions{}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run PostgreSQL and the collector on this machine",
		Long: `Run a private PostgreSQL cluster and the collector until it is interrupted.

The cluster and the key of the log are made in the data directory the first
time; later starts go on with the same data. Every event goes to PostgreSQL and
to the journal in DIR/journal, both signed; DIR/trust is the public key that
verifies them. When everything answers, a line "ready" is printed, and DIR/dev.env
holds the endpoint, one database URL per role and the files of the log.

A configuration given by --config finds the addresses and the database in
AUDIT_HTTP_ENDPOINT, AUDIT_GRPC_ENDPOINT, AUDIT_HEALTH_ENDPOINT, AUDIT_METRICS_HOST,
AUDIT_METRICS_PORT and AUDIT_WRITER_URL, and must serve the first three. The files
of the log are in AUDIT_LOG_KEY_FILE, AUDIT_ANCHOR_FILE, AUDIT_JOURNAL_DIR and
AUDIT_JOURNAL_ANCHOR_FILE.

It needs PostgreSQL's server programs on this machine and the collector,
otelcol-audit, beside this program. PostgreSQL never runs as root: started as
root, it runs as the user postgres or nobody.`,
		Example: `  otelaudit dev
  otelaudit dev --data /tmp/audit --http 127.0.0.1:14318 --grpc 127.0.0.1:14317
  otelaudit dev --config my-collector.yaml`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context(), sys)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", ".dev", "`DIR` of the cluster, the key, the journal and dev.env")
	f.StringVar(&o.http, "http", "127.0.0.1:4318", "`HOST:PORT` for OTLP by HTTP")
	f.StringVar(&o.grpc, "grpc", "127.0.0.1:4317", "`HOST:PORT` for OTLP by gRPC")
	f.StringVar(&o.config, "config", "", "collector configuration `FILE` (default: the one built in)")
	f.StringVar(&o.collector, "collector", "", "`path` of the collector (default: "+collectorName+" beside this program)")
	return cmd
}

// run is `dev` from the first check to the last process ended. An interrupt is
// the ordinary end.
func (o *devOptions) run(ctx context.Context, sys *System) error {
	e, err := o.prepare(ctx, sys)
	if err != nil {
		return interruptedIsFine(ctx, err)
	}
	defer e.lock.Close()
	err = e.serve(ctx)
	if stopErr := e.stop(context.WithoutCancel(ctx)); stopErr != nil {
		return errors.Join(interruptedIsFine(ctx, err), environmentError("see "+e.dir, stopErr))
	}
	return interruptedIsFine(ctx, err)
}

func interruptedIsFine(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// devEnvironment is what one `dev` runs: the cluster, then the collector.
type devEnvironment struct {
	sys        *System
	dir        string
	http, grpc string
	health     string // HOST:PORT of the collector's health check
	metrics    string // HOST:PORT of the collector's own metrics
	config     string // path of the collector's configuration
	binary     string // path of the collector
	lock       *os.File
	cluster    *pglocal.Cluster
	collector  *childProcess
}

// prepare finds out everything that can be wrong before anything is started.
func (o *devOptions) prepare(ctx context.Context, sys *System) (*devEnvironment, error) {
	e := &devEnvironment{sys: sys, http: o.http, grpc: o.grpc}
	var err error
	if e.binary, err = o.findCollector(sys); err != nil {
		return nil, err
	}
	if o.config != "" {
		if e.config, err = filepath.Abs(o.config); err == nil {
			_, err = os.Stat(e.config)
		}
		if err != nil {
			return nil, usageError("", "--config: %w", err)
		}
	}
	if e.dir, err = makeDirectory(o.data); err != nil {
		return nil, environmentError("choose another with --data DIR", fmt.Errorf("--data: %w", err))
	}
	if e.lock, err = lockDirectory(e.dir); err != nil {
		return nil, err
	}
	if err := e.choosePorts(ctx); err != nil {
		e.lock.Close()
		return nil, err
	}
	return e, nil
}

func (o *devOptions) findCollector(sys *System) (string, error) {
	if o.collector != "" {
		path, err := exec.LookPath(o.collector)
		if err != nil {
			return "", usageError("", "--collector: %w", err)
		}
		return filepath.Abs(path)
	}
	if sys.Executable != "" {
		executable, err := filepath.EvalSymlinks(sys.Executable)
		if err != nil {
			executable = sys.Executable
		}
		for _, dir := range []string{filepath.Dir(sys.Executable), filepath.Dir(executable)} {
			if path, err := exec.LookPath(filepath.Join(dir, collectorName)); err == nil {
				return path, nil
			}
		}
	}
	if path, err := exec.LookPath(collectorName); err == nil {
		return filepath.Abs(path)
	}
	return "", environmentError("'make build' builds it beside this program; --collector names another",
		fmt.Errorf("the collector %s is not beside this program and not in PATH", collectorName))
}

// makeDirectory makes the data directory so that PostgreSQL's account can walk
// through it; what is secret in it has modes of its own.
func makeDirectory(path string) (string, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // see above
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) //nolint:gosec // see above
}

func (e *devEnvironment) choosePorts(ctx context.Context) error {
	if err := requireFree(ctx, "http", e.http); err != nil {
		return err
	}
	if err := requireFree(ctx, "grpc", e.grpc); err != nil {
		return err
	}
	var err error
	if e.health, err = freePort(ctx); err != nil {
		return environmentError("", err)
	}
	if e.metrics, err = freePort(ctx); err != nil {
		return environmentError("", err)
	}
	return nil
}

// serve starts everything, says so and returns when ctx is over or a part of it
// has ended by itself.
func (e *devEnvironment) serve(ctx context.Context) error {
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ring, err := e.prepareLog()
	if err != nil {
		return err
	}
	if err := e.startDatabase(starting); err != nil {
		return describeDev(err)
	}
	if err := e.adopt(starting, ring); err != nil {
		return describeDev(err)
	}
	if err := e.writeEnvironment(); err != nil {
		return environmentError("", fmt.Errorf("write %s: %w", e.envFile(), err))
	}
	if err := e.startCollector(starting); err != nil {
		return err
	}
	if err := e.printReady(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		e.say("stopping")
		return nil
	case <-e.collector.done:
		return e.collectorFailed(e.collector.ended())
	case <-e.cluster.Exited():
		return environmentError("see "+e.cluster.LogFile, errors.New("PostgreSQL ended by itself"))
	}
}

func describeDev(err error) error {
	if _, known := errors.AsType[*failure](err); known {
		return err
	}
	return environmentError("", err)
}

// startDatabase makes or continues the cluster and everything in it.
func (e *devEnvironment) startDatabase(ctx context.Context) error {
	e.say("starting PostgreSQL in %s", e.dir)
	var err error
	e.cluster, err = pglocal.Start(ctx, pglocal.Options{Dir: filepath.Join(e.dir, "postgres"), Log: prefixed{e}})
	if err != nil {
		return err
	}
	if err := e.cluster.EnsureDatabase(ctx, devDatabase); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	steps, err := migrations.Runner{}.Up(ctx, e.cluster.URL(pglocal.Superuser, devDatabase))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if len(steps) > 0 {
		e.say("applied %s", counted(len(steps), "migration"))
	}
	for _, login := range devLogins() {
		if err := e.cluster.EnsureLogin(ctx, login.name, login.role); err != nil {
			return err
		}
	}
	// The exporter makes partitions ahead too; made here, a month that turned
	// between two runs cannot be the first thing it meets.
	return e.cluster.Exec(ctx, devDatabase, `SELECT public.audit_ensure_month(pg_catalog.clock_timestamp())`)
}

func (e *devEnvironment) startCollector(ctx context.Context) error {
	if e.config == "" {
		e.config = filepath.Join(e.dir, "collector.yaml")
		if err := os.WriteFile(e.config, config.Dev, 0o600); err != nil {
			return environmentError("", err)
		}
	}
	e.say("starting the collector %s", e.binary)
	var err error
	e.collector, err = startChild(collectorName, filepath.Join(e.dir, "collector.log"), e.binary,
		[]string{"--config", e.config, healthGate}, e.collectorEnvironment())
	if err != nil {
		return environmentError("", err)
	}
	for {
		err := e.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-e.collector.done:
			return e.collectorFailed(e.collector.ended())
		default:
		}
		if sleep(ctx, probeInterval) != nil {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return e.collectorFailed(fmt.Errorf("the collector did not become ready within %s: %w", startTimeout, err))
			}
			return ctx.Err()
		}
	}
}

// answers asks everything a user will need once: health, OTLP, the database.
func (e *devEnvironment) answers(ctx context.Context) error {
	if err := probe(ctx, "GET", "http://"+e.health+"/", ""); err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	if err := probe(ctx, "POST", e.endpoint()+logsPath, `{"resourceLogs":[]}`); err != nil {
		return fmt.Errorf("OTLP: %w", err)
	}
	dialer := net.Dialer{Timeout: probeTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", dialable(e.grpc))
	if err != nil {
		return fmt.Errorf("OTLP by gRPC: %w", err)
	}
	conn.Close()
	reader, err := pgx.Connect(ctx, e.cluster.URL("dev_reader", devDatabase))
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return reader.Close(ctx)
}

// collectorFailed adds the last lines of the log, which hold the reason.
func (e *devEnvironment) collectorFailed(err error) error {
	fmt.Fprintf(e.sys.Stderr, "--- the end of %s\n%s\n---\n", e.collector.logPath, e.collector.tail(tailLines))
	return environmentError("the collector's log is "+e.collector.logPath, err)
}

// stop ends what was started, the collector first: it may still be writing.
func (e *devEnvironment) stop(ctx context.Context) error {
	var errs []error
	if e.collector != nil {
		errs = append(errs, e.collector.stop(ctx))
	}
	if e.cluster != nil {
		ctx, cancel := context.WithTimeout(ctx, stopTimeout)
		defer cancel()
		errs = append(errs, e.cluster.Stop(ctx))
	}
	return errors.Join(errs...)
}

// say reports a step; starting takes seconds, so it is said even without a
// terminal.
func (e *devEnvironment) say(format string, args ...any) {
	fmt.Fprintf(e.sys.Stderr, "otelaudit dev: "+format+"\n", args...)
}

// prefixed makes lines of a part into steps.
type prefixed struct{ e *devEnvironment }

func (p prefixed) Write(line []byte) (int, error) {
	p.e.say("%s", trimNewline(line))
	return len(line), nil
}
