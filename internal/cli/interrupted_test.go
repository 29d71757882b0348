package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// A check that was interrupted is incomplete, as it is of verify, wherever it
// was; and a bundle is there whole or not at all.
func TestAnInterruptedCheckIsIncomplete(t *testing.T) {
	db := storetest.NewDatabase(t)
	dir := t.TempDir()
	plantSigned(t, db, dir)
	seed := sha256.Sum256([]byte("first")) // as plantSigned has it
	key, _, err := keys.Generate(bytes.NewReader(seed[:]), "audit.example.com/test")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "log.key"), []byte(key+"\n"), 0o600))
	out := t.TempDir()
	url := "--database-url=" + db.AuditorURL
	for name, args := range map[string][]string{
		"bundle":    {"bundle", url, "--tenant", "acme", "--key", filepath.Join(dir, "log.key"), "--out", filepath.Join(out, "acme.bundle")},
		"reconcile": {"reconcile", url, "--journal", filepath.Join(dir, "journal"), "--trust", filepath.Join(dir, "trust"), "--grace", "0s"},
		"sent":      {"reconcile", url, "--tenant", "acme", "--sent", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			run := func(interruptAt int) (code int, stderr string) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if interruptAt == 0 {
					cancel()
				}
				calls = 0
				var errs bytes.Buffer
				code = Run(ctx, &System{
					Stdin: strings.NewReader(`{"event_id":"nobody"}` + "\n"), Stdout: &bytes.Buffer{}, Stderr: &errs,
					Getenv: func(string) string { return "" }, Rand: strings.NewReader(""),
					Now: func() time.Time {
						calls++
						if calls == interruptAt {
							cancel()
						}
						return time.Now()
					},
				}, args)
				return code, errs.String()
			}
			code, stderr := run(-1)
			require.LessOrEqual(t, code, exitNegative, stderr)
			require.NotContains(t, stderr, "interrupted")
			require.Positive(t, calls)
			require.NoError(t, os.RemoveAll(filepath.Join(out, "acme.bundle")))
			// The last calls may come after the last statement.
			for at := range calls {
				if code, stderr := run(at); code != exitOK || strings.Contains(stderr, "interrupted") {
					require.Equal(t, exitIncomplete, code, "%d: %s", at, stderr)
					require.Contains(t, stderr, "interrupted")
					require.Empty(t, names(t, out))
				}
			}
		})
	}
}
