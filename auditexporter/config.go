package auditexporter

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// The values of Config.Mode.
const (
	modeSynchronous  = "synchronous"
	modeDurableQueue = "durable-queue"
)

// The values of Config.AllowPrivilegedRole.
const (
	privilegedRefuse = "refuse"
	privilegedWarn   = "warn"
)

// Config is the configuration of the audit exporter. README.md explains each
// key; a test compares its table with these defaults.
type Config struct {
	// URL is the connection string, postgres://… or key=value. It excludes
	// Host, User, Password and Database.
	URL      configopaque.String `mapstructure:"url"`
	Host     string              `mapstructure:"host"`
	Port     int                 `mapstructure:"port"`
	User     string              `mapstructure:"user"`
	Password configopaque.String `mapstructure:"password"`
	Database string              `mapstructure:"database"`
	TLS      TLSConfig           `mapstructure:"tls"`

	Schema              string `mapstructure:"schema"`
	RolePrefix          string `mapstructure:"role_prefix"`
	AllowPrivilegedRole string `mapstructure:"allow_privileged_role"`
	PartitionsAhead     int    `mapstructure:"partitions_ahead"`

	// Mode says what an answer promises: synchronous is COMMIT, durable-queue
	// is an fsync of SendingQueue's storage.
	Mode            string        `mapstructure:"mode"`
	Timeout         time.Duration `mapstructure:"timeout"`
	Workers         int           `mapstructure:"workers"`
	Batch           BatchConfig   `mapstructure:"batch"`
	MaxWaitingBytes int64         `mapstructure:"max_waiting_bytes"`

	// SendingQueue and RetryOnFailure belong to durable-queue.
	SendingQueue   configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	RetryOnFailure configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`

	Integrity IntegrityConfig `mapstructure:"integrity"`
	Telemetry TelemetryConfig `mapstructure:"telemetry"`

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

// BatchConfig bounds one transaction.
type BatchConfig struct {
	MaxRecords int   `mapstructure:"max_records"`
	MaxBytes   int64 `mapstructure:"max_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TelemetryConfig widens the exporter's own metrics.
type TelemetryConfig struct {
	// Actions are the actions that become a label of the stored counter.
	Actions []string `mapstructure:"actions"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultRetry() configretry.BackOffConfig {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxElapsedTime = 0
	return retry
}

func createDefaultConfig() component.Config {
	return &Config{
		Port:                5432,
		Schema:              "public",
		RolePrefix:          "audit_",
		AllowPrivilegedRole: privilegedRefuse,
		PartitionsAhead:     2,
		Mode:                modeSynchronous,
		Timeout:             4 * time.Second,
		Workers:             4,
		Batch:               BatchConfig{MaxRecords: 5000, MaxBytes: 8 << 20},
		MaxWaitingBytes:     64 << 20,
		SendingQueue:        configoptional.Default(exporterhelper.NewDefaultQueueConfig()),
		RetryOnFailure:      defaultRetry(),
		Integrity:           IntegrityConfig{Mode: integrityRequired, AnchorInterval: time.Minute},
	}
}

// Validate names the first key that is wrong and what is allowed.
func (c *Config) Validate() error {
	return errors.Join(c.validateConnection(), c.validateStore(), c.validateDelivery(), c.Integrity.validate())
}

func (c *Config) validateConnection() error {
	fields := c.Host != "" || c.User != "" || c.Password != "" || c.Database != ""
	switch {
	case c.URL == "" && !fields:
		return errors.New("url: is required (or host, port, user, password and database)")
	case c.URL != "" && fields:
		return errors.New("url: excludes host, user, password and database; use one or the other")
	case c.URL == "" && c.Host == "":
		return errors.New("host: is required where url is not set")
	case c.URL == "" && c.Database == "":
		return errors.New("database: is required where url is not set")
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("port: must be 1 to 65535, found %d", c.Port)
	}
	return c.tls().Check(c.dsn())
}

func (c *Config) validateStore() error {
	if err := pgurl.CheckSchema(c.Schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if err := pgurl.CheckRolePrefix(c.RolePrefix); err != nil {
		return fmt.Errorf("role_prefix: %w", err)
	}
	switch {
	case c.AllowPrivilegedRole != privilegedRefuse && c.AllowPrivilegedRole != privilegedWarn:
		return fmt.Errorf("allow_privileged_role: must be refuse or warn, found %q", c.AllowPrivilegedRole)
	case c.PartitionsAhead < 1 || c.PartitionsAhead > 2:
		return fmt.Errorf("partitions_ahead: must be 1 or 2, found %d", c.PartitionsAhead)
	}
	return nil
}

func (c *Config) validateDelivery() error {
	switch {
	case c.Timeout < 100*time.Millisecond || c.Timeout > 5*time.Minute:
		return fmt.Errorf("timeout: must be 100ms to 5m, found %s", c.Timeout)
	case c.Workers < 1 || c.Workers > 256:
		return fmt.Errorf("workers: must be 1 to 256, found %d", c.Workers)
	case c.Batch.MaxRecords < 1 || c.Batch.MaxRecords > 50000:
		return fmt.Errorf("batch::max_records: must be 1 to 50000, found %d", c.Batch.MaxRecords)
	case c.Batch.MaxBytes < 64<<10 || c.Batch.MaxBytes > 256<<20:
		return fmt.Errorf("batch::max_bytes: must be 65536 to 268435456, found %d", c.Batch.MaxBytes)
	case c.MaxWaitingBytes < c.Batch.MaxBytes:
		return fmt.Errorf("max_waiting_bytes: must be at least batch::max_bytes (%d), found %d", c.Batch.MaxBytes, c.MaxWaitingBytes)
	case slices.Contains(c.Telemetry.Actions, ""):
		return errors.New("telemetry::actions: holds an empty action")
	case len(c.Telemetry.Actions) > 100:
		return fmt.Errorf("telemetry::actions: at most 100, each is a time series, found %d", len(c.Telemetry.Actions))
	case c.Mode == modeSynchronous:
		return c.validateSynchronous()
	case c.Mode == modeDurableQueue:
		return c.validateDurableQueue()
	}
	return fmt.Errorf("mode: must be synchronous or durable-queue, found %q", c.Mode)
}

// validateSynchronous refuses a queue, which would answer before COMMIT, and
// what has no effect without one.
func (c *Config) validateSynchronous() error {
	if c.SendingQueue.HasValue() {
		return errors.New("sending_queue: answers before COMMIT; remove it or set mode: durable-queue")
	}
	if c.RetryOnFailure != defaultRetry() {
		return errors.New("retry_on_failure: has no effect with mode: synchronous, whose answer waits for COMMIT up to timeout; remove it or set mode: durable-queue")
	}
	return nil
}

// dropsLargeRecords: exporterhelper cannot split one record, and deletes it.
func dropsLargeRecords(queue *exporterhelper.QueueBatchConfig) bool {
	batch := queue.Batch.Get()
	return batch != nil && batch.MaxSize != 0 && batch.Sizer == exporterhelper.RequestSizerTypeBytes
}

// validateDurableQueue refuses every setting with which an acknowledged record
// can be dropped.
func (c *Config) validateDurableQueue() error {
	queue := c.SendingQueue.Get()
	switch {
	case !c.SendingQueue.HasValue() || queue.StorageID == nil:
		return errors.New("sending_queue::storage: is required with mode: durable-queue (a file_storage extension with fsync: true)")
	case queue.WaitForResult:
		return errors.New("sending_queue::wait_for_result: excludes mode: durable-queue; use mode: synchronous")
	case dropsLargeRecords(queue):
		return errors.New("sending_queue::batch::max_size: must be 0 with the sizer bytes, otherwise a single record larger than it is deleted")
	case !c.RetryOnFailure.Enabled:
		return errors.New("retry_on_failure::enabled: must be true with mode: durable-queue, otherwise the first failure drops records")
	case c.RetryOnFailure.MaxElapsedTime != 0:
		return fmt.Errorf("retry_on_failure::max_elapsed_time: must be 0 with mode: durable-queue, otherwise records are dropped after it, found %s", c.RetryOnFailure.MaxElapsedTime)
	}
	return nil
}
