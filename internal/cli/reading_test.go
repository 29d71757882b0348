package cli

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// readings are the command lines that read one tenant's events.
func readings(tenant string) [][]string {
	commands := [][]string{
		{"list", "--limit", "2"},
		{"list", "--correlation-id", "c-1", "--format", "csv"},
		{"list", "--since", "520w", "--reason-contains", "his"},
		{"show", "a-1"},
		{"count", "--by-prefix", "invoice"},
		{"monthly", "--months", "120", "--by-prefix", "invoice"},
		{"timeline", "c-1"},
		{"timeline", "c-1", "--format", "table"},
	}
	for i := range commands {
		commands[i] = append(commands[i], "--tenant", tenant)
	}
	return commands
}

func runReading(t *testing.T, url string, args []string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), &System{
		Stdout: &out, Stderr: &errs, Now: time.Now, User: "tester", Getenv: func(string) string { return "" },
	}, append(args, "--database-url", url))
	return code, out.String(), errs.String()
}

// A login that is bound to one tenant learns nothing of another, whatever it
// asks, and is told the same as of a tenant that does not exist.
func TestABoundReaderLearnsNothingOfAnotherTenant(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name,
		"INSERT INTO audit_login_tenants (login, tenant_id) VALUES ('"+db.Login("reader")+"', 'other')"))
	for i, args := range readings("acme") {
		code, stdout, stderr := runReading(t, db.ReaderURL, args)
		nobody := readings("acmf")[i]
		codeOfNone, none, errorOfNone := runReading(t, db.ReaderURL, nobody)
		require.Equal(t, codeOfNone, code, args)
		require.Equal(t, none, stdout, args)
		require.Equal(t, errorOfNone, string(bytes.ReplaceAll([]byte(stderr), []byte(`"acme"`), []byte(`"acmf"`))), args)
	}
	code, stdout, stderr := runReading(t, db.ReaderURL, []string{"list", "--tenant", "other"})
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, `"o-0"`)
}

// Each reading leaves its trace before it shows anything.
func TestNoReadingShowsAnythingWithoutItsTrace(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	db.RequireTraces(t)
	exec := func(statement string) {
		t.Helper()
		require.NoError(t, storetest.Cluster(t).Exec(t.Context(), db.Name, statement))
	}
	exec("ALTER TABLE audit_outbox ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
	for _, args := range readings("acme") {
		code, stdout, stderr := runReading(t, db.ReaderURL, args)
		require.Equal(t, exitUsage, code, args)
		require.Empty(t, stdout, args)
		require.Contains(t, stderr, "refused, because the trace of this read (audit.read."+args[0]+" of _system) could not be recorded", args)
	}
	exec("ALTER TABLE audit_outbox DROP CONSTRAINT full_disk")
	for _, args := range readings("acme") {
		code, stdout, stderr := runReading(t, db.ReaderURL, append(args, "--as", "carol"))
		require.Zero(t, code, stderr)
		require.NotEmpty(t, stdout, args)
	}
	exec(`DO $$ BEGIN
		ASSERT (SELECT count(*) FROM audit_outbox WHERE record #>> '{actor,id}' = 'carol' AND record #>> '{target,id}' = 'acme') = 8;
		ASSERT (SELECT record #>> '{payload,filter,correlation_id}' FROM audit_outbox WHERE record ->> 'action' = 'audit.read.timeline' LIMIT 1) = 'c-1';
		ASSERT (SELECT record #>> '{payload,rows}' FROM audit_outbox WHERE record ->> 'action' = 'audit.read.monthly') = '120';
	END $$`)
}

// A line of an event is the same in every command.
func TestAnEventIsTheSameLineEverywhere(t *testing.T) {
	db := storetest.NewDatabase(t)
	plant(t, db.WriterURL)
	for _, format := range []string{"csv", "jsonl"} {
		code, exported, stderr := runReading(t, db.ReaderURL, []string{"export", "--tenant", "acme", "--format", format})
		require.Zero(t, code, stderr)
		code, listed, stderr := runReading(t, db.ReaderURL, []string{"list", "--tenant", "acme", "--oldest-first", "--format", format})
		require.Zero(t, code, stderr)
		require.Equal(t, exported, listed)
	}
}

// However deep causes go, the document nests as far as readers of JSON follow,
// and holds every event once.
func TestANestedTimelineIsJSONWithEveryEventOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		timeline := &store.Timeline{Cut: random.IntN(2) == 0}
		for i := range 1 + random.IntN(400) {
			depth, cause := 0, -1
			if i > 0 && random.IntN(20) > 0 {
				cause = i - 1
				for random.IntN(5) == 0 && timeline.Events[cause].Cause >= 0 {
					cause = timeline.Events[cause].Cause
				}
				depth = timeline.Events[cause].Depth + 1
			}
			timeline.Events = append(timeline.Events, store.TimelineEvent{
				StoredEvent: store.StoredEvent{Record: &record.Record{EventID: strconv.Itoa(i)}}, Depth: depth, Cause: cause,
			})
		}
		type node struct {
			EventID  string `json:"event_id"`
			Depth    int    `json:"depth"`
			Children []node `json:"children"`
		}
		var document struct {
			Events []node `json:"events"`
			Cut    bool   `json:"cut"`
		}
		text := nestedTimeline("c", timeline)
		require.NoError(t, json.Unmarshal(text, &document), "%s", text)
		require.Equal(t, timeline.Cut, document.Cut)
		seen := 0
		var walk func(nodes []node, level int)
		walk = func(nodes []node, level int) {
			for _, n := range nodes {
				require.Equal(t, strconv.Itoa(seen), n.EventID, "the order of reading")
				require.Equal(t, timeline.Events[seen].Depth, n.Depth)
				require.Equal(t, min(n.Depth, maxNested), level)
				seen++
				walk(n.Children, level+1)
			}
		}
		walk(document.Events, 0)
		require.Len(t, timeline.Events, seen)
		require.Len(t, branchesOf(timeline.Events), seen)
	}
}
