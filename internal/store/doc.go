// Package store is the audit trail in PostgreSQL: it writes events once each,
// with COPY, under a lock per tenant, and reads them back exactly as they were
// hashed. Every SQL statement is a file in sql, named after what it does. It
// knows records and pgx, and nothing of the Collector.
package store
