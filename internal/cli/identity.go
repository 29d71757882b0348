package cli

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// newRecordID returns a UUIDv7: its first 48 bits are the time in milliseconds,
// so that the index of identities grows at its right edge.
func newRecordID(now time.Time, random io.Reader) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	return formatUUID(id, 7), nil
}

// keyedRecordID derives the record id of an event that carries an idempotency
// key and no id of its own, so that a second run of the same command names the
// same event instead of one that was merged away.
func keyedRecordID(tenant, key string) string {
	h := sha256.Sum256([]byte("otelaudit send\x00" + tenant + "\x00" + key))
	return formatUUID([16]byte(h[:16]), 8)
}

func formatUUID(id [16]byte, version byte) string {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	x := hex.EncodeToString(id[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
