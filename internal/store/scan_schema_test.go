package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// Whatever decides which rows a verifier sees is as the migrations made it, or is
// named.
func TestSchemaChanges(t *testing.T) {
	db := storetest.NewDatabase(t)
	changes := func(url string) []string {
		scanner, err := store.OpenScanner(t.Context(), store.Options{URL: url}, "acme")
		require.NoError(t, err)
		defer scanner.Close()
		changes, err := scanner.SchemaChanges(t.Context())
		require.NoError(t, err)
		return changes
	}
	require.Empty(t, changes(db.AuditorURL))
	require.Empty(t, changes(db.ReaderURL))
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(t.Context())) })
	for name, test := range map[string]struct{ do, undo, want string }{
		"a restrictive policy": {
			`CREATE POLICY hide ON audit_events AS RESTRICTIVE FOR SELECT USING (event_id <> 'x')`, `DROP POLICY hide ON audit_events`,
			"policy hide of audit_events is none of the migrations: it decides who sees which rows",
		},
		"another condition": {
			`ALTER POLICY audit_auditor ON audit_commits USING (tenant_id <> 'x')`, `ALTER POLICY audit_auditor ON audit_commits USING (true)`,
			"policy audit_auditor of audit_commits has another condition: (tenant_id <> 'x'::text)",
		},
		"for everybody": {
			`ALTER POLICY audit_auditor ON audit_epochs TO PUBLIC`, `ALTER POLICY audit_auditor ON audit_epochs TO audit_auditor`,
			"policy audit_auditor of audit_epochs is for PUBLIC",
		},
		"no row-level security": {
			`ALTER TABLE audit_prunes DISABLE ROW LEVEL SECURITY`, `ALTER TABLE audit_prunes ENABLE ROW LEVEL SECURITY`,
			"row-level security of audit_prunes is forced, and should be enabled forced",
		},
		"row-level security on a partition": {
			`DO $$ BEGIN EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', (SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'audit_events'::regclass)); END $$`,
			`DO $$ BEGIN EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', (SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'audit_events'::regclass)); END $$`,
			"row-level security of audit_events_",
		},
		"a view in its place": {
			`ALTER TABLE audit_commits RENAME TO hidden; CREATE VIEW audit_commits AS SELECT * FROM hidden WHERE tenant_id <> 'x';
				GRANT SELECT ON audit_commits TO audit_auditor`,
			`DROP VIEW audit_commits; ALTER TABLE hidden RENAME TO audit_commits`,
			"audit_commits is a view, and should be a table",
		},
		"a child": {
			`CREATE TABLE child () INHERITS (audit_epochs)`, `DROP TABLE child`,
			"table child inherits from audit_epochs: its rows would be taken for those of that one",
		},
		"no primary key": {
			`ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_pkey`, `ALTER TABLE audit_commits ADD CONSTRAINT audit_commits_pkey PRIMARY KEY (tenant_id, epoch, size)`,
			"the primary key of audit_commits is of none, and should be of tenant_id, epoch, size",
		},
		"a rule": {
			`CREATE RULE nothing AS ON INSERT TO audit_event_ids DO INSTEAD NOTHING`, `DROP RULE nothing ON audit_event_ids`,
			"audit_event_ids has rules: nothing",
		},
		"a policy dropped": {
			`DROP POLICY audit_owner ON audit_prunes`, `CREATE POLICY audit_owner ON audit_prunes TO audit_owner USING (true) WITH CHECK (true)`,
			"policy audit_owner of audit_prunes is not there",
		},
		"one more column": {
			`ALTER TABLE audit_events ADD COLUMN note text DEFAULT 'approved by CEO'`, `ALTER TABLE audit_events DROP COLUMN note`,
			"column note of audit_events is none of the migrations",
		},
		"a column that may be absent": {
			`ALTER TABLE audit_commits ALTER COLUMN recorded_at DROP NOT NULL`, `ALTER TABLE audit_commits ALTER COLUMN recorded_at SET NOT NULL`,
			"column recorded_at of audit_commits is timestamp with time zone, and should be timestamp with time zone NOT NULL",
		},
		"a constraint that says what is not so": {
			`ALTER TABLE audit_events ADD CONSTRAINT ck CHECK (outcome IN ('success', 'failure')) NOT VALID;
				UPDATE pg_constraint SET convalidated = true WHERE conname = 'ck'`,
			`ALTER TABLE audit_events DROP CONSTRAINT ck`,
			"constraint ck of audit_events is none of the migrations, CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text]))): rows that it excludes are not looked for",
		},
		"a constraint of other words": {
			`ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_root, ADD CONSTRAINT audit_commits_root CHECK (octet_length(root) = 33) NOT VALID`,
			`ALTER TABLE audit_commits DROP CONSTRAINT audit_commits_root, ADD CONSTRAINT audit_commits_root CHECK (octet_length(root) = 32)`,
			"constraint audit_commits_root of audit_commits is CHECK ((octet_length(root) = 33)) NOT VALID",
		},
		"a constraint dropped": {
			`ALTER TABLE audit_events DROP CONSTRAINT audit_events_position`, `ALTER TABLE audit_events ADD CONSTRAINT audit_events_position CHECK (seq >= 0 AND epoch >= 0)`,
			"constraint audit_events_position of audit_events is not there",
		},
		"a partition for another month": {
			`DO $$ DECLARE p text := (SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'audit_events'::regclass); BEGIN
				EXECUTE format('ALTER TABLE audit_events DETACH PARTITION %s', p);
				EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION %s FOR VALUES FROM (''2039-01-01 00:00:00+00'') TO (''2039-02-01 00:00:00+00'')', p); END $$`,
			`DO $$ DECLARE p text := (SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'audit_events'::regclass); m date := to_date(right(p, 7), 'YYYY_MM'); BEGIN
				EXECUTE format('ALTER TABLE audit_events DETACH PARTITION %s', p);
				EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', p, m || ' 00:00:00+00', (m + interval '1 month')::date || ' 00:00:00+00'); END $$`,
			" are FOR VALUES FROM ('2039-01-01 00:00:00+00') TO ('2039-02-01 00:00:00+00'), and should be FOR VALUES FROM ('20",
		},
		"a partition for the rest": {
			`CREATE TABLE other PARTITION OF audit_events DEFAULT`, `DROP TABLE other`,
			"the bounds of other are DEFAULT, and should be those of one month that it is named after",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), test.do)
			require.NoError(t, err)
			found := changes(db.AuditorURL)
			_, err = conn.Exec(t.Context(), test.undo)
			require.NoError(t, err)
			require.NotEmpty(t, found)
			require.Contains(t, found[0], test.want)
			require.Empty(t, changes(db.AuditorURL))
		})
	}
}

// What a later program's migrations made, this one cannot judge.
func TestALaterSchemaIsNotJudged(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), `CREATE OR REPLACE FUNCTION audit_schema_version() RETURNS integer LANGUAGE sql AS 'SELECT 1000'`)
	require.NoError(t, err)
	scanner, err := store.OpenScanner(t.Context(), store.Options{URL: db.AuditorURL}, "")
	require.NoError(t, err)
	defer scanner.Close()
	_, err = scanner.SchemaChanges(t.Context())
	var newer *store.NewerSchemaError
	require.ErrorAs(t, err, &newer)
}
