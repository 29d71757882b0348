package reconcile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/otelaudit/otelaudit/internal/store"
)

// SentOptions say which list to hold against a store. All are required but
// Progress.
type SentOptions struct {
	Scanner *store.Scanner // opened for the tenant
	Reader  *store.Reader  // of the auditor or operator role, for the quarantine
	Tenant  string
	Sent    io.Reader // see Sent

	Progress func(what string, done int64)
}

// SentReport says what became of what a client says it sent: sent = stored +
// quarantined + gone + missing, each id counted once.
type SentReport struct {
	Verdict     string        `json:"verdict"` // agree or differ
	Lines       int64         `json:"lines"`   // ids in the list, repetitions included
	Sent        int64         `json:"sent"`    // different ids
	Stored      int64         `json:"stored"`
	Quarantined int64         `json:"quarantined"`
	Gone        int64         `json:"gone"` // stored once, and removed since by retention or by somebody
	Missing     int64         `json:"missing"`
	Findings    []SentFinding `json:"findings"`
	More        int64         `json:"more_findings"`
}

// SentFinding is an event that was sent and is missing or gone.
type SentFinding struct {
	Kind    string `json:"kind"` // missing or gone
	EventID string `json:"event_id"`
	Line    int64  `json:"line"` // of the list
}

// ExitCode of a command with this result: 0 or 1.
func (r *SentReport) ExitCode() int {
	if r.Verdict == Agree {
		return 0
	}
	return 1
}

// ErrSent is wrapped where a line of the list is not of its form.
var ErrSent = errors.New("not a list of what was sent")

// maxSentLine is more than a line with the ids of one request takes.
const maxSentLine = 16 << 20

// Sent holds a client's list of what it sent against the store. The list is
// JSON Lines with the member event_id or event_ids, which is what 'otelaudit
// send --format json' prints; tenant_id, where it is there, must be the tenant.
// Each different id takes about 100 bytes of memory.
func Sent(ctx context.Context, o SentOptions) (*SentReport, error) {
	report := &SentReport{Verdict: Agree, Findings: []SentFinding{}}
	quarantined, err := quarantinedIDs(ctx, o.Reader, o.Tenant)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]struct{})
	batch := sentBatch{options: &o, report: report, quarantined: quarantined}
	in := bufio.NewScanner(o.Sent)
	in.Buffer(make([]byte, 64<<10), maxSentLine)
	number := int64(0)
	for in.Scan() {
		number++
		ids, err := sentIDs(in.Bytes(), o.Tenant)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrSent, number, err)
		}
		for _, id := range ids {
			report.Lines++
			if _, twice := seen[id]; twice {
				continue
			}
			seen[id] = struct{}{}
			if err := batch.add(ctx, id, number); err != nil {
				return nil, err
			}
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%w: line %d: %w", ErrSent, number+1, err)
	}
	if err := batch.flush(ctx); err != nil {
		return nil, err
	}
	report.Sent = int64(len(seen))
	if report.Missing+report.Gone > 0 {
		report.Verdict = Differ
	}
	return report, nil
}

// sentIDs reads a line; an empty one has none.
func sentIDs(line []byte, tenant string) ([]string, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, nil
	}
	var said struct {
		TenantID string   `json:"tenant_id"`
		EventID  string   `json:"event_id"`
		EventIDs []string `json:"event_ids"`
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return nil, errors.New("not a JSON object with event_id or event_ids")
	}
	if said.TenantID != "" && said.TenantID != tenant {
		return nil, fmt.Errorf("it is of tenant %q", said.TenantID)
	}
	if said.EventID != "" {
		said.EventIDs = append(said.EventIDs, said.EventID)
	}
	if said.EventIDs == nil {
		return nil, errors.New("neither event_id nor event_ids")
	}
	return said.EventIDs, nil
}

func quarantinedIDs(ctx context.Context, reader *store.Reader, tenant string) (map[string]struct{}, error) {
	found := make(map[string]struct{})
	filter := store.QuarantineFilter{Tenant: tenant, Resolved: true, Limit: store.MaxLimit}
	for {
		page, err := reader.QuarantineList(ctx, filter)
		if err != nil {
			return nil, err
		}
		for i := range page.Records {
			found[page.Records[i].EventID] = struct{}{}
		}
		if filter.Before = page.Next; page.Next == 0 {
			return found, nil
		}
	}
}

// sentBatch asks the store about many ids at a time.
type sentBatch struct {
	options     *SentOptions
	report      *SentReport
	quarantined map[string]struct{}
	ids         []string
	lines       []int64
}

const sentBatchSize = 1000

func (b *sentBatch) add(ctx context.Context, id string, line int64) error {
	b.ids, b.lines = append(b.ids, id), append(b.lines, line)
	if len(b.ids) < sentBatchSize {
		return nil
	}
	return b.flush(ctx)
}

func (b *sentBatch) flush(ctx context.Context) error {
	if len(b.ids) == 0 {
		return nil
	}
	found, err := b.options.Scanner.Find(ctx, b.options.Tenant, b.ids)
	if err != nil {
		return err
	}
	for i, id := range b.ids {
		_, held := b.quarantined[id]
		switch {
		case found[i] == store.Present:
			b.report.Stored++
		case held:
			b.report.Quarantined++
		case found[i] == store.Gone:
			b.report.Gone++
			b.find("gone", id, b.lines[i])
		default:
			b.report.Missing++
			b.find("missing", id, b.lines[i])
		}
	}
	if b.options.Progress != nil {
		b.options.Progress("sent", b.report.Lines)
	}
	b.ids, b.lines = b.ids[:0], b.lines[:0]
	return nil
}

func (b *sentBatch) find(kind, id string, line int64) {
	if len(b.report.Findings) == MaxFindings {
		b.report.More++
		return
	}
	b.report.Findings = append(b.report.Findings, SentFinding{Kind: kind, EventID: id, Line: line})
}
