package guardextension

import (
	"fmt"

	"go.opentelemetry.io/collector/confmap"
)

// The range of max_depth. Fewer levels than an audit record may have would
// refuse what can be stored. 10,000 is where Go's own protobuf decoder stops; each
// level costs the decoder about 1.2 kB of stack.
const (
	leastMaxDepth   = 64
	defaultMaxDepth = 4096
	greatMaxDepth   = 10_000
)

// Config is the configuration of the extension.
type Config struct {
	// MaxDepth is how many levels of values an attribute or a body may have. A
	// text or a number is one level, a list of them two. One deeper value refuses
	// the whole request. From 64 to 10,000.
	MaxDepth int `mapstructure:"max_depth"`
}

var _ confmap.Validator = (*Config)(nil)

func defaultConfig() *Config { return &Config{MaxDepth: defaultMaxDepth} }

// Validate names the key that cannot be.
func (cfg *Config) Validate() error {
	if cfg.MaxDepth < leastMaxDepth || cfg.MaxDepth > greatMaxDepth {
		return fmt.Errorf("max_depth: %d is not between %d and %d", cfg.MaxDepth, leastMaxDepth, greatMaxDepth)
	}
	return nil
}
