// Package metrics reads what a collector says of itself, in Prometheus' text
// format, and checks from that alone that every record that came in was counted
// as exactly one thing: stored, duplicate, quarantined or refused.
package metrics
