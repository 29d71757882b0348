package auditquery_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/auditquery"
	"github.com/otelaudit/otelaudit/internal/retention/retentiontest"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func TestAnApplicationPrunesWhatItPreviewed(t *testing.T) {
	const day = 24 * time.Hour
	h := retentiontest.New(t)
	for i := range 4 {
		h.Commit("acme", 0, h.Now.Add(-time.Duration(100-20*i)*day), 5, true)
	}
	h.Commit("globex", 0, h.Now.Add(-100*day), 5, true)
	private, _ := h.Keys()
	key := filepath.Join(t.TempDir(), "log.key")
	require.NoError(t, os.WriteFile(key, []byte(private), 0o600))
	reader, err := auditquery.Open(t.Context(), auditquery.Options{URL: h.DB.ReaderURL})
	require.NoError(t, err)
	defer reader.Close()
	pruner, err := auditquery.Open(t.Context(), auditquery.Options{URL: h.DB.PrunerURL, Actor: "retention job"})
	require.NoError(t, err)
	defer pruner.Close()

	o := auditquery.PruneOptions{OlderThan: 70 * day}
	preview, err := reader.PreviewPrune(t.Context(), "acme", o)
	require.NoError(t, err)
	require.EqualValues(t, 10, preview.Rows)
	again, err := pruner.PreviewPrune(t.Context(), "acme", o)
	require.NoError(t, err)
	require.Equal(t, preview.Rows, again.Rows)

	_, err = pruner.Prune(t.Context(), "acme", o)
	require.ErrorIs(t, err, auditquery.ErrUnannounced)
	o.LogKeyFile, o.WriterURL = key, h.DB.WriterURL
	_, err = reader.Prune(t.Context(), "acme", o)
	require.ErrorContains(t, err, "needs the role audit_pruner")
	for field, bad := range map[string]auditquery.PruneOptions{"older_than": {OlderThan: time.Hour}, "batch_size": {BatchSize: -1}} {
		_, err = pruner.Prune(t.Context(), "acme", bad)
		var wrong *auditquery.FilterError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, field, wrong.Field)
	}
	_, err = pruner.Prune(t.Context(), "", o)
	require.ErrorContains(t, err, "tenant")

	done, err := pruner.Prune(t.Context(), "acme", o)
	require.NoError(t, err)
	require.Equal(t, preview.Rows, done.Deleted)
	require.Equal(t, preview.Batches, done.Batches)
	require.EqualValues(t, 5, h.Number(`SELECT count(*) FROM audit_events WHERE tenant_id = 'globex'`))
	require.Equal(t, verify.Intact, h.Verify().Verdict)
}
