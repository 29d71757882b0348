package store

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// A page of an export comes from the primary key, in its order, whatever is
// filtered: one that was sorted would read the tenant for every page.
func TestAnExportReadsThePrimaryKey(t *testing.T) {
	db := storetest.NewDatabase(t)
	month := time.Now().UTC().Format("2006_01")
	require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name, strings.Replace(manyEvents, "MONTH", month, 1)+"; ANALYZE"))
	config, err := pgurl.Parse(db.ReaderURL, "test")
	require.NoError(t, err)
	reader, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close(t.Context())) }()
	sql := newReadQueries("public")
	for name, filter := range map[string]Filter{
		"all": {}, "rare": {Action: "none"}, "denied": {Outcome: "denied"}, "actor": {ActorID: "u7"}, "prefix": {ActionPrefix: "action-1"},
		"window": {Since: time.Now().Add(-time.Hour), Until: time.Now()}, "correlation": {CorrelationID: "c7"}, "reason": {ReasonContains: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			tx, err := reader.Begin(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
			_, err = tx.Exec(t.Context(), sql.exportSession, "big", "30000")
			require.NoError(t, err)
			arguments := append([]any{"big", int32(0), int64(20_000), time.Now(), int64(30_000), int32(1000)}, listArguments("big", &filter, nil)[1:16]...)
			arguments = append(arguments, orNull(filter.ReasonContains))
			for _, query := range []string{sql.export, sql.exportLast} {
				rows, err := tx.Query(t.Context(), "EXPLAIN "+query, arguments...)
				require.NoError(t, err)
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				require.NoError(t, err)
				plan := strings.Join(lines, "\n")
				require.Regexp(t, `Index Cond: .*epoch = 0.*ROW\(seq, recorded_at\) > .*seq < '?30000`, plan)
				require.NotContains(t, plan, "Sort  (cost")
				require.NotContains(t, plan, "Seq Scan")
			}
		})
	}
}
