package pgurl_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// failures returns what is said of a URL: why it is refused, or why its host is
// not found or not reached.
func failures(t *testing.T, databaseURL string) (said, asked []string) {
	t.Helper()
	config, err := pgurl.Parse(databaseURL, "test")
	if err != nil {
		return []string{err.Error()}, nil
	}
	for _, found := range []bool{false, true} {
		config.LookupFunc = func(_ context.Context, host string) ([]string, error) {
			asked = append(asked, host)
			if found {
				return []string{"192.0.2.1"}, nil
			}
			return nil, &net.DNSError{Err: "no such host", Name: host, Server: host, IsNotFound: true}
		}
		config.DialFunc = func(_ context.Context, network, address string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("no way to " + address)}
		}
		_, err := pgx.ConnectConfig(t.Context(), config)
		require.Error(t, err)
		said = append(said, pgurl.Describe(err).Error())
	}
	return said, asked
}

func TestAPasswordThatIsNotEncodedIsRefused(t *testing.T) {
	for name, databaseURL := range map[string]string{
		"at sign":             "postgres://u:S3C@RET@127.0.0.1/audit",
		"at sign at the end":  "postgres://u:S3CRET@@127.0.0.1/audit",
		"several hosts":       "postgres://u:S3C@RET,x@127.0.0.1/audit",
		"slash":               "postgres://u:12/S3CRET@127.0.0.1/audit",
		"at sign and slash":   "postgres://u:S3C@RET/x@127.0.0.1/audit",
		"question mark":       "postgres://u:12?S3CRET@127.0.0.1/audit",
		"at sign, then query": "postgres://u:12@S3CRET?x=y@127.0.0.1/audit",
		"host as a setting":   "postgres://u:p@/audit?host=S3C%40RET",
		"space in the host":   "postgres://u:p@S3C%20RET/audit",
		"brackets":            "postgres://u:p@[S3C(RET]/audit",
		"keywords":            "host='S3C@RET' user=u",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pgurl.Parse(databaseURL, "test")
			require.ErrorIs(t, err, pgurl.ErrInvalid)
			require.ErrorContains(t, err, "percent-encode special characters of user and password, such as @ as %40")
			require.NotContains(t, err.Error(), "S3C")
		})
	}
	for _, databaseURL := range []string{
		"postgres://u:S3C%40RET%2F@db.example/x", "postgres://u:p@[::1]:5432/x", "postgres://u:p@a_b.example,c:1/x", "host=fe80::1%eth0 user=u",
		"postgres://u:p#!x@db.example/x", "postgres://u:p@bücher.example/x", "host=/run/my@folder password='p@ss word'", "postgres://db/x?user=u%40server",
	} {
		_, err := pgurl.Parse(databaseURL, "test")
		require.NoError(t, err, databaseURL)
	}
}

func TestANameThatIsNotFoundIsNotPrinted(t *testing.T) {
	said, asked := failures(t, "postgres://S3CRET:5432/x")
	require.Contains(t, asked, "S3CRET")
	require.Equal(t, "connect to PostgreSQL: the host name of the database URL cannot be resolved: no such host", said[0])
}

// leaks returns a part of the password, four characters or more, that stands in
// an error or in a question to the name server.
func leaks(t *testing.T, form func(password string) string, password string) string {
	t.Helper()
	said, asked := failures(t, form(password))
	text := strings.Join(append(said, asked...), "\n")
	plain, hosts := failures(t, form("x"))
	ordinary := strings.Join(append(plain, hosts...), "\n") + pgurl.ErrInvalid.Error() + "percent-encode special characters of user and password, such as @ as %40 and / as %2F"
	for i := 0; i+4 <= len(password); i++ {
		if part := password[i : i+4]; strings.Contains(text, part) && !strings.Contains(ordinary, part) {
			return part
		}
	}
	return ""
}

var forms = map[string]func(string) string{
	"url": func(password string) string { return "postgres://u:" + password + "@db.example:5432/audit" },
	"url, settings": func(password string) string {
		return "postgresql://u:" + password + "@db.example/audit?connect_timeout=3"
	},
	"keywords": func(password string) string { return "host=db.example user=u dbname=audit password=" + password },
}

func TestNoPartOfAPasswordIsSaid(t *testing.T) {
	const alphabet = "QZ79@@@//??##::,,[]%&=+ '\\.-"
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		password := make([]byte, 4+random.IntN(12))
		for i := range password {
			password[i] = alphabet[random.IntN(len(alphabet))]
		}
		for name, form := range forms {
			require.Empty(t, leaks(t, form, string(password)), "%s: %s", name, form(string(password)))
		}
	}
}

func FuzzNoPartOfAPasswordIsSaid(f *testing.F) {
	for _, password := range []string{"S3C@RET", "1234/S3CRET", "1234?S3CRET", "a@S3CRET?x=y", "%zzS3CRET", "'S3CRET"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if strings.Contains(password, "host") || strings.Contains(password, "port") {
			return // keywords: another setting, and meant as one
		}
		for name, form := range forms {
			require.Empty(t, leaks(t, form, password), name)
		}
	})
}
