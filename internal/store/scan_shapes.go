package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// logColumns are the columns of the migrations as the catalog prints them, by
// table. Their values are verified as they are read; one more is what no
// signature covers and a reader may take for part of the log.
var logColumns = map[string]map[string]string{
	"audit_events": {
		"seq": "bigint NOT NULL", "recorded_at": instantColumn, "event_time": instantColumn,
		"time_unix_nano": "bigint", "observed_time_unix_nano": "bigint", "epoch": "integer NOT NULL", "severity": "smallint",
		"tenant_id": keyColumn, "event_id": keyColumn, "action": keyColumn, "outcome": keyColumn,
		"actor_type": "text C", "actor_id": "text C", "target_type": "text C", "target_id": "text C", "request_id": "text C", "client_ip": "text C",
		"correlation_id": "text C", "causation_id": "text C", "idempotency_key": "text C", "trace_id": "text C", "span_id": "text C",
		"event_name": "text C", "severity_text": "text C", "schema_version": "text C", "reason": "text", "flags": "text[] C",
		"original": "jsonb", "actor": "jsonb", "target": "jsonb", "changes": "jsonb", "context": "jsonb", "payload": "jsonb",
		"producer": "jsonb", "source": "jsonb", "attributes": "jsonb", "body": "jsonb", "leaf_hash": "bytea NOT NULL", "mac": "text C",
	},
	"audit_event_ids": {
		"recorded_at": instantColumn, "seq": "bigint NOT NULL", "epoch": "integer NOT NULL", "kind": `"char" NOT NULL`,
		"tenant_id": keyColumn, "id": keyColumn, "fingerprint": "bytea NOT NULL",
	},
	"audit_commits": {
		"size": "bigint NOT NULL", "prev_size": "bigint NOT NULL", "recorded_at": instantColumn, "epoch": "integer NOT NULL",
		"tenant_id": keyColumn, "root": "bytea", "frontier": "bytea", "note": "text",
	},
	"audit_epochs": {
		"recorded_at": instantColumn, "prev_size": "bigint NOT NULL", "epoch": "integer NOT NULL", "tenant_id": keyColumn,
		"reason": "text NOT NULL", "note": "text NOT NULL", "opened_by": "text NOT NULL",
	},
	"audit_prunes": {
		"id": "bigint NOT NULL", "size": "bigint NOT NULL", "cutoff": instantColumn, "deleted": "bigint NOT NULL", "recorded_at": instantColumn,
		"epoch": "integer NOT NULL", "tenant_id": keyColumn, "intent_event_id": "text C", "completion_event_id": "text C",
		"root": "bytea", "frontier": "bytea", "note": "text", "pruned_by": "text NOT NULL",
	},
	"audit_pruned_leaves": {
		"seq": "bigint NOT NULL", "recorded_at": instantColumn, "pruned_at": instantColumn, "epoch": "integer NOT NULL",
		"tenant_id": keyColumn, "leaf_hash": "bytea NOT NULL",
	},
}

const (
	instantColumn = "timestamp with time zone NOT NULL"
	keyColumn     = "text C NOT NULL"
)

// logConstraints are the constraints of the migrations besides primary keys, by
// table and name. What one of them excludes the planner does not look for.
var logConstraints = map[string]map[string]string{
	"audit_events": {
		"audit_events_position": "CHECK (((seq >= 0) AND (epoch >= 0)))",
		"audit_events_named":    "CHECK (((tenant_id <> ''::text) AND (event_id <> ''::text) AND (action <> ''::text)))",
		"audit_events_outcome":  "CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text, 'unknown'::text])))",
		"audit_events_leaf":     "CHECK ((octet_length(leaf_hash) = 32))",
	},
	"audit_event_ids": {
		"audit_event_ids_kind":        `CHECK ((kind = ANY (ARRAY['e'::"char", 'k'::"char"])))`,
		"audit_event_ids_fingerprint": "CHECK ((octet_length(fingerprint) = 32))",
	},
	"audit_commits": {
		"audit_commits_prev":     "UNIQUE (tenant_id, epoch, prev_size)",
		"audit_commits_grows":    "CHECK (((prev_size >= 0) AND (size > prev_size) AND (epoch >= 0)))",
		"audit_commits_root":     "CHECK ((octet_length(root) = 32))",
		"audit_commits_frontier": "CHECK (((octet_length(frontier) % 32) = 0))",
	},
	"audit_epochs": {
		"audit_epochs_position": "CHECK (((epoch >= 1) AND (prev_size >= 0)))",
		"audit_epochs_reason":   "CHECK ((reason <> ''::text))",
	},
	"audit_prunes":        {"audit_prunes_counts": "CHECK (((size > 0) AND (deleted >= 0)))"},
	"audit_pruned_leaves": {"audit_pruned_leaves_leaf": "CHECK ((octet_length(leaf_hash) = 32))"},
}

// tableDetails are what the catalog says of a table.
type tableDetails struct {
	columns, constraints map[string]string
	partOf, bounds       string
	bounded              bool
}

// checkDetails compares columns, constraints and bounds with the migrations'.
func (s *Scanner) checkDetails(ctx context.Context, found *schemaCheck) error {
	tables, months := make(map[string]*tableDetails), make(map[int64][2]int64)
	schema := pgx.Identifier{s.reader.options.Schema}.Sanitize()
	err := s.rows(ctx, s.sql.shapes, []param{textOf(schema)}, func(columns [][]byte) error {
		kind, table, name, text := string(columns[0]), string(columns[1]), string(columns[3]), string(columns[4])
		t := tables[table]
		if t == nil {
			t = &tableDetails{columns: make(map[string]string), constraints: make(map[string]string), partOf: string(columns[2])}
			tables[table] = t
		}
		switch kind {
		case "column":
			t.columns[name] = text
		case "constraint":
			t.constraints[name] = text
		default:
			t.bounds, t.bounded = text, true
			if oid, err := strconv.ParseInt(name, 10, 64); err == nil && t.partOf != "" {
				if month, ok := boundsMicros(text); ok {
					months[oid] = month
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.months.Store(&months)
	for i, table := range logTables {
		err := s.rows(ctx, s.sql.nameless[i], nil, func(columns [][]byte) error {
			if columns[0] == nil {
				found.change("%s has rows without a tenant: they are in no log", table)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		t := tables[name]
		parent := tables[t.partOf]
		if parent == nil {
			parent = &tableDetails{}
		}
		t.check(name, parent, found)
	}
	return nil
}

// check compares a table. What a partition has from its parent is said there.
func (t *tableDetails) check(name string, parent *tableDetails, found *schemaCheck) {
	like := name
	if t.partOf != "" {
		like = t.partOf
	}
	differing(logColumns[like], t.columns, parent.columns, func(column, have, want string) {
		switch {
		case want == "":
			found.change("column %s of %s is none of the migrations", column, name)
		case have == "":
			found.change("column %s of %s is not there", column, name)
		default:
			found.change("column %s of %s is %s, and should be %s", column, name, have, want)
		}
	})
	constraints := maps.Clone(logConstraints[like])
	constraints["primary key"] = "PRIMARY KEY (" + logShapes[like].key + ")"
	differing(constraints, t.constraints, parent.constraints, func(constraint, have, want string) {
		switch {
		case want == "":
			found.change("constraint %s of %s is none of the migrations, %s: rows that it excludes are not looked for", constraint, name, have)
		case constraint == "primary key" && have == "": // reported with the table
		case have == "":
			found.change("constraint %s of %s is not there", constraint, name)
		default:
			found.change("constraint %s of %s is %s, and should be %s", constraint, name, have, want)
		}
	})
	want := "RANGE (recorded_at)"
	if t.partOf != "" {
		want = monthBounds(name)
	}
	if t.bounded && t.bounds != want {
		found.change("the bounds of %s are %s, and should be %s", name, orNone(t.bounds), want)
	}
}

// differing calls report for every name whose text is another and not the
// parent's, in their order. parent is nil for none.
func differing(want, have, parent map[string]string, report func(name, have, want string)) {
	names := maps.Clone(want)
	maps.Copy(names, have)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if have[name] != want[name] && (parent == nil || have[name] != parent[name]) {
			report(name, have[name], want[name])
		}
	}
}

// boundsLayout is how PostgreSQL prints a bound in UTC.
const boundsLayout = "2006-01-02 15:04:05-07"

// boundsMicros are the bounds of a partition in microseconds since 1970.
func boundsMicros(text string) (bounds [2]int64, ok bool) {
	parts := strings.Split(text, "'")
	if len(parts) != 5 {
		return bounds, false
	}
	for i, bound := range []string{parts[1], parts[3]} {
		at, err := time.Parse(boundsLayout, bound)
		if err != nil {
			return bounds, false
		}
		bounds[i] = at.UnixMicro()
	}
	return bounds, true
}

// monthBounds are the bounds of the partition of a month, by its name, as
// PostgreSQL prints them in UTC.
func monthBounds(partition string) string {
	month, err := time.Parse("audit_events_2006_01", partition)
	if err != nil {
		return "those of one month that it is named after"
	}
	return fmt.Sprintf("FOR VALUES FROM ('%s') TO ('%s')", month.Format(boundsLayout), month.AddDate(0, 1, 0).Format(boundsLayout))
}
