package export_test

import (
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/export"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// Every column of CSV is the member of that name, and package encoding/csv would
// have written the same bytes.
func TestCSVHasTheMembersOfJSON(t *testing.T) {
	db := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(5, 5))
	records := make([]*record.Record, 300)
	for i := range records {
		r := recordtest.Arbitrary(random)
		r.IdempotencyKey = ""
		r.Reason = []string{"", " led by a space", "a,b", `say "x"`, "two\nlines", `\.`, "=1+1"}[random.IntN(7)]
		r.TimeUnixNano = time.Now().UnixNano()
		records[i] = r
	}
	plant(t, db, records...)
	encoder, err := export.NewCSV(nil, true)
	require.NoError(t, err)
	text := encode(t, db, encoder)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var again strings.Builder
	w := csv.NewWriter(&again)
	require.NoError(t, w.WriteAll(rows))
	require.Equal(t, again.String(), text)
	require.Equal(t, export.CSVColumns, rows[0])
	lines := strings.Split(strings.TrimSpace(encode(t, db, export.NewJSONL())), "\n")
	require.Len(t, rows, len(lines)+1)
	for i, line := range lines {
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(line), &members))
		for name, value := range members {
			cell := rows[i+1][slices.Index(export.CSVColumns, name)]
			var s string
			if column, known := store.ColumnOf(name); known && !column.IsJSON() && json.Unmarshal(value, &s) == nil {
				require.Equal(t, s, cell, name)
			} else {
				require.Equal(t, string(value), cell, name)
			}
		}
	}
	_, err = export.NewCSV([]string{"seq", "seq"}, true)
	require.EqualError(t, err, `column "seq" twice`)
	_, err = export.NewCSV([]string{"tableoid"}, true)
	require.EqualError(t, err, `no column "tableoid"`)
}

// Readers of CSV skip empty lines: a column alone has a quoted nothing in them.
func TestCSVOfOneColumnHasALineForEachEvent(t *testing.T) {
	db := storetest.NewDatabase(t)
	records := make([]*record.Record, 4)
	for i := range records {
		records[i] = &record.Record{
			TenantID: "acme", EventID: strconv.Itoa(i), Action: "a", Outcome: record.OutcomeDenied,
			Reason: []string{"", "why"}[i%2], TimeUnixNano: time.Now().UnixNano(),
		}
	}
	plant(t, db, records...)
	encoder, err := export.NewCSV([]string{"reason"}, true)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(encode(t, db, encoder))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{{"reason"}, {""}, {"why"}, {""}, {"why"}}, rows)
}
