package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
)

// loadConfiguration reads a collector's configuration files as the collector
// would, with the variables of this process.
func loadConfiguration(sys *System, files []string) (*configuration.Configuration, error) {
	c, err := configuration.Load(files, configuration.Environment{Lookup: sys.lookup, Read: os.ReadFile})
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil, environmentError("--config names a file, as the collector's --config does", err)
	}
	return nil, environmentError("'otelcol-audit validate --config FILE' says what the collector makes of it", err)
}

// lookup is the variable of this process, and whether it is set at all.
func (s *System) lookup(name string) (text string, set bool) {
	if text := s.Getenv(name); text != "" {
		return text, true
	}
	for _, entry := range s.Environ {
		if key, text, found := strings.Cut(entry, "="); found && key == name {
			return text, true
		}
	}
	return "", false
}
