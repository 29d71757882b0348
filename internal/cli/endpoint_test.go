package cli

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePrintedEndpointHoldsNoCredential(t *testing.T) {
	u, err := url.Parse("http://user:S3CRET@127.0.0.1:4318/v1/logs?token=S3CRET#S3CRET")
	require.NoError(t, err)
	c := &otlpClient{url: u}
	for _, err := range []error{c.unreachable(errors.New("x")), c.refused(answer{status: http.StatusNotFound})} {
		var f *failure
		require.ErrorAs(t, err, &f)
		require.NotContains(t, f.Error()+f.hint, "S3CRET")
		require.Contains(t, f.Error()+f.hint, "http://127.0.0.1:4318/v1/logs")
	}
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	for _, text := range []string{"{\"action\":\"a\xff\"}", "{\"payload\":{\"\xc3\":1}}"} {
		_, err := parseOutgoing([]byte(text))
		require.ErrorContains(t, err, "not UTF-8")
	}
}
