package mutation

import (
	"slices"

	"github.com/otelaudit/otelaudit/internal/verify"
)

// Witness is what a verifier has beside the store and the trust file.
type Witness int

const (
	// Tree is nothing else.
	Tree Witness = iota
	// Newest is an anchor file with the newest checkpoint of each log.
	Newest
	// Every is a copy of every checkpoint that was ever committed: a state file
	// per commit, the collector's log.
	Every
	// Beside is the other sink: for a store the journal that was written beside
	// it, for a journal the store.
	Beside
	// MAC is the ring of the edge's MAC keys, and that every event must have one.
	MAC

	witnesses = int(MAC) + 1
)

func (w Witness) String() string {
	return [...]string{"store alone", "newest anchors", "anchors of every commit", "other sink", "MAC keys"}[w]
}

// precision is how exactly damage is to be named.
type precision int

const (
	asTree   precision = iota // as without this witness
	unseen                    // not at all: intact, exit code 0
	unsure                    // not found, and not verified either: exit code 3
	inLog                     // the tenant and epoch
	inCommit                  // the events of the commit, or fewer
	exactly                   // the very events
)

// outcome is what verification must say of an attack with one witness.
type outcome struct {
	precision precision
	kinds     []verify.Kind // one of these must be said
}

func exact(kinds ...verify.Kind) outcome  { return outcome{exactly, kinds} }
func commit(kinds ...verify.Kind) outcome { return outcome{inCommit, kinds} }
func log(kinds ...verify.Kind) outcome    { return outcome{inLog, kinds} }

var blind = outcome{precision: unseen}

// exitCode is what must come of findings where this was expected.
func (o outcome) exitCode(findings []verify.Finding) int {
	only := func(kind verify.Kind) bool {
		return !slices.ContainsFunc(findings, func(f verify.Finding) bool { return f.Kind != kind })
	}
	switch {
	case o.precision == unseen:
		return 0
	case o.precision == unsure, only(unconfirmed):
		return 3
	case only(refused), only(notAuditor):
		return 2
	default:
		return 1
	}
}

// expectation is what must be said of an operator by one attacker.
type expectation struct {
	by  map[Witness]outcome // Tree is always there; what is absent is as Tree
	why string              // where Tree sees nothing: why
	// told is the notice that tells a reader nevertheless, "" for none.
	told []verify.NoticeKind
}

func (e *expectation) of(w Witness) outcome {
	if o, found := e.by[w]; found && o.precision != asTree {
		return o
	}
	return e.by[Tree]
}

// seen is an attack that the store alone gives away.
func seen(tree outcome, more ...with) expectation {
	return expectation{by: by(tree, more)}
}

// hidden is an attack that the store alone cannot give away.
func hidden(why string, more ...with) expectation {
	return expectation{by: by(blind, more), why: why}
}

// doubted is an attack after which the store alone cannot be verified.
func doubted(why string, more ...with) expectation {
	return expectation{by: by(outcome{precision: unsure}, more), why: why}
}

// butTold says that a report without a finding has one of these notices.
func butTold(e expectation, kinds ...verify.NoticeKind) expectation {
	e.told = kinds
	return e
}

type with struct {
	witness Witness
	outcome outcome
}

func by(tree outcome, more []with) map[Witness]outcome {
	outcomes := map[Witness]outcome{Tree: tree}
	for _, m := range more {
		outcomes[m.witness] = m.outcome
	}
	return outcomes
}

// Kinds of findings, grouped where more than one word is right for a change:
// the tree alone cannot tell a changed event from a swapped one.
var (
	root    = []verify.Kind{verify.CommitChanged, verify.CommitForged, verify.EventChanged}
	signing = []verify.Kind{verify.CommitForged, verify.CommitChanged, verify.CommitMissing}
	ahead   = []verify.Kind{verify.TailMissing, verify.Fork}
)
