package configuration

import (
	"slices"
	"strings"
)

// Configuration is a collector's configuration, read, merged and resolved.
type Configuration struct {
	root       *value
	components map[string]map[string]*component // section → id
	pipelines  []*pipeline
	extensions []string // of service::extensions
	undefined  []undefined

	steps  int    // taken to find the ways
	ways   []*way // all of them
	audit  []*way // on which an audit record reaches something that must have it
	copies []*way // of what else audit records go, marked or unredacted

	unset         []string
	unreadable    []string
	memoryLimited bool // GOMEMLIMIT is set
}

// undefined is a name that stands for nothing.
type undefined struct {
	what  string
	named *value
}

// Load reads the files as a collector started with them would. Its errors name
// the file and the line, and hold no value.
func Load(files []string, env Environment) (*Configuration, error) {
	l := &loader{env: env}
	root, err := l.load(files)
	if err != nil {
		return nil, err
	}
	c := &Configuration{root: root, components: map[string]map[string]*component{}, unset: l.unset, unreadable: l.unreadable}
	for _, section := range []string{"receivers", "processors", "exporters", "connectors", "extensions"} {
		c.components[section] = map[string]*component{}
		if configured := root.at(section); configured != nil {
			for _, id := range configured.keys {
				c.components[section][strings.TrimSpace(id)] = &component{section: section, id: strings.TrimSpace(id), name: nameOf(id, configured), config: configured.members[id]}
			}
		}
	}
	_, c.memoryLimited = env.Lookup("GOMEMLIMIT")
	c.readService()
	c.walk()
	c.classify()
	return c, nil
}

func (c *Configuration) readService() {
	for _, item := range c.root.at("service", "extensions").list() {
		c.extensions = append(c.extensions, item.str(""))
		if c.components["extensions"][item.str("")] == nil && !item.unread() {
			c.undefined = append(c.undefined, undefined{"service::extensions names " + nameOf(item.str(""), item), item})
		}
	}
	pipelines := c.root.at("service", "pipelines")
	if pipelines == nil {
		return
	}
	for _, id := range pipelines.keys {
		at := pipelines.members[id]
		p := &pipeline{id: strings.TrimSpace(id), name: nameOf(id, pipelines), at: at}
		p.receivers = c.stops(p, at.at("receivers"), "receivers", "connectors")
		p.processors = c.stops(p, at.at("processors"), "processors")
		p.exporters = c.stops(p, at.at("exporters"), "exporters", "connectors")
		c.pipelines = append(c.pipelines, p)
	}
}

// stops are the components that a list of a pipeline names.
func (c *Configuration) stops(p *pipeline, list *value, sections ...string) []stop {
	var stops []stop
	for _, item := range list.list() {
		id := item.str("")
		found := false
		for _, section := range sections {
			if known := c.components[section][id]; known != nil && !found {
				stops = append(stops, stop{known, p, item})
				found = true
			}
		}
		if !found && !item.unread() {
			c.undefined = append(c.undefined, undefined{"the pipeline " + p.name + " names " + nameOf(id, item), item})
		}
	}
	return stops
}

// extension is a configured extension, nil for none.
func (c *Configuration) extension(id string) *component { return c.components["extensions"][id] }

// runs reports whether the extension is started.
func (c *Configuration) runs(id string) bool { return slices.Contains(c.extensions, id) }

// all returns the components of a section in the order of the file.
func (c *Configuration) all(section string) []*component {
	var all []*component
	if configured := c.root.at(section); configured != nil {
		for _, id := range configured.keys {
			all = append(all, c.components[section][strings.TrimSpace(id)])
		}
	}
	return all
}
