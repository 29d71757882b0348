package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"
)

// ErrCursor is a cursor that was not given out for this tenant and filter.
var ErrCursor = errors.New("cursor does not belong to this tenant and these filters")

// position is where a page ended: the sort key of its last event, and the
// window it was read in.
type position struct {
	eventTime    time.Time
	seq          int64
	epoch        int32
	since, until time.Time
}

// A cursor is base64url of: a version byte, 12 bytes of a hash of tenant and
// filter, event time, seq, since and until (8 bytes each, times in microseconds
// since 1970, the smallest integer for an open end), epoch (4 bytes). It is no
// secret and grants nothing.
const (
	cursorVersion = 1
	cursorBinding = 12
	cursorLength  = 1 + cursorBinding + 4*8 + 4
)

const openEnd = -1 << 63

func (p position) encode(tenant string, f *Filter) string {
	b := append(make([]byte, 0, cursorLength), cursorVersion)
	b = append(b, f.binding(tenant)...)
	for _, n := range []int64{p.eventTime.UnixMicro(), p.seq, micros(p.since), micros(p.until)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // two's complement
	}
	b = binary.BigEndian.AppendUint32(b, uint32(p.epoch)) //nolint:gosec // two's complement
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(cursor, tenant string, f *Filter) (position, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != cursorLength || b[0] != cursorVersion || !bytes.Equal(b[1:1+cursorBinding], f.binding(tenant)) {
		return position{}, ErrCursor
	}
	b = b[1+cursorBinding:]
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) } //nolint:gosec // two's complement
	return position{
		eventTime: time.UnixMicro(number(0)).UTC(),
		seq:       number(1),
		since:     fromMicros(number(2)),
		until:     fromMicros(number(3)),
		epoch:     int32(binary.BigEndian.Uint32(b[32:])), //nolint:gosec // two's complement
	}, nil
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return openEnd
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == openEnd {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// binding is a hash of everything that decides which events a list has and in
// which order; the limit may change from page to page.
func (f *Filter) binding(tenant string) []byte {
	said := []string{tenant, f.Relative}
	if f.Relative == "" {
		said = append(said, f.Since.UTC().Format(time.RFC3339Nano), f.Until.UTC().Format(time.RFC3339Nano))
	}
	if f.OldestFirst {
		said = append(said, "oldest_first")
	}
	for _, t := range f.texts() {
		if t.text != "" {
			said = append(said, t.name, t.text)
		}
	}
	text, err := json.Marshal(said)
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return sum[:cursorBinding]
}
