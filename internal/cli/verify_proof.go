package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/regular"
)

type verifyProofOptions struct {
	trust               pinnedTrust
	proof, record, from string
	format              formatFlag
}

func newVerifyProof(sys *System) *cobra.Command {
	o := &verifyProofOptions{}
	cmd := &cobra.Command{
		Use:   "verify-proof --trust FILE --proof FILE (--record FILE | --from FILE) [flags]",
		Short: "Verify a proof offline",
		Long: `Verify what 'otelaudit prove' wrote, without a database and without any secret.

With --record the proof is that this record is an entry of a log, in the tree that
a trusted key signed: it was there when the checkpoint was signed, and in every
tree of that log since. With --from the proof is that a log has only grown since
the checkpoint in that file, which you have kept. A proof of another log than --log
is refused.

Exit codes: 0 it holds; 1 it does not; 2 wrong usage, or a file cannot be read.`,
		Example: `  otelaudit verify-proof --trust trust --proof event.proof --record event.json
  otelaudit verify-proof --trust trust --proof grown.proof --from checkpoint-of-last-year`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.trust.register(cmd, "trust `FILE` with the public keys you believe")
	f := cmd.Flags()
	f.StringVar(&o.proof, "proof", "", "`FILE` with the proof (required)")
	f.StringVar(&o.record, "record", "", "`FILE` with the record that the proof is about")
	f.StringVar(&o.from, "from", "", "`FILE` with the old checkpoint that you have kept")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	return cmd
}

func (o *verifyProofOptions) run(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	if o.proof == "" || (o.record == "") == (o.from == "") {
		return usageError(helpHint(cmd), "verify-proof needs --proof, and --record or --from")
	}
	trust, err := o.trust.load(sys)
	if err != nil {
		return err
	}
	proof, err := readSmallFile(o.proof)
	if err != nil {
		return err
	}
	if prove.IsConsistency(proof) != (o.from != "") {
		return o.wrongKind(proof)
	}
	object, err := o.verify(trust, proof)
	if err != nil {
		return err
	}
	return writeObject(sys.Stdout, format, object)
}

// wrongKind tells a proof of the other kind from what is no proof at all.
func (o *verifyProofOptions) wrongKind(proof []byte) error {
	if prove.IsConsistency(proof) {
		return usageError("it says that a log has only grown: give the old checkpoint with --from", "%s is a consistency proof", o.proof)
	}
	if _, err := merkle.ParseProof(proof); err != nil {
		return negative("", "%s: %w", o.proof, prove.ErrConsistencyFormat)
	}
	return usageError("it is about one record: give that with --record", "%s is an inclusion proof", o.proof)
}

func (o *verifyProofOptions) verify(trust *keys.Trust, proof []byte) ([]byte, error) {
	if o.from != "" {
		notes, err := readKeptCheckpoints(o.from)
		if err != nil {
			return nil, err
		}
		old, now, err := prove.VerifyConsistency(trust, proof, notes[o.pick(proof, notes)])
		if err != nil {
			return nil, describeFalse(err)
		}
		return grownObject(old, now), nil
	}
	canonical, err := readSmallFile(o.record)
	if err != nil {
		return nil, err
	}
	proven, err := prove.VerifyInclusion(trust, proof, canonical)
	if err != nil {
		return nil, describeFalse(err)
	}
	return provenObject(&proven), nil
}

// pick finds the checkpoint that the proof begins with among those of a file;
// where it is not there, any shows how they differ.
func (o *verifyProofOptions) pick(proof []byte, notes [][]byte) int {
	parsed, err := prove.ParseConsistency(proof)
	if err != nil {
		return 0
	}
	now, err := anchor.Unverified(parsed.Note)
	if err != nil {
		return 0
	}
	for i, note := range notes {
		if old, err := anchor.Unverified(note); err == nil && old.Origin == now.Origin && old.Size == parsed.OldSize {
			return i
		}
	}
	return 0
}

// describeFalse is for a proof that does not hold, whatever the reason.
func describeFalse(err error) error {
	hint := ""
	if errors.Is(err, keys.ErrSignature) {
		hint = "is this the trust file of the log that signed?"
	}
	return negative(hint, "%w", err)
}

// maxProofFileBytes is more than any proof, checkpoint or record has.
const maxProofFileBytes = 64 << 20

func readSmallFile(path string) ([]byte, error) {
	content, err := regular.ReadFile(path, maxProofFileBytes)
	if err != nil {
		return nil, environmentError("", err)
	}
	return content, nil
}

// provenObject is what an inclusion proof shows as JSON.
func provenObject(p *prove.Proven) []byte {
	dst := []byte(`{"proven":"inclusion"`)
	rec := p.Record
	dst = appendMember(dst, "event_id", rec.EventID)
	dst = appendMember(dst, "tenant_id", rec.TenantID)
	dst = appendMember(dst, "action", rec.Action)
	dst = appendMember(dst, "outcome", rec.Outcome)
	if at := max(rec.TimeUnixNano, 0); at != 0 {
		dst = appendMember(dst, "time", time.Unix(0, at).UTC().Format(time.RFC3339Nano))
	}
	dst = appendMember(dst, "leaf_hash", hex.EncodeToString(p.Leaf[:]))
	dst = appendMember(dst, "log", p.Checkpoint.Origin)
	dst = fmt.Appendf(dst, `,"seq":%d,"size":%d`, p.Index, p.Checkpoint.Size)
	dst = appendMember(dst, "recorded_no_later_than", instant(p.Checkpoint.RecordedAt))
	return append(dst, '}')
}

// grownObject is what a consistency proof shows as JSON.
func grownObject(old, now merkle.Checkpoint) []byte {
	dst := []byte(`{"proven":"consistency"`)
	dst = appendMember(dst, "log", now.Origin)
	dst = fmt.Appendf(dst, `,"old_size":%d`, old.Size)
	dst = appendMember(dst, "old_recorded_at", instant(old.RecordedAt))
	dst = fmt.Appendf(dst, `,"size":%d`, now.Size)
	dst = appendMember(dst, "recorded_at", instant(now.RecordedAt))
	return append(dst, '}')
}

// appendMember appends a member of text and leaves an empty one out.
func appendMember(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":`...)
	return appendString(dst, strings.ToValidUTF8(text, "\uFFFD"))
}

// instant is a time with the microseconds under a checkpoint, "" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return merkle.TimeText(t)
}
