package verify_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// asked counts how often a witness is asked, and for how many events.
type asked struct {
	times, ids int
	leaves
}

func (w *asked) Leaves(ctx context.Context, tenant string, ids map[string]struct{}) (map[string][]merkle.Hash, error) {
	w.times++
	w.ids += len(ids)
	return w.leaves.Leaves(ctx, tenant, ids)
}

// Each question reads a whole journal: there is one, however many ranges are
// damaged.
func TestAWitnessIsAskedOnceForAllRangesOfALog(t *testing.T) {
	v := newTrail(t)
	v.fill("acme", 0, 60, 5)
	v.fill("other", 0, 5, 5)
	witness := &asked{leaves: leaves{}}
	var want []string
	for i := range 60 {
		witness.leaves[event("acme", i).EventID] = leafOf(event("acme", i))
	}
	for _, seq := range []int{2, 17, 33, 58} {
		v.tamper(`UPDATE audit_events SET payload = '{"amount": 1}' WHERE tenant_id = 'acme' AND seq = $1`, seq)
		v.forgeLeaves(int64(seq))
		f := event("acme", seq)
		want = append(want, "event_changed acme/0["+strconv.Itoa(seq)+","+strconv.Itoa(seq+1)+") "+f.EventID)
	}
	require.Equal(t, want, found(v.verify(func(o *verify.Options) { o.Witness = witness })))
	require.Equal(t, 1, witness.times)
	require.Equal(t, 20, witness.ids, "the events of four commits")
}
