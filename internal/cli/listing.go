package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// listing is a result of rows, for the formats that show them as such: the table
// for people and CSV. The header has the names of the members of JSON.
type listing struct {
	header []string // snake_case
	rows   [][]string
}

func (l *listing) add(cells ...string) { l.rows = append(l.rows, cells) }

// writeTable writes the rows for people, under the names in capital letters.
func (l *listing) writeTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.ToUpper(strings.Join(l.header, "\t")))
	for _, row := range l.rows {
		for i, text := range row {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, printable(orDash(text)))
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

// writeCSV writes the header and the rows as RFC 4180 has them.
func (l *listing) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(l.header); err != nil {
		return err
	}
	return out.WriteAll(l.rows)
}
