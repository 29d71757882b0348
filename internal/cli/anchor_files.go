package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/regular"
)

// anchorFiles are the files that a flag names, or the one of an environment
// variable where it names none.
func anchorFiles(sys *System, named []string, variable string) []string {
	if file := sys.Getenv(variable); len(named) == 0 && file != "" {
		return []string{file}
	}
	return named
}

// readAnchorFiles returns the checkpoints of every file, in any form in which
// they are kept. flag names the files in errors.
func readAnchorFiles(flag string, paths ...string) (notes [][]byte, err error) {
	contents, err := loadAnchorFiles(flag, paths...)
	for _, found := range contents {
		notes = append(notes, found.Notes...)
	}
	return notes, err
}

// loadAnchorFiles returns what every file holds.
func loadAnchorFiles(flag string, paths ...string) ([]*anchor.Contents, error) {
	contents := make([]*anchor.Contents, 0, len(paths))
	for _, path := range paths {
		found, err := anchor.Load(path)
		if err != nil {
			return nil, environmentError("a file of anchors holds checkpoint lines, as an exporter or 'otelaudit checkpoint' writes them, or signed notes",
				fmt.Errorf("--%s: %w", flag, withPath(path, err)))
		}
		contents = append(contents, found)
	}
	return contents, nil
}

// withPath names the file where the error does not.
func withPath(path string, err error) error {
	if _, named := errors.AsType[*fs.PathError](err); named || errors.Is(err, anchor.ErrDamaged) || errors.Is(err, anchor.ErrNone) || errors.Is(err, regular.ErrNotRegular) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
