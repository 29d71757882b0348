package overload

import (
	"fmt"
	"strings"
	"time"
)

// MaxMebibytes is the most memory that a collector may have resident, in every
// case.
const MaxMebibytes = 300

// Result is what became of one case.
type Result struct {
	Case         string
	Took         time.Duration
	Sent         int // events, each once
	Acknowledged int
	Refused      int64 // tries
	Stored       int
	Quarantined  int // of a load in which nothing is wrong
	Lost         int // acknowledged and not stored
	Doubled      int // stored twice, or never asked for
	Verdict      string
	Peak         float64       // MiB resident
	OthersSent   int           // ordinary requests beside it
	OthersWorst  time.Duration // until one of them was acknowledged
	ControlWorst time.Duration // the same at an idle collector on the same machine
	Recovery     time.Duration // until everything that waited was stored
	PerSecond    float64       // events stored per second in that time
	Note         string
	Failures     []string
}

func (r *Result) fail(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

// judge adds what the figures alone say.
func (r *Result) judge() {
	if r.Lost > 0 || r.Doubled > 0 {
		r.fail("%d lost, %d doubled", r.Lost, r.Doubled)
	}
	if r.Quarantined > 0 {
		r.fail("%d valid events are in quarantine", r.Quarantined)
	}
	if r.Verdict != "intact" {
		r.fail("verify says %q", r.Verdict)
	}
	if r.Peak >= MaxMebibytes {
		r.fail("%.0f MiB resident, %d are allowed", r.Peak, MaxMebibytes)
	}
	if r.Acknowledged == 0 {
		r.fail("nothing was acknowledged")
	}
}

// Table is for people, in Markdown.
func Table(results []Result) string {
	var b strings.Builder
	b.WriteString("| case | seconds | sent | acknowledged | tries refused | stored | lost | doubled | verify | peak MiB | others, worst ms | idle collector beside, worst ms | recovery s | events/s then |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		recovery, speed := "", ""
		if r.Recovery > 0 {
			recovery, speed = fmt.Sprintf("%.1f", r.Recovery.Seconds()), fmt.Sprintf("%.0f", r.PerSecond)
		}
		fmt.Fprintf(&b, "| %s | %.0f | %d | %d | %d | %d | %d | %d | %s | %.0f | %d | %d | %s | %s |\n",
			r.Case, r.Took.Seconds(), r.Sent, r.Acknowledged, r.Refused, r.Stored, r.Lost, r.Doubled, r.Verdict, r.Peak,
			r.OthersWorst.Milliseconds(), r.ControlWorst.Milliseconds(), recovery, speed)
	}
	for _, r := range results {
		if r.Note != "" {
			fmt.Fprintf(&b, "%s: %s\n", r.Case, r.Note)
		}
		for _, failure := range r.Failures {
			fmt.Fprintf(&b, "FAILED: %s: %s\n", r.Case, failure)
		}
	}
	return b.String()
}
