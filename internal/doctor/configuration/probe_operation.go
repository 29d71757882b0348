package configuration

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// operationProbes are about what keeps the collector up, and what says so when
// it is not.
func operationProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "memory_limiter", Severity: doctor.P1, Section: docWhen,
			Title: "Nothing refuses requests before memory runs out",
			Fix:   "put memory_limiter first among the processors behind the receiver",
		}, findNoLimiter),
		probe(doctor.Check{
			ID: "audit_guard", Severity: doctor.P1, Section: docWayIn,
			Title: "One request of deeply nested values can end the collector",
			Fix:   "middlewares: [{id: audit_guard}] at each protocol, the extension audit_guard, and its name in service::extensions",
		}, findNoGuard),
		probe(doctor.Check{
			ID: "health_check", Severity: doctor.P1, Section: docMetrics,
			Title: "Nothing outside hears that audit records cannot be stored",
			Fix:   "the extension health_check with component_health: {include_recoverable_errors: true, include_permanent_errors: true}, and the collector started with --feature-gates=+extension.healthcheck.useComponentStatus",
		}, findNoHealth),
		probe(doctor.Check{
			ID: "telemetry_off", Severity: doctor.P2, Section: docMetrics,
			Title: "The collector's own metrics are off",
			Fix:   "remove service::telemetry::metrics::level: none; refused and quarantined records are seen nowhere else",
		}, findNoTelemetry),
		probe(doctor.Check{
			ID: "ambiguous_name", Severity: doctor.P2, Section: docDeploy,
			Title: "An exporter and a connector have one name",
			Fix:   "give the connector a name of its own, as in audit/route",
		}, findAmbiguous),
		probe(doctor.Check{
			ID: "unused", Severity: doctor.P2, Section: docDeploy,
			Title: "A component is configured and not used",
			Fix:   "name it in a pipeline or in service::extensions, or take it out",
		}, findUnused),
		probe(doctor.Check{
			ID: "gomemlimit", Severity: doctor.P2, Section: "performance.md#measured",
			Title: "The Go runtime is not told how much memory there is",
			Fix:   "set GOMEMLIMIT in the collector's environment, a little below memory_limiter's limit, and run the doctor in that environment",
		}, findNoMemLimit),
		probe(doctor.Check{
			ID: "resolved", Severity: doctor.P2, Section: docDeploy,
			Title: "A reference cannot be resolved here",
			Fix:   "run the doctor with the environment of the collector: set -a; . config/env/production.env; set +a",
		}, findUnresolved),
	}
}

func findNoLimiter(c *Configuration, f *finder) {
	for _, w := range c.audit {
		if len(endpoints(w.receiver())) == 0 {
			continue
		}
		processors := w.processors()
		entry := w.receiver().pipeline
		if len(processors) == 0 || processors[0].kind() != "memory_limiter" {
			f.find(entry.at.at("processors").or(entry.at), "the pipeline %s does not begin with memory_limiter", entry.name)
		}
	}
}

func findNoGuard(c *Configuration, f *finder) {
	for _, w := range c.audit {
		if w.receiver().kind() != "otlp" {
			continue
		}
		for _, e := range endpoints(w.receiver()) {
			middlewares := e.config.at("middlewares")
			guard, shownGuard := "", ""
			for _, item := range middlewares.list() {
				if id := item.at("id").str(""); typeOf(id) == "audit_guard" {
					guard, shownGuard = id, nameOf(id, item.at("id"))
				}
			}
			switch {
			case guard == "":
				f.find(middlewares.or(e.at()), "%s has no audit_guard", e.name())
			case !c.runs(guard) || c.extension(guard) == nil:
				f.find(middlewares, "%s names %s, which service::extensions does not start", e.name(), shownGuard)
			}
		}
	}
}

func findNoHealth(c *Configuration, f *finder) {
	if len(c.sinks()) == 0 {
		f.result.NotApplicable("no pipeline has an audit sink")
		return
	}
	for _, e := range c.all("extensions") {
		if typeOf(e.id) != "health_check" || !c.runs(e.id) {
			continue
		}
		health := e.config.at("component_health")
		for _, key := range []string{"include_recoverable_errors", "include_permanent_errors"} {
			if v := health.at(key); !f.open(v, e.name+"::component_health::"+key) && !v.boolean(false) {
				f.find(v.or(health, e.config), "%s answers 200 whatever happens to audit records: component_health::%s is not set", e.name, key)
			}
		}
		return
	}
	f.find(c.root.at("service", "extensions").or(c.root.at("service"), c.root), "service::extensions starts no health_check")
}

func findNoTelemetry(c *Configuration, f *finder) {
	if level := c.root.at("service", "telemetry", "metrics", "level"); level.str("") == "none" {
		f.find(level, "service::telemetry::metrics::level is none")
	}
}

func findAmbiguous(c *Configuration, f *finder) {
	for _, connector := range c.all("connectors") {
		if other := c.components["exporters"][connector.id]; other != nil {
			f.find(connector.config, "%s is the name of a connector and of an exporter", connector.name)
		}
	}
}

func findUnused(c *Configuration, f *finder) {
	used := map[*component]bool{}
	for _, p := range c.pipelines {
		for _, s := range slices.Concat(p.receivers, p.processors, p.exporters) {
			used[s.component] = true
		}
	}
	for _, section := range []string{"receivers", "processors", "connectors", "exporters"} {
		for _, component := range c.all(section) {
			if !used[component] {
				f.find(component.config, "%s: %s is in no pipeline", section, component.name)
			}
		}
	}
	for _, component := range c.all("extensions") {
		if !c.runs(component.id) {
			f.find(component.config, "extensions: %s is not started", component.name)
		}
	}
}

func findNoMemLimit(c *Configuration, f *finder) {
	if !c.memoryLimited {
		f.find(c.root.at("processors", "memory_limiter").or(c.root.at("processors"), c.root), "GOMEMLIMIT is not set in this environment")
	}
}

func findUnresolved(c *Configuration, f *finder) {
	for _, name := range c.unset {
		f.result.CouldNotCheck("the variable %s is not set here: the collector would read an empty text", name)
	}
	for _, what := range c.unreadable {
		f.result.CouldNotCheck("%s cannot be read here", what)
	}
	if c.steps > maxSteps {
		f.result.CouldNotCheck("more than %d steps lead from receivers to exporters; the rest was not looked at", maxSteps)
	}
}
