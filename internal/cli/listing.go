package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// listing is a result of rows, for the formats that show them as such: the table
// for people and CSV. The header has the names of the members of JSON.
type listing struct {
	header []string // snake_case
	rows   [][]string
}

func (l *listing) add(cells ...string) { l.rows = append(l.rows, cells) }

// write writes the rows as a table or as CSV.
func (l *listing) write(w io.Writer, format string) error {
	if format == formatCSV {
		return l.writeCSV(w)
	}
	return l.writeTable(w)
}

// writeTable writes the rows for people, under the names in capital letters. On
// a terminal they fit its width, and what went wrong has a color.
func (l *listing) writeTable(w io.Writer) error {
	screen, _ := w.(*terminal)
	if screen == nil {
		screen = &terminal{Writer: w}
	}
	rows := make([][]string, 0, len(l.rows)+1)
	names := make([]string, len(l.header))
	for i, name := range l.header {
		names[i] = title(name)
	}
	rows = append(rows, names)
	for _, cells := range l.rows {
		row := make([]string, len(cells))
		for i, text := range cells {
			row[i] = printable(orDash(text))
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(l.header))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], columnsOf(text))
		}
	}
	fit(l.header, widths, screen.width)
	out := bufio.NewWriter(screen.Writer) // every cell is printable
	for n, row := range rows {
		// The writer remembers an error until Flush.
		_, _ = out.WriteString(l.line(row, widths, screen.color && n > 0))
	}
	return out.Flush()
}

// title is the name of a column in a table. A prefix is what somebody typed.
func title(name string) string {
	if prefix, counts := strings.CutPrefix(name, prefixColumn); counts {
		return printable(orDash(prefix))
	}
	return strings.ToUpper(name)
}

// line is one line of a table; the last cell has no spaces behind it.
func (l *listing) line(row []string, widths []int, color bool) string {
	var b strings.Builder
	for i, text := range row {
		shown := shorten(text, widths[i])
		if i < len(row)-1 {
			shown = pad(shown, widths[i]+2)
		}
		if with := cellColors[l.header[i]][text]; color && with != "" {
			shown = colored(text, with) + shown[len(text):]
		}
		b.WriteString(shown)
	}
	return b.String() + "\n"
}

// writeCSV writes the header and the rows as RFC 4180 has them, in lines that end
// with LF, and nothing else: a text that a spreadsheet would take for a formula
// stays what it is.
func (l *listing) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(l.header); err != nil {
		return err
	}
	if len(l.header) > 1 {
		return out.WriteAll(l.rows)
	}
	for _, row := range l.rows {
		if err := writeCell(w, out, row[0]); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeCell writes the one cell of a row. The package would leave the line of an
// empty one empty, which readers skip.
func writeCell(w io.Writer, out *csv.Writer, cell string) error {
	if cell != "" {
		return out.Write([]string{cell})
	}
	out.Flush()
	_, err := io.WriteString(w, "\"\"\n")
	return errors.Join(out.Error(), err)
}
