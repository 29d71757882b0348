package database

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// objectProbes look at what stands beside the store's tables and functions, in
// whatever schema, and reaches into them: the catalog of the store alone does not
// show it.
func objectProbes() []doctor.Probe[*Subject] {
	const section = "doctor.md#the-catalog"
	check := func(id string, severity doctor.Severity, title, fix string, look func(context.Context, *Subject, *doctor.Result) error) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{Check: doctor.Check{
			ID: id, Severity: severity, Title: title, Needs: []string{"any login"}, Fix: fix, Section: section,
		}, Look: look}
	}
	return []doctor.Probe[*Subject]{
		check("store.objects.owned", doctor.P0, "The owner role has an object that no migration made: it may do there whatever the owner may",
			"find out who made it and what it did, and drop it, or give it to another role", lookAtOwned),
		check("store.objects.dependents", doctor.P0, "Something that no migration made reads or guards the store's tables",
			"find out who made it and who may use it, and drop it: a view reads with the rights of whoever made it", lookAtDependents),
		check("store.objects.leakproof", doctor.P0, "A function that is marked LEAKPROOF sees rows that row-level security hides",
			"ALTER FUNCTION … NOT LEAKPROOF, and see what it does with its arguments", lookAtLeakproof),
		check("store.objects.bystanders", doctor.P2, "An event trigger or a publication acts on the store's tables, too",
			"see for yourself that it is meant: a publication hands rows to whoever subscribes", lookAtBystanders),
		check("store.objects.settings", doctor.P0, "A database or a role has a setting that switches safeguards off for every session",
			"ALTER ROLE … RESET the setting, or ALTER DATABASE … RESET it", lookAtSettings),
	}
}

// storeRelations are the oids of the store's tables, sequences and partitions; $1
// is the schema, $2 the tables.
const storeRelations = `
	SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = $1 AND (c.relname = ANY ($2::text[]) OR c.relname IN ('audit_migrations', 'audit_migrations_id_seq'))
	UNION
	SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
	JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
	WHERE n.nspname = $1 AND p.relname = 'audit_events'`

// signature is that of a function p in the schema $1, as the catalog has it, and
// "" for one of another schema.
const signature = `CASE WHEN p.pronamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = $1)
	THEN p.proname::text || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' ELSE '' END`

// eachObject reports the rows of a query of where, detail and the signature of a
// function, but those of the functions that the migrations made.
func (s *Subject) eachObject(ctx context.Context, r *doctor.Result, statement string, arguments ...any) error {
	expected, err := loadExpectation()
	if err != nil {
		return err
	}
	made, _, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	l, err := s.anybody()
	if err != nil {
		return err
	}
	return l.read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, s.fill(statement), append([]any{s.options.Schema, expected.tables()}, arguments...)...)
		if err != nil {
			return err
		}
		var where, detail, function string
		_, err = pgx.ForEachRow(rows, []any{&where, &detail, &function}, func() error {
			if _, ours := made[thing{"function", function}]; !ours {
				r.Find(doctor.Finding{Where: short(where), Detail: short(detail)})
			}
			return nil
		})
		return err
	})
}

// lookAtOwned asks the catalog of dependencies for all that the owner has in this
// database. Default privileges are the business of another check.
func lookAtOwned(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.eachObject(ctx, r, `
		SELECT o.type || ' ' || o.identity, CASE WHEN p.prosecdef THEN 'none of the migrations made it, and it is SECURITY DEFINER: whoever may execute it acts as the owner'
			ELSE 'none of the migrations made it' END, coalesce(`+signature+`, '')
		FROM pg_catalog.pg_shdepend AS d
		JOIN pg_catalog.pg_roles AS w ON w.oid = d.refobjid AND w.rolname = $3::text
		CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS o
		LEFT JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
		WHERE d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database())
			AND d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.deptype = 'o' AND d.classid <> 'pg_catalog.pg_default_acl'::regclass
			AND NOT (d.classid = 'pg_catalog.pg_namespace'::regclass AND o.name = pg_catalog.quote_ident($1))
			AND NOT (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid IN (`+storeRelations+`))
		ORDER BY 1`, Owner.name(s.options.RolePrefix))
}

// lookAtDependents finds views and rules by the dependency that the server keeps,
// functions with a body that it parsed, policies and constraints of other tables,
// and triggers whose function is not the owner's. A function whose body is a text
// has no such dependency; what it may do is what its owner may.
func lookAtDependents(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.eachObject(ctx, r, `
		WITH store AS (`+storeRelations+`), dependents AS (
			SELECT d.classid, d.objid,
				CASE d.classid WHEN 'pg_catalog.pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_catalog.pg_rewrite AS w WHERE w.oid = d.objid)
					WHEN 'pg_catalog.pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_catalog.pg_policy AS p WHERE p.oid = d.objid)
					WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_catalog.pg_constraint AS k WHERE k.oid = d.objid)
					END AS home
			FROM pg_catalog.pg_depend AS d
			WHERE (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid IN (SELECT store.oid FROM store)
					OR d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (
						SELECT t.oid FROM pg_catalog.pg_type AS t WHERE t.typrelid IN (SELECT store.oid FROM store)))
				AND d.classid IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_proc'::regclass)
		)
		SELECT DISTINCT o.type || ' ' || o.identity, 'it depends on the store, and is of ' || coalesce(
				(SELECT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class AS c WHERE c.oid = d.home), pg_catalog.pg_get_userbyid(p.proowner)::text)
				|| coalesce((SELECT ', open to ' || pg_catalog.string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END, ', ')
					FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a WHERE c.oid = d.home AND a.grantee <> c.relowner), ''),
			coalesce(`+signature+`, '')
		FROM dependents AS d
		CROSS JOIN LATERAL pg_catalog.pg_identify_object(
			CASE WHEN d.home IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END, coalesce(d.home, d.objid), 0) AS o
		LEFT JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
		WHERE d.home IS NULL OR d.home NOT IN (SELECT store.oid FROM store)
		UNION ALL
		SELECT 'trigger ' || g.tgname::text || ' on ' || c.relname::text, 'it calls ' || p.proname::text || '(), of ' || pg_catalog.pg_get_userbyid(p.proowner)::text, ''
		FROM pg_catalog.pg_trigger AS g
		JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
		JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
		WHERE g.tgrelid IN (SELECT store.oid FROM store) AND NOT g.tgisinternal AND pg_catalog.pg_get_userbyid(p.proowner) <> $3::text
		ORDER BY 1`, Owner.name(s.options.RolePrefix))
}

// firstOfUsers is the first oid that is not of PostgreSQL's own objects.
const firstOfUsers = 16384

// lookAtLeakproof: the planner may call such a function before the conditions of
// policies are tested, on the rows of all tenants.
func lookAtLeakproof(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.eachObject(ctx, r, fmt.Sprintf(`
		SELECT 'function ' || o.identity, 'it is LEAKPROOF, of ' || pg_catalog.pg_get_userbyid(p.proowner)::text, ''
		FROM pg_catalog.pg_proc AS p
		CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_proc'::regclass, p.oid, 0) AS o
		WHERE p.proleakproof AND p.oid >= %d::oid AND $1::text IS NOT NULL AND $2::text[] IS NOT NULL
		ORDER BY 1`, firstOfUsers))
}

func lookAtBystanders(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.eachObject(ctx, r, `
		SELECT 'event trigger ' || e.evtname::text, 'on ' || e.evtevent::text || ', of ' || pg_catalog.pg_get_userbyid(e.evtowner)::text, ''
		FROM pg_catalog.pg_event_trigger AS e WHERE e.evtenabled <> 'D'
		UNION ALL
		SELECT 'publication ' || p.pubname::text, 'FOR ALL TABLES, of ' || pg_catalog.pg_get_userbyid(p.pubowner)::text, ''
		FROM pg_catalog.pg_publication AS p WHERE p.puballtables
		UNION ALL
		SELECT 'publication ' || p.pubname::text, 'of the table ' || c.relname::text, ''
		FROM pg_catalog.pg_publication_rel AS r
		JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
		JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid
		WHERE r.prrelid IN (`+storeRelations+`)
		ORDER BY 1`)
}

// dangerous are the settings that weaken the store, by name: what the value must
// not be, as an expression over the value v, and what follows from it.
var dangerous = []struct {
	name, value, follows string
	severity             doctor.Severity
}{
	{"session_replication_role", "v = 'replica'", "triggers that refuse changes do not fire", doctor.P0},
	{"audit.%", "true", "the store's own functions set it, where they may", doctor.P0},
	{"synchronous_commit", "v IN ('off', 'false', 'no', '0', 'f', 'n')", "a crash of the server may take what was committed", doctor.P1},
	{"row_security", "v IN ('off', 'false', 'no', '0', 'f', 'n')", "reads under row-level security fail", doctor.P2},
	{"default_transaction_isolation", "v <> 'read committed'", "writers that do not ask for a level of their own fail or wait", doctor.P2},
	{"default_transaction_read_only", "v NOT IN ('off', 'false', 'no', '0', 'f', 'n')", "writers that do not ask for a mode of their own fail", doctor.P2},
}

func lookAtSettings(ctx context.Context, s *Subject, r *doctor.Result) error {
	l, err := s.anybody()
	if err != nil {
		return err
	}
	for _, d := range dangerous {
		rows, err := s.texts(ctx, l, `
			SELECT pg_catalog.concat_ws(', ', CASE WHEN d.setdatabase = 0 THEN NULL ELSE 'database ' || pg_catalog.current_database() END,
				CASE WHEN d.setrole = 0 THEN NULL ELSE 'role ' || pg_catalog.pg_get_userbyid(d.setrole)::text END), n
			FROM pg_catalog.pg_db_role_setting AS d
			CROSS JOIN LATERAL pg_catalog.unnest(d.setconfig) AS o
			CROSS JOIN LATERAL (SELECT lower(pg_catalog.split_part(o, '=', 1)) AS n, lower(substr(o, strpos(o, '=') + 1)) AS v) AS setting
			WHERE (d.setdatabase = 0 OR d.setdatabase = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()))
				AND n LIKE $1::text AND (`+d.value+`)
			ORDER BY 1`, strings.ReplaceAll(d.name, "_", `\_`))
		if err != nil {
			return err
		}
		for _, row := range rows {
			r.Find(doctor.Finding{Severity: d.severity, Where: row[0], Detail: "it sets " + row[1] + ": " + d.follows})
		}
	}
	return nil
}
