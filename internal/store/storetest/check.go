package storetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// stateQueries each return one line of text per thing that is wrong with a
// database, whatever happened before.
var stateQueries = []string{
	// Positions are gapless from 0 and each stands once.
	`SELECT format('tenant %s epoch %s: %s events, seq %s to %s, %s distinct', tenant_id, epoch, count(*), min(seq), max(seq), count(DISTINCT seq))
	FROM public.audit_events GROUP BY tenant_id, epoch
	HAVING min(seq) <> 0 OR max(seq) <> count(*) - 1 OR count(DISTINCT seq) <> count(*)`,
	// An event id is an event once.
	`SELECT format('tenant %s: event %s is stored %s times', tenant_id, event_id, count(*))
	FROM public.audit_events GROUP BY tenant_id, event_id HAVING count(*) > 1`,
	// Every event has its identity, at its place.
	`SELECT format('tenant %s seq %s: event %s has no identity at its place', e.tenant_id, e.seq, e.event_id)
	FROM public.audit_events AS e
	LEFT JOIN public.audit_event_ids AS i ON i.tenant_id = e.tenant_id AND i.kind = 'e' AND i.id = e.event_id
	WHERE (i.epoch, i.seq, i.recorded_at) IS DISTINCT FROM (e.epoch, e.seq, e.recorded_at)`,
	// Every identity has its event.
	`SELECT format('tenant %s: identity %s %s belongs to no event', i.tenant_id, i.kind, i.id)
	FROM public.audit_event_ids AS i
	LEFT JOIN public.audit_events AS e ON e.tenant_id = i.tenant_id AND e.epoch = i.epoch AND e.seq = i.seq AND e.recorded_at = i.recorded_at
	WHERE i.id IS DISTINCT FROM CASE i.kind WHEN 'e' THEN e.event_id ELSE e.idempotency_key END`,
	// Commits are a chain from 0 that never goes back in time.
	`SELECT format('tenant %s: commit %s follows %s instead of %s', tenant_id, size, prev_size, coalesce(before, 0))
	FROM (SELECT *, lag(size) OVER w AS before, lag(recorded_at) OVER w AS earlier FROM public.audit_commits
		WINDOW w AS (PARTITION BY tenant_id, epoch ORDER BY size)) AS c
	WHERE prev_size <> coalesce(before, 0) OR recorded_at < earlier`,
	// Every event is in a commit, with its time.
	`SELECT format('tenant %s seq %s: recorded at another time than its commit', e.tenant_id, e.seq)
	FROM public.audit_events AS e
	LEFT JOIN LATERAL (SELECT c.* FROM public.audit_commits AS c
		WHERE c.tenant_id = e.tenant_id AND c.epoch = e.epoch AND c.size > e.seq ORDER BY c.size LIMIT 1) AS c ON true
	WHERE c.recorded_at IS DISTINCT FROM e.recorded_at OR c.prev_size > e.seq`,
	// The last commit says how many there are.
	`SELECT format('tenant %s: the last commit says %s events, there are %s', c.tenant_id, c.size, count(e.seq))
	FROM (SELECT tenant_id, epoch, max(size) AS size FROM public.audit_commits GROUP BY tenant_id, epoch) AS c
	LEFT JOIN public.audit_events AS e USING (tenant_id, epoch)
	GROUP BY c.tenant_id, c.epoch, c.size HAVING c.size <> count(e.seq)`,
}

// CheckState fails the test if the database is in a state that no sequence of
// writes and failures may leave: gaps, events stored twice, identities without
// events, commits that are no chain. Pruning is not considered.
func CheckState(t testing.TB, d *Database) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, d.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	const shown = 5
	for _, query := range stateQueries {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range wrong[:min(len(wrong), shown)] {
			t.Error("state: " + line)
		}
		if len(wrong) > shown {
			t.Errorf("state: and %d more", len(wrong)-shown)
		}
	}
}
