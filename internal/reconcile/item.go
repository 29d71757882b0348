package reconcile

import (
	"encoding/binary"
	"errors"
)

// side says where an item comes from.
type side byte

const (
	inStore side = iota
	inJournal
	inQuarantine // of the store
	inRemoved    // a leaf that an event left which was removed by itself
	inMarked     // a quarantine entry of the journal
)

// item is one entry of either sink as it waits on disk.
type item struct {
	side        side
	tenant      string
	eventID     string
	key         string // the idempotency key where it is an identity, "" otherwise
	mac         string // the origin MAC, "" for none
	leaf        [32]byte
	fingerprint [32]byte
	at          int64 // microseconds since 1970: recorded_at, or the time of the journal's batch

	epoch int32 // of the store
	seq   int64 // of the store; of the journal the segment's number; of the quarantine the id
	line  int64 // of the segment
	place int64 // of the journal among those that are compared, from 0
}

func (i *item) append(dst []byte) []byte {
	dst = append(dst, byte(i.side))
	for _, text := range []string{i.tenant, i.eventID, i.key, i.mac} {
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		dst = append(dst, text...)
	}
	dst = append(append(dst, i.leaf[:]...), i.fingerprint[:]...)
	for _, n := range []int64{i.at, int64(i.epoch), i.seq, i.line, i.place} {
		dst = binary.AppendVarint(dst, n)
	}
	return dst
}

var errItem = errors.New("a temporary file of reconcile was changed while it was in use")

func (i *item) parse(b []byte) error {
	if len(b) == 0 {
		return errItem
	}
	i.side, b = side(b[0]), b[1:]
	for _, text := range []*string{&i.tenant, &i.eventID, &i.key, &i.mac} {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) { //nolint:gosec // n bytes of it were read
			return errItem
		}
		*text, b = string(b[n:n+int(length)]), b[n+int(length):] //nolint:gosec // within the buffer
	}
	if len(b) < 64 {
		return errItem
	}
	copy(i.leaf[:], b)
	copy(i.fingerprint[:], b[32:])
	b = b[64:]
	var epoch int64
	for _, number := range []*int64{&i.at, &epoch, &i.seq, &i.line, &i.place} {
		value, n := binary.Varint(b)
		if n <= 0 {
			return errItem
		}
		*number, b = value, b[n:]
	}
	i.epoch = int32(epoch) //nolint:gosec // written from 32 bits
	if len(b) != 0 {
		return errItem
	}
	return nil
}
