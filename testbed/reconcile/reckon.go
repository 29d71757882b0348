package reconcile

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/testbed/loadgen"
)

// Report is the reckoning of a ledger with the database, by marker.
type Report struct {
	Lost       []string // acknowledged, and neither an event nor in quarantine
	Twice      []string // more than one event, or an event and in quarantine
	Unasked    []string // refused for good or never sent, and stored all the same
	Stored     int
	Quarantine int
}

// Clean reports whether nothing is lost, doubled or unasked.
func (r Report) Clean() bool { return len(r.Lost)+len(r.Twice)+len(r.Unasked) == 0 }

// String names the first of each kind.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stored %d, in quarantine %d", r.Stored, r.Quarantine)
	for _, kind := range []struct {
		name    string
		markers []string
	}{{"lost", r.Lost}, {"twice", r.Twice}, {"unasked", r.Unasked}} {
		if len(kind.markers) > 0 {
			fmt.Fprintf(&b, ", %s %d (%s …)", kind.name, len(kind.markers), strings.Join(kind.markers[:min(5, len(kind.markers))], " "))
		}
	}
	return b.String()
}

// Reckon compares a ledger with the database. run is the generator's: only its
// markers count.
func Reckon(ctx context.Context, conn *pgx.Conn, run string, ledger *loadgen.Ledger) (Report, error) {
	events, err := storedMarkers(ctx, conn, run)
	if err != nil {
		return Report{}, err
	}
	quarantined, err := quarantinedMarkers(ctx, conn, run)
	if err != nil {
		return Report{}, err
	}
	fates := ledger.Fates()
	report := Report{Stored: len(events), Quarantine: len(quarantined)}
	for marker, fate := range fates {
		n := events[marker] + quarantined[marker]
		switch {
		case n == 0 && fate == loadgen.Acknowledged:
			report.Lost = append(report.Lost, marker)
		case n > 1:
			report.Twice = append(report.Twice, marker)
		case n == 1 && fate == loadgen.Refused:
			report.Unasked = append(report.Unasked, marker)
		}
	}
	for marker := range events {
		if _, known := fates[marker]; !known {
			report.Unasked = append(report.Unasked, marker)
		}
	}
	slices.Sort(report.Lost)
	slices.Sort(report.Twice)
	slices.Sort(report.Unasked)
	return report, nil
}

func storedMarkers(ctx context.Context, conn *pgx.Conn, run string) (map[string]int, error) {
	prefix := "lg-" + run + "-"
	rows, err := conn.Query(ctx, `SELECT target_id, count(*) FROM audit_events WHERE target_id ^@ $1 GROUP BY target_id`, prefix)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	markers := map[string]int{}
	var marker string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&marker, &n}, func() error {
		markers[marker] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return markers, nil
}

// quarantinedMarkers finds markers in the bytes of the quarantined records: in
// OTLP, JSON or protobuf, a plain string stands as it is.
func quarantinedMarkers(ctx context.Context, conn *pgx.Conn, run string) (map[string]int, error) {
	pattern := regexp.MustCompile(regexp.QuoteMeta("lg-"+run+"-") + `\d{7}`)
	rows, err := conn.Query(ctx, `SELECT otlp FROM audit_quarantine`)
	if err != nil {
		return nil, fmt.Errorf("read quarantine: %w", err)
	}
	markers := map[string]int{}
	var record []byte
	_, err = pgx.ForEachRow(rows, []any{&record}, func() error {
		// A record may hold its marker in more than one place.
		seen := map[string]bool{}
		for _, m := range pattern.FindAllString(string(record), -1) {
			seen[m] = true
		}
		for m := range seen {
			markers[m]++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read quarantine: %w", err)
	}
	return markers, nil
}
