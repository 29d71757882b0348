package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/metrics"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// endToEnd measures one workload in a database and a collector of its own, and
// returns what it stored, as rows for the limits.
func (b *bench) endToEnd(ctx context.Context, name string, w workload, to sinks) (result, rows, error) {
	b.say("%s to %s: batches of %d, %d tenants, %d callers, %d events", name, to.name, w.batch, w.tenants, w.callers, w.events)
	db, err := b.server.New(ctx)
	if err != nil {
		return result{}, rows{}, err
	}
	defer b.server.Drop(context.WithoutCancel(ctx), db) //nolint:errcheck // the whole cluster is removed at the end
	run, err := b.start(ctx, db.Writer, to)
	if err != nil {
		return result{}, rows{}, err
	}
	defer run.close()
	// All of one case are events of the same tenants: pages of an index fill better
	// where no other tenant comes behind.
	w.tenantPrefix = "bench"
	earlier := w
	earlier.ago = time.Hour
	if b.rowsBefore > 0 {
		before := earlier
		before.batch, before.events = 1000, b.rowsBefore
		if _, err := run.send(ctx, requests("before", before), 8); err != nil {
			return result{}, rows{}, err
		}
	}
	// Connections, partitions and code paths are warm before the clock runs.
	warm := earlier
	warm.events = max(w.events/20, w.batch)
	if _, err := run.send(ctx, requests("warm", warm), w.callers); err != nil {
		return result{}, rows{}, err
	}
	since, err := b.newest(ctx, db)
	if err != nil {
		return result{}, rows{}, err
	}
	bodies := requests("bench", w)
	before, err := b.storedBytes(ctx, db)
	if err != nil {
		return result{}, rows{}, err
	}
	if err := b.server.Exec(ctx, "postgres", "CHECKPOINT"); err != nil {
		return result{}, rows{}, err
	}
	r, err := b.measure(ctx, run, bodies, w, true)
	if err != nil {
		return result{}, rows{}, err
	}
	r.Case, r.Sinks, r.RowsBefore = name, to.name, b.rowsBefore
	after, err := b.storedBytes(ctx, db)
	if err != nil {
		return result{}, rows{}, err
	}
	r.BytesPerEvent = new(float64(after-before) / float64(w.events))
	stored, err := readRows(ctx, db, since)
	if err != nil {
		return result{}, rows{}, err
	}
	if len(stored.events) != w.events {
		return result{}, rows{}, fmt.Errorf("%w: %d of %d stored", errMissing, len(stored.events), w.events)
	}
	return r, stored, run.end(ctx)
}

// nop measures the same collector with an exporter that does nothing.
func (b *bench) nop(ctx context.Context, w workload) error {
	b.say("nop exporter: batches of %d, %d callers, %d events", w.batch, w.callers, w.events)
	run, err := b.start(ctx, "", noSink)
	if err != nil {
		return err
	}
	defer run.close()
	if _, err := run.send(ctx, requests("warm", workload{batch: w.batch, tenants: w.tenants, events: w.events / 20, size: w.size}), w.callers); err != nil {
		return err
	}
	r, err := b.measure(ctx, run, requests("bench", w), w, false)
	if err != nil {
		return err
	}
	r.Case, r.Sinks = caseNop, noSink.name
	b.results = append(b.results, r)
	return run.end(ctx)
}

// overloadFor is how long clients press on a collector without a database.
const overloadFor = 15 * time.Second

// boundsOfDev are the bounds of memory that config/env/dev.env ships; the guard's is
// its default.
var boundsOfDev = []string{"GOMEMLIMIT=200MiB", "BENCH_LIMIT_MIB=280", "BENCH_SPIKE_MIB=40"}

// overload sends more than the collector may hold while PostgreSQL is down. What
// counts is its memory, and that it stores again afterwards.
func (b *bench) overload(ctx context.Context, w workload) error {
	pressing := overloadFor
	if b.quick {
		pressing /= 3
	}
	b.say("overload with PostgreSQL down: batches of %d, %d callers, %s", w.batch, w.callers, pressing)
	db, err := b.server.New(ctx)
	if err != nil {
		return err
	}
	run, err := b.start(ctx, db.Writer, signedStore, boundsOfDev...)
	if err != nil {
		return err
	}
	defer run.close()
	if err := b.server.Kill(); err != nil {
		return err
	}
	press, cancel := context.WithTimeout(ctx, pressing)
	defer cancel()
	cpu, err := collector.CPU(run.process.PID())
	if err != nil {
		return err
	}
	bodies := requests("bench", w)
	if _, err := run.send(press, bodies, w.callers); err == nil {
		return errors.New("a collector without a database acknowledged")
	}
	used, err := collector.CPU(run.process.PID())
	if err != nil {
		return err
	}
	peak, err := collector.PeakRSS(run.process.PID())
	if err != nil {
		return err
	}
	b.say("collector used %s of CPU in %s", used-cpu, pressing)
	if err := b.server.Restart(ctx); err != nil {
		return err
	}
	if _, err := run.send(ctx, bodies, w.callers); err != nil {
		return err
	}
	stored, err := readRows(ctx, db, time.Time{})
	if err != nil {
		return err
	}
	if len(stored.events) != w.events {
		return fmt.Errorf("%w: %d of %d stored", errMissing, len(stored.events), w.events)
	}
	b.results = append(b.results, result{
		Case: caseOverload, Size: w.size.name, Sinks: signedStore.name, ClientBatch: w.batch, Tenants: w.tenants, Callers: w.callers, Events: w.events,
		PeakRSSMebibytes: new(float64(peak) / (1 << 20)),
	})
	return run.end(ctx)
}

// running is a collector under load.
type running struct {
	process *collector.Process
	metrics string // URL
	client  []*otlpclient.GRPC
	retries atomic.Int64 // tries that were refused, over all workloads
}

// start starts a collector; more is added to its environment, and prevails.
func (b *bench) start(ctx context.Context, writerURL string, to sinks, more ...string) (*running, error) {
	var ports [4]string
	for i := range ports {
		port, err := collector.FreePort()
		if err != nil {
			return nil, err
		}
		ports[i] = strconv.Itoa(port)
	}
	const here = "127.0.0.1:"
	extensions, names := "", ""
	if b.profile != "" {
		extensions, names = "  pprof:\n    endpoint: "+here+ports[2]+"\n    save_to_file: "+filepath.Join(b.profile, fmt.Sprintf("collector-%d.pprof", time.Now().Unix())), ", pprof"
	}
	dir, err := os.MkdirTemp(b.dir, "collector-")
	if err != nil {
		return nil, err
	}
	process, err := collector.Start(collector.Options{
		Binary: b.binary,
		Config: to.configure(extensions, names),
		Dir:    dir,
		Health: "http://" + here + ports[1] + "/",
		// What the shipped configurations recommend.
		Env: append([]string{
			"GOGC=400", "GOMEMLIMIT=350MiB", "BENCH_GRPC=" + here + ports[0], "BENCH_HEALTH=" + here + ports[1], "BENCH_METRICS=" + ports[3],
			"BENCH_WRITER_URL=" + writerURL, "BENCH_KEY_FILE=" + b.keys.Key, "BENCH_DIR=" + dir,
		}, more...),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := process.WaitHealth(ctx, 200); err != nil {
		process.Kill()
		return nil, err
	}
	r := &running{process: process, metrics: "http://" + here + ports[3] + "/metrics"}
	for range 4 { // several connections, as several applications have
		client, err := otlpclient.DialGRPC(here+ports[0], otlpclient.Options{})
		if err != nil {
			r.close()
			return nil, err
		}
		r.client = append(r.client, client)
	}
	return r, nil
}

// end ends the collector in order. Before, each record that came in must be stored,
// a duplicate, in quarantine or refused, by the collector's own metrics.
func (r *running) end(ctx context.Context) error {
	settling, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, wrong, err := metrics.Settle(settling, r.metrics, metrics.Snapshot{})
	if err := errors.Join(wrong, err); err != nil {
		return err
	}
	return r.process.Terminate(ctx)
}

// close ends the collector however it is, and its clients.
func (r *running) close() {
	r.process.Kill()
	for _, client := range r.client {
		_ = client.Close()
	}
}

// requests makes the bodies of a workload, encoded beforehand: the client's
// work is not what is measured.
func requests(run string, w workload) [][]byte {
	g := loadgen.New(loadgen.Options{
		Run: run, Seed: 1, Start: time.Now().Add(-time.Hour - w.ago), Tenants: w.tenants,
		Shapes: []loadgen.Shape{loadgen.Flat}, FillerBytes: w.size.filler, TenantPrefix: w.tenantPrefix,
	})
	bodies := make([][]byte, 0, w.events/w.batch)
	for range w.events / w.batch {
		logs, _ := g.Request(w.batch)
		body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
		if err != nil {
			panic(err) // valid records of our own making always encode
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// send sends all bodies by callers at once and returns how long each took to be
// acknowledged.
func (r *running) send(ctx context.Context, bodies [][]byte, callers int) ([]time.Duration, error) {
	took := make([]time.Duration, len(bodies))
	var next atomic.Int64
	var failure atomic.Pointer[error]
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(bodies) || failure.Load() != nil {
					return
				}
				start := time.Now()
				if err := r.deliver(ctx, r.client[caller%len(r.client)], bodies[i]); err != nil {
					failure.CompareAndSwap(nil, &err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	wait.Wait()
	if err := failure.Load(); err != nil {
		return nil, *err
	}
	return took, nil
}

// longestAnswer is how long a request may take with all its tries: a collector that
// answers no more ends the run and does not hang it.
const longestAnswer = 5 * time.Minute

// deliver retries as an SDK does: an overloaded collector may refuse.
func (r *running) deliver(ctx context.Context, client *otlpclient.GRPC, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, longestAnswer)
	defer cancel()
	for {
		err := client.SendRaw(ctx, body)
		if err == nil || !otlpclient.Retryable(err) {
			return err
		}
		r.retries.Add(1)
		select {
		case <-ctx.Done():
			return fmt.Errorf("a request was not acknowledged: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// measure sends the bodies and takes down time and resources.
func (b *bench) measure(ctx context.Context, run *running, bodies [][]byte, w workload, stores bool) (result, error) {
	collectorBefore, err := collector.CPU(run.process.PID())
	if err != nil {
		return result{}, err
	}
	serverBefore, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return result{}, err
	}
	clientBefore, err := clientCPU()
	if err != nil {
		return result{}, err
	}
	retriesBefore := run.retries.Load()
	watch := b.watchServer()
	start := time.Now()
	took, err := run.send(ctx, bodies, w.callers)
	elapsed := time.Since(start)
	serverPeak := watch.stop()
	if err != nil {
		return result{}, err
	}
	clientAfter, err := clientCPU()
	if err != nil {
		return result{}, err
	}
	collectorAfter, err := collector.CPU(run.process.PID())
	if err != nil {
		return result{}, err
	}
	serverAfter, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return result{}, err
	}
	peak, err := collector.PeakRSS(run.process.PID())
	if err != nil {
		return result{}, err
	}
	r := result{
		Size: w.size.name, ClientBatch: w.batch, Tenants: w.tenants, Callers: w.callers, Events: w.events,
		EventBytes:         new(float64(total(bodies)) / float64(w.events)),
		EventsPerSecond:    float64(w.events) / elapsed.Seconds(),
		CollectorCPUMicros: perEvent(collectorAfter-collectorBefore, w.events),
		ClientCPUMicros:    perEvent(clientAfter-clientBefore, w.events),
		PeakRSSMebibytes:   new(float64(peak) / (1 << 20)),
		Retries:            int(run.retries.Load() - retriesBefore),
	}
	r.P50Milliseconds, r.P99Milliseconds = percentiles(took)
	if stores {
		r.ServerCPUMicros = perEvent(serverAfter-serverBefore, w.events)
		r.ServerPeakMebibytes = new(float64(serverPeak) / (1 << 20))
	}
	return r, nil
}

func total(bodies [][]byte) (n int) {
	for _, body := range bodies {
		n += len(body)
	}
	return n
}

// newest is when the newest event was stored.
func (b *bench) newest(ctx context.Context, db database.Database) (at time.Time, err error) {
	conn, err := pgx.Connect(ctx, db.Owner)
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, `SELECT max(recorded_at) FROM audit_events`).Scan(&at)
	return at, err
}

// storedBytes is the size of tables and indexes that hold events.
func (b *bench) storedBytes(ctx context.Context, db database.Database) (int64, error) {
	conn, err := pgx.Connect(ctx, db.Owner)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var n int64
	err = conn.QueryRow(ctx, `SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'audit_')`).Scan(&n)
	return n, err
}
