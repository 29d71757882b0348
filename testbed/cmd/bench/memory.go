package main

import (
	"time"

	"github.com/otelaudit/otelaudit/testbed/collector"
)

// watcher takes down the most private memory that the server's processes had
// together; the kernel keeps a peak for each process only.
type watcher struct {
	end  chan struct{}
	peak chan int64
}

// watchEvery is seldom enough to cost nothing beside hundreds of backends.
const watchEvery = 500 * time.Millisecond

func (b *bench) watchServer() watcher {
	w := watcher{end: make(chan struct{}), peak: make(chan int64, 1)}
	pid := b.server.PID()
	go func() {
		var peak int64
		for {
			if n, err := collector.TreePrivate(pid); err == nil {
				peak = max(peak, n)
			}
			select {
			case <-w.end:
				w.peak <- peak
				return
			case <-time.After(watchEvery):
			}
		}
	}()
	return w
}

// stop returns the peak, in bytes.
func (w watcher) stop() int64 {
	close(w.end)
	return <-w.peak
}
