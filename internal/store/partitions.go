package store

import (
	"context"
	"encoding/binary"
	"time"
)

// EnsureMonths makes the partitions of this month and of ahead more (0 to 2), in
// a transaction of its own: within a write it deadlocks. It returns how long the
// months that exist now will do, measured by the server's clock.
func (w *Writer) EnsureMonths(ctx context.Context, ahead int) (horizon time.Duration, err error) {
	if err := w.connect(ctx); err != nil {
		return 0, err
	}
	var now time.Time
	w.queueBegin()
	w.wire.queueStatement(w.sql.months, []uint32{oidInt4}, int4Param(int32(ahead))) //nolint:gosec // 0 to 2
	w.wire.queueStatement("COMMIT", nil)
	w.wire.queueSync()
	_, err = w.wire.exchange(ctx, nil, func(columns [][]byte) error {
		if len(columns) != 2 || len(columns[0]) != 8 {
			return errShape
		}
		now = fromPGMicros(int64(binary.BigEndian.Uint64(columns[0]))) //nolint:gosec // two's complement on the wire
		return nil
	})
	if err != nil {
		w.rollback(ctx)
		return 0, err
	}
	end := time.Date(now.Year(), now.Month()+time.Month(ahead)+1, 1, 0, 0, 0, 0, time.UTC)
	return end.Sub(now), nil
}

// ensureMonth makes the partition of the month that a batch fell into.
func (w *Writer) ensureMonth(ctx context.Context, recordedAt time.Time) error {
	w.queueBegin()
	w.wire.queueStatement(w.sql.month, []uint32{oidTimestamp}, int8Param(pgMicros(recordedAt)))
	w.wire.queueStatement("COMMIT", nil)
	w.wire.queueSync()
	_, err := w.wire.exchange(ctx)
	if err != nil {
		w.rollback(ctx)
	}
	return err
}
