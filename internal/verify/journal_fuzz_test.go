package verify_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// FuzzFlippedJournal changes one byte of a journal: verifying finds it, wherever
// it is and whatever it becomes.
func FuzzFlippedJournal(f *testing.F) {
	var written *book
	files := map[int][]byte{}
	for at := range 40 {
		f.Add(byte(at), uint16(at*331), byte(1<<(at%8)))
	}
	f.Fuzz(func(t *testing.T, segment byte, at uint16, flip byte) {
		if written == nil {
			written = newBook(t, 5)
			for n := 1; ; n++ {
				text, err := os.ReadFile(written.path(n))
				if err != nil {
					break
				}
				files[n] = text
			}
			require.Greater(t, len(files), 1)
		}
		changed := 1 + int(segment)%len(files)
		b := &book{t: t, dir: filepath.Join(t.TempDir(), "journal"), trust: written.trust, notes: written.notes}
		require.NoError(t, os.Mkdir(b.dir, 0o700))
		for n, text := range files {
			text = append([]byte(nil), text...)
			if n == changed {
				text[int(at)%len(text)] ^= flip
			}
			require.NoError(t, os.WriteFile(b.path(n), text, 0o600))
		}
		report := b.verify()
		if flip == 0 {
			require.Equal(t, verify.Intact, report.Verdict, "%+v", report)
			return
		}
		require.NotEqual(t, verify.Intact, report.Verdict, "segment %d, byte %d", changed, int(at)%len(files[changed]))
		require.NotEmpty(t, report.Findings)
	})
}
