package journalexporter

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Config is the configuration of the journal exporter. README.md explains each
// key; a test compares its table with these defaults.
type Config struct {
	Directory string          `mapstructure:"directory"`
	Name      string          `mapstructure:"name"`
	Integrity IntegrityConfig `mapstructure:"integrity"`

	AnchorFile     string        `mapstructure:"anchor_file"`
	AnchorInterval time.Duration `mapstructure:"anchor_interval"`

	MaxSegmentBytes int64         `mapstructure:"max_segment_bytes"`
	MaxSegmentAge   time.Duration `mapstructure:"max_segment_age"`
	DedupEntries    int           `mapstructure:"dedup_entries"`

	Timeout         time.Duration `mapstructure:"timeout"`
	MaxBatchBytes   int64         `mapstructure:"max_batch_bytes"`
	MaxWaitingBytes int64         `mapstructure:"max_waiting_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// IntegrityConfig says with what the journal is signed.
type IntegrityConfig struct {
	KeyFile string              `mapstructure:"key_file"`
	Key     configopaque.String `mapstructure:"key"` // the content of a key file
	LogName string              `mapstructure:"log_name"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		Name:            "journal",
		AnchorInterval:  time.Second,
		MaxSegmentBytes: journal.DefaultSegmentBytes,
		MaxSegmentAge:   journal.DefaultSegmentAge,
		DedupEntries:    journal.DefaultDedupEntries,
		Timeout:         4 * time.Second,
		MaxBatchBytes:   journal.DefaultBatchBytes,
		MaxWaitingBytes: journal.DefaultWaitingBytes,
	}
}

// Bounds of the keys.
const (
	minSegmentBytes = 4 << 10
	maxSegmentBytes = 64 << 30
	minSegmentAge   = time.Minute
	maxSegmentAge   = 366 * 24 * time.Hour
	maxDedupEntries = 16 << 20
	maxBatchBytes   = 256 << 20
)

// Validate names the first key that is wrong and what is allowed.
func (c *Config) Validate() error {
	return errors.Join(c.validateFiles(), c.validateLimits())
}

func (c *Config) validateFiles() error {
	if err := merkle.CheckJournalName(c.Name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	switch {
	case c.Directory == "":
		return errors.New("directory: is required")
	case c.Integrity.KeyFile == "" && c.Integrity.Key == "":
		return errors.New("integrity::key_file: is required (or integrity::key); 'otelaudit keygen' makes one")
	case c.Integrity.KeyFile != "" && c.Integrity.Key != "":
		return errors.New("integrity::key: excludes integrity::key_file; use one or the other")
	case c.AnchorFile != "" && inside(c.Directory, c.AnchorFile):
		return errors.New("anchor_file: lies in directory; an anchor that is lost together with the journal proves nothing")
	}
	if c.Integrity.LogName != "" {
		if err := merkle.CheckLogName(c.Integrity.LogName); err != nil {
			return fmt.Errorf("integrity::log_name: %w", err)
		}
	}
	return nil
}

// inside reports whether a path is below a directory, as far as the names say.
func inside(directory, path string) bool {
	relative, err := filepath.Rel(directory, path)
	return err == nil && filepath.IsLocal(relative)
}

func (c *Config) validateLimits() error {
	switch {
	case c.AnchorInterval < 100*time.Millisecond || c.AnchorInterval > time.Hour:
		return fmt.Errorf("anchor_interval: must be 100ms to 1h, found %s", c.AnchorInterval)
	case c.MaxSegmentBytes < minSegmentBytes || c.MaxSegmentBytes > maxSegmentBytes:
		return fmt.Errorf("max_segment_bytes: must be %d to %d, found %d", minSegmentBytes, int64(maxSegmentBytes), c.MaxSegmentBytes)
	case c.MaxSegmentAge < minSegmentAge || c.MaxSegmentAge > maxSegmentAge:
		return fmt.Errorf("max_segment_age: must be 1m to 8784h, found %s", c.MaxSegmentAge)
	case c.DedupEntries < 0 || c.DedupEntries > maxDedupEntries:
		return fmt.Errorf("dedup_entries: must be 0 to %d, found %d", maxDedupEntries, c.DedupEntries)
	case c.Timeout < 100*time.Millisecond || c.Timeout > 5*time.Minute:
		return fmt.Errorf("timeout: must be 100ms to 5m, found %s", c.Timeout)
	case c.MaxBatchBytes < 64<<10 || c.MaxBatchBytes > maxBatchBytes:
		return fmt.Errorf("max_batch_bytes: must be 65536 to %d, found %d", maxBatchBytes, c.MaxBatchBytes)
	case c.MaxWaitingBytes < c.MaxBatchBytes:
		return fmt.Errorf("max_waiting_bytes: must be at least max_batch_bytes (%d), found %d", c.MaxBatchBytes, c.MaxWaitingBytes)
	}
	return nil
}

// ring loads the key.
func (c *Config) ring() (*keys.Ring, error) {
	var ring *keys.Ring
	var err error
	if c.Integrity.KeyFile != "" {
		ring, err = keys.LoadRing(c.Integrity.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("integrity::key_file: %w", err)
		}
	} else if ring, err = keys.ParseRing([]byte(c.Integrity.Key)); err != nil {
		return nil, fmt.Errorf("integrity::key: %w", err)
	}
	if want := c.Integrity.LogName; want != "" && want != ring.LogName() {
		return nil, fmt.Errorf("integrity::log_name: is %s, the key is of log %s", want, ring.LogName())
	}
	return ring, nil
}
