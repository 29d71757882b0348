package store

import (
	"context"
	"encoding/binary"
	"math"
	"math/bits"
)

// The columns that scan_events.sql and scan_beyond.sql select, in their order:
// first what is not under the leaf, then the members in canonical order.
const (
	colSeq = iota
	colRecordedAt
	colEventTime
	colTime
	colObservedTime
	colSeverity
	colLeafHash
	colMAC
	colActorType
	colActorID
	colTargetType
	colTargetID
	colRequestID
	colClientIP
	colAction
	colActor
	colAttributes
	colBody
	colCausationID
	colChanges
	colContext
	colCorrelationID
	colEventID
	colEventName
	colFlags
	colIdempotencyKey
	colOriginal
	colOutcome
	colPayload
	colProducer
	colReason
	colSchemaVersion
	colSeverityText
	colSource
	colSpanID
	colTarget
	colTenantID
	colTraceID
	colTable // the partition that the row is in
	scanColumns
)

// EventPage is a run of rows of audit_events in memory. Reset and used again it
// allocates nothing. Not safe for concurrent use while it is filled.
type EventPage struct {
	buf   []byte
	ends  []uint32 // of each column, scanColumns per row
	nulls []uint64 // one per row, a bit per column
	// months are the times that the partitions are for, by oid; nil where they were
	// not read.
	months map[int64][2]int64

	// More says that there may be rows behind the last one.
	More bool
	// Epoch is the log that an Export read the rows of.
	Epoch int32
}

// maxPageBytes bounds a page: one row always fits.
const maxPageBytes = 4 << 20

// Len is the number of rows.
func (p *EventPage) Len() int { return len(p.nulls) }

// Bytes is the size of the page's columns.
func (p *EventPage) Bytes() int { return len(p.buf) }

// Row is the row at an index. It shares the page's memory.
func (p *EventPage) Row(i int) EventRow { return EventRow{page: p, index: i} }

// Reset empties the page and keeps its memory.
func (p *EventPage) Reset() {
	p.buf, p.ends, p.nulls, p.More = p.buf[:0], p.ends[:0], p.nulls[:0], false
}

func (p *EventPage) add(columns [][]byte) error {
	if len(columns) != scanColumns || len(columns[colSeq]) != 8 || len(columns[colRecordedAt]) != 8 {
		return errShape
	}
	var nulls uint64
	for i, column := range columns {
		if column == nil {
			nulls |= 1 << i
		}
		p.buf = append(p.buf, column...)
		p.ends = append(p.ends, uint32(len(p.buf))) //nolint:gosec // bounded by maxPageBytes and one row
	}
	p.nulls = append(p.nulls, nulls)
	return nil
}

// EventRow is one row of a page.
type EventRow struct {
	page  *EventPage
	index int
}

// column returns a column's binary value, nil for NULL.
func (r EventRow) column(i int) []byte {
	if r.page.nulls[r.index]>>i&1 != 0 {
		return nil
	}
	at := r.index*scanColumns + i
	start := uint32(0)
	if at > 0 {
		start = r.page.ends[at-1]
	}
	return r.page.buf[start:r.page.ends[at]:r.page.ends[at]]
}

func (r EventRow) isNull(i int) bool { return r.page.nulls[r.index]>>i&1 != 0 }

// Seq is the position that the row claims.
func (r EventRow) Seq() int64 {
	return int64(binary.BigEndian.Uint64(r.column(colSeq))) //nolint:gosec // two's complement on the wire
}

// RecordedAt is in microseconds since 1970.
func (r EventRow) RecordedAt() int64 {
	micros := int64(binary.BigEndian.Uint64(r.column(colRecordedAt))) //nolint:gosec // two's complement on the wire
	if micros > math.MaxInt64-postgresEpoch {
		return math.MaxInt64
	}
	return micros + postgresEpoch
}

// misplaced reports whether the row is in a partition for other times than its
// own: a query for its time does not look there.
func (r EventRow) misplaced() bool {
	table, err := asInt64(r.column(colTable))
	month, known := r.page.months[table]
	at := r.RecordedAt()
	return err == nil && known && (at < month[0] || at >= month[1])
}

// EventID is the event's id as stored.
func (r EventRow) EventID() string { return string(r.column(colEventID)) }

// Action is the event's action as stored.
func (r EventRow) Action() string { return string(r.column(colAction)) }

// IdempotencyKey is the key as stored.
func (r EventRow) IdempotencyKey() string { return string(r.column(colIdempotencyKey)) }

// Payload is the text of the payload's JSON, "" where there is none.
func (r EventRow) Payload() string {
	if b := r.column(colPayload); len(b) > 0 {
		return string(b[1:])
	}
	return ""
}

// MAC is the origin MAC as stored, "" where there is none.
func (r EventRow) MAC() string { return string(r.column(colMAC)) }

// StoredLeaf is leaf_hash as stored.
func (r EventRow) StoredLeaf() (leaf [32]byte) {
	copy(leaf[:], r.column(colLeafHash))
	return leaf
}

// EventKey is a position behind which a page begins. Two rows may claim one seq.
type EventKey struct {
	Seq        int64
	RecordedAt int64 // microseconds since 1970
}

// BeforeSeq stands before every row of a seq, and 0 before all rows, those with
// an impossible seq included.
func BeforeSeq(seq int64) EventKey {
	if seq <= 0 {
		return EventKey{Seq: math.MinInt64, RecordedAt: math.MinInt64}
	}
	return EventKey{Seq: seq - 1, RecordedAt: math.MaxInt64}
}

func (k EventKey) micros() int64 {
	switch {
	case k.RecordedAt < math.MinInt64+postgresEpoch:
		return math.MinInt64 // -infinity
	case k.RecordedAt == math.MaxInt64:
		return math.MaxInt64 // infinity
	}
	return k.RecordedAt - postgresEpoch
}

// Events fills the page with at most limit rows of a log behind a key and below
// a seq.
func (s *Scanner) Events(ctx context.Context, name LogName, after EventKey, until int64, limit int32, page *EventPage) error {
	return s.fill(ctx, s.sql.events, []param{
		textOf(name.Tenant), int4Of(name.Epoch), int8Of(after.Seq), microsOf(after.micros()), int8Of(until), int4Of(limit),
	}, limit, page)
}

// Beyond fills the page with at most limit rows behind a key that no commit
// covers at the moment of the call.
func (s *Scanner) Beyond(ctx context.Context, name LogName, after EventKey, limit int32, page *EventPage) error {
	return s.fill(ctx, s.sql.beyond, []param{
		textOf(name.Tenant), int4Of(name.Epoch), int8Of(after.Seq), microsOf(after.micros()), int4Of(limit),
	}, limit, page)
}

// prepare tells a page the times of the partitions.
func (s *Scanner) prepare(page *EventPage) {
	page.months = nil
	if months := s.months.Load(); months != nil {
		page.months = *months
	}
}

func (s *Scanner) newPage() *EventPage {
	page := &EventPage{}
	s.prepare(page)
	return page
}

func (s *Scanner) fill(ctx context.Context, sql string, params []param, limit int32, page *EventPage) error {
	page.Reset()
	s.prepare(page)
	cut := false
	err := s.rows(ctx, sql, params, func(columns [][]byte) error {
		if cut = page.Len() > 0 && page.Bytes() > maxPageBytes; cut {
			return nil // large rows: the next page begins with the first one left out
		}
		return page.add(columns)
	})
	page.More = cut || int64(page.Len()) == int64(limit)
	return err
}

// NextLimit is how many rows the page after this one should ask for, so that
// its bytes are about a quarter of what a page may hold: a transaction of a few
// milliseconds.
func (p *EventPage) NextLimit() int32 {
	const smallest, largest = 16, 8192
	if p.Len() == 0 {
		return smallest
	}
	average := p.Bytes()/p.Len() + 1
	limit := min(max(maxPageBytes/2/average, smallest), largest)
	return int32(min(limit, 4<<bits.Len(uint(p.Len())))) //nolint:gosec // at most 8192
}

// FirstLimit is the limit of a log's first page.
const FirstLimit = 256

// IsAction reports whether the row's action is this one.
func (r EventRow) IsAction(action string) bool { return string(r.column(colAction)) == action }
