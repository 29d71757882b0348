// Package journalexporter writes audit records to a journal, files of signed
// JSON Lines, and answers only when they are durable. It is the second sink
// beside PostgreSQL: whoever can change one of them cannot change the other
// without being seen. It reads the canonical OTLP form that auditprocessor
// writes and knows nothing of how it came about; the files are package
// internal/journal's.
package journalexporter

//go:generate mdatagen metadata.yaml
