package auditconnector

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
)

// FuzzSplit sends whatever the protobuf decoder accepts. Every audit record
// reaches the sinks as it came, every other record the rest, nothing is lost and
// nothing is made up.
func FuzzSplit(f *testing.F) {
	marshaler := plog.ProtoMarshaler{}
	for _, ld := range []plog.Logs{
		request(), request("plain"), request("event", "plain", "quarantined"), request("event"), request("quarantined"),
	} {
		encoded, err := marshaler.MarshalLogs(ld)
		require.NoError(f, err)
		f.Add(encoded, true)
		f.Add(encoded, false)
	}
	f.Fuzz(func(t *testing.T, encoded []byte, copies bool) {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(encoded)
		if err != nil {
			return
		}
		wantAudit, wantRest := sort(t, ld, copies)

		s := newService(t, func(cfg *Config) {
			cfg.SamplingAttribute = "" // copies stay comparable
			if !copies {
				cfg.AuditRecords = AuditRecordsAuditOnly
			}
		})
		require.NoError(t, s.connector.ConsumeLogs(t.Context(), ld))
		gotAudit, _ := sort(t, s.audit.last, true)
		require.Equal(t, wantAudit, gotAudit)
		_, gotRest := sort(t, s.app.last, true)
		require.Equal(t, wantRest, gotRest)
	})
}

// sort returns the records for the sinks and those for the rest, encoded.
func sort(t *testing.T, ld plog.Logs, copies bool) (audit, rest []string) {
	t.Helper()
	if ld == (plog.Logs{}) {
		return nil, nil
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				one := plog.NewLogs()
				lr.CopyTo(one.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
				encoded, err := (&plog.ProtoMarshaler{}).MarshalLogs(one)
				require.NoError(t, err)
				_, quarantined := otlpmap.QuarantineMarkOf(lr)
				isAudit := otlpmap.IsAudit(lr)
				if isAudit {
					audit = append(audit, string(encoded))
				}
				if !isAudit || copies && !quarantined {
					rest = append(rest, string(encoded))
				}
			}
		}
	}
	return audit, rest
}
