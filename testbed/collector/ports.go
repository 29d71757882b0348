package collector

import (
	"fmt"
	"net"
	"os"
	"sync"
)

// Ports below the range from which Linux takes the ports of outgoing
// connections (32768 and up): one found free here stays free until a collector
// is killed and started again on it.
const (
	firstPort = 20000
	lastPort  = 32000
)

var ports = struct {
	sync.Mutex // guards next

	next int
}{}

// FreePort returns a TCP port of 127.0.0.1 that no one listens on and that this
// process has not handed out before.
func FreePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	if ports.next == 0 {
		// Test binaries run at the same time: begin at different places.
		ports.next = firstPort + os.Getpid()*61%(lastPort-firstPort)
	}
	for range lastPort - firstPort {
		port := ports.next
		ports.next++
		if ports.next >= lastPort {
			ports.next = firstPort
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}
