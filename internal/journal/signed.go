package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/record"
)

// Time is a time in a control line: RFC 3339, UTC, whole microseconds.
type Time struct{ time.Time }

// at makes a time one that a control line can hold.
func at(t time.Time) Time { return Time{t.UTC().Truncate(time.Microsecond)} }

// MarshalJSON writes six digits of fraction.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + merkle.TimeText(t.Time) + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes and nothing else.
func (t *Time) UnmarshalJSON(b []byte) error {
	parsed, err := time.Parse(`"`+merkle.TimeLayout+`"`, string(b))
	if err != nil {
		return errors.New("a time is not RFC 3339 in UTC to the microsecond")
	}
	t.Time = parsed
	return nil
}

// compact is JSON on one line as control lines have it: members in the order
// of the struct, no spaces, nothing escaped that need not be.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// parseExact reads what compact writes for v and nothing else.
func parseExact(line []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	again, err := compact(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, line) {
		return errors.New("other bytes for the same content")
	}
	return nil
}

const signaturesMember = `,"signatures":`

// sign returns the line that says body, a JSON object, and its signatures.
func sign(ring *keys.Ring, body []byte) ([]byte, error) {
	text := string(body) + "\n"
	signed, err := ring.Sign(text)
	if err != nil {
		return nil, err
	}
	line := append([]byte(nil), body[:len(body)-1]...)
	line = append(line, signaturesMember...)
	line = appendString(line, string(signed[len(text)+1:]))
	return append(line, '}'), nil
}

// splitSigned takes a signed line apart: the object without its signatures, and
// the signed note that a Ring or a Trust opens.
func splitSigned(line []byte) (body, note []byte, err error) {
	i := bytes.LastIndex(line, []byte(signaturesMember))
	if i < 0 || line[len(line)-1] != '}' {
		return nil, nil, errors.New("it is not signed")
	}
	quoted := line[i+len(signaturesMember) : len(line)-1]
	var signatures string
	if err := json.Unmarshal(quoted, &signatures); err != nil || !bytes.Equal(appendString(nil, signatures), quoted) {
		return nil, nil, errors.New("its signatures are not a JSON string as this program writes it")
	}
	body = append(append(make([]byte, 0, i+1), line[:i]...), '}')
	note = fmt.Appendf(nil, "%s\n\n%s", body, signatures)
	return body, note, nil
}

// appendString appends a JSON string as RFC 8785 has it.
func appendString(dst []byte, s string) []byte { return record.StringValue(s).AppendJSON(dst) }
