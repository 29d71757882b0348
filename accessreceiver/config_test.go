package accessreceiver

import (
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func valid() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.URL = "postgres://audit@127.0.0.1/audit"
	return cfg
}

func TestConfigFromYAML(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"url": "postgres://audit@db.example/audit", "schema": "trail", "poll_interval": "2s", "resend_interval": "1m",
		"tls": map[string]any{"mode": "verify-ca", "ca_file": "ca.pem", "cert_file": "c.pem", "key_file": "k.pem"},
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	assert.Equal(t, &Config{
		URL: "postgres://audit@db.example/audit", Schema: "trail", PollInterval: 2 * time.Second, ResendInterval: time.Minute,
		TLS: TLSConfig{Mode: "verify-ca", CAFile: "ca.pem", CertFile: "c.pem", KeyFile: "k.pem"},
	}, cfg)
	require.ErrorContains(t, confmap.NewFromStringMap(map[string]any{"pol_interval": "2s"}).Unmarshal(createDefaultConfig()), "pol_interval")
}

func TestConfigInvalid(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no url", func(c *Config) { c.URL = "" }, "url: is required, the connection string of a login in the writer role"},
		{"weak", func(c *Config) { c.URL = "postgres://audit@db.example/audit?sslmode=require" }, "url: sslmode=require to a host that is not loopback; use verify-full, or set tls::mode to require to accept the risk"},
		{"tls mode", func(c *Config) { c.TLS.Mode = "prefer" }, `tls::mode: must be verify-full, verify-ca, require or disable, found "prefer"`},
		{"half a certificate", func(c *Config) { c.TLS.CertFile = "x" }, "tls::cert_file: goes with tls::key_file; set both or none"},
		{"schema", func(c *Config) { c.Schema = "Trail" }, `schema: "Trail": want lower-case letters, digits and underscores, not beginning with a digit`},
		{"poll", func(c *Config) { c.PollInterval = 0 }, "poll_interval: must be 10ms to 1m, found 0s"},
		{"resend", func(c *Config) { c.ResendInterval = 0 }, "resend_interval: must be 1s to 1h, found 0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := valid()
			tt.change(cfg)
			assert.EqualError(t, confmap.Validate(cfg), tt.want)
		})
	}
}

// TestReadmeTable: the README's table has every key, with the default that the
// code has.
func TestReadmeTable(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := map[string]string{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z_:]+)` \\(default = ([^)]*)\\)").FindAllStringSubmatch(string(readme), -1) {
		documented[match[1]] = match[2]
	}
	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	actual := map[string]string{}
	for _, key := range conf.AllKeys() {
		actual[key] = "none"
		if v := conf.Get(key); v != nil && fmt.Sprint(v) != "" && fmt.Sprint(v) != "[REDACTED]" {
			actual[key] = fmt.Sprint(v)
		}
	}
	assert.Equal(t, actual, documented)
}
