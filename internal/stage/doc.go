// Package stage holds the steps an audit record goes through between decoding
// and encoding: tenant, enrichment, redaction, identity. Each is a small pure
// function of the record and of a policy compiled once from configuration; none
// knows OTLP, reads a clock or keeps anything between two records.
package stage
