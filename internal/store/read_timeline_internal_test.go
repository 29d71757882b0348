package store

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Whatever the events say of each other, cycles and themselves included, each
// stands once, after its cause and beside its siblings in their order, and no
// more causes are given up than cycles demand.
func TestByCauseKeepsEveryEventAndEveryCauseItCan(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		events := make([]StoredEvent, random.IntN(12))
		for i := range events {
			pick := func(kind string) string {
				if random.IntN(3) == 0 {
					return ""
				}
				return fmt.Sprint(kind, random.IntN(len(events)+2))
			}
			rec := &record.Record{EventID: fmt.Sprint("e", i), IdempotencyKey: fmt.Sprint("k", i)}
			if request := pick("r"); request != "" {
				rec.Context = record.EmptyObject().Set("request_id", record.StringValue(request))
			}
			rec.CausationID = pick([]string{"e", "k", "r", "x"}[random.IntN(4)])
			events[i] = StoredEvent{Record: rec, Seq: int64(i)}
		}
		requireArranged(t, events, byCause(events))
	}
}

func requireArranged(t *testing.T, events []StoredEvent, arranged []TimelineEvent) {
	t.Helper()
	require.Len(t, arranged, len(events))
	stood := map[int64]bool{}
	given := make([]int, len(events)) // causes by the place in events
	lastChild := map[int]int64{-1: -1}
	var path []int
	for place, e := range arranged {
		require.False(t, stood[e.Seq])
		stood[e.Seq] = true
		path = append(path[:e.Depth], place)
		given[e.Seq] = -1
		if e.Depth == 0 {
			require.Equal(t, -1, e.Cause)
		} else {
			require.Equal(t, path[e.Depth-1], e.Cause, "depth first")
			given[e.Seq] = int(arranged[e.Cause].Seq)
		}
		if last, siblings := lastChild[e.Cause]; siblings {
			require.Greater(t, e.Seq, last, "siblings are in order")
		}
		lastChild[e.Cause] = e.Seq
	}
	meant := make([]int, len(events))
	for i := range events {
		meant[i] = meantCause(events, i)
	}
	for i := range events {
		if given[i] == meant[i] {
			continue
		}
		require.Equal(t, -1, given[i])
		at, first := meant[i], i
		for steps := 0; at != i; steps++ {
			require.NotEqual(t, -1, at, "%d gave up a cause that is in no cycle", i)
			require.LessOrEqual(t, steps, len(events), "%d gave up a cause that is in no cycle", i)
			first = min(first, at)
			at = meant[at]
		}
		require.Equal(t, i, first, "the first of a cycle is its root")
	}
}

// meantCause looks at every event: the oracle.
func meantCause(events []StoredEvent, of int) int {
	id := events[of].Record.CausationID
	if id == "" {
		return -1
	}
	for _, name := range []func(*record.Record) string{
		func(r *record.Record) string { return r.EventID },
		func(r *record.Record) string { return r.IdempotencyKey },
		func(r *record.Record) string { return r.Context.Get("request_id").Text() },
	} {
		for i := range events {
			if name(events[i].Record) == id {
				if i == of {
					return -1
				}
				return i
			}
		}
	}
	return -1
}

func TestAChainOfCausesMayBeAsLongAsATimeline(t *testing.T) {
	events := make([]StoredEvent, MaxTimeline)
	for i := range events {
		events[i] = StoredEvent{Seq: int64(i), Record: &record.Record{EventID: strconv.Itoa(i), CausationID: strconv.Itoa(i - 1)}}
	}
	arranged := byCause(events)
	require.Equal(t, MaxTimeline-1, arranged[MaxTimeline-1].Depth)
	events[0].Record.CausationID = strconv.Itoa(MaxTimeline - 1)
	require.Equal(t, arranged, byCause(events), "a cycle of all")
}
