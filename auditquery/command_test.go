package auditquery_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/auditquery"
	"github.com/otelaudit/otelaudit/internal/cli"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// command runs otelaudit as the reader and returns its result.
func command(t *testing.T, db *storetest.Database, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(t.Context(), &cli.System{
		Stdout: &stdout, Stderr: &stderr, Now: time.Now, Getenv: func(string) string { return "" },
	}, append(args, "--database-url", db.ReaderURL))
	require.Zero(t, code, "%s: %s", args, stderr.String())
	return stdout.String()
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// The package and the command give the same answers, member by member.
func TestThePackageAnswersWhatTheCommandDoes(t *testing.T) {
	db := storetest.NewDatabase(t)
	random := rand.New(rand.NewPCG(5, 6))
	records := plantRandom(t, db, random)
	r := open(t, auditquery.Options{URL: db.ReaderURL})
	for range 25 {
		tenant := tenants[random.IntN(len(tenants))]
		f, flags := randomFilter(random)
		for {
			page, err := r.List(t.Context(), tenant, f)
			require.NoError(t, err)
			args := append(slices.Clip(flags), "list", "--tenant", tenant, "--format", "json")
			if f.Cursor != "" {
				args = append(args, "--cursor="+f.Cursor)
			}
			require.JSONEq(t, command(t, db, args...), asJSON(t, page), "%s %s", tenant, flags)
			if page.Next == "" {
				break
			}
			f.Cursor = page.Next
		}
		requireCounts(t, db, r, tenant, random)
	}
	for _, tenant := range tenants {
		requireTimelines(t, db, r, tenant)
	}
	for _, rec := range records {
		event, err := r.Get(t.Context(), rec.TenantID, rec.EventID)
		require.NoError(t, err)
		require.JSONEq(t, command(t, db, "show", rec.EventID, "--tenant", rec.TenantID), asJSON(t, event))
		require.Equal(t, rec.ActorType()+":"+rec.TargetID(), event.ActorType+":"+event.TargetID)
		require.Equal(t, time.UTC, event.RecordedAt.Location())
		var again auditquery.Event
		require.NoError(t, json.Unmarshal([]byte(asJSON(t, event)), &again))
		require.JSONEq(t, asJSON(t, event), asJSON(t, again))
	}
}

// randomFilter returns a filter, and the flags that say the same.
func randomFilter(random *rand.Rand) (f auditquery.Filter, flags []string) {
	texts := []struct {
		flag  string
		field *string
		words []string
	}{
		{"action-prefix", &f.ActionPrefix, []string{"invoice", "invoice.", "a%", "a_", "é", "%"}},
		{"action", &f.Action, []string{"login", "a%b"}},
		{"actor-type", &f.ActorType, []string{"user"}},
		{"actor-id", &f.ActorID, []string{"alice"}},
		{"target-type", &f.TargetType, []string{"invoice"}},
		{"target-id", &f.TargetID, []string{"1"}},
		{"outcome", &f.Outcome, []string{"denied", "FORBIDDEN", "ok"}},
		{"correlation-id", &f.CorrelationID, operations},
		{"causation-id", &f.CausationID, []string{"r1"}},
		{"request-id", &f.RequestID, []string{"r1", "r2"}},
		{"ip", &f.IP, []string{"192.0.2.1"}},
		{"reason-contains", &f.ReasonContains, []string{"%", "_", "<&>", "ï"}},
	}
	for _, text := range texts {
		if random.IntN(6) == 0 {
			*text.field = text.words[random.IntN(len(text.words))]
			flags = append(flags, "--"+text.flag, *text.field)
		}
	}
	if random.IntN(3) == 0 || f.ReasonContains != "" {
		f.Since = time.Now().AddDate(0, 0, -60).UTC()
		flags = append(flags, "--since", f.Since.Format(time.RFC3339Nano))
	}
	if random.IntN(3) == 0 {
		f.Until = time.Now().AddDate(0, 0, -10).UTC()
		flags = append(flags, "--until", f.Until.Format(time.RFC3339Nano))
	}
	f.OldestFirst, f.Limit = random.IntN(2) == 0, 7+random.IntN(20)
	return f, append(flags, "--limit", strconv.Itoa(f.Limit), "--oldest-first="+strconv.FormatBool(f.OldestFirst))
}

func requireCounts(t *testing.T, db *storetest.Database, r *auditquery.Reader, tenant string, random *rand.Rand) {
	t.Helper()
	prefixes := []string{"", "invoice", "invoice.", "a%", "none"}[:random.IntN(6)]
	flags := []string{"--tenant", tenant}
	for _, prefix := range prefixes {
		flags = append(flags, "--by-prefix", prefix)
	}
	since := time.Now().Add(-time.Duration(random.Int64N(int64(90 * 24 * time.Hour)))).UTC()
	counts, err := r.Count(t.Context(), tenant, auditquery.CountFilter{Since: since, ByPrefix: prefixes})
	require.NoError(t, err)
	require.JSONEq(t, command(t, db, append(slices.Clip(flags), "count", "--since", since.Format(time.RFC3339Nano))...), asJSON(t, counts))

	months := 1 + random.IntN(14)
	monthly, err := r.MonthlyCounts(t.Context(), tenant, auditquery.MonthlyFilter{Months: months, ByPrefix: prefixes})
	require.NoError(t, err)
	require.JSONEq(t, command(t, db, append(slices.Clip(flags), "monthly", "--months", strconv.Itoa(months))...), asJSON(t, monthly))
}

func requireTimelines(t *testing.T, db *storetest.Database, r *auditquery.Reader, tenant string) {
	t.Helper()
	for _, operation := range operations {
		timeline, err := r.Timeline(t.Context(), tenant, operation)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(command(t, db, "timeline", operation, "--tenant", tenant)), "\n")
		require.Len(t, timeline.Events, len(lines))
		for i, line := range lines {
			require.JSONEq(t, line, asJSON(t, timeline.Events[i]))
		}
		// The nested document holds the same tree.
		type nested struct {
			EventID  string   `json:"event_id"`
			Depth    int      `json:"depth"`
			CausedBy string   `json:"caused_by"`
			Children []nested `json:"children"`
		}
		var document struct {
			CorrelationID string   `json:"correlation_id"`
			Cut           bool     `json:"cut"`
			Events        []nested `json:"events"`
		}
		require.NoError(t, json.Unmarshal([]byte(command(t, db, "timeline", operation, "--tenant", tenant, "--format", "json")), &document))
		require.Equal(t, operation, document.CorrelationID)
		require.False(t, document.Cut)
		var same func(nodes []*auditquery.Node, cause string, depth int, of []nested)
		same = func(nodes []*auditquery.Node, cause string, depth int, of []nested) {
			require.Len(t, of, len(nodes))
			for i, node := range nodes {
				require.Equal(t, nested{EventID: node.EventID, Depth: depth, CausedBy: cause}, nested{EventID: of[i].EventID, Depth: of[i].Depth, CausedBy: of[i].CausedBy})
				same(node.Children, node.EventID, depth+1, of[i].Children)
			}
		}
		same(timeline.Tree(), "", 0, document.Events)
	}
}
