package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Quarantined is an entry for what claimed to be an audit record and could not
// become an event. Empty texts are absent; tenant, event id and action are what
// it claims. It holds no time: the same record sent again is the same entry.
type Quarantined struct {
	Action   string `json:"action,omitempty"`
	Detail   string `json:"detail,omitempty"` // for people, without values of the record
	EventID  string `json:"event_id,omitempty"`
	OTLP     []byte `json:"otlp,omitempty"` // LogsData in protobuf, redacted; absent where it was too large
	Reason   string `json:"reason"`         // one of record's Reason constants
	SHA256   string `json:"sha256"`         // hexadecimal, of the log record as it came
	TenantID string `json:"tenant_id,omitempty"`
}

// AppendLine appends the line of the entry without a newline: the members in
// the order of their names, strings as in RFC 8785, otlp in base64.
func (q *Quarantined) AppendLine(dst []byte) []byte {
	dst = append(dst, quarantineStart...)
	dst = append(dst, '{')
	text := func(name, value string) {
		if value == "" {
			return
		}
		dst = append(dst, '"')
		dst = append(dst, name...)
		dst = append(dst, '"', ':')
		dst = appendString(dst, value)
		dst = append(dst, ',')
	}
	text("action", q.Action)
	text("detail", q.Detail)
	text("event_id", q.EventID)
	if len(q.OTLP) > 0 {
		dst = append(dst, `"otlp":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, q.OTLP)
		dst = append(dst, '"', ',')
	}
	text("reason", q.Reason)
	text("sha256", q.SHA256)
	text("tenant_id", q.TenantID)
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}', '}')
}

// ErrQuarantined is wrapped by every error of ParseQuarantined.
var ErrQuarantined = errors.New("not a quarantine entry")

// ParseQuarantined reads what AppendLine writes and nothing else.
func ParseQuarantined(line []byte) (*Quarantined, error) {
	var members struct {
		Quarantine *Quarantined `json:"quarantine"`
	}
	if err := json.Unmarshal(line, &members); err != nil || members.Quarantine == nil {
		return nil, fmt.Errorf("%w: not its JSON", ErrQuarantined)
	}
	q := members.Quarantine
	if q.Reason == "" || len(q.SHA256) != hex.EncodedLen(32) {
		return nil, fmt.Errorf("%w: reason or sha256 is missing", ErrQuarantined)
	}
	if !bytes.Equal(q.AppendLine(make([]byte, 0, len(line))), line) {
		return nil, fmt.Errorf("%w: other bytes for the same content", ErrQuarantined)
	}
	return q, nil
}
