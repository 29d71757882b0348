package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

// manifest is what the log's key signs of a bundle: what was asked for and what
// the file holds. Its text is
//
//	otelaudit bundle v1
//	origin <log name>/t-<hash of the tenant>
//	tenant <JSON string>
//	filter <JSON object>
//	count <number of events>
//	first <epoch>/<seq>                  or - where there is no event
//	last <epoch>/<seq>
//	removed <number of events in range whose records were removed one by one>
//	checkpoint <origin> <size> <root>    one per epoch, the root in base64
//	sha256 <base64 of SHA-256 over all lines before the manifest's>
//	created_at <RFC 3339, UTC, microseconds>
//
// Its first line has a space and its second is no number, so that it can be
// taken neither for a checkpoint nor for the statement that opens an epoch.
type manifest struct {
	header      *Header
	trees       []tree
	count       int64
	removed     int64
	first, last place
	sha256      [sha256.Size]byte
	createdAt   time.Time
}

// place is an event's place in the tenant's log.
type place struct {
	epoch int32
	seq   int64
}

const manifestHeader = "otelaudit bundle v1"

// Names of the lines that verifying reads; the others it only compares.
const (
	originName    = "origin "
	removedName   = "removed "
	createdAtName = "created_at "
)

func (m *manifest) text() (string, error) {
	tenant, err := marshal(m.header.TenantID)
	if err != nil {
		return "", err
	}
	filter, err := marshal(m.header.Filter)
	if err != nil {
		return "", err
	}
	at := func(p place) string {
		if m.count == 0 {
			return "-"
		}
		return fmt.Sprintf("%d/%d", p.epoch, p.seq)
	}
	lines := []string{
		manifestHeader,
		originName + merkle.TenantOrigin(m.header.Log, m.header.TenantID, 0),
		"tenant " + string(tenant),
		"filter " + string(filter),
		"count " + strconv.FormatInt(m.count, 10),
		"first " + at(m.first),
		"last " + at(m.last),
		removedName + strconv.FormatInt(m.removed, 10),
	}
	for i := range m.trees {
		t := &m.trees[i]
		lines = append(lines, fmt.Sprintf("checkpoint %s %d %s", t.origin, t.size, base64.StdEncoding.EncodeToString(t.root[:])))
	}
	lines = append(lines,
		"sha256 "+base64.StdEncoding.EncodeToString(m.sha256[:]),
		createdAtName+m.createdAt.UTC().Format(timeLayout))
	return strings.Join(lines, "\n") + "\n", nil
}

func manifestLine(signed []byte) ([]byte, error) {
	return marshal(struct {
		Manifest string `json:"manifest"`
	}{string(signed)})
}

// errManifest is wrapped where the manifest does not speak of this bundle.
var errManifest = errors.New("the manifest does not fit the bundle")

// open checks the signed manifest of a line against what was read before it,
// and fills in what only the manifest says.
func (m *manifest) open(line []byte, trust opener) error {
	var wrapped struct {
		Manifest string `json:"manifest"`
	}
	if err := json.Unmarshal(line, &wrapped); err != nil {
		return fmt.Errorf("%w: want the manifest", errLine)
	}
	signed := []byte(wrapped.Manifest)
	if again, err := manifestLine(signed); err != nil || !bytes.Equal(again, line) {
		return fmt.Errorf("%w: other bytes for the same manifest", errLine)
	}
	found := ""
	err := trust.Statement(signed, func(text string) (string, time.Time, error) {
		found = text
		return m.claims(text)
	})
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	want, err := m.text()
	if err != nil {
		return err
	}
	return difference(found, want)
}

// claims reads the lines that what was read cannot tell.
func (m *manifest) claims(text string) (origin string, at time.Time, err error) {
	if !strings.HasPrefix(text, manifestHeader+"\n") {
		return "", at, fmt.Errorf("%w: the signed text is none", errManifest)
	}
	for line := range strings.SplitSeq(text, "\n") {
		if value, found := strings.CutPrefix(line, originName); found {
			origin = value
		}
		if value, found := strings.CutPrefix(line, createdAtName); found {
			m.createdAt, err = time.Parse(timeLayout, value)
		}
		if value, found := strings.CutPrefix(line, removedName); found && err == nil {
			m.removed, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			return "", at, fmt.Errorf("%w: %q", errManifest, line)
		}
	}
	return origin, m.createdAt, nil
}

// difference names the first line in which the signed text and the bundle
// differ.
func difference(signed, found string) error {
	if signed == found {
		return nil
	}
	a, b := strings.Split(signed, "\n"), strings.Split(found, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Errorf("%w: signed was %q, found is %q", errManifest, a[i], b[i])
		}
	}
	return fmt.Errorf("%w: it has %d lines instead of %d", errManifest, len(a)-1, len(b)-1)
}
