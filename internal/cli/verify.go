package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/regular"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

type verifyOptions struct {
	database    databaseFlags
	trustFile   pinnedTrust
	anchors     []string
	state       string
	full        bool
	tenant      string
	journals    []string
	names       []string // of the journals
	segment     string
	journalOnly bool
	macKeys     string
	requireMAC  bool
	workers     int
	format      formatFlag
	access      accessFlags

	// Read from the files that the flags name.
	trust *keys.Trust
	macs  *keys.MACRing
	saved *verify.State
	given anchorsGiven
}

func newVerify(sys *System) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify --trust FILE [flags]",
		Short: "Prove that nothing was changed, removed, inserted or reordered",
		Long: `Recompute every leaf from the columns that readers see, every root and every
signature, and hold them against anchors: checkpoints that were copied out of the
database administrator's reach. Only public keys are needed. It writes nothing but
the file of --state, and the trace that every read of a store leaves.

With an auditor's login all tenants are verified; a reader's login needs --tenant.
With --journal the journal is verified, too, and names events that were changed
together with everything that the store has on them; it is given once per
collector. Without a database, or with --journal-only, the journals alone.
--journal-name says which journal each of them must be: another one of the same log
is intact, too, and says nothing about it. --segment verifies one of their files by
itself.

One log is meant: the only one of the trust file, or --log. What the keys of
another signed does not count. Removals count where an event audit.prune of the
tenant _system announces them, which is read for one tenant, too.

Without --anchors it cannot be seen that the newest events were cut off, that a
whole tenant was deleted or that an older backup was restored. The result says so;
the exit code does not. A file of anchors of which none is about what is verified
is exit code 3. --state makes the runs incremental: it remembers what was
verified, is an anchor itself, and belongs where only the verifier can write.

The JSON document is {"verdict": "intact"|"tampered"|"incomplete", "store": R,
"store_unchecked": WHY, "journals": [R]}. Each R has findings (kind, tenant, epoch,
seq, until, event_id, file, line, detail), unchecked, notices, coverage and logs;
until is exclusive.

Exit codes: 0 intact; 1 tampered; 2 usage or environment; 3 nothing was found, and
not everything could be checked.`,
		Example: `  otelaudit verify --trust trust --anchors /mnt/anchors/acme
  otelaudit verify --trust trust --anchors anchors --state verified --format json
  otelaudit verify --trust trust --journal /var/lib/otelcol/journal --journal-only`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.database.register(cmd, "AUDIT_AUDITOR_URL")
	o.trustFile.register(cmd, "trust `FILE` with the public keys of the log")
	f := cmd.Flags()
	f.StringArrayVar(&o.anchors, "anchors", nil, "`FILE` with checkpoints, may be repeated (default: $AUDIT_ANCHOR_FILE, for a journal $AUDIT_JOURNAL_ANCHOR_FILE)")
	f.StringVar(&o.state, "state", "", "`FILE` that remembers what was verified; made if it is not there")
	f.BoolVar(&o.full, "full", false, "begin at the start, whatever --state says")
	f.StringVar(&o.tenant, "tenant", "", "verify this `tenant` only")
	f.StringArrayVar(&o.journals, "journal", nil, "verify the journal in this `DIR`, may be repeated: one per collector")
	f.StringArrayVar(&o.names, "journal-name", nil, "`NAME` that the journal must have; one per --journal, in the same order")
	f.StringVar(&o.segment, "segment", "", "verify this `FILE` of a journal by itself")
	f.BoolVar(&o.journalOnly, "journal-only", false, "leave the database alone")
	f.StringVar(&o.macKeys, "mac-keys", "", "`FILE` with the keys of origin MACs")
	f.BoolVar(&o.requireMAC, "require-mac", false, "every event of the store must have a valid origin MAC, but those of _system")
	f.IntVar(&o.workers, "workers", 0, "goroutines that hash, and tenants at a time (default: one per core)")
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	o.access.register(cmd)
	return cmd
}

func (o *verifyOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.load(cmd, sys)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if o.wantsStore(sys) {
		if err := o.record(cmd, sys, -1); err != nil {
			return err
		}
	}
	progress := startProgress(sys)
	defer progress.stop()
	result := verifyResult{}
	if result.Journals, err = o.verifyJournals(ctx, sys, progress); err != nil {
		return err
	}
	if o.wantsStore(sys) {
		if result.Store, err = o.verifyStore(ctx, sys, progress, result.Journals); err != nil {
			return err
		}
		if err := o.record(cmd, sys, result.Store.Coverage.Events); err != nil {
			return err
		}
		if err := o.save(result.Store); err != nil {
			return err
		}
	} else if !o.journalOnly && o.segment == "" {
		result.StoreUnchecked = "no database is named: --database-url URL or AUDIT_AUDITOR_URL"
	}
	progress.stop()
	o.given.judge(o, &result)
	o.judgeMACs(&result)
	return result.print(sys, format)
}

// record leaves the trace of a verification of the store, when it has ended and
// nothing of it is shown yet: in front of it, the trace would be the newest event
// of a log, in no anchor that was given. With rows below 0, at the beginning, it
// only tries whether that will be possible.
func (o *verifyOptions) record(cmd *cobra.Command, sys *System, rows int64) error {
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	read := access.Read{Action: access.ActionVerify, Tenant: o.tenant, Filter: flagsAsked(cmd), Rows: rows}
	if rows < 0 {
		if err := reader.CheckAdmitted(cmd.Context(), o.tenant); err != nil {
			return recordRead(cmd.Context(), trail, read, err)
		}
		return describeAccess(trail.Rehearse(cmd.Context(), read))
	}
	return describeAccess(trail.Record(cmd.Context(), read))
}

// judgeMACs says that a file of MAC keys checked nothing: of what was read, no MAC
// names a key of it.
func (o *verifyOptions) judgeMACs(r *verifyResult) {
	if o.macs == nil {
		return
	}
	for _, part := range r.parts() {
		if m := &part.Coverage.MACs; m.UnknownKey > 0 && m.Valid+m.Invalid == 0 {
			part.AddUnchecked(fmt.Sprintf("no key of %s fits: the MACs of %s name others. Is it the right file?", o.macKeys, counted(m.UnknownKey, "event")))
		}
	}
}

// load reads every file that a flag names before anything is looked at: an
// anchor that is written meanwhile may be ahead of what was read of the store.
func (o *verifyOptions) load(cmd *cobra.Command, sys *System) (format string, err error) {
	if err := refuseEmpty(cmd); err != nil {
		return "", err
	}
	if err := o.check(); err != nil {
		return "", err
	}
	if format, err = o.format.choose(sys); err != nil {
		return "", err
	}
	if o.trust, err = o.trustFile.load(sys); err != nil {
		return "", err
	}
	if o.macKeys != "" {
		if o.macs, err = keys.LoadMACRing(o.macKeys); err != nil {
			return "", environmentError("", fmt.Errorf("--mac-keys: %w", err))
		}
	}
	return format, o.loadState()
}

func (o *verifyOptions) check() error {
	switch {
	case slices.Contains(o.journals, ""), slices.Contains(o.names, ""):
		return usageError("leave the flag out instead", "--journal or --journal-name is empty")
	case len(o.names) > 0 && len(o.names) != len(o.journals) && (o.segment == "" || len(o.names) > 1):
		return usageError("--journal DIR --journal-name NAME, for each collector", "--journal-name is given %d times, --journal %d times", len(o.names), len(o.journals))
	case len(slices.Compact(slices.Sorted(slices.Values(cleaned(o.journals))))) < len(o.journals):
		return usageError("name every collector's journal once", "--journal names a directory twice")
	case o.requireMAC && o.macKeys == "":
		return usageError("--mac-keys FILE", "--require-mac without --mac-keys")
	case o.journalOnly && len(o.journals) == 0 && o.segment == "":
		return usageError("--journal DIR", "--journal-only without a journal")
	case len(o.journals) > 0 && o.segment != "":
		return usageError("leave one out", "--journal and --segment exclude each other")
	case (o.journalOnly || o.segment != "") && o.tenant != "":
		return usageError("", "--tenant selects in the database: a journal is one tree of all tenants")
	case (o.journalOnly || o.segment != "") && o.state != "":
		return usageError("", "--state is of the database")
	case o.full && o.state == "":
		return usageError("leave it out: without --state every run is a full one", "--full without --state")
	case o.workers < 0:
		return usageError("", "--workers %d is negative", o.workers)
	}
	return nil
}

// maxStateFileBytes is some million logs.
const maxStateFileBytes = 1 << 30

func (o *verifyOptions) loadState() error {
	if o.state == "" {
		return nil
	}
	text, err := regular.ReadFile(o.state, maxStateFileBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a first run
	case err != nil:
		return environmentError("", fmt.Errorf("--state: %w", err))
	case len(text) == 0:
		return environmentError("restore it, or remove it to begin anew, once it is known who emptied it", fmt.Errorf("--state %s: it is empty, and was an anchor", o.state))
	}
	if o.saved, err = verify.ParseState(text, o.trust); err != nil {
		return environmentError("move it away and look why it changed; without it the next run verifies everything", fmt.Errorf("--state %s: %w", o.state, err))
	}
	return nil
}

// wantsStore reports whether a database is to be verified: the one that is
// named, unless the journal alone was asked for.
func (o *verifyOptions) wantsStore(sys *System) bool {
	if o.journalOnly || o.segment != "" {
		return false
	}
	if len(o.journals) == 0 || o.tenant != "" || o.state != "" {
		return true
	}
	_, err := o.database.resolve(sys)
	return err == nil
}

func cleaned(paths []string) []string {
	clean := make([]string, len(paths))
	for i, path := range paths {
		clean[i] = filepath.Clean(path)
	}
	return clean
}

func (o *verifyOptions) verifyStore(ctx context.Context, sys *System, progress *progressLine, journals []journalReport) (*verify.Report, error) {
	url, err := o.database.resolve(sys)
	if err != nil {
		return nil, err
	}
	notes, files, err := o.readAnchors(sys, "AUDIT_ANCHOR_FILE")
	if err != nil {
		return nil, err
	}
	options := verify.Options{
		Database: store.Options{URL: url, Schema: o.database.schema}, Tenant: o.tenant, Trust: o.trust, Anchors: notes,
		State: o.saved, Full: o.full, MACs: o.macs, RequireMACs: o.requireMAC, Workers: o.workers, Progress: progress.show,
	}
	var witnesses verify.Witnesses
	for _, journal := range journals {
		if journal.Verdict == verify.Intact {
			witnesses = append(witnesses, verify.JournalWitness{Directory: journal.Path})
		}
	}
	if len(witnesses) > 0 {
		options.Witness = witnesses
	}
	report, err := verify.Store(ctx, options)
	if errors.Is(err, store.ErrOneTenant) {
		return nil, usageError("--tenant T, or the URL of an auditor's login", "%w", err)
	}
	if err != nil {
		return nil, describeVerify(ctx, err, files)
	}
	return report, nil
}

// verifyJournals verifies every journal that is named, or the one segment.
func (o *verifyOptions) verifyJournals(ctx context.Context, sys *System, progress *progressLine) ([]journalReport, error) {
	if len(o.journals) == 0 && o.segment == "" {
		return nil, nil
	}
	notes, files, err := o.readAnchors(sys, "AUDIT_JOURNAL_ANCHOR_FILE")
	if err != nil {
		return nil, err
	}
	options := verify.JournalOptions{Segment: o.segment, Trust: o.trust, Anchors: notes, MACs: o.macs, Progress: progress.show}
	paths := o.journals
	if o.segment != "" {
		paths = []string{o.segment}
	}
	var reports []journalReport
	for i, path := range paths {
		if o.segment == "" {
			options.Directory = path
		}
		if len(o.names) > 0 {
			options.Name = o.names[i]
		}
		report, err := verify.Journal(ctx, options)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, environmentError("", err)
		case err != nil:
			return nil, describeVerify(ctx, err, files)
		}
		if twin := holdsSameLog(reports, report); twin != "" {
			report.AddUnchecked("it is the same journal as " + twin + ": one of the two is a copy, and another journal may be missing")
		}
		reports = append(reports, journalReport{Path: path, Report: report})
	}
	return reports, nil
}

// holdsSameLog is where a log of the report was found already, "" where nowhere.
func holdsSameLog(found []journalReport, report *verify.Report) string {
	for _, other := range found {
		for i := range other.Logs {
			if slices.ContainsFunc(report.Logs, func(l verify.Log) bool { return l.Origin == other.Logs[i].Origin }) {
				return other.Path
			}
		}
	}
	return ""
}

// readAnchors returns the checkpoints of every file, and the file of each.
func (o *verifyOptions) readAnchors(sys *System, fallback string) (notes [][]byte, files []string, err error) {
	paths := anchorFiles(sys, o.anchors, fallback)
	contents, err := loadAnchorFiles("anchors", paths...)
	if err != nil {
		return nil, nil, err
	}
	o.given.add(paths, contents)
	for i := range contents {
		for _, note := range contents[i].Notes {
			notes, files = append(notes, note), append(files, paths[i])
		}
	}
	return notes, files, nil
}

func describeVerify(ctx context.Context, err error, files []string) error {
	if bad, ok := errors.AsType[*verify.AnchorError](err); ok {
		hint := "an anchor that is not signed by a trusted key proves nothing: is this the right trust file, and the right file of anchors?"
		if errors.Is(err, keys.ErrNotTrusted) {
			hint = "the trust file knows the key, and not for this log or this time"
		}
		n := 1
		for i := range bad.Index {
			if files[i] == files[bad.Index] {
				n++
			}
		}
		return environmentError(hint, fmt.Errorf("--anchors %s: checkpoint %d: %w", files[bad.Index], n, bad.Err))
	}
	if ctx.Err() != nil {
		return &failure{code: exitIncomplete, err: errors.New("interrupted")}
	}
	return describeRead(err)
}

// save writes what was verified into the file of --state.
func (o *verifyOptions) save(report *verify.Report) error {
	if o.state == "" {
		return nil
	}
	next, err := o.saved.Next(report, o.trust)
	if err != nil {
		return err
	}
	text, err := next.Bytes()
	if err != nil || len(text) == 0 { // an empty file would be one that somebody emptied
		return err
	}
	path, err := filepath.EvalSymlinks(o.state)
	if err != nil {
		path = o.state
	}
	return writeFileWhole(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
