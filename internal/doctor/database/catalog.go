package database

import (
	"bytes"
	"context"
	_ "embed" // the expected catalog and its query
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

//go:embed sql/catalog.sql
var catalogSQL string

// expectedJSON is made from the migrations by TestCatalog -update.
//
//go:embed testdata/catalog.json
var expectedJSON []byte

// thing is one thing of the catalog. Parts of a partitioned table are called by
// its name and "_*".
type thing struct{ kind, name string }

// catalog is what the catalog says, by thing.
type catalog map[thing]string

// expectation is the embedded file: what the migrations make, with the
// placeholders of fillCatalog.
type expectation struct {
	Migration int                          `json:"migration"` // the last one
	Things    map[string]map[string]string `json:"things"`    // kind -> name -> definition
}

// Placeholders in the expected catalog. Names stand bare in what the server
// prints and quoted in the bodies of functions.
const (
	schemaPlaceholder       = "{{schema}}"
	quotedSchemaPlaceholder = "{{quoted_schema}}"
	rolePlaceholder         = "{{role_prefix}}"
)

func loadExpectation() (expectation, error) {
	var e expectation
	decoder := json.NewDecoder(bytes.NewReader(expectedJSON))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&e)
	return e, err
}

// fillCatalog makes the expected catalog that of an installation.
// printed is the schema as the server prints it, in quotes only where it must.
func (e *expectation) fillCatalog(schema, printed, prefix string) catalog {
	quoted := pgx.Identifier{schema}.Sanitize()
	deparsed := strings.NewReplacer(schemaPlaceholder, printed, quotedSchemaPlaceholder, quoted, rolePlaceholder, prefix)
	written := strings.NewReplacer(schemaPlaceholder, schema, quotedSchemaPlaceholder, quoted, rolePlaceholder, prefix)
	filled := make(catalog)
	for kind, things := range e.Things {
		fill := deparsed
		if kind == "body" {
			fill = written
		}
		for name, definition := range things {
			filled[thing{kind, deparsed.Replace(name)}] = fill.Replace(definition)
		}
	}
	return filled
}

// names are those of the expected things of a kind.
func (e *expectation) names(kind string) []string {
	return slices.Sorted(maps.Keys(e.Things[kind]))
}

// tables are the store's tables and sequences, functions its functions.
func (e *expectation) tables() []string {
	return slices.DeleteFunc(e.names("table"), func(name string) bool { return strings.HasSuffix(name, "_*") })
}

func (e *expectation) functions() []string {
	var names []string
	for _, signature := range e.names("function") {
		name, _, _ := strings.Cut(signature, "(")
		names = append(names, name)
	}
	return slices.Compact(names)
}

// found is the catalog of an installation: parts are the partitions' own, by
// their name.
type found struct {
	schema string // as the server prints it
	whole  catalog
	parts  map[string]catalog
}

// readCatalog reads the catalog; tables and functions nil means all of the schema.
func readCatalog(ctx context.Context, tx pgx.Tx, schema string, tables, functions []string) (found, error) {
	f := found{whole: make(catalog), parts: make(map[string]catalog)}
	if err := tx.QueryRow(ctx, "SELECT pg_catalog.quote_ident($1::text)", schema).Scan(&f.schema); err != nil {
		return f, err
	}
	rows, err := tx.Query(ctx, catalogSQL, schema, tables, functions)
	if err != nil {
		return f, err
	}
	var kind, partOf, name, definition string
	_, err = pgx.ForEachRow(rows, []any{&kind, &partOf, &name, &definition}, func() error {
		if partOf == "" {
			f.whole[thing{kind, name}] = definition
			return nil
		}
		table, _, _ := strings.Cut(name, " ")
		if f.parts[table] == nil {
			f.parts[table] = make(catalog)
		}
		if kind != "bounds" {
			definition = strings.ReplaceAll(definition, table, partOf+"_*")
		}
		f.parts[table][thing{kind, strings.ReplaceAll(name, table, partOf+"_*")}] = definition
		return nil
	})
	return f, err
}

// catalogKinds say which check the kinds of things belong to.
var catalogKinds = map[string][]string{
	"store.catalog.tables":      {"table", "column", "rule"},
	"store.catalog.constraints": {"constraint"},
	"store.catalog.indexes":     {"index"},
	"store.catalog.triggers":    {"trigger"},
	"store.catalog.security":    {"security", "policy"},
	"store.catalog.grants":      {"grant", "execute"},
	"store.catalog.functions":   {"function", "body"},
}

func catalogProbes() []doctor.Probe[*Subject] {
	const section = "doctor.md#the-catalog"
	repair := "find out who changed it, and put back what 'otelaudit migrate print' shows"
	check := func(id string, severity doctor.Severity, title string) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{
			Check: doctor.Check{ID: id, Severity: severity, Title: title, Needs: []string{"any login"}, Fix: repair, Section: section},
			Look: func(ctx context.Context, s *Subject, r *doctor.Result) error {
				return s.compareCatalog(ctx, r, catalogKinds[id])
			},
		}
	}
	return []doctor.Probe[*Subject]{
		check("store.catalog.tables", doctor.P0, "A table or column is not what the migrations made"),
		check("store.catalog.constraints", doctor.P1, "A constraint is not what the migrations made"),
		check("store.catalog.indexes", doctor.P1, "An index is missing, invalid or another one"),
		check("store.catalog.triggers", doctor.P0, "A trigger that refuses changes is missing, disabled or another one"),
		check("store.catalog.security", doctor.P0, "Row-level security is off or not forced, or a policy is another one"),
		check("store.catalog.grants", doctor.P0, "Somebody has a right that the migrations did not give, or lacks one"),
		check("store.catalog.functions", doctor.P0, "A function is not what the migrations made"),
		{
			Check: doctor.Check{
				ID: "store.catalog.bounds", Severity: doctor.P0, Title: "A partition holds another month than its name says",
				Needs: []string{"any login"}, Fix: "detach it, see what is in it, and attach it with the bounds of its month", Section: section,
			},
			Look: lookAtBounds,
		},
	}
}

// catalog reads the catalog once.
func (s *Subject) catalog(ctx context.Context) (expected catalog, is found, err error) {
	expectation, err := loadExpectation()
	if err != nil {
		return nil, found{}, err
	}
	l, err := s.anybody()
	if err != nil {
		return nil, found{}, err
	}
	if s.found == nil {
		err = l.read(ctx, func(tx pgx.Tx) error {
			var version int
			if err := s.version(ctx, tx, &version); err != nil {
				return err
			}
			if version != expectation.Migration {
				return fmt.Errorf("the tables are at migration %d, and this program knows what %d made", version, expectation.Migration)
			}
			is, err := readCatalog(ctx, tx, s.options.Schema, expectation.tables(), expectation.functions())
			s.found = &is
			return err
		})
		if err != nil {
			s.found = nil
			return nil, found{}, err
		}
	}
	return expectation.fillCatalog(s.options.Schema, s.found.schema, s.options.RolePrefix), *s.found, nil
}

// version asks how far the schema was migrated, however that was done. The
// body of the function is asked, because not every login may execute it.
func (s *Subject) version(ctx context.Context, tx pgx.Tx, version *int) error {
	var body *string
	err := tx.QueryRow(ctx, `SELECT (
		SELECT p.prosrc FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
		WHERE n.nspname = $1::text AND p.proname = 'audit_schema_version')`, s.options.Schema).Scan(&body)
	switch {
	case err != nil:
		return err
	case body == nil:
		return fmt.Errorf("the audit tables are not in schema %q: run 'otelaudit migrate up' as the owner, or name their --schema", s.options.Schema)
	}
	if _, err := fmt.Sscanf(strings.TrimSpace(*body), "SELECT %d", version); err != nil {
		return fmt.Errorf("audit_schema_version() of schema %q is none of the migrations", s.options.Schema)
	}
	return nil
}

func (s *Subject) compareCatalog(ctx context.Context, r *doctor.Result, kinds []string) error {
	expected, is, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	whole, part := make(catalog), make(catalog)
	for what, definition := range expected {
		if !slices.Contains(kinds, what.kind) {
			continue
		}
		if ofPartition(what.name) {
			part[what] = definition
		} else {
			whole[what] = definition
		}
	}
	compare(r, kinds, whole, is.whole, "")
	for _, name := range slices.Sorted(maps.Keys(is.parts)) {
		compare(r, kinds, part, is.parts[name], name)
	}
	return nil
}

// ofPartition says whether a name is that of a part of the partitioned table.
func ofPartition(name string) bool { return strings.HasPrefix(name, eventsTable+"_*") }

const eventsTable = "audit_events"

// compare reports what of the kinds differs; partition is the name of the one
// that is looked at, "" for none.
func compare(r *doctor.Result, kinds []string, expected, is catalog, partition string) {
	where := func(what thing) string {
		return what.kind + " " + strings.ReplaceAll(what.name, eventsTable+"_*", partition)
	}
	for what, definition := range expected {
		now, there := is[what]
		switch {
		case !there && what.kind == "trigger", !there && what.kind == "policy", !there && what.kind == "table":
			r.Find(doctor.Finding{Where: where(what), Detail: "it is missing"})
		case !there:
			r.Find(doctor.Finding{Where: where(what), Detail: "it is missing: " + short(definition)})
		case now != definition:
			r.Find(doctor.Finding{Where: where(what), Detail: difference(definition, now)})
		}
	}
	for what, definition := range is {
		if _, known := expected[what]; known || !slices.Contains(kinds, what.kind) {
			continue
		}
		found := doctor.Finding{Where: where(what), Detail: "none of the migrations made it: " + short(definition)}
		if what.kind == "index" || what.kind == "constraint" {
			found.Severity = doctor.P2 // it costs writes or refuses some, and hides nothing
		}
		r.Find(found)
	}
}

// difference says what changed, from where the two begin to differ.
func difference(want, is string) string {
	if suffix, cut := strings.CutPrefix(is, want); cut {
		return "it is" + suffix
	}
	at := 0
	for at < min(len(want), len(is)) && want[at] == is[at] {
		at++
	}
	at = strings.LastIndexAny(want[:at], " \n") + 1
	return fmt.Sprintf("it has %q where the migrations have %q", short(is[at:]), short(want[at:]))
}

// short cuts a definition to what fits into a line.
func short(definition string) string {
	const most = 100
	text := strings.Join(strings.Fields(definition), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

var partitionName = regexp.MustCompile(`^audit_events_(\d{4}_\d{2})$`)

// month is the month of a partition's name, false for a name of none.
func month(partition string) (time.Time, bool) {
	match := partitionName.FindStringSubmatch(partition)
	if match == nil {
		return time.Time{}, false
	}
	first, err := time.Parse("2006_01", match[1])
	return first, err == nil
}

func lookAtBounds(ctx context.Context, s *Subject, r *doctor.Result) error {
	_, is, err := s.catalog(ctx)
	if err != nil {
		return err
	}
	for name, part := range is.parts {
		bounds := part[thing{"bounds", eventsTable + "_*"}]
		first, ok := month(name)
		if !ok {
			r.Find(doctor.Finding{Where: name, Detail: "it is none of the partitions that audit_ensure_month makes, " + short(bounds)})
			continue
		}
		const bound = "2006-01-02 15:04:05+00"
		want := fmt.Sprintf("FOR VALUES FROM ('%s') TO ('%s')", first.Format(bound), first.AddDate(0, 1, 0).Format(bound))
		if bounds != want {
			r.Find(doctor.Finding{Where: name, Detail: difference(want, bounds)})
		}
	}
	return nil
}
