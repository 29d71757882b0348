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
// returns the rows that contradict it; none is the good answer. Sets are compared
// rather than joined: nobody has analyzed these tables, and a join of strangers may
// be planned row by row.
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
		`SELECT tenant_id || ': ' || event_id || ' seq ' || seq
		   FROM (SELECT tenant_id, event_id, epoch, seq, recorded_at FROM audit_events
		         EXCEPT SELECT tenant_id, id, epoch, seq, recorded_at FROM audit_event_ids WHERE kind = 'e') e`,
	},
	{
		"every identity row points to an event",
		`SELECT tenant_id || ' epoch ' || epoch || ' seq ' || seq
		   FROM (SELECT tenant_id, epoch, seq, recorded_at FROM audit_event_ids
		         EXCEPT SELECT tenant_id, epoch, seq, recorded_at FROM audit_events) i`,
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
		// Events of one time follow one another, by the other checks, so their first
		// and their number say it all.
		`SELECT tenant_id || ': ' || n || ' events from seq ' || first || ' at ' || recorded_at
		   FROM (SELECT tenant_id, epoch, recorded_at, min(seq) AS first, count(*)::numeric AS n FROM audit_events GROUP BY 1, 2, 3
		         EXCEPT SELECT tenant_id, epoch, recorded_at, min(prev_size), sum(size - prev_size) FROM audit_commits GROUP BY 1, 2, 3) e`,
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
