// Package otlpclient sends log records by OTLP the way an SDK's exporter does:
// gRPC or HTTP, protobuf or JSON, compressed or not, one request per call. It
// never retries: whoever calls it decides what a failure means.
package otlpclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor named by Options.Gzip
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Client sends OTLP log requests. It is safe for concurrent use.
type Client interface {
	// Send returns nil when the collector acknowledged the whole request, a
	// *StatusError when it refused, and any other error when no answer came.
	Send(ctx context.Context, logs plog.Logs) error
	Close() error
}

// Options are the same for both protocols.
type Options struct {
	Gzip     bool
	JSON     bool   // HTTP only
	Username string // basic authentication, none when empty
	Password string
	Headers  map[string]string
}

// StatusError is a collector's refusal.
type StatusError struct {
	HTTP    int        // status code, 0 over gRPC
	GRPC    codes.Code // codes.OK over HTTP
	Message string
	Partial int64 // records refused by a partial success
}

// Error says what was answered.
func (e *StatusError) Error() string {
	if e.HTTP != 0 {
		return fmt.Sprintf("http %d: %s", e.HTTP, e.Message)
	}
	return fmt.Sprintf("grpc %s: %s", e.GRPC, e.Message)
}

// Retryable reports whether the OTLP specification lets a client send the same
// request again.
func (e *StatusError) Retryable() bool {
	switch e.HTTP {
	case 0:
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
	switch e.GRPC {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return true
	default:
		// ResourceExhausted needs RetryInfo, which the collector never sends.
		return false
	}
}

// Retryable reports whether a client that follows the OTLP specification would
// send the request again after err: no answer at all counts as such.
func Retryable(err error) bool {
	if err == nil {
		return false
	}
	if refused, ok := errors.AsType[*StatusError](err); ok {
		return refused.Retryable()
	}
	return true
}

// GRPC is an OTLP/gRPC client.
type GRPC struct {
	conn    *grpc.ClientConn
	options Options
}

// DialGRPC makes a client of address ("127.0.0.1:4317"); it connects lazily.
func DialGRPC(address string, o Options) (*GRPC, error) {
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(256<<20), grpc.ForceCodec(rawCodec{})),
		// A collector that comes back must be noticed within a test's patience.
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}),
	}
	conn, err := grpc.NewClient(address, dial...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return &GRPC{conn: conn, options: o}, nil
}

// Send implements Client.
func (c *GRPC) Send(ctx context.Context, logs plog.Logs) error {
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return c.SendRaw(ctx, body)
}

// SendRaw sends an encoded ExportLogsServiceRequest.
func (c *GRPC) SendRaw(ctx context.Context, body []byte) error {
	header := metadata.New(c.options.Headers)
	if c.options.Username != "" {
		header.Set("authorization", basic(c.options))
	}
	ctx = metadata.NewOutgoingContext(ctx, header)
	var call []grpc.CallOption
	if c.options.Gzip {
		call = append(call, grpc.UseCompressor("gzip"))
	}
	var answer []byte
	if err := c.conn.Invoke(ctx, "/opentelemetry.proto.collector.logs.v1.LogsService/Export", &body, &answer, call...); err != nil {
		if s, ok := status.FromError(err); ok {
			return &StatusError{GRPC: s.Code(), Message: s.Message()}
		}
		return err
	}
	response := plogotlp.NewExportResponse()
	if err := response.UnmarshalProto(answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if n := response.PartialSuccess().RejectedLogRecords(); n > 0 {
		return &StatusError{GRPC: codes.Unknown, Message: response.PartialSuccess().ErrorMessage(), Partial: n}
	}
	return nil
}

// Close closes the connection.
func (c *GRPC) Close() error { return c.conn.Close() }

// rawCodec passes bytes through, so that a request can be encoded once and
// sent often, and so that a request no encoder would produce can be sent.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("raw codec cannot encode %T", v)
	}
	return *b, nil
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("raw codec cannot decode into %T", v)
	}
	*b = append((*b)[:0], data...)
	return nil
}

// HTTP is an OTLP/HTTP client.
type HTTP struct {
	url     string
	options Options
	client  *http.Client
}

// NewHTTP makes a client of endpoint ("http://127.0.0.1:4318").
func NewHTTP(endpoint string, o Options) *HTTP {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 512,
	}
	return &HTTP{url: endpoint + "/v1/logs", options: o, client: &http.Client{Transport: transport}}
}

// Send implements Client.
func (c *HTTP) Send(ctx context.Context, logs plog.Logs) error {
	request := plogotlp.NewExportRequestFromLogs(logs)
	contentType, encode := "application/x-protobuf", request.MarshalProto
	if c.options.JSON {
		contentType, encode = "application/json", request.MarshalJSON
	}
	body, err := encode()
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return c.SendRaw(ctx, contentType, body)
}

// SendRaw sends a body as it is.
func (c *HTTP) SendRaw(ctx context.Context, contentType string, body []byte) error {
	if c.options.Gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(body); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		body = packed.Bytes()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	if c.options.Gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if c.options.Username != "" {
		req.Header.Set("Authorization", basic(c.options))
	}
	for k, v := range c.options.Headers {
		req.Header.Set(k, v)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &StatusError{HTTP: resp.StatusCode, Message: string(answer)}
	}
	return partial(resp.Header.Get("Content-Type"), answer)
}

// partial reads the acknowledgement: records refused by a partial success are
// a refusal.
func partial(contentType string, answer []byte) error {
	response := plogotlp.NewExportResponse()
	decode := response.UnmarshalProto
	if contentType == "application/json" {
		decode = response.UnmarshalJSON
	}
	if err := decode(answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	if n := response.PartialSuccess().RejectedLogRecords(); n > 0 {
		return &StatusError{HTTP: http.StatusOK, Message: response.PartialSuccess().ErrorMessage(), Partial: n}
	}
	return nil
}

// Close drops idle connections.
func (c *HTTP) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

func basic(o Options) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(o.Username+":"+o.Password))
}
