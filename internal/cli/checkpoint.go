package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/store"
)

type checkpointOptions struct {
	database    databaseFlags
	trust       trustFlag
	tenant      string
	epoch       int32
	out, append string
}

func newCheckpoint(sys *System) *cobra.Command {
	o := &checkpointOptions{}
	cmd := &cobra.Command{
		Use:   "checkpoint [--tenant T] [flags]",
		Short: "Print the newest signed checkpoints, or keep them in a file",
		Long: `Print the newest checkpoint of a tenant's log: a C2SP signed note, which says how
many events the log has, the root over them, and when it was signed. Without
--tenant, those of all tenants, one JSON object {"checkpoint":"<note>"} per line;
that needs the auditor role.

A checkpoint names no tenant and no event. Kept where the database's
administrators cannot write, it is what makes a cut tail, a deleted log and a
restored backup visible: 'otelaudit verify --anchors' holds a store against it.

--append FILE is for a cron job on another host: it first proves that every log
of the file has only grown since, then appends what is new. Where a log has gone
back, has another root, or is gone: exit code 1, and nothing is written. With a
trust file the signatures are checked, too, before anything is printed or
written; --append needs one, and so does --out without --tenant: what a database's
administrator has edited is not kept as evidence. Exit code 3 when some logs carry
no signature.`,
		Example: `  otelaudit checkpoint --tenant acme
  otelaudit checkpoint --trust trust --append /mnt/elsewhere/anchors`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.database.register(cmd, "AUDIT_AUDITOR_URL")
	o.trust.register(cmd, "trust `FILE` to check the signatures with")
	f := cmd.Flags()
	f.StringVar(&o.tenant, "tenant", "", "`tenant` whose log it is (default: all)")
	f.Int32Var(&o.epoch, "epoch", -1, "this `EPOCH` of the tenant's log (default: the newest)")
	f.StringVar(&o.out, "out", "", "`FILE` to put in place (default: standard output)")
	f.StringVar(&o.append, "append", "", "`FILE` of anchors to check against and append to")
	return cmd
}

func (o *checkpointOptions) check(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	epoch := cmd.Flags().Changed("epoch")
	switch {
	case o.out != "" && o.append != "":
		return usageError("", "--out and --append exclude each other")
	case epoch && o.tenant == "":
		return usageError("", "--epoch needs --tenant")
	case epoch && o.epoch < 0:
		return usageError("", "--epoch %d is below 0", o.epoch)
	case epoch && o.append != "":
		return usageError("", "--epoch and --append exclude each other: anchors are of newest epochs")
	}
	return nil
}

func (o *checkpointOptions) run(cmd *cobra.Command, sys *System) error {
	if err := o.check(cmd); err != nil {
		return err
	}
	// What is kept must be signed: a forged head would be in the way of every
	// genuine one.
	trust, err := o.trust.load(sys, o.append != "" || o.out != "" && o.tenant == "")
	if err != nil {
		return err
	}
	if o.tenant != "" && o.database.fallback == "AUDIT_AUDITOR_URL" && sys.Getenv(o.database.fallback) == "" {
		o.database.fallback = "AUDIT_READER_URL"
	}
	scanner, err := o.database.scan(cmd.Context(), sys, o.tenant)
	if err != nil {
		return err
	}
	defer scanner.Close()
	c := &collectedHeads{scanner: scanner, trust: trust, tenant: o.tenant}
	if err := c.collect(cmd.Context(), o.epoch); err != nil {
		return err
	}
	if o.append != "" {
		err = c.appendTo(cmd.Context(), o.append)
	} else {
		err = writeBytes(sys, o.out, c.text())
	}
	if err != nil {
		return err
	}
	return c.incomplete()
}

// collectedHeads are the newest checkpoints of a store.
type collectedHeads struct {
	scanner *store.Scanner
	trust   *keys.Trust // nil: signatures are not checked
	tenant  string      // "" for all

	logs     []store.LogName // all, of every epoch
	notes    [][]byte
	unsigned []store.LogName
}

// collect reads the newest commit of each tenant's newest epoch that has one, or
// of the epoch named.
func (c *collectedHeads) collect(ctx context.Context, epoch int32) error {
	var err error
	if c.logs, err = c.scanner.Logs(ctx); err != nil {
		return describeRead(err)
	}
	done := make(map[string]bool)
	for _, name := range slices.Backward(c.logs) { // by tenant and epoch
		if done[name.Tenant] || epoch >= 0 && name.Epoch != epoch || c.tenant != "" && name.Tenant != c.tenant {
			continue
		}
		commit, err := prove.Commit(ctx, c.scanner, name, 0)
		switch {
		case errors.Is(err, prove.ErrNoCommit):
			continue // opened, and nothing written since
		case errors.Is(err, prove.ErrUnsigned):
			c.unsigned = append(c.unsigned, name)
		case err != nil:
			return describeProof(err)
		default:
			if err := c.believe(name, commit.Note); err != nil {
				return err
			}
			c.notes = append(c.notes, commit.Note)
		}
		done[name.Tenant] = true
	}
	slices.Reverse(c.notes)
	if len(c.notes) > 0 || len(c.unsigned) > 0 {
		return nil
	}
	if c.tenant != "" {
		return negative("", "tenant %q: %w", c.tenant, prove.ErrNoCommit)
	}
	return negative("", "no log in this store has a commit")
}

// believe checks that a note is a checkpoint of this log.
func (c *collectedHeads) believe(name store.LogName, note []byte) error {
	checkpoint, err := anchor.Unverified(note)
	if err == nil && c.trust != nil {
		checkpoint, err = c.trust.Checkpoint(note)
	}
	if err == nil {
		var origin merkle.Origin
		origin, err = merkle.ParseOrigin(checkpoint.Origin)
		if err == nil && merkle.TenantOrigin(origin.Log, name.Tenant, name.Epoch) != checkpoint.Origin {
			err = fmt.Errorf("it is one of another log, %s", checkpoint.Origin)
		}
	}
	if err != nil {
		hint := "'otelaudit verify' says what is wrong, and where"
		if errors.Is(err, keys.ErrSignature) {
			hint = "is this the trust file of the log that signed?"
		}
		return negative(hint, "the checkpoint of tenant %q, epoch %d: %w", name.Tenant, name.Epoch, err)
	}
	return nil
}

// text is the raw note of one tenant, or a line for each.
func (c *collectedHeads) text() []byte {
	if c.tenant != "" {
		return slices.Concat(c.notes...)
	}
	var lines []byte
	for _, note := range c.notes {
		lines = anchor.AppendLine(lines, note)
	}
	return lines
}

func (c *collectedHeads) incomplete() error {
	if len(c.unsigned) == 0 {
		return nil
	}
	first := c.unsigned[0]
	return &failure{
		code: exitIncomplete, hint: "'otelaudit recover --new-epoch' puts what is stored under a signature",
		err: fmt.Errorf("%d logs have no checkpoint: they were written without signatures (tenant %q, epoch %d)", len(c.unsigned), first.Tenant, first.Epoch),
	}
}

// appendTo appends what is new to an anchor file, once the store has been held
// against all that is in it.
func (c *collectedHeads) appendTo(ctx context.Context, path string) error {
	kept, err := readAnchorFiles("append", path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var first error
	wrong := 0
	for _, note := range newestOfEach(kept) {
		err := c.holds(ctx, note)
		if err == nil {
			continue
		}
		if f, ok := errors.AsType[*failure](err); !ok || f.code != exitNegative {
			return err
		}
		wrong++
		if first == nil {
			first = err
		}
	}
	if first != nil {
		if wrong > 1 {
			return negative("nothing was appended; 'otelaudit verify --anchors' tells all of it", "%w (and %d more logs)", first, wrong-1)
		}
		return first
	}
	file, err := anchor.Open(path)
	if err != nil {
		return environmentError("", err)
	}
	if err := errors.Join(file.Append(c.notes...), file.Close()); err != nil {
		return environmentError("", err)
	}
	return nil
}

// holds checks that a log has only grown since a checkpoint that was kept.
func (c *collectedHeads) holds(ctx context.Context, note []byte) error {
	old, err := anchor.Unverified(note)
	if err != nil {
		return environmentError("", err)
	}
	origin, err := merkle.ParseOrigin(old.Origin)
	if err != nil {
		return nil //nolint:nilerr // an anchor of some other log
	}
	if c.trust != nil {
		if _, err := c.trust.Checkpoint(note); err != nil {
			return negative("the file holds what the log's key did not sign", "the anchor of %s: %w", old.Origin, err)
		}
	}
	for _, name := range c.logs {
		if (c.tenant == "" || name.Tenant == c.tenant) && merkle.TenantOrigin(origin.Log, name.Tenant, name.Epoch) == old.Origin {
			_, _, err := prove.Growth(ctx, c.scanner, name.Tenant, old)
			return describeProof(err)
		}
	}
	if c.tenant != "" && !isLogOf(c.tenant, origin) || !origin.IsTenant() {
		return nil // not asked about
	}
	return negative("its events were deleted, or this is another database", "%w: the store has no log %s, which had %d entries", prove.ErrBehind, old.Origin, old.Size)
}

func isLogOf(tenant string, origin merkle.Origin) bool {
	return merkle.TenantOrigin(origin.Log, tenant, origin.Epoch) == origin.String()
}

// newestOfEach keeps the newest checkpoint of each log, in the order of a file.
func newestOfEach(notes [][]byte) [][]byte {
	sizes := make(map[string]int64)
	places := make(map[string]int)
	var newest [][]byte
	for _, note := range notes {
		c, err := anchor.Unverified(note)
		if err != nil {
			continue
		}
		at, known := places[c.Origin]
		switch {
		case !known:
			places[c.Origin], sizes[c.Origin] = len(newest), c.Size
			newest = append(newest, note)
		case c.Size > sizes[c.Origin]:
			newest[at], sizes[c.Origin] = note, c.Size
		}
	}
	return newest
}
