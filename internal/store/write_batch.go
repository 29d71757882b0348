package store

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"
)

// batch is one transaction's events, prepared before BEGIN: sorted by tenant and
// id, their identities encoded as parameters and as tuples.
type batch struct {
	events  []*Event // sorted by tenant, then id, then arrival
	arrival []int    // index into the caller's events, by position
	tenants []tenantRange
	locks   []int32 // distinct and sorted

	// One entry per identity, in the order of the parameters.
	idents      []identity
	paramTenant []byte
	paramKind   []byte
	paramID     []byte
	repeats     bool // an identity stands twice within the batch

	// Decided under the lock.
	recordedAt time.Time
	decisions  []decision // by position
	kept       int
}

// tenantRange is one tenant's events, positions lo to hi-1, and its head.
type tenantRange struct {
	name    string
	lo, hi  int
	known   Position // asked of the Sealer before the lock
	head    Head
	sealed  bool // the store has a signature for the head
	seal    Seal
	kept    int
	refused error
}

type identity struct {
	position int
	kind     byte
	row      []byte // a binary COPY tuple of idColumns
}

type decision struct {
	status Status
	cause  error
}

func newBatch(events []*Event, pending []int) *batch {
	b := &batch{arrival: slices.Clone(pending)}
	slices.SortStableFunc(b.arrival, func(i, j int) int {
		return cmp.Or(cmp.Compare(events[i].TenantID, events[j].TenantID), cmp.Compare(events[i].EventID, events[j].EventID))
	})
	b.events = make([]*Event, len(b.arrival))
	for position, i := range b.arrival {
		b.events[position] = events[i]
	}
	b.findTenants()
	b.encodeIdentities()
	return b
}

func (b *batch) findTenants() {
	for position, event := range b.events {
		if last := len(b.tenants) - 1; last >= 0 && b.tenants[last].name == event.TenantID {
			b.tenants[last].hi++
			continue
		}
		b.tenants = append(b.tenants, tenantRange{name: event.TenantID, lo: position, hi: position + 1})
		b.locks = append(b.locks, LockKey(event.TenantID))
	}
	slices.Sort(b.locks)
	b.locks = slices.Compact(b.locks)
}

func (b *batch) encodeIdentities() {
	count, size := 0, 0
	for _, event := range b.events {
		count++
		size += 2*len(event.TenantID) + 2*len(event.EventID) + 2*len(event.Key) + 2*(holesEnd+64)
		if event.Key != "" {
			count++
		}
	}
	b.idents = make([]identity, 0, count)
	rows := make([]byte, 0, size)
	b.paramTenant = appendArrayHeader(make([]byte, 0, 20+size), oidText, count)
	b.paramKind = appendArrayHeader(make([]byte, 0, 20+5*count), oidChar, count)
	b.paramID = appendArrayHeader(make([]byte, 0, 20+size), oidText, count)
	keys := make(map[[2]string]struct{})
	add := func(position int, kind byte, id string) {
		event := b.events[position]
		start := len(rows)
		rows = appendIDRow(rows, event, kind, id)
		b.idents = append(b.idents, identity{position: position, kind: kind, row: rows[start:len(rows):len(rows)]})
		b.paramTenant = appendText(b.paramTenant, event.TenantID)
		b.paramKind = append(b.paramKind, 0, 0, 0, 1, kind)
		b.paramID = appendText(b.paramID, id)
	}
	for position, event := range b.events {
		add(position, kindEvent, event.EventID)
		if position > 0 && b.events[position-1].TenantID == event.TenantID && b.events[position-1].EventID == event.EventID {
			b.repeats = true
		}
	}
	// All event ids first, then all keys: the index of identities is by kind.
	for position, event := range b.events {
		if event.Key == "" {
			continue
		}
		add(position, kindKey, event.Key)
		if _, twice := keys[[2]string{event.TenantID, event.Key}]; twice {
			b.repeats = true
		}
		keys[[2]string{event.TenantID, event.Key}] = struct{}{}
	}
}

// stored is an event that the database has already under some identity.
type stored struct {
	ident       int // index into idents
	fingerprint [32]byte
	epoch       int32
	seq         int64
}

// place is where an identity leads: to an event of the database or to one of
// this batch.
type place struct {
	inBatch  bool
	position int
	epoch    int32
	seq      int64
}

// decide says what becomes of each event, given what the database has.
func (b *batch) decide(found []stored) {
	b.decisions = make([]decision, len(b.events))
	b.kept = 0
	for t := range b.tenants {
		b.tenants[t].kept = 0
	}
	if len(found) == 0 && !b.repeats {
		b.keepAll()
	} else {
		b.decideEach(found)
	}
	for t := range b.tenants {
		tenant := &b.tenants[t]
		for position := tenant.lo; position < tenant.hi; position++ {
			if b.decisions[position].status == Stored {
				tenant.kept++
			}
		}
		b.kept += tenant.kept
	}
}

func (b *batch) keepAll() {
	for t := range b.tenants {
		b.refuseOrKeep(&b.tenants[t])
	}
}

// refuseOrKeep decides a tenant without duplicates.
func (b *batch) refuseOrKeep(tenant *tenantRange) {
	status := decision{status: Stored}
	if tenant.refused != nil {
		status = decision{status: Refused, cause: tenant.refused}
	}
	for position := tenant.lo; position < tenant.hi; position++ {
		b.decisions[position] = status
	}
}

func (b *batch) decideEach(found []stored) {
	refused := make([]error, len(b.events))
	for _, tenant := range b.tenants {
		for position := tenant.lo; tenant.refused != nil && position < tenant.hi; position++ {
			refused[position] = tenant.refused
		}
	}
	hits := make(map[int][]stored, len(found))
	for _, hit := range found {
		position := b.idents[hit.ident].position
		hits[position] = append(hits[position], hit)
	}
	positions := make([]int, len(b.events))
	for i := range positions {
		positions[i] = i
	}
	// The first to arrive stays, wherever sorting put it.
	slices.SortFunc(positions, func(x, y int) int { return cmp.Compare(b.arrival[x], b.arrival[y]) })
	seen := make(map[[2]string]int) // tenant and kind+id -> position of the event that took it
	for _, position := range positions {
		if refused[position] != nil {
			b.decisions[position] = decision{status: Refused, cause: refused[position]}
			continue
		}
		b.decisions[position] = decision{status: b.decideOne(position, hits[position], seen)}
	}
}

func (b *batch) decideOne(position int, hits []stored, seen map[[2]string]int) Status {
	event := b.events[position]
	names := [2][2]string{{event.TenantID, "e" + event.EventID}, {event.TenantID, "k" + event.Key}}
	known := names[:1]
	if event.Key != "" {
		known = names[:]
	}
	var first place
	var fingerprint [32]byte
	matched := false
	match := func(p place, f [32]byte) (consistent bool) {
		if matched {
			return first == p
		}
		matched, first, fingerprint = true, p, f
		return true
	}
	for _, hit := range hits {
		if !match(place{epoch: hit.epoch, seq: hit.seq}, hit.fingerprint) {
			return Conflict
		}
	}
	for _, name := range known {
		if other, ok := seen[name]; ok && !match(place{inBatch: true, position: other}, b.events[other].Fingerprint) {
			return Conflict
		}
	}
	switch {
	case !matched:
		for _, name := range known {
			seen[name] = position
		}
		return Stored
	case fingerprint == event.Fingerprint:
		return Duplicate
	default:
		return Conflict
	}
}

// fillPlaces fills the holes of everything kept: events and their identities.
func (b *batch) fillPlaces() {
	recordedAt := pgMicros(b.recordedAt)
	for t := range b.tenants {
		tenant := &b.tenants[t]
		seq := tenant.head.Size
		for position := tenant.lo; position < tenant.hi; position++ {
			if b.decisions[position].status == Stored {
				fillHoles(b.events[position].row, seq, recordedAt, tenant.head.Epoch)
				seq++
			}
		}
	}
	for i := range b.idents {
		ident := &b.idents[i]
		if b.decisions[ident.position].status == Stored {
			copy(ident.row[holeSeq:holesEnd], b.events[ident.position].row[holeSeq:holesEnd])
		}
	}
}

func (b *batch) appendRows(queue func([]byte)) {
	for position, event := range b.events {
		if b.decisions[position].status == Stored {
			queue(event.row)
		}
	}
}

func (b *batch) appendIDRows(queue func([]byte)) {
	for i := range b.idents {
		if ident := &b.idents[i]; b.decisions[ident.position].status == Stored {
			queue(ident.row)
		}
	}
}

// leaves of a tenant's kept events, in the order of seq.
func (b *batch) leaves(tenant *tenantRange) [][32]byte {
	leaves := make([][32]byte, 0, tenant.kept)
	for position := tenant.lo; position < tenant.hi; position++ {
		if b.decisions[position].status == Stored {
			leaves = append(leaves, b.events[position].Leaf)
		}
	}
	return leaves
}

// commitParams are the parameters of write_commits.sql.
func (b *batch) commitParams() [][]byte {
	var (
		tenants         []string
		epochs          []int32
		sizes, previous []int64
		roots, fronts   [][]byte
		notes           [][]byte
	)
	for t := range b.tenants {
		tenant := &b.tenants[t]
		if tenant.kept == 0 {
			continue
		}
		tenants = append(tenants, tenant.name)
		epochs = append(epochs, tenant.head.Epoch)
		sizes = append(sizes, tenant.head.Size+int64(tenant.kept))
		previous = append(previous, tenant.head.Size)
		roots = append(roots, tenant.seal.Root)
		fronts = append(fronts, tenant.seal.Frontier)
		notes = append(notes, tenant.seal.Note)
	}
	return [][]byte{
		binary.BigEndian.AppendUint64(nil, uint64(pgMicros(b.recordedAt))), //nolint:gosec // two's complement on the wire
		textArray(tenants), int4Array(epochs), int8Array(sizes), int8Array(previous),
		nullableArray(oidBytea, roots), nullableArray(oidBytea, fronts), nullableArray(oidText, notes),
	}
}
