package configuration_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
)

// write makes a file of a test.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// keys are the names that redaction adds in some files, as the collector gets them.
func keys(t *testing.T, variables map[string]string, files ...string) string {
	t.Helper()
	c, err := configuration.Load(files, environment(variables))
	require.NoError(t, err)
	return strings.Join(c.Names("processors", "audit", "redaction", "keys"), ", ")
}

const small = `
receivers: {otlp: {protocols: {grpc: }}}
processors: {audit: }
exporters: {audit: {url: "${env:URL}", integrity: {key_file: log.key}}}
service: {pipelines: {logs: {receivers: [otlp], processors: [audit], exporters: [audit]}}}
`

// TestFilesAreReadAsByTheCollector: maps are merged, lists replaced, references
// resolved wherever they stand.
func TestFilesAreReadAsByTheCollector(t *testing.T) {
	dir := t.TempDir()
	base := write(t, dir, "base.yaml", small)
	part := write(t, dir, "part.yaml", "keys: [from_file]\n")
	for name, test := range map[string]struct {
		overlay   string
		variables map[string]string
		want      string
	}{
		"nothing":              {"", nil, ""},
		"null":                 {"processors: {audit: null}", nil, ""},
		"merged":               {"processors: {audit: {redaction: {keys: [a, b]}}}", nil, "a, b"},
		"variable":             {`processors: {audit: {redaction: {keys: ["${env:KEY}", "${KEY}2", "x${env:KEY}y"]}}}`, map[string]string{"KEY": "iban"}, "iban, iban2, xibany"},
		"default":              {`processors: {audit: {redaction: {keys: ["${env:KEY:-one}", "${env:SET:-two}"]}}}`, map[string]string{"SET": "three"}, "one, three"},
		"nested":               {`processors: {audit: {redaction: {keys: ["${env:${env:WHICH}}"]}}}`, map[string]string{"WHICH": "KEY", "KEY": "iban"}, "iban"},
		"escaped":              {`processors: {audit: {redaction: {keys: ["$${env:KEY}"]}}}`, map[string]string{"KEY": "iban"}, "${env:KEY}"},
		"a list in a variable": {`processors: {audit: {redaction: {keys: "${env:KEYS}"}}}`, map[string]string{"KEYS": "[a, b]"}, "a, b"},
		"a map in a variable":  {`processors: {audit: "${env:AUDIT}"}`, map[string]string{"AUDIT": "{redaction: {keys: [m]}}"}, "m"},
		"a file":               {"processors: {audit: {redaction: '${file:" + part + "}'}}", nil, "from_file"},
		"yaml":                 {"processors: {audit: {redaction: {keys: '${yaml:[y]}'}}}", nil, "y"},
		"an anchor":            {"x: &k [a]\nprocessors: {audit: {redaction: {keys: *k}}}", nil, "a"},
		"a merge key":          {"x: &r {redaction: {keys: [a]}}\nprocessors: {audit: {<<: *r}}", nil, "a"},
		"unset":                {`processors: {audit: {redaction: {keys: ["${env:NOT}"]}}}`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			overlay := write(t, t.TempDir(), "overlay.yaml", test.overlay)
			require.Equal(t, test.want, keys(t, test.variables, base, overlay))
		})
	}
	require.Equal(t, "y", keys(t, nil, "file:"+base, "yaml:processors::audit::redaction::keys: [y]"))
	require.Empty(t, keys(t, map[string]string{"ALL": small}, "env:ALL"))
}

func TestWhatIsNoConfiguration(t *testing.T) {
	dir := t.TempDir()
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for _, letter := range []string{"b", "c", "d", "e", "f", "g"} {
		before := string(letter[0] - 1)
		bomb += letter + ": &" + letter + " [" + strings.Repeat("*"+before+", ", 9) + "*" + before + "]\n"
	}
	for name, test := range map[string]struct{ text, want string }{
		"broken":            {"a: [", "c.yaml: line 1: did not find expected node content"},
		"list":              {"- a", "c.yaml:1: a collector's configuration is a map"},
		"twice":             {"a: 1\nb: 2\na: 3", "c.yaml:3: the key a stands there twice"},
		"no text as a key":  {"? [a]\n: b", "c.yaml:1: a key must be a text"},
		"too much":          {bomb, configuration.ErrTooLarge.Error()},
		"too deep":          {strings.Repeat("{a: ", 300) + strings.Repeat("}", 300), configuration.ErrTooLarge.Error()},
		"itself":            {"a: &a [*a]", configuration.ErrTooLarge.Error()},
		"a variable's loop": {"a: ${env:LOOP}", "c.yaml:1: a reference leads to itself"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, dir, "c.yaml", test.text)
			_, err := configuration.Load([]string{file}, environment(map[string]string{"LOOP": "${env:LOOP}"}))
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := configuration.Load([]string{filepath.Join(dir, "nowhere.yaml")}, environment(nil))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = configuration.Load([]string{"env:NOWHERE"}, environment(nil))
	require.EqualError(t, err, "env:NOWHERE: the variable is not set")
}

// TestWhatIsNotKnownIsNotJudged: a value that cannot be had here makes a check
// incomplete, and no finding.
func TestWhatIsNotKnownIsNotJudged(t *testing.T) {
	dir := t.TempDir()
	overlay := write(t, dir, "overlay.yaml", `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:ENDPOINT}", tls: null}}}}
processors: {audit: {redaction: {enabled: "${env:REDACT}"}}}
exporters: {audit: {integrity: {anchor_file: "${vault:x}"}}, auditjournal: {integrity: {key_file: "${file:nowhere}"}}}
`)
	report := look(t, sound(), "testdata/base.yaml", overlay)
	require.Empty(t, found(report))
	why := []string{}
	for _, remark := range report.Unchecked {
		why = append(why, remark.ID+" "+strings.ReplaceAll(remark.Why, dir+"/", ""))
	}
	slices.Sort(why)
	require.Equal(t, []string{
		"config.listens_open otlp::grpc (overlay.yaml:2) comes from a variable or a file that is not there",
		"config.listens_plain otlp::grpc (overlay.yaml:2) comes from a variable or a file that is not there",
		"config.redaction_off audit::redaction::enabled (overlay.yaml:3) comes from a variable or a file that is not there",
		"config.resolved nowhere cannot be read here",
		"config.resolved the variable ENDPOINT is not set here: the collector would read an empty text",
		"config.resolved the variable REDACT is not set here: the collector would read an empty text",
		"config.resolved vault: (a source that only the collector can read) cannot be read here",
	}, why)
	require.Equal(t, doctor.Incomplete, report.Verdict(true))
}

func TestNoSink(t *testing.T) {
	for name, text := range map[string]string{
		"empty":    "",
		"no sink":  "receivers: {otlp: }\nexporters: {file: }\nservice: {pipelines: {logs: {receivers: [otlp], exporters: [file]}}}",
		"no logs":  strings.ReplaceAll(small, "logs:", "traces:"),
		"a circle": "receivers: {otlp: }\nconnectors: {forward: }\nservice: {pipelines: {logs/a: {receivers: [otlp, forward], exporters: [forward]}}}",
	} {
		t.Run(name, func(t *testing.T) {
			report := look(t, sound(), write(t, t.TempDir(), "c.yaml", text))
			require.Contains(t, strings.Join(found(report), "\n"), "P0 config.no_sink")
		})
	}
	foreign := strings.NewReplacer("exporters: [audit]", "exporters: [file]", "exporters: {audit: {url: \"${env:URL}\", integrity: {key_file: log.key}}}",
		"exporters: {file: {path: x}}\nconnectors: {audit/route: {required: [logs/file]}}").Replace(small)
	foreign = strings.Replace(foreign, "exporters: [file]}}}", "exporters: [audit/route]}, logs/file: {receivers: [audit/route], exporters: [file]}}}", 1)
	require.Contains(t, strings.Join(found(look(t, sound(), write(t, t.TempDir(), "c.yaml", foreign))), "\n"), "c.yaml:6 P0 config.no_sink")
}

func TestMemoryLimitOfTheRuntime(t *testing.T) {
	variables := sound()
	delete(variables, "GOMEMLIMIT")
	require.Equal(t, []string{"base.yaml:27 P2 config.gomemlimit"}, found(look(t, variables, "testdata/base.yaml")))
}

// TestManyWays: a configuration that asks for more ways than there is time is
// told so.
func TestManyWays(t *testing.T) {
	var connectors, pipelines, receivers strings.Builder
	for i := range 30 {
		name := "forward/" + strings.Repeat("x", i+1)
		connectors.WriteString(name + ": {}, ")
		receivers.WriteString(name + ", ")
	}
	for i := range 30 {
		pipelines.WriteString("logs/" + strings.Repeat("p", i+1) + ": {receivers: [otlp, " + receivers.String() + "], exporters: [" + receivers.String() + " debug]}, ")
	}
	text := "receivers: {otlp: }\nexporters: {debug: }\nconnectors: {" + connectors.String() + "}\nservice: {pipelines: {" + pipelines.String() + "}}"
	report := look(t, sound(), write(t, t.TempDir(), "c.yaml", text))
	require.Contains(t, report.Unchecked[len(report.Unchecked)-1].Why, "the rest was not looked at")
}
