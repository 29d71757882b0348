package configuration

import (
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// pathProbes are about what stands between a receiver and an audit sink.
func pathProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "sampler", Severity: doctor.P0, Section: docSamplers,
			Title: "A sampler in front of an audit sink drops audit records",
			Fix:   "move the sampler into a pipeline behind the audit connector's rest, or give it sampling_priority with the name of the audit processor's sampling::attribute and stand it behind that processor",
		}, findSamplers),
		probe(doctor.Check{
			ID: "batch", Severity: doctor.P0, Section: docSamplers,
			Title: "A batch processor acknowledges audit records before they are stored",
			Fix:   "take batch out of this pipeline; the audit exporters make groups of their own",
		}, onAuditWays([]string{"batch"}, "answers before anything is stored, and forgets who sent, be it a client or the outbox")),
		probe(doctor.Check{
			ID: "filter", Severity: doctor.P0, Section: docSamplers,
			Title: "A filter in front of an audit sink can drop audit records",
			Fix:   "move filter into a pipeline behind the audit connector's rest",
		}, onAuditWays([]string{"filter"}, "drops what its conditions match")),
		probe(doctor.Check{
			ID: "logdedup", Severity: doctor.P0, Section: docSamplers,
			Title: "Deduplication in front of an audit sink makes one record of several events",
			Fix:   "move it into a pipeline behind the audit connector's rest; audit records have identities, and the exporter stores each once",
		}, onAuditWays([]string{"logdedup", "log_dedup"}, "replaces records that look alike by one with a count, after a pause")),
		probe(doctor.Check{
			ID: "altered", Severity: doctor.P0, Section: docSamplers,
			Title: "A processor behind the audit processor changes finished audit records",
			Fix:   "stand it in front of the audit processor, or in a pipeline behind the audit connector's rest",
		}, findAltering),
		probe(doctor.Check{
			ID: "unknown_processor", Severity: doctor.P2, Section: docSamplers,
			Title: "A processor in front of an audit sink is not known to these checks",
			Fix:   "see for yourself that it drops, delays and changes nothing, or move it behind the audit connector's rest",
		}, findUnknown),
		probe(doctor.Check{
			ID: "no_processor", Severity: doctor.P0, Section: docDeploy,
			Title: "Audit records reach a sink without the audit processor",
			Fix:   "put the processor audit behind memory_limiter: without it there is no redaction, no check of the tenant and no quarantine by reason",
		}, findMissingProcessor),
		probe(doctor.Check{
			ID: "others_pass", Severity: doctor.P0, Section: docDeploy,
			Title: "Ordinary records go to a sink that is for audit records alone",
			Fix:   "set others: drop in the audit processor, or route with the audit connector: the sink skips what is no audit record, and the client hears success",
		}, findOthers),
		probe(doctor.Check{
			ID: "mark_off", Severity: doctor.P1, Section: docSamplers,
			Title: "The sampler's mark is off or has another name, so copies of events are sampled away",
			Fix:   "give the audit processor's sampling::attribute, the audit connector's sampling_attribute and the sampler's sampling_priority one name",
		}, findMarkOff),
		probe(doctor.Check{
			ID: "undefined", Severity: doctor.P1, Section: docDeploy,
			Title: "A name stands for nothing, or a pipeline in no list: the collector does not start",
			Fix:   "define it, or take it out; 'otelcol-audit validate --config FILE' says the same and more",
		}, findUndefined),
	}
}

// onAuditWays finds processors of some types anywhere on the way to a sink.
func onAuditWays(kinds []string, does string) func(*Configuration, *finder) {
	return func(c *Configuration, f *finder) {
		for _, w := range c.audit {
			for _, p := range w.processors() {
				if p.is(kinds) {
					f.find(p.named, "%s in the pipeline %s is on the way to %s: it %s", p.name, p.pipeline.name, w.exporter().name, does)
				}
			}
		}
	}
}

func findSamplers(c *Configuration, f *finder) {
	for _, w := range c.audit {
		before, behind := w.split()
		for _, p := range before {
			if p.is(samplers) {
				f.find(p.named, "%s in the pipeline %s is on the way to %s, and no audit processor in front of it marks what must be kept", p.name, p.pipeline.name, w.exporter().name)
			}
		}
		for _, p := range behind {
			if !p.is(samplers) {
				continue
			}
			processor, _ := w.audit()
			priority := p.config.at("sampling_priority")
			if f.open(priority, p.name+"::sampling_priority") || f.open(processor.config.at("sampling", "attribute"), processor.name+"::sampling::attribute") {
				continue
			}
			if name := mark(processor); name == "" || p.kind() != "probabilistic_sampler" || priority.str("") != name {
				f.find(p.named, "%s in the pipeline %s is on the way to %s and does not keep what the processor %s marks", p.name, p.pipeline.name, w.exporter().name, processor.name)
			}
		}
	}
}

// altering change attributes or bodies, which a finished audit record is made of.
var altering = []string{"transform", "attributes", "redaction", "logstransform", "remotetap", "schema"}

func findAltering(c *Configuration, f *finder) {
	for _, w := range c.audit {
		_, behind := w.split()
		for _, p := range behind {
			if p.is(altering) {
				f.find(p.named, "%s in the pipeline %s stands between the audit processor and %s: identity, MAC and redaction are of the record as the audit processor made it", p.name, p.pipeline.name, w.exporter().name)
			}
		}
	}
}

// harmless neither drop nor delay, nor are they looked for by a check above.
var harmless = []string{"memory_limiter", "audit", "resource", "resourcedetection", "k8sattributes", "batch", "filter", "logdedup", "log_dedup"}

func findUnknown(c *Configuration, f *finder) {
	for _, w := range c.audit {
		for _, p := range w.processors() {
			if !p.is(harmless) && !p.is(samplers) && !p.is(altering) {
				f.find(p.named, "%s in the pipeline %s is on the way to %s", p.name, p.pipeline.name, w.exporter().name)
			}
		}
	}
}

func findMissingProcessor(c *Configuration, f *finder) {
	for _, w := range c.audit {
		if _, ok := w.audit(); !ok {
			f.find(w.exporter().named, "no audit processor on the way %s", w)
		}
	}
}

func findOthers(c *Configuration, f *finder) {
	for _, w := range c.audit {
		processor, ok := w.audit()
		if !ok || w.connector != nil || !w.exporter().is([]string{"audit", "auditjournal"}) {
			continue
		}
		if others := processor.config.at("others"); !f.open(others, processor.name+"::others") && others.str("pass") == "pass" {
			f.find(others.or(processor.config), "%s passes ordinary records on, and the way %s ends in a sink that skips them", processor.name, w)
		}
	}
}

func findMarkOff(c *Configuration, f *finder) {
	audit := map[*value]bool{} // what findSamplers looks at
	for _, w := range c.audit {
		for _, s := range w.stops {
			audit[s.named] = true
		}
	}
	for _, w := range c.copies {
		processor, ok := w.audit()
		_, behind := w.split()
		for _, p := range behind {
			if !ok || p.kind() != "probabilistic_sampler" || audit[p.named] {
				continue
			}
			priority := p.config.at("sampling_priority")
			if name := priority.str(""); !f.open(priority, p.name+"::sampling_priority") && (name == "" || !slices.Contains(w.marks(processor), name)) {
				f.find(p.named, "%s in the pipeline %s does not look at the mark of the processor %s, or of the connector behind it", p.name, p.pipeline.name, processor.name)
			}
		}
	}
}

// marks are the attributes that tell a sampler on the way to keep a copy.
func (w *way) marks(processor stop) []string {
	marks := []string{mark(processor)}
	if w.connector == nil || w.requirement != remaining {
		return marks
	}
	attribute := w.connector.config.at("sampling_attribute")
	if attribute == nil {
		return append(marks, "sampling.priority")
	}
	return append(marks, attribute.str(""))
}

func findUndefined(c *Configuration, f *finder) {
	for _, u := range c.undefined {
		f.find(u.named, "%s, which is configured nowhere", u.what)
	}
	for _, connector := range c.all("connectors") {
		if connector.kind() == "audit" {
			findUnrouted(c, f, connector)
		}
	}
}

// findUnrouted holds an audit connector's lists against the pipelines that receive
// from it: each of these stands in exactly one of them.
func findUnrouted(c *Configuration, f *finder, connector *component) {
	open := false
	listed := map[string]bool{}
	for _, list := range []string{"required", "best_effort", "rest"} {
		section := connector.config.at(list)
		open = f.open(section, connector.name+"::"+list) || open
		for _, item := range section.list() {
			name := strings.TrimSpace(item.str(""))
			open = f.open(item, connector.name+"::"+list) || open
			switch {
			case item.unread():
			case listed[name]:
				f.find(item, "%s has the pipeline %s in two of its lists", connector.name, nameOf(name, item))
			case !c.receives(name, connector.id):
				f.find(item, "%s::%s names the pipeline %s, which does not receive from it", connector.name, list, nameOf(name, item))
			}
			listed[name] = true
		}
	}
	for _, p := range c.pipelines {
		if !open && p.receivesFrom(connector.id) && !listed[p.id] {
			f.find(p.at, "the pipeline %s receives from %s, which has it in none of its lists", p.name, connector.name)
		}
	}
}

func (c *Configuration) receives(id, connector string) bool {
	return slices.ContainsFunc(c.pipelines, func(p *pipeline) bool { return p.id == id && p.receivesFrom(connector) })
}
