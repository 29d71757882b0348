package pgurl_test

import (
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

func TestParseDemandsVerifiedTLSOfOtherMachines(t *testing.T) {
	for name, test := range map[string]struct {
		url        string
		tls, plain bool // the first attempt; some attempt without TLS
		verified   string
	}{
		"other machine":              {url: "postgres://u:p@db.example/x", tls: true, verified: "db.example"},
		"other machine, keywords":    {url: "host=db.example user=u password=p", tls: true, verified: "db.example"},
		"other machine, parameters":  {url: "postgres://u:p@db.example/x?connect_timeout=3", tls: true, verified: "db.example"},
		"other machine, as told":     {url: "postgres://u:p@db.example/x?sslmode=disable", plain: true},
		"other machine, keyword too": {url: "host=db.example user=u sslmode=disable", plain: true},
		"loopback":                   {url: "postgres://u:p@127.0.0.1/x", tls: true, plain: true},
		"socket":                     {url: "postgres://u:p@/x?host=/run/postgresql", plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := pgurl.Parse(test.url, "test")
			require.NoError(t, err)
			require.Equal(t, test.tls, config.TLSConfig != nil)
			plain := config.TLSConfig == nil
			for _, fallback := range config.Fallbacks {
				plain = plain || fallback.TLSConfig == nil
			}
			require.Equal(t, test.plain, plain)
			if test.verified != "" {
				require.Equal(t, test.verified, config.TLSConfig.ServerName)
				require.False(t, config.TLSConfig.InsecureSkipVerify)
			}
			require.Equal(t, map[string]string{"application_name": "test"}, config.RuntimeParams)
			require.Equal(t, pgx.QueryExecModeExec, config.DefaultQueryExecMode)
		})
	}
}

func TestErrorsHoldNoConnectionString(t *testing.T) {
	for _, broken := range []string{
		"postgres://user:hunter2@host:notaport/db", "postgres://user:hunter2@%zz/db", "host=x password='hunter2", "hunter2",
		"postgres://user:hunter2@h/db?sslmode=hunter2", "postgres://user:hunter2@h/db?sslrootcert=/hunter2",
	} {
		_, err := pgurl.Parse(broken, "test")
		require.Error(t, err, broken)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := pgurl.Parse("  ", "test")
	require.EqualError(t, err, "database URL is empty")
	_, err = pgurl.WithDatabase("host=x password=hunter2", "db")
	require.ErrorIs(t, err, pgurl.ErrInvalid)
}

func TestDescribeKeepsTheCause(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	config, err := pgurl.Parse("postgres://somebody:hunter2@"+address+"/secretdb?sslmode=disable", "test")
	require.NoError(t, err)
	_, err = pgx.ConnectConfig(t.Context(), config)
	described := pgurl.Describe(err)
	require.ErrorContains(t, described, "connection refused")
	for _, secret := range []string{"hunter2", "somebody", "secretdb"} {
		require.NotContains(t, described.Error(), secret)
	}
	var op *net.OpError
	require.ErrorAs(t, described, &op)
}
