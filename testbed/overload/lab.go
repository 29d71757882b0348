package overload

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/metrics"
	"github.com/otelaudit/otelaudit/testbed/reconcile"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

//go:embed collector.yaml
var configuration string

//go:embed control.yaml
var controlConfiguration string

// Lab is a PostgreSQL server that a case may stop, a collector before it, and an
// idle collector, the control.
type Lab struct {
	GRPC, HTTP string // addresses of the receiver
	Control    string // address of the control's gRPC receiver

	server  *database.Server
	db      database.Database
	files   signing.Files
	process *collector.Process
	control *collector.Process
	anchors string
	metrics string // URL
	others  *probe
}

// Open starts the collectors below dir, with a database of the server of their
// own. The environment is that of config/env/dev.env, as far as the limits of
// memory go.
func Open(ctx context.Context, server *database.Server, dir string) (*Lab, error) {
	l := &Lab{server: server, anchors: filepath.Join(dir, "anchors")}
	if err := l.start(ctx, dir); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context, dir string) (err error) {
	if l.db, err = l.server.New(ctx); err != nil {
		return err
	}
	if l.files, err = signing.New(dir); err != nil {
		return err
	}
	at, err := listen(dir, configuration)
	if err != nil {
		return err
	}
	l.GRPC, l.HTTP, l.metrics = at.grpc, "http://"+at.http, "http://127.0.0.1:"+at.metrics+"/metrics"
	if l.process, err = at.run("OVERLOAD_WRITER_URL="+l.db.Writer, "OVERLOAD_KEY_FILE="+l.files.Key, "OVERLOAD_ANCHOR_FILE="+l.anchors); err != nil {
		return err
	}
	beside := filepath.Join(dir, "control")
	if err := os.Mkdir(beside, 0o700); err != nil {
		return err
	}
	if at, err = listen(beside, controlConfiguration); err != nil {
		return err
	}
	l.Control = at.grpc
	if l.control, err = at.run(); err != nil {
		return err
	}
	return errors.Join(l.process.WaitHealth(ctx, 200), l.control.WaitHealth(ctx, 200))
}

// place is where a collector is to be started.
type place struct {
	dir, config                 string
	grpc, http, health, metrics string // addresses, the last one a port
}

func listen(dir, config string) (place, error) {
	var ports [4]string
	for i := range ports {
		port, err := collector.FreePort()
		if err != nil {
			return place{}, err
		}
		ports[i] = strconv.Itoa(port)
	}
	at := func(port string) string { return net.JoinHostPort("127.0.0.1", port) }
	return place{dir: dir, config: config, grpc: at(ports[0]), http: at(ports[1]), health: at(ports[2]), metrics: ports[3]}, nil
}

func (p place) run(more ...string) (*collector.Process, error) {
	binary, err := collector.Binary()
	if err != nil {
		return nil, err
	}
	env, err := bounds()
	if err != nil {
		return nil, err
	}
	env = append(env, "OVERLOAD_GRPC="+p.grpc, "OVERLOAD_HTTP="+p.http, "OVERLOAD_HEALTH="+p.health, "OVERLOAD_METRICS="+p.metrics)
	return collector.Start(collector.Options{
		Binary: binary, Config: p.config, Dir: p.dir, Health: "http://" + p.health + "/", Env: append(env, more...),
	})
}

// bounds are the lines of config/env/dev.env that bound memory.
func bounds() ([]string, error) {
	root, err := collector.Root()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(root, "config", "env", "dev.env"))
	if err != nil {
		return nil, err
	}
	names := []string{"GOGC", "GOMEMLIMIT", "AUDIT_MEMORY_LIMIT_MIB", "AUDIT_MEMORY_SPIKE_MIB", "AUDIT_MAX_IN_FLIGHT_BYTES"}
	var found []string
	for line := range strings.Lines(string(b)) {
		name, _, _ := strings.Cut(line, "=")
		if slices.Contains(names, name) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) != len(names) {
		return nil, fmt.Errorf("config/env/dev.env sets %v, want %v", found, names)
	}
	return found, nil
}

// Close ends the collectors.
func (l *Lab) Close() {
	for _, p := range []*collector.Process{l.process, l.control} {
		if p != nil {
			p.Kill()
		}
	}
}

// Serve starts the server that the labs share, below dir.
func Serve(ctx context.Context, dir string) (*database.Server, error) {
	return database.Start(ctx, pglocal.Options{Dir: filepath.Join(dir, "pg")})
}

// Check reckons the ledger of each run with the store, and verifies the store. It
// fills the result.
func (l *Lab) Check(ctx context.Context, ledgers map[string]*loadgen.Ledger, r *Result) error {
	conn, err := pgx.Connect(ctx, l.db.Auditor)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, run := range slices.Sorted(maps.Keys(ledgers)) {
		report, err := reconcile.Reckon(ctx, conn, run, ledgers[run])
		if err != nil {
			return err
		}
		r.Stored += report.Stored
		r.Quarantined += report.Quarantine
		r.Lost += len(report.Lost)
		r.Doubled += len(report.Twice) + len(report.Unasked)
		r.Sent += len(ledgers[run].Fates())
		r.Acknowledged += ledgers[run].Count(loadgen.Acknowledged)
	}
	contradictions, err := reconcile.Inconsistencies(ctx, conn)
	if err != nil {
		return err
	}
	if len(contradictions) > 0 {
		r.fail("%s", contradictions[0])
	}
	if err := l.balance(ctx, r); err != nil {
		return err
	}
	return l.verify(ctx, r)
}

// balance holds the collector to its own figures, which began with it.
func (l *Lab) balance(ctx context.Context, r *Result) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, wrong, err := metrics.Settle(ctx, l.metrics, metrics.Snapshot{})
	if err != nil {
		return err
	}
	if wrong != nil {
		r.fail("the collector's metrics: %v", wrong)
	}
	return nil
}

func (l *Lab) verify(ctx context.Context, r *Result) error {
	trust, err := keys.LoadTrust(l.files.Trust)
	if err != nil {
		return err
	}
	anchors, err := anchor.ReadFile(l.anchors)
	if err != nil {
		return err
	}
	report, err := verify.Store(ctx, verify.Options{Database: store.Options{URL: l.db.Auditor}, Trust: trust, Anchors: anchors})
	if err != nil {
		return err
	}
	r.Verdict = string(report.Verdict)
	return nil
}

// stored is how many events there are.
func (l *Lab) stored(ctx context.Context) (n int64, err error) {
	conn, err := pgx.Connect(ctx, l.db.Auditor)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, `SELECT coalesce(sum(size - prev_size), 0) FROM audit_commits`).Scan(&n)
	return n, err
}

func (l *Lab) peakMebibytes() (float64, error) {
	peak, err := collector.PeakRSS(l.process.PID())
	return float64(peak) / (1 << 20), err
}

// settle waits until the collector says that all is well.
func (l *Lab) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return l.process.WaitHealth(ctx, 200)
}
