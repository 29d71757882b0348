package reconcile

import (
	"context"
	"crypto/sha256"
	"errors"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// held says what a row of the quarantine is to an entry of the journal.
type held byte

const (
	holdsNothing held = iota // it is no record
	holdsOther               // it is another one
	holdsIt
)

// maxClaims is how many rows that claim one identity are looked into.
const maxClaims = 64

// inQuarantine looks for an entry in the rows that claim its identity. What they
// claim is nothing: they must hold it.
func (r *run) inQuarantine(ctx context.Context, j *item, rows []*item) (best held, conflict bool, err error) {
	for i, row := range rows {
		if i == maxClaims {
			return max(best, holdsOther), false, nil
		}
		q, err := r.quarantined(ctx, row.seq)
		if err != nil {
			return holdsNothing, false, err
		}
		found := holds(q, j)
		if found == holdsIt {
			return holdsIt, row.key == record.ReasonIdentityConflict, nil
		}
		best = max(best, found)
	}
	return best, false, nil
}

// quarantined reads a row; one that is gone meanwhile is empty.
func (r *run) quarantined(ctx context.Context, id int64) (*store.QuarantinedRecord, error) {
	q, err := r.Reader.QuarantineGet(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return &q, err
}

// decoder reads records in any form: the row may hold one that no processor has
// seen.
var decoder = otlpmap.NewDecoder(otlpmap.Options{})

// holds decodes what a row has and holds it against an entry.
func holds(q *store.QuarantinedRecord, j *item) held {
	found := holdsNothing
	eachRecord(q, func(rec *record.Record) {
		if rec.Leaf() == j.leaf || rec.Fingerprint() == j.fingerprint {
			found = holdsIt
		}
		found = max(found, holdsOther)
	})
	return found
}

func eachRecord(q *store.QuarantinedRecord, do func(*record.Record)) {
	logs, err := unmarshal(q)
	if err != nil {
		return
	}
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			from := decoder.From(resource.Resource(), scope.Scope())
			for _, lr := range scope.LogRecords().All() {
				decoded := from.Decode(lr, true)
				rec := decoded.Record
				if rec == nil || decoded.Problem != nil {
					continue
				}
				if !decoded.Canonical {
					if rec.Normalize() != nil {
						continue
					}
					if rec.EventID == "" {
						rec.EventID = rec.DeriveEventID()
					}
				}
				do(rec)
			}
		}
	}
}

func unmarshal(q *store.QuarantinedRecord) (plog.Logs, error) {
	if q.Encoding == "json" {
		return (&plog.JSONUnmarshaler{}).UnmarshalLogs(q.OTLP)
	}
	return (&plog.ProtoUnmarshaler{}).UnmarshalLogs(q.OTLP)
}

// hashed are all items of one leaf or digest.
type hashed struct {
	marked, rows, lost []*item
	removed            bool // an event with this leaf was removed by itself
}

// matchHashes explains quarantine entries of the journal by the store's
// quarantine, and what is still alone by what was removed one by one.
func (r *run) matchHashes(ctx context.Context) error {
	for bucket := range buckets {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		found := make(map[[32]byte]*hashed)
		err := r.byHash.each(bucket, func(i *item) error {
			h := found[i.leaf]
			if h == nil {
				h = &hashed{}
				found[i.leaf] = h
			}
			switch i.side {
			case inMarked:
				h.marked = append(h.marked, i)
			case inQuarantine:
				h.rows = append(h.rows, i)
			case inRemoved:
				h.removed = true
			default:
				h.lost = append(h.lost, i)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, h := range found {
			if err := r.matchHash(ctx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) matchHash(ctx context.Context, h *hashed) error {
	for i, j := range h.lost {
		switch {
		case !h.removed:
			r.lost(j)
		case i == 0:
			r.report.Counts.Pruned++
		default:
			r.report.Counts.Retries++
		}
	}
	var kept map[[32]byte]bool // SHA-256 of what the rows hold
	for _, m := range h.marked {
		counts := &r.report.Counts
		switch {
		case !r.inWindow(m.at):
			continue
		case len(h.rows) == 0 && r.young(m.at):
			counts.UnderWay++
			continue
		case len(h.rows) == 0:
			r.report.find(m.finding(r, QuarantineMissing, "the store's quarantine does not have it; its reason was "+m.key))
			continue
		case m.fingerprint == [32]byte{}: // too long for a line of the journal: its digest is all there is
			counts.Quarantined++
			continue
		}
		if kept == nil {
			kept = make(map[[32]byte]bool)
			for _, row := range h.rows[:min(len(h.rows), maxClaims)] {
				q, err := r.quarantined(ctx, row.seq)
				if err != nil {
					return err
				}
				kept[sha256.Sum256(q.OTLP)] = true
			}
		}
		if kept[m.fingerprint] {
			counts.Quarantined++
			continue
		}
		r.report.find(m.finding(r, Unconfirmed, "the store's quarantine claims to have it, and what it has is not what the journal has; its reason was "+m.key))
	}
	return nil
}
