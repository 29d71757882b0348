package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// NewerSchemaError is a schema of which this program does not know how it should
// be.
type NewerSchemaError struct {
	Schema       string
	Found, Knows int
}

// Error says which program knows it.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the audit tables in schema %q are at migration %d, this program knows %d: whether tables and policies are those of the migrations takes a newer one",
		e.Schema, e.Found, e.Knows)
}

// tableShape is what a table of the log is, as far as it decides which rows a
// query sees.
type tableShape struct {
	kind     string // of pg_class: r is a table, p a partitioned one
	security string // row-level security
	key      string // columns of the primary key
}

const (
	plainTable       = "r"
	partitionedTable = "p"
	securityForced   = "enabled forced"
)

// logShapes are the tables that a Scanner reads.
var logShapes = map[string]tableShape{
	"audit_events":        {partitionedTable, securityForced, "tenant_id, epoch, seq, recorded_at"},
	"audit_event_ids":     {plainTable, "", "tenant_id, kind, id"},
	"audit_commits":       {plainTable, securityForced, "tenant_id, epoch, size"},
	"audit_epochs":        {plainTable, securityForced, "tenant_id, epoch"},
	"audit_prunes":        {plainTable, securityForced, "id"},
	"audit_pruned_leaves": {plainTable, securityForced, "tenant_id, epoch, seq"},
}

// policyShape is a policy. role is a group role without the prefix.
type policyShape struct{ command, role, using, check string }

// readerSees is the expression of readers' policies as PostgreSQL prints it.
const readerSees = "((tenant_id = current_setting('audit.tenant'::text, true)) AND audit_login_admits(current_setting('audit.tenant'::text, true)))"

// logPolicies are the policies of the migrations, by table and name.
var logPolicies = func() map[[2]string]policyShape {
	policies := make(map[[2]string]policyShape)
	for table, shape := range logShapes {
		if shape.security == "" {
			continue
		}
		policies[[2]string{table, "audit_auditor"}] = policyShape{"r", "auditor", "true", ""}
		policies[[2]string{table, "audit_reader"}] = policyShape{"r", "reader", readerSees, ""}
		if table != "audit_events" {
			policies[[2]string{table, "audit_owner"}] = policyShape{"*", "owner", "true", "true"}
		}
	}
	for _, table := range []string{"audit_commits", "audit_epochs"} {
		policies[[2]string{table, "audit_writer"}] = policyShape{"r", "writer", "true", ""}
		policies[[2]string{table, "audit_writer_insert"}] = policyShape{"a", "writer", "", "true"}
	}
	return policies
}()

// SchemaChanges says how the tables of the log, and the policies that say who
// sees which of their rows, differ from what the migrations made: a view, a rule
// or a policy could hide a row from whoever verifies. It returns a
// NewerSchemaError for a schema of a later migration.
func (s *Scanner) SchemaChanges(ctx context.Context) ([]string, error) {
	if s.version > scanSchema {
		return nil, &NewerSchemaError{Schema: s.reader.options.Schema, Found: s.version, Knows: scanSchema}
	}
	found := &schemaCheck{tables: maps.Clone(logShapes), policies: maps.Clone(logPolicies)}
	schema := pgx.Identifier{s.reader.options.Schema}.Sanitize()
	err := s.rows(ctx, s.sql.schema, []param{textOf(schema)}, func(columns [][]byte) error {
		text := make([]string, len(columns))
		for i := range columns {
			text[i] = string(columns[i])
		}
		if text[0] == "table" {
			found.table(text[1], text[2], text[3], text[4], text[5], text[6])
		} else {
			found.policy(text[1], text[2], text[3], text[4], text[5], text[6])
		}
		return nil
	})
	if err == nil {
		err = s.checkDetails(ctx, found)
	}
	if err != nil {
		return nil, err
	}
	for _, table := range slices.Sorted(maps.Keys(found.tables)) {
		found.change("table %s is not there", table)
	}
	for policy := range found.policies {
		found.change("policy %s of %s is not there", policy[1], policy[0])
	}
	slices.Sort(found.changes)
	return found.changes, nil
}

// schemaCheck takes off what is as it should be.
type schemaCheck struct {
	tables   map[string]tableShape
	policies map[[2]string]policyShape
	prefix   string // of the group roles, once one is known
	changes  []string
}

func (c *schemaCheck) change(format string, args ...any) {
	c.changes = append(c.changes, fmt.Sprintf(format, args...))
}

func (c *schemaCheck) table(name, partOf, kind, security, rules, key string) {
	want, known := logShapes[name]
	switch {
	case partOf == "audit_events":
		want = tableShape{kind: plainTable, key: logShapes["audit_events"].key}
	case partOf != "":
		c.change("table %s inherits from %s: its rows would be taken for those of that one", name, partOf)
		return
	case known:
		delete(c.tables, name)
	}
	if kind != want.kind {
		c.change("%s is %s, and should be %s", name, kindText(kind), kindText(want.kind))
		return // nothing else of it is like that of a table
	}
	if security = strings.TrimSpace(security); security != want.security {
		c.change("row-level security of %s is %s, and should be %s", name, orNone(security), orNone(want.security))
	}
	if rules != "" {
		c.change("%s has rules: %s", name, rules)
	}
	if key != want.key {
		c.change("the primary key of %s is of %s, and should be of %s", name, orNone(key), want.key)
	}
}

func (c *schemaCheck) policy(table, name, command, roles, using, check string) {
	want, known := c.policies[[2]string{table, name}]
	if !known {
		c.change("policy %s of %s is none of the migrations: it decides who sees which rows", name, table)
		return
	}
	delete(c.policies, [2]string{table, name})
	prefix, ours := strings.CutSuffix(roles, want.role)
	if c.prefix == "" && ours {
		c.prefix = prefix
	}
	switch {
	case command != want.command:
		c.change("policy %s of %s is for another command, or restricts", name, table)
	case !ours || prefix != c.prefix:
		c.change("policy %s of %s is for %s", name, table, roles)
	case using != want.using || check != want.check:
		c.change("policy %s of %s has another condition: %s", name, table, strings.Trim(using+" WITH CHECK "+check, " "))
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// kindText names a kind of pg_class.
func kindText(kind string) string {
	switch kind {
	case plainTable:
		return "a table"
	case partitionedTable:
		return "a partitioned table"
	case "v":
		return "a view"
	case "m":
		return "a materialized view"
	case "f":
		return "a foreign table"
	default:
		return "of kind " + kind
	}
}
