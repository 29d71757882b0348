package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

type verifyOptions struct {
	database         databaseFlags
	trustFile        trustFlag
	anchors          []string
	state            string
	full             bool
	tenant           string
	journal, segment string
	journalOnly      bool
	macKeys          string
	workers          int
	format           formatFlag

	// Read from the files that the flags name.
	trust *keys.Trust
	macs  *keys.MACRing
	saved *verify.State
}

func newVerify(sys *System) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify --trust FILE [flags]",
		Short: "Prove that nothing was changed, removed, inserted or reordered",
		Long: `Recompute every leaf from the columns that readers see, every root and every
signature, and hold them against anchors: checkpoints that were copied out of the
database administrator's reach. Only public keys are needed. It writes nothing but
the file of --state.

With an auditor's login all tenants are verified; a reader's login needs --tenant.
With --journal the journal is verified, too, and names events that were changed
together with everything that the store has on them; without a database, or with
--journal-only, the journal alone. --segment verifies one of its files by itself.

Without --anchors it cannot be seen that the newest events were cut off, that a
whole tenant was deleted or that an older backup was restored. The result says so;
the exit code does not. --state makes the runs incremental: it remembers what was
verified, is an anchor itself, and belongs where only the verifier can write.

The JSON document is {"verdict": "intact"|"tampered"|"incomplete", "store": R,
"journal": R}. Each R has findings (kind, tenant, epoch, seq, until, event_id, file,
line, detail), unchecked, notices, coverage and logs; until is exclusive.

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
	f.StringVar(&o.journal, "journal", "", "verify the journal in this `DIR`")
	f.StringVar(&o.segment, "segment", "", "verify this `FILE` of a journal by itself")
	f.BoolVar(&o.journalOnly, "journal-only", false, "leave the database alone")
	f.StringVar(&o.macKeys, "mac-keys", "", "`FILE` with the keys of origin MACs")
	f.IntVar(&o.workers, "workers", 0, "goroutines that hash, and tenants at a time (default: one per core)")
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	return cmd
}

func (o *verifyOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.load(cmd, sys)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	progress := startProgress(sys)
	defer progress.stop()
	result := verifyResult{}
	if o.journal != "" || o.segment != "" {
		if result.Journal, err = o.verifyJournal(ctx, sys, progress); err != nil {
			return err
		}
	}
	if o.wantsStore(sys) {
		intact := result.Journal != nil && result.Journal.Verdict == verify.Intact
		if result.Store, err = o.verifyStore(ctx, sys, progress, intact); err != nil {
			return err
		}
		if err := o.save(result.Store); err != nil {
			return err
		}
	}
	progress.stop()
	return result.print(sys, format)
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
	if o.trust, err = o.trustFile.load(sys, true); err != nil {
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
	case o.journalOnly && o.journal == "" && o.segment == "":
		return usageError("--journal DIR", "--journal-only without a journal")
	case o.journal != "" && o.segment != "":
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

func (o *verifyOptions) loadState() error {
	if o.state == "" {
		return nil
	}
	text, err := os.ReadFile(o.state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return environmentError("", fmt.Errorf("--state: %w", err))
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
	if o.journal == "" || o.tenant != "" || o.state != "" {
		return true
	}
	_, err := o.database.resolve(sys)
	return err == nil
}

func (o *verifyOptions) verifyStore(ctx context.Context, sys *System, progress *progressLine, intactJournal bool) (*verify.Report, error) {
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
		State: o.saved, Full: o.full, MACs: o.macs, Workers: o.workers, Progress: progress.show,
	}
	if intactJournal {
		options.Witness = verify.JournalWitness{Directory: o.journal}
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

func (o *verifyOptions) verifyJournal(ctx context.Context, sys *System, progress *progressLine) (*verify.Report, error) {
	notes, files, err := o.readAnchors(sys, "AUDIT_JOURNAL_ANCHOR_FILE")
	if err != nil {
		return nil, err
	}
	report, err := verify.Journal(ctx, verify.JournalOptions{
		Directory: o.journal, Segment: o.segment, Trust: o.trust, Anchors: notes, MACs: o.macs, Progress: progress.show,
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, environmentError("", err)
		}
		return nil, describeVerify(ctx, err, files)
	}
	return report, nil
}

// readAnchors returns the checkpoints of every file, and the file of each.
func (o *verifyOptions) readAnchors(sys *System, fallback string) (notes [][]byte, files []string, err error) {
	return readAnchorFiles("anchors", anchorFiles(sys, o.anchors, fallback)...)
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
	if err != nil {
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
