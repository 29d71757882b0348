package config_test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelaudit/otelaudit/testbed/collector"
)

var (
	roles        = []string{"dev", "agent", "gateway", "gateway-durable", "production", "kafka-agent", "kafka-gateway"}
	environments = []string{"dev", "staging", "production"}

	// secrets come from outside the env files.
	secrets = []string{"AUDIT_WRITER_URL", "AUDIT_KAFKA_PASSWORD"}
	// ofTheRuntime are read by Go and by nothing in the YAML.
	ofTheRuntime = []string{"GOGC", "GOMEMLIMIT"}

	reference = regexp.MustCompile(`\$\{env:([A-Z0-9_]+)(:-[^}]*)?\}`)
)

func TestEveryRoleIsTested(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	var found []string
	for _, file := range files {
		found = append(found, strings.TrimSuffix(file, ".yaml"))
	}
	assert.ElementsMatch(t, roles, found)
	files, err = filepath.Glob("env/*.env")
	require.NoError(t, err)
	found = nil
	for _, file := range files {
		found = append(found, strings.TrimSuffix(filepath.Base(file), ".env"))
	}
	assert.ElementsMatch(t, environments, found)
}

// TestEnvironmentsDifferByValuesOnly: each file has the same names, the YAML
// reads all of them, and nothing it reads is missing.
func TestEnvironmentsDifferByValuesOnly(t *testing.T) {
	read := map[string]bool{}
	for _, role := range roles {
		for _, match := range reference.FindAllStringSubmatch(readFile(t, role+".yaml"), -1) {
			if role != "dev" {
				assert.Empty(t, match[2], "%s.yaml: %s has a default that hides a missing value", role, match[1])
			}
			read[match[1]] = true
		}
	}
	for _, secret := range secrets {
		assert.True(t, read[secret], secret)
		delete(read, secret)
	}
	for _, name := range ofTheRuntime {
		read[name] = true
	}
	want := slices.Sorted(maps.Keys(read))
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, want, slices.Sorted(maps.Keys(readEnvironment(t, name))))
		})
	}
}

// TestEveryCommandPassesTheFeatureGate: without it the health check answers 200
// whatever happens to audit records.
func TestEveryCommandPassesTheFeatureGate(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	more, err := filepath.Glob("../*.md")
	require.NoError(t, err)
	yamls, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	commands := 0
	for _, file := range slices.Concat(files, more, yamls) {
		text := regexp.MustCompile(`\\\n[#\s]*`).ReplaceAllString(readFile(t, file), "")
		for line := range strings.Lines(text) {
			if strings.Contains(line, "otelcol-audit --config") {
				commands++
				assert.Contains(t, line, collector.FeatureGates, file)
			}
		}
	}
	assert.GreaterOrEqual(t, commands, len(roles))
}

// document is as much of a configuration as the rules below are about.
type document struct {
	Extensions map[string]map[string]any `yaml:"extensions"`
	Receivers  struct {
		OTLP struct {
			Protocols struct {
				GRPC struct {
					MaxRecvMsgSizeMiB int `yaml:"max_recv_msg_size_mib"`
				} `yaml:"grpc"`
				HTTP struct {
					MaxRequestBodySize int `yaml:"max_request_body_size"`
				} `yaml:"http"`
			} `yaml:"protocols"`
		} `yaml:"otlp"`
	} `yaml:"receivers"`
	Processors map[string]map[string]any `yaml:"processors"`
	Connectors map[string]map[string]any `yaml:"connectors"`
	Exporters  map[string]struct {
		SendingQueue *struct {
			Enabled       *bool  `yaml:"enabled"`
			WaitForResult bool   `yaml:"wait_for_result"`
			Storage       string `yaml:"storage"`
			Batch         struct {
				MinSize int `yaml:"min_size"`
				MaxSize int `yaml:"max_size"`
			} `yaml:"batch"`
		} `yaml:"sending_queue"`
		RetryOnFailure struct {
			Enabled        bool    `yaml:"enabled"`
			MaxElapsedTime *string `yaml:"max_elapsed_time"`
		} `yaml:"retry_on_failure"`
	} `yaml:"exporters"`
	Service struct {
		Pipelines map[string]struct {
			Receivers  []string `yaml:"receivers"`
			Processors []string `yaml:"processors"`
			Exporters  []string `yaml:"exporters"`
		} `yaml:"pipelines"`
	} `yaml:"service"`
}

func parse(t *testing.T, role string) document {
	t.Helper()
	var doc document
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, role+".yaml")), &doc))
	return doc
}

func TestNothingAcknowledgesEarly(t *testing.T) {
	for _, role := range roles {
		t.Run(role, func(t *testing.T) {
			for name, pipeline := range parse(t, role).Service.Pipelines {
				if name == "logs/app" {
					continue
				}
				for _, processor := range pipeline.Processors {
					assert.NotRegexp(t, `^batch\b`, processor, "%s: acknowledges before audit records are stored", name)
				}
				if slices.Contains(pipeline.Receivers, "otlp") {
					assert.Equal(t, []string{"memory_limiter", "audit"}, pipeline.Processors, name)
				}
				if slices.Contains(pipeline.Receivers, "kafka/audit") {
					assert.Equal(t, []string{"audit"}, pipeline.Processors, "%s: what memory_limiter refuses a broker delivers again at once, for ever", name)
				}
			}
		})
	}
}

func TestDurableQueuesNeverGiveUp(t *testing.T) {
	queues := 0
	for _, role := range roles {
		doc := parse(t, role)
		for name, exporter := range doc.Exporters {
			if exporter.SendingQueue == nil || exporter.SendingQueue.Enabled != nil && !*exporter.SendingQueue.Enabled {
				continue
			}
			if exporter.SendingQueue.WaitForResult {
				continue // answers for nothing
			}
			t.Run(role+" "+name, func(t *testing.T) {
				queues++
				assert.Equal(t, true, doc.Extensions[exporter.SendingQueue.Storage]["fsync"])
				assert.True(t, exporter.RetryOnFailure.Enabled)
				require.NotNil(t, exporter.RetryOnFailure.MaxElapsedTime)
				assert.Equal(t, "0", *exporter.RetryOnFailure.MaxElapsedTime)
			})
		}
	}
	assert.Equal(t, 2, queues, "one in the agent and one in the durable gateway")
}

// TestWhatFitsInFitsThrough: a batch ends with the request that reaches
// min_size, and the gateway takes the largest one there can be, with what the
// agent's processor adds.
func TestWhatFitsInFitsThrough(t *testing.T) {
	const mib = 1 << 20
	for _, role := range roles {
		limits := parse(t, role).Receivers.OTLP.Protocols
		assert.Equal(t, limits.GRPC.MaxRecvMsgSizeMiB*mib, limits.HTTP.MaxRequestBodySize, "%s.yaml: one limit by gRPC, another by HTTP", role)
	}
	agent := parse(t, "agent")
	accepted := agent.Receivers.OTLP.Protocols.GRPC.MaxRecvMsgSizeMiB * mib
	batch := agent.Exporters["audit_forward/gateway"].SendingQueue.Batch
	assert.Zero(t, batch.MaxSize, "the queue deletes a record that is larger")
	for _, role := range []string{"gateway", "gateway-durable", "production"} {
		assert.Less(t, 3*(accepted+batch.MinSize)/2, parse(t, role).Receivers.OTLP.Protocols.GRPC.MaxRecvMsgSizeMiB*mib, role)
	}
}

// TestNothingGivesUpAuditRecords: the stock exporters delete from their queues
// what the other end refuses. The one to Kafka answers from none: the client keeps
// the record until every in-sync replica has it.
func TestNothingGivesUpAuditRecords(t *testing.T) {
	for _, role := range roles {
		for name, pipeline := range parse(t, role).Service.Pipelines {
			if name == "logs/app" {
				continue
			}
			for _, exporter := range pipeline.Exporters {
				if role == "kafka-agent" && exporter == "kafka/audit" {
					continue
				}
				assert.Regexp(t, `^audit(_forward|journal)?(/|$)`, exporter, "%s.yaml: %s", role, name)
			}
		}
	}
}

// TestWhatIsPutIntoKafkaStays: the settings on which the promise of the buffer
// rests, none of which is a default of the components.
func TestWhatIsPutIntoKafkaStays(t *testing.T) {
	var agent struct {
		Exporters map[string]struct {
			Logs         map[string]string `yaml:"logs"`
			Producer     map[string]any    `yaml:"producer"`
			SendingQueue map[string]any    `yaml:"sending_queue"`
		} `yaml:"exporters"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, "kafka-agent.yaml")), &agent))
	out := agent.Exporters["kafka/audit"]
	assert.Equal(t, "all", out.Producer["required_acks"], "with less the producer is not idempotent, either")
	assert.Equal(t, true, out.SendingQueue["wait_for_result"], "answers from memory")
	assert.Equal(t, "otlp_proto", out.Logs["encoding"])
	accepted := parse(t, "kafka-agent").Receivers.OTLP.Protocols.GRPC.MaxRecvMsgSizeMiB << 20
	batch := out.SendingQueue["batch"].(map[string]any)
	assert.Equal(t, "bytes", batch["sizer"])
	assert.Equal(t, 0, batch["min_size"], "would wait for other requests")
	assert.GreaterOrEqual(t, batch["max_size"], 5*accepted/4, "a request may be one record, which cannot be split")
	assert.GreaterOrEqual(t, out.Producer["max_message_bytes"], 6*batch["max_size"].(int)/5)
	assert.Equal(t, "none", out.Producer["compression"], "the topic is uncompressed")

	var gateway struct {
		Receivers map[string]struct {
			InitialOffset string          `yaml:"initial_offset"`
			Logs          map[string]any  `yaml:"logs"`
			AutoCommit    map[string]any  `yaml:"autocommit"`
			Marking       map[string]bool `yaml:"message_marking"`
			Backoff       map[string]any  `yaml:"error_backoff"`
			Fetch         int             `yaml:"max_fetch_size"`
			Partition     int             `yaml:"max_partition_fetch_size"`
		} `yaml:"receivers"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, "kafka-gateway.yaml")), &gateway))
	in := gateway.Receivers["kafka/audit"]
	assert.Equal(t, "earliest", in.InitialOffset)
	assert.Equal(t, "audit_guard", in.Logs["encoding"])
	assert.Equal(t, map[string]any{"enable": false}, in.AutoCommit)
	assert.Equal(t, map[string]bool{"after": true, "on_error": false, "on_permanent_error": false}, in.Marking, "passes over what an agent has acknowledged")
	assert.Equal(t, true, in.Backoff["enabled"])
	assert.Equal(t, 0, in.Backoff["max_elapsed_time"])
	assert.LessOrEqual(t, in.Fetch, 1<<20, "is in memory twice for each broker")
	assert.LessOrEqual(t, in.Partition, in.Fetch)
}

// TestEverySinkSigns: no configuration writes what cannot be verified, or forgets
// what it signed; a second sink has a pipeline of its own and is required, so that
// neither's failure is the other's.
func TestEverySinkSigns(t *testing.T) {
	type sink struct {
		Directory  string `yaml:"directory"`
		AnchorFile string `yaml:"anchor_file"`
		Integrity  struct {
			Mode       string `yaml:"mode"`
			KeyFile    string `yaml:"key_file"`
			Key        string `yaml:"key"`
			AnchorFile string `yaml:"anchor_file"`
		} `yaml:"integrity"`
	}
	journals := 0
	for _, role := range roles {
		var doc struct {
			Exporters map[string]sink `yaml:"exporters"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(readFile(t, role+".yaml")), &doc))
		whole := parse(t, role)
		if exporter, found := doc.Exporters["audit"]; found {
			assert.Contains(t, exporter.Integrity.KeyFile, "${env:AUDIT_LOG_KEY_FILE", role)
			assert.Contains(t, exporter.Integrity.AnchorFile, "${env:AUDIT_ANCHOR_FILE", role)
			assert.Empty(t, exporter.Integrity.Mode, "%s: required is the default", role)
			assert.Empty(t, exporter.Integrity.Key, "%s: a key in a variable is seen by every child process", role)
		} else {
			assert.Contains(t, []string{"agent", "kafka-agent"}, role, "the only ones without a store")
		}
		journal, found := doc.Exporters["auditjournal"]
		if !found {
			continue
		}
		journals++
		assert.Contains(t, journal.Directory, "${env:AUDIT_JOURNAL_DIR", role)
		assert.Contains(t, journal.Integrity.KeyFile, "${env:AUDIT_LOG_KEY_FILE", role)
		assert.Contains(t, journal.AnchorFile, "${env:AUDIT_JOURNAL_ANCHOR_FILE", role)
		assert.Equal(t, []any{"logs/audit", "logs/journal"}, whole.Connectors["audit/route"]["required"], role)
		assert.Equal(t, []string{"audit"}, whole.Service.Pipelines["logs/audit"].Exporters, role)
		assert.Equal(t, []string{"auditjournal"}, whole.Service.Pipelines["logs/journal"].Exporters, role)
	}
	assert.Equal(t, 2, journals, "dev and production")
}

func TestSamplerHonorsTheMark(t *testing.T) {
	doc := parse(t, "production")
	mark := doc.Processors["audit"]["sampling"].(map[string]any)["attribute"]
	assert.Equal(t, mark, doc.Processors["probabilistic_sampler"]["sampling_priority"])
	assert.Equal(t, mark, doc.Connectors["audit/route"]["sampling_attribute"])
}

func TestBuiltBinaryAcceptsEveryConfiguration(t *testing.T) {
	t.Parallel()
	for _, environment := range environments {
		for _, role := range roles {
			t.Run(role+" "+environment, func(t *testing.T) {
				t.Parallel()
				m := newMachine(t, environment)
				path, err := filepath.Abs(role + ".yaml")
				require.NoError(t, err)
				cmd := exec.CommandContext(t.Context(), m.binary, "validate", "--config", path, collector.FeatureGates)
				cmd.Env = append(os.Environ(), m.env()...)
				output, err := cmd.CombinedOutput()
				require.NoError(t, err, "%s", output)
			})
		}
	}
}

// TestDistribution: what the documentation tells to use is compiled in.
func TestDistribution(t *testing.T) {
	binary, err := collector.Binary()
	require.NoError(t, err)
	output, err := exec.CommandContext(t.Context(), binary, "components").Output()
	require.NoError(t, err)
	var components map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal(output, &components))
	for kind, names := range map[string]string{
		"extensions": "audit_guard basicauth bearertokenauth file_storage health_check oidc pprof zpages",
		"receivers":  "auditaccess file_log kafka otlp syslog",
		"processors": "attributes audit batch filter memory_limiter probabilistic_sampler redaction resource tail_sampling transform",
		"connectors": "audit count forward routing",
		"exporters":  "audit audit_forward auditjournal awss3 debug file kafka nop otlp_grpc otlp_http",
	} {
		var found []struct {
			Name string `yaml:"name"`
		}
		node := components[kind]
		require.NoError(t, node.Decode(&found), kind)
		var list []string
		for _, component := range found {
			list = append(list, component.Name)
		}
		assert.ElementsMatch(t, strings.Fields(names), list, kind)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// readEnvironment reads NAME=value lines, and refuses what shells, systemd and
// docker would read differently.
func readEnvironment(t *testing.T, name string) map[string]string {
	t.Helper()
	values := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(readFile(t, filepath.Join("env", name+".env"))))
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		require.True(t, ok && regexp.MustCompile(`^[A-Z_]+$`).MatchString(key), line)
		require.NotRegexp(t, "[\"'`$\\\\#\\s]", value, key)
		require.NotContains(t, values, key)
		values[key] = value
	}
	require.NoError(t, lines.Err())
	return values
}

func address(t *testing.T) string {
	t.Helper()
	port, err := collector.FreePort()
	require.NoError(t, err)
	return fmt.Sprintf("127.0.0.1:%d", port)
}
