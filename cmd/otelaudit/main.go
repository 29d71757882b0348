// Command otelaudit sends, reads and administers audit events. All of it is in
// internal/cli; this file hands over the process and ends it.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"github.com/otelaudit/otelaudit/internal/cli"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default comes back, so a second one ends a
	// shutdown that takes too long.
	context.AfterFunc(ctx, stop)

	executable, _ := os.Executable() // "" makes `dev` ask for --collector
	return cli.Run(ctx, &cli.System{
		Stdin:          os.Stdin,
		Stdout:         os.Stdout,
		Stderr:         os.Stderr,
		StdoutTerminal: isTerminal(os.Stdout),
		StderrTerminal: isTerminal(os.Stderr),
		Getenv:         os.Getenv,
		Environ:        os.Environ(),
		Now:            time.Now,
		Rand:           rand.Reader,
		Executable:     executable,
		User:           userName(),
	}, os.Args[1:])
}

// userName is who runs this. A container may have no name for its user.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
