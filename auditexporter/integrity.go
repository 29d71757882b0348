package auditexporter

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// The values of IntegrityConfig.Mode.
const (
	integrityRequired = "required"
	integrityOff      = "off"
)

// IntegrityConfig says what every commit is signed with, and where the
// checkpoints are kept that a store cannot take back.
type IntegrityConfig struct {
	Mode string `mapstructure:"mode"`

	// KeyFile names a key file, Key is the content of one; one of the two.
	KeyFile string              `mapstructure:"key_file"`
	Key     configopaque.String `mapstructure:"key"`
	// LogName must be the name in the key file where it is set.
	LogName string `mapstructure:"log_name"`

	AnchorFile     string        `mapstructure:"anchor_file"`
	AnchorLog      bool          `mapstructure:"anchor_log"`
	AnchorInterval time.Duration `mapstructure:"anchor_interval"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (c *IntegrityConfig) validate() error {
	switch {
	case c.Mode != integrityRequired && c.Mode != integrityOff:
		return fmt.Errorf("integrity::mode: must be required or off, found %q", c.Mode)
	case c.Mode == integrityOff:
		return nil
	case c.KeyFile == "" && c.Key == "":
		return errors.New("integrity::key_file: is required (or integrity::key) with integrity::mode: required; otelaudit keygen makes a key file")
	case c.KeyFile != "" && c.Key != "":
		return errors.New("integrity::key_file: excludes integrity::key; use one or the other")
	case c.AnchorInterval < time.Second || c.AnchorInterval > 24*time.Hour:
		return fmt.Errorf("integrity::anchor_interval: must be 1s to 24h, found %s", c.AnchorInterval)
	}
	if c.LogName == "" {
		return nil
	}
	if err := merkle.CheckLogName(c.LogName); err != nil {
		return fmt.Errorf("integrity::log_name: %w", err)
	}
	return nil
}

// ring reads the keys.
func (c *IntegrityConfig) ring() (ring *keys.Ring, err error) {
	if c.KeyFile != "" {
		ring, err = keys.LoadRing(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("integrity::key_file: %w", err)
		}
	} else if ring, err = keys.ParseRing([]byte(c.Key)); err != nil {
		return nil, fmt.Errorf("integrity::key: %w", err)
	}
	if c.LogName != "" && c.LogName != ring.LogName() {
		return nil, fmt.Errorf("integrity::log_name: the keys are of the log %s, not of %s", ring.LogName(), c.LogName)
	}
	return ring, nil
}
