package recordtest

import "github.com/otelaudit/otelaudit/internal/record"

// Typical returns a record of the usual size, whose canonical bytes are about
// 910: what benchmarks speak of.
func Typical() *record.Record {
	r, err := record.ParseCanonical([]byte(typical))
	if err != nil {
		panic("recordtest: " + err.Error())
	}
	return r
}

const typical = `{"action":"invoice.refund","actor":{"email":"jo@example.com","id":"usr_42","type":"user"},` +
	`"attributes":{"http.request.method":"POST","http.response.status_code":200,"http.route":"/api/invoices/{id}/refund"},` +
	`"body":"invoice refunded","changes":{"patch":[{"op":"replace","path":"/status","value":"refunded"}]},` +
	`"context":{"ip":"203.0.113.7","request_id":"req_01J9ZK4C8Q","user_agent":"Mozilla/5.0 (X11; Linux x86_64)"},` +
	`"correlation_id":"ord_7781","event_id":"0197a2b0-7c1e-7abc-9def-000000000001","observed_time_unix_nano":"1767225600200000000",` +
	`"outcome":"success","payload":{"amount":129.9,"currency":"EUR"},"reason":"duplicate charge","severity":9,"severity_text":"INFO",` +
	`"source":{"deployment.environment.name":"production","service.name":"billing","service.version":"1.14.2"},` +
	`"span_id":"00f067aa0ba902b7","target":{"id":"inv_889","type":"invoice"},"tenant_id":"acme",` +
	`"time_unix_nano":"1767225600123456789","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","v":1}`
