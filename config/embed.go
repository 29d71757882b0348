// Package config holds the configurations that are shipped: one YAML file per
// role, the same in every environment, and one file of variables per
// environment. Only what a program starts by itself is embedded.
package config

import _ "embed" // for the directive below

// Dev is dev.yaml, which `otelaudit dev` runs.
//
//go:embed dev.yaml
var Dev []byte
