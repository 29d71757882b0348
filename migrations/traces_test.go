package migrations_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// TestATraceHoldsWhatARecordMayHave: whatever a login has audit_trace say, a
// collector can read, or the function refuses it.
func TestATraceHoldsWhatARecordMayHave(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn, super := connect(t, db.ReaderURL), connect(t, db.SuperURL)
	deep := func(open, last string, levels int) string {
		return strings.Repeat(open, levels) + "1" + strings.Repeat(last, levels)
	}
	for filter, taken := range map[string]bool{
		`{}`: true, `{"limit": 5, "all": true, "since": "30d", "by_prefix": ["a", "b"], "empty": []}`: true,
		`{"text": "` + strings.Repeat("x", 16000) + `"}`: true,
		`{"text": "` + strings.Repeat("x", 16384) + `"}`: false,
		`{"a": ` + deep(`{"a":`, `}`, 1) + `}`:           false,
		`{"a": ` + deep(`[`, `]`, 2) + `}`:               false,
		`{"a": ` + deep(`{"a":`, `}`, 1000) + `}`:        false,
		`[]`:                                     false,
		`"text"`:                                 false,
		`7`:                                      false,
		`null`:                                   false,
		`{"a": null}`:                            false,
		`{"a": [1]}`:                             false,
		`{"a": 1.5}`:                             false,
		`{"a": 1e300}`:                           false,
		`{"a": 999999999999999}`:                 true,
		`{"a": 1000000000000000}`:                false,
		`{"": "x"}`:                              false,
		`{"a\u0001": "x"}`:                       false,
		`{"` + strings.Repeat("n", 64) + `": 1}`: false,
		members(64):                              true,
		members(65):                              false,
	} {
		name := fmt.Sprintf("%.60s", filter)
		const statement = "SELECT audit_trace('audit.read.list', 'success', 'acme', $1, 1)"
		state, message := attempt(t, conn, statement, filter)
		if !taken {
			require.Equal(t, "22023", state, name)
			continue
		}
		require.Empty(t, state, "%s: %s", name, message)
		column[string](t, conn, statement, filter)
	}
	rows, err := super.Query(t.Context(), "SELECT event_id, record::text FROM audit_outbox")
	require.NoError(t, err)
	defer rows.Close()
	read := 0
	for rows.Next() {
		var id, text string
		require.NoError(t, rows.Scan(&id, &text))
		_, err := access.ReadRow(id, text)
		require.NoError(t, err)
		read++
	}
	require.Equal(t, 5, read)
}

func members(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"m%d": 1`, i)
	}
	return "{" + strings.Join(all, ",") + "}"
}

func TestTextsAreCutByBytes(t *testing.T) {
	db := storetest.NewDatabase(t)
	conn := connect(t, db.SuperURL)
	for _, character := range []string{"x", "é", "€", "𝄞"} {
		for most := 4; most <= 9; most++ {
			for shift := range 4 {
				long := strings.Repeat("x", shift) + strings.Repeat(character, 10)
				cut := column[string](t, conn, "SELECT audit_cut($1, $2)", long, most)[0]
				require.True(t, strings.HasPrefix(long, cut))
				require.LessOrEqual(t, len(cut), most)
				require.Greater(t, len(cut), most-len(character), "%q of %q", cut, long)
			}
		}
	}
	require.Equal(t, []string{"naïve"}, column[string](t, conn, "SELECT audit_cut('naïve', 6)"))
	require.Equal(t, []bool{true}, column[bool](t, conn, "SELECT audit_cut(NULL, 6) IS NULL"))
}

// TestABoundLoginSpeaksOfItsTenants: it leaves no trace of reads of others, but
// that it tried.
func TestABoundLoginSpeaksOfItsTenants(t *testing.T) {
	db := storetest.NewDatabase(t)
	_, err := connect(t, db.OwnerURL).Exec(t.Context(), "INSERT INTO audit_login_tenants VALUES ($1, 'acme')", db.Login("reader"))
	require.NoError(t, err)
	conn := connect(t, db.ReaderURL)
	for statement, want := range map[string]string{
		"SELECT audit_trace('audit.read.list', 'success', 'acme', NULL, 1)":     "",
		"SELECT audit_trace('audit.read.list', 'success', 'globex', NULL, 1)":   refused,
		"SELECT audit_trace('audit.read.list', 'failure', 'globex', NULL, 1)":   refused,
		"SELECT audit_trace('audit.read.list', 'denied', 'globex', NULL, -1)":   "22023",
		"SELECT audit_trace('audit.read.list', 'denied', 'globex', NULL, NULL)": "",
		"SELECT audit_trace('audit.read.list', 'success', '_system', NULL, 1)":  refused,
	} {
		state, message := attempt(t, conn, statement)
		require.Equal(t, want, state, "%s: %s", statement, message)
	}
}

func TestTheOwnerDiscardsWhatNoCollectorTakes(t *testing.T) {
	db := storetest.NewDatabase(t)
	super, owner := connect(t, db.SuperURL), connect(t, db.OwnerURL)
	_, err := super.Exec(t.Context(), `INSERT INTO audit_outbox (event_id, record) SELECT 'bad' || i, '{"action": "audit.prune"}' FROM generate_series(1, 3) AS i`)
	require.NoError(t, err)
	const discard = "SELECT audit_outbox_discard($1, $2)"
	for _, url := range []string{db.AuditorURL, db.ReaderURL, db.WriterURL, db.OperatorURL, db.PrunerURL} {
		state, _ := attempt(t, connect(t, url), discard, []string{"bad1"}, "mine")
		require.Equal(t, refused, state)
	}
	state, _ := attempt(t, owner, discard, []string{"bad1"}, "")
	require.Equal(t, "22023", state, "no reason")
	state, _ = attempt(t, owner, discard, []string{"bad1", "none"}, "typed by hand")
	require.Equal(t, "P0002", state)
	require.Equal(t, []int64{3}, column[int64](t, super, "SELECT count(*) FROM audit_outbox"), "all or none")
	require.Equal(t, []int64{2}, column[int64](t, owner, discard, []string{"bad1", "bad2"}, "typed by hand"))
	require.Equal(t, []string{"bad3"}, column[string](t, super, "SELECT event_id FROM audit_outbox WHERE event_id LIKE 'bad%'"))
	require.Equal(t, []string{"bad1 typed by hand {\"action\": \"audit.prune\"}", "bad2 typed by hand {\"action\": \"audit.prune\"}"}, column[string](t, super,
		`SELECT concat_ws(' ', record#>>'{target,id}', record->>'reason', record#>>'{payload,record}') FROM audit_outbox
		WHERE record->>'action' = 'audit.access.discard' ORDER BY 1`))
}
