package auditexporter

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// applicationName is what pg_stat_activity shows.
const applicationName = "otelcol-audit"

func (c *Config) tls() *pgurl.TLS {
	return &pgurl.TLS{Mode: c.TLS.Mode, CAFile: c.TLS.CAFile, CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile}
}

// connection returns what pgconn needs. It reads the files of tls.
func (c *Config) connection() (*pgconn.Config, error) {
	config, err := c.tls().Parse(c.dsn(), applicationName)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectTime {
		config.ConnectTimeout = connectTime
	}
	config.DialFunc = (&net.Dialer{KeepAlive: keepAlive, Control: limitSilence}).DialContext
	return &config.Config, nil
}

const (
	connectTime = 5 * time.Second
	keepAlive   = 30 * time.Second
	// silence is how long sent bytes may stay unacknowledged by the peer's kernel.
	silence = 10 * time.Second
)

// dsn returns url, or one made of host, port, user, password and database. It is
// a secret.
func (c *Config) dsn() string {
	if c.URL != "" {
		return string(c.URL)
	}
	if strings.HasPrefix(c.Host, "/") {
		return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s",
			pgurl.QuoteKeyword(c.Host), c.Port, pgurl.QuoteKeyword(c.User), pgurl.QuoteKeyword(string(c.Password)), pgurl.QuoteKeyword(c.Database))
	}
	u := url.URL{Scheme: "postgres", Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + c.Database}
	switch {
	case c.User != "" && c.Password != "":
		u.User = url.UserPassword(c.User, string(c.Password))
	case c.User != "":
		u.User = url.User(c.User)
	}
	return u.String()
}
