//go:build !linux

package auditexporter

import "syscall"

// limitSilence leaves it to deadlines to give a connection up.
func limitSilence(string, string, syscall.RawConn) error { return nil }
