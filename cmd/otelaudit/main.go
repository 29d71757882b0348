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

	"golang.org/x/term"

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
		Stdin:            os.Stdin,
		Stdout:           os.Stdout,
		Stderr:           os.Stderr,
		StdoutTerminal:   isTerminal(os.Stdout),
		StderrTerminal:   isTerminal(os.Stderr),
		Width:            width(os.Stdout),
		Color:            wantsColor(),
		KeepOnBrokenPipe: func() { signal.Ignore(syscall.SIGPIPE) },
		Getenv:           os.Getenv,
		Environ:          os.Environ(),
		Now:              time.Now,
		Rand:             rand.Reader,
		Executable:       executable,
		User:             userName(),
	}, os.Args[1:])
}

// userName is who runs this. A container may have no name for its user.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// width is that of a terminal in columns, 0 for anything else.
func width(f *os.File) int {
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// wantsColor follows https://no-color.org and leaves terminals alone that know
// no colors.
func wantsColor() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
