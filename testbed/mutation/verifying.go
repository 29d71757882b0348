package mutation

import (
	"context"
	"errors"
	"io/fs"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// verifyStore is `otelaudit verify` on the store, and with the journal beside it
// `otelaudit reconcile`, too.
func (w *world) verifyStore(ctx context.Context, with evidence) ([]verify.Finding, error) {
	options := verify.Options{
		Database: store.Options{URL: w.lab.urls.Auditor}, Trust: w.lab.trust, Anchors: notes(with.anchors), MACs: with.macs, Workers: 1,
	}
	if with.beside {
		options.Witness = verify.JournalWitness{Directory: w.journal}
	}
	report, err := verify.Store(ctx, options)
	if err != nil {
		return nil, err
	}
	findings := report.Findings
	if with.beside {
		more, err := w.reconcile(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, more...)
	}
	return findings, nil
}

// verifyJournal is `otelaudit verify` on the journal, and with the store beside
// it `otelaudit reconcile`, too.
func (w *world) verifyJournal(ctx context.Context, with evidence) ([]verify.Finding, error) {
	report, err := verify.Journal(ctx, verify.JournalOptions{Directory: w.journal, Trust: w.lab.trust, Anchors: notes(with.journalAnchors), MACs: with.macs})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	findings := report.Findings
	if with.beside {
		more, err := w.reconcile(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, more...)
	}
	return findings, nil
}

func notes(texts []string) [][]byte {
	list := make([][]byte, len(texts))
	for i, text := range texts {
		list[i] = []byte(text)
	}
	return list
}
