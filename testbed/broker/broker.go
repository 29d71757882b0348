// Package broker runs a Kafka broker for tests: one that speaks the real
// protocol, keeps what it acknowledges on disk with fsync, and can be killed.
//
// It is franz-go's kfake in a process of its own, which the test binary becomes
// when it is started again by Start: TestMain calls Serve first.
package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/otelaudit/otelaudit/testbed/child"
)

// Topic is what every broker has, with Partitions partitions.
const (
	Topic      = "audit"
	Partitions = 8
)

// The variables that make a test binary a broker.
const (
	envDir  = "TESTBED_BROKER_DIR"
	envPort = "TESTBED_BROKER_PORT"
)

// Serve is a broker until a signal ends it, where Start has started this
// process, and returns otherwise. Call it first in TestMain.
func Serve() {
	dir := os.Getenv(envDir)
	if dir == "" {
		return
	}
	if err := serve(dir, os.Getenv(envPort)); err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(dir, port string) error {
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(number), kfake.SeedTopics(Partitions, Topic),
		kfake.DataDir(dir), kfake.SyncWrites(),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": "25165824"}),
		kfake.GroupMinSessionTimeout(time.Second),
	)
	if err != nil {
		return err
	}
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return nil, uncompress(request.(*kmsg.ProduceRequest)), false
	})
	<-stop
	cluster.Close()
	return nil
}

// uncompress does what a broker does for a topic with compression.type=uncompressed,
// which kfake does not know: it keeps, measures and hands out what it was sent
// without the compression.
func uncompress(request *kmsg.ProduceRequest) error {
	for i := range request.Topics {
		for j := range request.Topics[i].Partitions {
			partition := &request.Topics[i].Partitions[j]
			records, err := uncompressed(partition.Records)
			if err != nil {
				return err
			}
			partition.Records = records
		}
	}
	return nil
}

// The place of a batch's checksum, and of what it is over; how long a batch is
// without what stands before its length.
const (
	crcAt      = 17
	crcFrom    = 21
	lengthFrom = 12
)

// compression are the bits of a batch's attributes that name the codec.
const compression = 7

func uncompressed(sent []byte) ([]byte, error) {
	var batch kmsg.RecordBatch
	if err := batch.ReadFrom(sent); err != nil {
		return nil, err
	}
	if batch.Attributes&compression == 0 {
		return sent, nil
	}
	records, err := kgo.DefaultDecompressor().Decompress(batch.Records, kgo.CompressionCodecType(batch.Attributes&compression))
	if err != nil {
		return nil, err
	}
	batch.Attributes &^= compression
	batch.Records = records
	out := batch.AppendTo(nil)
	batch.Length = int32(len(out) - lengthFrom)
	out = batch.AppendTo(out[:0])
	binary.BigEndian.PutUint32(out[crcAt:], crc32.Checksum(out[crcFrom:], crc32.MakeTable(crc32.Castagnoli)))
	return out, nil
}

// Broker is a broker that can be stopped, killed and started again on the same
// address with what it has kept. It is not safe for concurrent use.
type Broker struct {
	dir, port string
	child     *child.Process
}

// Start starts a broker that keeps its data below dir and listens on a port of
// the loopback interface.
func Start(ctx context.Context, dir string, port int) (*Broker, error) {
	b := &Broker{dir: filepath.Join(dir, "broker"), port: strconv.Itoa(port)}
	if err := b.Restart(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// Address is its host:port.
func (b *Broker) Address() string { return net.JoinHostPort("127.0.0.1", b.port) }

// Restart starts a broker that has ended, and waits until it listens.
func (b *Broker) Restart(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), envDir+"="+b.dir, envPort+"="+b.port)
	cmd.Stderr = os.Stderr
	running, err := child.Start(cmd)
	if err != nil {
		return fmt.Errorf("start the broker: %w", err)
	}
	b.child = running
	if err := b.listening(ctx); err != nil {
		return errors.Join(err, b.Kill())
	}
	return nil
}

// longest is how long a broker may take to listen, or to end in order.
const longest = 30 * time.Second

func (b *Broker) listening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.Address())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-b.child.Done():
			return fmt.Errorf("the broker ended at its start: %w", b.child.Err())
		case <-ctx.Done():
			return fmt.Errorf("the broker does not listen: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the broker at once.
func (b *Broker) Kill() error { return b.child.Kill() }

// Stop ends the broker in order; one that does not end in time is killed.
func (b *Broker) Stop() error {
	if err := b.child.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-b.child.Done():
		return b.child.Err()
	case <-time.After(longest):
		return errors.Join(fmt.Errorf("the broker did not end within %s of SIGTERM", longest), b.Kill())
	}
}
