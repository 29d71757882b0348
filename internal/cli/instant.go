package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const instantHint = "times are RFC 3339 (2026-05-01T12:00:00Z), dates (2026-05-01, midnight UTC) or ages (30d, 12h, 1d12h)"

var errInstant = errors.New("not a time, a date or an age")

// firstInstant stands for all that is earlier: no event is, and the zero time
// would be none at all.
var firstInstant = time.Date(1677, 1, 1, 0, 0, 0, 0, time.UTC)

// parseInstant reads a point in time as flags give it: RFC 3339, a date (its
// midnight in UTC), or an age before now. None is before firstInstant.
func parseInstant(s string, now time.Time) (time.Time, error) {
	t, err := readInstant(s, now)
	if err == nil && t.Before(firstInstant) {
		t = firstInstant
	}
	return t, err
}

func readInstant(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	age, err := parseAge(s)
	if err != nil {
		return time.Time{}, errInstant
	}
	return now.Add(-age).UTC(), nil
}

// parseAge reads one or more whole numbers with a unit each, largest first:
// w, d (24 hours), h, m, s.
func parseAge(s string) (time.Duration, error) {
	const maxAge = 1<<63 - 1
	units := "wdhms"
	lengths := map[byte]time.Duration{
		'w': 7 * 24 * time.Hour, 'd': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second,
	}
	if s == "" {
		return 0, errInstant
	}
	var total time.Duration
	for s != "" {
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(s) {
			return 0, errInstant
		}
		n, err := strconv.ParseInt(s[:digits], 10, 64)
		if err != nil {
			return 0, errInstant
		}
		at := strings.IndexByte(units, s[digits])
		if at < 0 {
			return 0, errInstant
		}
		length := lengths[s[digits]]
		if n > int64((maxAge-total)/length) {
			return 0, errInstant // longer than 292 years
		}
		total += time.Duration(n) * length
		units = units[at+1:]
		s = s[digits+1:]
	}
	return total, nil
}

// window is since <= t < until; a zero bound is open.
type window struct{ since, until time.Time }

// parseWindow reads the two flags; reversed bounds are an error, equal ones are
// an empty window.
func parseWindow(since, until string, now time.Time) (w window, err error) {
	if since != "" {
		if w.since, err = parseInstant(since, now); err != nil {
			return w, usageError(instantHint, "--since %q: %w", since, err)
		}
	}
	if until != "" {
		if w.until, err = parseInstant(until, now); err != nil {
			return w, usageError(instantHint, "--until %q: %w", until, err)
		}
	}
	if since != "" && until != "" && w.until.Before(w.since) {
		return w, usageError("the window is since <= t < until; an age is a time before now, so 30d is earlier than 1d",
			"--since %s is later than --until %s", since, until)
	}
	return w, nil
}
