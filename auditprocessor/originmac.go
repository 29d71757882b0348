package auditprocessor

import (
	"errors"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
)

// What became of an origin MAC, the values of the label mac.
const (
	macSigned = iota
	macVerified
	macFailed
	macUnverified
	macReplaced
	macDropped

	macResults
)

var macWords = [macResults]string{"signed", "verified", "failed", "unverified", "replaced", "dropped"}

// macs signs what this processor finishes and checks what forwarders signed. It
// is safe for concurrent use.
type macs struct {
	ring *keys.MACRing
	sign bool
	// strict quarantines forwarders' records whose MAC cannot be checked.
	strict bool
}

// load reads the keys; nil without any.
func (c *OriginMACConfig) load() (*macs, error) {
	m := &macs{sign: c.Sign, strict: c.OnUnverified == policyQuarantine}
	var err error
	switch {
	case c.KeyFile != "":
		if m.ring, err = keys.LoadMACRing(c.KeyFile); err != nil {
			return nil, fmt.Errorf("origin_mac: key_file: %w", err)
		}
	case c.Keys != "":
		if m.ring, err = keys.ParseMACRing([]byte(c.Keys)); err != nil {
			return nil, fmt.Errorf("origin_mac: keys: %w", err)
		}
	default:
		return nil, nil //nolint:nilnil // no keys, no MACs
	}
	return m, nil
}

// originMAC is what is known of a record's MAC before the record is finished.
type originMAC struct {
	text string   // of a forwarder, "" for none
	leaf [32]byte // of the record as it came, where text is not ""
	// finished says that a forwarder finished the record: it is not ours to sign.
	finished bool
}

// checkMAC looks at the MAC that a record in canonical form brings along. It
// comes before anything is changed in the record, because the MAC is over what
// the forwarder sent.
func (r *request) checkMAC(mac *originMAC, d *otlpmap.Decoded) *record.Problem {
	if d.MAC != "" {
		mac.text, mac.leaf = d.MAC, d.Record.Leaf()
	}
	if r.macs == nil || !mac.finished {
		return nil
	}
	err := r.macs.check(mac)
	switch {
	case err == nil:
		r.tally.macs[macVerified]++
		r.unproven = false
		return nil
	case !errors.Is(err, errUnverified):
		r.tally.macs[macFailed]++
	default:
		r.tally.macs[macUnverified]++
		if !r.macs.strict && !r.sealed {
			return nil
		}
	}
	return &record.Problem{Reason: record.ReasonMACInvalid, Detail: err.Error()}
}

// errUnverified is wrapped where nothing can be said about a record's MAC.
var errUnverified = errors.New("origin_mac.on_unverified is quarantine")

func (m *macs) check(mac *originMAC) error {
	if mac.text == "" {
		return fmt.Errorf("the forwarder's record has no %s, and %w", otlpmap.AttrOriginMAC, errUnverified)
	}
	err := m.ring.Verify(mac.leaf, mac.text)
	if errors.Is(err, keys.ErrMACKeyID) {
		return fmt.Errorf("%w, and %w", err, errUnverified)
	}
	return err
}

// finalMAC returns the MAC of a finished record, "" for none: a forwarder's as
// it came while the record is the one it is over, otherwise our own.
func (r *request) finalMAC(mac *originMAC, rec *record.Record) string {
	signs := r.macs != nil && r.macs.sign
	switch {
	case mac.finished && mac.text == "":
		return ""
	case !mac.finished && !signs:
		return ""
	}
	leaf := rec.Leaf()
	switch {
	case !mac.finished:
		r.tally.macs[macSigned]++
	case leaf == mac.leaf:
		return mac.text
	case !signs:
		r.tally.macs[macDropped]++
		return ""
	default:
		r.tally.macs[macReplaced]++
	}
	return r.macs.ring.Sign(leaf)
}
