package cli

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func eventsForPeople() *listing {
	l := &listing{header: []string{"time", "action", "outcome", "actor", "target", "event_id"}}
	l.add("2026-05-01T12:00:00.000Z", "invoice.approve.by.somebody.else", "denied", "user:alice.of.the.accounts", "invoice:4242424242", "01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b10")
	l.add("2026-05-02T12:00:00.000Z", "login", "failure", "user:名前の長い人", "", "01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b11")
	l.add("2026-05-02T12:00:00.000Z", "login", "success", "denied", "", "x")
	return l
}

func tableOn(t *testing.T, l *listing, width int, color bool) string {
	t.Helper()
	var out bytes.Buffer
	sys := asTerminal(&System{Stdout: &out, StdoutTerminal: true, Width: width, Color: color})
	require.NoError(t, l.writeTable(sys.Stdout))
	return out.String()
}

func TestATableFitsItsTerminalAndCutsIDsLast(t *testing.T) {
	require.Equal(t, `TIME                      ACTION      OUTCOME  ACTOR       TARGET      EVENT_ID
2026-05-01T12:00:00.000Z  invoice.a…  denied   user:alic…  invoice:4…  01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b10
2026-05-02T12:00:00.000Z  login       failure  user:名前…  -           01980e2c-7b1e-7cc0-a2f4-6f3f0d3a9b11
2026-05-02T12:00:00.000Z  login       success  denied      -           x
`, tableOn(t, eventsForPeople(), 107, false))
	require.Equal(t, `TIME                      ACTION    OUTCOME  ACTOR     TARGET    EVENT_ID
2026-05-01T12:00:00.000Z  invoice…  denied   user:al…  invoice…  01980e2c-7b1e-…
2026-05-02T12:00:00.000Z  login     failure  user:名…  -         01980e2c-7b1e-…
2026-05-02T12:00:00.000Z  login     success  denied    -         x
`, tableOn(t, eventsForPeople(), 80, false))
}

func TestEveryTableFitsOrIsAsNarrowAsItGets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"time", "action", "outcome", "actor", "reason", "event_id", "tenant", "recorded_at", "count"}
	for range 500 {
		l := &listing{header: names[:1+random.IntN(len(names))]}
		smallest, natural := make([]int, len(l.header)), make([]int, len(l.header))
		for range random.IntN(5) {
			row := make([]string, len(l.header))
			for i := range row {
				row[i] = strings.Repeat([]string{"x", "語", "é"}[random.IntN(3)], 1+random.IntN(30))
			}
			l.add(row...)
		}
		for i, name := range l.header {
			natural[i] = len(name)
			for _, row := range l.rows {
				natural[i] = max(natural[i], columnsOf(row[i]))
			}
			smallest[i] = natural[i]
			if kindOf(name) != columnWhole {
				smallest[i] = min(natural[i], narrowest(name))
			}
		}
		floor := 2*(len(l.header)-1) + sum(smallest)
		width := 20 + random.IntN(200)
		for line := range strings.Lines(tableOn(t, l, width, false)) {
			require.LessOrEqual(t, columnsOf(strings.TrimSuffix(line, "\n")), max(width, floor))
		}
		var plain bytes.Buffer
		require.NoError(t, l.writeTable(&plain))
		require.NotContains(t, plain.String(), "…", "not a terminal")
	}
}

func sum(numbers []int) (n int) {
	for _, m := range numbers {
		n += m
	}
	return n
}

func TestOnlyOutcomesOnATerminalHaveColors(t *testing.T) {
	table := tableOn(t, eventsForPeople(), 200, true)
	require.Contains(t, table, "\x1b[31mdenied\x1b[0m   user:alice")
	require.Contains(t, table, "\x1b[33mfailure\x1b[0m  user:")
	require.Equal(t, 2, strings.Count(table, "\x1b[0m"), "a word of another column, or a success")
	require.Equal(t, tableOn(t, eventsForPeople(), 200, false), strings.NewReplacer("\x1b[31m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(table))
	require.NotContains(t, tableOn(t, eventsForPeople(), 200, false), "\x1b")
}

func TestCSVKeepsEveryText(t *testing.T) {
	l := &listing{header: []string{"a", "b"}}
	l.add(`=HYPERLINK("x")`, "two\nlines, \"quoted\"")
	l.add("", "-1")
	var out bytes.Buffer
	require.NoError(t, l.writeCSV(&out))
	require.Equal(t, "a,b\n\"=HYPERLINK(\"\"x\"\")\",\"two\nlines, \"\"quoted\"\"\"\n,-1\n", out.String())
}

func TestCSVOfOneColumnHasALineForEachRow(t *testing.T) {
	l := &listing{header: []string{"reason"}}
	for _, cell := range []string{"", "a", "", "", `"`} {
		l.add(cell)
	}
	var out bytes.Buffer
	require.NoError(t, l.writeCSV(&out))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{{"reason"}, {""}, {"a"}, {""}, {""}, {`"`}}, rows)
}

func TestAStatementThatTookTooLongHasAHint(t *testing.T) {
	require.Contains(t, serverHint(&pgconn.PgError{Code: "57014"}), "--since")
}
