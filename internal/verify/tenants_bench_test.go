package verify_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// BenchmarkManyTenants verifies 5,000 tenants of one event each: what a log costs
// that has next to nothing in it, with the CPU of both sides and the exchanges
// with the server, a transaction each.
func BenchmarkManyTenants(b *testing.B) {
	const tenants = 5000
	v := newTrail(b)
	for from := 0; from < tenants; from += 500 {
		var batch []*record.Record
		for i := range 500 {
			batch = append(batch, event(fmt.Sprintf("tenant-%05d", from+i), 0))
		}
		v.write(batch...)
	}
	v.tamper("VACUUM ANALYZE")
	o := v.options()
	conn, err := pgx.Connect(b.Context(), v.db.SuperURL)
	require.NoError(b, err)
	defer func() { require.NoError(b, conn.Close(context.Background())) }()
	client, server, exchanges := cpuTime(b), serverTime(b, conn), transactions(b, conn)
	b.ResetTimer()
	for b.Loop() {
		report, err := verify.Store(b.Context(), o)
		require.NoError(b, err)
		require.Equal(b, verify.Intact, report.Verdict)
		require.EqualValues(b, tenants, report.Coverage.Events)
	}
	b.StopTimer()
	logs := float64(tenants * b.N)
	b.ReportMetric(logs/b.Elapsed().Seconds(), "logs/s")
	b.ReportMetric(float64((cpuTime(b)-client).Microseconds())/logs, "client-µs/log")
	b.ReportMetric(float64((serverTime(b, conn)-server).Microseconds())/logs, "server-µs/log")
	b.ReportMetric(float64(transactions(b, conn)-exchanges)/logs, "exchanges/log")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// serverTime is the CPU time of the connections that have ended.
func serverTime(b *testing.B, conn *pgx.Conn) time.Duration {
	b.Helper()
	var directory string
	time.Sleep(500 * time.Millisecond) // until they have
	require.NoError(b, conn.QueryRow(b.Context(), "SHOW data_directory").Scan(&directory))
	pid, err := os.ReadFile(directory + "/postmaster.pid")
	require.NoError(b, err)
	number, _, _ := strings.Cut(string(pid), "\n")
	stat, err := os.ReadFile("/proc/" + number + "/stat")
	require.NoError(b, err)
	_, behind, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behind)
	ticks := 0
	for _, field := range fields[13:15] { // cutime and cstime, 100 per second
		n, err := strconv.Atoi(field)
		require.NoError(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func transactions(b *testing.B, conn *pgx.Conn) (n int64) {
	b.Helper()
	time.Sleep(time.Second) // the server counts late
	require.NoError(b, conn.QueryRow(b.Context(), "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()").Scan(&n))
	return n
}
