package configuration_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
)

// marker stands for a secret: in variables and files, and never in a report.
const marker = "zQmarker"

// hideIn replaces a node by references to what holds the marker, one after the
// other, and calls try each time.
func hideIn(t *testing.T, node, root *yaml.Node, try func(text, variable string)) {
	t.Helper()
	was := *node
	marked := []string{
		marker, "[" + marker + "]", "{" + marker + ": {" + marker + ": " + marker + "}}", marker + ":*:1:\n", "http://" + marker + ":" + marker + "@" + marker + "/" + marker,
		"otlp/" + marker,
	}
	if was.Kind != yaml.ScalarNode {
		text, err := yaml.Marshal(&was)
		require.NoError(t, err)
		if was.Kind == yaml.MappingNode {
			marked = append(marked, string(text)+marker+": {endpoint: "+marker+"}\n", string(text)+"audit/"+marker+": {url: "+marker+"}\n")
		} else {
			marked = append(marked, string(text)+"- "+marker+"\n")
		}
	}
	for _, reference := range []string{"${env:MARK}", "${file:mark}", "x${env:MARK}", "${env:${env:MARK}}", "${file:${env:MARK}}", "${${env:MARK}:x}"} {
		for _, variable := range marked {
			*node = yaml.Node{Kind: yaml.ScalarNode, Value: reference, Style: yaml.SingleQuotedStyle}
			var text bytes.Buffer
			require.NoError(t, yaml.NewEncoder(&text).Encode(root))
			*node = was
			try(text.String(), variable)
		}
	}
}

// everywhere hides the marker at every place of a document.
func everywhere(t *testing.T, node, root *yaml.Node, try func(text, variable string)) {
	t.Helper()
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			continue // references in keys are not resolved
		}
		hideIn(t, child, root, try)
		everywhere(t, child, root, try)
	}
}

// TestWhatAReferenceHoldsIsNeverShown: wherever a variable or a file stands in a
// configuration, no finding, remark, statement or error has a part of it.
func TestWhatAReferenceHoldsIsNeverShown(t *testing.T) {
	for _, file := range []string{"testdata/base.yaml", "../../../config/production.yaml"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var root yaml.Node
		require.NoError(t, yaml.Unmarshal(text, &root))
		tried := 0
		everywhere(t, root.Content[0], &root, func(text, variable string) {
			tried++
			said := allOutput(t, text, variable)
			if strings.Contains(said, marker) {
				require.Fail(t, "shown", "MARK=%s\n%s\n%s", variable, said, text)
			}
		})
		require.Greater(t, tried, 1000, filepath.Base(file))
	}
}

// allOutput is all that doctor and policy have to say.
func allOutput(t *testing.T, text, variable string) string {
	t.Helper()
	env := configuration.Environment{
		Lookup: func(name string) (string, bool) { return variable, name == "MARK" },
		Read: func(name string) ([]byte, error) {
			switch name {
			case "c.yaml":
				return []byte(text), nil
			case "mark":
				return []byte(variable), nil
			}
			return nil, os.ErrNotExist
		},
	}
	c, err := configuration.Load([]string{"c.yaml"}, env)
	if err != nil {
		return err.Error()
	}
	report := doctor.NewReport()
	require.NoError(t, doctor.Run(t.Context(), report, doctor.Choice{}, configuration.Probes(), c))
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v\n%+v", report.Findings, report.Unchecked, report.NotApplicable, c.Policy(), c.Unread())
}

// TestAddressesAreShownWithoutSecrets: scheme, host and port, and references as
// they stand in the file.
func TestAddressesAreShownWithoutSecrets(t *testing.T) {
	for endpoint, want := range map[string]string{
		"collector:4317":                                       "collector:4317",
		"https://siem.example.com:8088":                        "https://siem.example.com:8088",
		"https://u:hunter2@siem.example.com/hook":              "https://siem.example.com",
		"https://hooks.example.com/T0/hunter2?hunter2#hunter2": "https://hooks.example.com",
		"u:hunter2@siem:1":                                     "siem:1",
		"https://u:hun/ter2@siem":                              "(not readable)",
		"//u:hunter2@siem/hunter2":                             "(not readable)",
		"u p hunter2":                                          "(not readable)",
		"[::1]:4317":                                           "[::1]:4317",
		"${env:HOOK}":                                          "${env:HOOK}",
		"${env:HOOK:-http://hunter2}":                          "${env:HOOK}",
		"${env:HOOK}:4317":                                     "${env:HOOK}:4317",
		"https://u:hunter2@${env:HOOK}/${env:HOOK}":            "https://${env:HOOK}",
	} {
		t.Run(endpoint, func(t *testing.T) {
			file := write(t, t.TempDir(), "c.yaml", strings.NewReplacer(
				"exporters: {audit: {url", "exporters: {otlp_http: {endpoint: '"+endpoint+"'}, audit: {url", "exporters: [audit]", "exporters: [audit, otlp_http]").Replace(small))
			c, err := configuration.Load([]string{file}, environment(map[string]string{"HOOK": "https://u:hunter2@h/x"}))
			require.NoError(t, err)
			said := ""
			for _, s := range c.Policy() {
				require.NotContains(t, s.Says, "hunter2")
				if s.Section == configuration.Transport && s.Subject == "otlp_http" {
					said += s.Says
				}
			}
			require.Contains(t, said, "sends to "+want+" with")
		})
	}
}
