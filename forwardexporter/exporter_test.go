package forwardexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/otelaudit/otelaudit/forwardexporter/internal/metadata"
	"github.com/otelaudit/otelaudit/forwardexporter/internal/metadatatest"
)

// answers are everything but success: each code, and a success in part.
func answers() map[string]func(plog.Logs) (int64, error) {
	all := map[string]func(plog.Logs) (int64, error){
		partialSuccess: func(ld plog.Logs) (int64, error) { return int64(ld.LogRecordCount()), nil },
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		all[code.String()] = refuse(status.Error(code, "no"))
	}
	return all
}

// TestNothingIsGivenUp: whatever the gateway answers, for however many attempts,
// across a restart, the records arrive once it takes them.
func TestNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	for code, answer := range answers() {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			gateway, disk := newGateway(t, answer), newMachine()
			agent := startAgent(t, disk, gateway.address, nil)
			require.NoError(t, agent.ConsumeLogs(t.Context(), request("a", "b", "c")), "taken over")
			require.NoError(t, agent.ConsumeLogs(t.Context(), request("d")), "taken over")
			eventually(t, func() bool { return gateway.asked() > 12 })
			agent.stop(t)
			assert.Empty(t, gateway.holds())
			assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, disk.statuses, "every report starts the health check's recovery_duration anew")

			said := agent.log.FilterMessageSnippet("records are not forwarded and stay in the queue")
			require.Equal(t, 1, said.Len(), "one line, however many attempts")
			assert.Contains(t, said.All()[0].Message, " answers "+code+"; "+advice(code))

			disk.forgetStatus()
			first, second := gateway.times("a b c"), gateway.times("d")
			agent = startAgent(t, disk, gateway.address, nil)
			// Each batch comes again only once an attempt at it has failed; one of the three
			// may be late from the life before.
			eventually(t, func() bool { return gateway.times("a b c") >= first+3 && gateway.times("d") >= second+3 })
			assert.Equal(t, componentstatus.StatusRecoverableError, disk.status())
			gateway.now(accept)
			eventually(t, func() bool { return len(gateway.holds()) == 4 })
			eventually(t, func() bool { return disk.status() == componentstatus.StatusOK })
			agent.stop(t)
			assert.Equal(t, 1, agent.log.FilterMessage("records are forwarded again").Len())
			assert.Equal(t, []string{"a", "b", "c", "d"}, gateway.holds())
		})
	}
}

// TestGatewayAway: nobody listens.
func TestGatewayAway(t *testing.T) {
	gone, disk := newGateway(t, accept), newMachine()
	agent := startAgent(t, disk, "127.0.0.1:1", nil)
	require.NoError(t, agent.ConsumeLogs(t.Context(), request("a")))
	eventually(t, func() bool { return disk.status() == componentstatus.StatusRecoverableError })
	agent.stop(t)
	agent = startAgent(t, disk, gone.address, nil)
	eventually(t, func() bool { return slices.Equal(gone.holds(), []string{"a"}) })
	agent.stop(t)
}

// TestOnePoisonousRecord holds up itself: what shared its batch is delivered,
// and what comes later too, even with one consumer more than poison.
func TestOnePoisonousRecord(t *testing.T) {
	t.Parallel()
	poison := func(ld plog.Logs) bool { return slices.Contains(bodies(ld), "0500") }
	for name, answer := range map[string]func(plog.Logs) (int64, error){
		"refused": func(ld plog.Logs) (int64, error) {
			if poison(ld) {
				return 0, status.Error(codes.PermissionDenied, "tenant")
			}
			return 0, nil
		},
		partialSuccess: func(ld plog.Logs) (int64, error) {
			if poison(ld) {
				return 1, nil
			}
			return 0, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway, disk := newGateway(t, answer), newMachine()
			agent := startAgent(t, disk, gateway.address, func(cfg *Config) { cfg.SendingQueue.Get().NumConsumers = 2 })
			var names []string
			for i := range 1000 {
				names = append(names, fmt.Sprintf("%04d", i))
			}
			require.NoError(t, agent.ConsumeLogs(t.Context(), request(names...)))
			eventually(t, func() bool { return len(gateway.holds()) == 999 })
			require.NoError(t, agent.ConsumeLogs(t.Context(), request("later")))
			eventually(t, func() bool { return len(gateway.holds()) == 1000 })
			assert.Equal(t, componentstatus.StatusRecoverableError, disk.status(), "a success does not hide the one that waits")

			gateway.now(accept)
			eventually(t, func() bool { return len(gateway.holds()) == 1001 })
			agent.stop(t)
		})
	}
}

// TestTooLarge: a batch beyond the gateway's limit is divided until it fits.
func TestTooLarge(t *testing.T) {
	gateway, disk := newGateway(t, accept, grpc.MaxRecvMsgSize(300)), newMachine()
	agent := startAgent(t, disk, gateway.address, func(cfg *Config) {
		cfg.SendingQueue.Get().Batch = configoptional.Some(exporterhelper.BatchConfig{
			Sizer: exporterhelper.RequestSizerTypeItems, FlushTimeout: time.Millisecond, MinSize: 1000,
		})
	})
	var names []string
	for i := range 500 {
		names = append(names, fmt.Sprintf("record %04d", i))
	}
	require.NoError(t, agent.ConsumeLogs(t.Context(), request(names...)))
	eventually(t, func() bool { return slices.Equal(gateway.holds(), names) })
	agent.stop(t)
}

// bare is a forwarder without queue and retry.
func bare(t *testing.T, address string, telemetry *componenttest.Telemetry, coin func() bool) *forwarder {
	t.Helper()
	cfg := validConfig()
	cfg.ClientConfig.Endpoint = address
	cfg.ClientConfig.TLS.Insecure = true
	cfg.Timeout = patience
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	require.NoError(t, err)
	f := newForwarder(cfg, set, builder, time.Now, coin)
	require.NoError(t, f.start(t.Context(), newMachine()))
	t.Cleanup(func() { assert.NoError(t, f.shutdown(t.Context())) })
	return f
}

func newTelemetry(t *testing.T) *componenttest.Telemetry {
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context()))) })
	return telemetry
}

func firstHalfFirst() bool { return false }

// TestErrors: never permanent, with the delay that was asked for and with what
// was not delivered.
func TestErrors(t *testing.T) {
	throttled, err := status.New(codes.ResourceExhausted, "quota").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
	require.NoError(t, err)
	all := answers()
	all["throttled"] = refuse(throttled.Err())
	for name, answer := range all {
		t.Run(name, func(t *testing.T) {
			gateway := newGateway(t, answer)
			f := bare(t, gateway.address, newTelemetry(t), firstHalfFirst)
			err := f.consume(t.Context(), request("a", "b"))
			require.Error(t, err)
			assert.False(t, consumererror.IsPermanent(err))
			_, isStatus := status.FromError(err)
			assert.False(t, isStatus, "nobody above judges by the code")
			var rest consumererror.Logs
			require.ErrorAs(t, err, &rest)
			assert.ElementsMatch(t, []string{"a", "b"}, bodies(rest.Data()))
			if name == "throttled" {
				require.ErrorContains(t, err, "Throttle (7s)")
				assert.Equal(t, 1, gateway.asked(), "not divided: it asked to be left alone")
			} else {
				assert.NotContains(t, err.Error(), "Throttle")
			}
		})
	}
}

// TestRefusedAsAWhole costs a bounded number of requests per attempt.
func TestRefusedAsAWhole(t *testing.T) {
	gateway := newGateway(t, refuse(status.Error(codes.PermissionDenied, "nobody")))
	f := bare(t, gateway.address, newTelemetry(t), firstHalfFirst)
	names := make([]string, 10_000)
	err := f.consume(t.Context(), request(names...))
	var rest consumererror.Logs
	require.ErrorAs(t, err, &rest)
	assert.Equal(t, len(names), rest.Data().LogRecordCount())
	assert.LessOrEqual(t, gateway.asked(), 40)
}

func TestNoRecordsNoRequest(t *testing.T) {
	gateway := newGateway(t, refuse(errors.New("no")))
	f := bare(t, gateway.address, newTelemetry(t), firstHalfFirst)
	require.NoError(t, f.consume(t.Context(), plog.NewLogs()))
	assert.Zero(t, gateway.asked())
}

func TestMetrics(t *testing.T) {
	telemetry := newTelemetry(t)
	gateway := newGateway(t, refuse(status.Error(codes.Unauthenticated, "no")))
	f := bare(t, gateway.address, telemetry, firstHalfFirst)
	require.Error(t, f.consume(t.Context(), request("a", "b")))
	require.Error(t, f.consume(t.Context(), request("a", "b")))
	gateway.now(accept)
	require.NoError(t, f.consume(t.Context(), request("a", "b")))
	metadatatest.AssertEqualAuditForwardForwardedRecords(t, telemetry,
		[]metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp())
	points, err := telemetry.GetMetric("otelcol_audit_forward_failed_attempts")
	require.NoError(t, err)
	sum := points.Data.(metricdata.Sum[int64])
	require.Len(t, sum.DataPoints, 1)
	assert.EqualValues(t, 2, sum.DataPoints[0].Value)
	code, _ := sum.DataPoints[0].Attributes.Value("code")
	assert.Equal(t, "Unauthenticated", code.AsString())
}
