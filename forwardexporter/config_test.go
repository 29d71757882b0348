package forwardexporter

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var (
	storageType = component.MustNewType("file_storage")
	storageID   = component.NewIDWithName(storageType, "queue")
)

func validConfig() *Config {
	cfg := defaultConfig()
	cfg.ClientConfig.Endpoint = "gateway.example:4317"
	cfg.SendingQueue.Get().StorageID = &storageID
	return cfg
}

func everything() *Config {
	cfg := validConfig()
	cfg.Timeout = 30 * time.Second
	cfg.ClientConfig.Compression = configcompression.TypeZstd
	cfg.ClientConfig.WaitForReady = true
	cfg.ClientConfig.Headers = configopaque.MapList{{Name: "x-scope", Value: "audit"}}
	cfg.ClientConfig.TLS.CAFile = "/etc/otelaudit/ca.pem"
	cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{
		AuthenticatorID: component.NewIDWithName(component.MustNewType("basicauth"), "agent"),
	})
	cfg.SendingQueue = configoptional.Some(exporterhelper.QueueBatchConfig{
		StorageID:       &storageID,
		Sizer:           exporterhelper.RequestSizerTypeBytes,
		QueueSize:       1 << 30,
		NumConsumers:    4,
		BlockOnOverflow: true,
		Batch: configoptional.Some(exporterhelper.BatchConfig{
			Sizer: exporterhelper.RequestSizerTypeBytes, FlushTimeout: time.Second, MinSize: 1 << 20,
		}),
	})
	cfg.RetryOnFailure.InitialInterval = time.Second
	cfg.RetryOnFailure.RandomizationFactor = 0.25
	cfg.RetryOnFailure.Multiplier = 2
	cfg.RetryOnFailure.MaxInterval = 10 * time.Second
	return cfg
}

func TestConfigFromYAML(t *testing.T) {
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for name, want := range map[string]*Config{"audit_forward": validConfig(), "audit_forward/everything": everything()} {
		t.Run(name, func(t *testing.T) {
			sub, err := cm.Sub(name)
			require.NoError(t, err)
			got := NewFactory().CreateDefaultConfig()
			require.NoError(t, sub.Unmarshal(got))
			require.NoError(t, confmap.Validate(got))
			assert.Equal(t, want, got)
		})
	}
}

// TestConfigDefault: a configuration that says nothing changes nothing.
func TestConfigDefault(t *testing.T) {
	got := NewFactory().CreateDefaultConfig()
	require.NoError(t, confmap.New().Unmarshal(got))
	assert.Equal(t, defaultConfig(), got)
	assert.Zero(t, defaultConfig().RetryOnFailure.MaxElapsedTime)
}

func TestConfigUnknownKey(t *testing.T) {
	cm := confmap.NewFromStringMap(map[string]any{"endpont": "gateway.example:4317"})
	require.ErrorContains(t, cm.Unmarshal(NewFactory().CreateDefaultConfig()), "endpont")
}

func TestConfigInvalid(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{
			name:   "no endpoint",
			change: func(cfg *Config) { cfg.ClientConfig.Endpoint = "" },
			want:   `endpoint: name the next collector, for example gateway.example:4317`,
		},
		{
			name:   "no time to wait",
			change: func(cfg *Config) { cfg.Timeout = 0 },
			want:   `timeout: 0s is not a time to wait for an answer; use for example 30s`,
		},
		{
			name:   "no queue",
			change: func(cfg *Config) { cfg.SendingQueue = configoptional.None[exporterhelper.QueueBatchConfig]() },
			want:   `sending_queue: must be enabled; the sender is answered once the queue has its records`,
		},
		{
			name:   "a queue in memory",
			change: func(cfg *Config) { cfg.SendingQueue.Get().StorageID = nil },
			want:   `sending_queue.storage: name a storage extension, for example file_storage/queue with fsync: true; a queue in memory dies with the process`,
		},
		{
			name: "wait_for_result",
			change: func(cfg *Config) {
				cfg.SendingQueue.Get().StorageID = nil
				cfg.SendingQueue.Get().WaitForResult = true
			},
			want: `sending_queue.storage: name a storage extension, for example file_storage/queue with fsync: true; a queue in memory dies with the process` + "\n" +
				`sending_queue.wait_for_result: must be false; the answer follows the write to the disk, not the delivery`,
		},
		{
			name:   "no retry",
			change: func(cfg *Config) { cfg.RetryOnFailure.Enabled = false },
			want:   `retry_on_failure.enabled: must be true; without it one failed attempt deletes the records`,
		},
		{
			name:   "retry with an end",
			change: func(cfg *Config) { cfg.RetryOnFailure.MaxElapsedTime = 5 * time.Minute },
			want:   `retry_on_failure.max_elapsed_time: must be 0, which is never; after 5m0s the records would be deleted`,
		},
		{
			name: "a batch of so many bytes",
			change: func(cfg *Config) {
				cfg.SendingQueue.Get().Batch = configoptional.Some(exporterhelper.BatchConfig{
					Sizer: exporterhelper.RequestSizerTypeBytes, FlushTimeout: time.Second, MaxSize: 1 << 20,
				})
			},
			want: `sending_queue.batch.max_size: must be 0 with the sizer bytes; a single record larger than 1048576 bytes would be deleted. ` +
				`A batch ends with the request that reaches min_size, and one that the next collector finds too large is divided`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := validConfig()
			tt.change(cfg)
			require.EqualError(t, confmap.Validate(cfg), tt.want)
		})
	}
}
