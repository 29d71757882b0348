package migrations

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// ExportPrefix begins the name of every exported file.
const ExportPrefix = "otelaudit_"

// Export writes one plain SQL file per migration into dir, which must exist,
// for an application's own migration tool. The files only go up; each wants to
// run in one transaction, in the order of their names. It returns the paths.
//
// A file that is already there with the same bytes is left alone; one with
// other bytes is an error, because a migration that has been applied must not
// change under its name.
func (r Runner) Export(dir string) ([]string, error) {
	var paths []string
	err := r.eachUp(func(name string, text []byte) error {
		path := filepath.Join(dir, ExportPrefix+name)
		switch present, err := os.ReadFile(path); {
		case err == nil && bytes.Equal(present, text):
		case err == nil:
			return fmt.Errorf("%s is there with other contents", path)
		case !os.IsNotExist(err):
			return err
		default:
			if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // SQL without secrets, read by other tools
				return err
			}
		}
		paths = append(paths, path)
		return nil
	})
	return paths, err
}
