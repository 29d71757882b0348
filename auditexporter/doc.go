// Package auditexporter writes audit records to PostgreSQL, each exactly once
// per identity, and answers only after COMMIT. It reads the canonical OTLP form
// that auditprocessor writes and knows nothing of how it came about.
package auditexporter

//go:generate mdatagen metadata.yaml
