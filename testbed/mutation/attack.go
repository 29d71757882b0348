package mutation

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Attacker is what else of the evidence the author of a change can make fit.
type Attacker int

const (
	// Edits changes rows or lines with SQL or an editor and leaves the rest.
	Edits Attacker = iota
	// Recomputes makes everything fit that takes no key: leaf hashes,
	// identities, roots, frontiers, numbers, file hashes.
	Recomputes
	// Signs has the log's private key, too, and signs anew what it recomputed.
	Signs
)

func (a Attacker) String() string { return [...]string{"edits", "recomputes", "holds the key"}[a] }

// attack is one change of one store, under way.
type attack struct {
	rng *rand.Rand
	by  Attacker
	w   *world
	was *image // before
	im  *image // what it becomes

	touched      []logID        // logs that the attacker makes fit
	storedLeaves bool           // leaf_hash columns are changed on purpose
	last         []func()       // what is done when all else fits
	statements   []string       // SQL for what rows cannot express
	files        []segmentFile  // of the journal
	batches      []journalBatch // of the journal, for who signs it anew
	onJournal    bool           // the journal is attacked, not the store
	rewrite      bool           // the journal is written anew from batches
	journalName  string         // under which it is written anew
	staleAnchors bool           // the attacker also put an old copy in place of the anchors
	damage       []spot
}

// spot is where evidence was changed: events from seq to until, exclusive, as
// numbered before the attack; or one event by its id; or a whole log.
type spot struct {
	log        logID
	seq, until int64
	ids        []string // of the events
}

func (a *attack) touch(log logID) { a.touched = append(a.touched, log) }

// finish makes fit what the attacker can.
func (a *attack) finish() {
	slices.SortFunc(a.touched, func(x, y logID) int {
		if x.tenant != y.tenant {
			return compare(x.tenant, y.tenant)
		}
		return compare(x.epoch, y.epoch)
	})
	for _, log := range slices.Compact(a.touched) {
		if a.by >= Recomputes {
			a.im.fitUnkeyed(log, a.storedLeaves)
		}
		if a.by >= Signs {
			for _, c := range a.im.commitsOf(log) {
				c.sign(a.w.ring)
			}
		}
	}
	for _, do := range a.last {
		do()
	}
}

// logs are the logs of applications' tenants that have events and satisfy ok.
func (a *attack) logs(ok func(logID) bool) []logID {
	return slices.DeleteFunc(a.im.logs(), func(log logID) bool {
		return !a.open(log) || len(a.im.eventsOf(log)) == 0 || ok != nil && !ok(log)
	})
}

func (a *attack) log(ok func(logID) bool) (logID, bool) {
	logs := a.logs(ok)
	if len(logs) == 0 {
		return logID{}, false
	}
	return logs[a.rng.IntN(len(logs))], true
}

// open reports whether a log is its tenant's newest, of an application's tenant.
// Who closes one states its root, which would be one more witness.
func (a *attack) open(log logID) bool {
	return log.tenant != record.SystemTenant && !slices.ContainsFunc(a.im.epochs, func(e epochRow) bool { return e.tenant == log.tenant && e.epoch > log.epoch })
}

// event picks an event that satisfies ok.
func (a *attack) event(ok func(*eventRow) bool) *eventRow {
	var found []*eventRow
	for i := range a.im.events {
		if e := &a.im.events[i]; a.open(e.log()) && (ok == nil || ok(e)) {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[a.rng.IntN(len(found))]
}

func (e *eventRow) log() logID { return logID{e.tenant, e.epoch} }

// commitAt is the commit that holds an event.
func (im *image) commitAt(log logID, seq int64) *commitRow {
	for _, c := range im.commitsOf(log) {
		if c.prevSize <= seq && seq < c.size {
			return c
		}
	}
	return nil
}

// commit picks a commit that satisfies ok.
func (a *attack) commitWhere(ok func(c *commitRow, index, count int) bool) *commitRow {
	var found []*commitRow
	for _, log := range a.logs(nil) {
		start, _ := a.im.start(log)
		commits := slices.DeleteFunc(a.im.commitsOf(log), func(c *commitRow) bool { return c.size <= start })
		for i, c := range commits {
			if ok == nil || ok(c, i, len(commits)) {
				found = append(found, c)
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found[a.rng.IntN(len(found))]
}

func (c *commitRow) log() logID { return logID{c.tenant, c.epoch} }

// hurtEvent says that this event is the one to be named.
func (a *attack) hurtEvent(e *eventRow) {
	a.damage = append(a.damage, spot{e.log(), e.seq, e.seq + 1, []string{e.record().EventID}})
	a.touch(e.log())
}

// hurtRange says that the events of these positions are to be named.
func (a *attack) hurtRange(log logID, seq, until int64) {
	s := spot{log: log, seq: seq, until: until}
	for _, e := range a.was.eventsOf(log) {
		if e.seq >= seq && e.seq < until {
			s.ids = append(s.ids, e.record().EventID)
		}
	}
	a.damage = append(a.damage, s)
	a.touch(log)
}

// forged is a record that nobody sent.
func (a *attack) forged(tenant string) string {
	a.w.records++
	return canonicalOf(recordOf(a.rng, tenant, eventID(a.w.records)))
}

// head is a log's newest commit.
func (im *image) head(log logID) *commitRow {
	commits := im.commitsOf(log)
	return commits[len(commits)-1]
}

const moment = time.Microsecond
