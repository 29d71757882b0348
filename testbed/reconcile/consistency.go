// Package reconcile is the whole-state checker of the end-to-end tests: it reads
// the database as the auditor and says what is lost, doubled or inconsistent. It
// trusts nothing that the collector reported.
package reconcile

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Row counts of a consistent store mean nothing by themselves, so each check
// returns the rows that contradict it; none is the good answer.
var checks = []struct {
	name  string // what holds when there are no rows
	query string
}{
	{
		"seq runs from 0 without gaps, each once",
		`SELECT tenant_id || ' epoch ' || epoch || ': ' || count(*) || ' events, seq ' || min(seq) || ' to ' || max(seq)
		   FROM audit_events GROUP BY tenant_id, epoch
		 HAVING min(seq) <> 0 OR max(seq) <> count(*) - 1 OR count(DISTINCT seq) <> count(*)`,
	},
	{
		"an event id stands once per tenant",
		`SELECT tenant_id || ': ' || event_id || ' ' || count(*) || ' times'
		   FROM audit_events GROUP BY tenant_id, event_id HAVING count(*) > 1`,
	},
	{
		"every event has its identity row, at its own place",
		`SELECT e.tenant_id || ': ' || e.event_id
		   FROM audit_events e LEFT JOIN audit_event_ids i
		     ON i.tenant_id = e.tenant_id AND i.kind = 'e' AND i.id = e.event_id
		    AND i.epoch = e.epoch AND i.seq = e.seq AND i.recorded_at = e.recorded_at
		  WHERE i.tenant_id IS NULL`,
	},
	{
		"every identity row points to an event",
		`SELECT i.tenant_id || ': ' || i.kind::text || ' ' || i.id
		   FROM audit_event_ids i LEFT JOIN audit_events e
		     ON e.tenant_id = i.tenant_id AND e.epoch = i.epoch AND e.seq = i.seq AND e.recorded_at = i.recorded_at
		  WHERE e.tenant_id IS NULL`,
	},
	{
		"commits follow one another without gap or fork",
		`SELECT tenant_id || ' epoch ' || epoch || ': size ' || size || ' follows ' || prev_size || ', expected ' || expected
		   FROM (SELECT *, coalesce(lag(size) OVER (PARTITION BY tenant_id, epoch ORDER BY size), 0) AS expected FROM audit_commits) c
		  WHERE prev_size <> expected OR size <= prev_size`,
	},
	{
		"the last commit covers exactly the events",
		`SELECT coalesce(e.tenant_id, c.tenant_id) || ': ' || coalesce(e.n, 0) || ' events, committed size ' || coalesce(c.size, 0)
		   FROM (SELECT tenant_id, epoch, count(*) AS n FROM audit_events GROUP BY 1, 2) e
		   FULL JOIN (SELECT tenant_id, epoch, max(size) AS size FROM audit_commits GROUP BY 1, 2) c USING (tenant_id, epoch)
		  WHERE e.n IS DISTINCT FROM c.size`,
	},
	{
		"the events of a commit share its time",
		// By equality first: a join by ranges alone compares each event with each commit.
		`SELECT e.tenant_id || ' seq ' || e.seq
		   FROM audit_events e
		  WHERE NOT EXISTS (SELECT FROM audit_commits c
		          WHERE c.tenant_id = e.tenant_id AND c.epoch = e.epoch AND c.recorded_at = e.recorded_at
		            AND e.seq >= c.prev_size AND e.seq < c.size)`,
	},
	{
		"time never goes back along seq",
		`SELECT tenant_id || ' seq ' || seq
		   FROM (SELECT tenant_id, seq, recorded_at, lag(recorded_at) OVER (PARTITION BY tenant_id, epoch ORDER BY seq) AS before FROM audit_events) e
		  WHERE recorded_at < before`,
	},
	{
		"no record is in quarantine twice",
		`SELECT encode(sha256, 'hex') FROM audit_quarantine GROUP BY sha256, tenant_id HAVING count(*) > 1`,
	},
}

// Inconsistencies are the contradictions inside the database, a sentence each.
func Inconsistencies(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	// A table that nobody has analyzed, and LIMIT, make a join row by row look cheap.
	if _, err := conn.Exec(ctx, "SET enable_nestloop = off"); err != nil {
		return nil, fmt.Errorf("prepare the checks: %w", err)
	}
	var found []string
	for _, check := range checks {
		rows, err := conn.Query(ctx, check.query+" LIMIT 5")
		if err != nil {
			return nil, fmt.Errorf("check that %s: %w", check.name, err)
		}
		contradictions, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("check that %s: %w", check.name, err)
		}
		for _, c := range contradictions {
			found = append(found, fmt.Sprintf("not true that %s: %s", check.name, c))
		}
	}
	return found, nil
}
