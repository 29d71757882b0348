// Package forwardexporter sends logs by OTLP/gRPC to the next collector and
// never gives up what it has taken over: whatever the other end answers, a
// record stays in the queue on disk until that end has accepted it.
//
// The stock otlp exporter takes most refusals for final and deletes the batch. A
// password changed on one side only is enough.
//
// The package knows OTLP and nothing of audit records.
package forwardexporter
