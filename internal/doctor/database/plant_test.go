package database

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// write writes records as the writer does.
func write(t *testing.T, db *storetest.Database, records ...*record.Record) {
	t.Helper()
	config, err := pgurl.Parse(db.WriterURL, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	defer w.Close()
	var encoder store.Encoder
	events := make([]*store.Event, len(records))
	for i, r := range records {
		require.Nil(t, r.Normalize())
		event, err := encoder.Encode(r, "")
		require.NoError(t, err)
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	require.NoError(t, w.Write(t.Context(), events, outcomes))
	for _, outcome := range outcomes {
		require.Equal(t, store.Stored, outcome.Status)
	}
}

// healthy is an event in which nothing is wrong. n makes it one of its own; every
// tenth is denied.
func healthy(tenant string, n int) *record.Record {
	text := record.TextOrAbsent
	r := &record.Record{
		TenantID: tenant, EventID: fmt.Sprintf("%s-%d", tenant, n), Action: "invoice.approve", Outcome: record.OutcomeSuccess,
		Actor:        record.EmptyObject().Set("type", text("user")).Set("id", text(fmt.Sprintf("u%d", n%7))),
		Target:       record.EmptyObject().Set("type", text("invoice")).Set("id", text(fmt.Sprint(n))),
		Context:      record.EmptyObject().Set("ip", text("192.0.2.1")).Set("request_id", text(fmt.Sprintf("r-%d", n))).Set("user_agent", text("curl/8")),
		Source:       record.EmptyObject().Set("service.name", text("billing")),
		TimeUnixNano: time.Now().Add(-time.Hour).UnixNano(),
	}
	if n%10 == 0 {
		r.Outcome = record.OutcomeDenied
	}
	return r
}

func plantHealthy(t *testing.T, db *storetest.Database) {
	t.Helper()
	var records []*record.Record
	for n := range 60 {
		records = append(records, healthy("acme", n), healthy("globex", n))
	}
	write(t, db, records...)
}
