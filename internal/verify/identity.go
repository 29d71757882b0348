package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/otelaudit/otelaudit/internal/store"
)

// identitySums compares the identities of a tenant with its events in one walk
// over each, without looking up one by one: per bucket of seqs the sum of a
// keyed hash of every identity that the events call for, and of every one that
// is there. The keys are random, so nobody can prepare identities whose sums
// are equal; two different sets agree with probability 2^-128.
type identitySums struct {
	seeds   [2]maphash.Seed
	buckets map[bucket]*sums // only by the tenant's own goroutine
}

// bucket is a run of seqs of one epoch.
type bucket struct {
	epoch int32
	n     int64 // seq / bucketSize
}

const bucketSize = 4096

type sums struct{ events, identities [2]uint64 }

func newIdentitySums() *identitySums {
	return &identitySums{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, buckets: make(map[bucket]*sums)}
}

func (s *identitySums) at(epoch int32, seq int64) *sums {
	key := bucket{epoch, seq / bucketSize}
	found := s.buckets[key]
	if found == nil {
		found = &sums{}
		s.buckets[key] = found
	}
	return found
}

// hash is of one identity at one place.
func (s *identitySums) hash(i *store.Identity) [2]uint64 {
	var room [256]byte
	b := append(room[:0], i.Kind)
	b = binary.BigEndian.AppendUint32(b, uint32(i.Epoch))      //nolint:gosec // hashed only
	b = binary.BigEndian.AppendUint64(b, uint64(i.Seq))        //nolint:gosec // hashed only
	b = binary.BigEndian.AppendUint64(b, uint64(i.RecordedAt)) //nolint:gosec // hashed only
	b = append(b, i.Fingerprint[:]...)
	b = append(b, i.ID...)
	return [2]uint64{maphash.Bytes(s.seeds[0], b), maphash.Bytes(s.seeds[1], b)}
}

// ofEvent is the sum of the identities that an event calls for. Safe for
// concurrent use.
func (s *identitySums) ofEvent(epoch int32, r *row, stored store.EventRow, hashes *store.Hashes) [2]uint64 {
	identity := store.Identity{
		IdentityKey: store.IdentityKey{Kind: 'e', ID: stored.EventID()},
		Fingerprint: hashes.Fingerprint, Epoch: epoch, Seq: r.seq, RecordedAt: r.recordedAt,
	}
	sum := s.hash(&identity)
	if hashes.BindsKey {
		identity.IdentityKey = store.IdentityKey{Kind: 'k', ID: stored.IdempotencyKey()}
		second := s.hash(&identity)
		sum[0] += second[0]
		sum[1] += second[1]
	}
	return sum
}

func (s *identitySums) addEvent(epoch int32, r *row) {
	sum := &s.at(epoch, r.seq).events
	sum[0] += r.sum[0]
	sum[1] += r.sum[1]
}

func (s *identitySums) addIdentity(i *store.Identity) {
	hash := s.hash(i)
	sum := &s.at(i.Epoch, i.Seq).identities
	sum[0] += hash[0]
	sum[1] += hash[1]
}

const identitiesPerPage = 4096

// eachIdentity walks over the identities of the tenant.
func (t *tenantCheck) eachIdentity(ctx context.Context, f func(*store.Identity)) error {
	var after store.IdentityKey
	for {
		page, err := t.readIdentities(ctx, after)
		if err != nil {
			return err
		}
		for i := range page {
			f(&page[i])
		}
		if len(page) < identitiesPerPage {
			return nil
		}
		after = page[len(page)-1].IdentityKey
	}
}

// checkIdentities compares the identities with the events of all epochs. In an
// incremental run the events were not all read; then those that were are looked
// up, and identities without an event are not looked for.
func (t *tenantCheck) checkIdentities(ctx context.Context) error {
	if !t.scanner.Access().Identities {
		if len(t.logs) > 0 {
			t.notice(IdentitiesUnseen, "this login may not read audit_event_ids: that a later duplicate would be recognized was not checked")
		}
		return nil
	}
	var late []store.Identity // behind the newest commit that was looked at
	err := t.eachIdentity(ctx, func(i *store.Identity) {
		log := t.logs[i.Epoch]
		switch {
		case log == nil || i.Seq >= log.head:
			if len(late) < maxLate {
				late = append(late, *i)
			}
		case i.Seq < log.from:
		case log.wasRemoved(i.Seq):
		default:
			t.sums.addIdentity(i)
			log.witness(i)
		}
	})
	if err != nil {
		return err
	}
	if err := t.judgeLate(ctx, late); err != nil {
		return err
	}
	return t.judgeBuckets(ctx)
}

// maxLate bounds the identities that are looked at a second time: a busy log
// gets some while it is verified.
const maxLate = 1 << 16

// judgeLate reports identities behind the newest commit, as it is now.
func (t *tenantCheck) judgeLate(ctx context.Context, late []store.Identity) error {
	heads := make(map[int32]int64)
	for i := range late {
		identity := &late[i]
		head, known := heads[identity.Epoch]
		if !known {
			var err error
			if head, err = t.scanner.Head(ctx, store.LogName{Tenant: t.tenant, Epoch: identity.Epoch}); err != nil {
				return err
			}
			heads[identity.Epoch] = head
		}
		if identity.Seq < head {
			continue
		}
		if log := t.logs[identity.Epoch]; log != nil && log.hasUncovered(identity) {
			continue // the event was reported
		}
		t.dangling(identity)
	}
	return nil
}

func (t *tenantCheck) dangling(i *store.Identity) {
	f := Finding{Kind: ColumnEdited, Epoch: i.Epoch, Seq: i.Seq, Until: i.Seq + 1, Detail: fmt.Sprintf(
		"the %s %q in audit_event_ids leads to seq %d of epoch %d, where no event has it: a record with it would not be admitted", kindName(i.Kind), i.ID, i.Seq, i.Epoch)}
	if i.Kind == 'e' {
		f.EventID = i.ID
	}
	t.find(f)
}

func kindName(kind byte) string {
	if kind == 'k' {
		return "idempotency key"
	}
	return "event id"
}

// maxDetailed bounds the buckets whose identities are compared one by one.
const maxDetailed = 64

// judgeBuckets compares the identities one by one where sums differ.
func (t *tenantCheck) judgeBuckets(ctx context.Context) error {
	different := make(map[bucket]bool)
	for key, sums := range t.sums.buckets {
		if sums.events != sums.identities {
			different[key] = true
		}
	}
	if len(different) > maxDetailed {
		for _, key := range slices.SortedFunc(maps.Keys(different), compareBuckets)[maxDetailed:] {
			delete(different, key)
			t.report.More++
		}
	}
	if len(different) == 0 {
		return nil
	}
	for _, log := range t.logs {
		log.explainFindings()
	}
	wanted := make(map[store.IdentityKey]wantedIdentity)
	for _, key := range slices.SortedFunc(maps.Keys(different), compareBuckets) {
		if err := t.wantedIn(ctx, key, wanted); err != nil {
			return err
		}
	}
	err := t.eachIdentity(ctx, func(i *store.Identity) {
		log := t.logs[i.Epoch]
		inside := log != nil && i.Seq >= log.from && i.Seq < log.head && !log.wasRemoved(i.Seq) && different[bucket{i.Epoch, i.Seq / bucketSize}]
		want, known := wanted[i.IdentityKey]
		switch {
		case known:
			want.found = true
			wanted[i.IdentityKey] = want
			t.compareIdentity(&want.Identity, i)
		case inside && !log.explains(i.Seq):
			t.dangling(i)
		}
	})
	if err != nil {
		return err
	}
	for _, want := range wanted {
		if !want.found && !t.logs[want.Epoch].explains(want.Seq) {
			t.find(Finding{Kind: ColumnEdited, Epoch: want.Epoch, Seq: want.Seq, Until: want.Seq + 1, EventID: want.eventID, Detail: fmt.Sprintf(
				"its %s is not in audit_event_ids: a second record with it would be admitted", kindName(want.Kind))})
		}
	}
	return nil
}

func compareBuckets(a, b bucket) int {
	if a.epoch != b.epoch {
		return int(a.epoch - b.epoch)
	}
	return int(a.n - b.n)
}

// wantedIdentity is an identity that an event calls for.
type wantedIdentity struct {
	store.Identity
	eventID string
	found   bool
}

// wantedIn adds the identities that the events of a bucket call for.
func (t *tenantCheck) wantedIn(ctx context.Context, key bucket, wanted map[store.IdentityKey]wantedIdentity) error {
	log := t.logs[key.epoch]
	if log == nil {
		return nil
	}
	name := store.LogName{Tenant: t.tenant, Epoch: key.epoch}
	from, until := max(key.n*bucketSize, log.from), min((key.n+1)*bucketSize, log.head)
	hasher := &store.RowHasher{}
	return t.eachEvent(ctx, name, from, until, func(stored store.EventRow) {
		hashes, err := hasher.Hash(stored)
		if err != nil {
			return
		}
		identity := store.Identity{
			IdentityKey: store.IdentityKey{Kind: 'e', ID: stored.EventID()},
			Fingerprint: hashes.Fingerprint, Epoch: key.epoch, Seq: stored.Seq(), RecordedAt: stored.RecordedAt(),
		}
		add := func() {
			if other, twice := wanted[identity.IdentityKey]; twice && !log.explains(identity.Seq) && !log.explains(other.Seq) {
				t.find(Finding{Kind: EventInserted, Epoch: key.epoch, Seq: identity.Seq, Until: identity.Seq + 1, EventID: stored.EventID(), Detail: fmt.Sprintf(
					"its %s is also that of the event with seq %d", kindName(identity.Kind), other.Seq)})
				log.twice[identity.Seq] = struct{}{}
			}
			wanted[identity.IdentityKey] = wantedIdentity{Identity: identity, eventID: stored.EventID()}
		}
		add()
		if hashes.BindsKey {
			identity.IdentityKey = store.IdentityKey{Kind: 'k', ID: stored.IdempotencyKey()}
			add()
		}
	})
}

// eachEvent walks over the events of a range. Those with an impossible seq, which
// stand before the first, are not of it.
func (t *tenantCheck) eachEvent(ctx context.Context, name store.LogName, from, until int64, f func(store.EventRow)) error {
	page := &store.EventPage{}
	after, limit := store.BeforeSeq(from), int32(store.FirstLimit)
	for {
		if err := t.scanner.Events(ctx, name, after, until, limit, page); err != nil {
			return err
		}
		for i := range page.Len() {
			if stored := page.Row(i); stored.Seq() >= from {
				f(stored)
			}
		}
		if page.Len() == 0 || !page.More {
			return nil
		}
		last := page.Row(page.Len() - 1)
		after = store.EventKey{Seq: last.Seq(), RecordedAt: last.RecordedAt()}
		limit = page.NextLimit()
	}
}

// compareIdentity reports how an identity differs from what its event calls for.
func (t *tenantCheck) compareIdentity(want, found *store.Identity) {
	log := t.logs[want.Epoch]
	if *want == *found || log.explains(want.Seq) {
		return
	}
	f := Finding{Kind: ColumnEdited, Epoch: want.Epoch, Seq: want.Seq, Until: want.Seq + 1}
	if want.Kind == 'e' {
		f.EventID = want.ID
	}
	switch {
	case want.Epoch != found.Epoch || want.Seq != found.Seq:
		f.Detail = fmt.Sprintf("the %s %q in audit_event_ids leads to seq %d of epoch %d", kindName(want.Kind), want.ID, found.Seq, found.Epoch)
	case want.Fingerprint != found.Fingerprint:
		f.Detail = fmt.Sprintf("the fingerprint of the %s %q in audit_event_ids is not that of the event: a second record would be taken for a conflict", kindName(want.Kind), want.ID)
	default:
		f.Detail = fmt.Sprintf("the %s %q in audit_event_ids has another recorded_at than the event", kindName(want.Kind), want.ID)
	}
	t.find(f)
}

// wasRemoved reports whether the event of a seq was removed by itself.
func (l *logCheck) wasRemoved(seq int64) bool {
	_, found := slices.BinarySearchFunc(l.removed, seq, inRange)
	return found
}

func inRange(r [2]int64, seq int64) int {
	switch {
	case r[1] <= seq:
		return -1
	case r[0] > seq:
		return 1
	default:
		return 0
	}
}

// explains reports whether there is a finding about the event already, or will
// be: then its identities differ as a consequence.
func (l *logCheck) explains(seq int64) bool {
	_, found := slices.BinarySearchFunc(l.explained, seq, inRange)
	return found || has(l.twice, seq)
}

// explainFindings collects what explains differing identities: what is missing or
// in doubt, and events with a finding of their own.
func (l *logCheck) explainFindings() {
	ranges := slices.Clone(l.inDoubt())
	for i := range l.report.Findings {
		f := &l.report.Findings[i]
		if f.Epoch == l.name.Epoch && f.Seq < f.Until && (f.Kind == EventChanged || f.Kind == EventMoved || f.Kind == EventInserted) {
			ranges = append(ranges, [2]int64{f.Seq, f.Until})
		}
	}
	l.explained, l.twice = joined(ranges), make(map[int64]struct{})
}

// inDoubt are the events that are missing or in a failed range, once the tree is
// done.
func (l *logCheck) inDoubt() [][2]int64 {
	if l.doubtful == nil {
		ranges := slices.Clone(l.missing)
		for i := range l.failed {
			ranges = append(ranges, [2]int64{l.failed[i].from, l.failed[i].to})
		}
		if l.uncounted[1] > 0 {
			ranges = append(ranges, l.uncounted)
		}
		l.doubtful = append([][2]int64{}, joined(ranges)...)
	}
	return l.doubtful
}

// inFailedRange reports whether the leaves around an event do not lead to a
// signed root.
func (l *logCheck) inFailedRange(seq int64) bool {
	if l.uncounted[0] <= seq && seq < l.uncounted[1] {
		return true
	}
	// They are in the order of their ends, and the first that ends behind the
	// event is the smallest of those that hold it.
	i, _ := slices.BinarySearchFunc(l.failed, seq, func(f failedRange, seq int64) int { return cmp.Compare(f.to, seq+1) })
	return i < len(l.failed) && l.failed[i].from <= seq
}

func (l *logCheck) hasUncovered(i *store.Identity) bool {
	_, found := slices.BinarySearchFunc(l.uncovered, i.Seq, func(u uncovered, seq int64) int { return cmp.Compare(u.seq, seq) })
	return found
}

// witness keeps what an identity says of a place that is in doubt.
func (l *logCheck) witness(i *store.Identity) {
	if len(l.places) >= maxPlaces || len(l.places[i.Seq]) >= maxPlacesPerSeq {
		return
	}
	if _, doubtful := slices.BinarySearchFunc(l.inDoubt(), i.Seq, inRange); doubtful {
		l.places[i.Seq] = append(l.places[i.Seq], *i)
	}
}

// maxPlaces bounds the identities that are kept to name events.
const (
	maxPlaces       = 1 << 18
	maxPlacesPerSeq = 8 // there are two, unless the primary key was dropped
)
