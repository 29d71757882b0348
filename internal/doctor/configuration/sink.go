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

// fromOutbox brings the traces of reads from the database.
const fromOutbox = "auditaccess"

func (c *component) is(kinds []string) bool { return slices.Contains(kinds, c.kind()) }

// classify divides the ways. Those of the rest that carry no event are neither.
func (c *Configuration) classify() {
	better := map[string]bool{} // receivers from which something evident is reached
	for _, w := range c.ways {
		if w.requirement != remaining && w.exporter().is(evident) {
			better[w.receiver().id] = true
		}
	}
	sees := map[string]bool{} // receivers that bring audit records
	for _, w := range c.ways {
		if w.isAudit(better[w.receiver().id]) {
			c.audit = append(c.audit, w)
			sees[w.receiver().id] = true
		}
	}
	for _, w := range c.ways {
		carries := w.requirement != remaining || w.copies
		if carries && sees[w.receiver().id] && !w.isAudit(better[w.receiver().id]) {
			c.copies = append(c.copies, w)
		}
	}
}

// isAudit reports whether the end of the way must have audit records; better says
// that what the receiver gets also reaches an evident sink.
func (w *way) isAudit(better bool) bool {
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
	return e.is(stock) && !better
}

// sinks are the exporters at the end of audit ways, each once.
func (c *Configuration) sinks() []stop {
	var sinks []stop
	for _, w := range c.audit {
		e := w.exporter()
		if !slices.ContainsFunc(sinks, func(s stop) bool { return s.component == e.component }) {
			sinks = append(sinks, e)
		}
	}
	return sinks
}

// forwards reports whether the sink hands records to another collector.
func forwards(s stop) bool { return s.kind() == "audit_forward" || s.is(stock) }

// buffers reports whether the sink answers when all in-sync replicas of a broker
// have the records: a stop on the way to a collector, like a forwarder's queue.
func buffers(s stop) bool {
	acks := s.config.at("producer", "required_acks").str("1")
	queue := s.config.at("sending_queue")
	waits := queue.at("enabled").str("true") == "false" || queue.at("wait_for_result").boolean(false)
	return s.kind() == "kafka" && (acks == "all" || acks == "-1") && waits
}

// auditProcessors are those on audit ways, each once.
func (c *Configuration) auditProcessors() []stop {
	var all []stop
	for _, w := range c.audit {
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
