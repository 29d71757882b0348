package migrations_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/migrations"
)

// A migration that has been applied somewhere is never edited: the next change
// is a new file, whose sum is added to testdata/sha256sums.
func TestLandedMigrationsAreNotEdited(t *testing.T) {
	landed, err := os.ReadFile(filepath.Join("testdata", "sha256sums"))
	require.NoError(t, err)
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	var now strings.Builder
	for i, name := range names {
		require.True(t, strings.HasPrefix(name, fmt.Sprintf("%05d_", i+1)), "%s: numbers have no gaps", name)
		text, err := migrations.FS.ReadFile(name)
		require.NoError(t, err)
		fmt.Fprintf(&now, "%x  %s\n", sha256.Sum256(text), name)
	}
	require.Equal(t, string(landed), now.String())
	require.Equal(t, int64(len(names)), migrations.Latest())
}

func TestExportedFilesMakeTheSameStore(t *testing.T) {
	reference, exported := storetest.NewDatabase(t), storetest.NewEmptyDatabase(t)
	dir := t.TempDir()
	paths, err := migrations.Runner{}.Export(dir)
	require.NoError(t, err)
	again, err := migrations.Runner{}.Export(dir)
	require.NoError(t, err)
	require.Equal(t, paths, again)

	conn := connect(t, exported.SuperURL)
	var all bytes.Buffer
	for _, path := range paths {
		require.True(t, strings.HasPrefix(filepath.Base(path), "otelaudit_0"), path)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(text), "goose")
		require.NotContains(t, string(text), "\nDROP TABLE", "the way down")
		fmt.Fprintf(&all, "-- %s\n%s\n", strings.TrimPrefix(filepath.Base(path), "otelaudit_"), text)
		_, err = conn.Exec(t.Context(), string(text))
		require.NoError(t, err, path)
	}
	made := objects(t, conn, "public")
	wanted := objects(t, connect(t, reference.SuperURL), "public")
	for _, history := range []string{"r audit_migrations", "S audit_migrations_id_seq", "i audit_migrations_pkey"} {
		require.Contains(t, wanted, history)
		wanted = remove(wanted, history)
	}
	require.Equal(t, wanted, made)

	var printed bytes.Buffer
	require.NoError(t, migrations.Runner{}.Print(&printed))
	require.Equal(t, all.String(), printed.String())

	_, err = migrations.Runner{}.Up(t.Context(), exported.SuperURL)
	require.ErrorIs(t, err, migrations.ErrForeign)

	require.NoError(t, os.WriteFile(paths[0], []byte("SELECT 1;"), 0o600))
	_, err = migrations.Runner{}.Export(dir)
	require.ErrorContains(t, err, "is there with other contents")
	_, err = migrations.Runner{}.Export(filepath.Join(dir, "absent"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func remove(list []string, name string) []string {
	var rest []string
	for _, entry := range list {
		if entry != name {
			rest = append(rest, entry)
		}
	}
	return rest
}
