package otlpclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
)

func TestRetryable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		want bool
	}{
		{"acknowledged", nil, false},
		{"no answer", errors.New("connection reset"), true},
		{"503", &StatusError{HTTP: http.StatusServiceUnavailable}, true},
		{"400", &StatusError{HTTP: http.StatusBadRequest}, false},
		{"403", &StatusError{HTTP: http.StatusForbidden}, false},
		{"500", &StatusError{HTTP: http.StatusInternalServerError}, false},
		{"unavailable", &StatusError{GRPC: codes.Unavailable}, true},
		{"permission denied", &StatusError{GRPC: codes.PermissionDenied}, false},
		{"resource exhausted without RetryInfo", &StatusError{GRPC: codes.ResourceExhausted}, false},
	} {
		assert.Equal(t, c.want, Retryable(c.err), c.name)
	}
}

func TestPartialSuccessIsARefusal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Content-Encoding"))
		assert.Equal(t, "/v1/logs", r.URL.Path)
		name, password, _ := r.BasicAuth()
		assert.Equal(t, "acme:secret", name+":"+password)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too many"}}`))
	}))
	defer server.Close()
	client := NewHTTP(server.URL, Options{JSON: true, Gzip: true, Username: "acme", Password: "secret"})
	var refused *StatusError
	require.ErrorAs(t, client.Send(t.Context(), plog.NewLogs()), &refused)
	assert.Equal(t, int64(2), refused.Partial)
	require.NoError(t, client.Close())
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	client, err := DialGRPC("127.0.0.1:1", Options{})
	require.NoError(t, err)
	assert.True(t, Retryable(client.Send(context.WithoutCancel(t.Context()), plog.NewLogs())))
	require.NoError(t, client.Close())
}
