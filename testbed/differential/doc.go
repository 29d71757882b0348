// Package differential holds the chain of our components against one rule:
// whatever OTLP's decoder accepts, every record that claims to be audit ends as
// exactly one of stored, duplicate, conflict and quarantined, in the store and in
// the journal alike, and every other record leaves as it came.
package differential
