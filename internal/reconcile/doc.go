// Package reconcile compares the two sinks, the store and the journal, event by
// event: by identity, then by leaf. Each was written without the other's help,
// so what one of them lost, or had added to it by somebody who holds the log's
// key, the other tells. It also holds a client's own list of what it sent
// against the store.
//
// Memory does not grow with the number of events: both sinks are cut into
// buckets on disk by a hash of the identity, about 200 bytes per entry of either
// sink, and one bucket at a time is in memory. With 256 buckets and ten million
// entries on both sides that is 80,000 entries, 40 MB, and 4 GB of disk. What is
// held throughout are about 200 bytes for each quarantined record, 32 for each leaf
// that was removed one by one, 500 for each entry of an acknowledged loss, and up to
// MaxFindings findings.
package reconcile
