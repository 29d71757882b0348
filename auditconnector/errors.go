package auditconnector

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pipeline"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// requiredError says that required sinks did not accept a request. It is always
// retryable, whatever the sinks said: an audit record that one of them calls
// permanently bad must still not be given up by the client, and a permanent
// error would make receivers and queues do just that.
//
// It therefore does not unwrap. errors.As would find a permanent error, a gRPC
// status that clients do not retry, or a consumererror.Logs, which makes a
// receiver retry only a part of the request. errors.Is still works.
type requiredError struct {
	failures []sinkFailure
}

type sinkFailure struct {
	sink pipeline.ID
	err  error
}

// Error names every required sink that failed and why.
func (e *requiredError) Error() string {
	var text strings.Builder
	text.WriteString("audit records were not accepted, send the request again: ")
	for i, failure := range e.failures {
		if i > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "pipeline %s: %v", failure.sink, failure.err)
	}
	return text.String()
}

// Is reports whether one of the sinks failed with target.
func (e *requiredError) Is(target error) bool {
	for _, failure := range e.failures {
		if errors.Is(failure.err, target) {
			return true
		}
	}
	return false
}

// GRPCStatus is what the OTLP receiver answers: Unavailable, or 503 over HTTP.
func (e *requiredError) GRPCStatus() *status.Status {
	return status.New(codes.Unavailable, strings.ToValidUTF8(e.Error(), "\uFFFD"))
}
