package mutation

import (
	"context"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// verifyStore is `otelaudit verify` on the store.
func (w *world) verifyStore(ctx context.Context, with evidence) ([]verify.Finding, error) {
	options := verify.Options{
		Database: store.Options{URL: w.lab.urls.Auditor}, Trust: w.lab.trust, Anchors: notes(with.anchors), MACs: with.macs, Workers: 1,
	}
	report, err := verify.Store(ctx, options)
	if err != nil {
		return nil, err
	}
	return report.Findings, nil
}

// verifyJournal is `otelaudit verify` on the journal.
func (w *world) verifyJournal(_ context.Context, _ evidence) ([]verify.Finding, error) {
	return nil, nil
}

func notes(texts []string) [][]byte {
	list := make([][]byte, len(texts))
	for i, text := range texts {
		list[i] = []byte(text)
	}
	return list
}
