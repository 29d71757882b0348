package mutation

import (
	"fmt"
	"math/rand/v2"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// recordOf returns a record of a tenant that a processor would have let
// through: one in four with awkward names and values in every place.
func recordOf(rng *rand.Rand, tenant, id string) *record.Record {
	var rec *record.Record
	if rng.IntN(4) == 0 {
		rec = recordtest.Arbitrary(rng)
		if key := []rune(rec.IdempotencyKey); len(key) > 0 { // two records of one key would be a conflict
			rec.IdempotencyKey = string(key[:min(len(key), 8)]) + id
		}
	} else {
		rec = recordtest.Typical()
		rec.Action = pick(rng, "invoice.refund", "user.delete", "role.grant", "export.download")
		rec.Outcome = pick(rng, record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied)
		rec.Reason = pick(rng, "", "duplicate charge", "requested by the customer")
		rec.Payload = rec.Payload.Set("amount", record.NumberValue(float64(rng.IntN(1000))))
		rec.IdempotencyKey = ""
		if rng.IntN(3) == 0 {
			rec.IdempotencyKey = "key-" + id
		}
	}
	rec.TenantID, rec.EventID = tenant, id
	if problem := rec.Normalize(); problem != nil {
		panic("mutation: " + problem.Error())
	}
	return rec
}

// systemRecord is what the command line writes about the log itself.
func systemRecord(tenant, id, action string, payload ...record.Member) *record.Record {
	value, _, _ := record.ObjectValue(payload)
	actor, _, _ := record.ObjectValue([]record.Member{
		{Name: "type", Value: record.StringValue("user")}, {Name: "id", Value: record.StringValue("operator")},
	})
	return &record.Record{
		TenantID: tenant, EventID: id, Action: action, Outcome: record.OutcomeSuccess, Actor: actor, Payload: value,
		TimeUnixNano: 1_763_800_000_000_000_000,
	}
}

func number(n int64) record.Value {
	v, _ := record.IntValue(n)
	return v
}

func canonicalOf(rec *record.Record) string { return string(rec.AppendCanonical(nil)) }

func leafOf(canonical string) (leaf [32]byte) { return record.LeafHash([]byte(canonical)) }

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// eventID is the name of the n-th record of a seed.
func eventID(n int) string { return fmt.Sprintf("0197a2b0-7c1e-7abc-9def-%012d", n) }
