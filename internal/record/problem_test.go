package record_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
)

// TestReasonsAreComplete reads the constants from the source: a reason that is
// missing from the list would be stored as malformed.
func TestReasonsAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	require.NoError(t, err)
	var constants []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		require.NoError(t, err)
		constants = append(constants, text)
		return true
	})
	require.Equal(t, constants, record.Reasons())
	for _, reason := range constants {
		require.True(t, record.IsReason(reason), reason)
	}
	require.False(t, record.IsReason(""))
}
