package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// failure is an error with what the shell and the person need besides: the exit
// code and, where there is a remedy, the hint.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usageError is a mistake in the command line: exit code 2.
func usageError(hint, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// environmentError is something the command met rather than was told: no
// server, no right, a port in use. The exit code is 2 too; the name says where
// to look.
func environmentError(hint string, err error) error {
	return &failure{code: exitUsage, err: err, hint: hint}
}

// negative is a finding against what was asked for: exit code 1.
func negative(hint, format string, args ...any) error {
	return &failure{code: exitNegative, err: fmt.Errorf(format, args...), hint: hint}
}

// report prints err and its hint and returns the exit code. An error without a
// code comes from the command framework (an unknown flag, a missing argument)
// or from the environment; both are 2.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitUsage, ""
	if f, ok := errors.AsType[*failure](err); ok {
		code, hint = f.code, f.hint
	}
	if code == exitBrokenPipe {
		return code // as quiet as the signal
	}
	fmt.Fprintf(stderr, "otelaudit: error: %s\n", printable(err.Error()))
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return code
}

// printable makes text from elsewhere safe for one line on a terminal: an
// answer of a server or a stored value must not move the cursor or forge lines.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case steers(r):
			return '\uFFFD'
		}
		return r
	}, s)
}
