package cli

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	defaultEndpoint = "http://127.0.0.1:4318"
	logsPath        = "/v1/logs"
	// A few tries cover a restart of the collector or a commit that was rolled
	// back; whoever wants more has the exit code.
	deliverTries    = 5
	firstWait       = 200 * time.Millisecond
	maxAnswerBytes  = 64 << 10
	maxAnswerInText = 300
)

// otlpClient posts export requests to one collector. The zero value of wait is
// the real one.
type otlpClient struct {
	url     *url.URL
	headers http.Header
	http    *http.Client
	now     func() time.Time
	// protobuf says that bodies are OTLP in protobuf; otherwise they are JSON.
	protobuf bool
	// wait sleeps; tests replace it.
	wait func(context.Context, time.Duration) error
}

// answer is what a collector said to one request.
type answer struct {
	status   int
	rejected int64  // records it refused although it took the request
	message  string // its own words, printable
}

// refusal is an answer that is no success.
type refusal struct{ answer }

func (r *refusal) Error() string {
	text := fmt.Sprintf("the collector refused the request: %d %s", r.status, http.StatusText(r.status))
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// newOTLPClient resolves the endpoint the way OpenTelemetry SDKs do: the flag,
// then the variable for logs (the whole URL), then the general one (a base).
func newOTLPClient(sys *System, endpoint string, headers []string) (*otlpClient, error) {
	source, whole := "--endpoint", false
	if endpoint == "" {
		source, whole = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", true
		endpoint = sys.Getenv(source)
	}
	if endpoint == "" {
		source, whole = "OTEL_EXPORTER_OTLP_ENDPOINT", false
		endpoint = sys.Getenv(source)
	}
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError("such as "+defaultEndpoint+", the OTLP/HTTP port", "%s is not an http or https URL", source)
	}
	if !whole && !strings.HasSuffix(u.Path, logsPath) {
		u = u.JoinPath(logsPath)
	}
	c := &otlpClient{url: u, headers: http.Header{}, now: sys.Now, wait: sleep}
	if err = c.addHeaders(sys, headers); err != nil {
		return nil, err
	}
	transport, err := newTransport(sys)
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{
		Transport: transport,
		// A redirect would turn POST into GET and lose the records.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func (c *otlpClient) addHeaders(sys *System, flags []string) error {
	for pair := range strings.SplitSeq(sys.Getenv("OTEL_EXPORTER_OTLP_HEADERS"), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil || !isHeaderName(strings.TrimSpace(key)) {
			return usageError("it is KEY=VALUE,KEY=VALUE with percent-encoded values", "OTEL_EXPORTER_OTLP_HEADERS is malformed")
		}
		c.headers.Set(strings.TrimSpace(key), value)
	}
	for _, pair := range flags {
		key, value, found := strings.Cut(pair, "=")
		if !found || !isHeaderName(key) || strings.ContainsAny(value, "\r\n\x00") {
			// The value may be a credential, so only the key is repeated.
			return usageError("write --header KEY=VALUE", "--header %q is malformed", key)
		}
		c.headers.Set(key, value)
	}
	return nil
}

func isHeaderName(s string) bool {
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) {
			return false
		}
	}
	return s != ""
}

// newTransport trusts OTEL_EXPORTER_OTLP_CERTIFICATE besides the system's
// authorities where it is set.
func newTransport(sys *System) (*http.Transport, error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	file := sys.Getenv("OTEL_EXPORTER_OTLP_CERTIFICATE")
	if file == "" {
		return t, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, environmentError("", fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err))
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usageError("", "OTEL_EXPORTER_OTLP_CERTIFICATE %s holds no PEM certificate", file)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// deliver posts body until the collector answers with something that a further
// try cannot change, always the same bytes, so that a try whose answer was lost
// is a duplicate and not a second event.
func (c *otlpClient) deliver(ctx context.Context, body []byte) (answer, error) {
	wait := firstWait
	for try := 1; ; try++ {
		a, retryAfter, err := c.post(ctx, body)
		if err == nil && a.status/100 == 2 {
			return a, nil
		}
		if err != nil {
			if isNotConnected(err) || ctx.Err() != nil || try == deliverTries {
				return a, c.unreachable(err)
			}
		} else if !isRetryable(a.status) || try == deliverTries {
			return a, c.refused(a)
		}
		if retryAfter > 0 {
			wait = retryAfter
		}
		if werr := c.wait(ctx, wait); werr != nil {
			if err != nil {
				return a, c.unreachable(err)
			}
			return a, c.refused(a)
		}
		wait *= 2
	}
}

func (c *otlpClient) post(ctx context.Context, body []byte) (a answer, retryAfter time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(body))
	if err != nil {
		return a, 0, err
	}
	maps.Copy(req.Header, c.headers)
	req.Header.Set("Content-Type", c.contentType())
	req.Header.Set("User-Agent", "otelaudit")
	resp, err := c.http.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the URL may carry a password
		}
		return a, 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return a, 0, fmt.Errorf("reading the answer: %w", err)
	}
	a = answer{status: resp.StatusCode}
	if resp.Header.Get("Content-Type") == typeProtobuf {
		a.rejected, a.message = parseProtobufAnswer(text, a.status/100 == 2)
	} else {
		a.rejected, a.message = parseAnswer(text)
	}
	return a, parseRetryAfter(resp.Header.Get("Retry-After"), c.now()), nil
}

// parseAnswer reads the collector's words: partial success, a google.rpc.Status
// as JSON, or plain text of a proxy.
func parseAnswer(text []byte) (rejected int64, message string) {
	var body struct {
		PartialSuccess struct {
			Rejected json.RawMessage `json:"rejectedLogRecords"` //nolint:tagliatelle // OTLP's spelling
			Message  string          `json:"errorMessage"`       //nolint:tagliatelle // OTLP's spelling
		} `json:"partialSuccess"` //nolint:tagliatelle // OTLP's spelling
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &body) != nil {
		message = string(text)
	} else {
		message = body.Message + body.PartialSuccess.Message
		rejected, _ = strconv.ParseInt(strings.Trim(string(body.PartialSuccess.Rejected), `"`), 10, 64)
	}
	return rejected, presentable(message)
}

// presentable is a collector's message for one line.
func presentable(message string) string {
	message = printable(strings.TrimSpace(message))
	if len(message) > maxAnswerInText {
		message = strings.ToValidUTF8(message[:maxAnswerInText], "") + "…"
	}
	return message
}

// parseProtobufAnswer reads an ExportLogsServiceResponse, or of a refusal a
// google.rpc.Status. What cannot be read says nothing.
func parseProtobufAnswer(text []byte, accepted bool) (rejected int64, message string) {
	_ = eachField(text, func(f field) error {
		switch {
		case accepted && f.number == 1: // partial_success
			return eachField(f.bytes, func(f field) error {
				switch f.number {
				case 1:
					rejected = int64(min(f.scalar, math.MaxInt64))
				case 2:
					message = string(f.bytes)
				}
				return nil
			})
		case !accepted && f.number == 2:
			message = string(f.bytes)
		}
		return nil
	})
	return rejected, presentable(message)
}

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/x-protobuf"
)

func (c *otlpClient) contentType() string {
	if c.protobuf {
		return typeProtobuf
	}
	return typeJSON
}

func isRetryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func parseRetryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(max(0, min(seconds, 3600))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// isNotConnected reports that no byte was sent: nobody listens, or the name
// does not resolve. Waiting seldom helps, so the person hears it at once.
func isNotConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	_, unresolved := errors.AsType[*net.DNSError](err)
	return ok && op.Op == "dial" || unresolved
}

// shownURL is the endpoint without what may be a credential.
func (c *otlpClient) shownURL() string {
	shown := url.URL{Scheme: c.url.Scheme, Host: c.url.Host, Path: c.url.Path}
	return shown.String()
}

func (c *otlpClient) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return environmentError("a longer --timeout, or look at the collector's log; what was sent may have been stored",
			fmt.Errorf("no answer from %s in time", c.shownURL()))
	}
	if errors.Is(err, context.Canceled) {
		return environmentError("what was sent may have been stored", errors.New("interrupted"))
	}
	return environmentError("is the collector running? 'otelaudit dev' starts one; --endpoint or OTEL_EXPORTER_OTLP_ENDPOINT names another",
		fmt.Errorf("cannot reach the collector at %s: %w", c.shownURL(), err))
}

func (c *otlpClient) refused(a answer) error {
	hint := ""
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = "credentials go into --header or OTEL_EXPORTER_OTLP_HEADERS"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		hint = "is " + c.shownURL() + " an OTLP/HTTP receiver?"
	case http.StatusServiceUnavailable:
		hint = "nothing was acknowledged; the collector's log says why it cannot store"
	}
	return &failure{code: exitNegative, err: &refusal{a}, hint: hint}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
