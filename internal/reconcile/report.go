package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// Kind is the kind of a finding.
type Kind string

// The kinds of findings. The first six mean that evidence was lost, altered or
// made up, as far as the two sinks can tell; Unconfirmed means that they cannot.
const (
	OnlyInJournal     Kind = "only_in_journal"    // never stored and never sent again, or deleted; not pruned, in quarantine, under way or of an acknowledged loss
	OnlyInStore       Kind = "only_in_store"      // forged, or the journal was out when it was stored
	Altered           Kind = "altered"            // the same identity, another record, none of them in quarantine
	QuarantineMissing Kind = "quarantine_missing" // the journal has a quarantined record that the store lost
	// MACRemoved is an event without the origin MAC that the journal has of it.
	MACRemoved Kind = "mac_removed"
	// MACExchanged is an event with an origin MAC that the journal has not, of the
	// key of the one that it has, or of a key that it does not know at all: a key
	// and a leaf have one MAC.
	MACExchanged Kind = "mac_exchanged"
	// Unconfirmed is an event whose leaf is in no journal entry, while an entry
	// with its identity says the same of what happened: an application's retry
	// of which the journal missed the first try, or an edit of what is not
	// under the fingerprint (time, context, source, attributes). Or it has a MAC
	// that the journal has not, or of another key: the key was rotated between
	// two tries, or somebody put it there; verifying with the MAC keys tells.
	Unconfirmed Kind = "unconfirmed"
	// Unreadable is an entry of the journal that is no record, or an event whose
	// columns are none.
	Unreadable Kind = "unreadable"

	// SchemaChanged: the store's tables are not what the migrations made, so
	// nothing that is read from them counts and nothing is compared.
	SchemaChanged Kind = "schema_changed"
	// LostAcknowledged is no finding but a notice: the journal has an event that
	// may be one of those of which a signed statement says that the store lost
	// them.
	LostAcknowledged Kind = "lost_acknowledged"
)

// alarms says whether a finding is one of tampering or loss.
func (k Kind) alarms() bool { return k != Unconfirmed && k != Unreadable }

// Finding is one thing that the two sinks do not agree on.
type Finding struct {
	Kind       Kind   `json:"kind"`
	Tenant     string `json:"tenant"`
	EventID    string `json:"event_id,omitempty"`
	Epoch      int32  `json:"epoch"`
	Seq        int64  `json:"seq"`               // in the store, -1 where it is not there
	Journal    string `json:"journal,omitempty"` // its directory, where several are compared
	File       string `json:"file,omitempty"`
	Line       int64  `json:"line,omitempty"` // of the journal's file, from 1
	RecordedAt string `json:"recorded_at"`    // by the sink that has it
	Detail     string `json:"detail"`
}

// Notice is a difference between the two sinks that the holder of the log's key
// has acknowledged.
type Notice struct {
	Kind           Kind   `json:"kind"` // lost_acknowledged
	Tenant         string `json:"tenant"`
	Epoch          int32  `json:"epoch"`           // which was opened with the acknowledgment
	Lost           int64  `json:"lost"`            // how many events were lost
	Entries        int64  `json:"entries"`         // how many entries that only the journal has can be of them, at most Lost
	AcknowledgedAt string `json:"acknowledged_at"` // signed
	Reason         string `json:"reason"`          // signed
	Detail         string `json:"detail"`
}

// Counts say what became of every entry of both sinks. An entry of the journal
// is counted once, under Matched, Retries, Conflicts, Quarantined, Pruned,
// LostAcknowledged, UnderWay or a finding; so is an event of the store.
type Counts struct {
	JournalEntries int64 `json:"journal_entries"` // records in the window
	StoreEvents    int64 `json:"store_events"`    // in the window
	Matched        int64 `json:"matched"`         // events of the store that the journal has with the same leaf
	Retries        int64 `json:"retries"`         // further entries for an event: the same happening sent again
	Conflicts      int64 `json:"conflicts"`       // another event under an identity: it is in quarantine
	Quarantined    int64 `json:"quarantined"`     // in the journal, and in the store's quarantine
	Pruned         int64 `json:"pruned"`          // in the journal, and removed from the store by retention, proven
	// LostAcknowledged are in the journal, and may be of what a signed statement
	// says the store lost.
	LostAcknowledged int64 `json:"lost_acknowledged"`

	UnderWay      int64 `json:"under_way"`      // too young to judge, or not yet acknowledged
	BeforeJournal int64 `json:"before_journal"` // in the store, older than the journal's first entry
	System        int64 `json:"system"`         // events of _system, which the command line writes into the store alone
	// UnprovenRemovals are rows of audit_prunes and audit_pruned_leaves that no
	// verified event of _system announces: they explain nothing.
	UnprovenRemovals int64 `json:"unproven_removals"`
}

// Report is the result of a comparison.
type Report struct {
	Verdict  string    `json:"verdict"` // agree, differ or incomplete
	Findings []Finding `json:"findings"`
	More     int64     `json:"more_findings"` // found beyond MaxFindings
	Notices  []Notice  `json:"notices"`
	// Acknowledged names the entries behind the notices, at most MaxFindings.
	Acknowledged []Finding `json:"acknowledged,omitempty"`
	Counts       Counts    `json:"counts"`
	// JournalVerdict is what verifying the journals themselves gave, the worst of
	// them: the word of one counts only where it is intact.
	JournalVerdict string    `json:"journal_verdict"`
	Journals       []Journal `json:"journals"`
	JournalFrom    time.Time `json:"journal_from,omitzero"` // time of its first batch
	JournalUntil   time.Time `json:"journal_until,omitzero"`

	alarm, unclear bool
}

// Journal is one journal of a comparison.
type Journal struct {
	Directory string    `json:"directory"`
	Verdict   string    `json:"verdict"`
	From      time.Time `json:"from,omitzero"` // time of its first batch
	Until     time.Time `json:"until,omitzero"`
}

// MaxFindings bounds how many findings a report names.
const MaxFindings = 10_000

// The verdicts.
const (
	Agree      = "agree"
	Differ     = "differ"
	Incomplete = "incomplete"
)

// ExitCode of a command with this result: 0, 1 or 3.
func (r *Report) ExitCode() int {
	switch r.Verdict {
	case Agree:
		return 0
	case Differ:
		return 1
	default:
		return 3
	}
}

func (r *Report) find(f Finding) {
	r.alarm = r.alarm || f.Kind.alarms()
	r.unclear = r.unclear || !f.Kind.alarms()
	if len(r.Findings) == MaxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

func compareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.RecordedAt, b.RecordedAt),
		cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.EventID, b.EventID))
}

func (r *Report) finish() {
	slices.SortFunc(r.Findings, compareFindings)
	switch {
	case r.alarm:
		r.Verdict = Differ
	case r.unclear:
		r.Verdict = Incomplete
	default:
		r.Verdict = Agree
	}
}
