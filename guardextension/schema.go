package guardextension

// message is a type of OTLP message that holds values, or messages that do.
type message uint8

// The messages on the way from a request to its values. What is not here is
// never interpreted: a text or bytes may hold anything.
const (
	none message = iota
	anyValue
	arrayValue
	keyValueList
	keyValue
	resource
	scope

	logsRequest
	resourceLogs
	scopeLogs
	logRecord

	traceRequest
	resourceSpans
	scopeSpans
	span
	spanEvent
	spanLink

	metricsRequest
	resourceMetrics
	scopeMetrics
	metricMessage
	numbers // Gauge and Sum: the points are in the same field
	histogram
	exponentialHistogram
	summary
	numberDataPoint
	histogramDataPoint
	exponentialHistogramDataPoint
	summaryDataPoint
	exemplar

	profilesRequest
	resourceProfiles
	scopeProfiles
	profilesDictionary
	keyValueAndUnit

	messages // how many there are
)

// deprecatedScopes stands for field 1000, where OTLP 0.15 left its
// instrumentation libraries; the decoder still reads them.
const deprecatedScopes = 0

// fields says which fields of a message are messages of the table, by number. A
// test compares it with the decoder's source.
var fields = [messages][16]message{
	anyValue:     {5: arrayValue, 6: keyValueList},
	arrayValue:   {1: anyValue},
	keyValueList: {1: keyValue},
	keyValue:     {2: anyValue},
	resource:     {1: keyValue},
	scope:        {3: keyValue},

	logsRequest:  {1: resourceLogs},
	resourceLogs: {1: resource, 2: scopeLogs, deprecatedScopes: scopeLogs},
	scopeLogs:    {1: scope, 2: logRecord},
	logRecord:    {5: anyValue, 6: keyValue},

	traceRequest:  {1: resourceSpans},
	resourceSpans: {1: resource, 2: scopeSpans, deprecatedScopes: scopeSpans},
	scopeSpans:    {1: scope, 2: span},
	span:          {9: keyValue, 11: spanEvent, 13: spanLink},
	spanEvent:     {3: keyValue},
	spanLink:      {4: keyValue},

	metricsRequest:                {1: resourceMetrics},
	resourceMetrics:               {1: resource, 2: scopeMetrics, deprecatedScopes: scopeMetrics},
	scopeMetrics:                  {1: scope, 2: metricMessage},
	metricMessage:                 {5: numbers, 7: numbers, 9: histogram, 10: exponentialHistogram, 11: summary, 12: keyValue},
	numbers:                       {1: numberDataPoint},
	histogram:                     {1: histogramDataPoint},
	exponentialHistogram:          {1: exponentialHistogramDataPoint},
	summary:                       {1: summaryDataPoint},
	numberDataPoint:               {5: exemplar, 7: keyValue},
	histogramDataPoint:            {8: exemplar, 9: keyValue},
	exponentialHistogramDataPoint: {1: keyValue, 11: exemplar},
	summaryDataPoint:              {7: keyValue},
	exemplar:                      {7: keyValue},

	profilesRequest:    {1: resourceProfiles, 2: profilesDictionary},
	resourceProfiles:   {1: resource, 2: scopeProfiles},
	scopeProfiles:      {1: scope},
	profilesDictionary: {6: keyValueAndUnit},
	keyValueAndUnit:    {2: anyValue},
}

// field is the type of a message's field, none where it is not in the table.
func (m message) field(number int32) message {
	switch {
	case number == 1000:
		return fields[m][deprecatedScopes]
	case number <= deprecatedScopes || int(number) >= len(fields[m]):
		return none
	default:
		return fields[m][number]
	}
}

// requests are the roots, by the name of the type that a server decodes into.
var requests = map[string]message{
	"ExportLogsServiceRequest":     logsRequest,
	"ExportTraceServiceRequest":    traceRequest,
	"ExportMetricsServiceRequest":  metricsRequest,
	"ExportProfilesServiceRequest": profilesRequest,
}

// methods are the roots by the gRPC method.
var methods = map[string]message{
	"/opentelemetry.proto.collector.logs.v1.LogsService/Export":                    logsRequest,
	"/opentelemetry.proto.collector.trace.v1.TraceService/Export":                  traceRequest,
	"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export":              metricsRequest,
	"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export": profilesRequest,
}

// dense are fields that are no messages of the table and still take more memory
// than bytes, by how many bytes of them count as one message: the references to
// entities of a resource, quantiles, and buckets, whose numbers are packed.
var dense = map[message]map[int32]int64{
	resource:                      {3: 2},
	summaryDataPoint:              {6: 2},
	exponentialHistogramDataPoint: {8: 8, 9: 8},
}

// paths are the roots by how the path of an HTTP request ends.
var paths = map[string]message{
	"/v1/logs":                logsRequest,
	"/v1/traces":              traceRequest,
	"/v1/metrics":             metricsRequest,
	"/v1development/profiles": profilesRequest,
}
