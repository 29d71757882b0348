package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ran is what one command line did.
type ran struct {
	code           int
	stdout, stderr string
	requests       []string // bodies the collector took
}

// runSend runs `send` in this process with a fixed clock and randomness.
func runSend(t *testing.T, stdin io.Reader, args ...string) ran {
	t.Helper()
	log := filepath.Join(t.TempDir(), "requests")
	server := httptest.NewServer(&fakeCollector{log: log})
	defer server.Close()
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), &System{
		Stdin: stdin, Stdout: &stdout, Stderr: &stderr,
		Getenv: func(key string) string {
			return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL + "/ok", "OTEL_SERVICE_NAME": "shop"}[key]
		},
		Now:  func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 123456789, time.UTC) },
		Rand: zeros{},
	}, append([]string{"send"}, args...))
	r := ran{code: code, stdout: stdout.String(), stderr: stderr.String()}
	if text, err := os.ReadFile(log); err == nil {
		r.requests = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return r
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestSendTakesClockAndRandomnessFromItsSystem(t *testing.T) {
	r := runSend(t, nil, "--tenant", "t", "--action", "a", "--actor", "user:x")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Equal(t, "event_id 019de368-f67b-7000-8000-000000000000\naccepted 1\n", r.stdout)
	require.Len(t, r.requests, 1)
	assert.Contains(t, r.requests[0], `"timeUnixNano":"1777636800123456789"`)
	assert.Contains(t, r.requests[0], `{"key":"service.name","value":{"stringValue":"shop"}}`)
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"tenant_id":"t","action":"a","actor":{"id":"x"},"event_id":"e-%d"}`+"\n", i)
	}
	return b.String()
}

func TestSendSplitsManyLinesIntoRequests(t *testing.T) {
	r := runSend(t, strings.NewReader(lines(2500)), "-", "--format", "json")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, `{"accepted":2500,`)
	require.Len(t, r.requests, 3)
	total := 0
	for _, request := range r.requests {
		n := strings.Count(request, `"audit.record.id"`)
		assert.LessOrEqual(t, n, maxBatchRecords)
		total += n
	}
	assert.Equal(t, 2500, total)
}

func TestSendSaysWhichLinesWereSent(t *testing.T) {
	r := runSend(t, strings.NewReader(lines(2100)+"{\n"), "-")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "otelaudit: error: line 2101: the JSON ends too early\n")
	assert.Contains(t, r.stderr, "hint: the lines up to 2000 were sent, nothing after them\n")
	assert.Contains(t, r.stdout, "accepted 2000\n", "what was accepted is told although a later line failed")
	assert.Len(t, r.requests, 2)
}

// A line that trickles in is sent before the next one comes.
func TestSendDoesNotWaitForMoreLines(t *testing.T) {
	in, out := io.Pipe()
	done := make(chan ran)
	go func() { done <- runSend(t, in, "-") }()
	for range 3 {
		// Write returns when the line was read; the next Read comes after the
		// line was sent, because nothing is buffered any more.
		_, err := io.WriteString(out, lines(1))
		require.NoError(t, err)
	}
	require.NoError(t, out.Close())
	r := <-done
	assert.Equal(t, exitOK, r.code, r.stderr)
	assert.Len(t, r.requests, 3)
}

func TestSendSaysWhichLinesWereRefused(t *testing.T) {
	r := runSend(t, strings.NewReader(lines(3)), "-", "--endpoint", "http://127.0.0.1:1")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "otelaudit: error: lines 1 to 3: cannot reach the collector")
	assert.Empty(t, r.stdout)
}

func TestRetryableAnswers(t *testing.T) {
	for status := 200; status < 600; status++ {
		want := status == 429 || status == 502 || status == 503 || status == 504 // the OTLP specification's list
		assert.Equal(t, want, isRetryable(status), status)
	}
}

func TestSendReportsAStandardInputThatFails(t *testing.T) {
	r := runSend(t, io.MultiReader(strings.NewReader(lines(1)), failing{}), "-")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "line 2: the disk is gone")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// TestDeliverWaitsAsTold: Retry-After decides, otherwise the wait doubles.
func TestDeliverWaitsAsTold(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"3":                             3 * time.Second,
		"-3":                            0,
		"999999999":                     time.Hour,
		"soon":                          0,
		"Fri, 01 May 2026 12:00:07 GMT": 7 * time.Second,
		"Fri, 01 May 2026 11:00:00 GMT": 0,
	} {
		assert.Equal(t, want, parseRetryAfter(value, now), value)
	}

	server := httptest.NewServer(&fakeCollector{})
	defer server.Close()
	sys := &System{Getenv: func(string) string { return "" }, Now: func() time.Time { return now }}
	client, err := newOTLPClient(sys, server.URL+"/down", nil)
	require.NoError(t, err)
	var waits []time.Duration
	client.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	_, err = client.deliver(t.Context(), []byte("{}"))
	var refused *refusal
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 503, refused.status)
	assert.Equal(t, []time.Duration{firstWait, 2 * firstWait, 4 * firstWait, 8 * firstWait}, waits)
}
