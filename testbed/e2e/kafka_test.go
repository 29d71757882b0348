package e2e

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.yaml.in/yaml/v3"

	"github.com/otelaudit/otelaudit/testbed/broker"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
	"github.com/otelaudit/otelaudit/testbed/otlpclient"
)

// `make kafka` goes round all faults several times; one short round is in every
// test run.
var kafkaRounds = flag.Int("kafka-rounds", 0, "rounds of TestKafkaBuffer through all faults; 0 is a short one")

// shipped is a configuration of config/ without its TLS, its passwords and its
// backend for ordinary logs, which the tests of config/ are about: everything else
// is as operators run it.
func shipped(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", name))
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(text, &doc))
	for _, section := range []string{"receivers", "exporters"} {
		for _, component := range doc[section].(map[string]any) {
			maps.DeleteFunc(component.(map[string]any), func(key string, _ any) bool { return key == "tls" || key == "auth" })
		}
	}
	if exporters := doc["exporters"].(map[string]any); exporters["otlp_grpc/app"] != nil {
		delete(exporters, "otlp_grpc/app")
		exporters["nop"] = nil
		doc["service"].(map[string]any)["pipelines"].(map[string]any)["logs/app"].(map[string]any)["exporters"] = []string{"nop"}
	}
	out, err := yaml.Marshal(doc)
	require.NoError(t, err)
	return string(out)
}

// deployShipped prepares a deployment of config/NAME.
func deployShipped(t *testing.T, name string, env ...map[string]string) *deployment {
	t.Helper()
	d := deploy(t, "gateway.yaml", nil)
	d.config = shipped(t, name)
	maps.Copy(d.env, map[string]string{
		"AUDIT_HEALTH_ENDPOINT": d.env["TESTBED_HEALTH"], "AUDIT_METRICS_HOST": "127.0.0.1", "AUDIT_METRICS_PORT": d.env["TESTBED_METRICS"],
		"AUDIT_AGENT_GRPC_ENDPOINT": d.grpc, "AUDIT_AGENT_HTTP_ENDPOINT": d.env["TESTBED_HTTP"],
		"AUDIT_MEMORY_LIMIT_MIB": "400", "AUDIT_MEMORY_SPIKE_MIB": "60", "AUDIT_MAX_IN_FLIGHT_BYTES": "134217728", "AUDIT_LOG_LEVEL": "info", "AUDIT_DEFAULT_TENANT": "",
	})
	for _, more := range env {
		maps.Copy(d.env, more)
	}
	return d
}

// buffer is a broker with agents before it and gateways behind it.
type buffer struct {
	*broker.Broker

	db  *databaseURLs
	env map[string]string
}

func newBuffer(t *testing.T, db *databaseURLs) *buffer {
	t.Helper()
	dir := t.TempDir()
	free, err := collector.FreePort()
	require.NoError(t, err)
	b, err := broker.Start(within(t, patience), dir, free)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Kill()) })
	keyFile := filepath.Join(dir, "mac.keys")
	require.NoError(t, os.WriteFile(keyFile, []byte("agent-1 "+strings.Repeat("A", 43)+"=\n"), 0o600))
	return &buffer{Broker: b, db: db, env: map[string]string{
		"AUDIT_KAFKA_BROKERS": "[" + b.Address() + "]", "AUDIT_KAFKA_TOPIC": broker.Topic,
		"AUDIT_MAC_KEY_FILE": keyFile, "AUDIT_MAC_KEY_IDS": "[agent-1]", "AUDIT_AGENT_TENANTS": "kaf-*",
	}}
}

func (b *buffer) agent(t *testing.T) *deployment {
	t.Helper()
	return deployShipped(t, "kafka-agent.yaml", b.env)
}

func (b *buffer) gateway(t *testing.T) *deployment {
	t.Helper()
	return deployShipped(t, "kafka-gateway.yaml", b.env, b.db.environment())
}

// put writes a message as anybody could who may write to the topic.
func (b *buffer) put(t *testing.T, partition int32, value []byte) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(24<<20), kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	require.NoError(t, err)
	defer client.Close()
	err = client.ProduceSync(within(t, patience), &kgo.Record{Topic: broker.Topic, Partition: partition, Value: value}).FirstErr()
	require.NoError(t, err)
}

// messages are the values of all messages in the topic.
func (b *buffer) messages(t *testing.T, n int) [][]byte {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address()), kgo.ConsumeTopics(broker.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer client.Close()
	var values [][]byte
	for ctx := within(t, patience); len(values) < n; {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, r.Value) })
	}
	return values
}

// storedAll waits until every acknowledged event of the runs is in the store: for as
// long as it may take that a consumer's session is over and another has its
// partitions, and that all of them are worked off.
func (b *buffer) storedAll(t *testing.T, ledger *loadgen.Ledger, runs ...string) {
	t.Helper()
	deadline := time.Now().Add(4 * time.Minute)
	for _, run := range runs {
		storedAll(t, b.db, time.Until(deadline), part(ledger, run), run)
	}
}

// TestKafkaBuffer takes away, one after the other and under load, everything
// between a client and the store. What an agent has acknowledged is stored, each
// event once, and verify finds the trail intact.
func TestKafkaBuffer(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	server, db := ownServer(t)
	b := newBuffer(t, db)
	agent, one, two := b.agent(t).start(), b.gateway(t).start(), b.gateway(t).start()
	ledger := loadgen.NewLedger()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute*time.Duration(max(1, *kafkaRounds)))
	defer cancel()
	stop := make(chan struct{})
	var wait sync.WaitGroup
	runs := []string{"kaf-a", "kaf-b", "kaf-c", "kaf-d"}
	for i, patience := range []loadgen.Patience{loadgen.Patient, loadgen.Patient, loadgen.Patient, loadgen.Impatient} {
		run := runs[i]
		client, err := otlpclient.DialGRPC(agent.grpc, otlpclient.Options{Headers: map[string]string{"x-tenant-id": run}})
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
		g := generator(run, loadgen.Options{Tenants: 5, FillerBytes: 100, RecordIDs: 0.3, OrdinaryShare: 0.1})
		sender := &loadgen.Paced{Client: client, Pause: 10 * time.Millisecond}
		wait.Go(func() { loadgen.Stream(ctx, stop, sender, g, 20, ledger, patience) })
	}
	grows := func(n func() int, what string, args ...any) {
		before, begin := n(), time.Now()
		// The group waits ten seconds for a consumer that died, and a minute for one that
		// died while partitions were handed out.
		eventuallyIn(t, 2*time.Minute, func() bool { return n() > before+400 }, what, args...)
		t.Logf("%s after %s", fmt.Sprintf(what, args...), time.Since(begin).Round(time.Millisecond))
	}
	more := func(what string) {
		t.Helper()
		grows(func() int { return ledger.Count(loadgen.Acknowledged) }, "clients go on after %s", what)
	}
	// What is stored does not depend on agents as clients do not on gateways.
	stored := func(what string) {
		t.Helper()
		grows(func() int { return count(t, db, `SELECT count(*) FROM audit_events WHERE tenant_id LIKE 'kaf-%'`) }, "gateways go on after %s", what)
	}
	more("the start")
	stored("the start")
	for round := range max(1, *kafkaRounds) {
		one.process.Kill()
		stored("the death of a gateway")
		one.launch()
		two.process.Kill()
		stored("the death of the other gateway")
		two.launch()
		agent.process.Kill()
		agent.launch()
		more("the death of the agent")
		require.NoError(t, b.Kill())
		time.Sleep(time.Second)
		require.NoError(t, b.Restart(within(t, patience)))
		more("the death of the broker")
		require.NoError(t, server.Kill())
		more("the death of PostgreSQL")
		require.NoError(t, server.Restart(within(t, patience)))
		stored("the death of PostgreSQL")
		if *kafkaRounds == 0 {
			break
		}
		two.process.Kill()
		require.NoError(t, b.Stop())
		require.NoError(t, b.Restart(within(t, patience)))
		two.launch()
		more("a stop of the broker")
		stored("a stop of the broker")
		t.Logf("round %d of %d: acknowledged %d, sent %d", round+1, *kafkaRounds, ledger.Count(loadgen.Acknowledged), ledger.Count(loadgen.Sent))
	}
	close(stop)
	wait.Wait()

	begin := time.Now()
	b.storedAll(t, ledger, runs...)
	t.Logf("everything acknowledged is stored after %s", time.Since(begin).Round(time.Millisecond))
	for _, d := range []*deployment{agent, one, two} {
		d.stop()
	}
	for _, run := range runs {
		report := tally(t, db.Auditor, run, part(ledger, run))
		assert.Zero(t, report.Quarantine)
	}
	consistent(t, db)
	assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_events WHERE mac IS NULL AND tenant_id LIKE 'kaf-%'`), "sealed by the agent")
	t.Logf("acknowledged %d, sent %d", ledger.Count(loadgen.Acknowledged), ledger.Count(loadgen.Sent))
}

// TestWhoeverWritesToTheTopic: what somebody else than an agent puts into the
// topic neither becomes an event nor stops a partition nor vanishes, and what an
// agent sealed is stored once, however often it is put in.
func TestWhoeverWritesToTheTopic(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	b := newBuffer(t, db)
	agent := b.agent(t).start()
	g := generator("kaf-p", loadgen.Options{Tenants: 1, Shapes: []loadgen.Shape{loadgen.Flat}})
	ledger := loadgen.NewLedger()
	acknowledge(t, agent, g, ledger, 3)
	sealed := b.messages(t, 3)

	forged := generator("kaf-f", loadgen.Options{Tenants: 1, Shapes: []loadgen.Shape{loadgen.Flat}})
	claimed, _ := forged.Request(1)
	marshaler := new(plog.ProtoMarshaler)
	claim, err := marshaler.MarshalLogs(claimed)
	require.NoError(t, err)
	tampered, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(sealed[0])
	require.NoError(t, err)
	record := tampered.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	record.Attributes().PutStr("audit.target.id", "somebody-else")
	changed, err := marshaler.MarshalLogs(tampered)
	require.NoError(t, err)
	for partition := range int32(broker.Partitions) {
		b.put(t, partition, []byte("no OTLP at all"))
		b.put(t, partition, deepBody(1_400_000))
		b.put(t, partition, nil)
		b.put(t, partition, claim)
		b.put(t, partition, changed)
		b.put(t, partition, slices.Concat(sealed[1], claim))
	}
	acknowledge(t, agent, g, ledger, 20)
	gateway := b.gateway(t).start()
	b.storedAll(t, ledger, "kaf-p")
	eventually(t, func() bool { return count(t, db, `SELECT count(*) FROM audit_quarantine`) == 4 }, "the forged and the tampered record and the messages that nothing can decode are quarantined, each once")

	gateway.process.Kill()
	gateway.start()
	acknowledge(t, agent, g, ledger, 3)
	b.storedAll(t, ledger, "kaf-p")
	report := reckon(t, db, "kaf-p", ledger)
	assert.Equal(t, 26, report.Stored)
	assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_events WHERE tenant_id LIKE 'kaf-f%'`), "nobody becomes a tenant by writing to the topic")
	assert.Equal(t, 1, count(t, db, `SELECT count(*) FROM audit_quarantine WHERE reason = 'mac_invalid'`))
	assert.Equal(t, 1, count(t, db, `SELECT count(*) FROM audit_quarantine WHERE reason = 'missing_tenant'`))
	assert.Equal(t, 2, count(t, db, `SELECT count(*) FROM audit_quarantine WHERE reason = 'malformed'`))
}

// smallest is a request of so many of the smallest audit records there can be.
func smallest(tenant string, records int) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("audit.tenant.id", tenant)
	all := resource.ScopeLogs().AppendEmpty().LogRecords()
	for i := range records {
		attributes := all.AppendEmpty().Attributes()
		attributes.PutStr("audit.action", "a")
		attributes.PutStr("audit.actor.id", "u")
		attributes.PutStr("audit.record.id", strconv.Itoa(i))
	}
	return logs
}

// TestLargestRequestThroughKafka: a request of many of the smallest records grows
// to four times its size, and to more than a request may hold, in the agent's
// processor. It goes into several messages, and all of it is stored.
func TestLargestRequestThroughKafka(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	b := newBuffer(t, db)
	agent := b.agent(t).start()
	const records = 65_000
	client := agent.client()
	eventually(t, func() bool {
		err := client.Send(within(t, patience), smallest("kaf-small", records))
		if err != nil {
			t.Logf("not taken: %v", err)
		}
		return err == nil
	}, "the agent takes the request")
	gateway := b.gateway(t)
	gateway.env["GOMEMLIMIT"] = "280MiB"
	gateway.start()
	eventually(t, func() bool {
		return count(t, db, `SELECT count(*) FROM audit_events WHERE tenant_id = 'kaf-small'`) == records
	}, "all of it is stored")
	assert.Zero(t, count(t, db, `SELECT count(*) FROM audit_quarantine`))
	peak, err := collector.PeakRSS(gateway.process.PID())
	require.NoError(t, err)
	t.Logf("peak RSS of the gateway %d MiB", peak>>20)
	assert.Less(t, peak, int64(600<<20))
	gateway.stop()
	values := b.messages(t, 2)
	for _, value := range values {
		assert.LessOrEqual(t, len(value), 20<<20)
	}
}

// TestBacklogOfLargeMessages: what waits in the topic is larger than the gateway's
// memory, and was sent compressed to next to nothing, as anybody may who writes to
// it. The gateway works it off within its bound.
func TestBacklogOfLargeMessages(t *testing.T) {
	t.Parallel()
	acquire(t, 2)
	db := newDatabase(t)
	b := newBuffer(t, db)
	const each, records = 5, 16_000
	for i := range each * broker.Partitions {
		message, err := new(plog.ProtoMarshaler).MarshalLogs(padded(i, records))
		require.NoError(t, err)
		b.put(t, int32(i%broker.Partitions), message)
	}
	agent := b.agent(t).start()
	g, ledger := generator("kaf-behind", loadgen.Options{Tenants: 1, Shapes: []loadgen.Shape{loadgen.Flat}}), loadgen.NewLedger()
	acknowledge(t, agent, g, ledger, 2*broker.Partitions)
	gateway := b.gateway(t)
	gateway.env["GOMEMLIMIT"] = "280MiB"
	gateway.start()
	b.storedAll(t, ledger, "kaf-behind")
	peak, err := collector.PeakRSS(gateway.process.PID())
	require.NoError(t, err)
	t.Logf("peak RSS %d MiB", peak>>20)
	assert.Less(t, peak, int64(250<<20))
}

// padded is a request of ordinary records, 9 MiB of them.
func padded(n, records int) plog.Logs {
	logs := plog.NewLogs()
	all := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range records {
		record := all.AppendEmpty()
		record.Body().SetStr(fmt.Sprintf("%d/%d %s", n, i, strings.Repeat("nothing to audit, ", 30)))
	}
	return logs
}
