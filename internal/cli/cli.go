// Package cli is the command line otelaudit. Each command is one file; what
// several share stands in a file named after it (instant.go, entity.go,
// failure.go, connect.go). The package reads no clock, environment or file
// handle of its own: System carries them, so a test sees what a user sees.
//
// It links no Collector code: the collector is a child process of `dev` and an
// HTTP server to `send`.
package cli

import (
	"context"
	"io"
	"time"
)

// Exit codes, the same for every command.
const (
	exitOK         = 0 // done
	exitNegative   = 1 // a negative finding: not found, refused
	exitUsage      = 2 // wrong usage, or the environment: no server, no right
	exitIncomplete = 3 // could not be checked completely

	// exitBrokenPipe is what a shell gives a command whose reader went away:
	// 128 + SIGPIPE.
	exitBrokenPipe = 141
)

// System is the process as the commands see it. Only main fills it from the
// real one.
type System struct {
	Stdin          io.Reader
	Stdout         io.Writer // results, nothing else
	Stderr         io.Writer // errors, hints, progress
	StdoutTerminal bool      // chooses the default of --format
	StderrTerminal bool      // progress is shown
	Width          int       // columns of the terminal that standard output is, 0 when unknown
	Color          bool      // words may have colors on that terminal

	// KeepOnBrokenPipe lets a write fail whose reader has gone, where otherwise the
	// process would end at once. nil does nothing.
	KeepOnBrokenPipe func()

	Getenv  func(key string) string
	Environ []string // handed to child processes, KEY=value

	Now  func() time.Time
	Rand io.Reader // cryptographic randomness, for record ids

	Executable string // absolute path of this program, "" when unknown
	User       string // name of the operating system's user, "" when unknown
}

// survivePipe is for commands that have something to record at their end, also
// where the end is that nobody reads on.
func (s *System) survivePipe() {
	if s.KeepOnBrokenPipe != nil {
		s.KeepOnBrokenPipe()
	}
}

// Run runs one command line, without the program's name, and returns its exit
// code. It returns when the command is done or, after ctx ended, cleaned up.
func Run(ctx context.Context, sys *System, args []string) int {
	root := newRoot(asTerminal(sys)) //nolint:contextcheck // cobra hands each command the context of ExecuteContext
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return report(sys.Stderr, err)
}
