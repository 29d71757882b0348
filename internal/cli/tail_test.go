package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// What tail shows on a terminal fits it and has the colors of list; elsewhere
// nothing is cut or colored.
func TestTailsTableFitsItsTerminal(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	rows := func(sys *System) string {
		table := newTailTable(asTerminal(sys).Stdout)
		reader, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL})
		require.NoError(t, err)
		defer reader.Close()
		extent, err := reader.Extent(t.Context(), "acme")
		require.NoError(t, err)
		x, err := reader.Export(store.ExportOptions{Tenant: "acme", Logs: extent.Logs, Now: time.Now})
		require.NoError(t, err)
		page := &store.EventPage{}
		_, err = x.Next(t.Context(), page)
		require.NoError(t, err)
		require.Positive(t, page.Len())
		text := table.Begin(nil)
		for i := range page.Len() {
			text, err = table.Append(text, page.Row(i))
			require.NoError(t, err)
		}
		return string(text)
	}
	for _, width := range []int{100, 120, 200} {
		narrow := rows(&System{Stdout: &bytes.Buffer{}, StdoutTerminal: true, Width: width})
		for line := range strings.Lines(narrow) {
			require.LessOrEqual(t, columnsOf(strings.TrimSuffix(line, "\n")), width, line)
		}
		require.NotContains(t, narrow, "\x1b")
	}
	require.Contains(t, rows(&System{Stdout: &bytes.Buffer{}, StdoutTerminal: true, Width: 200, Color: true}), "\x1b[31mdenied\x1b[0m")
	plain := rows(&System{Stdout: &bytes.Buffer{}})
	require.NotContains(t, plain, "\x1b")
	require.NotContains(t, plain, "…")
}
