package record_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// TestCanonicalizerAgreesWithRecord compares what one Canonicalizer makes of many
// records with what each record makes of itself.
func TestCanonicalizerAgreesWithRecord(t *testing.T) {
	var c record.Canonicalizer
	check := func(r *record.Record) {
		c.Write(r)
		want := r.AppendCanonical(nil)
		require.Equal(t, string(want), string(c.Bytes()))
		require.Equal(t, len(want), c.Len())
		require.Equal(t, r.Leaf(), c.Leaf())
		require.Equal(t, record.LeafHash(want), c.Leaf())
		require.Equal(t, r.Fingerprint(), c.Fingerprint(), "%s", want)
		for name, v := range map[record.MemberName]record.Value{
			record.MemberActor: r.Actor, record.MemberAttributes: r.Attributes, record.MemberBody: r.Body, record.MemberChanges: r.Changes,
			record.MemberContext: r.Context, record.MemberOriginal: r.Original, record.MemberPayload: r.Payload,
			record.MemberProducer: r.Producer, record.MemberSource: r.Source, record.MemberTarget: r.Target,
		} {
			if v.IsAbsent() {
				require.Nil(t, c.JSON(name), "%d of %s", name, want)
				continue
			}
			require.Equal(t, string(v.AppendJSON(nil)), string(c.JSON(name)), "%d of %s", name, want)
		}
	}
	check(&record.Record{})
	check(recordtest.Typical())
	check(&record.Record{TenantID: "t"})
	for seed := range uint64(3000) {
		check(recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 6))))
	}
}

func BenchmarkCanonicalizer(b *testing.B) {
	var c record.Canonicalizer
	r := recordtest.Typical()
	b.ReportAllocs()
	for b.Loop() {
		c.Write(r)
		c.Leaf()
		c.Fingerprint()
	}
}
