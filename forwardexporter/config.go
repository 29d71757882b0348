package forwardexporter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// Config is the configuration of the exporter. Its keys are those of the stock
// otlp_grpc exporter; what would let a record be deleted is refused.
type Config struct {
	// ClientConfig says where the next collector is and how to reach it: endpoint,
	// tls, auth, headers, compression and so on.
	ClientConfig configgrpc.ClientConfig `mapstructure:",squash"` //nolint:tagliatelle // has no name of its own

	// Timeout is for one request.
	Timeout time.Duration `mapstructure:"timeout"`

	// SendingQueue needs a storage: its answer to the sender is a promise.
	SendingQueue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// RetryOnFailure says how long to wait between attempts. They never end.
	RetryOnFailure configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

var _ confmap.Validator = (*Config)(nil)

func defaultConfig() *Config {
	client := configgrpc.NewDefaultClientConfig()
	client.Compression = configcompression.TypeGzip
	client.WriteBufferSize = 512 << 10
	client.Keepalive = configoptional.None[configgrpc.KeepaliveClientConfig]()
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0
	return &Config{
		ClientConfig:   client,
		Timeout:        5 * time.Second,
		SendingQueue:   configoptional.Some(exporterhelper.NewDefaultQueueConfig()),
		RetryOnFailure: retry,
	}
}

// Validate refuses whatever would make the exporter forget a record.
func (cfg *Config) Validate() error {
	var errs []error
	if strings.TrimSpace(cfg.ClientConfig.Endpoint) == "" {
		errs = append(errs, errors.New("endpoint: name the next collector, for example gateway.example:4317"))
	}
	if cfg.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout: %s is not a time to wait for an answer; use for example 30s", cfg.Timeout))
	}
	errs = append(errs, cfg.validateQueue()...)
	if !cfg.RetryOnFailure.Enabled {
		errs = append(errs, errors.New("retry_on_failure.enabled: must be true; without it one failed attempt deletes the records"))
	}
	if cfg.RetryOnFailure.MaxElapsedTime != 0 {
		errs = append(errs, fmt.Errorf("retry_on_failure.max_elapsed_time: must be 0, which is never; after %s the records would be deleted", cfg.RetryOnFailure.MaxElapsedTime))
	}
	return errors.Join(errs...)
}

func (cfg *Config) validateQueue() []error {
	queue := cfg.SendingQueue.Get()
	if queue == nil {
		return []error{errors.New("sending_queue: must be enabled; the sender is answered once the queue has its records")}
	}
	var errs []error
	if queue.StorageID == nil {
		errs = append(errs, errors.New("sending_queue.storage: name a storage extension, for example file_storage/queue with fsync: true; a queue in memory dies with the process"))
	}
	if queue.WaitForResult {
		errs = append(errs, errors.New("sending_queue.wait_for_result: must be false; the answer follows the write to the disk, not the delivery"))
	}
	if batch := queue.Batch.Get(); batch != nil && batch.MaxSize != 0 && batch.Sizer == exporterhelper.RequestSizerTypeBytes {
		errs = append(errs, fmt.Errorf("sending_queue.batch.max_size: must be 0 with the sizer bytes; a single record larger than %d bytes would be deleted. "+
			"A batch ends with the request that reaches min_size, and one that the next collector finds too large is divided", batch.MaxSize))
	}
	return errs
}
