package database

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// write writes records as the writer does.
func write(t *testing.T, db *storetest.Database, sealer store.Sealer, records ...*record.Record) {
	t.Helper()
	config, err := pgurl.Parse(db.WriterURL, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Sealer: sealer, Now: time.Now})
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
	r := &record.Record{
		TenantID: tenant, EventID: fmt.Sprintf("%s-%d", tenant, n), Action: "invoice.approve", Outcome: record.OutcomeSuccess,
		Actor:        record.EmptyObject().Set("type", text("user")).Set("id", text(fmt.Sprintf("u%d", n%7))),
		Target:       record.EmptyObject().Set("type", text("invoice")).Set("id", text(strconv.Itoa(n))),
		Context:      record.EmptyObject().Set("ip", text("192.0.2.1")).Set("request_id", text(fmt.Sprintf("r-%d", n))).Set("user_agent", text("curl/8")),
		Source:       record.EmptyObject().Set("service.name", text("billing")),
		TimeUnixNano: time.Now().Add(-time.Hour).UnixNano(),
	}
	if n%10 == 0 {
		r.Outcome = record.OutcomeDenied
	}
	return r
}

// write writes records, signed and anchored.
func (in *installation) write(t *testing.T, records ...*record.Record) {
	t.Helper()
	ring, err := keys.LoadRing(in.options.KeyFile)
	require.NoError(t, err)
	anchors, err := anchor.Open(in.options.AnchorFile)
	require.NoError(t, err)
	sealer := seal.New(seal.Options{Ring: ring, Anchors: anchors, Now: time.Now})
	write(t, in.Database, sealer, records...)
	require.NoError(t, sealer.Flush())
	require.NoError(t, anchors.Close())
}

func (in *installation) plantHealthy(t *testing.T) {
	t.Helper()
	var records []*record.Record
	for n := range 60 {
		records = append(records, healthy("acme", n), healthy("globex", n))
	}
	in.write(t, records...)
}

func text(s string) record.Value { return record.TextOrAbsent(s) }

func object(pairs ...string) record.Value {
	v := record.EmptyObject()
	for i := 0; i+1 < len(pairs); i += 2 {
		v = v.Set(pairs[i], text(pairs[i+1]))
	}
	return v
}

// eventFaults are events in which something is wrong: change is made to each of
// so many.
var eventFaults = []struct {
	id     string
	events int
	change func(r *record.Record, n int)
	says   string
	never  string // must not be said
}{
	{"data.denials.none", 60, func(r *record.Record, _ int) { r.Outcome = record.OutcomeSuccess }, "50 and more", ""},
	{"data.denials.action", 1001, func(r *record.Record, n int) {
		if n > 0 {
			r.Action, r.Outcome = "report.read", record.OutcomeSuccess
		}
	}, "action report.read: perhaps: 1000 of 1001 events", "likely"},
	{"data.denials.action", 1001, func(r *record.Record, n int) {
		if n > 0 {
			r.Action, r.Outcome, r.Actor = "invoice.read", record.OutcomeSuccess, object("type", "api_key", "id", strconv.Itoa(n%2))
		}
	}, "action invoice.read: likely: 1000 of 1001 events are of it, none denied, while invoice.approve was", ""},
	{"data.actor.machine", 1, func(r *record.Record, _ int) { r.Actor = object("type", "user", "id", "cron-nightly") }, "column actor_id", "nightly"},
	{"data.ids.token", 1, func(r *record.Record, _ int) {
		r.Actor = object("type", "user", "id", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln")
	}, "1 of 1 events", "eyJ"},
	{"data.ids.token", 1, func(r *record.Record, _ int) {
		r.Target = object("type", "session", "id", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b")
	}, "1 of 1 events", "9f86"},
	{"data.secrets", 1, func(r *record.Record, _ int) { r.Payload = object("note", "key sk_live_4eC39HqLyjWDarjtT1zdp7dc") }, "column payload", "sk_live"},
	{"data.secrets", 1, func(r *record.Record, _ int) {
		r.Changes = record.EmptyObject().Set("after", object("password", "tr0ub4dor"))
	}, "column changes", "tr0ub"},
	{"data.secrets", 1, func(r *record.Record, _ int) { r.Reason = "see postgres://app:hunter2@db/x" }, "column reason", "hunter2"},
	{"data.personal", 1, func(r *record.Record, _ int) {
		r.Changes = record.EmptyObject().Set("after", object("contact", "alice@example.org"))
	}, "column changes", "alice@"},
	{"data.personal", 1, func(r *record.Record, _ int) { r.Payload = object("x", "GB82 WEST 1234 5698 7654 32") }, "column payload", "WEST"},
	{"data.personal", 1, func(r *record.Record, _ int) { r.Payload = object("x", "card 4111 1111 1111 1111") }, "column payload", "4111"},
	{"data.personal", 1, func(r *record.Record, _ int) { r.Payload = object("x", "+44 20 7946 0958") }, "column payload", "7946"},
	{"data.actions.form", 1, func(r *record.Record, _ int) { r.Action = "User alice@example.org logged in" }, "of event acme-0", "alice"},
	{"data.actions.once", 40, func(r *record.Record, n int) {
		if n == 1 {
			r.Action = "invoice.aprove"
		}
	}, "nearly invoice.approve", ""},
	{"data.context", 30, func(r *record.Record, _ int) { r.Context = object("ip", "192.0.2.1") }, "request_id (100 %), user_agent (100 %)", ""},
	{"data.chain", 20, func(r *record.Record, n int) { r.Context = object("request_id", fmt.Sprintf("r%d", n/2)) }, "10 of 10 traces and requests", ""},
	{"data.flags", 20, func(r *record.Record, _ int) { r.Flags = []string{record.FlagTenantMismatch} }, "tenant_mismatch: 20 of 20", ""},
	{"data.time", 20, func(r *record.Record, _ int) { r.TimeUnixNano = time.Now().Add(time.Hour).UnixNano() }, "20 of 20", ""},
}

func TestEveryFaultOfEventsIsFound(t *testing.T) {
	for i, test := range eventFaults {
		t.Run(fmt.Sprintf("%s/%d", test.id, i), func(t *testing.T) {
			db := storetest.NewDatabase(t)
			var records []*record.Record
			for n := range test.events {
				r := healthy("acme", n)
				test.change(r, n)
				records = append(records, r)
			}
			write(t, db, nil, records...)
			report := examine(t, Options{URLs: urls(db)}, test.id)
			require.Len(t, report.Findings, 1, "%+v", report)
			said := report.Findings[0].Where + ": " + report.Findings[0].Detail
			require.Contains(t, said, test.says)
			if test.never != "" {
				require.NotContains(t, said, test.never)
			}
		})
	}
}

// Actions of which nothing can be said: too few, of one actor, or of machines of
// whose noun nothing was denied. One that is exempted is not a finding.
func TestActionsThatMayNeverBeDenied(t *testing.T) {
	db := storetest.NewDatabase(t)
	var records []*record.Record
	add := func(tenant, action string, events int, actor func(n int) record.Value) {
		for n := range events {
			r := healthy(tenant, n)
			r.EventID, r.Action, r.Outcome, r.Actor = fmt.Sprintf("%s-%d", action, n), action, record.OutcomeSuccess, actor(n)
			records = append(records, r)
		}
	}
	user := func(n int) record.Value { return object("type", "user", "id", strconv.Itoa(n%3)) }
	add("acme", "few.read", 999, user)
	add("acme", "one.read", 1000, func(int) record.Value { return object("type", "user", "id", "u") })
	add("acme", "key.read", 1000, func(n int) record.Value { return object("type", "api_key", "id", strconv.Itoa(n%3)) })
	add("acme", "job.run", 1000, func(int) record.Value { return object("type", "service", "id", "worker") })
	write(t, db, nil, records...)
	require.Empty(t, examine(t, Options{URLs: urls(db)}, "data.denials.action").Findings)

	records = nil
	add("acme", "report.read", 1000, user)
	add("acme", "report.list", 1000, user)
	write(t, db, nil, records...)
	report := doctor.NewReport()
	subject, err := Open(t.Context(), Options{URLs: urls(db), Now: time.Now})
	require.NoError(t, err)
	defer subject.Close(t.Context())
	choice := doctor.Choice{Only: []string{"data.denials.action"}, Skip: []string{"data.denials.action:report.read"}}
	require.NoError(t, doctor.Run(t.Context(), report, choice, DataProbes(), subject))
	require.Len(t, report.Findings, 1)
	require.Equal(t, "action report.list", report.Findings[0].Where)
	require.Equal(t, doctor.P2, report.Findings[0].Severity)
}

// Of more events than are wanted a sample is read, from all of the window.
func TestASampleIsRead(t *testing.T) {
	db := storetest.NewDatabase(t)
	var records []*record.Record
	for n := range 400 {
		r := healthy("acme", n)
		r.Payload = object("password", "tr0ub4dor")
		records = append(records, r)
	}
	write(t, db, nil, records...)
	exec(t, db.SuperURL, "ANALYZE")
	report := examine(t, Options{URLs: urls(db), Sample: 100}, "data.secrets")
	require.Len(t, report.Findings, 1, "%+v", report)
	require.Contains(t, report.Findings[0].Detail, "events of a sample")
}

func TestOneTenantIsLookedAt(t *testing.T) {
	db := storetest.NewDatabase(t)
	wrong := healthy("globex", 1)
	wrong.Payload = object("password", "tr0ub4dor")
	write(t, db, nil, healthy("acme", 1), wrong)
	require.Empty(t, examine(t, Options{URLs: urls(db), Tenant: "acme"}, "data.secrets").Findings)
	require.Len(t, examine(t, Options{URLs: urls(db), Tenant: "globex"}, "data.secrets").Findings, 1)
}
