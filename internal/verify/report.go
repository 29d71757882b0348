package verify

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Kind is the kind of a finding: what is not as it was signed.
type Kind string

// The kinds of findings. The words are part of the report's format.
const (
	EventChanged  Kind = "event_changed"  // other content than was committed
	EventMissing  Kind = "event_missing"  // committed, and gone
	EventInserted Kind = "event_inserted" // there, and never committed
	EventMoved    Kind = "event_moved"    // another recorded_at than its commit's, or another's place
	ColumnEdited  Kind = "column_edited"  // a column that only repeats something, identities included
	CommitMissing Kind = "commit_missing" // a commit row is gone; its events may be there
	CommitChanged Kind = "commit_changed" // a column says something else than the note
	CommitForged  Kind = "commit_forged"  // no valid signature for this place
	CommitTime    Kind = "commit_time"    // goes back
	TailMissing   Kind = "tail_missing"   // an anchor knows more than there is
	LogMissing    Kind = "log_missing"    // an anchor or identities know a log that is gone
	Fork          Kind = "fork"           // an anchor knows another tree of the same size
	EpochForged   Kind = "epoch_forged"   // an epoch without a valid statement
	PruneUnproven Kind = "prune_unproven" // a removal that nobody signed
	MACInvalid    Kind = "mac_invalid"    // the origin MAC does not fit the leaf
	MACMissing    Kind = "mac_missing"    // none that could be verified, where each event must have one
	SchemaChanged Kind = "schema_changed" // a table or a policy is not what the migrations made

	JournalLineChanged    Kind = "journal_line_changed"
	JournalSegmentMissing Kind = "journal_segment_missing"
	JournalChanged        Kind = "journal_changed"  // a header or a statement of a segment
	JournalForged         Kind = "journal_forged"   // no valid signature
	JournalUnsigned       Kind = "journal_unsigned" // entries behind the last checkpoint
)

// Finding is one thing that is not as it was signed.
type Finding struct {
	Kind   Kind   `json:"kind"`
	Tenant string `json:"tenant,omitempty"` // "" where only the origin is known
	Epoch  int32  `json:"epoch"`
	Origin string `json:"origin,omitempty"`
	// Seq and Until are the events meant, Seq <= seq < Until; one event has
	// Until = Seq + 1. Both are -1 where a finding is not about events.
	Seq     int64  `json:"seq"`
	Until   int64  `json:"until"`
	EventID string `json:"event_id,omitempty"`
	File    string `json:"file,omitempty"` // of a journal
	Line    int64  `json:"line,omitempty"` // of the file, from 1
	Detail  string `json:"detail"`

	unannounced bool // a row of audit_prunes that lacks nothing else
}

// Notice is something that a reader of the report should know and that is no
// tampering.
type Notice struct {
	Kind   NoticeKind `json:"kind"`
	Tenant string     `json:"tenant,omitempty"`
	Detail string     `json:"detail"`
}

// NoticeKind is the kind of a notice.
type NoticeKind string

// The kinds of notices.
const (
	NoAnchors         NoticeKind = "no_anchors"         // a cut tail cannot be seen
	NotAnchored       NoticeKind = "not_anchored"       // the newest events are in no anchor yet
	LossAcknowledged  NoticeKind = "loss_acknowledged"  // a signed statement says what is lost
	Pruned            NoticeKind = "pruned"             // events left by retention, proven
	Removed           NoticeKind = "removed"            // events were removed one by one, announced
	FirstRun          NoticeKind = "first_run"          // the state knew nothing yet
	AnchorUnused      NoticeKind = "anchor_unused"      // an anchor that nothing here can be held against
	AnchorsTorn       NoticeKind = "anchors_torn"       // the last line of a file of anchors has no end
	AnchorsAmong      NoticeKind = "anchors_among"      // a file of anchors is a log with other lines
	IdentitiesUnseen  NoticeKind = "identities_unseen"  // the login may not read identities
	SkippedVerified   NoticeKind = "skipped_verified"   // verified by an earlier run
	NotLocated        NoticeKind = "not_located"        // what could not be proven beside a finding
	MACsUnchecked     NoticeKind = "macs_unchecked"     // MACs with a key that is not known
	TornSetAside      NoticeKind = "torn_set_aside"     // a torn tail of a journal that was set aside
	QuarantineEntries NoticeKind = "quarantine_entries" // of a journal
)

// Unchecked is something that should have been verified and could not.
type Unchecked struct {
	Tenant string `json:"tenant,omitempty"`
	Epoch  int32  `json:"epoch"`
	Seq    int64  `json:"seq"`
	Until  int64  `json:"until"`
	Reason string `json:"reason"`
}

// Log is what was verified of one log.
type Log struct {
	Tenant     string    `json:"tenant,omitempty"`
	Epoch      int32     `json:"epoch"`
	Origin     string    `json:"origin,omitempty"`
	Size       int64     `json:"size"`        // of the newest commit that was there at the start
	Root       string    `json:"root"`        // hexadecimal, of the signed tree of that size
	RecordedAt time.Time `json:"recorded_at"` // of that commit
	From       int64     `json:"from"`        // events before it were pruned or verified by an earlier run
	Events     int64     `json:"events"`      // read and hashed in this run
	Commits    int64     `json:"commits"`
	// Anchored is the largest size that an anchor given to this run vouches for.
	Anchored int64 `json:"anchored"`

	note     []byte
	frontier []byte
	intents  []intent
	proven   int64 // events up to which something signed vouches for the tree
	lost     int64 // size up to which a signed statement says what is lost of it
}

// Coverage is how much was verified.
type Coverage struct {
	Tenants   int64     `json:"tenants"`
	Logs      int64     `json:"logs"`
	Events    int64     `json:"events"`
	Commits   int64     `json:"commits"`
	Skipped   int64     `json:"skipped"` // events that an earlier run verified
	Pruned    int64     `json:"pruned"`  // events that retention removed, proven
	Removed   int64     `json:"removed"` // events that were removed one by one, proven
	Anchors   int64     `json:"anchors"` // that something was held against
	MACs      MACCounts `json:"macs"`
	Segments  int64     `json:"segments,omitempty"` // of a journal
	FirstTime time.Time `json:"first_time,omitzero"`
	LastTime  time.Time `json:"last_time,omitzero"`
}

// MACCounts says what became of the origin MACs.
type MACCounts struct {
	Valid      int64 `json:"valid"`
	Absent     int64 `json:"absent"`
	UnknownKey int64 `json:"unknown_key"`
	Invalid    int64 `json:"invalid"`
}

// Report is the result of a verification.
type Report struct {
	Verdict   Verdict     `json:"verdict"`
	Findings  []Finding   `json:"findings"`
	More      int64       `json:"more_findings"` // found beyond MaxFindings
	Unchecked []Unchecked `json:"unchecked"`
	Notices   []Notice    `json:"notices"`
	Coverage  Coverage    `json:"coverage"`
	Logs      []Log       `json:"logs"`

	continued     int64 // logs that an earlier run verified the beginning of
	unusedAnchors int64 // that nothing was held against
}

// MaxFindings bounds a report.
const MaxFindings = 10_000

// Verdict is the one word of a report.
type Verdict string

// The verdicts. Tampering outranks what could not be checked.
const (
	Intact     Verdict = "intact"
	Tampered   Verdict = "tampered"
	Incomplete Verdict = "incomplete" // nothing was found, and not everything could be checked
)

// ExitCode of a command with this result: 0, 1 or 3.
func (v Verdict) ExitCode() int {
	switch v {
	case Intact:
		return 0
	case Tampered:
		return 1
	default:
		return 3
	}
}

func (r *Report) find(f Finding) {
	if len(r.Findings) >= MaxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

// AddUnchecked adds something that was not checked, known to the caller, and
// takes back that the report is intact.
func (r *Report) AddUnchecked(reason string) {
	r.Unchecked = append(r.Unchecked, Unchecked{Seq: -1, Until: -1, Reason: reason})
	if r.Verdict == Intact {
		r.Verdict = Incomplete
	}
}

// finish sorts the report and gives it its verdict.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Seq, b.Seq),
			cmp.Compare(a.Until, b.Until), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail))
	})
	r.Findings = slices.Compact(r.Findings)
	slices.SortFunc(r.Logs, func(a, b Log) int { return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Epoch, b.Epoch)) })
	slices.SortStableFunc(r.Notices, func(a, b Notice) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Tenant, b.Tenant))
	})
	r.Notices = bounded(r.Notices)
	r.Unchecked = gathered(r.Unchecked)
	switch {
	case len(r.Findings)+int(r.More) > 0:
		r.Verdict = Tampered
	case len(r.Unchecked) > 0:
		r.Verdict = Incomplete
	default:
		r.Verdict = Intact
	}
}

// maxNotices is how many notices of one kind a report has: some are one per
// tenant.
const maxNotices = 100

// bounded cuts the notices, in the order of their kinds, of every kind.
func bounded(notices []Notice) []Notice {
	kept, n := notices[:0:0], 0
	for i, notice := range notices {
		if i > 0 && notice.Kind != notices[i-1].Kind {
			n = 0
		}
		n++
		if n <= maxNotices {
			kept = append(kept, notice)
		}
		last := i == len(notices)-1 || notices[i+1].Kind != notice.Kind
		if last && n > maxNotices {
			kept = append(kept, Notice{Kind: notice.Kind, Detail: fmt.Sprintf("and %d more of this kind", n-maxNotices)})
		}
	}
	return kept
}

// maxAlike is how many tenants are named of which nothing was checked for one
// reason: an interruption leaves most of a store.
const maxAlike = 10

// gathered keeps the first of many tenants that were not checked for one reason,
// and says how many more there are.
func gathered(unchecked []Unchecked) []Unchecked {
	whole := func(u *Unchecked) bool { return u.Tenant != "" && u.Seq < 0 && u.Until < 0 }
	counts := make(map[string]int)
	for i := range unchecked {
		if whole(&unchecked[i]) {
			counts[unchecked[i].Reason]++
		}
	}
	kept, seen := unchecked[:0:0], make(map[string]int)
	for i := range unchecked {
		u := unchecked[i]
		if !whole(&u) {
			kept = append(kept, u)
			continue
		}
		seen[u.Reason]++
		switch n := seen[u.Reason]; {
		case n <= maxAlike:
			kept = append(kept, u)
		case n == maxAlike+1:
			kept = append(kept, Unchecked{Seq: -1, Until: -1, Reason: "and " + counted(int64(counts[u.Reason]-maxAlike), "more tenant") + ": " + u.Reason})
		}
	}
	return kept
}

// merge adds the result of a part.
func (r *Report) merge(part *Report) {
	for _, f := range part.Findings {
		r.find(f)
	}
	r.More += part.More
	r.Unchecked = append(r.Unchecked, part.Unchecked...)
	r.Notices = append(r.Notices, part.Notices...)
	r.Logs = append(r.Logs, part.Logs...)
	c, p := &r.Coverage, &part.Coverage
	c.Tenants += p.Tenants
	c.Logs += p.Logs
	c.Events += p.Events
	c.Commits += p.Commits
	c.Skipped += p.Skipped
	c.Pruned += p.Pruned
	c.Removed += p.Removed
	r.continued += part.continued
	r.unusedAnchors += part.unusedAnchors
	c.Anchors += p.Anchors
	c.Segments += p.Segments
	c.MACs.Valid += p.MACs.Valid
	c.MACs.Absent += p.MACs.Absent
	c.MACs.UnknownKey += p.MACs.UnknownKey
	c.MACs.Invalid += p.MACs.Invalid
	if c.FirstTime.IsZero() || !p.FirstTime.IsZero() && p.FirstTime.Before(c.FirstTime) {
		c.FirstTime = p.FirstTime
	}
	if p.LastTime.After(c.LastTime) {
		c.LastTime = p.LastTime
	}
}
