package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/export"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

const formatOCSF = "ocsf" // Open Cybersecurity Schema Framework, one object per line

type exportOptions struct {
	database databaseFlags
	events   filterFlags
	access   accessFlags
	format   string
	columns  []string
	noHeader bool
	output   string
	resume   bool
	after    string
}

func newExport(sys *System) *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export --tenant T [flags]",
		Short: "Write all events of a tenant that match, as JSON Lines, CSV or OCSF",
		Long: fmt.Sprintf(`Write a tenant's events in the order in which they were committed, up to the last
one that was committed when the export began. The filters are those of list.

jsonl is what list prints. csv has one column per member, or --columns. ocsf is OCSF
%s, API Activity and Entity Management; docs/ocsf.md has the mapping.

With --output, FILE appears when it is complete. Until then FILE.partial holds
what is written and FILE.partial.state how much of that is whole; after a crash or
an interruption --resume goes on there, and the result is the same, byte for byte.
Beside it FILE.manifest.json says what was asked, how much came, and the SHA-256.

Without it the events go to standard output. Where the export ends is told as a
position, also when it is interrupted; --after goes on behind one.

An export proves nothing by itself: 'otelaudit bundle' makes evidence that others
can check. What retention removes while the export runs is told and left out.`, export.OCSFVersion),
		Example: `  otelaudit export --tenant acme --output acme.jsonl
  otelaudit export --tenant acme --output acme.jsonl --resume
  otelaudit export --tenant acme --since 30d --format csv --columns event_time,action,actor_id
  otelaudit export --tenant acme --format ocsf --after 0:41520 | gzip > new.ocsf.gz`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.register(cmd)
	return cmd
}

func (o *exportOptions) register(cmd *cobra.Command) {
	o.database.register(cmd, "AUDIT_READER_URL")
	o.events.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.format, "format", formatJSONL, "`format`: jsonl, csv or ocsf")
	completeFormat(cmd, formatJSONL, formatCSV, formatOCSF)
	f.StringSliceVar(&o.columns, "columns", nil, "`names` of the columns of csv (default: all)")
	_ = cmd.RegisterFlagCompletionFunc("columns", cobra.FixedCompletions(export.CSVColumns, cobra.ShellCompDirectiveNoFileComp))
	f.BoolVar(&o.noHeader, "no-header", false, "csv without the line of names")
	f.StringVar(&o.output, "output", "", "write to this `file` (default: standard output)")
	_ = cmd.MarkFlagFilename("output")
	f.BoolVar(&o.resume, "resume", false, "go on with the export to --output that did not end")
	f.StringVar(&o.after, "after", "", "only what was committed after this `position`, EPOCH:SEQ")
	o.access.register(cmd)
}

// exporting is one run of export.
type exporting struct {
	*exportOptions
	cmd    *cobra.Command
	sys    *System
	filter store.Filter
	place  *store.Place // of --after
	asked  map[string]string

	encoder export.Encoder
	reader  *store.Reader
	trail   *access.Trail
	login   string
	begun   export.Begun
	totals  export.Totals
	written int64 // events, whole
	shown   int64 // events, with those of a chunk that was written in part
}

func (o *exportOptions) run(cmd *cobra.Command, sys *System) error {
	e := &exporting{exportOptions: o, cmd: cmd, sys: sys}
	if err := e.check(); err != nil {
		return err
	}
	var err error
	if e.reader, err = o.database.connect(cmd.Context(), sys); err != nil {
		return err
	}
	defer e.reader.Close()
	if e.trail, err = o.access.trail(cmd.Context(), sys, e.reader); err != nil {
		return err
	}
	if o.output == "" {
		sys.survivePipe()
		return e.toStdout()
	}
	return e.toFile()
}

// check refuses what cannot be meant, before anything is opened.
func (e *exporting) check() error {
	if err := e.events.refuse(e.cmd); err != nil {
		return err
	}
	var err error
	if e.encoder, err = e.chooseEncoder(); err != nil {
		return err
	}
	switch {
	case e.resume && e.output == "":
		return usageError("an export to standard output goes on with --after POSITION", "--resume needs --output")
	case e.noHeader && e.format != formatCSV, len(e.columns) > 0 && e.format != formatCSV:
		return usageError("they are about --format csv", "--columns and --no-header do not fit --format %s", e.format)
	}
	if e.after != "" {
		if e.place, err = parsePlace(e.after); err != nil {
			return err
		}
	}
	if err := e.events.into(&e.filter, e.sys.Now()); err != nil {
		return err
	}
	e.asked = e.askedFlags()
	if e.output == "" {
		return nil
	}
	return describeFile(export.CheckOutput(e.output, e.resume))
}

func (e *exporting) chooseEncoder() (export.Encoder, error) {
	switch e.format {
	case formatJSONL:
		return export.NewJSONL(), nil
	case formatOCSF:
		return export.NewOCSF(), nil
	case formatCSV:
		encoder, err := export.NewCSV(e.columns, !e.noHeader)
		if err != nil {
			return nil, usageError("columns are "+strings.Join(export.CSVColumns, ", "), "--columns: %w", err)
		}
		return encoder, nil
	}
	return nil, usageError("", "--format %q is none of jsonl, csv, ocsf", e.format)
}

// askedFlags are the flags that decide about the bytes.
func (e *exporting) askedFlags() map[string]string {
	asked := map[string]string{"tenant": e.events.tenant, "format": e.format, "schema": e.database.schema}
	for _, m := range flagsAsked(e.cmd).Members() {
		asked[strings.ReplaceAll(m.Name, "_", "-")] = m.Value.Text()
	}
	if e.noHeader {
		asked["no-header"] = "true"
	}
	return asked
}

// parsePlace reads EPOCH:SEQ.
func parsePlace(text string) (*store.Place, error) {
	first, second, _ := strings.Cut(text, ":")
	epoch, err := strconv.ParseInt(first, 10, 32)
	seq, err2 := strconv.ParseInt(second, 10, 64)
	if err != nil || err2 != nil || epoch < 0 || seq < -1 {
		return nil, usageError("it is the one that an export told at its end, such as 0:41520", "--after %q is not a position EPOCH:SEQ", text)
	}
	at := store.After(int32(epoch), seq)
	return &at, nil
}

// begin reads the extent and leaves the trace of the beginning.
func (e *exporting) begin() error {
	ctx := e.cmd.Context()
	extent, err := e.reader.Extent(ctx, e.events.tenant)
	if err != nil {
		return describeTraced(store.RecordRead(ctx, e.trail, e.read(-1, ""), err), describeExport)
	}
	e.login = extent.Login
	if e.begun.Logs == nil { // not continued
		e.begun = export.Begun{Asked: e.asked, Since: timeOrNil(e.filter.Since), Until: timeOrNil(e.filter.Until), Logs: extent.Logs, After: e.place}
		if err := e.fits(e.place, extent.Logs); err != nil {
			return err
		}
	} else if err := e.extends(ctx); err != nil {
		return err
	}
	return describeAccess(e.trail.Record(ctx, e.read(-1, "")))
}

// fits refuses a position that the tenant's logs do not have.
func (e *exporting) fits(at *store.Place, logs []store.LogExtent) error {
	if at == nil || at.Epoch == 0 && at.Seq == -1 {
		return nil
	}
	for _, log := range logs {
		if log.Epoch == at.Epoch && at.Seq < log.Size {
			return nil
		}
	}
	return usageError("it is the one that an export of this tenant told at its end", "--after %s: the tenant's log does not reach that far", e.after)
}

// extends refuses a store in which the logs are not those of the beginning.
func (e *exporting) extends(ctx context.Context) error {
	same, err := e.reader.Extends(ctx, e.events.tenant, e.begun.Logs)
	if err != nil || same {
		return describeExport(err)
	}
	return environmentError("is it the database that the export was begun with? if so, run 'otelaudit verify'; to export this one, name another file",
		fmt.Errorf("the log of %q in this store is not the one that %s was begun with", e.events.tenant, e.output+export.PartialSuffix))
}

func (e *exporting) read(rows int64, outcome string) access.Read {
	return access.Read{Action: access.ActionExport, Tenant: e.events.tenant, Filter: flagsAsked(e.cmd), Rows: rows, Outcome: outcome}
}

// recordEnd leaves the trace of the end, also where the user has interrupted. Of
// a failed export it is left as far as possible: the error is that of the export.
func (e *exporting) recordEnd(failed bool) error {
	if failed {
		_ = e.trail.RecordEnd(e.cmd.Context(), e.read(max(e.written, e.shown), record.OutcomeFailure))
		return nil
	}
	return describeAccess(e.trail.RecordEnd(e.cmd.Context(), e.read(e.written, "")))
}

// stream reads from a place to the end.
func (e *exporting) stream(after *store.Place, write func(export.Chunk) error) error {
	if e.begun.Since != nil {
		e.filter.Since = *e.begun.Since
	}
	if e.begun.Until != nil {
		e.filter.Until = *e.begun.Until
	}
	x, err := e.reader.Export(store.ExportOptions{
		Tenant: e.events.tenant, Filter: e.filter, Logs: e.begun.Logs, After: after, Now: e.sys.Now,
	})
	if err != nil {
		return describeExport(err)
	}
	e.written = e.totals.Rows
	progress := startProgress(e.sys)
	defer progress.stop()
	rate := newExportRate(e.begun.Logs, after, e.totals.Rows, e.sys.Now())
	err = export.Stream(e.cmd.Context(), x, e.encoder, &e.totals, func(chunk export.Chunk) error {
		if err := write(chunk); err != nil {
			return err
		}
		e.written = chunk.Totals.Rows
		if len(chunk.Gaps) > 0 {
			progress.clear()
			tellGaps(e.sys, chunk.Gaps)
		}
		progress.say(func(now time.Time) string { return rate.line(chunk, now) })
		return nil
	})
	return describeExport(err)
}

// tellGaps tells what is missing.
func tellGaps(sys *System, gaps []store.Gap) {
	for _, gap := range gaps {
		switch {
		case gap.Pruned:
			fmt.Fprintf(sys.Stderr, "otelaudit: notice: retention removed the events %s meanwhile: they are left out\n", gapText(gap))
		case gap.Unstated > 0:
			fmt.Fprintf(sys.Stderr, "otelaudit: warning: %s missing among the events %s, and nothing says why: run 'otelaudit verify'\n", counted(gap.Unstated, "event"), gapText(gap))
		}
	}
}

func gapText(gap store.Gap) string {
	return fmt.Sprintf("%d:%d to %d:%d", gap.Epoch, gap.From, gap.Epoch, gap.To-1)
}

// toStdout tells afterwards where to go on.
func (e *exporting) toStdout() error {
	if err := e.begin(); err != nil {
		return err
	}
	at := e.place
	if header := e.encoder.Begin(nil); len(header) > 0 {
		if _, err := e.sys.Stdout.Write(header); err != nil {
			return errors.Join(describeOutput("standard output", err), e.recordEnd(true))
		}
	}
	err := e.stream(e.place, func(chunk export.Chunk) error {
		if len(chunk.Bytes) > 0 { // some devices refuse even nothing
			n, err := e.sys.Stdout.Write(chunk.Bytes)
			if n > 0 {
				e.shown = chunk.Totals.Rows
			}
			if err != nil {
				return describeOutput("standard output", err)
			}
		}
		at = &chunk.At
		return nil
	})
	traced := e.recordEnd(err != nil)
	if errors.Is(err, syscall.EPIPE) {
		return err
	}
	e.tellPlace(at, err != nil)
	if err != nil {
		return err
	}
	return traced
}

func (e *exporting) tellPlace(at *store.Place, failed bool) {
	switch {
	case len(e.begun.Logs) == 0:
		fmt.Fprintf(e.sys.Stderr, "hint: the tenant %q has no event\n", e.events.tenant)
	case failed && at == nil:
		fmt.Fprintln(e.sys.Stderr, "hint: nothing was written whole: begin anew")
	case failed:
		fmt.Fprintf(e.sys.Stderr, "hint: %s were written whole; go on with --after %d:%d\n", counted(e.written, "event"), at.Epoch, at.Seq)
	default:
		end := store.End(e.begun.Logs)
		fmt.Fprintf(e.sys.Stderr, "hint: %s; what comes later: --after %d:%d\n", counted(e.written, "event"), end.Epoch, end.Seq)
	}
}

func (e *exporting) toFile() error {
	file, err := e.openFile()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // closed already where all went well
	if file.Bytes() == 0 {
		if err := file.Begin(e.encoder.Begin(nil)); err != nil {
			return e.keep(describeOutput(e.output+export.PartialSuffix, err))
		}
	}
	err = e.stream(file.At(), func(chunk export.Chunk) error {
		return describeOutput(e.output+export.PartialSuffix, file.Write(chunk))
	})
	if interrupted(err) {
		err = errors.Join(err, describeOutput(e.output+export.PartialSuffix, file.Checkpoint()))
	}
	if traced := e.recordEnd(err != nil); err == nil {
		err = traced
	}
	if err != nil {
		return e.keep(err)
	}
	if err := file.Finish(e.manifest); err != nil {
		return e.keep(describeFile(err))
	}
	fmt.Fprintf(e.sys.Stderr, "otelaudit: %s in %s\n", counted(e.written, "event"), e.output)
	return nil
}

// openFile makes the file, or opens the one that was begun, after the trace.
func (e *exporting) openFile() (*export.File, error) {
	if e.resume {
		file, err := export.Resume(e.output, e.asked, e.sys.Now)
		switch {
		case errors.Is(err, export.ErrNothingBegun):
		case err != nil:
			return nil, describeFile(err)
		default:
			e.begun, e.totals = file.Begun(), file.Totals()
			if e.begun.Logs == nil {
				e.begun.Logs = []store.LogExtent{}
			}
			if err := e.begin(); err != nil {
				return nil, errors.Join(err, file.Close())
			}
			return file, nil
		}
	}
	if err := e.begin(); err != nil {
		return nil, err
	}
	file, err := export.Create(e.output, e.begun, e.sys.Now)
	return file, describeFile(err)
}

// keep says of an export that did not end how to go on.
func (e *exporting) keep(err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{code: exitUsage, err: err}
	}
	hint := "what is written is kept: the same command with --resume goes on"
	if f.hint != "" {
		hint = f.hint + "; " + hint
	}
	return &failure{code: f.code, err: f.err, hint: hint}
}

// exportManifest is the file with export.ManifestSuffix.
type exportManifest struct {
	File      string            `json:"file"`
	Tenant    string            `json:"tenant"`
	Format    string            `json:"format"`
	OCSF      string            `json:"ocsf_version,omitempty"`
	Asked     map[string]string `json:"asked"`
	Since     *time.Time        `json:"since,omitempty"`
	Until     *time.Time        `json:"until,omitempty"`
	After     *exportPlace      `json:"after,omitempty"`
	Extent    []store.LogExtent `json:"extent"`
	SHA256    string            `json:"sha256"`
	Finished  time.Time         `json:"finished_at"`
	By        exportedBy        `json:"by"`
	Statement string            `json:"statement"`
	export.Totals
}

type exportPlace struct {
	Epoch int32 `json:"epoch"`
	Seq   int64 `json:"seq"`
}

type exportedBy struct {
	Login  string `json:"database_user"`
	OSUser string `json:"os_user,omitempty"`
	Name   string `json:"name,omitempty"`
}

func (e *exporting) manifest(sum string) ([]byte, error) {
	asked := maps.Clone(e.begun.Asked)
	delete(asked, "tenant")
	delete(asked, "format")
	delete(asked, "schema")
	m := exportManifest{
		File: filepath.Base(e.output), Tenant: e.events.tenant, Format: e.format, Asked: asked,
		Since: e.begun.Since, Until: e.begun.Until, Extent: e.begun.Logs, SHA256: sum, Totals: e.totals,
		Finished: e.sys.Now().UTC(), By: exportedBy{Login: e.login, OSUser: e.sys.User, Name: e.access.as},
		Statement: "This export is not signed. For evidence that others can check, see otelaudit bundle.",
	}
	if e.format == formatOCSF {
		m.OCSF = export.OCSFVersion
	}
	if at := e.begun.After; at != nil {
		m.After = &exportPlace{at.Epoch, at.Seq}
	}
	text, err := json.MarshalIndent(&m, "", "  ")
	return append(text, '\n'), err
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// exportRate is what progress says.
type exportRate struct {
	logs  []store.LogExtent
	all   int64 // events in front of the end, at the beginning
	rows  int64
	begun time.Time
}

func newExportRate(logs []store.LogExtent, after *store.Place, rows int64, now time.Time) *exportRate {
	r := &exportRate{logs: logs, rows: rows, begun: now}
	r.all = r.left(after)
	return r
}

// left is how many events are behind a place.
func (r *exportRate) left(at *store.Place) (left int64) {
	for _, log := range r.logs {
		switch {
		case at == nil || log.Epoch > at.Epoch:
			left += log.Size
		case log.Epoch == at.Epoch:
			left += log.Size - 1 - at.Seq
		}
	}
	return left
}

func (r *exportRate) line(chunk export.Chunk, now time.Time) string {
	line := "exported " + counted(chunk.Totals.Rows, "event")
	took := now.Sub(r.begun).Seconds()
	left := r.left(&chunk.At)
	if took <= 0 || r.all <= left {
		return line
	}
	line += fmt.Sprintf(", %.0f per second", float64(chunk.Totals.Rows-r.rows)/took)
	if left > 0 {
		rest := time.Duration(math.Ceil(took*float64(left)/float64(r.all-left))) * time.Second
		line += fmt.Sprintf(", %d %% done, about %s left", 100*(r.all-left)/r.all, rest)
	}
	return line
}

// interrupted reports whether the user ended it.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted)
}

var errInterrupted = errors.New("interrupted")

// describeExport gives the errors of reading their hints.
func describeExport(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return environmentError("", errInterrupted)
	}
	if _, known := errors.AsType[*failure](err); known {
		return err
	}
	return describeRead(err)
}

// describeOutput gives an error of writing its hint.
func describeOutput(name string, err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*failure](err); known {
		return err
	}
	err = fmt.Errorf("write %s: %w", name, withoutPath(err))
	if errors.Is(err, syscall.EPIPE) {
		return &failure{code: exitBrokenPipe, err: err}
	}
	return environmentError("", err)
}

// describeFile gives the errors of the files of an export their hint.
func describeFile(err error) error {
	if err == nil {
		return nil
	}
	if file, ok := errors.AsType[*export.FileError](err); ok {
		return environmentError(file.Hint, err)
	}
	if _, known := errors.AsType[*failure](err); known {
		return err
	}
	return environmentError("", err)
}

// withoutPath cuts the name that the operating system's errors begin with.
func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
