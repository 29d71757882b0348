package journal

import (
	"os"
	"syscall"
)

// dataSync waits until the file's content and size are durable.
func dataSync(file *os.File) error {
	for {
		err := syscall.Fdatasync(int(file.Fd()))
		if err == nil {
			return nil
		}
		if err != syscall.EINTR {
			return &os.PathError{Op: "fdatasync", Path: file.Name(), Err: err}
		}
	}
}
