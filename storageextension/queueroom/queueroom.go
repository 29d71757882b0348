// Package queueroom asks for room on a queue's disk before a request is offered to
// the queue. A persistent queue of exporterhelper counts a request that its storage
// then refuses as one that it holds, until it is empty: after enough refusals it
// says that it is full while there is room again.
package queueroom

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

// storage is what storageextension offers. Another storage is not asked.
type storage interface {
	// Room returns an error while the queues' disk takes no more. It is safe for
	// concurrent use and fast enough for every request.
	Room(ctx context.Context) error
	// Refused counts log records that an exporter refused for want of room.
	Refused(ctx context.Context, exporter string, records int)
}

// first asks before its exporter is.
type first struct {
	exporter.Logs

	name    string        // of the exporter
	id      *component.ID // of its queue's storage
	storage storage       // nil before Start, and where there is none to ask
}

// First returns an exporter that refuses requests while the storage of its queue
// has no room, with an error after which clients send again. name is the exporter's,
// for the metric, and id its storage's.
func First(e exporter.Logs, name component.ID, id *component.ID) exporter.Logs {
	if id == nil {
		return e
	}
	return &first{Logs: e, name: name.String(), id: id}
}

// Start implements component.Component.
func (f *first) Start(ctx context.Context, host component.Host) error {
	f.storage, _ = host.GetExtensions()[*f.id].(storage)
	return f.Logs.Start(ctx, host)
}

// ConsumeLogs implements consumer.Logs.
func (f *first) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if f.storage != nil {
		if err := f.storage.Room(ctx); err != nil {
			f.storage.Refused(ctx, f.name, logs.LogRecordCount())
			return err
		}
	}
	return f.Logs.ConsumeLogs(ctx, logs)
}
