//go:build !linux

package journal

import "os"

// dataSync waits until the file's content and size are durable.
func dataSync(file *os.File) error { return file.Sync() }
