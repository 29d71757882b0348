package verify_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/verify"
)

func TestAStoreAsItWasWrittenIsIntact(t *testing.T) {
	for name, write := range map[string]func(*trail){
		"empty":            func(*trail) {},
		"one event":        func(v *trail) { v.fill("acme", 0, 1, 1) },
		"many commits":     func(v *trail) { v.fill("acme", 0, 70, 1) },
		"odd batches":      func(v *trail) { v.fill("acme", 0, 100, 7) },
		"several tenants":  func(v *trail) { v.fill("acme", 0, 33, 5); v.fill("other", 0, 20, 20); v.fill("Acme", 0, 3, 2) },
		"several pages":    func(v *trail) { v.fill("acme", 0, 1500, 400) },
		"tenants together": func(v *trail) { v.write(event("b", 1), event("a", 1), event("c", 1), event("a", 2)) },
	} {
		t.Run(name, func(t *testing.T) {
			v := newTrail(t)
			write(v)
			requireIntact(t, v.verify())
			requireIntact(t, v.verify(func(o *verify.Options) { o.Anchors = nil }))
		})
	}
}

// Whatever a record holds, jsonb and back must not change its leaf, nor the
// identities and generated columns that are held against it.
func TestArbitraryRecordsAreIntact(t *testing.T) {
	v := newTrail(t)
	random := seeded(1)
	for batch := range 20 {
		var records []*record.Record
		for i := range 40 {
			rec := recordtest.Arbitrary(random)
			rec.TenantID, rec.EventID = fmt.Sprintf("t%d", random.IntN(3)), fmt.Sprintf("%d-%d", batch, i)
			if rec.IdempotencyKey != "" {
				rec.IdempotencyKey += rec.EventID
			}
			if problem := rec.Normalize(); problem != nil {
				continue
			}
			records = append(records, rec)
		}
		v.write(records...)
	}
	report := v.verify()
	requireIntact(t, report)
	require.Greater(t, report.Coverage.Events, int64(500))
}
