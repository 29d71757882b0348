package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseInstant(t *testing.T) {
	now := time.Date(2026, 5, 17, 10, 20, 30, 999, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-05-01":                          time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
		"2026-05-01T12:00:00Z":                time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		"2026-05-01T12:00:00.123456789+02:00": time.Date(2026, 5, 1, 10, 0, 0, 123456789, time.UTC),
		"30d":                                 now.AddDate(0, 0, -30),
		"12h":                                 now.Add(-12 * time.Hour),
		"1w2d3h4m5s":                          now.Add(-(9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second)),
		"0s":                                  now,
		"0001-01-01":                          firstInstant, // not the zero time, which bounds nothing
		"0001-01-01T00:00:00Z":                firstInstant,
		"0001-01-01T00:00:00+01:00":           firstInstant,
		"9999-12-31T23:59:59.999999999Z":      time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
	} {
		t.Run(text, func(t *testing.T) {
			got, err := parseInstant(text, now)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	for _, text := range []string{
		"", "d", "30", "30x", "-1d", "+1d", "1.5d", "1h1d", "1d1d", "2026-13-01", "2026-05-01 12:00", "yesterday", "99999999999999d", "300000000d", "1d ", "１d",
	} {
		t.Run("not "+text, func(t *testing.T) {
			_, err := parseInstant(text, now)
			assert.Error(t, err)
		})
	}
}

func TestParseWindow(t *testing.T) {
	now := time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC)
	_, err := parseWindow("1d", "30d", now)
	require.ErrorContains(t, err, "--since 1d is later than --until 30d")
	w, err := parseWindow("30d", "30d", now)
	require.NoError(t, err, "equal bounds are an empty window, not an error")
	assert.Equal(t, w.since, w.until)
	w, err = parseWindow("", "", now)
	require.NoError(t, err)
	assert.True(t, w.since.IsZero() && w.until.IsZero())
}

func FuzzParseInstant(f *testing.F) {
	now := time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC)
	for _, s := range []string{"30d", "1w2d", "2026-05-01", "2026-05-01T12:00:00Z", "9223372036s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseAge(s)
		if err == nil && got < 0 {
			t.Errorf("parseAge(%q) = %s", s, got)
		}
		if _, err := parseInstant(s, now); err != nil && err != errInstant { //nolint:errorlint // identity is the point
			t.Errorf("parseInstant(%q): %v", s, err)
		}
	})
}
