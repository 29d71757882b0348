package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
)

// MACRing is the content of a MAC key file: the keys with which edges vouch for
// the events they hand on. Safe for concurrent use.
type MACRing struct {
	keys []*macKey // the first is the active one
}

// macKey is only ever held by pointer, so that no format verb prints the bytes.
type macKey struct {
	id     string
	secret []byte
	pool   sync.Pool // of *macState keyed with secret
}

// Bounds of a MAC key file.
const (
	MaxMACKeyIDBytes = 64
	minMACKeyBytes   = 32
	maxMACKeyBytes   = 128
)

// ErrMACKeys is wrapped by every error about the content of a MAC key file.
var ErrMACKeys = errors.New("not a MAC key file")

// LoadMACRing reads a MAC key file that others cannot read.
func LoadMACRing(path string) (*MACRing, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	ring, err := ParseMACRing(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ring, nil
}

// ParseMACRing reads a MAC key file: one key per line as <key id> <key>, the
// key in standard base64, 32 to 128 bytes. The first one is active, those after
// it only verify. Empty lines and lines that begin with # are ignored. Errors
// name the line, never what stands there.
func ParseMACRing(text []byte) (*MACRing, error) {
	ring := &MACRing{}
	err := eachLine(text, func(line string) error {
		key, err := parseMACKey(line)
		if err != nil {
			return err
		}
		for _, other := range ring.keys {
			switch {
			case other.id == key.id:
				return fmt.Errorf("key id %s stands twice", key.id)
			case hmac.Equal(other.secret, key.secret):
				return fmt.Errorf("the key of %s stands here a second time, as %s", other.id, key.id)
			}
		}
		ring.keys = append(ring.keys, key)
		return nil
	})
	if err == nil && len(ring.keys) == 0 {
		err = errors.New("it holds no key")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMACKeys, err)
	}
	return ring, nil
}

func parseMACKey(line string) (*macKey, error) {
	id, text, found := strings.Cut(line, " ")
	if !found {
		return nil, errors.New("want <key id> <key in base64>")
	}
	if !validMACKeyID(id) {
		return nil, fmt.Errorf("the key id has other characters than letters, digits, '.', '_', '~' and '-', or not 1 to %d", MaxMACKeyIDBytes)
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("the key is not standard base64")
	}
	if len(secret) < minMACKeyBytes || len(secret) > maxMACKeyBytes {
		return nil, fmt.Errorf("the key has %d bytes, want %d to %d", len(secret), minMACKeyBytes, maxMACKeyBytes)
	}
	key := &macKey{id: id, secret: secret}
	key.pool.New = func() any { return newMACState(secret) }
	return key, nil
}

func validMACKeyID(id string) bool {
	return id != "" && len(id) <= MaxMACKeyIDBytes && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._~-", r)
	})
}

// KeyIDs are the ids of the keys, the active one first.
func (r *MACRing) KeyIDs() []string {
	ids := make([]string, len(r.keys))
	for i, key := range r.keys {
		ids[i] = key.id
	}
	return ids
}

// Format keeps the keys out of every print of a ring.
func (r *MACRing) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "MAC keys %s", strings.Join(r.KeyIDs(), ", "))
}

const macPrefix = "hmac-sha256:"

// macDomain stands in front of the leaf under the MAC, so that a key which is
// used for something else, too, never makes a MAC of ours by chance.
const macDomain = "audit-mac/v1\x00"

// Sign returns the MAC of a leaf under the active key, in the form
//
//	hmac-sha256:<key id>:<base64url without padding of HMAC-SHA256(key, "audit-mac/v1" ‖ 0x00 ‖ leaf)>
//
// The leaf is the 32 bytes of SHA-256(0x00 ‖ canonical record) themselves, not
// their text. One allocation.
func (r *MACRing) Sign(leaf [32]byte) string {
	key := r.keys[0]
	sum := key.sum(&leaf)
	b := make([]byte, 0, len(macPrefix)+MaxMACKeyIDBytes+1+macTextBytes)
	b = append(append(append(b, macPrefix...), key.id...), ':')
	return string(base64.RawURLEncoding.AppendEncode(b, sum[:]))
}

// macState is one keyed hash with room for what goes in and what comes out, so
// that neither is allocated for each event.
type macState struct {
	hash  hash.Hash
	input [len(macDomain) + sha256.Size]byte
	sum   [sha256.Size]byte
}

func newMACState(secret []byte) *macState {
	state := &macState{hash: hmac.New(sha256.New, secret)}
	copy(state.input[:], macDomain)
	return state
}

func (k *macKey) sum(leaf *[32]byte) (sum [sha256.Size]byte) {
	state, _ := k.pool.Get().(*macState)
	state.hash.Reset()
	copy(state.input[len(macDomain):], leaf[:])
	state.hash.Write(state.input[:])
	state.hash.Sum(state.sum[:0])
	sum = state.sum
	k.pool.Put(state)
	return sum
}

// macTextBytes is the length of a MAC in base64url.
const macTextBytes = 43

// What is wrong with a MAC. Verify wraps exactly one of them.
var (
	ErrMACFormat  = errors.New("not a MAC of the form hmac-sha256:<key id>:<base64url>")
	ErrMACKeyID   = errors.New("the MAC names a key that is not in the ring")
	ErrMACInvalid = errors.New("the MAC does not fit the event")
)

// Verify checks a MAC against a leaf under the key that it names. A key that is
// unknown proves nothing either way: the ring may lack it.
func (r *MACRing) Verify(leaf [32]byte, mac string) error {
	id, text, err := splitMAC(mac)
	if err != nil {
		return err
	}
	var found [sha256.Size]byte
	if n, err := base64.RawURLEncoding.Strict().Decode(found[:], []byte(text)); err != nil || n != len(found) {
		return ErrMACFormat
	}
	for _, key := range r.keys {
		if key.id != id {
			continue
		}
		if want := key.sum(&leaf); !hmac.Equal(want[:], found[:]) {
			return fmt.Errorf("%w (key %s)", ErrMACInvalid, id)
		}
		return nil
	}
	return fmt.Errorf("%w (%s)", ErrMACKeyID, id)
}

// CheckMAC says whether a text has the form of a MAC, without any key.
func CheckMAC(mac string) error {
	_, text, err := splitMAC(mac)
	if err != nil {
		return err
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil {
		return ErrMACFormat
	}
	return nil
}

// MACKeyID is the id of the key that a MAC names, "" where it has not the form
// of one. It proves nothing: see MACRing.Verify.
func MACKeyID(mac string) string {
	id, _, _ := splitMAC(mac)
	return id
}

func splitMAC(mac string) (id, text string, err error) {
	rest, found := strings.CutPrefix(mac, macPrefix)
	id, text, colon := strings.Cut(rest, ":")
	if !found || !colon || !validMACKeyID(id) || len(text) != macTextBytes || strings.ContainsAny(text, "\r\n") {
		return "", "", ErrMACFormat
	}
	return id, text, nil
}

// GenerateMAC makes a line of a MAC key file from 32 bytes of rand. It is
// secret.
func GenerateMAC(rand io.Reader, keyID string) (line string, err error) {
	if !validMACKeyID(keyID) {
		return "", fmt.Errorf("key id %q: want 1 to %d letters, digits, '.', '_', '~' and '-'", cut(keyID), MaxMACKeyIDBytes)
	}
	secret := make([]byte, minMACKeyBytes)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return keyID + " " + base64.StdEncoding.EncodeToString(secret), nil
}
