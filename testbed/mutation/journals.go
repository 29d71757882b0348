package mutation

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// segmentFile is one segment as an editor shows it.
type segmentFile struct {
	name  string
	lines []string // without newlines; the last is "" where the file ends in one
}

// journalPlace is an entry of the journal, by where it stands.
type journalPlace struct {
	file, line   int
	batch, entry int
	index        int64 // in the tree
}

func readSegments(dir string) ([]segmentFile, error) {
	listed, err := journal.ReadDirectory(dir)
	if err != nil {
		return nil, err
	}
	var files []segmentFile
	for i := range listed.Segments {
		text, err := os.ReadFile(listed.Segments[i].Path)
		if err != nil {
			return nil, err
		}
		files = append(files, segmentFile{listed.Segments[i].Name(), strings.Split(string(text), "\n")})
	}
	return files, nil
}

// writeSegments makes a directory hold these files and no other segment.
func writeSegments(dir string, files []segmentFile) error {
	old, err := filepath.Glob(filepath.Join(dir, "segment-*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(strings.Join(f.lines, "\n")), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const (
	recordStart     = `{"action":`
	headerStart     = `{"journal":`
	checkpointStart = `{"checkpoint":`
	sealStart       = `{"seal":`
)

func isControl(line string) bool {
	return line == "" || strings.HasPrefix(line, headerStart) || strings.HasPrefix(line, checkpointStart) || strings.HasPrefix(line, sealStart)
}

// places are the entries of the journal in the order of its tree.
func (a *attack) places() []journalPlace {
	var places []journalPlace
	batch, entry := 0, 0
	for f := range a.files {
		for l, line := range a.files[f].lines {
			switch {
			case strings.HasPrefix(line, checkpointStart):
				batch, entry = batch+1, 0
			case !isControl(line):
				places = append(places, journalPlace{f, l, batch, entry, int64(len(places))})
				entry++
			}
		}
	}
	return places
}

// place picks the entry of a record that satisfies ok.
func (a *attack) place(ok func(journalPlace) bool) (journalPlace, bool) {
	places := slices.DeleteFunc(a.places(), func(p journalPlace) bool {
		return !strings.HasPrefix(a.files[p.file].lines[p.line], recordStart) || ok != nil && !ok(p)
	})
	if len(places) == 0 {
		return journalPlace{}, false
	}
	return places[a.rng.IntN(len(places))], true
}

// hurtBatch says that the entries of a batch, or one of them, were changed.
func (a *attack) hurtBatch(p journalPlace, ids ...string) {
	s := spot{seq: p.index - int64(p.entry), ids: ids}
	s.until = s.seq + int64(len(a.w.batches[p.batch].entries))
	a.damage = append(a.damage, s)
}

func (a *attack) at(p journalPlace) *record.Record {
	rec, err := record.ParseCanonical([]byte(a.files[p.file].lines[p.line]))
	if err != nil {
		panic("mutation: a journal holds a line that is no record: " + err.Error())
	}
	return rec
}

// onEntry is an operator on one line. edit changes the lines of the file from
// that line on, forge the entries of the batch.
func onEntry(name, does string, expect [3]*expectation, ok func(*attack, journalPlace) bool,
	edit func(a *attack, lines []string, l int) []string, forge func(a *attack, batch []journalEntry, i int) []journalEntry,
) Operator {
	return Operator{Name: name, Group: "journal", Does: does, expect: expect, applyJournal: func(a *attack) bool {
		p, found := a.place(func(p journalPlace) bool {
			return len(a.stored(a.files[p.file].lines[p.line])) > 0 && (ok == nil || ok(a, p))
		})
		if !found {
			return false
		}
		a.hurtBatch(p, a.at(p).EventID)
		if a.by >= Signs {
			a.batches[p.batch].entries = forge(a, slices.Clone(a.batches[p.batch].entries), p.entry)
			return true
		}
		file := &a.files[p.file]
		file.lines = edit(a, slices.Clone(file.lines), p.line)
		return true
	}}
}

// changedLine is what must be made of entries that were changed.
func changedLine(beside ...verify.Kind) [3]*expectation {
	edits := seen(commit(verify.JournalLineChanged), with{Beside, exact(beside...)})
	return expects(edits, edits,
		hidden(whyKey, with{Newest, log(verify.Fork, verify.TailMissing)}, with{Every, log(verify.Fork, verify.TailMissing)}, with{Beside, exact(beside...)}))
}

// withMAC adds what the edge's keys tell of an entry whose MAC is old.
func withMAC(expect [3]*expectation) [3]*expectation {
	for _, e := range expect {
		e.by[MAC] = commit(verify.MACInvalid, verify.JournalLineChanged)
	}
	return expect
}

// onFiles is an operator on the files themselves, which no key makes better.
func onFiles(name, does string, expect [3]*expectation, change func(a *attack) bool) Operator {
	return Operator{Name: name, Group: "journal", Does: does, expect: expect, applyJournal: change}
}

func journalOperators() []Operator {
	return slices.Concat(journalEntryOperators(), journalControlOperators(), journalFileOperators(), recoveredOperators())
}

func journalEntryOperators() []Operator {
	rewritten := func(text string) string {
		rec, _ := record.ParseCanonical([]byte(text))
		rec.Reason = "as agreed"
		if canonicalOf(rec) == text {
			rec.Reason = "as ordered"
		}
		return canonicalOf(rec)
	}
	inBatch := func(a *attack, p journalPlace) bool { return p.entry+1 < len(a.w.batches[p.batch].entries) }
	return []Operator{
		onEntry("edit journal line", "one member of a record", withMAC(changedLine(altered, unconfirmed)), nil,
			func(_ *attack, lines []string, l int) []string { lines[l] = rewritten(lines[l]); return lines },
			func(_ *attack, batch []journalEntry, i int) []journalEntry {
				batch[i].canonical = rewritten(batch[i].canonical)
				return batch
			}),
		onEntry("delete journal line", "one record", changedLine(onlyInStore), inBatch,
			func(_ *attack, lines []string, l int) []string { return slices.Delete(lines, l, l+1) },
			func(_ *attack, batch []journalEntry, i int) []journalEntry { return slices.Delete(batch, i, i+1) }),
		onEntry("insert journal line", "a record that nobody sent", changedLine(onlyInJournal), nil,
			func(a *attack, lines []string, l int) []string {
				return slices.Insert(lines, l, a.forgedLine())
			},
			func(a *attack, batch []journalEntry, i int) []journalEntry {
				return slices.Insert(batch, i, journalEntry{canonical: a.forgedLine()})
			}),
		onEntry("duplicate journal line", "a record a second time, which senders do, too", expects(
			seen(commit(verify.JournalLineChanged)), seen(commit(verify.JournalLineChanged)),
			hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, log(verify.Fork)}, with{Beside, blind})), nil,
			func(_ *attack, lines []string, l int) []string { return slices.Insert(lines, l, lines[l]) },
			func(_ *attack, batch []journalEntry, i int) []journalEntry { return slices.Insert(batch, i, batch[i]) }),
		onEntry("swap journal lines", "two records of a batch change places", expects(
			seen(commit(verify.JournalLineChanged)), seen(commit(verify.JournalLineChanged)),
			hidden(whyKey, with{Newest, log(verify.Fork)}, with{Every, log(verify.Fork)}, with{Beside, blind})), inBatch,
			func(_ *attack, lines []string, l int) []string {
				lines[l], lines[l+1] = lines[l+1], lines[l]
				return lines
			},
			func(_ *attack, batch []journalEntry, i int) []journalEntry {
				batch[i], batch[i+1] = batch[i+1], batch[i]
				return batch
			}),
	}
}

// forgedLine is a record of some tenant that nobody sent; it is what is to be
// named.
func (a *attack) forgedLine() string {
	text := a.forged(a.w.tenants[a.rng.IntN(len(a.w.tenants))])
	rec, _ := record.ParseCanonical([]byte(text))
	a.damage[0].ids = []string{rec.EventID}
	return text
}

// control picks a control line that begins in this way and satisfies ok.
func (a *attack) control(start string, ok func(file, line int) bool) (file, line int, found bool) {
	var places [][2]int
	for f := range a.files {
		for l, text := range a.files[f].lines {
			if strings.HasPrefix(text, start) && (ok == nil || ok(f, l)) {
				places = append(places, [2]int{f, l})
			}
		}
	}
	if len(places) == 0 {
		return 0, 0, false
	}
	p := places[a.rng.IntN(len(places))]
	return p[0], p[1], true
}

// flipped is a line with one character changed.
func flipped(a *attack, line string) string {
	b := []byte(line)
	i := len(checkpointStart) + a.rng.IntN(len(b)-len(checkpointStart))
	if b[i] == 'x' {
		b[i] = 'y'
	} else {
		b[i] = 'x'
	}
	return string(b)
}

// otherMAC is a checkpoint line with a character of its last MAC changed.
func otherMAC(line string) string {
	i := strings.LastIndex(line, `"}}`) - 5
	if line[i] == 'A' {
		return line[:i] + "B" + line[i+1:]
	}
	return line[:i] + "A" + line[i+1:]
}

// macInSegment changes a MAC beside an entry, in the newest segment or in an
// earlier one.
func macInSegment(name, does string, expect [3]*expectation, newest bool) Operator {
	o := onFiles(name, does, expect, func(a *attack) bool {
		f, l, found := a.control(checkpointStart, func(f, l int) bool {
			return (f == len(a.files)-1) == newest && strings.Contains(a.files[f].lines[l], `,"macs":{`)
		})
		if !found {
			return false
		}
		a.files[f].lines[l] = otherMAC(a.files[f].lines[l])
		a.damage = append(a.damage, spot{until: -1})
		return true
	})
	o.need.macs = true
	return o
}

func journalControlOperators() []Operator {
	edited := func(kinds ...verify.Kind) [3]*expectation { return expects(seen(log(kinds...))) }
	spoiled := []verify.Kind{verify.JournalForged, verify.JournalChanged, verify.JournalLineChanged, verify.JournalUnsigned}
	flip := func(start string) func(a *attack) bool {
		return func(a *attack) bool {
			f, l, found := a.control(start, nil)
			if !found {
				return false
			}
			a.damage = append(a.damage, spot{until: -1})
			a.files[f].lines[l] = flipped(a, a.files[f].lines[l])
			return true
		}
	}
	return []Operator{
		macInSegment("edit journal mac", "the MAC beside an entry of a sealed segment",
			expects(seen(log(verify.JournalChanged, verify.JournalForged), with{MAC, log(verify.MACInvalid, verify.JournalChanged)})), false),
		macInSegment("edit newest journal mac", "the MAC beside an entry of the newest segment", expects(hidden(whyMAC, with{Newest, blind}, with{Every, blind},
			with{Beside, log(macExchanged, unconfirmed)}, with{MAC, log(verify.MACInvalid)})), true),
		onFiles("edit journal checkpoint", "one character of a checkpoint line",
			expects(seen(log(spoiled...), with{MAC, log(append(spoiled, verify.MACInvalid)...)})), flip(checkpointStart)),
		onFiles("edit journal header", "one character of a segment's first line", edited(verify.JournalForged, verify.JournalChanged), flip(headerStart)),
		onFiles("edit journal seal", "one character of a segment's last line", edited(verify.JournalForged, verify.JournalChanged), flip(sealStart)),
		onFiles("delete journal checkpoint", "a checkpoint in the middle, so that two batches look like one",
			edited(verify.JournalLineChanged, verify.JournalChanged), func(a *attack) bool {
				f, l, found := a.control(checkpointStart, func(f, l int) bool {
					return slices.ContainsFunc(a.files[f].lines[l+1:], func(line string) bool {
						return strings.HasPrefix(line, checkpointStart) || strings.HasPrefix(line, sealStart)
					})
				})
				if !found {
					return false
				}
				a.damage = append(a.damage, spot{until: -1})
				a.files[f].lines = slices.Delete(a.files[f].lines, l, l+1)
				return true
			}),
		onFiles("delete journal batch", "a checkpoint in the middle with its entries",
			edited(verify.JournalLineChanged, verify.JournalChanged), func(a *attack) bool {
				f, l, found := a.control(checkpointStart, func(f, _ int) bool { return f+1 < len(a.files) })
				if !found {
					return false
				}
				from := l
				for from > 0 && !isControl(a.files[f].lines[from-1]) {
					from--
				}
				a.damage = append(a.damage, spot{until: -1})
				a.files[f].lines = slices.Delete(a.files[f].lines, from, l+1)
				return true
			}),
	}
}

func journalFileOperators() []Operator {
	gone := func() [3]*expectation { return expects(seen(log(verify.JournalSegmentMissing))) }
	return []Operator{
		onFiles("remove first segment", "the oldest file", gone(), func(a *attack) bool { return a.dropSegment(0) }),
		onFiles("remove middle segment", "a file between others", gone(), func(a *attack) bool {
			return len(a.files) > 2 && a.dropSegment(1+a.rng.IntN(len(a.files)-2))
		}),
		onFiles("remove last segment", "the newest file", tailCut(onlyInStore), func(a *attack) bool {
			last := len(a.files) - 1
			if last < 1 {
				return false
			}
			s := spot{until: -1}
			for _, line := range a.files[last].lines {
				s.ids = append(s.ids, a.stored(line)...)
			}
			a.damage = append(a.damage, s)
			a.files = a.files[:last]
			return len(s.ids) > 0
		}),
		onFiles("tear the journal's tail", "the last batch without its end, as a crash leaves it",
			expects(hidden(whyTorn, with{Newest, log(verify.TailMissing)}, with{Every, log(verify.TailMissing)}, with{Beside, log(onlyInStore)})), func(a *attack) bool {
				lines := a.files[len(a.files)-1].lines
				end := len(lines) - 1 // what is behind the last newline
				for end > 0 && !strings.HasPrefix(lines[end], checkpointStart) {
					end--
				}
				if end < 2 || isControl(lines[end-1]) || !strings.HasPrefix(lines[end-1], recordStart) {
					return false
				}
				a.files[len(a.files)-1].lines = append(slices.Clone(lines[:end-1]), lines[end-1][:len(lines[end-1])/2])
				a.damage = append(a.damage, spot{until: -1})
				return true
			}),
		onFiles("swap segments", "two files change their names", expects(seen(log(verify.JournalSegmentMissing, verify.JournalChanged, verify.JournalForged))), func(a *attack) bool {
			if len(a.files) < 2 {
				return false
			}
			i := a.rng.IntN(len(a.files) - 1)
			a.files[i].lines, a.files[i+1].lines = a.files[i+1].lines, a.files[i].lines
			a.damage = append(a.damage, spot{until: -1})
			return true
		}),
		onFiles("cut the journal's tail", "the last batches, as an older copy has it", tailCut(onlyInStore), func(a *attack) bool {
			n := 1 + a.rng.IntN(len(a.batches)-1)
			s := spot{until: -1}
			for _, batch := range a.batches[n:] {
				for _, e := range batch.entries {
					s.ids = append(s.ids, a.stored(e.canonical)...)
				}
			}
			a.damage = append(a.damage, s)
			a.batches, a.rewrite = a.batches[:n], true
			return len(s.ids) > 0
		}),
		exchangeOperator(),
		onFiles("remove the journal", "every file", expects(doubted(whyJournal, with{Newest, log(verify.LogMissing)},
			with{Every, log(verify.LogMissing)}, with{Beside, log(refused)})), func(a *attack) bool {
			a.damage = append(a.damage, spot{until: -1})
			a.files = nil
			return true
		}),
	}
}

// exchangeOperator puts the journal of another collector of the same log in the
// place of this one. It takes no key: that journal is valid.
func exchangeOperator() Operator {
	return onFiles("exchange the journal", "for a valid one of the same log that another collector wrote",
		expects(hidden(whyExchanged, with{Newest, outcome{precision: unsure}}, with{Every, outcome{precision: unsure}}, with{Beside, log(onlyInStore, onlyInJournal)})),
		func(a *attack) bool {
			for i := range a.batches {
				entries := make([]journalEntry, len(a.batches[i].entries))
				for j := range entries {
					entries[j].canonical = a.forged(a.w.tenants[0])
				}
				a.batches[i].entries = entries
			}
			a.damage = append(a.damage, spot{until: -1})
			a.journalName, a.rewrite = "elsewhere", true
			return true
		})
}

// stored is the id of the event of a line, if the store has it: retention may
// have removed it.
func (a *attack) stored(line string) []string {
	for i := range a.was.events {
		if a.was.events[i].canonical == line {
			return []string{a.was.events[i].record().EventID}
		}
	}
	return nil
}

// tailCut is what must be made of a journal that is shorter than it was.
func tailCut(beside ...verify.Kind) [3]*expectation {
	return expects(hidden(whyTail, with{Newest, log(verify.TailMissing)}, with{Every, log(verify.TailMissing)},
		with{Beside, exact(beside...)}))
}

// recoveredOperators attack a journal that was continued in a second epoch.
func recoveredOperators() []Operator {
	operators := []Operator{
		onFiles("remove the seal before an epoch", "the last line of the last segment of epoch 0",
			expects(seen(log(verify.JournalChanged, verify.JournalForged, verify.JournalSegmentMissing))), func(a *attack) bool {
				f, l, found := a.control(sealStart, func(f, _ int) bool { return f == a.lastOfEpoch() })
				if !found {
					return false
				}
				a.damage = append(a.damage, spot{until: -1})
				a.files[f].lines = slices.Delete(a.files[f].lines, l, l+1)
				return true
			}),
		onFiles("edit a mac before an epoch", "a MAC beside an entry of the last segment of epoch 0, whose seal goes",
			expects(seen(log(verify.JournalChanged, verify.JournalForged, verify.JournalSegmentMissing))), func(a *attack) bool {
				last := a.lastOfEpoch()
				f, l, found := a.control(checkpointStart, func(f, l int) bool { return f == last && strings.Contains(a.files[f].lines[l], `,"macs":{`) })
				if !found {
					return false
				}
				a.damage = append(a.damage, spot{until: -1})
				a.files[f].lines[l] = otherMAC(a.files[f].lines[l])
				a.files[f].lines = slices.DeleteFunc(a.files[f].lines, func(line string) bool { return strings.HasPrefix(line, sealStart) })
				return true
			}),
		onFiles("remove the last segment before an epoch", "so that the second epoch follows what it did not close", expects(seen(log(verify.JournalSegmentMissing, verify.JournalChanged))),
			func(a *attack) bool { return a.dropSegment(a.lastOfEpoch()) }),
	}
	for i := range operators {
		operators[i].need.recovered = true
		operators[i].need.macs = strings.Contains(operators[i].Name, "mac")
	}
	return operators
}

// lastOfEpoch is the last segment of epoch 0 of a journal that has an epoch 1.
func (a *attack) lastOfEpoch() int {
	return slices.IndexFunc(a.files, func(f segmentFile) bool { return strings.Contains(f.lines[0], `"epoch":`) }) - 1
}

func (a *attack) dropSegment(i int) bool {
	if len(a.files) < 2 || i == len(a.files)-1 {
		return false
	}
	a.damage = append(a.damage, spot{until: -1})
	a.files = slices.Delete(a.files, i, i+1)
	return true
}

func (f segmentFile) String() string { return fmt.Sprintf("%s (%d lines)", f.name, len(f.lines)) }
