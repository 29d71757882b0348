package store_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// frayingProxy passes connections on and hangs up each of them after some bytes in
// one direction or the other, or in place of the answer to a COMMIT.
func frayingProxy(t *testing.T, server string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			go fray(upstream, client, 3000+rand.IntN(40_000))
			go fray(client, upstream, 1500+rand.IntN(20_000))
		}
	}()
	return listener.Addr().String()
}

func fray(to, from net.Conn, most int) {
	buf := make([]byte, 1024)
	for most > 0 {
		n, err := from.Read(buf[:min(len(buf), most)])
		if err != nil || bytes.Contains(buf[:n], []byte("COMMIT\x00Z")) && rand.IntN(4) == 0 {
			break
		}
		if _, err := to.Write(buf[:n]); err != nil {
			break
		}
		most -= n
	}
	_ = to.Close()
	_ = from.Close()
}

// Two collectors are given the same events, over connections that end anywhere and
// with callers who leave at any time: whether they ask first or not, each event is
// there once, and once it was acknowledged it stays.
func TestTwoWritersAndLostConnections(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	cluster := storetest.Cluster(t)
	server := fmt.Sprintf("127.0.0.1:%d", cluster.Port)
	url := strings.Replace(cluster.URL(d.Login("writer"), d.Name), server, frayingProxy(t, server), 1)
	const batches, size = 60, 12
	var mu sync.Mutex
	stored := make(map[string]int)
	var writers sync.WaitGroup
	for n := range 2 {
		random := rand.New(rand.NewPCG(uint64(n), 5))
		w := newWriter(t, url, sealWith(newSealer(t, nil)))
		writers.Go(func() {
			for batch := range batches {
				records := make([]*record.Record, size)
				for i := range records { // the same events for both, in another order
					number := (i + 5*n) % size
					id := fmt.Sprint("e-", batch, "-", number)
					records[i] = audit(fmt.Sprint("t", number%3), id, "k-"+id, 1)
				}
				list := events(t, records...)
				outcomes := make([]store.Outcome, size)
				for tries := 0; ; tries++ {
					if !assert.Less(t, tries, 200) {
						return
					}
					if random.IntN(2) == 0 {
						w.Careless()
					}
					patience := 5 * time.Second
					if random.IntN(3) == 0 {
						patience = time.Duration(random.IntN(20_000)) * time.Microsecond
					}
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					err := w.Write(ctx, list, outcomes)
					cancel()
					if err == nil {
						break
					}
				}
				mu.Lock()
				for i := range outcomes {
					switch outcomes[i].Status {
					case store.Stored:
						stored[list[i].EventID]++
					case store.Duplicate:
					default:
						assert.Fail(t, "neither stored nor a duplicate", "%s: %+v", list[i].EventID, outcomes[i])
					}
				}
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	for id, times := range stored {
		assert.Equal(t, 1, times, id)
	}
	assert.Less(t, len(stored), batches*size, "answers were lost")
	assert.Equal(t, int64(batches*size), query[int64](t, d, "SELECT count(*) FROM audit_events"))
	requireSealed(t, d)
}
