package config_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"golang.org/x/crypto/bcrypt"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

const (
	password = "correct-horse"
	// Nothing listens here: every role must start without what is behind it.
	writerURL = "postgres://otelaudit:" + password + "@127.0.0.1:1/audit"
	patience  = 2 * time.Minute
)

// macKey is the content of a MAC key file with the key that the environments name.
const macKey = "agent-1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

const event = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767225600000000000","attributes":[` +
	`{"key":"audit.action","value":{"stringValue":"order.refund"}},` +
	`{"key":"audit.outcome","value":{"stringValue":"success"}},` +
	`{"key":"audit.actor.id","value":{"stringValue":"lovelace"}},` +
	`{"key":"audit.tenant.id","value":{"stringValue":"acme"}}]}]}]}]}`

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// machine is a place to start a role in: the values of an environment with free
// ports and with files that exist.
type machine struct {
	binary string
	dir    string
	values map[string]string
	roots  *x509.CertPool
}

func newMachine(t *testing.T, environment string) *machine {
	t.Helper()
	binary, err := collector.Binary()
	require.NoError(t, err)
	m := &machine{binary: binary, dir: t.TempDir(), values: readEnvironment(t, environment), roots: x509.NewCertPool()}

	for _, name := range []string{"AUDIT_GRPC_ENDPOINT", "AUDIT_HTTP_ENDPOINT", "AUDIT_AGENT_GRPC_ENDPOINT", "AUDIT_AGENT_HTTP_ENDPOINT", "AUDIT_HEALTH_ENDPOINT"} {
		require.Contains(t, m.values, name)
		m.values[name] = address(t)
	}
	m.values["AUDIT_METRICS_HOST"], m.values["AUDIT_METRICS_PORT"], err = net.SplitHostPort(address(t))
	require.NoError(t, err)
	m.values["AUDIT_GATEWAY"] = "127.0.0.1:1"
	m.values["AUDIT_KAFKA_PASSWORD"] = password
	m.values["AUDIT_KAFKA_BROKERS"] = "[127.0.0.1:1]"
	m.values["AUDIT_APP_ENDPOINT"] = "127.0.0.1:1"
	m.values["AUDIT_QUEUE_DIR"] = filepath.Join(m.dir, "queue")
	files, err := signing.New(m.dir)
	require.NoError(t, err)
	for name, path := range map[string]string{
		"AUDIT_LOG_KEY_FILE":        files.Key,
		"AUDIT_ANCHOR_FILE":         filepath.Join(m.dir, "anchors"),
		"AUDIT_JOURNAL_DIR":         filepath.Join(m.dir, "journal"),
		"AUDIT_JOURNAL_ANCHOR_FILE": filepath.Join(m.dir, "journal-anchors"),
	} {
		require.Contains(t, m.values, name)
		m.values[name] = path
	}
	m.values["AUDIT_WRITER_URL"] = writerURL
	// As an operator would: production.env names an example.
	m.values["AUDIT_AGENT_TENANTS"] = "acm*"

	certificate, key := newCertificate(t, m.roots)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"AUDIT_TLS_CERT_FILE":       certificate,
		"AUDIT_TLS_KEY_FILE":        key,
		"AUDIT_TLS_CA_FILE":         certificate,
		"AUDIT_DB_CA_FILE":          certificate,
		"AUDIT_HTPASSWD_FILE":       []byte("acme:" + string(hash) + "\nagent:" + string(hash) + "\n"),
		"AUDIT_AGENT_PASSWORD_FILE": []byte(password),
		"AUDIT_MAC_KEY_FILE":        []byte(macKey),
	} {
		require.Contains(t, m.values, name)
		m.values[name] = filepath.Join(m.dir, name)
		require.NoError(t, os.WriteFile(m.values[name], content, 0o600))
	}
	return m
}

func (m *machine) env() []string {
	var lines []string
	for name, value := range m.values {
		lines = append(lines, name+"="+value)
	}
	return lines
}

func (m *machine) start(t *testing.T, role string) *collector.Process {
	t.Helper()
	process, err := collector.Start(collector.Options{
		Binary: m.binary,
		Config: readFile(t, role+".yaml"),
		Dir:    m.dir,
		Health: "http://" + m.values["AUDIT_HEALTH_ENDPOINT"],
		Env:    m.env(),
	})
	require.NoError(t, err)
	t.Cleanup(process.Kill)
	return process
}

// TestEveryRoleStartsInEveryEnvironment, with nothing behind it, and ends when
// asked.
func TestEveryRoleStartsInEveryEnvironment(t *testing.T) {
	t.Parallel()
	for _, environment := range environments {
		for _, role := range roles {
			t.Run(role+" "+environment, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				m := newMachine(t, environment)
				process := m.start(t, role)
				require.NoError(t, process.WaitServing(ctx))
				assert.NotZero(t, process.Health(ctx), "the health check does not answer")
				if err := process.Terminate(ctx); !endedBy(err, syscall.SIGTERM) {
					require.NoError(t, err, process.Log())
				}
				assert.NotContains(t, process.Log(), password)
				assert.NotContains(t, process.Log(), "PRIVATE+KEY", "the log's key in the log")
				assert.NotContains(t, process.Log(), "deprecat")
			})
		}
	}
}

// endedBy reports whether a signal ended the process unheard. The Collector
// answers its health check a moment before it listens for signals.
func endedBy(err error, signal syscall.Signal) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == signal
}

// TestHealthWithoutPostgreSQL: a collector that cannot store audit records says
// so where load balancers and alerts look.
func TestHealthWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"dev", "gateway", "production"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			process := newMachine(t, "dev").start(t, role)
			require.NoError(t, process.WaitServing(ctx))
			require.NoError(t, process.WaitHealth(ctx, http.StatusInternalServerError))
		})
	}
}

// TestAnswers: the gateways and production ask who sends; what is
// not stored is not acknowledged; and an agent acknowledges what is on its disk.
func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		role     string
		user     string
		password string
		want     int
	}{
		{role: "gateway", want: http.StatusUnauthorized},
		{role: "gateway", user: "acme", password: "wrong", want: http.StatusUnauthorized},
		{role: "gateway", user: "acme", password: password, want: http.StatusServiceUnavailable},
		{role: "gateway-durable", want: http.StatusUnauthorized},
		{role: "gateway-durable", user: "acme", password: password, want: http.StatusOK},
		{role: "production", want: http.StatusUnauthorized},
		{role: "production", user: "acme", password: password, want: http.StatusServiceUnavailable},
		{role: "dev", want: http.StatusServiceUnavailable},
		{role: "agent", want: http.StatusOK},
		{role: "kafka-agent", want: http.StatusServiceUnavailable},
	}
	for _, tt := range tests {
		t.Run(strings.Join([]string{tt.role, tt.user, http.StatusText(tt.want)}, " "), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			m := newMachine(t, "staging")
			process := m.start(t, tt.role)
			require.NoError(t, process.WaitServing(ctx))

			url := "https://" + m.values["AUDIT_HTTP_ENDPOINT"]
			switch tt.role {
			case "dev":
				url = "http://" + m.values["AUDIT_HTTP_ENDPOINT"]
			case "agent", "kafka-agent":
				url = "http://" + m.values["AUDIT_AGENT_HTTP_ENDPOINT"]
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/logs", strings.NewReader(event))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/json")
			if tt.user != "" {
				req.SetBasicAuth(tt.user, tt.password)
			}
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: m.roots}}
			defer transport.CloseIdleConnections()
			resp, err := (&http.Client{Transport: transport}).Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, tt.want, resp.StatusCode, "%s\n%s", body, process.Log())
			assert.NotContains(t, process.Log(), "lovelace", "a payload in the log")
		})
	}
}

// TestFromAgentToPostgreSQL: an event that an agent accepts while the gateway is
// down arrives when it is up, once, with the tenant that it names.
func TestFromAgentToPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, gateway := range []string{"gateway", "gateway-durable", "production"} {
		t.Run(gateway, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			database := storetest.NewDatabase(t)
			behind := newMachine(t, "production")
			behind.values["AUDIT_WRITER_URL"] = database.WriterURL
			agent := newMachine(t, "production")
			agent.values["AUDIT_GATEWAY"] = behind.values["AUDIT_GRPC_ENDPOINT"]
			agent.values["AUDIT_TLS_CA_FILE"] = behind.values["AUDIT_TLS_CA_FILE"]

			process := agent.start(t, "agent")
			require.NoError(t, process.WaitServing(ctx))
			req, err := http.NewRequestWithContext(ctx, http.MethodPost,
				"http://"+agent.values["AUDIT_AGENT_HTTP_ENDPOINT"]+"/v1/logs", strings.NewReader(event))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusOK, resp.StatusCode)

			received := behind.start(t, gateway)
			require.NoError(t, received.WaitHealth(ctx, http.StatusOK))
			conn, err := pgx.Connect(ctx, database.SuperURL)
			require.NoError(t, err)
			defer func() { assert.NoError(t, conn.Close(context.Background())) }()
			var tenant, actor string
			assert.Eventually(t, func() bool {
				err := conn.QueryRow(ctx, "SELECT tenant_id, actor_id FROM audit_events").Scan(&tenant, &actor)
				return err == nil
			}, patience, 50*time.Millisecond, "%s\n%s", process.Log(), received.Log())
			assert.Equal(t, "acme", tenant)
			assert.Equal(t, "lovelace", actor)
			var quarantined int
			require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM audit_quarantine").Scan(&quarantined))
			assert.Zero(t, quarantined)
		})
	}
}

// TestThroughKafkaToPostgreSQL: with TLS and SCRAM as shipped, an event that the
// agent accepts is with the broker, and arrives with the tenant that it names when
// there is a gateway.
func TestThroughKafkaToPostgreSQL(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	database := storetest.NewDatabase(t)
	agent, behind := newMachine(t, "production"), newMachine(t, "production")
	behind.values["AUDIT_WRITER_URL"] = database.WriterURL
	certificate, err := tls.LoadX509KeyPair(agent.values["AUDIT_TLS_CERT_FILE"], agent.values["AUDIT_TLS_KEY_FILE"])
	require.NoError(t, err)
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, agent.values["AUDIT_KAFKA_TOPIC"]),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}),
		kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", agent.values["AUDIT_KAFKA_USER"], password))
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	for _, m := range []*machine{agent, behind} {
		m.values["AUDIT_KAFKA_BROKERS"] = "[" + strings.Join(broker.ListenAddrs(), ",") + "]"
		m.values["AUDIT_TLS_CA_FILE"] = agent.values["AUDIT_TLS_CA_FILE"]
	}
	process := agent.start(t, "kafka-agent")
	require.NoError(t, process.WaitServing(ctx))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"http://"+agent.values["AUDIT_AGENT_HTTP_ENDPOINT"]+"/v1/logs", strings.NewReader(event))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode, process.Log())

	received := behind.start(t, "kafka-gateway")
	conn, err := pgx.Connect(ctx, database.SuperURL)
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close(context.Background())) }()
	var tenant, mac string
	require.Eventually(t, func() bool {
		return conn.QueryRow(ctx, "SELECT tenant_id, mac FROM audit_events").Scan(&tenant, &mac) == nil
	}, patience, 50*time.Millisecond, "%s\n%s", process.Log(), received.Log())
	assert.Equal(t, "acme", tenant)
	assert.Contains(t, mac, "agent-1", "sealed by the agent")
	for _, p := range []*collector.Process{process, received} {
		assert.NotContains(t, p.Log(), password)
	}
}

// newCertificate is a self-signed one for 127.0.0.1, also added to roots.
func newCertificate(t *testing.T, roots *x509.CertPool) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots.AddCert(parsed)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}
