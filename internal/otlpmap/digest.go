package otlpmap

import (
	"crypto/sha256"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// MarshalOne returns one log record with its resource and scope as an OTLP
// protobuf message (LogsData with one ResourceLogs, ScopeLogs and LogRecord).
// Equal records give equal bytes.
func MarshalOne(resource pcommon.Resource, scope pcommon.InstrumentationScope, lr plog.LogRecord) ([]byte, error) {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	resource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	scope.CopyTo(sl.Scope())
	lr.CopyTo(sl.LogRecords().AppendEmpty())
	var m plog.ProtoMarshaler
	b, err := m.MarshalLogs(logs)
	if err != nil {
		return nil, fmt.Errorf("encode one log record: %w", err)
	}
	return b, nil
}

// Digest returns SHA-256 of what MarshalOne returns: the identity of a record
// in quarantine. Take it before the record is redacted.
func Digest(resource pcommon.Resource, scope pcommon.InstrumentationScope, lr plog.LogRecord) [32]byte {
	b, err := MarshalOne(resource, scope, lr)
	if err != nil {
		return [32]byte{}
	}
	return sha256.Sum256(b)
}
