package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

//go:embed telegraf.conf
var telegrafConfiguration string

// telegraf stores by outputs.postgresql: COPY of whole batches by several
// connections.
var telegraf = peer{
	name:  "telegraf",
	table: "audit_log", // Telegraf makes it
	indexes: []string{
		`CREATE INDEX ON {{ .table }} (tenant, time DESC)`,
		`CREATE INDEX ON {{ .table }} (tenant, action, time DESC)`,
		`CREATE INDEX ON {{ .table }} (tenant, actor_id, time DESC)`,
		`CREATE INDEX ON {{ .table }} (tenant, target_id, time DESC)`,
		`CREATE INDEX ON {{ .table }} (tenant, outcome, time DESC) WHERE outcome <> 'success'`,
	},
	find:      findTelegraf,
	configure: configureTelegraf,
	encode:    lineProtocol,
}

func findTelegraf() (string, error) {
	if root, err := collector.Root(); err == nil {
		built := filepath.Join(root, "build", "tools", "telegraf")
		if _, err := os.Stat(built); err == nil {
			return built, nil
		}
	}
	program, err := exec.LookPath("telegraf")
	if err != nil {
		return "", errors.New("telegraf is neither built nor installed")
	}
	return program, nil
}

func configureTelegraf(dir string, o peerOptions) ([]string, error) {
	var templates strings.Builder
	for _, index := range o.indexes {
		fmt.Fprintf(&templates, `, """%s"""`, index)
	}
	config := strings.NewReplacer(
		"${INDEXES}", templates.String(),
		"${LISTEN}", o.listen, "${HOST}", "127.0.0.1", "${PORT}", strconv.Itoa(int(o.db.Port)), "${DATABASE}", o.db.Database,
		"${USER}", o.db.User, "${PASSWORD}", o.db.Password, "${BUFFER}", strconv.Itoa(2*o.events),
	).Replace(telegrafConfiguration)
	path := filepath.Join(dir, "telegraf.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return []string{"--config", path}, nil
}

// lineProtocol is the event as one point whose members are fields.
func lineProtocol(e loadgen.Event) []byte {
	return fmt.Appendf(nil, `audit_log tenant=%q,action="item.update",outcome=%q,severity="INFO",actor_type="user",actor_id="usr-7",target_type="item",target_id=%q,`+
		`payload_filler=%q,service_name="app-0",service_version="1.2.3",environment="test",scope="scope-0" %d`+"\n",
		e.Tenant, e.Outcome, e.Marker, e.Filler, e.Time.UnixNano())
}
