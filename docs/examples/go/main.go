// Command emit sends one audit record with the OpenTelemetry Go SDK and exits
// with an error unless the collector said that it is stored.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
)

func main() {
	if err := emit(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "emit:", err)
		os.Exit(1)
	}
}

func emit(ctx context.Context) error {
	// OTEL_EXPORTER_OTLP_ENDPOINT says where the collector is.
	exporter, err := otlploghttp.New(ctx)
	if err != nil {
		return err
	}
	// A simple processor answers per record; a batching one drops what does
	// not fit its buffer and what it holds when the process dies.
	answer := &lastError{Exporter: exporter}
	provider := sdklog.NewLoggerProvider(
		sdklog.WithProcessor(sdklog.NewSimpleProcessor(answer)),
		sdklog.WithResource(resource.NewSchemaless(attribute.String("service.name", "billing"))),
	)
	logger := provider.Logger("audit")

	var event log.Record
	event.SetTimestamp(time.Now())
	event.SetSeverity(log.SeverityInfo)
	event.SetEventName("audit.invoice.refund")
	event.AddAttributes(
		attribute.String("audit.tenant.id", "acme"),
		attribute.String("audit.action", "invoice.refund"),
		attribute.String("audit.outcome", "success"),
		attribute.String("audit.actor.type", "user"),
		attribute.String("audit.actor.id", "usr_42"),
		attribute.String("audit.target.type", "invoice"),
		attribute.String("audit.target.id", "inv_889"),
		// The key your request already has makes a retry the same event.
		attribute.String("audit.idempotency.key", "refund:inv_889:1"),
		attribute.Map("audit.payload", attribute.Int("amount_cents", 12990), attribute.String("currency", "EUR")),
	)
	logger.Emit(ctx, event)

	if err := provider.Shutdown(ctx); err != nil {
		return err
	}
	return answer.err
}

// lastError keeps what the exporter said: the SDK itself only logs it.
type lastError struct {
	sdklog.Exporter

	err error
}

func (e *lastError) Export(ctx context.Context, records []sdklog.Record) error {
	if err := e.Exporter.Export(ctx, records); err != nil {
		e.err = err
		return err
	}
	return nil
}
