//go:build unix && !linux

package pglocal

import "syscall"

// dieWithParent does nothing here: the next start ends a server left behind.
func dieWithParent(*syscall.SysProcAttr) {}
