package cli

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/migrations"
)

const devDatabase = "audit"

// devLogin is a login of the private cluster.
type devLogin struct{ variable, name, role string }

// devLogins are the logins below the owner, one per group role.
func devLogins() []devLogin {
	roles := migrations.RolesFor(migrations.DefaultRolePrefix)
	return []devLogin{
		{"AUDIT_WRITER_URL", "dev_writer", roles.Writer},
		{"AUDIT_READER_URL", "dev_reader", roles.Reader},
		{"AUDIT_AUDITOR_URL", "dev_auditor", roles.Auditor},
		{"AUDIT_PRUNER_URL", "dev_pruner", roles.Pruner},
		{"AUDIT_OPERATOR_URL", "dev_operator", roles.Operator},
	}
}

func (e *devEnvironment) endpoint() string { return "http://" + dialable(e.http) }

func (e *devEnvironment) healthURL() string { return "http://" + e.health + "/" }

func (e *devEnvironment) metricsURL() string { return "http://" + e.metrics + "/metrics" }

func (e *devEnvironment) envFile() string { return filepath.Join(e.dir, "dev.env") }

// variables are the lines of dev.env, not yet quoted.
func (e *devEnvironment) variables() []string {
	lines := []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + e.endpoint(),
		"AUDIT_HEALTH_URL=" + e.healthURL(),
		"AUDIT_METRICS_URL=" + e.metricsURL(),
		"AUDIT_OWNER_URL=" + e.cluster.URL(pglocal.Superuser, devDatabase),
	}
	for _, login := range devLogins() {
		lines = append(lines, login.variable+"="+e.cluster.URL(login.name, devDatabase))
	}
	lines = append(lines, e.logVariables()...)
	return append(lines, "AUDIT_TRUST_FILE="+e.trustFile())
}

// writeEnvironment writes dev.env for this user's eyes only.
func (e *devEnvironment) writeEnvironment() error {
	var text strings.Builder
	for _, line := range e.variables() {
		name, value, _ := strings.Cut(line, "=")
		text.WriteString(name + "=" + quoteValue(value) + "\n")
	}
	fresh := e.envFile() + ".new"
	if err := os.WriteFile(fresh, []byte(text.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, e.envFile())
}

// collectorEnvironment is this process's environment with what the
// configuration refers to; of the database, the writer's login and no other.
func (e *devEnvironment) collectorEnvironment() []string {
	metricsHost, metricsPort, _ := net.SplitHostPort(e.metrics)
	environment := append(slices.Clip(e.sys.Environ),
		"AUDIT_WRITER_URL="+e.cluster.URL("dev_writer", devDatabase),
		"AUDIT_HTTP_ENDPOINT="+e.http,
		"AUDIT_GRPC_ENDPOINT="+e.grpc,
		"AUDIT_HEALTH_ENDPOINT="+e.health,
		"AUDIT_METRICS_HOST="+metricsHost,
		"AUDIT_METRICS_PORT="+metricsPort,
	)
	return append(environment, e.logVariables()...)
}

// printReady tells that everything answers and what to do with it.
func (e *devEnvironment) printReady() error {
	program := e.sys.Executable
	if program == "" {
		program = "otelaudit"
	}
	_, err := fmt.Fprintf(e.sys.Stdout, `ready

  OTLP by HTTP  %[1]s
  OTLP by gRPC  %[2]s
  data          %[3]s (PostgreSQL %[4]d, collector.log)
  trust file    %[7]s
  health        %[8]s (200 while events can be stored)
  metrics       %[9]s (for Prometheus)

Send an event, see it and prove that it was not changed, in another terminal:

  set -a; . %[5]s; set +a
  %[6]s send --tenant acme --action invoice.approve --actor user:alice --target invoice:42 --outcome success
  %[6]s list --tenant acme
  %[6]s verify

Ctrl-C stops all of it; the data stays.
`, e.endpoint(), dialable(e.grpc), e.dir, e.cluster.Version, shellQuote(e.envFile()), shellQuote(program), e.trustFile(), e.healthURL(), e.metricsURL())
	return err
}

// quoteValue quotes a value for dev.env. Connection strings have no character
// that a shell would read in an assignment, and programs that read the file
// without a shell find them as they are.
func quoteValue(s string) string {
	if strings.Contains(s, "://") {
		return s
	}
	return shellQuote(s)
}

// shellQuote quotes a path only where a shell would split or expand it.
func shellQuote(s string) string {
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@,") == ""
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func trimNewline(line []byte) []byte { return bytes.TrimRight(line, "\n") }
