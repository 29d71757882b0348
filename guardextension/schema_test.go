package guardextension

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// names are the decoder's types behind the table's messages.
var names = map[string]message{
	"AnyValue": anyValue, "ArrayValue": arrayValue, "KeyValueList": keyValueList, "KeyValue": keyValue,
	"Resource": resource, "InstrumentationScope": scope,
	"ExportLogsServiceRequest": logsRequest, "ResourceLogs": resourceLogs, "ScopeLogs": scopeLogs, "LogRecord": logRecord,
	"ExportTraceServiceRequest": traceRequest, "ResourceSpans": resourceSpans, "ScopeSpans": scopeSpans,
	"Span": span, "SpanEvent": spanEvent, "SpanLink": spanLink,
	"ExportMetricsServiceRequest": metricsRequest, "ResourceMetrics": resourceMetrics, "ScopeMetrics": scopeMetrics,
	"Metric": metricMessage, "Gauge": numbers, "Sum": numbers, "Histogram": histogram,
	"ExponentialHistogram": exponentialHistogram, "Summary": summary, "NumberDataPoint": numberDataPoint,
	"HistogramDataPoint": histogramDataPoint, "ExponentialHistogramDataPoint": exponentialHistogramDataPoint,
	"SummaryDataPoint": summaryDataPoint, "Exemplar": exemplar,
	"ExportProfilesServiceRequest": profilesRequest, "ResourceProfiles": resourceProfiles, "ScopeProfiles": scopeProfiles,
	"ProfilesDictionary": profilesDictionary, "KeyValueAndUnit": keyValueAndUnit,
}

// TestTableIsTheDecoders reads the decoder's generated source: a field that it
// descends into on the way to a value, and the table does not, is a way around
// the guard.
func TestTableIsTheDecoders(t *testing.T) {
	decoder := decoderFields(t)
	leads := map[string]bool{"AnyValue": true}
	for before := 0; before != len(leads); {
		before = len(leads)
		for from, targets := range decoder {
			for _, to := range targets {
				if leads[to] {
					leads[from] = true
				}
			}
		}
	}
	var seen [messages]bool
	visit := requestNames()
	done := map[string]bool{}
	for len(visit) > 0 {
		from := visit[0]
		visit = visit[1:]
		if done[from] {
			continue
		}
		done[from] = true
		m, known := names[from]
		require.True(t, known, "%s is not in the table", from)
		seen[m] = true
		want := map[int32]message{}
		for number, to := range decoder[from] {
			if leads[to] {
				want[number] = names[to]
				visit = append(visit, to)
			}
		}
		got := map[int32]message{}
		for _, number := range append(numbersUpTo(100), 1000) {
			if child := m.field(number); child != none {
				got[number] = child
			}
		}
		assert.Equal(t, want, got, from)
	}
	for m := anyValue; m < messages; m++ {
		assert.True(t, seen[m], "message %d of the table is not the decoder's", m)
	}
}

func requestNames() []string {
	var list []string
	for name := range requests {
		list = append(list, name)
	}
	return list
}

func numbersUpTo(n int32) []int32 {
	var list []int32
	for i := -n; i <= n; i++ {
		list = append(list, i)
	}
	return list
}

// decoderFields is, for each message type, the type of each field that is
// decoded as a message.
func decoderFields(t *testing.T) map[string]map[int32]string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "go.opentelemetry.io/collector/pdata").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "internal", "generated_proto_*.go"))
	require.NoError(t, err)
	var (
		structs  = regexp.MustCompile(`(?s)\ntype (\w+) struct \{\n(.*?)\n\}`)
		members  = regexp.MustCompile(`(?m)^\t(\w+)\s+(\S+)`)
		decoders = regexp.MustCompile(`(?s)\nfunc \(orig \*(\w+)\) UnmarshalProto\(.*?\n\}`)
		cases    = regexp.MustCompile(`(?m)^\t\tcase (\d+):`)
		descents = regexp.MustCompile(`\b(orig|ov)\.(\w+)(?:\[.*\])?\.UnmarshalProto\(`)
		oneOf    = regexp.MustCompile(`\bvar ov \*(\w+)`)
	)
	types := map[string]map[string]string{}
	var source strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		source.Write(text)
		for _, match := range structs.FindAllStringSubmatch(string(text), -1) {
			types[match[1]] = map[string]string{}
			for _, member := range members.FindAllStringSubmatch(match[2], -1) {
				types[match[1]][member[1]] = strings.TrimLeft(member[2], "[]*")
			}
		}
	}
	found := map[string]map[int32]string{}
	descended := 0
	for _, decoder := range decoders.FindAllStringSubmatch(source.String(), -1) {
		found[decoder[1]] = map[int32]string{}
		starts := cases.FindAllStringSubmatchIndex(decoder[0], -1)
		for i, start := range starts {
			end := len(decoder[0])
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			body := decoder[0][start[1]:end]
			descent := descents.FindStringSubmatch(body)
			if descent == nil {
				continue
			}
			owner := decoder[1]
			if descent[1] == "ov" {
				owner = oneOf.FindStringSubmatch(body)[1]
			}
			number, err := strconv.ParseInt(decoder[0][start[2]:start[3]], 10, 32)
			require.NoError(t, err)
			to := types[owner][descent[2]]
			require.NotEmpty(t, to, "%s.%s", owner, descent[2])
			found[decoder[1]][int32(number)] = to
			descended++
		}
	}
	require.Equal(t, strings.Count(source.String(), ".UnmarshalProto(buf["), descended, "a descent was overlooked")
	return found
}
