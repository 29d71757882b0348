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

// A cursor is base64url of: a version byte, 12 bytes of a hash of tenant, filter
// and all that follows, event time, seq, since and until (8 bytes each, times in
// microseconds since 1970, the smallest integer for an open end), epoch (4 bytes).
// The hash tells mistakes and idle changes. It is no secret and grants nothing:
// whoever makes a cursor gets a page of the tenant and filter that they asked for.
const (
	cursorVersion  = 2
	cursorBinding  = 12
	cursorPosition = 4*8 + 4
	cursorLength   = 1 + cursorBinding + cursorPosition
)

const openEnd = -1 << 63

func (p position) encode(tenant string, f *Filter) string {
	at := make([]byte, 0, cursorPosition)
	for _, n := range []int64{p.eventTime.UnixMicro(), p.seq, micros(p.since), micros(p.until)} {
		at = binary.BigEndian.AppendUint64(at, uint64(n)) //nolint:gosec // two's complement
	}
	at = binary.BigEndian.AppendUint32(at, uint32(p.epoch)) //nolint:gosec // two's complement
	b := append(make([]byte, 0, cursorLength), cursorVersion)
	b = append(b, f.binding(tenant, at)...)
	return base64.RawURLEncoding.EncodeToString(append(b, at...))
}

func decodeCursor(cursor, tenant string, f *Filter) (position, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != cursorLength || b[0] != cursorVersion {
		return position{}, ErrCursor
	}
	binding, at := b[1:1+cursorBinding], b[1+cursorBinding:]
	if !bytes.Equal(binding, f.binding(tenant, at)) {
		return position{}, ErrCursor
	}
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(at[8*i:])) } //nolint:gosec // two's complement
	return position{
		eventTime: time.UnixMicro(number(0)).UTC(),
		seq:       number(1),
		since:     fromMicros(number(2)),
		until:     fromMicros(number(3)),
		epoch:     int32(binary.BigEndian.Uint32(at[32:])), //nolint:gosec // two's complement
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
// which order, and of the position in it; the limit may change from page to page.
func (f *Filter) binding(tenant string, at []byte) []byte {
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
	sum := sha256.Sum256(append(text, at...)) // JSON ends where its bracket closes
	return sum[:cursorBinding]
}
