package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

//go:embed rsyslog.conf
var rsyslogConfiguration string

// rsyslog stores by ompgsql: a queue, several workers, each a transaction of an
// INSERT per message.
var rsyslog = peer{
	name:  "rsyslog",
	table: "audit_log",
	schema: `CREATE TABLE audit_log (
		happened timestamptz NOT NULL, tenant text NOT NULL, action text NOT NULL, outcome text NOT NULL, severity text,
		actor jsonb, target jsonb, payload jsonb, producer jsonb)`,
	indexes: []string{
		"CREATE INDEX ON audit_log (tenant, happened DESC)",
		"CREATE INDEX ON audit_log (tenant, action, happened DESC)",
		"CREATE INDEX ON audit_log (tenant, (actor ->> 'id'), happened DESC)",
		"CREATE INDEX ON audit_log (tenant, (target ->> 'id'), happened DESC)",
		"CREATE INDEX ON audit_log (tenant, outcome, happened DESC) WHERE outcome <> 'success'",
	},
	find:      findRsyslog,
	configure: configureRsyslog,
	encode:    syslogMessage,
}

func findRsyslog() (string, error) {
	program, err := exec.LookPath("rsyslogd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/rsyslogd"); err != nil {
			return "", errors.New("rsyslogd is not installed")
		}
	}
	modules, err := filepath.Glob("/usr/lib*/*/rsyslog/ompgsql.so")
	more, moreErr := filepath.Glob("/usr/lib*/rsyslog/ompgsql.so")
	if len(modules)+len(more) == 0 {
		return "", errors.Join(errors.New("rsyslog's ompgsql.so is not installed"), err, moreErr)
	}
	return program, nil
}

func configureRsyslog(dir string, o peerOptions) ([]string, error) {
	config := strings.NewReplacer(
		"${DIR}", dir, "${LISTEN}", o.listen, "${HOST}", "127.0.0.1", "${PORT}", strconv.Itoa(int(o.db.Port)), "${DATABASE}", o.db.Database,
		"${USER}", o.db.User, "${PASSWORD}", o.db.Password, "${QUEUE}", strconv.Itoa(2*o.events),
	).Replace(rsyslogConfiguration)
	path := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return []string{"-n", "-f", path, "-i", filepath.Join(dir, "pid")}, nil
}

// syslogMessage is an octet-counted RFC 5424 message whose text is JSON.
func syslogMessage(e loadgen.Event) []byte {
	type object map[string]any
	text, err := json.Marshal(object{
		"happened": e.Time.UTC().Format(time.RFC3339Nano), "tenant": e.Tenant, "action": "item.update", "outcome": e.Outcome, "severity": "INFO",
		"actor": object{"type": "user", "id": "usr-7"}, "target": object{"type": "item", "id": e.Marker}, "payload": object{"filler": e.Filler},
		"producer": object{"service.name": "app-0", "service.version": "1.2.3", "deployment.environment.name": "test", "scope": "scope-0"},
	})
	if err != nil {
		panic(err) // strings and maps of strings always encode
	}
	message := fmt.Appendf(nil, "<110>1 %s host app-0 - - - %s", e.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), text)
	return append(fmt.Appendf(nil, "%d ", len(message)), message...)
}
