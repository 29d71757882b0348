package store

import (
	"encoding/binary"
	"time"
)

// headTypes and headParams are the parameters of write_heads.sql.
var headTypes = []uint32{oidTextArray, oidBool, oidInt4Array, oidInt8Array}

func (w *Writer) headParams(b *batch) [][]byte {
	names := make([]string, len(b.tenants))
	epochs, sizes := make([]int32, len(b.tenants)), make([]int64, len(b.tenants))
	for i := range b.tenants {
		tenant := &b.tenants[i]
		names[i] = tenant.name
		tenant.known = Position{}
		if w.opts.Sealer != nil {
			tenant.known = w.opts.Sealer.Known(tenant.name)
		}
		epochs[i], sizes[i] = tenant.known.Epoch, tenant.known.Size
	}
	return [][]byte{textArray(names), boolParam(w.opts.Sealer != nil), int4Array(epochs), int8Array(sizes)}
}

// The columns of write_heads.sql.
const (
	headClock = iota
	headEpoch
	headSize
	headPrevSize
	headRecordedAt
	headSealed
	headRoot
	headFrontier
	headNote
	headOpening
	headKnownRoot
	headKnownClosed
	headColumns
)

func (b *batch) readHead(tenant *tenantRange, columns [][]byte) error {
	if len(columns) != headColumns || len(columns[headClock]) != 8 {
		return errShape
	}
	now := timeColumn(columns[headClock])
	if tenant == &b.tenants[0] || now.After(b.recordedAt) {
		// The clock is the same for all; heads raise it in settleTime.
		b.recordedAt = now
	}
	tenant.head = Head{
		TenantID: tenant.name, Known: tenant.known,
		KnownRoot: cloneBytes(columns[headKnownRoot]), KnownClosed: cloneBytes(columns[headKnownClosed]),
	}
	tenant.refused, tenant.sealed = nil, false
	if columns[headEpoch] == nil {
		return nil
	}
	if len(columns[headEpoch]) != 4 || len(columns[headSize]) != 8 || len(columns[headPrevSize]) != 8 || len(columns[headRecordedAt]) != 8 {
		return errShape
	}
	head := &tenant.head
	head.Epoch = int32(binary.BigEndian.Uint32(columns[headEpoch]))       //nolint:gosec // two's complement on the wire
	head.Size = int64(binary.BigEndian.Uint64(columns[headSize]))         //nolint:gosec // two's complement on the wire
	head.PrevSize = int64(binary.BigEndian.Uint64(columns[headPrevSize])) //nolint:gosec // two's complement on the wire
	head.RecordedAt = timeColumn(columns[headRecordedAt])
	head.Root, head.Frontier, head.Note = cloneBytes(columns[headRoot]), cloneBytes(columns[headFrontier]), cloneBytes(columns[headNote])
	head.Opening = cloneBytes(columns[headOpening])
	tenant.sealed = isTrue(columns[headSealed])
	return nil
}

func timeColumn(column []byte) time.Time {
	return fromPGMicros(int64(binary.BigEndian.Uint64(column))) //nolint:gosec // two's complement on the wire
}

func cloneBytes(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
