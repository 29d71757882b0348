package store

import (
	"encoding/binary"
	"time"
)

// Binary COPY, PostgreSQL's documentation of COPY, "Binary Format": a header,
// tuples of a 16-bit field count and fields with a 32-bit length in front (-1 is
// NULL), and a trailer of field count -1. Everything is big-endian.

const copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

const copyTrailer = "\xff\xff"

// jsonbVersion is the first byte of a binary jsonb value.
const jsonbVersion = 1

// postgresEpoch is 2000-01-01 UTC in microseconds since 1970, the zero of a
// binary timestamptz.
const postgresEpoch = 946_684_800_000_000

func appendTuple(dst []byte, fields int16) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(fields)) //nolint:gosec // a column count
}

func appendNull(dst []byte) []byte { return append(dst, 0xff, 0xff, 0xff, 0xff) }

func appendInt16(dst []byte, v int16) []byte {
	dst = append(dst, 0, 0, 0, 2)
	return binary.BigEndian.AppendUint16(dst, uint16(v)) //nolint:gosec // two's complement on the wire
}

func appendInt32(dst []byte, v int32) []byte {
	dst = append(dst, 0, 0, 0, 4)
	return binary.BigEndian.AppendUint32(dst, uint32(v)) //nolint:gosec // two's complement on the wire
}

func appendInt64(dst []byte, v int64) []byte {
	dst = append(dst, 0, 0, 0, 8)
	return binary.BigEndian.AppendUint64(dst, uint64(v)) //nolint:gosec // two's complement on the wire
}

func appendText(dst []byte, s string) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(s))) //nolint:gosec // capped far below 4 GiB
	return append(dst, s...)
}

// appendTextOrNull stores the empty text, which is an absent member, as NULL.
func appendTextOrNull(dst []byte, s string) []byte {
	if s == "" {
		return appendNull(dst)
	}
	return appendText(dst, s)
}

func appendBytes(dst, b []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b))) //nolint:gosec // capped far below 4 GiB
	return append(dst, b...)
}

// pgMicros is a time as PostgreSQL counts it: microseconds since 2000.
func pgMicros(t time.Time) int64 { return t.UnixMicro() - postgresEpoch }

func fromPGMicros(us int64) time.Time { return time.UnixMicro(us + postgresEpoch).UTC() }

// openField leaves room for the length of a field of unknown size; closeField
// fills it in. start is what openField returned beside dst.
func openField(dst []byte) (extended []byte, start int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

func closeField(dst []byte, start int) {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4)) //nolint:gosec // capped far below 4 GiB
}

// Arrays as parameters: dimensions, whether there are NULLs, element type, then
// size and lower bound, then the elements like fields.

func appendArrayHeader(dst []byte, elementOID uint32, n int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 1)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, elementOID)
	dst = binary.BigEndian.AppendUint32(dst, uint32(n)) //nolint:gosec // bounded by the batch
	return binary.BigEndian.AppendUint32(dst, 1)
}

func textArray(values []string) []byte {
	size := 20
	for _, v := range values {
		size += 4 + len(v)
	}
	dst := appendArrayHeader(make([]byte, 0, size), oidText, len(values))
	for _, v := range values {
		dst = appendText(dst, v)
	}
	return dst
}

func int4Array(values []int32) []byte {
	dst := appendArrayHeader(make([]byte, 0, 20+8*len(values)), oidInt4, len(values))
	for _, v := range values {
		dst = appendInt32(dst, v)
	}
	return dst
}

func int8Array(values []int64) []byte {
	dst := appendArrayHeader(make([]byte, 0, 20+12*len(values)), oidInt8, len(values))
	for _, v := range values {
		dst = appendInt64(dst, v)
	}
	return dst
}

// nullableArray is an array whose nil elements are NULL.
func nullableArray(elementOID uint32, values [][]byte) []byte {
	size := 20
	for _, v := range values {
		size += 4 + len(v)
	}
	dst := appendArrayHeader(make([]byte, 0, size), elementOID, len(values))
	for _, v := range values {
		if v == nil {
			dst = appendNull(dst)
			continue
		}
		dst = appendBytes(dst, v)
	}
	// Whether there are NULLs is a hint that the server recomputes.
	return dst
}

// Object identifiers of the types the writer sends, fixed by PostgreSQL.
const (
	oidBool      = 16
	oidBytea     = 17
	oidChar      = 18
	oidInt8      = 20
	oidInt4      = 23
	oidText      = 25
	oidTimestamp = 1184 // timestamptz
	oidInt4Array = 1007
	oidInt8Array = 1016
	oidTextArray = 1009
	oidByteArray = 1001
	oidCharArray = 1002
)
