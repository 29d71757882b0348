package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
)

// trustFlag is --trust FILE, which falls back to AUDIT_TRUST_FILE.
type trustFlag struct{ path string }

func (f *trustFlag) register(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&f.path, "trust", "", what+" (default: $AUDIT_TRUST_FILE)")
}

// load reads the trust file. Without one named it returns nil where that is
// allowed.
func (f *trustFlag) load(sys *System, required bool) (*keys.Trust, error) {
	path := f.path
	if path == "" {
		path = sys.Getenv("AUDIT_TRUST_FILE")
	}
	if path == "" && !required {
		return nil, nil //nolint:nilnil // no trust file, and none is needed
	}
	if path == "" {
		return nil, usageError("--trust FILE or AUDIT_TRUST_FILE; get it from somebody other than who made the evidence", "no trust file is named")
	}
	trust, err := keys.LoadTrust(path)
	if err == nil {
		return trust, nil
	}
	hint := ""
	if !errors.Is(err, fs.ErrNotExist) {
		hint = "a trust file begins with the line \"" + keys.TrustHeader + "\"; 'otelaudit keygen' writes one"
	}
	return nil, environmentError(hint, fmt.Errorf("--trust: %w", err))
}
