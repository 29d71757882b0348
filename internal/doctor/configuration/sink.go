package configuration

import "slices"

// Exporters by what an audit record finds in them.
var (
	// evident keep records so that a removal shows, or bring them there whatever
	// the next collector answers.
	evident = []string{"audit", "auditjournal", "audit_forward"}
	// stock are the exporters of the Collector that other collectors take from.
	stock = []string{"otlp", "otlp_grpc", "otlphttp", "otlp_http"}
	// void keep nothing.
	void = []string{"debug", "nop", "logging"}
	// samplers let a part through.
	samplers = []string{"probabilistic_sampler", "tail_sampling"}
)

func (c *component) is(kinds []string) bool { return slices.Contains(kinds, c.kind()) }

// auditWays are the ways on which an audit record reaches something that must
// have it. Everything else is a copy.
func (c *Configuration) auditWays() []*way {
	var ways []*way
	for _, w := range c.ways {
		if c.isAudit(w) {
			ways = append(ways, w)
		}
	}
	return ways
}

// otherWays are those on which copies of audit records, or audit records beside
// the audit path, go.
func (c *Configuration) otherWays() []*way {
	var ways []*way
	for _, w := range c.ways {
		carries := w.requirement != remaining || w.copies
		if carries && !c.isAudit(w) && c.seesAudit(w.receiver().id) {
			ways = append(ways, w)
		}
	}
	return ways
}

func (c *Configuration) isAudit(w *way) bool {
	e := w.exporter()
	switch {
	case w.requirement == remaining:
		return false
	case e.is(evident):
		return true
	case e.is(void):
		return false
	case w.connector != nil:
		return w.requirement == required
	}
	// Where nothing better takes what this receiver gets, a stock exporter is how
	// audit records leave.
	return e.is(stock) && !c.reachesEvident(w.receiver().id)
}

func (c *Configuration) reachesEvident(receiver string) bool {
	return slices.ContainsFunc(c.ways, func(w *way) bool {
		return w.receiver().id == receiver && w.requirement != remaining && w.exporter().is(evident)
	})
}

// seesAudit reports whether what the receiver gets reaches an audit sink.
func (c *Configuration) seesAudit(receiver string) bool {
	return slices.ContainsFunc(c.ways, func(w *way) bool { return w.receiver().id == receiver && c.isAudit(w) })
}

// sinks are the exporters at the end of audit ways, each once.
func (c *Configuration) sinks() []stop {
	var sinks []stop
	for _, w := range c.auditWays() {
		e := w.exporter()
		if !slices.ContainsFunc(sinks, func(s stop) bool { return s.component == e.component }) {
			sinks = append(sinks, e)
		}
	}
	return sinks
}

// forwarders are the sinks that hand records to another collector.
func forwards(s stop) bool { return s.kind() == "audit_forward" || s.is(stock) }

// auditProcessors are those on audit ways, each once.
func (c *Configuration) auditProcessors() []stop {
	var all []stop
	for _, w := range c.auditWays() {
		for _, p := range w.processors() {
			if p.kind() == "audit" && !slices.ContainsFunc(all, func(s stop) bool { return s.component == p.component }) {
				all = append(all, p)
			}
		}
	}
	return all
}

// mark is the attribute that an audit processor sets so that samplers keep audit
// records.
func mark(processor stop) string {
	attribute := processor.config.at("sampling", "attribute")
	if attribute == nil || attribute.kind == null {
		return "sampling.priority"
	}
	return attribute.str("")
}
