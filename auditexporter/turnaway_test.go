package auditexporter

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// Partitions of months to come cannot be made, and the database takes writes.
func TestPartitionsTurnNobodyAway(t *testing.T) {
	d := storetest.NewDatabase(t)
	superuser(t, d, "REVOKE EXECUTE ON FUNCTION audit_ensure_month(timestamptz) FROM audit_writer")
	logged, host := observe(t)
	const timeout = 500 * time.Millisecond
	e := startWith(t, d.WriterURL, logged.core, host, func(c *Config) { c.Timeout = timeout })
	host.wait(t, componentstatus.StatusRecoverableError)
	time.Sleep(timeout + 100*time.Millisecond)
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			for i := range 50 {
				assert.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund(fmt.Sprintf("t%d", n), fmt.Sprintf("e%d", i), 1))))
			}
		})
	}
	group.Wait()
	assert.Equal(t, 800, e.sum(t, "stored_records"))
	assert.Zero(t, e.sum(t, "refused_records"))
	assert.Equal(t, 1, host.count(componentstatus.StatusRecoverableError), "the coming months are still missing")
	assert.Zero(t, host.count(componentstatus.StatusOK))
	e.requireBalance(t)
}

// One shard fails for long; the others know nothing of it, it is said once, and
// the exporter is not healthy whatever they store.
func TestOneShardFails(t *testing.T) {
	d := storetest.NewDatabase(t)
	logged, host := observe(t)
	const timeout = 500 * time.Millisecond
	e := startWith(t, d.WriterURL, logged.core, host, func(c *Config) { c.Timeout = timeout })
	host.wait(t, componentstatus.StatusOK)
	const locked, other = "locked", "another"
	require.NotEqual(t, store.LockKey(locked)%4, store.LockKey(other)%4, "tenants of different shards")
	unlock := lockTenant(t, d, locked)

	conn, err := pgx.Connect(t.Context(), d.SuperURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	ctx, stop := context.WithCancel(t.Context())
	var disturbers sync.WaitGroup
	defer func() {
		stop()
		disturbers.Wait()
	}()
	disturbers.Go(func() { // whoever waits for the lock loses its session
		for ctx.Err() == nil {
			if _, err := conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE usename = $1 AND wait_event_type = 'Lock'`, d.Login("writer")); err != nil {
				t.Error(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	disturbers.Go(func() {
		for ctx.Err() == nil {
			if e.ConsumeLogs(ctx, canonical(t, refund(locked, "l", 1))) == nil {
				t.Error("stored under another's lock")
			}
			time.Sleep(time.Millisecond)
		}
	})
	host.wait(t, componentstatus.StatusRecoverableError)
	before := host.count(componentstatus.StatusOK)
	for i := range 6 {
		time.Sleep(timeout + 50*time.Millisecond)
		require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund(other, fmt.Sprint("o", i), 1))))
	}
	assert.Equal(t, 1, host.count(componentstatus.StatusRecoverableError))
	assert.Equal(t, before, host.count(componentstatus.StatusOK))
	assert.Equal(t, 1, strings.Count(logged.text(), "not being stored"), logged.text())
	assert.NotContains(t, logged.text(), "can be stored again")
	stop()
	disturbers.Wait()
	unlock()
	host.wait(t, componentstatus.StatusOK)
	require.NoError(t, e.ConsumeLogs(t.Context(), canonical(t, refund(locked, "l", 1))))
	e.requireBalance(t)
	storetest.CheckState(t, d)
}

// Whoever left while another batch hangs is not in memory any more.
func TestAbandonedDoNotWait(t *testing.T) {
	d := storetest.NewDatabase(t)
	e := start(t, d.WriterURL, func(c *Config) { c.Workers, c.Timeout = 1, time.Minute })
	unlock := lockTenant(t, d, "t0")
	first := make(chan error, 1)
	one := canonical(t, refund("t0", "first", 1))
	go func() { first <- e.ConsumeLogs(context.Background(), one) }()
	waiting := &e.Logs.(*auditExporter).waiting
	require.Eventually(t, func() bool {
		s := e.Logs.(*auditExporter).shards[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.inFlight.IsZero() && len(s.waiting) == 0
	}, 10*time.Second, time.Millisecond)
	size := waiting.Load()
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			assert.ErrorIs(t, e.ConsumeLogs(ctx, canonical(t, refund("t0", fmt.Sprint("e-", i), 1))), errUnavailable)
		})
	}
	group.Wait()
	assert.Equal(t, size, waiting.Load())
	unlock()
	require.NoError(t, <-first)
	assert.Equal(t, 1, count(t, d, "audit_events"))
	e.requireBalance(t)
}
