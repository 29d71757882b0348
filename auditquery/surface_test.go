package auditquery_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/auditquery"
)

// No type of an internal package shows in what the package exports: nobody could
// name it.
func TestNoInternalTypeShows(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(of reflect.Type, path string)
	walk = func(of reflect.Type, path string) {
		if seen[of] {
			return
		}
		seen[of] = true
		require.NotContains(t, of.PkgPath(), "/internal/", path)
		if of.PkgPath() != "" && !strings.HasSuffix(of.PkgPath(), "/auditquery") {
			return
		}
		for method := range of.Methods() {
			walk(method.Type, path+"."+method.Name)
		}
		switch of.Kind() {
		case reflect.Func:
			for in := range of.Ins() {
				walk(in, path)
			}
			for out := range of.Outs() {
				walk(out, path)
			}
		case reflect.Struct:
			for field := range of.Fields() {
				if field.IsExported() {
					walk(field.Type, path+"."+field.Name)
				}
			}
		case reflect.Map, reflect.Pointer, reflect.Slice:
			walk(of.Elem(), path)
		default:
		}
	}
	walk(reflect.TypeFor[*auditquery.Reader](), "Reader")
	walk(reflect.TypeOf(auditquery.Open), "Open")
	walk(reflect.TypeFor[*auditquery.FilterError](), "FilterError")
	walk(reflect.TypeFor[*auditquery.RefusedError](), "RefusedError")
	require.True(t, seen[reflect.TypeFor[auditquery.Event]()])
	require.True(t, seen[reflect.TypeFor[auditquery.CountFilter]()])
	walk(reflect.TypeFor[*auditquery.Node](), "Node")
}
