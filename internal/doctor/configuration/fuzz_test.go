package configuration_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
)

// FuzzLoad: any text is a configuration, with findings, or an error; nothing
// else happens, and what is in variables is shown by neither.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/*/*.yaml", "../../../config/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(string(text))
		}
	}
	for _, text := range []string{
		"a: &a [*a]", "a: &a {b: *a}", "a: &a [x]\nb: [*a, *a]", "<<: {service: {pipelines: 1}}", "? [a]\n: b",
		"service: [pipelines]", "a: ${env:A}", "a: $${env:A}", "a: ${env:${env:B}}", "a: ${file:x}", "a: ${", "- a", "&a a: *a", "a: ${env:LOOP}",
		"service: {pipelines: {logs: {receivers: otlp, exporters: audit}}}", "service: ${env:MAP}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env := configuration.Environment{
			Lookup: func(name string) (string, bool) {
				switch name {
				case "LOOP":
					return "${env:LOOP}${env:LOOP}", true
				case "MAP":
					return "{pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}", true
				case "AUDIT_WRITER_URL":
					return "postgres://u:" + password + "@h/d", true
				}
				return "", false
			},
			Read: func(name string) ([]byte, error) {
				if name == "c.yaml" {
					return []byte(text), nil
				}
				return nil, errors.New("no such file")
			},
		}
		c, err := configuration.Load([]string{"c.yaml"}, env)
		if err != nil {
			require.NotContains(t, err.Error(), password)
			return
		}
		report := doctor.NewReport()
		require.NoError(t, doctor.Run(t.Context(), report, doctor.Choice{}, configuration.Probes(), c))
		for _, finding := range report.Findings {
			require.NotContains(t, finding.Where+finding.Detail, password)
		}
	})
}
