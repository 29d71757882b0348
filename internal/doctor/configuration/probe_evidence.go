package configuration

import (
	"path/filepath"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// evidenceProbes are about what can be proven afterwards.
func evidenceProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "no_sink", Severity: doctor.P0, Section: docDeploy,
			Title: "Nothing in this configuration keeps audit records so that a change shows",
			Fix:   "add the exporter audit or auditjournal, or audit_forward to a collector that has them; kafka, on the way to one, with producer::required_acks: all and sending_queue::enabled: false or wait_for_result: true",
		}, findNoSink),
		probe(doctor.Check{
			ID: "integrity_off", Severity: doctor.P0, Section: docLog,
			Title: "Commits are not signed: whoever can write to the database can rewrite the trail",
			Fix:   "integrity: {key_file: …} as 'otelaudit keygen' makes it, and no integrity::mode: off",
		}, findIntegrityOff),
		probe(doctor.Check{
			ID: "privileged_role", Severity: doctor.P1, Section: docDatabase,
			Title: "The exporter goes on with a login that may change what it wrote",
			Fix:   "a login of the writer role alone, and no allow_privileged_role: warn",
		}, findPrivileged),
		probe(doctor.Check{
			ID: "anchor_missing", Severity: doctor.P1, Section: docAnchors,
			Title: "No anchor file: a store that has gone back is noticed until the next restart only",
			Fix:   "name an anchor file on a volume that the database's administrator cannot write to: integrity::anchor_file (audit), anchor_file (auditjournal)",
		}, findNoAnchor),
		probe(doctor.Check{
			ID: "one_sink", Severity: doctor.P1, Section: docJournal,
			Title: "One sink only: what its administrator removes is missing nowhere else",
			Fix:   "add an auditjournal in a pipeline of its own to the audit connector's required, as config/production.yaml does; where the machine has no disk of its own, anchors away from the database are what is left",
		}, findOneSink),
		probe(doctor.Check{
			ID: "best_effort_only", Severity: doctor.P0, Section: docWhen,
			Title: "No sink is required: clients hear success for records that nothing has kept",
			Fix:   "name the pipeline of a tamper-evident sink in the audit connector's required",
		}, findBestEffortOnly),
		probe(doctor.Check{
			ID: "shared_path", Severity: doctor.P1, Section: docAnchors,
			Title: "Two components write one file or directory",
			Fix:   "give each a path of its own",
		}, findShared),
		probe(doctor.Check{
			ID: "access_missing", Severity: doctor.P1, Section: docAccess,
			Title: "No collector takes the traces of reads from the outbox into the signed log",
			Fix:   "name the receiver auditaccess beside otlp in the pipeline that begins with memory_limiter and the audit processor",
		}, findNoAccess),
	}
}

func findNoSink(c *Configuration, f *finder) {
	if len(c.sinks()) == 0 {
		at := c.root.at("service", "pipelines").or(c.root.at("service"), c.root)
		f.find(at, "no pipeline of logs ends in audit, auditjournal or audit_forward")
	}
	for _, s := range c.sinks() {
		if !s.is(evident) && !s.is(stock) && !buffers(s) {
			f.find(s.named, "%s is a required sink, and nobody can tell whether records were changed there", s.name)
		}
	}
}

func findIntegrityOff(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		integrity := s.config.at("integrity")
		mode := integrity.at("mode")
		switch {
		case s.kind() == "audit" && !f.open(mode, s.name+"::integrity::mode") && mode.str("required") == "off":
			f.find(mode, "%s signs nothing", s.name)
		case s.kind() == "audit" || s.kind() == "auditjournal":
			if !integrity.at("key_file").given() && !integrity.at("key").given() {
				f.find(integrity.or(s.config, s.named), "%s has neither integrity::key_file nor integrity::key: the collector does not start", s.name)
			}
		}
	}
}

func findPrivileged(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		if v := s.config.at("allow_privileged_role"); s.kind() == "audit" && !f.open(v, s.name+"::allow_privileged_role") && v.str("") == "warn" {
			f.find(v, "%s only warns of a superuser, an owner of the tables or a login with BYPASSRLS", s.name)
		}
	}
}

// anchorOf is the anchor file of a sink.
func anchorOf(s *component) *value {
	if s.kind() == "auditjournal" {
		return s.config.at("anchor_file")
	}
	return s.config.at("integrity", "anchor_file")
}

func findNoAnchor(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		if s.is([]string{"audit", "auditjournal"}) && !anchorOf(s.component).given() {
			f.find(s.config.or(s.named), "%s has no anchor file", s.name)
		}
	}
}

func findOneSink(c *Configuration, f *finder) {
	sinks, evidence := 0, stop{}
	for _, s := range c.sinks() {
		if forwards(s) {
			f.result.NotApplicable("a collector behind this one has the sinks")
			return
		}
		if s.is(evident) {
			evidence = s
		}
		sinks++
	}
	for _, w := range c.copies {
		// A copy of every event at a distance, such as a SIEM, is a witness too.
		if w.requirement == bestEffort && !w.exporter().is(void) {
			sinks++
		}
	}
	if sinks == 1 && evidence.component != nil {
		f.find(evidence.named, "%s alone has the events", evidence.name)
	}
}

func findBestEffortOnly(c *Configuration, f *finder) {
	for _, connector := range c.all("connectors") {
		ways, strict := 0, 0
		for _, w := range c.ways {
			if w.connector == connector && w.exporter().is(evident) {
				ways++
				if w.requirement == required {
					strict++
				}
			}
		}
		if ways > 0 && strict == 0 {
			f.find(connector.config.at("best_effort").or(connector.config), "every tamper-evident sink behind %s is best effort", connector.name)
		}
	}
}

// findShared compares paths as texts: nothing is opened.
func findShared(c *Configuration, f *finder) {
	users := map[string]string{}
	claim := func(who string, path *value) {
		if !path.given() || path.unread() {
			return
		}
		clean := filepath.Clean(path.str(""))
		if other, taken := users[clean]; taken {
			f.find(path, "%s and %s have the same path", other, who)
			return
		}
		users[clean] = who
	}
	for _, e := range c.all("exporters") {
		switch e.kind() {
		case "audit":
			claim(e.name+"::integrity::anchor_file", anchorOf(e))
		case "auditjournal":
			claim(e.name+"::directory", e.config.at("directory"))
			claim(e.name+"::anchor_file", anchorOf(e))
		}
	}
	for _, e := range c.all("extensions") {
		if e.kind() == "file_storage" && c.runs(e.id) {
			claim(e.name+"::directory", e.config.at("directory"))
		}
	}
}

func findNoAccess(c *Configuration, f *finder) {
	var store stop
	for _, s := range c.sinks() {
		if s.kind() == "audit" {
			store = s
		}
	}
	if store.component == nil {
		f.result.NotApplicable("no exporter writes to PostgreSQL")
		return
	}
	for _, w := range c.ways {
		if w.receiver().kind() == fromOutbox && w.exporter().kind() == "audit" {
			return
		}
	}
	f.find(store.named, "no way leads from a receiver auditaccess to %s: traces stay in the table audit_outbox, which its administrator can edit", store.name)
}
