package storageextension

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"
)

// A value is stored with a checksum of it, because a file has none and the queue
// drops without a word what it cannot decode. The checksum is a protobuf field at
// the end, of a number that no message of the queue has: contrib's extension reads
// these values, too, and skips it.
//
//	tag of field 536870911, 64-bit (5 bytes) | CRC-64/ECMA of what is before (8 bytes, little endian)
var sealTag = binary.AppendUvarint(nil, 536870911<<3|1)

const sealSize = 13

var polynomial = crc64.MakeTable(crc64.ECMA)

// sealed is value with its checksum, in memory of its own.
func sealed(value []byte) []byte {
	b := make([]byte, 0, len(value)+sealSize)
	b = append(append(b, value...), sealTag...)
	return binary.LittleEndian.AppendUint64(b, crc64.Checksum(value, polynomial))
}

// opened is a stored value without its checksum. What has none, because contrib's
// extension stored it, is taken as it is.
func opened(stored []byte) (value []byte, whole bool) {
	if len(stored) < sealSize || !bytes.HasPrefix(stored[len(stored)-sealSize:], sealTag) {
		return stored, true
	}
	value = stored[:len(stored)-sealSize]
	return value, binary.LittleEndian.Uint64(stored[len(stored)-8:]) == crc64.Checksum(value, polynomial)
}
