package guardextension

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog" //nolint:depguard // a receiver of messages takes an encoding that decodes, and only that
)

var _ plog.Unmarshaler = (*guard)(nil)

// UnmarshalLogs decodes a message of a broker, OTLP logs in protobuf, after the
// same check. Receivers that take an encoding call it. The error is final: the
// same message would never be taken.
func (g *guard) UnmarshalLogs(message []byte) (plog.Logs, error) {
	if err := g.wireWalk(logsRequest).inspect(message); err != nil {
		return plog.Logs{}, g.count(context.Background(), "message", err)
	}
	return new(plog.ProtoUnmarshaler).UnmarshalLogs(message)
}
