package storageextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		set  map[string]any
		err  string
	}{
		{"defaults", nil, ""},
		{"all of filestorage's", map[string]any{"fsync": true, "create_directory": true, "timeout": "2s", "compaction": map[string]any{"on_start": true, "directory": dir}}, ""},
		{"reserve", map[string]any{"reserve_mib": 1}, ""},
		{"no reserve", map[string]any{"reserve_mib": 0}, "reserve_mib: 0 is not between 1 and 1048576"},
		{"bounded file", map[string]any{"max_size": 1 << 20}, "max_size: a file that may not grow cannot be emptied either; bound the queue with sending_queue::queue_size, and the disk with reserve_mib"},
		{"no such directory", map[string]any{"directory": dir + "/none"}, "directory must exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := NewFactory().CreateDefaultConfig().(*Config)
			cfg.Directory = dir
			require.NoError(t, confmap.NewFromStringMap(c.set).Unmarshal(cfg))
			err := cfg.Validate()
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	assert.Equal(t, int64(32), cfg.ReserveMiB)
	assert.False(t, cfg.FSync)
	assert.Zero(t, cfg.MaxSize)
}
