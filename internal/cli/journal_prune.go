package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/regular"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/store"
)

// journalPruneOptions are the flags of journal prune.
type journalPruneOptions struct {
	directory string
	olderThan string
	key       string
	anchors   []string
	database  databaseFlags
	holds     string
	noHolds   bool
	preview   bool
	format    formatFlag
}

func newJournalPrune(sys *System) *cobra.Command {
	o := &journalPruneOptions{}
	cmd := &cobra.Command{
		Use:   "prune --journal DIR [--older-than AGE]",
		Short: "Remove the oldest segments of a journal",
		Long: `Remove the oldest sealed segments of a journal whose entries were all recorded
before --older-than; left out, that is the period of 'otelaudit retention set
--journal' in the database. A segment goes only when it verifies, when a checkpoint
of --anchors covers its end, and when no legal hold touches it; the first that stays
keeps everything behind it, so that what is left is still proven.

A statement signed with --key is durable in DIR/pruned before the first file is
deleted; with it 'otelaudit verify' accepts the missing front. An interrupted
prune is finished by the next one. The collector may go on writing.

Legal holds come from the database (a login with the auditor, the operator or the
pruner role; a hold on a target keeps all of its tenant), from --holds
(a file of JSON Lines: {"tenant_id":"acme","since":"…","until":"…"}, the times
optional, or what 'otelaudit hold list' printed), or do not exist (--no-holds). One
of the three must be said.`,
		Example: `  otelaudit journal prune --journal /var/lib/otelcol-audit/journal --older-than 400d \
      --key log.key --anchors anchors --database-url postgres://auditor@db.example.com/audit --preview`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			return o.run(cmd, sys)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.directory, "journal", "", "`directory` of the journal")
	f.StringVar(&o.olderThan, "older-than", "", "`age` such as 400d, or a date or time (default: the database's policy)")
	f.StringVar(&o.key, "key", "", "key `file` of the log (default: $AUDIT_LOG_KEY_FILE)")
	f.StringArrayVar(&o.anchors, "anchors", nil, "anchor `file` of the journal, may be repeated (default: $AUDIT_JOURNAL_ANCHOR_FILE)")
	o.database.register(cmd, "AUDIT_AUDITOR_URL")
	f.StringVar(&o.holds, "holds", "", "`file` of legal holds, in place of the database")
	f.BoolVar(&o.noHolds, "no-holds", false, "there are no legal holds")
	f.BoolVar(&o.preview, "preview", false, "say what would be removed, and remove nothing")
	o.format.register(cmd, formatJSON, formatTable, formatJSON)
	return cmd
}

func (o *journalPruneOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	opts, err := o.options(cmd, sys)
	if err != nil {
		return err
	}
	plan, err := journal.PlanPrune(cmd.Context(), *opts)
	if err != nil {
		return describePrune(err)
	}
	if !o.preview {
		if err := plan.Prune(); err != nil {
			return environmentError("", fmt.Errorf("--journal: %w", err))
		}
	}
	return printPruning(sys.Stdout, format, plan, !o.preview)
}

// describePrune tells a journal that is not what was written from the rest.
func describePrune(err error) error {
	if errors.Is(err, context.Canceled) {
		return environmentError("", errors.New("interrupted"))
	}
	if _, environment := errors.AsType[*os.PathError](err); environment {
		return environmentError("", fmt.Errorf("--journal: %w", err))
	}
	return negative("'otelaudit verify --journal DIR' says all that is wrong with it", "%w", err)
}

func (o *journalPruneOptions) options(cmd *cobra.Command, sys *System) (*journal.PruneOptions, error) {
	if _, err := readJournal(cmd, o.directory); err != nil {
		return nil, err
	}
	now := sys.Now()
	cutoff, err := o.cutoff(cmd, sys, now)
	if err != nil {
		return nil, err
	}
	path := o.key
	if path == "" {
		path = sys.Getenv("AUDIT_LOG_KEY_FILE")
	}
	ring, err := loadKey(path)
	if err != nil {
		return nil, err
	}
	files := anchorFiles(sys, o.anchors, "AUDIT_JOURNAL_ANCHOR_FILE")
	if len(files) == 0 {
		return nil, usageError("the anchor_file of the exporter auditjournal, or a copy of it", "--anchors is missing: a segment is removed only when its end is anchored")
	}
	anchors, err := readAnchorFiles("anchors", files...)
	if err != nil {
		return nil, err
	}
	holds, err := o.legalHolds(cmd.Context(), sys)
	if err != nil {
		return nil, err
	}
	return &journal.PruneOptions{Directory: o.directory, Ring: ring, Anchors: anchors, Cutoff: cutoff, Holds: holds, Now: now}, nil
}

// cutoff is the flag, or the policy of the database that knows the holds.
func (o *journalPruneOptions) cutoff(cmd *cobra.Command, sys *System, now time.Time) (time.Time, error) {
	_, err := o.database.resolve(sys)
	named := err == nil && o.holds == "" && !o.noHolds
	days := 0
	if named {
		if now, days, err = o.policy(cmd.Context(), sys); err != nil {
			return now, err
		}
	}
	byPolicy := now.AddDate(0, 0, -days)
	switch {
	case o.olderThan != "":
		return o.cutoffAsked(now, byPolicy, days)
	case !named:
		return now, usageError(helpHint(cmd), "--older-than is missing, and no database is named whose policy would say it")
	case days == 0:
		return now, usageError("'otelaudit retention set --journal --keep 400d' sets one", "--older-than is missing, and the database has no policy for journals")
	}
	return byPolicy, nil
}

// cutoffAsked is the flag, which may not go beyond the policy, if there is one.
func (o *journalPruneOptions) cutoffAsked(now, byPolicy time.Time, days int) (time.Time, error) {
	cutoff, err := parseInstant(o.olderThan, now)
	switch {
	case err != nil:
		return cutoff, usageError(instantHint, "--older-than %q is %w", o.olderThan, err)
	case cutoff.After(now):
		return cutoff, usageError("", "--older-than %q lies in the future", o.olderThan)
	case cutoff.After(now.Add(-retention.MinAge)):
		return cutoff, usageError("", "--older-than %s: what is younger than one day is never pruned", o.olderThan)
	case days > 0 && cutoff.After(byPolicy):
		return cutoff, usageError("leave --older-than out to prune by the policy; the operator sets it",
			"the policy of journals keeps %s, and --older-than %s asks for less", counted(days, "day"), o.olderThan)
	}
	return cutoff, nil
}

// policy is what the database says about journals, 0 days for nothing, and its
// time, which decides.
func (o *journalPruneOptions) policy(ctx context.Context, sys *System) (now time.Time, days int, err error) {
	reader, err := o.database.connect(ctx, sys)
	if err != nil {
		return now, 0, err
	}
	defer reader.Close()
	// First, because it says what is missing where a login may neither.
	if _, err = reader.LegalHolds(ctx); err != nil {
		return now, 0, describeHolds(err)
	}
	if days, err = reader.KeepDays(ctx, store.RetentionJournal); err != nil {
		return now, 0, describeRead(err)
	}
	if now, err = reader.Pruner().Now(ctx); err != nil {
		return now, 0, describeRead(err)
	}
	return now, days, nil
}

// legalHolds asks whoever is named, and exactly one must be.
func (o *journalPruneOptions) legalHolds(ctx context.Context, sys *System) ([]journal.Hold, error) {
	const hint = "--database-url with an auditor's login, --holds FILE, or --no-holds where there are none"
	named := 0
	for _, given := range []bool{o.database.url != "", o.holds != "", o.noHolds} {
		if given {
			named++
		}
	}
	switch {
	case named > 1:
		return nil, usageError(hint, "--database-url, --holds and --no-holds exclude each other")
	case o.noHolds:
		return nil, nil
	case o.holds != "":
		return readHolds(o.holds)
	}
	if _, err := o.database.resolve(sys); err != nil {
		return nil, usageError(hint, "nobody is named who knows the legal holds")
	}
	reader, err := o.database.connect(ctx, sys)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	found, err := reader.LegalHolds(ctx)
	if err != nil {
		return nil, describeHolds(err)
	}
	holds := make([]journal.Hold, len(found))
	for i := range found {
		// A journal knows nothing of targets: a hold on one holds all of its tenant.
		holds[i] = journal.Hold{TenantID: found[i].TenantID, Since: found[i].Since, Until: found[i].Until}
	}
	return holds, nil
}

// maxHoldsFileBytes is some 100,000 holds.
const maxHoldsFileBytes = 16 << 20

// readHolds reads a file of holds. An unknown member is an error: a misspelled
// window would hold nothing.
func readHolds(path string) ([]journal.Hold, error) {
	text, err := regular.ReadFile(path, maxHoldsFileBytes)
	if err != nil {
		return nil, environmentError("", fmt.Errorf("--holds: %w", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var holds []journal.Hold
	for n := 1; ; n++ {
		var hold heldObject
		err := decoder.Decode(&hold)
		switch {
		case errors.Is(err, io.EOF):
			return holds, nil
		case err != nil:
			return nil, usageError(`want {"tenant_id":"acme","since":"2026-01-01T00:00:00Z"} per hold`, "--holds %s: hold %d: %w", path, n, err)
		case hold.TenantID == "":
			return nil, usageError("", "--holds %s: hold %d has no tenant_id", path, n)
		case !hold.Since.IsZero() && !hold.Until.IsZero() && !hold.Since.Before(hold.Until):
			return nil, usageError("", "--holds %s: hold %d ends before it begins", path, n)
		}
		if hold.ReleasedAt.IsZero() {
			holds = append(holds, journal.Hold{TenantID: hold.TenantID, Since: hold.Since, Until: hold.Until})
		}
	}
}

// prunedSegment is a segment as the result names it.
type prunedSegment struct {
	Segment int64     `json:"segment"`
	File    string    `json:"file"`
	Entries int64     `json:"entries"`
	Bytes   int64     `json:"bytes"`
	LastAt  time.Time `json:"last_recorded_at,omitzero"`
	Kept    string    `json:"kept,omitempty"` // why it stays
}

// printPruning says what was, or would be, removed and why the next stays.
func printPruning(w io.Writer, format string, plan *journal.Pruning, done bool) error {
	result := struct {
		Removed  bool            `json:"removed"` // false: --preview
		Segments []prunedSegment `json:"segments"`
		Next     *prunedSegment  `json:"next,omitempty"` // the first that stays, where there is a reason
		Leftover []string        `json:"leftover"`       // of an interrupted prune
	}{Removed: done, Segments: []prunedSegment{}, Leftover: append([]string{}, plan.Leftover...)}
	for i := range plan.Candidates {
		c := &plan.Candidates[i]
		s := prunedSegment{c.Segment.Number, c.Segment.Name(), c.Entries, c.Segment.Bytes, c.Last, c.Kept}
		if c.Kept != "" {
			result.Next = &s
			continue
		}
		result.Segments = append(result.Segments, s)
	}
	if format == formatJSON {
		return writeJSON(w, result)
	}
	verb := "would remove"
	if done {
		verb = "removed"
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range result.Segments {
		s := &result.Segments[i]
		fmt.Fprintf(tw, "%s\t%s\t%s\tuntil %s\n", verb, s.File, counted(s.Entries, "entry"), tableInstant(s.LastAt))
	}
	if len(result.Segments) == 0 {
		fmt.Fprintln(tw, "nothing to remove")
	}
	if len(result.Leftover) > 0 {
		fmt.Fprintf(tw, "%s\t%s\tof an interrupted prune\n", verb, strings.Join(result.Leftover, ", "))
	}
	if result.Next != nil {
		fmt.Fprintf(tw, "kept\t%s and all behind it\t%s\n", result.Next.File, printable(result.Next.Kept))
	}
	return tw.Flush()
}
