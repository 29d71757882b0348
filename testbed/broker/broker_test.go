package broker_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/otelaudit/otelaudit/testbed/broker"
	"github.com/otelaudit/otelaudit/testbed/collector"
)

func TestMain(m *testing.M) {
	broker.Serve()
	os.Exit(m.Run())
}

// TestKilledBrokerKeepsWhatItAcknowledged: the other end of every promise that is
// tested with it.
func TestKilledBrokerKeepsWhatItAcknowledged(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	port, err := collector.FreePort()
	require.NoError(t, err)
	b, err := broker.Start(ctx, t.TempDir(), port)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Kill()) })
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address()), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ConsumeTopics(broker.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ProducerBatchMaxBytes(25165824), kgo.ProducerBatchCompression(kgo.ZstdCompression()), kgo.MaxBufferedRecords(10000), kgo.ProduceRequestTimeout(4*time.Second))
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(ctx, &kgo.Record{Topic: broker.Topic, Value: []byte("kept")}).FirstErr())
	require.NoError(t, b.Kill())
	require.NoError(t, b.Restart(ctx))
	fetches := client.PollFetches(ctx)
	require.NoError(t, ctx.Err())
	require.Len(t, fetches.Records(), 1)
	assert.Equal(t, "kept", string(fetches.Records()[0].Value))
}
