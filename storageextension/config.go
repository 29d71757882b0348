package storageextension

import (
	"errors"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// The range of reserve_mib, in MiB. Emptying a queue takes a few pages of 4 KiB per
// request, and one file serves each queue.
const (
	leastReserve   = 1
	defaultReserve = 32
	greatReserve   = 1 << 20
)

// Config is filestorage's and one key more.
type Config struct {
	filestorage.Config `mapstructure:",squash"` //nolint:tagliatelle // squashed: it has no name

	// ReserveMiB is how many MiB the disk must have free, as far as this process may
	// use them, for a queue to take another request. To take requests out of a queue
	// needs room too. From 1 to 1,048,576.
	ReserveMiB int64 `mapstructure:"reserve_mib"`
}

var _ confmap.Validator = (*Config)(nil)

func defaultConfig() component.Config {
	inner := filestorage.NewFactory().CreateDefaultConfig().(*filestorage.Config)
	return &Config{Config: *inner, ReserveMiB: defaultReserve}
}

// Validate names the key that cannot be.
func (cfg *Config) Validate() error {
	if cfg.ReserveMiB < leastReserve || cfg.ReserveMiB > greatReserve {
		return fmt.Errorf("reserve_mib: %d is not between %d and %d", cfg.ReserveMiB, leastReserve, greatReserve)
	}
	if cfg.MaxSize != 0 {
		return errors.New("max_size: a file that may not grow cannot be emptied either; bound the queue with sending_queue::queue_size, and the disk with reserve_mib")
	}
	return cfg.Config.Validate()
}
