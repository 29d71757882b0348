package poison

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// row is a line of the table: a poison in the shapes that end alike.
type row struct {
	name, protobuf, json string
	shapes               []string
}

// Table is the matrix as docs/reliability.md prints it, in Markdown.
func Table() string {
	var rows []row
	cases := Cases()
	for i := range cases {
		c := &cases[i]
		shape := string(loadgen.Flat)
		if c.Shape != "" {
			shape = string(c.Shape)
		}
		next := row{name: strings.TrimSuffix(c.Name, ", "+shape), protobuf: c.Over(GRPC).String(), json: c.Over(HTTPJSON).String(), shapes: []string{shape}}
		if c.JSONOnly {
			next.protobuf = "cannot be sent"
		}
		same := slices.IndexFunc(rows, func(r row) bool { return r.name == next.name && r.protobuf == next.protobuf && r.json == next.json })
		if same < 0 {
			rows = append(rows, next)
			continue
		}
		if !slices.Contains(rows[same].shapes, shape) {
			rows[same].shapes = append(rows[same].shapes, shape)
		}
	}
	var b strings.Builder
	b.WriteString("| poison | in the shapes | over gRPC and HTTP/protobuf | over HTTP/JSON |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.name, strings.Join(r.shapes, ", "), r.protobuf, r.json)
	}
	return b.String()
}
