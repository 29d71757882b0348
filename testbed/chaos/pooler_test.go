package chaos

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/cli"
)

// TestReadingThroughAPooler: list and verify say through pgbouncer what they say
// without one, while connections are few and shared with writers.
func TestReadingThroughAPooler(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"transaction", "session"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			dir, err := os.MkdirTemp("", "otelaudit-pooler-") //nolint:usetesting // a socket's path may have 107 bytes
			require.NoError(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			l, err := NewLab(ctx, dir, Setup{Mode: Synchronous, Pooler: mode, PoolerOptions: map[string]string{"default_pool_size": "8"}})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, l.Close(context.WithoutCancel(ctx))) })
			require.NoError(t, l.writeSome(ctx))

			pooled := l.Database
			for _, url := range []*string{&pooled.Reader, &pooled.Auditor} {
				*url, err = l.Pooler.Through(*url)
				require.NoError(t, err)
			}
			for _, args := range [][]string{
				{"verify", "--format", "json"},
				{"list", "--tenant", "readb-t000", "--limit", "1000", "--format", "jsonl"},
				{"count", "--tenant", "readb-t000", "--format", "json"},
			} {
				read := func(reader, auditor string) string {
					var out, errs bytes.Buffer
					env := map[string]string{"AUDIT_READER_URL": reader, "AUDIT_AUDITOR_URL": auditor, "AUDIT_TRUST_FILE": l.Keys.Trust}
					code := cli.Run(ctx, &cli.System{
						Stdout: &out, Stderr: &errs, Getenv: func(name string) string { return env[name] }, Now: time.Now, User: "reader",
					}, args)
					assert.Zero(t, code, "%s: %s", args, errs.String())
					return out.String()
				}
				direct, through := read(l.Database.Reader, l.Database.Auditor), read(pooled.Reader, pooled.Auditor)
				assert.NotEmpty(t, through)
				if args[0] == "list" { // the others say when they looked
					assert.Equal(t, direct, through, "%s", args)
				}
			}
		})
	}
}

// writeSome puts a short load on that goes well.
func (l *Lab) writeSome(ctx context.Context) error {
	load, err := startLoad(ctx, l, "read", 1, time.Now())
	if err != nil {
		return err
	}
	further := load.further(enough)
	if err := load.finish(); err != nil {
		return err
	}
	return further
}
