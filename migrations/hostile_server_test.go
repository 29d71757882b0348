package migrations_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

func TestAnotherPrefixIsNotTakenForOurs(t *testing.T) {
	db := storetest.NewDatabase(t)
	other := migrations.Runner{RolePrefix: "kk_"}
	for name, run := range map[string]func() error{
		"up":     func() error { _, err := other.Up(t.Context(), db.SuperURL); return err },
		"down":   func() error { _, err := other.Down(t.Context(), db.SuperURL); return err },
		"status": func() error { _, err := other.Status(t.Context(), db.SuperURL); return err },
	} {
		err := run()
		var prefix *migrations.PrefixError
		require.ErrorAs(t, err, &prefix, name)
		require.Equal(t, "audit_", prefix.Prefix())
		require.ErrorContains(t, err, `the audit tables in schema public belong to the role "audit_owner", not to "kk_owner": the role prefix is "audit_"`)
	}
}

func TestDownLeavesAnApplicationsPoliciesAlone(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	_, err := conn.Exec(t.Context(), `CREATE TABLE audit_log (id int); ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
		CREATE POLICY audit_mine ON audit_log USING (true); CREATE POLICY audit_owner ON audit_log USING (true)`)
	require.NoError(t, err)
	before := objects(t, conn, "public")
	_, err = migrations.Runner{}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	_, err = migrations.Runner{}.Down(t.Context(), db.SuperURL)
	require.NoError(t, err)
	require.Equal(t, before, objects(t, conn, "public"))
	require.Equal(t, []bool{true}, column[bool](t, conn, `SELECT relrowsecurity FROM pg_class WHERE relname = 'audit_log'`))
}

// Partitions have no row-level security, so a right on them is a right on every
// tenant.
func TestDefaultPrivilegesOpenNothing(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	_, err := conn.Exec(t.Context(), `CREATE ROLE open_owner NOLOGIN; CREATE ROLE "open Curious" NOLOGIN;
		ALTER DEFAULT PRIVILEGES FOR ROLE open_owner GRANT ALL ON TABLES TO PUBLIC, "open Curious";
		ALTER DEFAULT PRIVILEGES FOR ROLE open_owner GRANT ALL ON SEQUENCES TO PUBLIC, "open Curious";
		ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, "open Curious";
		ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC, "open Curious"`)
	require.NoError(t, err)
	_, err = migrations.Runner{RolePrefix: "open_"}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `SELECT audit_ensure_month(now() - interval '1 month')`)
	require.NoError(t, err)
	require.Empty(t, column[string](t, conn, `
		SELECT c.relname::text || ' to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END || ': ' || a.privilege_type
		FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.relnamespace = 'public'::regnamespace AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) = 'open Curious')`))
}

// Whoever can create tables beside ours can take the name of a coming month.
func TestANewSchemaIsClosed(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	conn := connect(t, db.SuperURL)
	_, err := conn.Exec(t.Context(), `ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC`)
	require.NoError(t, err)
	_, err = migrations.Runner{Schema: "closed", RolePrefix: "closed_"}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)
	require.Empty(t, column[string](t, conn, `
		SELECT a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'closed' AND a.grantee = 0`))
}

func TestUpRefusesGroupRolesThatKnowEachOther(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	for name, test := range map[string]struct{ prepare, want string }{
		"reader is the owner": {
			`CREATE ROLE gg_owner NOLOGIN; CREATE ROLE gg_reader NOLOGIN IN ROLE gg_owner`,
			`role "gg_reader" is a member of role "gg_owner"`,
		},
		"by way of another": {
			`CREATE ROLE gh_auditor NOLOGIN; CREATE ROLE gh_staff NOLOGIN IN ROLE gh_auditor; CREATE ROLE gh_reader NOLOGIN IN ROLE gh_staff`,
			`role "gh_reader" is a member of role "gh_auditor"`,
		},
		"reads everything": {
			`CREATE ROLE gi_operator NOLOGIN IN ROLE pg_read_all_data`, `role "gi_operator" is a member of role "pg_read_all_data"`,
		},
		"logs in": {`CREATE ROLE gj_writer LOGIN`, `role "gj_writer" may log in`},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, storetest.Cluster(t).Exec(t.Context(), "postgres", test.prepare))
			prefix := test.want[len(`role "`) : len(`role "`)+3]
			_, err := migrations.Runner{RolePrefix: prefix}.Up(t.Context(), db.SuperURL)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestARenamedLoginStaysBound(t *testing.T) {
	db := storetest.NewDatabase(t)
	plantTwoTenants(t, db)
	cluster, super := storetest.Cluster(t), connect(t, db.SuperURL)
	login, renamed := db.Login("reader")+"_bound", db.Login("reader")+"_renamed"
	owner := connect(t, db.OwnerURL)
	bind := func(login string) error {
		_, err := owner.Exec(t.Context(), `INSERT INTO audit_login_tenants (login, tenant_id) VALUES ($1, 'acme')`, login)
		return err
	}
	require.ErrorContains(t, bind(login), "does not exist")
	require.NoError(t, cluster.EnsureLogin(t.Context(), login))
	_, err := super.Exec(t.Context(), `GRANT audit_reader TO "`+login+`"`)
	require.NoError(t, err)
	require.NoError(t, bind(login))
	sees := func(login string) (all []int) {
		conn := connect(t, db.SuperURL)
		_, err := conn.Exec(t.Context(), `SET SESSION AUTHORIZATION "`+login+`"`)
		require.NoError(t, err)
		for _, tenant := range []string{"acme", "globex"} {
			column[string](t, conn, "SELECT set_config('audit.tenant', $1, false)", tenant)
			all = append(all, column[int](t, conn, "SELECT count(*) FROM audit_events")...)
		}
		return all
	}
	require.Equal(t, []int{1, 0}, sees(login))
	_, err = super.Exec(t.Context(), `ALTER ROLE "`+login+`" RENAME TO "`+renamed+`"`)
	require.NoError(t, err)
	require.Equal(t, []int{0, 0}, sees(renamed), "still bound, and admitted nowhere before its new name is written down")
	_, err = owner.Exec(t.Context(), `UPDATE audit_login_tenants SET login = $1`, renamed)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, sees(renamed))
	_, err = super.Exec(t.Context(), `DROP ROLE "`+renamed+`"`)
	require.NoError(t, err)
}
