package otlpmap

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sent is one log record of an OTLP/JSON file.
type sent struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	log      plog.LogRecord
}

func readShapes(t testing.TB, file string) []sent {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var u plog.JSONUnmarshaler
	logs, err := u.UnmarshalLogs(b)
	require.NoError(t, err)
	var all []sent
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				all = append(all, sent{rl.Resource(), sl.Scope(), lr})
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// finished does what the processor does, but for redaction and the judgment of
// tenants.
func finished(d *Decoder, s sent) (*record.Record, *record.Problem) {
	out := d.Decode(s.resource, s.scope, s.log, false)
	if out.Problem != nil {
		return out.Record, out.Problem
	}
	out.Record.SettleTime(1767225700000000000)
	if p := out.Record.Normalize(); p != nil {
		return out.Record, p
	}
	if out.Record.EventID == "" {
		out.Record.EventID = out.Record.DeriveEventID()
	}
	return out.Record, nil
}

// TestShapes compares what is made of each file of testdata/shapes with the
// golden canonical bytes, one line per record. evlog-json and evlog-compact are
// what the npm package evlog 2.29.0 sent to an HTTP server, in its two record
// shapes, plain, signed and hash-chained.
func TestShapes(t *testing.T) {
	files, err := filepath.Glob("testdata/shapes/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			for _, s := range readShapes(t, file) {
				if !IsAudit(s.log) {
					got.WriteString("ordinary\n")
					continue
				}
				r, problem := finished(NewDecoder(Options{}), s)
				if problem != nil {
					got.WriteString(problem.Error() + "\n")
					continue
				}
				line := r.AppendCanonical(nil)
				got.Write(append(line, '\n'))

				// What came out goes through the next hop unchanged.
				Encode(r, s.log)
				require.Equal(t, string(line), string(decodeTrusted(t, wire(t, s.log)).Record.AppendCanonical(nil)))
			}
			golden := filepath.Join("testdata", "golden", name+".jsonl")
			if *update {
				require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

// TestSameEventInEveryShape holds that identity depends neither on the shape,
// nor on the spelling, nor on the order of attributes.
func TestSameEventInEveryShape(t *testing.T) {
	shapes := []string{
		"flat", "flat, reversed", "dotted", "JSON members", "words", "nested", "nested ids", "JSON text", "body map", "body JSON",
		"dotted body", "body itself", "flat and nested and body", "tenant on the record", "tenant in the context",
	}
	all := readShapes(t, "testdata/shapes/same-event.json")
	require.Len(t, all, len(shapes))
	var want *record.Record
	for i, s := range all {
		r, problem := finished(NewDecoder(Options{}), s)
		require.Nil(t, problem, shapes[i])
		if want == nil {
			want = r
			continue
		}
		require.Equal(t, want.EventID, r.EventID, "%s\n%s\n%s", shapes[i], want.AppendCanonical(nil), r.AppendCanonical(nil))
		require.Equal(t, want.Fingerprint(), r.Fingerprint(), shapes[i])
	}
}
