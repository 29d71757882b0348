package accessreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// Config is the configuration of the receiver. README.md explains each key; a
// test compares its table with these defaults.
type Config struct {
	// URL is the connection string of a login in the writer role.
	URL    configopaque.String `mapstructure:"url"`
	TLS    TLSConfig           `mapstructure:"tls"`
	Schema string              `mapstructure:"schema"`

	// PollInterval is how often the outbox is looked at where no notification
	// comes.
	PollInterval time.Duration `mapstructure:"poll_interval"`
	// ResendInterval is after how long what was passed on and has not come to the
	// log is passed on again.
	ResendInterval time.Duration `mapstructure:"resend_interval"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TLSConfig says how the connection to PostgreSQL is protected.
type TLSConfig struct {
	// Mode is verify-full, verify-ca, require or disable. Empty is verify-full,
	// except to loopback addresses and Unix sockets, where the url decides.
	Mode     string `mapstructure:"mode"`
	CAFile   string `mapstructure:"ca_file"`
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{Schema: "public", PollInterval: time.Second, ResendInterval: 30 * time.Second}
}

// Validate names the first key that is wrong and what is allowed.
func (c *Config) Validate() error {
	if c.URL == "" {
		return errors.New("url: is required, the connection string of a login in the writer role")
	}
	if err := c.tls().Check(string(c.URL)); err != nil {
		return err
	}
	if err := pgurl.CheckSchema(c.Schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	switch {
	case c.PollInterval < 10*time.Millisecond || c.PollInterval > time.Minute:
		return fmt.Errorf("poll_interval: must be 10ms to 1m, found %s", c.PollInterval)
	case c.ResendInterval < time.Second || c.ResendInterval > time.Hour:
		return fmt.Errorf("resend_interval: must be 1s to 1h, found %s", c.ResendInterval)
	}
	return nil
}

func (c *Config) tls() *pgurl.TLS {
	return &pgurl.TLS{Mode: c.TLS.Mode, CAFile: c.TLS.CAFile, CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile}
}
