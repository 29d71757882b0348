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
	// MaxMessages is how many records, attributes and elements of lists a request
	// may have in sum. More refuse the whole request, for good: it has to be sent
	// in parts. From 10,000 to 100,000,000.
	MaxMessages int64 `mapstructure:"max_messages"`
	// MaxExpandedBytes is how much the records of a request may have in common, in
	// bytes, counted for each of them: their resource and their scope, of which each
	// audit record has a copy of its own. More refuse the whole request, for good.
	// From 1 MiB to 1 TiB.
	MaxExpandedBytes int64 `mapstructure:"max_expanded_bytes"`
	// MaxInFlightBytes is how much memory all requests under way may take in sum,
	// as far as it can be told before they are decoded. One more is answered with an
	// error that its client sends it again for. From 16 MiB to 1 TiB.
	MaxInFlightBytes int64 `mapstructure:"max_in_flight_bytes"`
}

var _ confmap.Validator = (*Config)(nil)

// The range of max_messages. The decoder takes up to 231 bytes for each.
const (
	leastMaxMessages   = 10_000
	defaultMaxMessages = 1_000_000
	greatMaxMessages   = 100_000_000
)

// The range of max_expanded_bytes.
const (
	leastExpanded   = 1 << 20
	defaultExpanded = 32 << 20
	greatExpanded   = 1 << 40
)

// The range of max_in_flight_bytes.
const (
	leastInFlight   = 16 << 20
	defaultInFlight = 96 << 20
	greatInFlight   = 1 << 40
)

func defaultConfig() *Config {
	return &Config{
		MaxDepth: defaultMaxDepth, MaxMessages: defaultMaxMessages,
		MaxExpandedBytes: defaultExpanded, MaxInFlightBytes: defaultInFlight,
	}
}

// Validate names the key that cannot be.
func (cfg *Config) Validate() error {
	if cfg.MaxDepth < leastMaxDepth || cfg.MaxDepth > greatMaxDepth {
		return fmt.Errorf("max_depth: %d is not between %d and %d", cfg.MaxDepth, leastMaxDepth, greatMaxDepth)
	}
	if cfg.MaxMessages < leastMaxMessages || cfg.MaxMessages > greatMaxMessages {
		return fmt.Errorf("max_messages: %d is not between %d and %d", cfg.MaxMessages, leastMaxMessages, greatMaxMessages)
	}
	if cfg.MaxExpandedBytes < leastExpanded || cfg.MaxExpandedBytes > greatExpanded {
		return fmt.Errorf("max_expanded_bytes: %d is not between %d and %d", cfg.MaxExpandedBytes, leastExpanded, int64(greatExpanded))
	}
	if cfg.MaxInFlightBytes < leastInFlight || cfg.MaxInFlightBytes > greatInFlight {
		return fmt.Errorf("max_in_flight_bytes: %d is not between %d and %d", cfg.MaxInFlightBytes, leastInFlight, int64(greatInFlight))
	}
	return nil
}
