package cli

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/words"
)

// Output formats.
const (
	formatTable = "table" // for people
	formatJSON  = "json"  // one document
	formatJSONL = "jsonl" // one object per line
	formatCSV   = "csv"   // RFC 4180, with a header
)

// formatFlag chooses among formats; left out, it is a table on a terminal and
// whole is the format everywhere else.
type formatFlag struct {
	value string
	whole string
	names []string
}

func (f *formatFlag) register(cmd *cobra.Command, whole string, names ...string) {
	f.whole, f.names = whole, names
	cmd.Flags().StringVar(&f.value, "format", "", "`format` of the result: "+strings.Join(names, ", ")+" (default: table on a terminal, else "+whole+")")
	completeFormat(cmd, names...)
}

func completeFormat(cmd *cobra.Command, names ...string) {
	// The only error is a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

func (f *formatFlag) choose(sys *System) (string, error) {
	switch {
	case f.value != "":
		if !slices.Contains(f.names, f.value) {
			return "", usageError("", "--format %q is none of %s", f.value, strings.Join(f.names, ", "))
		}
		return f.value, nil
	case sys.StdoutTerminal:
		return formatTable, nil
	}
	return f.whole, nil
}

// writeJSON writes one indented document.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// counted is a number of things, "1 event" or "2 entries", by the word for one.
func counted[N int | int64](n N, one string) string {
	return words.Counted(n, one)
}

// cell makes text fit one cell of a table: printable, at most limit runes.
func cell(s string, limit int) string {
	s = printable(s)
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
