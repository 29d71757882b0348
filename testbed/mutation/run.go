package mutation

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// Case is one cell of the table: an operator and who does it. A nil operator is
// a store that nobody touches.
type Case struct {
	Operator *Operator
	By       Attacker
}

// String names the case for people.
func (c Case) String() string {
	if c.Operator == nil {
		return "untouched"
	}
	return fmt.Sprintf("%s by who %s", c.Operator.Name, c.By)
}

// Cases are all there are; seed n is case n modulo their number.
func Cases() []Case {
	operators := Operators()
	var cases []Case
	for i := range operators {
		for by, expected := range operators[i].expect {
			if expected != nil {
				cases = append(cases, Case{&operators[i], Attacker(by)})
			}
		}
	}
	for range (len(cases) + 8) / 9 {
		cases = append(cases, Case{})
	}
	return cases
}

// Labs hands out labs. Private returns one in a database that is dropped
// afterwards; its release is called when the seed is over.
type Labs interface {
	Shared() *Lab
	Private() (lab *Lab, release func(), err error)
}

// maxShapes is how many stores are made until one has a place for an operator.
const maxShapes = 40

// Run runs one seed and returns what is wrong with the verifier, or with the
// table: nil when it said all that is expected and nothing else.
func Run(ctx context.Context, labs Labs, cases []Case, seed uint64) error {
	c := cases[seed%uint64(len(cases))]
	lab := labs.Shared()
	if c.Operator != nil && c.Operator.own {
		private, release, err := labs.Private()
		if err != nil {
			return err
		}
		defer release()
		lab = private
	}
	rng := rand.New(rand.NewPCG(seed, 0x6d75746174696f6e))
	for range maxShapes {
		w, err := lab.build(ctx, rng, randomShape(rng, c.Operator))
		if err != nil {
			return fmt.Errorf("make a store: %w", err)
		}
		if c.Operator == nil {
			return w.expectClean(ctx)
		}
		a, err := w.plan(c)
		if err != nil {
			return err
		}
		if a == nil {
			continue // no place for it here
		}
		if err := w.expectClean(ctx); err != nil {
			return fmt.Errorf("before the attack: %w", err)
		}
		if err := a.commit(ctx); err != nil {
			return fmt.Errorf("attack: %w", err)
		}
		return a.judge(ctx, c.Operator)
	}
	return fmt.Errorf("%d stores without a place for it", maxShapes)
}

func randomShape(rng *rand.Rand, operator *Operator) shape {
	coin := func(needed bool) bool { return rng.IntN(3) == 0 || needed }
	var need shape
	if operator != nil {
		need = operator.need
	}
	return shape{
		rotated: coin(need.rotated), restarted: coin(need.restarted), epoch: coin(need.epoch), pruned: coin(need.pruned),
		selective: coin(need.selective), macs: coin(need.macs), refused: coin(need.refused), announced: coin(need.announced),
		// Most attacks on a journal are on its first epoch.
		recovered: need.recovered || operator == nil && coin(false),
	}
}

// plan works an attack out; nil where this store has no place for it.
func (w *world) plan(c Case) (*attack, error) {
	a := &attack{rng: w.rng, by: c.By, w: w, was: w.im, im: w.im.clone()}
	if c.Operator.applyJournal == nil {
		if !c.Operator.apply(a) {
			return nil, nil //nolint:nilnil // no attack is no error
		}
		a.finish()
		return a, nil
	}
	var err error
	if a.files, err = readSegments(w.journal); err != nil {
		return nil, err
	}
	a.onJournal, a.rewrite, a.batches = true, a.by >= Signs, slices.Clone(w.batches)
	if !c.Operator.applyJournal(a) {
		return nil, nil //nolint:nilnil // no attack is no error
	}
	return a, nil
}

// commit does it.
func (a *attack) commit(ctx context.Context) error {
	if a.onJournal {
		if !a.rewrite {
			return writeSegments(a.w.journal, a.files)
		}
		if err := os.RemoveAll(a.w.journal); err != nil {
			return err
		}
		_, err := a.w.writeJournal(ctx, cmp.Or(a.journalName, journalName), a.batches)
		return err
	}
	if err := replace(ctx, a.w.lab.conn, a.was, a.im); err != nil {
		return err
	}
	for _, statement := range a.statements {
		if _, err := a.w.lab.conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if len(a.statements) > 0 {
		a.w.lab.disconnect()
	}
	return nil
}

// expectClean fails on a false alarm, and on anything that was not verified.
func (w *world) expectClean(ctx context.Context) error {
	everything := evidence{anchors: w.everyNote(), journalAnchors: w.journalNotes, macs: w.lab.macs, beside: true}
	clean, err := w.verifyStore(ctx, everything)
	if err != nil {
		return err
	}
	everything.beside = false // the two sinks were compared already
	onJournal, err := w.verifyJournal(ctx, everything)
	if err != nil {
		return err
	}
	clean = clean.and(onJournal)
	if clean.exit != 0 || len(clean.findings) > 0 {
		return fmt.Errorf("a false alarm, exit code %d:\n%s", clean.exit, clean)
	}
	return nil
}

// evidence is what a verifier has beside what it verifies.
type evidence struct {
	anchors, journalAnchors []string
	macs                    *keys.MACRing
	beside                  bool // the other sink
}

// judge verifies with each witness and compares.
func (a *attack) judge(ctx context.Context, operator *Operator) error {
	for witness := range Witness(witnesses) {
		with := a.evidence(witness)
		if with == nil {
			continue
		}
		verifyIt := a.w.verifyStore
		if a.onJournal {
			verifyIt = a.w.verifyJournal
		}
		said, err := verifyIt(ctx, *with)
		if err != nil {
			return fmt.Errorf("with %s: %w", witness, err)
		}
		expectation := operator.expect[a.by]
		expected := expectation.of(witness)
		wrong := a.compare(expected, said.findings)
		if wrong == "" {
			wrong = expectation.judge(expected, said)
		}
		if wrong != "" {
			return fmt.Errorf("with %s: %s\nexpected: %s\nchanged: %s\nfound:\n%s", witness, wrong, expected, a.damageText(), said)
		}
	}
	return nil
}

// judge compares what is beside the findings: the exit code, and what a reader
// is told where there is none.
func (e *expectation) judge(expected outcome, said result) string {
	if want := expected.exitCode(said.findings); said.exit != want {
		return fmt.Sprintf("exit code %d instead of %d", said.exit, want)
	}
	if expected.precision == unseen && len(e.told) > 0 &&
		!slices.ContainsFunc(said.notices, func(n verify.Notice) bool { return slices.Contains(e.told, n.Kind) }) {
		return fmt.Sprintf("no notice %v", e.told)
	}
	return ""
}

// evidence is what a witness brings; nil where this store has none of the kind.
func (a *attack) evidence(witness Witness) *evidence {
	w := a.w
	switch {
	case witness == MAC && !w.shape.macs:
		return nil
	case witness == MAC:
		return &evidence{macs: w.lab.macs}
	case witness == Beside:
		return &evidence{beside: true}
	case witness == Tree, a.staleAnchors:
		return &evidence{}
	case witness == Newest:
		return &evidence{anchors: w.newestNotes(), journalAnchors: w.journalNotes[len(w.journalNotes)-1:]}
	default:
		return &evidence{anchors: w.everyNote(), journalAnchors: w.journalNotes}
	}
}

// compare says how findings differ from what was expected; "" where they do not.
func (a *attack) compare(expected outcome, findings []verify.Finding) string {
	if expected.precision == unseen || expected.precision == unsure {
		if len(findings) > 0 {
			return "found, although the table says that it cannot be"
		}
		return ""
	}
	if len(findings) == 0 {
		return "not found"
	}
	for _, s := range a.damage {
		if !slices.ContainsFunc(findings, func(f verify.Finding) bool {
			return slices.Contains(expected.kinds, f.Kind) && a.names(f, s, expected.precision)
		}) &&
			(expected.precision != exactly || !a.coversExactly(expected.kinds, findings, s)) {
			return "found, but not what or where it should be"
		}
	}
	if !a.onJournal {
		for _, f := range findings {
			if !slices.ContainsFunc(a.damage, func(s spot) bool { return f.Tenant == s.log.tenant || f.Tenant == "" }) {
				return fmt.Sprintf("a false alarm about tenant %q", f.Tenant)
			}
		}
	}
	return ""
}

// names reports whether one finding names a spot as precisely as it should.
func (a *attack) names(f verify.Finding, s spot, p precision) bool {
	if !a.onJournal && f.Tenant != "" && f.Tenant != s.log.tenant {
		return false
	}
	switch p {
	case inLog:
		return true
	case inCommit:
		from, until := s.seq, s.until
		if !a.onJournal {
			from, until = a.bounds(s)
		}
		return f.Seq >= from && f.Until <= until && f.Seq < f.Until
	default:
		if len(s.ids) == 1 && f.EventID == s.ids[0] {
			return true
		}
		return !a.onJournal && f.Epoch == s.log.epoch && f.Seq == s.seq && f.Until == s.until
	}
}

// bounds are the commits that hold a spot, as they were or as they are.
func (a *attack) bounds(s spot) (from, until int64) {
	from, until = s.seq, s.until
	for _, im := range []*image{a.was, a.im} {
		for _, c := range im.commitsOf(s.log) {
			if c.prevSize < s.until && s.seq < c.size {
				from, until = min(from, c.prevSize), max(until, c.size)
			}
		}
	}
	return from, until
}

// coversExactly reports whether findings together name the events of a spot and
// no others.
func (a *attack) coversExactly(kinds []verify.Kind, findings []verify.Finding, s spot) bool {
	ids := map[string]bool{}
	seqs := map[int64]bool{}
	for _, f := range findings {
		if !slices.Contains(kinds, f.Kind) || !a.onJournal && f.Tenant != "" && f.Tenant != s.log.tenant {
			continue
		}
		if f.EventID != "" {
			ids[f.EventID] = true
		}
		for seq := f.Seq; f.Seq >= 0 && seq < f.Until && f.Until-f.Seq < 1000; seq++ {
			seqs[seq] = true
		}
	}
	byID := len(s.ids) > 0
	for _, id := range s.ids {
		byID = byID && ids[id]
	}
	bySeq := !a.onJournal && int64(len(seqs)) == s.until-s.seq
	for seq := s.seq; seq < s.until && bySeq; seq++ {
		bySeq = seqs[seq]
	}
	return byID || bySeq
}

func (a *attack) damageText() string {
	var texts []string
	for _, s := range a.damage {
		texts = append(texts, fmt.Sprintf("tenant %q epoch %d seq %d to %d %v", s.log.tenant, s.log.epoch, s.seq, s.until, s.ids))
	}
	return strings.Join(texts, "; ")
}

// String is all that was said, a line each.
func (r result) String() string {
	var b strings.Builder
	for _, f := range r.findings {
		fmt.Fprintf(&b, "  %s tenant %q epoch %d seq %d to %d event %q %s:%d: %s\n", f.Kind, f.Tenant, f.Epoch, f.Seq, f.Until, f.EventID, f.File, f.Line, f.Detail)
	}
	for _, u := range r.unsure {
		fmt.Fprintf(&b, "  unchecked tenant %q epoch %d seq %d to %d: %s\n", u.Tenant, u.Epoch, u.Seq, u.Until, u.Reason)
	}
	for _, n := range r.notices {
		fmt.Fprintf(&b, "  notice %s tenant %q: %s\n", n.Kind, n.Tenant, n.Detail)
	}
	return b.String()
}

// String is the outcome for people.
func (o outcome) String() string {
	if o.precision == unseen {
		return "nothing, exit code 0"
	}
	if o.precision == unsure {
		return "nothing, exit code 3"
	}
	words := make([]string, len(o.kinds))
	for i, k := range o.kinds {
		words[i] = string(k)
	}
	return strings.Join(words, " or ") + ", " + map[precision]string{inLog: "somewhere in the log", inCommit: "within the commit", exactly: "the very event"}[o.precision]
}
