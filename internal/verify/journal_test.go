package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// book is a journal with its key.
type book struct {
	t     *testing.T
	dir   string
	ring  *keys.Ring
	trust *keys.Trust
	notes [][]byte // newest checkpoint after each batch
}

// newBook writes batches of 4 entries, about two batches to a segment.
func newBook(t *testing.T, batches int) *book {
	t.Helper()
	return newBookOf(t, batches, 5000, "")
}

// newBookOf writes batches of 4 entries with this note in their payload.
func newBookOf(t *testing.T, batches int, maxSegmentBytes int64, note string) *book {
	t.Helper()
	private, public := keyPair(t, "first")
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	trust, err := keys.ParseTrust([]byte(keys.TrustHeader + "\n" + public + " " + logName + " - -\n"))
	require.NoError(t, err)
	b := &book{t: t, ring: ring, dir: filepath.Join(t.TempDir(), "journal"), trust: trust}
	require.NoError(t, os.Mkdir(b.dir, 0o700))
	clock := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	w, err := journal.Open(journal.Options{
		Directory: b.dir, Name: "journal", Ring: ring, MaxSegmentBytes: maxSegmentBytes,
		Now: func() time.Time { clock = clock.Add(time.Second); return clock },
	})
	require.NoError(t, err)
	var hasher journal.Hasher
	for i := range batches {
		var entries []journal.Entry
		for k := range 4 {
			rec := event("acme", 4*i+k)
			if note != "" {
				rec.Payload = rec.Payload.Set("note", record.StringValue(note))
			}
			entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
			require.NoError(t, err)
			entries = append(entries, entry)
		}
		_, err := w.Append(context.Background(), entries)
		require.NoError(t, err)
		note, _ := w.Head()
		b.notes = append(b.notes, note)
	}
	require.NoError(t, w.Close())
	return b
}

func (b *book) verify(change ...func(*verify.JournalOptions)) *verify.Report {
	b.t.Helper()
	o := verify.JournalOptions{Directory: b.dir, Trust: b.trust, Anchors: b.notes}
	for _, c := range change {
		c(&o)
	}
	report, err := verify.Journal(b.t.Context(), o)
	require.NoError(b.t, err)
	return report
}

func (b *book) path(segment int) string {
	return filepath.Join(b.dir, journal.SegmentName(int64(segment)))
}

// edit changes the lines of a segment; each ends in a newline.
func (b *book) edit(segment int, change func(lines []string) []string) {
	b.t.Helper()
	text, err := os.ReadFile(b.path(segment))
	require.NoError(b.t, err)
	lines := change(slices.Collect(strings.Lines(string(text))))
	require.NoError(b.t, os.Chmod(b.path(segment), 0o600))
	require.NoError(b.t, os.WriteFile(b.path(segment), []byte(strings.Join(lines, "")), 0o600))
}

// told are the findings in short: kind file:line [seq,until).
func told(report *verify.Report) []string {
	lines := []string{}
	for _, f := range report.Findings {
		lines = append(lines, fmt.Sprintf("%s %s:%d [%d,%d)", f.Kind, strings.TrimSuffix(strings.TrimPrefix(f.File, "segment-00000000000"), ".jsonl"), f.Line, f.Seq, f.Until))
	}
	return lines
}

func TestAJournalAsItWasWrittenIsIntact(t *testing.T) {
	for _, batches := range []int{1, 2, 9} {
		b := newBook(t, batches)
		report := b.verify()
		requireIntact(t, report)
		require.EqualValues(t, 4*batches, report.Coverage.Events)
		require.EqualValues(t, batches, report.Coverage.Commits)
		require.EqualValues(t, batches, report.Coverage.Anchors)
		require.False(t, hasNotice(report, verify.NoAnchors))
		report = b.verify(func(o *verify.JournalOptions) { o.Anchors = nil })
		requireIntact(t, report)
		require.True(t, hasNotice(report, verify.NoAnchors))
		for segment := range report.Coverage.Segments {
			requireIntact(t, b.verify(func(o *verify.JournalOptions) { o.Directory, o.Segment, o.Anchors = "", b.path(int(segment)+1), nil }))
		}
	}
}

// A segment has a header, then batches of four entries and a checkpoint, and a
// seal. Line 3 is the second entry of the segment.
func TestDamageOfAJournalIsFound(t *testing.T) {
	at := func(line int, change func(string) string) func([]string) []string {
		return func(lines []string) []string { lines[line-1] = change(lines[line-1]); return lines }
	}
	without := func(from, to int) func([]string) []string {
		return func(lines []string) []string { return slices.Delete(lines, from-1, to) }
	}
	last := func(change func(string) string) func([]string) []string {
		return func(lines []string) []string {
			lines[len(lines)-1] = change(lines[len(lines)-1])
			return lines
		}
	}
	because := func(s string) string { return strings.Replace(s, `"because"`, `"becausE"`, 1) }
	for name, test := range map[string]struct {
		do        func(b *book)
		told      []string
		unfound   bool // without anchors
		aloneSeen bool // in segment 2 by itself
	}{
		"an entry":             {do: func(b *book) { b.edit(2, at(3, because)) }, told: []string{"journal_line_changed 2:2 [8,12)"}, aloneSeen: true},
		"an entry removed":     {do: func(b *book) { b.edit(2, without(3, 3)) }, told: []string{"journal_line_changed 2:2 [8,12)"}, aloneSeen: true},
		"an entry twice":       {do: func(b *book) { b.edit(2, func(l []string) []string { return slices.Insert(l, 3, l[2]) }) }, told: []string{"journal_line_changed 2:2 [8,12)"}, aloneSeen: true},
		"entries swapped":      {do: func(b *book) { b.edit(2, func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }) }, told: []string{"journal_line_changed 2:2 [8,12)"}, aloneSeen: true},
		"garbage for an entry": {do: func(b *book) { b.edit(2, at(3, func(string) string { return "garbage\n" })) }, told: []string{"journal_line_changed 2:3 [9,10)"}, aloneSeen: true},
		"a header": {do: func(b *book) {
			b.edit(2, at(1, func(s string) string { return strings.Replace(s, "2026-11", "2026-12", 1) }))
		}, told: []string{"journal_forged 2:1 [8,8)"}, aloneSeen: true},
		"a checkpoint": {do: func(b *book) {
			b.edit(2, at(6, func(s string) string { return strings.Replace(s, "2026-11", "2026-12", 1) }))
		}, told: []string{"journal_forged 2:6 [8,12)"}, aloneSeen: true},
		"a checkpoint removed": {do: func(b *book) { b.edit(2, without(6, 6)) }, told: []string{"journal_line_changed 2:10 [8,12)"}, aloneSeen: true},
		"a checkpoint removed from an unsealed segment": {do: func(b *book) {
			b.edit(4, func(l []string) []string { return slices.Delete(l, 5, 6) })
			b.edit(4, func(l []string) []string { return l[:len(l)-1] })
			require.NoError(b.t, os.Remove(b.path(5)))
		}, told: []string{"journal_line_changed 4:10 [24,28)", "tail_missing 4:0 [32,36)"}},
		"a checkpoint exchanged for that in front of it": {do: func(b *book) {
			b.edit(2, func(l []string) []string { l[10] = l[5]; return l })
		}, told: []string{"journal_line_changed 2:7 [12,12)"}, aloneSeen: true},
		"a batch removed": {do: func(b *book) { b.edit(2, without(2, 6)) }, told: []string{"journal_line_changed 2:2 [8,16)"}, aloneSeen: true},
		"a seal": {do: func(b *book) {
			b.edit(2, last(func(s string) string { return strings.Replace(s, "2026-11", "2026-12", 1) }))
		}, told: []string{"journal_forged 2:12 [-1,-1)"}, aloneSeen: true},
		"a seal removed": {do: func(b *book) { b.edit(2, without(12, 12)) }, told: []string{"journal_changed 2:0 [-1,-1)"}},
		"a link in the place of a segment": {do: func(b *book) {
			aside := filepath.Join(b.t.TempDir(), "aside")
			require.NoError(b.t, os.Rename(b.path(2), aside))
			require.NoError(b.t, os.Symlink(aside, b.path(2)))
		}, told: []string{"journal_segment_missing 2:0 [-1,-1)", "journal_segment_missing 3:1 [8,16)"}},
		"the first segment":  {do: func(b *book) { require.NoError(b.t, os.Remove(b.path(1))) }, told: []string{"journal_segment_missing 2:1 [0,8)"}},
		"a middle segment":   {do: func(b *book) { require.NoError(b.t, os.Remove(b.path(3))) }, told: []string{"journal_segment_missing 4:1 [16,24)"}},
		"the newest segment": {do: func(b *book) { require.NoError(b.t, os.Remove(b.path(5))) }, told: []string{"tail_missing 4:0 [32,36)"}, unfound: true},
		"all segments": {do: func(b *book) {
			for i := range 5 {
				require.NoError(b.t, os.Remove(b.path(i+1)))
			}
		}, told: []string{"log_missing :0 [0,36)"}},
		"the tail cut within a line": {do: func(b *book) {
			text, err := os.ReadFile(b.path(5))
			require.NoError(b.t, err)
			require.NoError(b.t, os.WriteFile(b.path(5), text[:len(text)-7], 0o600))
		}, told: []string{"journal_unsigned 5:2 [32,36)"}, unfound: true},
		"garbage at the end": {do: func(b *book) { b.edit(5, func(l []string) []string { return append(l, "garbage\n") }) }, told: []string{"journal_line_changed 5:7 [36,37)"}},
		"an entry at the end of a sealed segment": {
			do:   func(b *book) { b.edit(2, func(l []string) []string { return append(l, l[2]) }) },
			told: []string{"journal_changed 2:13 [-1,-1)"}, aloneSeen: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, 9)
			require.FileExists(t, b.path(5))
			requireIntact(t, b.verify())
			test.do(b)
			require.Equal(t, test.told, told(b.verify()))
			report := b.verify(func(o *verify.JournalOptions) { o.Anchors = nil })
			if test.unfound || name == "all segments" {
				require.Empty(t, report.Findings)
			} else {
				without := slices.DeleteFunc(slices.Clone(test.told), func(line string) bool { return strings.HasPrefix(line, "tail_missing ") })
				require.Equal(t, without, told(report))
			}
			if test.aloneSeen {
				report = b.verify(func(o *verify.JournalOptions) { o.Directory, o.Segment = "", b.path(2) })
				require.Equal(t, verify.Tampered, report.Verdict)
			}
		})
	}
}

// One byte of any segment, whatever it is, is found.
func TestEveryByteOfAJournalCounts(t *testing.T) {
	b := newBook(t, 5)
	for segment := 1; segment <= 2; segment++ {
		text, err := os.ReadFile(b.path(segment))
		require.NoError(t, err)
		require.NoError(t, os.Chmod(b.path(segment), 0o600))
		for i := 0; i < len(text); i += 7 {
			damaged := bytes.Clone(text)
			damaged[i] ^= 1
			require.NoError(t, os.WriteFile(b.path(segment), damaged, 0o600))
			require.Equal(t, verify.Tampered, b.verify().Verdict, "segment %d, byte %d: %q", segment, i, text[max(0, i-20):i+1])
		}
		require.NoError(t, os.WriteFile(b.path(segment), text, 0o600))
	}
	requireIntact(t, b.verify())
}

func TestAJournalIsAWitness(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 20, 10)
	b := newBook(t, 5)
	v.tamper(`UPDATE audit_events SET payload = '{"amount": 1}' WHERE tenant_id = 'acme' AND seq = 13`)
	v.forgeLeaves(13)
	require.Equal(t, []string{"event_changed acme/0[13,14) ev-000013"},
		found(v.verify(func(o *verify.Options) { o.Witness = verify.JournalWitness{Directory: b.dir} })))
}

func TestSeveralJournalsAreWitnesses(t *testing.T) {
	one, other := newBook(t, 5), newBook(t, 2)
	witnesses := verify.Witnesses{verify.JournalWitness{Directory: one.dir}, verify.JournalWitness{Directory: other.dir}}
	found, err := witnesses.Leaves(t.Context(), "acme", map[string]struct{}{"ev-000003": {}, "ev-000013": {}, "ev-000099": {}})
	require.NoError(t, err)
	require.Len(t, found["ev-000003"], 2, "both have it")
	require.Len(t, found["ev-000013"], 1)
	require.Len(t, found, 2)
	_, err = append(witnesses, verify.JournalWitness{Directory: "/nowhere"}).Leaves(t.Context(), "acme", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestADirectoryWithoutAJournalIsNotIntact(t *testing.T) {
	b := newBook(t, 1)
	report := b.verify(func(o *verify.JournalOptions) { o.Directory, o.Anchors = t.TempDir(), nil })
	require.Equal(t, verify.Incomplete, report.Verdict)
}

func TestRemovedSegmentsOfAJournal(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(b *book)
		told   []string
	}{
		"stated":                  {func(*book) {}, []string{}},
		"not stated":              {func(b *book) { require.NoError(b.t, os.Remove(filepath.Join(b.dir, journal.PrunedName))) }, []string{"journal_segment_missing 3:1 [0,16)"}},
		"one more":                {func(b *book) { require.NoError(b.t, os.Remove(b.path(3))) }, []string{"journal_segment_missing 4:1 [16,24)"}},
		"the statement is edited": {func(b *book) { b.editPruned() }, []string{"prune_unproven pruned:1 [-1,-1)", "journal_segment_missing 3:1 [0,16)"}},
		"nothing is left": {func(b *book) {
			for i := 3; i <= 5; i++ {
				require.NoError(b.t, os.Remove(b.path(i)))
			}
		}, []string{"log_missing :0 [0,36)", "journal_segment_missing journal:0 [16,-1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, 9)
			plan, err := journal.PlanPrune(t.Context(), journal.PruneOptions{
				Directory: b.dir, Ring: b.ring, Anchors: b.notes, Cutoff: b.timeOf(3), Now: b.timeOf(8),
			})
			require.NoError(t, err)
			require.Equal(t, 2, plan.Remove())
			require.NoError(t, plan.Prune())
			test.damage(b)
			report := b.verify()
			require.Equal(t, test.told, told(report))
			if len(test.told) == 0 {
				requireIntact(t, report)
				require.True(t, hasNotice(report, verify.Pruned))
				require.EqualValues(t, 16, report.Coverage.Pruned)
			}
		})
	}
}

// timeOf is a moment behind the batch with this number, from 0.
func (b *book) timeOf(batch int) time.Time {
	b.t.Helper()
	checkpoint, err := b.trust.Checkpoint(b.notes[batch])
	require.NoError(b.t, err)
	return checkpoint.RecordedAt.Add(time.Microsecond)
}

func (b *book) editPruned() {
	b.t.Helper()
	path := filepath.Join(b.dir, journal.PrunedName)
	text, err := os.ReadFile(path)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(path, bytes.Replace(text, []byte("2026-11"), []byte("2026-12"), 1), 0o600))
}
