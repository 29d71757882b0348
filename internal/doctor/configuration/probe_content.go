package configuration

import (
	"github.com/otelaudit/otelaudit/internal/doctor"
)

// contentProbes are about what is in the records, and who sees it.
func contentProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "redaction_off", Severity: doctor.P0, Section: docOther,
			Title: "Redaction is off: passwords and tokens in events are stored as they come",
			Fix:   "remove redaction::enabled: false, and exempt what is masked wrongly with redaction::exempt_paths",
		}, findRedactionOff),
		probe(doctor.Check{
			ID: "unredacted_copy", Severity: doctor.P0, Section: docSamplers,
			Title: "Audit records are written somewhere before they are redacted",
			Fix:   "give that exporter its records behind the audit processor, by the audit connector's rest",
		}, findUnredacted),
		probe(doctor.Check{
			ID: "secret", Severity: doctor.P1, Section: docDeploy,
			Title: "A secret stands in the configuration in clear",
			Fix:   "take it from ${env:NAME} or ${file:PATH} or a key that names a file, and replace the secret: it has been read",
		}, findSecrets),
		probe(doctor.Check{
			ID: "debug_detailed", Severity: doctor.P2, Section: docSamplers,
			Title: "The collector's own log shows whole records",
			Fix:   "verbosity: basic; a log is kept by other rules than a trail",
		}, findDetailed),
	}
}

func findRedactionOff(c *Configuration, f *finder) {
	for _, p := range c.auditProcessors() {
		if enabled := p.config.at("redaction", "enabled"); !f.open(enabled, p.name+"::redaction::enabled") && !enabled.boolean(true) {
			f.find(enabled, "%s in the pipeline %s masks nothing", p.name, p.pipeline.name)
		}
		for _, path := range p.config.at("redaction", "exempt_paths").list() {
			if path.str("") == "**" {
				f.find(path, "%s in the pipeline %s exempts every value", p.name, p.pipeline.name)
			}
		}
	}
}

func findUnredacted(c *Configuration, f *finder) {
	for _, w := range c.copies {
		e := w.exporter()
		if _, ok := w.audit(); ok || e.kind() == "nop" {
			continue
		}
		finding := doctor.Finding{}
		if e.kind() != "debug" && e.kind() != "file" {
			finding.Severity = doctor.P1
			finding.Title = "A pipeline for other logs gets audit records before they are redacted"
		}
		f.report(finding, e.named, "on the way %s stands no audit processor, and %s brings audit records", w, w.receiver().name)
	}
}

func findDetailed(c *Configuration, f *finder) {
	for _, w := range c.copies {
		e := w.exporter()
		if verbosity := e.config.at("verbosity"); e.kind() == "debug" && verbosity.str("") == "detailed" {
			f.find(verbosity, "%s on the way %s prints every attribute", e.name, w)
		}
	}
}
