package otlpmap

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
)

// KeepFromSampling marks the log record so that contrib's probabilistic_sampler
// keeps it: the attribute becomes exactly the number 100, over whatever the
// client sent. name "" means DefaultSamplingAttribute. Encode removes the mark,
// so set it afterwards.
func KeepFromSampling(lr plog.LogRecord, name string) {
	if name == "" {
		name = DefaultSamplingAttribute
	}
	lr.Attributes().PutDouble(name, 100)
	if !strings.HasPrefix(name, samplingPrefix) {
		lr.Attributes().PutStr(AttrMark, name)
	}
}
