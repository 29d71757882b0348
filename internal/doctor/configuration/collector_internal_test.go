package configuration

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// provider is one of the Collector's own resolver.
type provider struct {
	scheme   string
	retrieve func(rest string) (*confmap.Retrieved, error)
}

func (s provider) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return s.retrieve(strings.TrimPrefix(uri, s.scheme+":"))
}
func (s provider) Scheme() string               { return s.scheme }
func (provider) Shutdown(context.Context) error { return nil }

var variables = map[string]string{
	"AUDIT_WRITER_URL": "postgres://writer:p%40ss:w@db.example.com/audit", "NUMBER": "4317", "LIST": "[a, {b: c}]", "EMPTY": "", "YES": "true",
}

// resolver resolves as otelcol-audit does.
func resolver(t *testing.T, files []string) *confmap.Resolver {
	t.Helper()
	factory := func(s provider) confmap.ProviderFactory {
		return confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return s })
	}
	uris := make([]string, len(files))
	for i, file := range files {
		uris[i] = "file:" + file
	}
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: uris, DefaultScheme: "env",
		ProviderFactories: []confmap.ProviderFactory{
			factory(provider{"file", func(file string) (*confmap.Retrieved, error) {
				text, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				return confmap.NewRetrievedFromYAML(text)
			}}),
			factory(provider{"yaml", func(text string) (*confmap.Retrieved, error) { return confmap.NewRetrievedFromYAML([]byte(text)) }}),
			factory(provider{"env", func(reference string) (*confmap.Retrieved, error) {
				name, otherwise, hasDefault := strings.Cut(reference, ":-")
				text, set := variables[name]
				if !set && hasDefault {
					if otherwise == "" {
						return confmap.NewRetrieved("")
					}
					text = otherwise
				}
				return confmap.NewRetrievedFromYAML([]byte(text))
			}}),
		},
	})
	require.NoError(t, err)
	return r
}

// TestTheCollectorReadsTheSame holds what is read here against what the
// Collector's own resolver makes of the same files.
func TestTheCollectorReadsTheSame(t *testing.T) {
	dir := t.TempDir()
	part := filepath.Join(dir, "part.yaml")
	require.NoError(t, os.WriteFile(part, []byte("x: [1, 2]\ny: port ${env:NUMBER}\n"), 0o600))
	mixed := filepath.Join(dir, "mixed.yaml")
	require.NoError(t, os.WriteFile(mixed, []byte(`
processors:
  audit:
    a: ${env:NUMBER}
    b: x${env:NUMBER}y
    c: ${LIST}
    d: ${env:NOT:-fallback}
    e: $${env:NUMBER} and $$$${env:NUMBER}
    f: ${file:`+part+`}
    g: ${yaml:[p, q]}
    h: ${env:${yaml:NUMBER}}
    i: {j: [{k: "${env:YES}"}]}
    l: ${env:NOT:-}
    m: a $ and a ${ and a }
    n: ${env:NUMBER}${env:NUMBER}
  batch: null
`), 0o600))
	overlays, err := filepath.Glob("testdata/*/*.yaml")
	require.NoError(t, err)
	shipped, err := filepath.Glob("../../../config/*.yaml")
	require.NoError(t, err)
	inputs := [][]string{{mixed}, {"testdata/base.yaml", mixed}, {mixed, "testdata/base.yaml"}}
	for _, overlay := range overlays {
		inputs = append(inputs, []string{"testdata/base.yaml", overlay})
	}
	for _, file := range shipped {
		inputs = append(inputs, []string{file}, []string{"testdata/base.yaml", file})
	}
	for _, files := range inputs {
		t.Run(strings.Join(files, " "), func(t *testing.T) {
			want, err := resolver(t, files).Resolve(t.Context())
			require.NoError(t, err)
			l := &loader{env: Environment{
				Lookup: func(name string) (string, bool) { text, set := variables[name]; return text, set },
				Read:   os.ReadFile,
			}}
			got, err := l.load(files)
			require.NoError(t, err)
			require.Equal(t, plain(want.ToStringMap()), got.plain())
		})
	}
}

// plain is the value in maps, lists and texts; null is an empty one.
func (v *value) plain() any {
	switch {
	case v == nil || v.kind == null:
		return ""
	case v.kind == mapping:
		members := map[string]any{}
		for key, member := range v.members {
			members[key] = member.plain()
		}
		return members
	case v.kind == sequence:
		items := []any{}
		for _, item := range v.items {
			items = append(items, item.plain())
		}
		return items
	}
	return v.text
}

// plain makes every scalar a text: whether 400 is a number is the component's
// question.
func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any:
		members := map[string]any{}
		for key, member := range v {
			members[key] = plain(member)
		}
		return members
	case []any:
		items := []any{}
		for _, item := range v {
			items = append(items, plain(item))
		}
		return items
	}
	return fmt.Sprint(v)
}
