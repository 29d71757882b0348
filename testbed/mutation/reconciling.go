package mutation

import (
	"context"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// reconcile compares the two sinks by identity, then by leaf.
func (w *world) reconcile(ctx context.Context) ([]verify.Finding, error) {
	directory, err := journal.ReadDirectory(w.journal)
	if err != nil {
		return nil, err
	}
	beside := map[[2]string]map[string]bool{}
	for line, err := range directory.Lines() {
		if err != nil {
			return nil, err
		}
		if line.Kind != journal.RecordEntry {
			continue
		}
		rec, err := record.ParseCanonical(line.Raw)
		if err != nil {
			continue
		}
		key := [2]string{rec.TenantID, rec.EventID}
		if beside[key] == nil {
			beside[key] = map[string]bool{}
		}
		leaf := line.Leaf()
		beside[key][string(leaf[:])] = true
	}
	var findings []verify.Finding
	gone := map[[2]string]bool{}
	starts := map[logID]int64{}
	im, err := readImage(ctx, w.lab.conn, nil)
	if err != nil {
		return nil, err
	}
	for _, p := range im.prunes {
		starts[logID{p.tenant, p.epoch}] = max(starts[logID{p.tenant, p.epoch}], p.size)
	}
	for _, id := range im.ids {
		if id.kind == "e" && id.seq < starts[logID{id.tenant, id.epoch}] {
			gone[[2]string{id.tenant, id.id}] = true
		}
	}
	for _, l := range im.survived {
		for _, id := range im.ids {
			if id.kind == "e" && id.tenant == l.tenant && id.epoch == l.epoch && id.seq == l.seq {
				gone[[2]string{id.tenant, id.id}] = true
			}
		}
	}
	stored := map[[2]string]bool{}
	for i, e := range im.events {
		_ = i
		key := [2]string{e.tenant, e.canonical}
		stored[key] = true
		if e.tenant == systemTenant {
			continue
		}
		switch leaves := beside[key]; {
		case leaves == nil:
			findings = append(findings, verify.Finding{Kind: verify.EventInserted, Tenant: e.tenant, Epoch: e.epoch, Seq: e.seq, Until: e.seq + 1, EventID: e.canonical, Detail: "only in the store"})
		case !leaves[e.leaf]:
			findings = append(findings, verify.Finding{Kind: verify.EventChanged, Tenant: e.tenant, Epoch: e.epoch, Seq: e.seq, Until: e.seq + 1, EventID: e.canonical, Detail: "another leaf"})
		}
	}
	for key := range beside {
		if !stored[key] && !gone[key] {
			findings = append(findings, verify.Finding{Kind: verify.EventMissing, Tenant: key[0], Seq: -1, Until: -1, EventID: key[1], Detail: "only in the journal"})
		}
	}
	return findings, nil
}
