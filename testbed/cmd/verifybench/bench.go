package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

// bench is a database that grows.
type bench struct {
	dir                     string
	tenants, batch, workers int
	progress                io.Writer

	server  *database.Server
	db      database.Database
	files   signing.Files
	anchors string // path
	program string // of the command line
	writer  *store.Writer
	anchor  *anchor.File
	stored  int
	commits int
	starts  []int // the first event of each commit
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

func (b *bench) prepare(ctx context.Context) error {
	root, err := collector.Root()
	if err != nil {
		return err
	}
	b.program = filepath.Join(root, "bin", "otelaudit")
	if _, err := os.Stat(b.program); err != nil {
		return fmt.Errorf("%s does not exist: run make build", b.program)
	}
	if b.db, err = b.server.New(ctx); err != nil {
		return err
	}
	if b.files, err = signing.New(b.dir); err != nil {
		return err
	}
	ring, err := keys.LoadRing(b.files.Key)
	if err != nil {
		return err
	}
	b.anchors = filepath.Join(b.dir, "anchors")
	if b.anchor, err = anchor.Open(b.anchors); err != nil {
		return err
	}
	config, err := pgurl.Parse(b.db.Writer, "verifybench")
	if err != nil {
		return err
	}
	b.writer = store.NewWriter(store.WriterOptions{
		Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now, StatementTimeout: time.Minute,
		Sealer: seal.New(seal.Options{Ring: ring, Anchors: b.anchor, Now: time.Now}),
	})
	return nil
}

func (b *bench) close() {
	b.writer.Close()
	_ = b.anchor.Close()
}

func (b *bench) tenant(i int) string { return fmt.Sprintf("tenant-%03d", i%b.tenants) }

func eventID(i int) string { return fmt.Sprintf("0197a2b0-7c1e-7abc-9def-%012d", i) }

// fill writes events until there are size, each transaction those of one tenant,
// and returns how many per second.
func (b *bench) fill(ctx context.Context, size int) (eventsPerSecond float64, err error) {
	b.say("filling up to %d events", size)
	start, before := time.Now(), b.stored
	rec := recordtest.Typical()
	var encoder store.Encoder
	for b.stored < size {
		n := min(b.batch, size-b.stored)
		rec.TenantID = b.tenant(b.commits)
		events := make([]*store.Event, n)
		for i := range events {
			rec.EventID = eventID(b.stored + i)
			rec.Payload = rec.Payload.Set("amount", record.NumberValue(float64(b.stored+i)))
			event, err := encoder.Encode(rec, "")
			if err != nil {
				return 0, err
			}
			events[i] = &event
		}
		outcomes := make([]store.Outcome, n)
		if err := b.writer.Write(ctx, events, outcomes); err != nil {
			return 0, err
		}
		if outcomes[0].Status != store.Stored {
			return 0, fmt.Errorf("an event became %d: %w", outcomes[0].Status, outcomes[0].Cause)
		}
		b.starts = append(b.starts, b.stored)
		b.stored += n
		b.commits++
	}
	took := time.Since(start)
	if err := b.anchor.Sync(); err != nil {
		return 0, err
	}
	return float64(b.stored-before) / took.Seconds(), b.settle(ctx)
}

// settle gives PostgreSQL statistics and a quiet disk.
func (b *bench) settle(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.db.Owner)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range []string{"VACUUM (ANALYZE) audit_events", "VACUUM (ANALYZE) audit_event_ids", "VACUUM (ANALYZE) audit_commits", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// measure verifies everything once and proves some events.
func (b *bench) measure(ctx context.Context) (figures, error) {
	b.say("verifying %d events of %d tenants", b.stored, b.tenants)
	r := figures{Events: b.stored, Tenants: b.tenants, Commits: b.commits, Workers: b.workers}
	server, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return r, err
	}
	args := []string{"verify", "--trust", b.files.Trust, "--anchors", b.anchors}
	if b.workers > 0 {
		args = append(args, "--workers", strconv.Itoa(b.workers))
	}
	took, usage, err := b.execute(ctx, b.db.Auditor, args...)
	if err != nil {
		return r, err
	}
	used, err := collector.TreeCPU(b.server.PID())
	if err != nil {
		return r, err
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	r.Seconds = took.Seconds()
	r.EventsPerSecond = float64(r.Events) / took.Seconds()
	r.CPUSecondsPerMillion = cpu.Seconds() / float64(r.Events) * 1e6
	r.EventsPerCPUSecond = float64(r.Events) / cpu.Seconds()
	r.ServerCPUSeconds = (used - server).Seconds()
	r.PeakRSSMebibytes = float64(usage.Maxrss) / 1024 // kilobytes on Linux
	err = b.prove(ctx, &r)
	return r, err
}

// prove proves some events, once over connections that are open and have been
// used, and once by the program with all of its start.
func (b *bench) prove(ctx context.Context, r *figures) error {
	scanner, err := store.OpenScanner(ctx, store.Options{URL: b.db.Auditor, MaxConnections: 1}, "")
	if err != nil {
		return err
	}
	defer scanner.Close()
	event := func(tenant, id string) error {
		_, err := prove.Event(ctx, scanner.For(tenant), tenant, id, 0)
		return err
	}
	if _, _, err := b.timed(10, event); err != nil { // a new session learns the tables first
		return err
	}
	const proofs = 200
	own, server, err := b.used()
	if err != nil {
		return err
	}
	if r.ProofMedianMilliseconds, r.ProofWorstMilliseconds, err = b.timed(proofs, event); err != nil {
		return err
	}
	ownAfter, serverAfter, err := b.used()
	if err != nil {
		return err
	}
	r.ProofCPUMilliseconds = milliseconds(ownAfter-own) / proofs
	r.ProofServerCPUMilliseconds = milliseconds(serverAfter-server) / proofs
	r.ProveMedianMilliseconds, r.ProveWorstMilliseconds, err = b.timed(15, func(tenant, id string) error {
		_, _, err := b.execute(ctx, b.db.Auditor, "prove", "--tenant", tenant, id)
		return err
	})
	return err
}

// used is the CPU time that this process and the server have used.
func (b *bench) used() (own, server time.Duration, err error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, 0, err
	}
	server, err = collector.TreeCPU(b.server.PID())
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), server, err
}

// timed returns the median and the worst time of doing something to n events.
func (b *bench) timed(n int, do func(tenant, id string) error) (median, worst float64, err error) {
	random := rand.New(rand.NewPCG(uint64(b.stored), 1))
	took := make([]time.Duration, n)
	for i := range took {
		event := random.IntN(b.stored)
		start := time.Now()
		if err := do(b.tenant(b.commitOf(event)), eventID(event)); err != nil {
			return 0, 0, err
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return milliseconds(took[n/2]), milliseconds(took[n-1]), nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// commitOf is the commit that an event went into.
func (b *bench) commitOf(event int) int {
	i, found := slices.BinarySearch(b.starts, event)
	if !found {
		i--
	}
	return i
}

// execute runs the program and returns how long it took and what it used.
func (b *bench) execute(ctx context.Context, databaseURL string, args ...string) (time.Duration, *syscall.Rusage, error) {
	cmd := exec.CommandContext(ctx, b.program, args...)
	cmd.Env = append(os.Environ(), "AUDIT_DATABASE_URL="+databaseURL, "AUDIT_TRUST_FILE="+b.files.Trust)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		return took, nil, fmt.Errorf("otelaudit %s: %w\n%s", args[0], err, out.String())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return took, nil, errors.New("this system does not say what a process used")
	}
	return took, usage, nil
}
