package store

import (
	"context"
	"encoding/binary"
)

// RollCounts adds committed events to the rollups that counting reads: at most
// events (1 to 1,000,000) of at most tenants (1 to 10,000), largest backlog first,
// in a transaction of its own. It returns how many; 0 means that nothing was
// worth it, or that another collector is at it.
func (w *Writer) RollCounts(ctx context.Context, events int64, tenants int32) (rolled int64, err error) {
	if err := w.connect(ctx); err != nil {
		return 0, err
	}
	w.queueBegin()
	w.wire.queueStatement(w.sql.roll, []uint32{oidInt8, oidInt4}, int8Param(events), int4Param(tenants))
	w.wire.queueStatement("COMMIT", nil)
	w.wire.queueSync()
	_, err = w.wire.exchange(ctx, nil, func(columns [][]byte) error {
		if len(columns) != 1 || len(columns[0]) != 8 {
			return errShape
		}
		rolled = int64(binary.BigEndian.Uint64(columns[0])) //nolint:gosec // two's complement on the wire
		return nil
	})
	if err != nil {
		w.rollback(ctx)
		return 0, err
	}
	return rolled, nil
}
