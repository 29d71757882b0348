package mutation

import "github.com/otelaudit/otelaudit/internal/verify"

// schemaOperators put something between the verifier and the rows. The rows stay
// as they were signed; one event is not shown, or could be hidden at any time.
func schemaOperators() []Operator {
	return []Operator{
		inFront("view in front of the table", "the table has another name now, and a view its old one", verify.SchemaChanged, func(tenant string) []string {
			return []string{
				"ALTER TABLE public.audit_events RENAME TO audit_events_all",
				"CREATE VIEW public.audit_events AS SELECT * FROM public.audit_events_all WHERE tenant_id <> " + quote(tenant),
				"GRANT SELECT ON public.audit_events TO audit_auditor, audit_reader",
			}
		}),
		inFront("policy in front of the table", "row security hides a tenant", verify.SchemaChanged, func(tenant string) []string {
			return []string{"CREATE POLICY housekeeping ON public.audit_events AS RESTRICTIVE FOR SELECT USING (tenant_id <> " + quote(tenant) + ")"}
		}),
		inFront("another policy in the old one's name", "the auditor's policy hides a tenant", notAuditor, func(tenant string) []string {
			return []string{"ALTER POLICY audit_auditor ON public.audit_events USING (tenant_id <> " + quote(tenant) + ")"}
		}),
		{
			Name: "policy on a partition", Group: "schema", Does: "row security hides a month from who reads it by its own name", own: true,
			expect: expects(seen(log(verify.SchemaChanged))),
			apply: func(a *attack) bool {
				partition := "public." + partitionOf(a.w.lab.months[0])
				a.statements = append(a.statements, "ALTER TABLE "+partition+" ENABLE ROW LEVEL SECURITY", "CREATE POLICY housekeeping ON "+partition+" USING (false)")
				a.damage = append(a.damage, spot{log: a.im.events[0].log()})
				return true
			},
		},
		{
			Name: "rule on a partition", Group: "schema", Does: "what is written to a month goes nowhere", own: true,
			expect: expects(seen(log(verify.SchemaChanged))),
			apply: func(a *attack) bool {
				a.statements = append(a.statements, "CREATE RULE housekeeping AS ON INSERT TO public."+partitionOf(a.w.lab.months[1])+" DO INSTEAD NOTHING")
				a.damage = append(a.damage, spot{log: a.im.events[0].log()})
				return true
			},
		},
	}
}

// inFront hides a tenant. Its database is the seed's own.
func inFront(name, does string, kind verify.Kind, statements func(tenant string) []string) Operator {
	return Operator{
		Name: name, Group: "schema", Does: does, own: true, expect: expects(seen(log(kind))),
		apply: func(a *attack) bool {
			log, found := a.log(nil)
			if !found {
				return false
			}
			a.damage = append(a.damage, spot{log: log})
			a.statements = append(a.statements, statements(log.tenant)...)
			return true
		},
	}
}
