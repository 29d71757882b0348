package main

import (
	"fmt"
	"syscall"
	"time"
)

// clientCPU is the processor time of this process: the client of the end-to-end
// cases and of the limits.
func clientCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
