// Package configuration looks at a collector's configuration files as the
// collector will read them: which ways lead from a receiver to an audit sink,
// and what on such a way would lose, alter or show what passes.
//
// It reads YAML and knows the keys and defaults of the components; it links no
// Collector code, and it starts nothing. What it shows are names of components,
// keys and lines, never a value: a value may be a secret.
package configuration
