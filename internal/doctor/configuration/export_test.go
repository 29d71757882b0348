package configuration

// Names are the texts of the list that the keys lead to, as the collector gets
// them.
func (c *Configuration) Names(keys ...string) []string { return c.root.at(keys...).names() }
