package auditexporter

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT of linux/tcp.h.
const tcpUserTimeout = 0x12

// limitSilence makes the kernel give a TCP connection up when the peer does not
// acknowledge what was sent, so that a dead link does not hold a shard.
func limitSilence(network, _ string, conn syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	return conn.Control(func(fd uintptr) {
		// Without it the deadlines still end the attempt, later.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(silence.Milliseconds()))
	})
}
