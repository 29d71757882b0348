package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/otelaudit/otelaudit/internal/anchor"
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
// they are kept, and the file of each. flag names the files in errors.
func readAnchorFiles(flag string, paths ...string) (notes [][]byte, files []string, err error) {
	for _, path := range paths {
		found, err := anchor.ReadFile(path)
		if err != nil {
			return nil, nil, environmentError("a file of anchors holds checkpoint lines, as an exporter or 'otelaudit checkpoint' writes them, or signed notes",
				fmt.Errorf("--%s: %w", flag, withPath(path, err)))
		}
		for _, note := range found {
			notes, files = append(notes, note), append(files, path)
		}
	}
	return notes, files, nil
}

// withPath names the file where the error does not.
func withPath(path string, err error) error {
	if _, named := errors.AsType[*fs.PathError](err); named || errors.Is(err, anchor.ErrDamaged) || errors.Is(err, anchor.ErrNone) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
