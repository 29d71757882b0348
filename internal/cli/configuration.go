package cli

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
	"github.com/otelaudit/otelaudit/internal/regular"
)

// maxConfigBytes is far more than any configuration has.
const maxConfigBytes = 8 << 20

// loadConfiguration reads a collector's configuration files as the collector
// would, with the variables of this process.
func loadConfiguration(sys *System, files []string) (*configuration.Configuration, error) {
	c, err := configuration.Load(files, configuration.Environment{
		Lookup: lookup(sys),
		Read:   func(file string) ([]byte, error) { return regular.ReadFile(file, maxConfigBytes) },
	})
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil, environmentError("--config names a file, as the collector's --config does", err)
	}
	return nil, environmentError("'otelcol-audit validate --config FILE' says what the collector makes of it", err)
}

// lookup looks a variable up. An empty one is set, too.
func lookup(sys *System) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		set := slices.ContainsFunc(sys.Environ, func(line string) bool { return strings.HasPrefix(line, name+"=") })
		text := sys.Getenv(name)
		return text, set || text != ""
	}
}
