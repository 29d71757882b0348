package auditexporter

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelaudit/otelaudit/migrations"
)

func parse(t testing.TB, yaml string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(yaml), 0o600))
	conf, err := confmaptest.LoadConf(file)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	if !conf.IsSet("integrity") {
		cfg.Integrity.KeyFile = "/log.key" // the one thing beside the database that has no default
	}
	return cfg, confmap.Validate(cfg)
}

func TestFullConfig(t *testing.T) {
	cfg, err := parse(t, `
url: postgres://collector:secret@db.example.com:5433/audit?sslmode=verify-full
tls: {mode: verify-full, ca_file: /ca.pem, cert_file: /c.pem, key_file: /k.pem}
schema: trail
role_prefix: shop_
allow_privileged_role: warn
partitions_ahead: 1
mode: durable-queue
timeout: 10s
workers: 2
batch: {max_records: 100, max_bytes: 1048576}
max_waiting_bytes: 2097152
sending_queue: {storage: file_storage/queue, queue_size: 10, num_consumers: 3}
retry_on_failure: {initial_interval: 2s, max_interval: 20s}
integrity: {mode: required, key_file: /log.key, log_name: audit.example.com/prod, anchor_file: /anchors, anchor_log: true, anchor_interval: 5m}
telemetry: {actions: [login]}
`)
	require.NoError(t, err)
	queue := exporterhelper.NewDefaultQueueConfig()
	storage := component.MustNewIDWithName("file_storage", "queue")
	queue.StorageID, queue.QueueSize, queue.NumConsumers = &storage, 10, 3
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.MaxElapsedTime = 2*time.Second, 20*time.Second, 0
	assert.Equal(t, &Config{
		URL:  "postgres://collector:secret@db.example.com:5433/audit?sslmode=verify-full",
		Port: 5432,
		TLS:  TLSConfig{Mode: "verify-full", CAFile: "/ca.pem", CertFile: "/c.pem", KeyFile: "/k.pem"},

		Schema: "trail", RolePrefix: "shop_", AllowPrivilegedRole: "warn", PartitionsAhead: 1,
		Mode: "durable-queue", Timeout: 10 * time.Second, Workers: 2,
		Batch: BatchConfig{MaxRecords: 100, MaxBytes: 1 << 20}, MaxWaitingBytes: 2 << 20,
		SendingQueue: configoptional.Some(queue), RetryOnFailure: retry,
		Integrity: IntegrityConfig{
			Mode: "required", KeyFile: "/log.key", LogName: "audit.example.com/prod",
			AnchorFile: "/anchors", AnchorLog: true, AnchorInterval: 5 * time.Minute,
		},
		Telemetry: TelemetryConfig{Actions: []string{"login"}},
	}, cfg)
}

// What migrate up can make, the exporter can use.
func TestTheLongestNamesAreValid(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.URL = "postgres://collector@localhost/audit"
	cfg.Integrity.KeyFile = "/log.key"
	cfg.Schema, cfg.RolePrefix = strings.Repeat("s", 63), strings.Repeat("r", 55)
	require.NoError(t, cfg.Validate())
	require.NoError(t, migrations.Runner{Schema: cfg.Schema, RolePrefix: cfg.RolePrefix}.Validate())
}

func TestInvalidConfigs(t *testing.T) {
	const local = "url: postgres://collector:hunter2@localhost/audit\n"
	for _, test := range []struct{ name, yaml, wanted string }{
		{"nothing", "{}", "url: is required (or host, port, user, password and database)"},
		{"both", local + "host: h", "url: excludes host, user, password and database; use one or the other"},
		{"no host", "database: audit", "host: is required where url is not set"},
		{"no database", "host: h", "database: is required where url is not set"},
		{"an at sign in the password", "url: 'postgres://collector:hunter2@x@127.0.0.1/audit'", "url: database URL is not valid: want postgres://user:password@host:port/database?sslmode=verify-full; percent-encode special characters of user and password, such as @ as %40"},
		{"not a url", "url: 'postgres://collector:hunter2@h:x/audit'", "url: is not a connection string of the form postgres://user:password@host:port/database?sslmode=verify-full"},
		{"port", "host: h\ndatabase: d\nport: 0", "port: must be 1 to 65535, found 0"},
		{"unknown key", local + "tabel: x", "has invalid keys: tabel"},
		{"tls mode", local + "tls: {mode: prefer}", `tls::mode: must be verify-full, verify-ca, require or disable, found "prefer"`},
		{"tls pair", local + "tls: {cert_file: c}", "tls::cert_file: goes with tls::key_file; set both or none"},
		{
			"tls downgrade", "url: postgres://c:hunter2@db.example.com/audit?sslmode=disable",
			"url: sslmode=disable to a host that is not loopback; use verify-full, or set tls::mode to disable to accept the risk",
		},
		{
			"tls downgrade with a host behind loopback", "url: host=localhost,db.example.com user=c password=hunter2 dbname=a sslmode=require",
			"url: sslmode=require to a host that is not loopback; use verify-full, or set tls::mode to require to accept the risk",
		},
		{"schema", local + "schema: 'a\"b'", `schema: "a\"b": want lower-case letters, digits and underscores, not beginning with a digit`},
		{"role prefix", local + "role_prefix: A", `role_prefix: "A": want lower-case letters, digits and underscores, not beginning with a digit`},
		{"schema of the server", local + "schema: pg_audit", `schema: "pg_audit": names beginning with pg_ belong to PostgreSQL`},
		{"long schema", local + "schema: " + strings.Repeat("s", 64), `is longer than 63 bytes`},
		{"long role prefix", local + "role_prefix: " + strings.Repeat("r", 56), `is longer than 55 bytes`},
		{"privileged", local + "allow_privileged_role: yes!", `allow_privileged_role: must be refuse or warn, found "yes!"`},
		{"ahead", local + "partitions_ahead: 3", "partitions_ahead: must be 1 or 2, found 3"},
		{"mode", local + "mode: fast", `mode: must be synchronous or durable-queue, found "fast"`},
		{"timeout", local + "timeout: 1ms", "timeout: must be 100ms to 5m, found 1ms"},
		{"workers", local + "workers: 0", "workers: must be 1 to 256, found 0"},
		{"records", local + "batch: {max_records: 0}", "batch::max_records: must be 1 to 50000, found 0"},
		{"bytes", local + "batch: {max_bytes: 1}", "batch::max_bytes: must be 65536 to 268435456, found 1"},
		{"no key", local + "integrity: {}", "integrity::key_file: is required (or integrity::key) with integrity::mode: required; otelaudit keygen makes a key file"},
		{"integrity mode", local + "integrity: {mode: maybe}", `integrity::mode: must be required or off, found "maybe"`},
		{"two keys", local + "integrity: {key_file: k, key: hunter2}", "integrity::key_file: excludes integrity::key; use one or the other"},
		{"log name", local + "integrity: {key_file: k, log_name: 'a b'}", `integrity::log_name: log name "a b" has a character other than`},
		{"anchor interval", local + "integrity: {key_file: k, anchor_interval: 1ms}", "integrity::anchor_interval: must be 1s to 24h, found 1ms"},
		{"waiting", local + "max_waiting_bytes: 1", "max_waiting_bytes: must be at least batch::max_bytes (8388608), found 1"},
		{"actions", local + "telemetry: {actions: ['']}", "telemetry::actions: holds an empty action"},
		{"queue in synchronous mode", local + "sending_queue: {queue_size: 3}", "sending_queue: answers before COMMIT; remove it or set mode: durable-queue"},
		{
			"retry in synchronous mode", local + "retry_on_failure: {enabled: false}",
			"retry_on_failure: has no effect with mode: synchronous, whose answer waits for COMMIT up to timeout; remove it or set mode: durable-queue",
		},
		{"no storage", local + "mode: durable-queue", "sending_queue::storage: is required with mode: durable-queue (a file_storage extension with fsync: true)"},
		{
			"batch in bytes", local + "mode: durable-queue\nsending_queue: {storage: file_storage, batch: {sizer: bytes, min_size: 0, max_size: 1000}}",
			"sending_queue::batch::max_size: must be 0 with the sizer bytes, otherwise a single record larger than it is deleted",
		},
		{
			"retry off", local + "mode: durable-queue\nsending_queue: {storage: file_storage}\nretry_on_failure: {enabled: false}",
			"retry_on_failure::enabled: must be true with mode: durable-queue, otherwise the first failure drops records",
		},
		{
			"retry ends", local + "mode: durable-queue\nsending_queue: {storage: file_storage}\nretry_on_failure: {max_elapsed_time: 5m}",
			"retry_on_failure::max_elapsed_time: must be 0 with mode: durable-queue, otherwise records are dropped after it, found 5m0s",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(t, test.yaml)
			require.ErrorContains(t, err, test.wanted)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestTLS(t *testing.T) {
	for _, test := range []struct{ name, yaml, wanted string }{
		{"elsewhere", "url: postgres://c:p@db.example.com/audit", "sslmode=verify-full"},
		{"elsewhere by fields", "{host: db.example.com, database: audit, user: c, password: 'a b@/?'}", "sslmode=verify-full"},
		{"loopback", "url: postgres://c:p@127.0.0.1/audit", "sslmode=prefer"},
		{"loopback as asked", "url: postgres://c:p@127.0.0.1/audit?sslmode=disable", "sslmode=disable"},
		{"socket", "{host: /run/postgresql, database: audit}", "sslmode='prefer'"},
		{"in words", "{url: 'postgres://c:p@db.example.com/audit?sslmode=disable', tls: {mode: disable}}", "sslmode=disable"},
		{"keywords", "url: host=db.example.com dbname=audit", "sslmode='verify-full'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := parse(t, test.yaml)
			require.NoError(t, err)
			assert.Contains(t, cfg.tls().Apply(cfg.dsn()), test.wanted)
			connection, err := cfg.connection()
			require.NoError(t, err)
			strict := strings.Contains(test.wanted, "verify-full")
			assert.Equal(t, strict, connection.TLSConfig != nil && connection.TLSConfig.ServerName == "db.example.com" && !connection.TLSConfig.InsecureSkipVerify)
			if strict {
				assert.Empty(t, connection.Fallbacks, "nothing weaker may be tried")
			}
			assert.LessOrEqual(t, connection.ConnectTimeout, connectTime)
		})
	}
}

// Of several servers the exporter wants the one that takes writes.
func TestSeveralHosts(t *testing.T) {
	for url, several := range map[string]bool{
		"postgres://c:p@localhost:5432/audit":                    false,
		"postgres://c:p@localhost:5432,localhost:5433/audit":     true,
		"host=localhost,127.0.0.1 port=5432,5432 dbname=audit":   true,
		"host=localhost port=5432 dbname=audit sslmode='prefer'": false,
	} {
		cfg, err := parse(t, fmt.Sprintf("url: %q", url))
		require.NoError(t, err)
		connection, err := cfg.connection()
		require.NoError(t, err)
		assert.Equal(t, several, connection.ValidateConnect != nil, url)
	}
}

func TestMissingFilesAreNamed(t *testing.T) {
	cfg, err := parse(t, "{url: 'postgres://c:hunter2@db.example.com/audit', tls: {ca_file: /nosuch/ca.pem}}")
	require.NoError(t, err)
	_, err = cfg.connection()
	assert.EqualError(t, err, "tls::ca_file: stat /nosuch/ca.pem: no such file or directory")
}

var readmeKey = regexp.MustCompile("(?m)^\\| `([a-z_:]+)` \\(default = ([^)]*)\\)")

// The README's table has every key, with the default that the code has.
func TestReadmeTable(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := make(map[string]string)
	for _, match := range readmeKey.FindAllStringSubmatch(string(readme), -1) {
		documented[match[1]] = match[2]
	}
	conf := confmap.New()
	require.NoError(t, conf.Marshal(createDefaultConfig()))
	actual := make(map[string]string)
	for _, key := range conf.AllKeys() {
		if strings.HasPrefix(key, "sending_queue") {
			key = "sending_queue"
		}
		actual[key] = "none"
		if v := conf.Get(key); key != "sending_queue" && v != nil && fmt.Sprint(v) != "" && fmt.Sprint(v) != "[]" && fmt.Sprint(v) != "[REDACTED]" {
			actual[key] = fmt.Sprint(v)
		}
	}
	assert.Equal(t, actual, documented)
}
