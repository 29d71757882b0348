package configuration

import (
	"slices"
	"strings"
)

// component is a receiver, processor, exporter, connector or extension.
type component struct {
	section string // receivers, processors, …
	id      string // type or type/name
	name    string // id for people, see nameOf
	config  *value
}

// kind is the component's type.
func (c *component) kind() string { return typeOf(c.id) }

func typeOf(id string) string {
	kind, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(kind)
}

// stop is a component where a pipeline names it.
type stop struct {
	*component

	pipeline *pipeline
	named    *value // the name in the pipeline's list
}

// pipeline is one entry of service::pipelines.
type pipeline struct {
	id         string
	name       string // id for people, see nameOf
	at         *value
	receivers  []stop
	processors []stop
	exporters  []stop
}

// carriesLogs reports whether the pipeline is one of logs: audit records are in
// no other.
func (p *pipeline) carriesLogs() bool { return typeOf(p.id) == "logs" }

// Requirement is how an audit connector treats a pipeline.
type requirement string

const (
	required   requirement = "required"
	bestEffort requirement = "best effort"
	remaining  requirement = "rest" // behind the answer, for copies and ordinary records
)

// way is one way from a receiver to an exporter, through every connector on it.
type way struct {
	stops       []stop
	requirement requirement
	connector   *component // the audit connector on it, nil without
	copies      bool       // on a way of the rest: copies of events go it, too
}

func (w *way) receiver() stop { return w.stops[0] }
func (w *way) exporter() stop { return w.stops[len(w.stops)-1] }

// between are the processors on the way, with their places in stops.
func (w *way) processors() []stop {
	var all []stop
	for _, s := range w.stops {
		if s.section == "processors" {
			all = append(all, s)
		}
	}
	return all
}

// audit is the first audit processor on the way; ok is false without one.
func (w *way) audit() (first stop, ok bool) {
	for _, s := range w.processors() {
		if s.kind() == "audit" {
			return s, true
		}
	}
	return stop{}, false
}

// split divides the processors at the first audit processor.
func (w *way) split() (before, behind []stop) {
	all := w.processors()
	i := slices.IndexFunc(all, func(s stop) bool { return s.kind() == "audit" })
	if i < 0 {
		return all, nil
	}
	return all[:i], all[i+1:]
}

// String names the components of the way.
func (w *way) String() string {
	names := make([]string, len(w.stops))
	for i, s := range w.stops {
		names[i] = s.name
	}
	return strings.Join(names, " → ")
}

// maxSteps bounds what is walked, in entries of pipelines' lists of exporters; a
// configuration of people has a dozen.
const maxSteps = 2_000

// walk finds every way through the pipelines of logs.
func (c *Configuration) walk() {
	for _, p := range c.pipelines {
		for _, r := range p.receivers {
			if r.section == "receivers" && p.carriesLogs() {
				c.follow(&way{stops: []stop{r}, requirement: required}, p, nil)
			}
		}
	}
}

func (c *Configuration) follow(so *way, p *pipeline, behind []*pipeline) {
	if slices.Contains(behind, p) {
		return // a circle, which the collector refuses
	}
	behind = append(slices.Clip(behind), p)
	stops := append(slices.Clip(so.stops), p.processors...)
	for _, e := range p.exporters {
		next := *so
		next.stops = append(slices.Clip(stops), e)
		c.steps++
		if c.steps > maxSteps {
			return
		}
		if e.section != "connectors" {
			c.ways = append(c.ways, &next)
			continue
		}
		for _, target := range c.pipelines {
			if target.carriesLogs() && target.receivesFrom(e.id) {
				c.cross(next, e, target, behind)
			}
		}
	}
}

// cross goes on behind a connector.
func (c *Configuration) cross(so way, through stop, target *pipeline, behind []*pipeline) {
	if through.kind() == "audit" {
		so.connector = through.component
		so.enter(through.config, target.id)
	}
	c.follow(&so, target, behind)
}

// enter notes in which list of the audit connector a pipeline stands.
func (w *way) enter(connector *value, target string) {
	switch {
	case connector.at("rest").holds(target):
		w.requirement = remaining
		w.copies = connector.at("audit_records").str("both") != "audit_only"
	case connector.at("best_effort").holds(target) && w.requirement == required:
		w.requirement = bestEffort
	}
}

func (p *pipeline) receivesFrom(connector string) bool {
	return slices.ContainsFunc(p.receivers, func(s stop) bool { return s.id == connector && s.section == "connectors" })
}
