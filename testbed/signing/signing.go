// Package signing makes the keys of a log for the end-to-end tests and the
// benchmark: a key file for collectors and a trust file for those who verify.
package signing

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otelaudit/otelaudit/internal/keys"
)

// LogName is the log of all tests.
const LogName = "testbed.example.com/e2e"

// Files are a log's keys on disk.
type Files struct {
	Key   string // path of the key file, a secret
	Trust string // path of the trust file
}

// New makes a key and writes both files into dir, which exists.
func New(dir string) (Files, error) {
	private, public, err := keys.Generate(rand.Reader, LogName)
	if err != nil {
		return Files{}, err
	}
	f := Files{Key: filepath.Join(dir, "log.key"), Trust: filepath.Join(dir, "trust")}
	if err := os.WriteFile(f.Key, []byte(private+"\n"), 0o600); err != nil {
		return Files{}, err
	}
	return f, os.WriteFile(f.Trust, fmt.Appendf(nil, "%s\n%s %s - -\n", keys.TrustHeader, public, LogName), 0o600)
}
