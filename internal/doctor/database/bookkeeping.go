package database

import (
	"context"
	"fmt"
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// bookkeepingProbes look, as the auditor, at what is written beside the events.
func bookkeepingProbes() []doctor.Probe[*Subject] {
	check := func(id string, severity doctor.Severity, title, fix string, look func(context.Context, *Subject, *login, *doctor.Result) error) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{
			Check: doctor.Check{ID: id, Severity: severity, Title: title, Needs: []string{string(Auditor)}, Fix: fix, Section: "doctor.md#upkeep"},
			Look: func(ctx context.Context, s *Subject, r *doctor.Result) error {
				return s.forLogin(r, Auditor, func(l *login) error { return look(ctx, s, l, r) })
			},
		}
	}
	return []doctor.Probe[*Subject]{
		check("store.outbox", doctor.P1, "Traces of reads and changes wait, and no collector takes them to the log",
			"run a collector with the receiver auditaccess, and see its log", lookAtOutbox),
		check("store.access", doctor.P1, "Reads leave no trace",
			"otelaudit access set required, as the owner", lookAtAccess),
		check("store.quarantine", doctor.P1, "Records wait in the quarantine",
			"otelaudit quarantine list, then mend the cause and replay, or discard with a reason", lookAtQuarantine),
		check("store.retention", doctor.P1, "No retention is written down, or the proofs of removals are kept shorter than what is removed",
			"otelaudit retention set --default --framework soc2, or a period with --keep, as the operator", lookAtRetention),
		check("store.holds", doctor.P2, "A legal hold is older than a year",
			"ask whoever placed it; otelaudit hold release, with a reason", lookAtHolds),
		check("store.counts", doctor.P1, "The stored counts are not those of the events",
			"otelaudit verify; if it finds nothing, the counts alone are wrong and are derived: rebuild them", lookAtCounts),
	}
}

func lookAtOutbox(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT count(*)::text, date_trunc('second', min(placed_at))::text FROM {{schema}}.audit_outbox
		HAVING min(placed_at) < pg_catalog.clock_timestamp() - $1::text::interval`, oldestOutbox.String())
	for _, row := range rows {
		r.Find(doctor.Finding{Where: "audit_outbox", Detail: fmt.Sprintf("%s waiting, the oldest since %s", plural(row[0], "trace"), row[1])})
	}
	return err
}

func lookAtAccess(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT CASE login WHEN '' THEN 'all logins that are not named' ELSE 'login ' || login END, mode, reason
		FROM {{schema}}.audit_access WHERE mode IN ('off', 'best_effort') ORDER BY login`)
	for _, row := range rows {
		severity := doctor.P1
		if row[1] == "best_effort" {
			severity = doctor.P2
		}
		r.Find(doctor.Finding{Severity: severity, Where: "audit_access, " + row[0], Detail: "the mode is " + row[1]})
	}
	return err
}

func lookAtQuarantine(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT reason, count(*)::text, date_trunc('second', min(received_at))::text,
			(min(received_at) < pg_catalog.clock_timestamp() - $1::text::interval)::text
		FROM {{schema}}.audit_quarantine WHERE resolution IS NULL GROUP BY reason ORDER BY reason`, oldestUnsolved.String())
	for _, row := range rows {
		severity := doctor.P2 // somebody may be at it
		if row[3] == "true" {
			severity = doctor.P1
		}
		r.Find(doctor.Finding{Severity: severity, Where: "audit_quarantine, reason " + row[0], Detail: fmt.Sprintf("%s, the oldest of %s", plural(row[1], "record"), row[2])})
	}
	return err
}

// lookAtRetention holds the policies against each other. What has none is kept
// for ever, which nobody may have decided.
func lookAtRetention(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT (SELECT count(*) FROM {{schema}}.audit_retention WHERE tenant_id = '_default')::text,
			(SELECT count(*) FROM {{schema}}.audit_retention WHERE tenant_id = '_quarantine')::text,
			(SELECT count(*) FROM {{schema}}.audit_retention WHERE tenant_id = '_journal')::text`)
	if err != nil {
		return err
	}
	if rows[0][0] == "0" {
		if err := s.findUnwritten(ctx, l, r); err != nil {
			return err
		}
	}
	for i, other := range []struct{ flag, what string }{{"quarantine", "quarantined records"}, {"journal", "segments of journals"}} {
		if rows[0][i+1] == "0" {
			r.Find(doctor.Finding{
				Severity: doctor.P2, Where: "audit_retention, _" + other.flag, Detail: "no period is written down: " + other.what + " are kept for ever",
				Title: "No retention is written down for the quarantine or the journal", Fix: "otelaudit retention set --quarantine --keep 90d and otelaudit retention set --journal --keep 400d, or as long as you decide, as the operator",
			})
		}
	}
	return s.findShortProofs(ctx, l, r)
}

// findUnwritten names tenants that no policy is for, where there is no default.
// They are found one after the other in the index of the commits.
func (s *Subject) findUnwritten(ctx context.Context, l *login, r *doctor.Result) error {
	const most = 1000 // tenants
	rows, err := s.texts(ctx, l, `
		WITH RECURSIVE tenants (id, n) AS (
			(SELECT tenant_id, 1 FROM {{schema}}.audit_commits ORDER BY tenant_id LIMIT 1)
			UNION ALL
			SELECT (SELECT c.tenant_id FROM {{schema}}.audit_commits AS c WHERE c.tenant_id > t.id ORDER BY c.tenant_id LIMIT 1), t.n + 1
			FROM tenants AS t WHERE t.id IS NOT NULL AND t.n < $1::int)
		SELECT t.id FROM tenants AS t
		WHERE left(t.id, 1) <> '_' AND NOT EXISTS (SELECT FROM {{schema}}.audit_retention AS p WHERE p.tenant_id = t.id)
		ORDER BY t.id`, most)
	if err != nil {
		return err
	}
	detail := "there is no default: tenants without a policy of their own are kept for ever"
	if len(rows) > 0 {
		names := make([]string, len(rows))
		for i, row := range rows {
			names[i] = short(row[0])
		}
		detail += ", which are " + someOf(names, shownNames)
	}
	r.Find(doctor.Finding{Title: "No retention is written down", Where: "audit_retention, _default", Detail: detail})
	return nil
}

// findShortProofs: that a removal was announced stands in _system, which the
// default is for, too.
func (s *Subject) findShortProofs(ctx context.Context, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT own.keep_days::text, longest.tenant_id, longest.keep_days::text
		FROM (SELECT keep_days FROM {{schema}}.audit_retention WHERE tenant_id IN ('_system', '_default') ORDER BY tenant_id = '_default' LIMIT 1) AS own
		CROSS JOIN LATERAL (
			SELECT p.tenant_id, p.keep_days FROM {{schema}}.audit_retention AS p
			WHERE (left(p.tenant_id, 1) <> '_' OR p.tenant_id = '_default') AND p.keep_days > own.keep_days
			ORDER BY p.keep_days DESC, p.tenant_id LIMIT 1) AS longest`)
	for _, row := range rows {
		r.Find(doctor.Finding{
			Where: "audit_retention, _system", Detail: fmt.Sprintf("its events are kept %s days, those of %s %s", row[0], row[1], row[2]),
			Title: "The proofs of removals are kept shorter than what is removed",
			Fix:   "otelaudit retention set --tenant _system --keep " + row[2] + "d, as the operator",
		})
	}
	return err
}

func lookAtHolds(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT id::text, placed_at::date::text, placed_by FROM {{schema}}.audit_legal_holds
		WHERE released_at IS NULL AND placed_at < pg_catalog.clock_timestamp() - $1::text::interval ORDER BY id`, longHold.String())
	for _, row := range rows {
		r.Find(doctor.Finding{Where: "hold " + row[0], Detail: fmt.Sprintf("placed on %s by %s, and not released", row[1], row[2])})
	}
	return err
}

// mostCounted is of how many events a tenant is counted anew.
const mostCounted = 300_000

// lookAtCounts counts three tenants anew: the largest of those that can be counted
// within the time.
func lookAtCounts(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		WITH looked_at AS (
			SELECT tenant_id FROM (
				SELECT tenant_id, sum(size) AS size FROM {{schema}}.audit_counted
				WHERE $1::text = '' OR tenant_id = $1::text GROUP BY tenant_id) AS t
			WHERE size <= $2::bigint
			ORDER BY size DESC LIMIT 3
		), stored AS (
			SELECT c.tenant_id, sum(c.events) AS n FROM {{schema}}.audit_counts AS c JOIN looked_at USING (tenant_id) GROUP BY c.tenant_id
		), real AS (
			SELECT e.tenant_id, count(*) AS n
			FROM {{schema}}.audit_events AS e
			JOIN {{schema}}.audit_counted AS d ON d.tenant_id = e.tenant_id AND d.epoch = e.epoch AND e.seq < d.size
			JOIN looked_at ON looked_at.tenant_id = e.tenant_id GROUP BY e.tenant_id
		)
		SELECT tenant_id, coalesce(stored.n, 0)::text, coalesce(real.n, 0)::text
		FROM looked_at LEFT JOIN stored USING (tenant_id) LEFT JOIN real USING (tenant_id)`, s.options.Tenant, mostCounted)
	if err == nil && len(rows) == 0 {
		var large [][]string
		large, err = s.texts(ctx, l, "SELECT tenant_id FROM {{schema}}.audit_counted WHERE $1::text IN ('', tenant_id) LIMIT 1", s.options.Tenant)
		if len(large) > 0 {
			r.NotApplicable("every tenant has more than %d counted events, too many to be counted anew here", mostCounted)
		}
	}
	for _, row := range rows {
		if row[1] == row[2] {
			continue
		}
		r.Find(doctor.Finding{Where: "audit_counts, tenant " + row[0], Detail: fmt.Sprintf("%s events are counted, and %s are there", row[1], row[2])})
	}
	if err != nil && strings.Contains(err.Error(), "audit_counted") {
		return fmt.Errorf("the tables are older than this program: %w", err)
	}
	return err
}
