package verify

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// locate names the events behind every root that the leaves did not lead to.
// What names them, in this order: the tree itself, where another reading of the
// range (the stored leaf_hash, the place that the identity says, the leaf that a
// journal has) leads to the signed root; the fingerprint of the identity; the
// subtrees of the signed frontier, which leave a range.
func (l *logCheck) locate(ctx context.Context) error {
	l.reportMissing()
	l.readings = maxHashes
	told, err := l.askWitness(ctx)
	if err != nil {
		return err
	}
	for i := range l.failed {
		if len(l.report.Findings) >= MaxFindings {
			l.find(Finding{}) // counted: where it is would not be printed
			continue
		}
		if err := l.locateIn(ctx, &l.failed[i], told); err != nil {
			return err
		}
	}
	if l.uncounted[1] > 0 {
		l.find(Finding{Kind: EventChanged, Seq: l.uncounted[0], Until: l.uncounted[1], Detail: fmt.Sprintf(
			"events of this range are not those that were signed, in more than %d commits: they were not located", MaxFindings)})
	}
	if l.readings <= 0 {
		l.notice(NotLocated, fmt.Sprintf("epoch %d: so much was changed that the search for the exact events was ended", l.name.Epoch))
	}
	return nil
}

// maxHashes bounds how many leaves are hashed in the search for what was changed
// in one log: some ten seconds.
const maxHashes = 1 << 24

// maxAsked bounds the ids that a witness is asked for, and maxWitnessed the logs
// of a run: each question may read a whole journal.
const (
	maxAsked     = 1 << 18
	maxWitnessed = 64
)

// askWitness asks once for every event of all failed ranges, by the id that it
// has or should have.
func (l *logCheck) askWitness(ctx context.Context) (map[string][]merkle.Hash, error) {
	if l.run.Witness == nil || len(l.failed) == 0 {
		return nil, nil //nolint:nilnil // nothing is known
	}
	if l.run.witnessed.Add(1) > maxWitnessed {
		l.notice(NotLocated, fmt.Sprintf("epoch %d: the journal was not asked: it was for %d other logs", l.name.Epoch, maxWitnessed))
		return nil, nil //nolint:nilnil // nothing is known
	}
	ids := make(map[string]struct{})
	until := int64(-1) // ranges may begin at one place
	for i := range l.failed {
		f := &l.failed[i]
		from := max(f.from, until)
		if until = max(until, f.to); f.to-f.from > maxLocated || len(ids) >= maxAsked {
			continue
		}
		for seq := from; seq < f.to; seq++ {
			if id := l.idAt(seq); id != "" {
				ids[id] = struct{}{}
			}
		}
		err := l.eachEvent(ctx, l.name, from, f.to, func(stored store.EventRow) { ids[stored.EventID()] = struct{}{} })
		if err != nil {
			return nil, err
		}
	}
	return l.run.Witness.Leaves(ctx, l.tenant, ids)
}

// reportMissing reports missing events, each by its id where an identity
// remembers it.
func (l *logCheck) reportMissing() {
	for _, m := range l.missing {
		start := m[0]
		for at := m[0]; at < m[1] && m[1]-m[0] <= maxNamed; at++ {
			id := l.idAt(at)
			if id == "" {
				continue
			}
			l.missingRun(start, at)
			l.find(Finding{Kind: EventMissing, Seq: at, Until: at + 1, EventID: id, Detail: "it was committed and is not there; its id is known from audit_event_ids"})
			start = at + 1
		}
		l.missingRun(start, m[1])
	}
}

// maxNamed is how many events in a row are reported one by one.
const maxNamed = 1000

func (l *logCheck) missingRun(from, until int64) {
	if from < until {
		l.find(Finding{Kind: EventMissing, Seq: from, Until: until, Detail: "committed and not there"})
	}
}

// idAt is the event id that an identity has for a seq.
func (l *logCheck) idAt(seq int64) string {
	for _, i := range l.places[seq] {
		if i.Kind == 'e' {
			return i.ID
		}
	}
	return ""
}

// candidate is a row that may belong to a slot of a range.
type candidate struct {
	eventID     string
	leaf        merkle.Hash // as recomputed
	stored      merkle.Hash // leaf_hash
	fingerprint [32]byte
	unreadable  bool
	odd         string
	macWrong    bool
	recordedAt  int64
}

// maxLocated bounds the range whose events are held in memory.
const maxLocated = 1 << 17

// search is the search for what was changed in one failed range.
type search struct {
	log    *logCheck
	failed *failedRange
	rows   [][]candidate            // by seq - from; none where the event is missing
	leaves []merkle.Hash            // the reading that is tried
	known  []bool                   // false where no leaf is known
	ids    []string                 // the event ids that belong there, where an identity says so
	other  map[string][]merkle.Hash // what a journal says, by event id
}

func (l *logCheck) locateIn(ctx context.Context, f *failedRange, told map[string][]merkle.Hash) error {
	if f.to-f.from > maxLocated {
		l.find(Finding{Kind: EventChanged, Seq: f.from, Until: f.to, Detail: "events of this range are not those that were signed; it is too large to locate them"})
		return nil
	}
	s, err := l.newSearch(ctx, f)
	if err != nil {
		return err
	}
	s.other = told
	if s.reordered() || s.substituted() {
		return nil
	}
	s.suspects()
	return nil
}

func (l *logCheck) newSearch(ctx context.Context, f *failedRange) (*search, error) {
	n := int(f.to - f.from)
	s := &search{log: l, failed: f, rows: make([][]candidate, n), leaves: make([]merkle.Hash, n), known: make([]bool, n), ids: make([]string, n)}
	hasher := &store.RowHasher{}
	err := l.eachEvent(ctx, l.name, f.from, f.to, func(stored store.EventRow) {
		at := int(stored.Seq() - f.from)
		hashes, err := hasher.Hash(stored)
		c := candidate{
			eventID: stored.EventID(), leaf: hashes.Leaf, stored: stored.StoredLeaf(), fingerprint: hashes.Fingerprint,
			unreadable: err != nil, odd: hashes.Odd, recordedAt: stored.RecordedAt(),
		}
		if err != nil {
			c.leaf = c.stored
		}
		c.macWrong = err == nil && l.checkMAC(c.leaf, stored) == macWrong
		s.rows[at] = append(s.rows[at], c)
	})
	if err != nil {
		return nil, err
	}
	for i := range s.ids {
		s.ids[i] = l.idAt(f.from + int64(i))
		if len(s.rows[i]) > 0 {
			s.leaves[i], s.known[i] = s.rows[i][0].leaf, true
		}
	}
	for _, r := range l.removed {
		if err := s.addRemoved(ctx, r); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addRemoved fills slots whose leaf was kept when the event was removed.
func (s *search) addRemoved(ctx context.Context, r [2]int64) error {
	from, to := max(r[0], s.failed.from), min(r[1], s.failed.to)
	for from < to {
		leaves, err := s.log.scanner.PrunedLeaves(ctx, s.log.name, from-1, prunedLeavesPerPage)
		if err != nil || len(leaves) == 0 {
			return err
		}
		for _, leaf := range leaves {
			if leaf.Seq < to {
				at := leaf.Seq - s.failed.from
				s.leaves[at], s.known[at] = leaf.Leaf, true
			}
			from = leaf.Seq + 1
		}
	}
	return nil
}

// leads reports whether a reading of the range leads to the signed root.
func (s *search) leads(leaves []merkle.Hash) bool {
	if s.log.readings -= int64(len(leaves)); s.log.readings < 0 {
		return false
	}
	frontier, err := merkle.ParseFrontier(s.failed.from, s.failed.before)
	if err != nil {
		return false
	}
	for _, leaf := range leaves {
		frontier.Append(leaf)
	}
	return frontier.Root() == s.failed.root
}

func (s *search) complete() bool {
	for _, known := range s.known {
		if !known {
			return false
		}
	}
	return true
}

// reordered tries whether the events are those that were signed in another
// order: the one that identities say or, in a small range, two changed places.
func (s *search) reordered() bool {
	if !s.complete() {
		return false
	}
	at := make(map[string]int, len(s.rows))
	for i := range s.rows {
		if len(s.rows[i]) != 1 {
			return false
		}
		at[s.rows[i][0].eventID] = i
	}
	order := make([]int, len(s.rows)) // which row belongs to a slot
	moved := false
	for i := range order {
		order[i] = i
		if from, ok := at[s.ids[i]]; s.ids[i] != "" && ok {
			order[i] = from
			moved = moved || from != i
		}
	}
	if moved && s.leads(s.inOrder(order)) {
		s.reportOrder(order)
		return true
	}
	const maxSwapped = 96
	if len(order) > maxSwapped {
		return false
	}
	for i := range order {
		order[i] = i
	}
	for i := range order {
		for j := i + 1; j < len(order) && s.log.readings > 0; j++ {
			order[i], order[j] = order[j], order[i]
			if s.leads(s.inOrder(order)) {
				s.reportOrder(order)
				return true
			}
			order[i], order[j] = order[j], order[i]
		}
	}
	return false
}

func (s *search) inOrder(order []int) []merkle.Hash {
	leaves := make([]merkle.Hash, len(order))
	for i, from := range order {
		leaves[i] = s.leaves[from]
	}
	return leaves
}

func (s *search) reportOrder(order []int) {
	for i, from := range order {
		if from != i {
			s.log.find(Finding{
				Kind: EventMoved, Seq: s.failed.from + int64(from), Until: s.failed.from + int64(from) + 1, EventID: s.rows[from][0].eventID,
				Detail: fmt.Sprintf("it was committed as seq %d and stands at %d", s.failed.from+int64(i), s.failed.from+int64(from)),
			})
		}
	}
	s.reportOthers(nil)
}

// substituted tries other leaves for events that are in doubt. If they lead to
// the signed root, they are the committed ones.
func (s *search) substituted() bool {
	options := make(map[int][]merkle.Hash)
	for i := range s.rows {
		if found := s.optionsAt(i); len(found) > 0 {
			options[i] = found
		} else if !s.known[i] {
			return false // nothing is known of this one: no reading is complete
		}
	}
	if len(options) == 0 {
		return false
	}
	chosen, ok := s.choose(options)
	if !ok {
		return false
	}
	changed := make(map[int]bool)
	for i, leaf := range chosen {
		if len(s.rows[i]) == 0 || leaf == s.rows[i][0].leaf && !s.rows[i][0].unreadable {
			continue // a missing event, reported already
		}
		if n := s.rowWith(i, leaf); n > 0 {
			s.report(i, EventInserted, s.rows[i][0].eventID, "a second event stands at its seq, and the other one is signed")
			changed[i] = true
			continue
		}
		s.changed(i, leaf)
		changed[i] = true
	}
	s.reportOthers(changed)
	return true
}

// optionsAt are the leaves that may belong to a slot besides the recomputed one.
func (s *search) optionsAt(i int) []merkle.Hash {
	var options []merkle.Hash
	add := func(leaf merkle.Hash) {
		if s.known[i] && leaf == s.leaves[i] {
			return
		}
		if !slices.Contains(options, leaf) {
			options = append(options, leaf)
		}
	}
	for n, c := range s.rows[i] {
		if n > 0 {
			add(c.leaf)
		}
		add(c.stored)
	}
	ids := []string{s.ids[i]}
	for _, c := range s.rows[i] {
		ids = append(ids, c.eventID)
	}
	for _, id := range ids {
		for _, leaf := range s.other[id] {
			add(leaf)
		}
	}
	return options
}

// maxReadings bounds how many combinations are tried.
const maxReadings = 1 << 12

// choose returns the leaves, by slot, that lead to the signed root.
func (s *search) choose(options map[int][]merkle.Hash) (map[int]merkle.Hash, bool) {
	slots := make([]int, 0, len(options))
	for i := range s.rows {
		if len(options[i]) > 0 {
			slots = append(slots, i)
		}
	}
	leaves := append([]merkle.Hash{}, s.leaves...)
	// Everything as the first witness says, then, if there are few, every mix.
	for which := range 3 {
		for _, i := range slots {
			leaves[i] = options[i][min(which, len(options[i])-1)]
		}
		if s.leads(leaves) {
			return s.chosen(slots, leaves), true
		}
	}
	readings := 1
	for _, i := range slots {
		choices := len(options[i])
		if s.known[i] {
			choices++
		}
		if readings *= choices; readings > maxReadings {
			return nil, false
		}
	}
	for reading := range readings {
		if s.log.readings <= 0 {
			return nil, false
		}
		rest := reading
		for _, i := range slots {
			choices := append([]merkle.Hash{}, options[i]...)
			if s.known[i] {
				choices = append([]merkle.Hash{s.leaves[i]}, choices...)
			}
			leaves[i] = choices[rest%len(choices)]
			rest /= len(choices)
		}
		if s.leads(leaves) {
			return s.chosen(slots, leaves), true
		}
	}
	return nil, false
}

func (s *search) chosen(slots []int, leaves []merkle.Hash) map[int]merkle.Hash {
	chosen := make(map[int]merkle.Hash, len(slots))
	for _, i := range slots {
		chosen[i] = leaves[i]
	}
	return chosen
}

func (s *search) rowWith(i int, leaf merkle.Hash) int {
	for n, c := range s.rows[i] {
		if n > 0 && c.leaf == leaf {
			return n
		}
	}
	return 0
}

func (s *search) report(i int, kind Kind, id, detail string) {
	seq := s.failed.from + int64(i)
	s.log.find(Finding{Kind: kind, Seq: seq, Until: seq + 1, EventID: id, Detail: detail})
}

// changed reports an event whose signed leaf is known.
func (s *search) changed(i int, leaf merkle.Hash) {
	c := &s.rows[i][0]
	if c.unreadable {
		return // reported already
	}
	detail := "its columns are not those that were signed; the journal has the signed ones"
	if leaf == c.stored {
		detail = "its columns are not those that were signed; leaf_hash still is"
	}
	if s.ids[i] != "" && s.ids[i] != c.eventID {
		detail += fmt.Sprintf("; its id was %q", s.ids[i])
	}
	s.report(i, EventChanged, c.eventID, detail)
}

// reportOthers reports what is odd about the other events of a range, whose
// leaves are proven now.
func (s *search) reportOthers(changed map[int]bool) {
	for i := range s.rows {
		if changed[i] || len(s.rows[i]) == 0 || s.rows[i][0].unreadable {
			continue
		}
		c := &s.rows[i][0]
		s.log.reportDoubt(doubt{
			seq: s.failed.from + int64(i), eventID: c.eventID, otherLeaf: c.stored != c.leaf, odd: c.odd, macWrong: c.macWrong, proven: true,
		})
	}
}

// suspects reports the events that a witness disagrees with, though no reading
// leads to the signed root, and otherwise the smallest range that is not proven.
func (s *search) suspects() {
	found := false
	for i := range s.rows {
		if len(s.rows[i]) == 0 {
			found = found || !s.known[i]
			continue
		}
		c := &s.rows[i][0]
		id, why := s.suspicion(i, c)
		if c.macWrong {
			s.report(i, MACInvalid, c.eventID, "the origin MAC does not fit the event")
		} else if why == "" && !c.unreadable {
			continue
		}
		found = true
		if why != "" {
			s.report(i, EventChanged, id, why)
		}
	}
	if found {
		s.log.notice(NotLocated, fmt.Sprintf("epoch %d: beside what was found, events %d to %d cannot be proven one by one", s.log.name.Epoch, s.failed.from, s.failed.to-1))
		return
	}
	for _, r := range s.narrow() {
		s.log.find(Finding{Kind: EventChanged, Seq: r[0], Until: r[1], EventID: s.only(r), Detail: narrowDetail(r)})
	}
}

func narrowDetail(r [2]int64) string {
	if r[1] == r[0]+1 {
		return "it is not the event that was signed"
	}
	return fmt.Sprintf("at least one event of these %d is not what was signed: leaf_hash and identities were made to fit; a journal (--journal) names the event", r[1]-r[0])
}

// only is the id of the event if a range has one.
func (s *search) only(r [2]int64) string {
	if at := r[0] - s.failed.from; r[1] == r[0]+1 && len(s.rows[at]) > 0 {
		return s.rows[at][0].eventID
	}
	return ""
}

// suspicion says which witness disagrees with an event.
func (s *search) suspicion(i int, c *candidate) (id, why string) {
	if c.unreadable {
		return "", ""
	}
	if c.stored != c.leaf {
		return c.eventID, "its columns do not have the hash in leaf_hash"
	}
	if leaves := s.other[c.eventID]; len(leaves) > 0 {
		same := false
		for _, leaf := range leaves {
			same = same || leaf == c.leaf
		}
		if !same {
			return c.eventID, "the journal has other content under its id"
		}
	}
	for _, identity := range s.log.places[s.failed.from+int64(i)] {
		switch {
		case identity.Kind != 'e':
		case identity.ID != c.eventID:
			return c.eventID, fmt.Sprintf("audit_event_ids has event %q at its place", identity.ID)
		case identity.Fingerprint != c.fingerprint:
			return c.eventID, "its content is not what audit_event_ids has the fingerprint of"
		}
	}
	return "", ""
}

// narrow compares the subtrees of the signed frontier with those of the leaves,
// and returns the parts of the range that are not proven.
func (s *search) narrow() [][2]int64 {
	whole := [][2]int64{{s.failed.from, s.failed.to}}
	signed, err := merkle.ParseFrontier(s.failed.to, s.failed.after)
	if err != nil || s.failed.after == nil || !s.complete() {
		return whole
	}
	authentic := signed.Bytes()
	tree, err := merkle.ParseFrontier(s.failed.from, s.failed.before)
	if err != nil {
		return whole
	}
	var unproven [][2]int64
	end, at := int64(0), s.failed.from
	for bit, n := 62, 1; bit >= 0; bit-- {
		size := int64(1) << bit
		if s.failed.to&size == 0 {
			continue
		}
		end += size // the first n subtrees of the signed frontier end here
		if end > at {
			for i := at; i < end; i++ {
				tree.Append(s.leaves[i-s.failed.from])
			}
			if !bytes.Equal(tree.Bytes(), authentic[:32*n]) {
				unproven = append(unproven, [2]int64{at, end})
				if tree, err = merkle.ParseFrontier(end, authentic[:32*n]); err != nil {
					return whole
				}
			}
			at = end
		}
		n++
	}
	if len(unproven) == 0 {
		return whole
	}
	return unproven
}
