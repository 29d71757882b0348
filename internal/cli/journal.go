package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/journal"
)

func newJournal(sys *System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Look at journals and remove what is old",
		Long: `Look at the journals that the collector writes beside PostgreSQL, and remove
segments that are older than they must be kept.

'otelaudit verify --journal DIR' verifies one.`,
		Example: `  otelaudit journal list --journal /var/lib/otelcol-audit/journal
  otelaudit journal prune --journal /var/lib/otelcol-audit/journal --older-than 400d --key log.key --anchors anchors --holds holds.json --preview`,
	}
	asGroup(cmd)
	cmd.AddCommand(newJournalList(sys), newJournalPrune(sys))
	return cmd
}

func newJournalList(sys *System) *cobra.Command {
	var directory string
	var format formatFlag
	cmd := &cobra.Command{
		Use:   "list --journal DIR",
		Short: "List the segments of a journal, oldest first",
		Long: `List the segments of a journal, oldest first: which entries each holds, when they
were recorded, whether it is sealed, and how many lines of it cannot be read.

Nothing is verified. jsonl is one JSON object per segment; json is
{"segments": […], "torn": […], "others": […]}.`,
		Example: "  otelaudit journal list --journal /var/lib/otelcol-audit/journal",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			chosen, err := format.choose(sys)
			if err != nil {
				return err
			}
			dir, err := readJournal(cmd, directory)
			if err != nil {
				return err
			}
			listing, err := listJournal(dir)
			if err != nil {
				return environmentError("", fmt.Errorf("--journal: %w", err))
			}
			return listing.print(sys, chosen)
		},
	}
	cmd.Flags().StringVar(&directory, "journal", "", "`directory` of the journal")
	format.register(cmd, formatJSONL, formatTable, formatJSON, formatJSONL)
	return cmd
}

// readJournal lists the files of a directory that must be given.
func readJournal(cmd *cobra.Command, directory string) (*journal.Directory, error) {
	if directory == "" {
		return nil, usageError(helpHint(cmd), "--journal is missing")
	}
	dir, err := journal.ReadDirectory(directory)
	if err != nil {
		return nil, environmentError("it is the directory of the exporter auditjournal", fmt.Errorf("--journal: %w", err))
	}
	return dir, nil
}

// journalListing is what stands in a journal's directory.
type journalListing struct {
	Segments []journalSegment `json:"segments"`
	Torn     []string         `json:"torn"`   // set aside after a crash
	Others   []string         `json:"others"` // no part of a journal
}

// journalSegment is one segment as JSON.
type journalSegment struct {
	Segment      int64     `json:"segment"`
	File         string    `json:"file"`
	Bytes        int64     `json:"bytes"`
	Origin       string    `json:"origin,omitempty"`
	Start        int64     `json:"start"`   // entries of the tree in front of it
	Entries      int64     `json:"entries"` // in it, as far as a checkpoint covers them
	CreatedAt    time.Time `json:"created_at,omitzero"`
	FirstAt      time.Time `json:"first_recorded_at,omitzero"`
	LastAt       time.Time `json:"last_recorded_at,omitzero"`
	Sealed       bool      `json:"sealed"`
	DamagedLines int       `json:"damaged_lines,omitempty"`
	Damage       string    `json:"damage,omitempty"` // the first one
}

func listJournal(dir *journal.Directory) (*journalListing, error) {
	listing := &journalListing{Segments: []journalSegment{}, Torn: []string{}, Others: []string{}}
	listing.Torn = append(listing.Torn, dir.Torn...)
	listing.Others = append(append(listing.Others, dir.Irregular...), dir.Others...)
	for i := range dir.Segments {
		segment, err := listSegment(&dir.Segments[i])
		if err != nil {
			return nil, err
		}
		listing.Segments = append(listing.Segments, *segment)
	}
	return listing, nil
}

func listSegment(s *journal.Segment) (*journalSegment, error) {
	out := &journalSegment{Segment: s.Number, File: s.Name(), Bytes: s.Bytes}
	for line, err := range s.Lines() {
		if err != nil {
			return nil, err
		}
		switch line.Kind {
		case journal.HeaderLine:
			out.Origin, out.Start, out.CreatedAt = line.Header.Origin, line.Header.Size, line.Header.CreatedAt.Time
		case journal.CheckpointEnd:
			c := &line.Checkpoint.Parsed
			out.Entries, out.LastAt = c.Size-out.Start, c.RecordedAt
			if out.FirstAt.IsZero() {
				out.FirstAt = c.RecordedAt
			}
		case journal.SealLine:
			out.Sealed = true
		case journal.Damaged:
			out.DamagedLines++
			if out.Damage == "" {
				out.Damage = line.Damage.Error()
			}
		default:
		}
	}
	return out, nil
}

func (l *journalListing) print(sys *System, format string) error {
	if format == formatJSON {
		return writeJSON(sys.Stdout, l)
	}
	out := bufio.NewWriter(sys.Stdout)
	var err error
	if format == formatJSONL {
		encoder := json.NewEncoder(out)
		for i := range l.Segments {
			err = errors.Join(err, encoder.Encode(l.Segments[i]))
		}
	} else {
		err = l.writeTable(out)
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if n := len(l.Torn); n > 0 {
		fmt.Fprintf(sys.Stderr, "hint: %d tails were set aside after a crash or a failed write: %s\n", n, printable(fmt.Sprint(l.Torn)))
	}
	return nil
}

func (l *journalListing) writeTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "SEGMENT\tENTRIES\tFIRST\tBYTES\tFIRST_RECORDED\tLAST_RECORDED\tSTATE")
	for i := range l.Segments {
		s := &l.Segments[i]
		state := "open"
		if s.Sealed {
			state = "sealed"
		}
		if s.DamagedLines > 0 {
			state = fmt.Sprintf("%s, %s", state, counted(s.DamagedLines, "damaged line"))
		}
		fmt.Fprintf(tw, "%d\t%d\t%d\t%d\t%s\t%s\t%s\n", s.Segment, s.Entries, s.Start, s.Bytes,
			tableInstant(s.FirstAt), tableInstant(s.LastAt), state)
	}
	return tw.Flush()
}

func tableInstant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(tableTime)
}
