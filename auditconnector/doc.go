// Package auditconnector sends audit records to every required sink before
// anything else happens to a request. A required sink that fails fails the
// request with an error the client retries, whatever the sink itself said, so
// one shared OTLP endpoint is safe for audit records and ordinary records
// alike.
//
// Records are audit records by the rule of internal/otlpmap; this package knows
// neither what is in them nor where they are stored.
package auditconnector
