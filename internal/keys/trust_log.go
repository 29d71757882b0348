package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoSuchLog is wrapped where a trust file has no key of the log that is
// named, and ErrSeveralLogs where it has those of several and none is named.
var (
	ErrNoSuchLog   = errors.New("no key of this log")
	ErrSeveralLogs = errors.New("keys of several logs")
)

// Logs are the names of the logs that the file has keys of, sorted.
func (t *Trust) Logs() []string {
	logs := make([]string, 0, 1)
	for i := range t.keys {
		logs = append(logs, t.keys[i].Log)
	}
	slices.Sort(logs)
	return slices.Compact(logs)
}

// Pin returns the part of the file that is about one log: what the keys of others
// signed it does not believe. Without a name it is the only one that the file
// has. Whoever may sign for a log of the file could otherwise answer for
// another's.
func (t *Trust) Pin(log string) (*Trust, error) {
	logs := t.Logs()
	switch {
	case log == "" && len(logs) > 1:
		return nil, fmt.Errorf("%w: %s", ErrSeveralLogs, strings.Join(logs, ", "))
	case log == "":
		return t, nil
	case !slices.Contains(logs, log):
		return nil, fmt.Errorf("%w: %s; it has those of %s", ErrNoSuchLog, log, strings.Join(logs, ", "))
	}
	pinned := &Trust{known: make(verifiers), lines: make(map[keyID][]int)}
	for i := range t.keys {
		if t.keys[i].Log != log {
			continue
		}
		if err := pinned.add(t.keys[i].Line()); err != nil {
			return nil, err
		}
	}
	return pinned, nil
}
