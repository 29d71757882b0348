package chaos

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/testbed/pgproxy"
)

// byteFaults are bytes that arrive as others than were sent. TLS notices each;
// without it, the protocol notices what is not in its framing.
func byteFaults() []Fault {
	tls := Setup{TLS: true}
	return []Fault{
		{Name: "TLS, bits flipped in records", Setup: tls, Happen: corrupt(pgproxy.Corrupt)},
		{Name: "TLS, reset in the middle of a record", Setup: tls, Happen: corrupt(pgproxy.CutHalf)},
		{Name: "bits flipped in the protocol's framing", Happen: corrupt(pgproxy.CorruptHeader)},
	}
}

// corrupt hurts five messages or records at random places of both directions.
func corrupt(do pgproxy.Action) func(context.Context, *Lab, *mathrand.Rand) (int, error) {
	return func(ctx context.Context, l *Lab, random *mathrand.Rand) (int, error) {
		before := l.Proxy.Faults()
		for range 5 {
			direction := pgproxy.Direction(random.IntN(2))
			was := l.Proxy.Faults()
			l.Proxy.Arm(pgproxy.Rule{
				Match: func(m pgproxy.Message) bool { return m.Direction == direction && pgproxy.Anything(m) },
				After: random.IntN(30), Do: do, Bit: random.IntN(1 << 20),
			})
			if err := l.awaitFaults(ctx, was+1); err != nil {
				return l.Proxy.Faults() - before, err
			}
			if err := sleep(ctx, between(random, 0, 100*time.Millisecond)); err != nil {
				return l.Proxy.Faults() - before, err
			}
		}
		return l.Proxy.Faults() - before, nil
	}
}

// encrypt gives the server a certificate, and has the URL insist on it.
func (l *Lab) encrypt(ctx context.Context, writer *url.URL) error {
	certificate, key, err := selfSigned()
	if err != nil {
		return err
	}
	root := filepath.Join(l.Dir, "root.crt")
	if err := os.WriteFile(root, certificate, 0o600); err != nil {
		return err
	}
	uid, gid := l.Server.OwnedBy()
	for name, text := range map[string][]byte{"server.crt": certificate, "server.key": key} {
		path := filepath.Join(l.Server.DataDir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
		// The server reads them as its own account.
		if err := os.Chown(path, uid, gid); err != nil {
			return err
		}
	}
	if err := l.Server.Set(ctx, map[string]string{"ssl": "on"}); err != nil {
		return err
	}
	if err := l.Server.AwaitTrue(ctx, "postgres", "SELECT current_setting('ssl')::bool"); err != nil {
		return err
	}
	l.Proxy.Encrypt(true)
	query := writer.Query()
	query.Set("sslmode", "verify-full")
	query.Set("sslrootcert", root)
	writer.RawQuery = query.Encode()
	return nil
}

// encrypted fails unless every session of the writers is by TLS.
func (l *Lab) encrypted(ctx context.Context) error {
	var with, without int
	err := l.queryOwner(ctx, &with, "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'testbed_writer' AND ssl")
	if err != nil {
		return err
	}
	err = l.queryOwner(ctx, &without, "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'testbed_writer' AND NOT ssl")
	if err != nil {
		return err
	}
	if with == 0 || without > 0 {
		return fmt.Errorf("%d sessions of the writers are by TLS and %d are not", with, without)
	}
	return nil
}

// selfSigned is a certificate of 127.0.0.1, in PEM.
func selfSigned() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}
