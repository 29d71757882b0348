package verify_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// recover opens a new epoch. The journal's own anchors are those up to a batch.
func (b *book) recover(anchored int) {
	b.t.Helper()
	anchors, err := anchor.Open(filepath.Join(b.t.TempDir(), "anchors"))
	require.NoError(b.t, err)
	defer anchors.Close()
	require.NoError(b.t, anchors.Add(b.notes[:anchored]...))
	clock := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	r, err := journal.Examine(journal.Options{
		Directory: b.dir, Name: "journal", Ring: b.ring, Anchors: anchors, Now: func() time.Time { clock = clock.Add(time.Second); return clock },
	})
	require.NoError(b.t, err)
	defer r.Close()
	_, err = r.OpenEpoch("restored as far as possible")
	require.NoError(b.t, err)
}

// A new epoch says what is lost, and its first header has the SHA-256 of the
// file in front of it as it was then. Segment 5 holds entries 32 to 35.
func TestAnAcknowledgedLossOfAJournal(t *testing.T) {
	because := func(lines []string, line int) []string {
		require.Contains(t, lines[line-1], `"because"`)
		lines[line-1] = strings.Replace(lines[line-1], `"because"`, `"becausE"`, 1)
		return lines
	}
	edit := func(segment, line int) func(b *book) {
		return func(b *book) {
			b.edit(segment, func(lines []string) []string { return because(lines, line) })
		}
	}
	remove := func(segment, line int) func(b *book) {
		return func(b *book) {
			b.edit(segment, func(lines []string) []string { return slices.Delete(lines, line-1, line) })
		}
	}
	header := func(segment int) func(b *book) {
		return func(b *book) {
			b.edit(segment, func(lines []string) []string {
				lines[0] = strings.Replace(lines[0], "2026-11", "2026-12", 1)
				return lines
			})
		}
	}
	nothing := func(*book) {}
	another := "journal_changed 5:0 [-1,-1)"
	for name, test := range map[string]struct {
		batches     int
		damage      func(b *book) // before the new epoch
		after       func(b *book)
		told        []string
		acknowledge int // notices of an acknowledged loss
	}{
		"the newest segment lost":                           {9, func(b *book) { require.NoError(b.t, os.Remove(b.path(5))) }, nothing, nil, 1},
		"and then a seal removed":                           {9, func(b *book) { require.NoError(b.t, os.Remove(b.path(5))) }, remove(4, 12), []string{"journal_changed 4:0 [-1,-1)"}, 1},
		"nothing lost":                                      {9, nothing, nothing, nil, 0},
		"nothing lost, then the seal removed":               {9, nothing, remove(5, 7), []string{another}, 0},
		"nothing lost, then an entry":                       {9, nothing, edit(5, 3), []string{another, "journal_line_changed 5:2 [32,36)"}, 0},
		"an entry":                                          {9, edit(5, 3), nothing, nil, 2},
		"an entry, then another":                            {9, edit(5, 3), edit(5, 2), []string{another, "epoch_forged 6:0 [32,36)", "journal_line_changed 5:2 [32,36)"}, 1},
		"an entry, then one in front":                       {9, edit(5, 3), edit(2, 3), []string{"journal_line_changed 2:2 [8,12)"}, 2},
		"an entry of each batch":                            {10, func(b *book) { edit(5, 3)(b); edit(5, 8)(b) }, nothing, nil, 2},
		"the second batch, then the first":                  {10, edit(5, 8), edit(5, 3), []string{another, "journal_line_changed 5:2 [32,36)", "epoch_forged 6:0 [36,40)"}, 1},
		"a checkpoint removed":                              {9, remove(5, 6), nothing, nil, 1},
		"a header":                                          {9, header(5), nothing, nil, 2},
		"a header, then an entry behind it":                 {9, header(5), edit(5, 3), []string{another, "journal_forged 5:1 [32,32)", "epoch_forged 6:0 [32,36)"}, 1},
		"the only header":                                   {1, header(1), nothing, nil, 2},
		"the only header, then an entry of it":              {1, header(1), edit(1, 3), []string{"journal_changed 1:0 [-1,-1)", "journal_forged 1:1 [0,0)", "epoch_forged 2:0 [0,4)"}, 1},
		"a sealed segment, which is no matter of the epoch": {9, edit(2, 3), nothing, []string{"journal_line_changed 2:2 [8,12)"}, 0},
		"the tail cut, put back later": {10, func(b *book) {
			cut(b, func() { b.recover(0) })
		}, nothing, []string{another, "epoch_forged 6:0 [36,40)"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, test.batches)
			test.damage(b)
			if _, err := os.Stat(b.path(6)); err != nil {
				b.recover(test.batches)
			}
			test.after(b)
			report := b.verify()
			require.Equal(t, slices.Sorted(slices.Values(test.told)), slices.Sorted(slices.Values(told(report))))
			acknowledged := 0
			for _, n := range report.Notices {
				if n.Kind == verify.LossAcknowledged {
					acknowledged++
				}
			}
			require.Equal(t, test.acknowledge, acknowledged, report.Notices)
		})
	}
}

// cut takes the last batch away while something is done.
func cut(b *book, do func()) {
	b.t.Helper()
	whole, err := os.ReadFile(b.path(5))
	require.NoError(b.t, err)
	b.edit(5, func(lines []string) []string { return lines[:6] })
	do()
	require.NoError(b.t, os.Chmod(b.path(5), 0o600))
	require.NoError(b.t, os.WriteFile(b.path(5), whole, 0o600))
}

// One entry is changed in the first segment: what is behind it in the segment
// cannot be proven, and is not missing. From the next header on all is proven.
func TestWhatIsBehindDamageIsNotMissing(t *testing.T) {
	b := newBook(t, 9)
	b.edit(5, func(lines []string) []string { lines[1] = "garbage\n"; return lines })
	report := b.verify()
	require.Equal(t, []string{"journal_line_changed 5:2 [32,33)"}, told(report))
	require.Equal(t, []string{"from entry 32 of audit.example.com/test/j-journal on nothing can be proven one by one; it was signed up to 36"}, details(report, verify.NotLocated))

	b = newBook(t, 10)
	b.edit(1, func(lines []string) []string { lines[1] = "garbage\n"; return lines })
	report = b.verify()
	require.Equal(t, []string{"journal_line_changed 1:2 [0,1)"}, told(report))
	require.Equal(t, []string{"entries 0 to 7 of audit.example.com/test/j-journal cannot be proven one by one"}, details(report, verify.NotLocated))
	require.EqualValues(t, 10, report.Coverage.Anchors, "a signed checkpoint holds an anchor")
}

// Within a segment a frontier beside a checkpoint is where proof goes on: two
// batches of 40 KiB have one.
func TestProofGoesOnBehindDamageWithinASegment(t *testing.T) {
	b := newBookOf(t, 9, 1<<30, strings.Repeat("n", 10<<10))
	edit := func(line int, from, to string) {
		b.edit(1, func(lines []string) []string {
			require.Contains(t, lines[line-1], from)
			lines[line-1] = strings.Replace(lines[line-1], from, to, 1)
			return lines
		})
	}
	frontier := func(batch int) bool {
		found := false
		b.edit(1, func(lines []string) []string {
			found = strings.Contains(lines[5*batch+5], `,"frontier":"`)
			return lines
		})
		return found
	}
	require.Equal(t, []bool{false, true, false, true}, []bool{frontier(0), frontier(1), frontier(2), frontier(3)})
	requireIntact(t, b.verify())

	edit(3, `"because"`, `"becausE"`) // in batch 0
	report := b.verify()
	require.Equal(t, []string{"journal_line_changed 1:2 [0,4)"}, told(report))
	require.Equal(t, []string{"entries 4 to 7 of " + logName + "/j-journal cannot be proven one by one"}, details(report, verify.NotLocated))
	require.EqualValues(t, 9, report.Coverage.Anchors)
	require.EqualValues(t, 4+28, report.Coverage.Events)

	edit(14, `"because"`, `"becausE"`) // in batch 2: found, too
	edit(44, `"because"`, `"becausE"`) // in batch 8
	require.Equal(t, []string{"journal_line_changed 1:2 [0,4)", "journal_line_changed 1:12 [8,12)", "journal_line_changed 1:42 [32,36)"}, told(b.verify()))

	b = newBookOf(t, 9, 1<<30, strings.Repeat("n", 10<<10))
	edit(11, `,"frontier":"`, `,"frontier":"AAAA`)
	require.Equal(t, []string{"journal_changed 1:11 [-1,-1)"}, told(b.verify()))
}

func details(r *verify.Report, kind verify.NoticeKind) (details []string) {
	for _, n := range r.Notices {
		if n.Kind == kind {
			details = append(details, n.Detail)
		}
	}
	return details
}

// The anchors say which journal is meant, or its name does.
func TestAnotherJournalIsNotTheOneThatIsMeant(t *testing.T) {
	b := newBook(t, 3)
	name := func(name string, anchors ...[]byte) func(*verify.JournalOptions) {
		return func(o *verify.JournalOptions) { o.Name, o.Anchors = name, anchors }
	}
	other := b.checkpoint("prod", 12)
	report := b.verify(name("", other))
	require.Equal(t, verify.Incomplete, report.Verdict)
	require.Len(t, report.Unchecked, 1)
	requireIntact(t, b.verify(name("", other, b.notes[2])))
	requireIntact(t, b.verify(name("journal", other, b.notes[2])))
	require.Equal(t, []string{"journal_forged 1:1 [0,0)", "journal_forged 2:1 [0,0)", "log_missing :0 [0,12)"}, told(b.verify(name("prod", other, b.notes[2]))))
	require.Equal(t, verify.Tampered, b.verify(func(o *verify.JournalOptions) {
		o.Directory, o.Segment, o.Anchors, o.Name = "", b.path(2), nil, "prod"
	}).Verdict)
}

// checkpoint signs one of another journal of the log.
func (b *book) checkpoint(name string, size int64) []byte {
	b.t.Helper()
	c := merkle.Checkpoint{
		Origin: merkle.JournalOrigin(logName, name, 0), Size: size, Root: merkle.Hash{1}, RecordedAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
	note, err := b.ring.Sign(c.Text())
	require.NoError(b.t, err)
	return note
}
