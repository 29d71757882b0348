package merkle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxLogNameBytes bounds a log's name.
const MaxLogNameBytes = 128

// CheckLogName says what is wrong with the name of a log: the part of an origin
// in front of the tenant's hash, and the name of the keys that sign for it. It
// looks like a URL without a scheme, such as audit.example.com/prod.
func CheckLogName(name string) error {
	if name == "" || len(name) > MaxLogNameBytes {
		return fmt.Errorf("a log name has 1 to %d characters", MaxLogNameBytes)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" {
			return fmt.Errorf("log name %q has an empty part", name)
		}
		if strings.ContainsFunc(segment, outsideNames) {
			return fmt.Errorf("log name %q has a character other than letters, digits, '.', '_', '~', '-' and '/'", name)
		}
	}
	return nil
}

func outsideNames(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._~-", r)
}

// MaxJournalNameBytes bounds a journal's name.
const MaxJournalNameBytes = 64

// CheckJournalName says what is wrong with the name of a journal: one part of
// an origin, in the characters of a log name.
func CheckJournalName(name string) error {
	switch {
	case name == "" || len(name) > MaxJournalNameBytes:
		return fmt.Errorf("a journal name has 1 to %d characters", MaxJournalNameBytes)
	case strings.ContainsFunc(name, outsideNames):
		return fmt.Errorf("journal name %q has a character other than letters, digits, '.', '_', '~' and '-'", cut(name))
	}
	return nil
}

// TenantOrigin names the log of one tenant in one epoch without naming the
// tenant: <log name>/t-<first 32 hexadecimal digits of SHA-256(tenant)>, and
// /e<epoch> behind it from epoch 1 on.
func TenantOrigin(logName, tenantID string, epoch int32) string {
	return Origin{Log: logName, Stream: TenantStream(tenantID), Epoch: epoch}.String()
}

// TenantStream is the part of a tenant's origins that is the same in every log
// and epoch.
func TenantStream(tenantID string) string {
	sum := sha256.Sum256([]byte(tenantID))
	return tenantPrefix + hex.EncodeToString(sum[:tenantHashBytes])
}

// JournalOrigin names the log of a journal: <log name>/j-<journal name>, and
// /e<epoch> behind it from epoch 1 on.
func JournalOrigin(logName, journalName string, epoch int32) string {
	return Origin{Log: logName, Stream: JournalStream(journalName), Epoch: epoch}.String()
}

// JournalStream is the part of a journal's origins that is the same in every log
// and epoch.
func JournalStream(journalName string) string { return journalPrefix + journalName }

const (
	tenantPrefix    = "t-"
	tenantHashBytes = 16
	journalPrefix   = "j-"
)

// Origin is the name of a tree, taken apart.
type Origin struct {
	Log    string // name of the log and of the keys that sign for it
	Stream string // t-<hash of the tenant> or j-<journal name>
	Epoch  int32
}

// IsTenant tells the log of a tenant, IsJournal that of a journal.
func (o Origin) IsTenant() bool { return strings.HasPrefix(o.Stream, tenantPrefix) }

// IsJournal is the other.
func (o Origin) IsJournal() bool { return strings.HasPrefix(o.Stream, journalPrefix) }

// String is the origin line.
func (o Origin) String() string {
	if o.Epoch == 0 {
		return o.Log + "/" + o.Stream
	}
	return o.Log + "/" + o.Stream + "/e" + strconv.Itoa(int(o.Epoch))
}

// ParseOrigin takes an origin of TenantOrigin or JournalOrigin apart. It reads
// from the end, so an origin has one meaning even where the log's own name has
// a part that looks like a stream.
func ParseOrigin(origin string) (Origin, error) {
	var o Origin
	var last string
	if o.Log, last = cutLast(origin); strings.HasPrefix(last, "e") {
		epoch, err := strconv.ParseInt(last[1:], 10, 32)
		if err != nil || epoch < 1 {
			return Origin{}, fmt.Errorf("%q does not end in an epoch", cut(origin))
		}
		o.Epoch = int32(epoch)
		o.Log, last = cutLast(o.Log)
	}
	o.Stream = last
	if err := checkStream(last); err != nil {
		return Origin{}, fmt.Errorf("%q: %w", cut(origin), err)
	}
	if err := CheckLogName(o.Log); err != nil {
		return Origin{}, err
	}
	if o.String() != origin {
		return Origin{}, fmt.Errorf("%q: other bytes for the same origin", cut(origin))
	}
	return o, nil
}

func cutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

func checkStream(stream string) error {
	if journal, found := strings.CutPrefix(stream, journalPrefix); found {
		return CheckJournalName(journal)
	}
	digits, found := strings.CutPrefix(stream, tenantPrefix)
	if hash, err := hex.DecodeString(digits); !found || err != nil || len(hash) != tenantHashBytes || strings.ToLower(digits) != digits {
		return errors.New("no log of a tenant (t-<32 hexadecimal digits>) or of a journal (j-<name>)")
	}
	return nil
}
