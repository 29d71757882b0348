package database

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

var update = flag.Bool("update", false, "write testdata/catalog.json from the migrations")

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// Names that stand nowhere else, so that they can be told from all the rest.
const (
	referenceSchema = "otelauditreference"
	referencePrefix = "otelauditrole_"
)

// The embedded catalog is what the migrations make. After a migration:
// go test ./internal/doctor/database -run TestCatalogIsThatOfTheMigrations -update
func TestCatalogIsThatOfTheMigrations(t *testing.T) {
	db := storetest.NewEmptyDatabase(t)
	_, err := migrations.Runner{Schema: referenceSchema, RolePrefix: referencePrefix}.Up(t.Context(), db.SuperURL)
	require.NoError(t, err)

	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	made := expectation{Migration: int(migrations.Latest()), Things: make(map[string]map[string]string)}
	put := func(c catalog) {
		for what, definition := range c {
			if what.kind == "bounds" {
				continue
			}
			name, definition := placeholders(what.name), placeholders(definition)
			if made.Things[what.kind] == nil {
				made.Things[what.kind] = make(map[string]string)
			}
			if other, there := made.Things[what.kind][name]; there {
				require.Equal(t, other, definition, "%s %s of two partitions", what.kind, name)
			}
			made.Things[what.kind][name] = definition
		}
	}
	l := &login{conn: conn}
	require.NoError(t, l.read(t.Context(), func(tx pgx.Tx) error {
		found, err := readCatalog(t.Context(), tx, referenceSchema, nil, nil)
		put(found.whole)
		for _, part := range found.parts {
			put(part)
		}
		require.Len(t, found.parts, 3)
		return err
	}))
	text, err := json.MarshalIndent(made, "", "  ")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("testdata/catalog.json", append(text, '\n'), 0o600))
		return
	}
	expected, err := loadExpectation()
	require.NoError(t, err)
	require.Equal(t, expected.Migration, made.Migration)
	for _, kind := range slices.Sorted(maps.Keys(made.Things)) {
		for _, name := range slices.Sorted(maps.Keys(made.Things[kind])) {
			if expected.Things[kind][name] != made.Things[kind][name] {
				t.Errorf("%s %s changed with the migrations: run this test with -update", kind, name)
			}
		}
		require.Len(t, made.Things[kind], len(expected.Things[kind]), "%s: run this test with -update", kind)
	}
}

func placeholders(text string) string {
	return strings.NewReplacer(
		`"`+referenceSchema+`"`, quotedSchemaPlaceholder, referenceSchema, schemaPlaceholder, referencePrefix, rolePlaceholder,
	).Replace(text)
}
