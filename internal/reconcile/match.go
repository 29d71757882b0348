package reconcile

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

func decodeDigest(text string, digest *[32]byte) error {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(digest) {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	copy(digest[:], b)
	return nil
}

func timeText(micros int64) string {
	return merkle.TimeText(time.UnixMicro(micros))
}

// finding says where an item is.
func (i *item) finding(r *run, kind Kind, detail string) Finding {
	f := Finding{Kind: kind, Tenant: i.tenant, EventID: i.eventID, Seq: -1, RecordedAt: timeText(i.at), Detail: detail}
	if i.side == inJournal || i.side == inMarked {
		f.Journal, f.File, f.Line = r.nameOf(i.place), journal.SegmentName(i.seq), i.line
	} else {
		f.Epoch, f.Seq = i.epoch, i.seq
	}
	return f
}

// group are all items of one identity.
type group struct {
	stored, journaled []*item
	quarantined       []*item // rows of the quarantine that claim the identity

	prunedAs [][32]byte // fingerprints of entries that were taken for pruned events
}

// groups reads a bucket. name says under which identity an item stands there.
func (s *spool) groups(bucket int, name func(*item) string) (map[[2]string]*group, error) {
	found := make(map[[2]string]*group)
	err := s.each(bucket, func(i *item) error {
		identity := [2]string{i.tenant, name(i)}
		g := found[identity]
		if g == nil {
			g = &group{}
			found[identity] = g
		}
		switch i.side {
		case inStore:
			g.stored = append(g.stored, i)
		case inJournal:
			g.journaled = append(g.journaled, i)
		default:
			g.quarantined = append(g.quarantined, i)
		}
		return nil
	})
	return found, err
}

// matchIDs compares what has the same event id. What stays alone and has a key
// is left to matchKeys, by a mark in the spool of keys.
func (r *run) matchIDs(ctx context.Context) error {
	for bucket := range buckets {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		groups, err := r.byID.groups(bucket, func(i *item) string { return i.eventID })
		if err != nil {
			return err
		}
		for _, g := range groups {
			if err := r.matchID(ctx, g); err != nil {
				return err
			}
		}
		r.Progress("compared", int64(bucket+1))
	}
	return nil
}

func (r *run) matchID(ctx context.Context, g *group) error {
	slices.SortStableFunc(g.journaled, func(a, b *item) int { return cmp.Compare(a.at, b.at) }) // of several journals
	for _, s := range g.stored {
		if !slices.ContainsFunc(g.journaled, func(j *item) bool { return j.leaf == s.leaf }) {
			if err := r.storedAlone(s, g); err != nil {
				return err
			}
			continue
		}
		if r.inWindow(s.at) {
			r.report.Counts.Matched++
			r.compareMAC(s, g)
		}
	}
	matched := make(map[[32]byte]bool)
	for _, j := range g.journaled {
		// The first entry with a stored leaf is the event; another is a retry.
		if slices.ContainsFunc(g.stored, func(s *item) bool { return j.leaf == s.leaf }) && !matched[j.leaf] {
			matched[j.leaf] = true
			continue
		}
		if err := r.journaledAlone(ctx, j, g); err != nil {
			return err
		}
	}
	return nil
}

// compareMAC holds the origin MAC of an event against those of the entries with
// its leaf.
func (r *run) compareMAC(s *item, g *group) {
	entries := slices.DeleteFunc(slices.Clone(g.journaled), func(j *item) bool { return j.leaf != s.leaf })
	sameKey := func(j *item) bool { return macKey(j.mac) == macKey(s.mac) }
	_, known := r.macKeys[macKey(s.mac)]
	switch {
	case slices.ContainsFunc(entries, func(j *item) bool { return j.mac == s.mac }):
	case s.mac == "":
		r.report.find(s.finding(r, MACRemoved, "the journal has the origin MAC of this event, and the store has none"))
	case !known || slices.ContainsFunc(entries, sameKey):
		r.report.find(s.finding(r, MACExchanged, "the journal has another origin MAC of this event, or none, and no rotation of keys explains it"))
	default:
		r.report.find(s.finding(r, Unconfirmed, "the journal has no origin MAC of this event, or one of another key: "+
			"the keys were changed between two tries, or somebody exchanged it; otelaudit verify --mac-keys tells"))
	}
}

// macKey is a MAC without what its key made.
func macKey(mac string) string { return mac[:strings.LastIndexByte(mac, ':')+1] }

// alone marks an item in the spool of keys that its event id did not explain.
const alone = -1

// storedAlone judges an event whose leaf is in no entry with its id.
func (r *run) storedAlone(s *item, g *group) error {
	if !r.inWindow(s.at) {
		return nil
	}
	counts := &r.report.Counts
	switch {
	case slices.ContainsFunc(g.journaled, func(j *item) bool { return j.fingerprint == s.fingerprint }):
		r.report.find(s.finding(r, Unconfirmed, "the journal has an entry of this id that says the same of what happened, and none with this leaf: "+
			"a retry whose first try it missed, or an edit of the time, the context, the source or the attributes"))
	case len(g.journaled) > 0:
		r.report.find(s.finding(r, Altered, "the journal has another record under this id, in "+journal.SegmentName(g.journaled[0].seq)))
	case s.tenant == record.SystemTenant:
		counts.System++
	case r.first == 0 || s.at < r.first:
		counts.BeforeJournal++
	case r.young(s.at):
		counts.UnderWay++
	case s.key != "":
		marked := *s
		marked.line = alone
		return r.byKey.add(s.tenant, s.key, &marked)
	default:
		r.onlyInStore(s)
	}
	return nil
}

func (r *run) onlyInStore(s *item) {
	r.report.find(s.finding(r, OnlyInStore, "the journal does not have it: forged by somebody who can sign, or the journal was out when it was stored"))
}

// journaledAlone judges an entry that is not the one of the stored event.
func (r *run) journaledAlone(ctx context.Context, j *item, g *group) error {
	if !r.inWindow(j.at) {
		return nil
	}
	counts := &r.report.Counts
	if slices.ContainsFunc(g.stored, func(s *item) bool { return j.fingerprint == s.fingerprint }) || slices.Contains(g.prunedAs, j.fingerprint) {
		counts.Retries++
		return nil
	}
	if len(g.quarantined) > 0 {
		found, conflict, err := r.inQuarantine(ctx, j, g.quarantined)
		switch {
		case err != nil:
			return err
		case found == holdsIt && conflict:
			counts.Conflicts++
			return nil
		case found == holdsIt:
			counts.Quarantined++
			return nil
		case found == holdsNothing:
			r.report.find(j.finding(r, Unconfirmed, "the store's quarantine claims its id, and what it has is no record"))
			return nil
		}
	}
	switch {
	case r.mayBePruned(j):
		g.prunedAs = append(g.prunedAs, j.fingerprint)
		r.prune(j)
		return nil
	case r.young(j.at):
		counts.UnderWay++
		return nil
	}
	marked := *j
	if len(g.stored) > 0 {
		marked.line = -j.line // the id is another event's
	}
	if j.key == "" {
		return r.byHash.addHash(&marked)
	}
	marked.epoch = alone
	return r.byKey.add(j.tenant, j.key, &marked)
}

// matchKeys explains what stayed alone by the idempotency key: an application
// that repeats its key under new event ids.
func (r *run) matchKeys(ctx context.Context) error {
	for bucket := range buckets {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		groups, err := r.byKey.groups(bucket, func(i *item) string { return i.key })
		if err != nil {
			return err
		}
		for _, g := range groups {
			if err := r.matchKey(g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) matchKey(g *group) error {
	isMark := func(i *item) bool {
		return i.side == inStore && i.line == alone || i.side == inJournal && i.epoch == alone
	}
	for _, s := range g.stored {
		if !isMark(s) {
			continue
		}
		if slices.ContainsFunc(g.journaled, func(j *item) bool { return !isMark(j) && j.fingerprint == s.fingerprint }) {
			r.report.find(s.finding(r, Unconfirmed, "the journal has an entry with its idempotency key that says the same of what happened, and none with this leaf"))
			continue
		}
		r.onlyInStore(s)
	}
	for _, j := range g.journaled {
		if !isMark(j) {
			continue
		}
		if slices.ContainsFunc(g.stored, func(s *item) bool { return !isMark(s) && j.fingerprint == s.fingerprint }) {
			r.report.Counts.Retries++
			continue
		}
		j.epoch = 0
		if err := r.byHash.addHash(j); err != nil {
			return err
		}
	}
	return nil
}
