package verify

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
)

// crash is a panic while something was checked: a mistake of this program, which
// somebody may have found before us and made use of. It must neither pass for an
// error of the environment nor hide what is found elsewhere.
type crash struct {
	reason any
	at     string // where, as file and line
}

func (c *crash) Error() string {
	return fmt.Sprintf("otelaudit crashed while it checked this, which data made to do so may cause: please report it with what follows: %v (%s)", c.reason, c.at)
}

// guard makes an error of a panic of the function that defers it.
func guard(err *error) { //nolint:gocritic // the named result of the one that defers it
	if reason := recover(); reason != nil {
		*err = &crash{reason: reason, at: panicked(string(debug.Stack()))}
	}
}

// panicked is the place in a stack where it panicked: the line behind the second
// one of the call of panic.
func panicked(stack string) string {
	_, behind, found := strings.Cut(stack, "\npanic(")
	lines := strings.Split(behind, "\n")
	if !found || len(lines) < 4 {
		return "unknown place"
	}
	for _, line := range lines[2:] { // runtime functions may stand between
		if place := strings.TrimSpace(line); strings.Contains(line, "\t") && !strings.Contains(line, "/runtime/") {
			place, _, _ = strings.Cut(place, " ")
			return place[strings.LastIndexByte(place, '/')+1:]
		}
	}
	return "unknown place"
}

// guarded checks a tenant and reports whether to do so again. A panic is an
// error.
func (t *tenantCheck) guarded(ctx context.Context) (again bool, err error) {
	defer guard(&err)
	if err := t.check(ctx); err != nil || len(t.report.Findings) == 0 {
		return false, err
	}
	return t.run.worthAnotherLook(ctx, t)
}
