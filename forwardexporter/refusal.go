package forwardexporter

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// partialSuccess is the code of an answer that accepts some records and does
// not say which.
const partialSuccess = "PartialSuccess"

// refusal is why an attempt failed. It hides the error behind it: nothing above
// may find out that somebody thought it permanent.
type refusal struct {
	code       string        // name of the gRPC code, or partialSuccess
	message    string        // of the other end, shortened
	retryAfter time.Duration // as the other end asked, 0 if it did not
	divisible  bool          // a part of the batch may fare better
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func readAnswer(answer plogotlp.ExportResponse, err error) *refusal {
	if err == nil {
		part := answer.PartialSuccess()
		if part.RejectedLogRecords() == 0 {
			return nil
		}
		return &refusal{
			code:      partialSuccess,
			message:   fmt.Sprintf("%d records rejected: %s", part.RejectedLogRecords(), shorten(part.ErrorMessage())),
			divisible: true,
		}
	}
	st := status.Convert(err)
	r := &refusal{code: st.Code().String(), message: shorten(st.Message())}
	asked := false
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			asked = true
			r.retryAfter = info.GetRetryDelay().AsDuration()
		}
	}
	switch st.Code() {
	case codes.InvalidArgument, codes.PermissionDenied, codes.ResourceExhausted, codes.Internal, codes.Unknown:
		r.divisible = !asked
	default: // what the other records of the batch are changes nothing
	}
	return r
}

// shorten bounds what a stranger can write into the log.
func shorten(message string) string {
	const most = 300
	message = strings.ToValidUTF8(message, "?")
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}

// advice is what a person does about a refusal.
func advice(code string) string {
	switch code {
	case codes.Unauthenticated.String():
		return "it does not accept the credentials: compare what auth or headers send with what it knows, then restart this collector if it reads them at start"
	case codes.PermissionDenied.String():
		return "it refuses these records: it must quarantine where it rejects (tenant.on_conflict, on_missing, on_unauthenticated), or list this collector under tenant.forwarders"
	case codes.ResourceExhausted.String():
		return "a request is larger than it takes, or a quota is used up: raise its max_recv_msg_size_mib or quota, or lower sending_queue.batch.min_size here"
	case codes.InvalidArgument.String():
		return "it cannot read these records: look at its log, and at what stands between"
	case codes.Unimplemented.String():
		return "there is no OTLP service for logs: check endpoint, and that a logs pipeline of it has an otlp receiver"
	case codes.Unavailable.String(), codes.DeadlineExceeded.String():
		return "it is out of reach, overloaded or cannot store: check endpoint and tls here, and its health there"
	case partialSuccess:
		return "it accepts some records and rejects others without saying which: look at its log"
	default:
		return "look at its log"
	}
}
