package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/testbed/child"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// peer is another program that puts what it is sent into PostgreSQL. It is
// measured as fast as its documentation makes it: one table, nothing to look up,
// nothing signed, and a sender that never waits for an answer; once without any
// index and once with those that make the events as easy to find as ours.
type peer struct {
	name    string
	find    func() (program string, err error)
	table   string // what the events arrive in
	schema  string // SQL that makes it, "" where the peer does
	indexes []string
	// configure writes the configuration into dir and returns the arguments.
	configure func(dir string, o peerOptions) (arguments []string, err error)
	encode    func(e loadgen.Event) []byte // one event on the wire
}

type peerOptions struct {
	listen  string   // port of 127.0.0.1
	indexes []string // that the table is to have
	db      *pgx.ConnConfig
	events  int // that are sent in all
}

// peers are those that a package registry or the Go proxy has; see scripts/need-peers.
var peers = []peer{rsyslog, telegraf}

const (
	peerSenders = 4
	peerPayload = 400 // as the events of every other case
	// A peer that stores nothing more for so long is done.
	peerPatience = 10 * time.Second
	peerLongest  = 5 * time.Minute
)

// comparePeers measures each peer that is installed and says which are not.
func (b *bench) comparePeers(ctx context.Context) error {
	for _, p := range peers {
		program, err := p.find()
		if err != nil {
			b.say("%s: %v", p.name, err)
			b.results = append(b.results, result{Case: p.caseName(), Size: ordinary.name, Note: "not installed (scripts/need-peers)"})
			continue
		}
		bare := p
		bare.indexes = nil
		for _, variant := range []peer{bare, p} {
			r, err := b.median(func() (result, error) { return b.peer(ctx, variant, program, b.scaled(100_000)) })
			if err != nil {
				return fmt.Errorf("%s: %w", variant.caseName(), err)
			}
			b.results = append(b.results, r)
		}
	}
	return nil
}

const withIndexes = "_with_indexes"

func (p peer) caseName() string {
	if len(p.indexes) > 0 {
		return "peer_" + p.name + withIndexes
	}
	return "peer_" + p.name
}

// peer sends events to a peer and waits until all of them are committed, or until
// no more arrive.
func (b *bench) peer(ctx context.Context, p peer, program string, events int) (result, error) {
	b.say("%s (%s): %d events", p.caseName(), program, events)
	db, err := b.server.NewEmpty(ctx)
	if err != nil {
		return result{}, err
	}
	defer b.server.Drop(context.WithoutCancel(ctx), db) //nolint:errcheck // the whole cluster is removed at the end
	conn, err := pgx.Connect(ctx, db.Owner)
	if err != nil {
		return result{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if p.schema != "" {
		if _, err := conn.Exec(ctx, p.schema+";"+strings.Join(p.indexes, ";")); err != nil {
			return result{}, err
		}
	}
	run, err := b.startPeer(ctx, p, program, conn.Config(), events)
	if err != nil {
		return result{}, err
	}
	defer run.child.Kill() //nolint:errcheck // it dies with this process at the latest
	warm := max(events/20, 1)
	if err := run.send(ctx, p.wire("warm", warm)); err != nil {
		return result{}, err
	}
	if n, _, err := b.arrived(ctx, conn, p.table, warm); err != nil || n < warm {
		return result{}, errors.Join(fmt.Errorf("%d of the first %d events arrived; it said: %s", n, warm, run.said()), err)
	}
	bodies := p.wire("bench", events)
	if err := b.server.Exec(ctx, "postgres", "CHECKPOINT"); err != nil {
		return result{}, err
	}
	before, err := b.peerUsage(run)
	if err != nil {
		return result{}, err
	}
	start := time.Now()
	if err := run.send(ctx, bodies); err != nil {
		return result{}, fmt.Errorf("%w; it said: %s", err, run.said())
	}
	n, last, err := b.arrived(ctx, conn, p.table, warm+events)
	if err != nil {
		return result{}, err
	}
	after, err := b.peerUsage(run)
	if err != nil {
		return result{}, err
	}
	r := peerResult(p.caseName(), n-warm, events, last.Sub(start), before, after)
	var size int64
	err = conn.QueryRow(ctx, "SELECT pg_total_relation_size(to_regclass($1))", p.table).Scan(&size)
	r.BytesPerEvent = new(float64(size) / float64(max(n, 1)))
	return r, err
}

func peerResult(name string, arrived, events int, took time.Duration, before, after peerUsage) result {
	r := result{
		Case: name, Size: ordinary.name, Tenants: 1, Callers: peerSenders, Events: events, Arrived: &arrived,
		EventsPerSecond:    float64(arrived) / took.Seconds(),
		CollectorCPUMicros: perEvent(after.own-before.own, events),
		ServerCPUMicros:    perEvent(after.server-before.server, events),
		PeakRSSMebibytes:   new(float64(after.peak) / (1 << 20)),
	}
	if arrived != events {
		r.Note = fmt.Sprintf("%d of %d events arrived", arrived, events)
	}
	return r
}

// wire makes the bytes that each sender writes.
func (p peer) wire(run string, events int) [peerSenders][]byte {
	g := loadgen.New(loadgen.Options{
		Run: run, Seed: 1, Start: time.Now().Add(-time.Hour), Tenants: 1,
		Shapes: []loadgen.Shape{loadgen.Flat}, FillerBytes: peerPayload,
	})
	var bodies [peerSenders][]byte
	for i := range events {
		bodies[i%peerSenders] = append(bodies[i%peerSenders], p.encode(g.Event())...)
	}
	return bodies
}

// arrived waits until the table has so many rows and returns how many there are,
// and when the last of them was first seen. It asks the more often the fewer are
// missing: counting costs the server time.
func (b *bench) arrived(ctx context.Context, conn *pgx.Conn, table string, want int) (n int, last time.Time, err error) {
	const (
		soonest = 20 * time.Millisecond
		latest  = 2 * time.Second
	)
	begin := time.Now()
	last = begin
	for {
		var now int
		err := conn.QueryRow(ctx, "SELECT CASE WHEN to_regclass($1) IS NULL THEN 0 ELSE 1 END", table).Scan(&now)
		if err == nil && now == 1 {
			err = conn.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&now)
		}
		if err != nil {
			return 0, last, err
		}
		if now > n {
			n, last = now, time.Now()
		}
		if n >= want || time.Since(last) > peerPatience || time.Since(begin) > peerLongest {
			return n, last, nil
		}
		rate := float64(n) / time.Since(begin).Seconds()
		remaining := time.Duration(float64(want-n) / max(rate, 1) * float64(time.Second))
		select {
		case <-ctx.Done():
			return n, last, ctx.Err()
		case <-time.After(min(max(remaining/2, soonest), latest)):
		}
	}
}

type peerUsage struct {
	own, server time.Duration
	peak        int64
}

func (b *bench) peerUsage(run *peerRun) (u peerUsage, err error) {
	if u.own, err = collector.CPU(run.child.PID()); err != nil {
		return u, err
	}
	if u.server, err = collector.TreeCPU(b.server.PID()); err != nil {
		return u, err
	}
	u.peak, err = collector.PeakRSS(run.child.PID())
	return u, err
}

// peerRun is a peer as a child process.
type peerRun struct {
	child *child.Process
	log   string // path
	port  string
}

func (b *bench) startPeer(ctx context.Context, p peer, program string, db *pgx.ConnConfig, events int) (*peerRun, error) {
	dir, err := os.MkdirTemp(b.dir, p.name+"-")
	if err != nil {
		return nil, err
	}
	port, err := collector.FreePort()
	if err != nil {
		return nil, err
	}
	run := &peerRun{log: filepath.Join(dir, "log"), port: strconv.Itoa(port)}
	arguments, err := p.configure(dir, peerOptions{listen: run.port, indexes: p.indexes, db: db, events: events})
	if err != nil {
		return nil, err
	}
	log, err := os.Create(run.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has a copy
	cmd := exec.Command(program, arguments...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	if run.child, err = child.Start(cmd); err != nil {
		return nil, err
	}
	if err := run.waitListening(ctx); err != nil {
		return nil, errors.Join(err, run.child.Kill())
	}
	return run, nil
}

func (r *peerRun) waitListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+r.port)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-r.child.Done():
			return fmt.Errorf("it ended: %s", r.said())
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %s", r.said())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// send writes the bodies by one connection each and returns when the peer has
// taken all of them off the wire.
func (r *peerRun) send(ctx context.Context, bodies [peerSenders][]byte) error {
	var wait sync.WaitGroup
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		wait.Go(func() { errs[i] = r.write(ctx, body) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (r *peerRun) write(ctx context.Context, body []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+r.port)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(peerLongest)); err != nil {
		return errors.Join(err, conn.Close())
	}
	_, err = conn.Write(body)
	return errors.Join(err, conn.Close())
}

// said is the end of what the peer printed.
func (r *peerRun) said() string {
	b, err := os.ReadFile(r.log)
	if err != nil || len(b) == 0 {
		return "nothing"
	}
	return string(b[max(0, len(b)-2000):])
}
