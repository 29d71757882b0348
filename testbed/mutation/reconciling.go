package mutation

import (
	"context"
	"errors"

	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// What `otelaudit reconcile` says, beside the words of `otelaudit verify`.
const (
	onlyInJournal = verify.Kind(reconcile.OnlyInJournal)
	onlyInStore   = verify.Kind(reconcile.OnlyInStore)
	altered       = verify.Kind(reconcile.Altered)
	unconfirmed   = verify.Kind(reconcile.Unconfirmed)
	macRemoved    = verify.Kind(reconcile.MACRemoved)
	macExchanged  = verify.Kind(reconcile.MACExchanged)
	onlyRefused   = verify.Kind(reconcile.QuarantineMissing)
	refused       = verify.Kind("no journal: exit 2")
)

// reconcile compares the two sinks as `otelaudit reconcile` does.
func (w *world) reconcile(ctx context.Context) ([]verify.Finding, error) {
	database := store.Options{URL: w.lab.urls.Auditor}
	scanner, err := store.OpenScanner(ctx, database, "")
	if err != nil {
		return nil, err
	}
	defer scanner.Close()
	reader, err := store.Connect(ctx, database)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	report, err := reconcile.Run(ctx, reconcile.Options{
		Scanner: scanner, Reader: reader, Directory: w.journal, Trust: w.lab.trust, TempDir: w.lab.Dir, Now: w.lab.now,
	})
	if errors.Is(err, reconcile.ErrNoJournal) {
		return []verify.Finding{{Kind: refused, Seq: -1, Until: -1, Detail: err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	findings := make([]verify.Finding, len(report.Findings))
	for i, f := range report.Findings {
		findings[i] = verify.Finding{Kind: verify.Kind(f.Kind), Tenant: f.Tenant, Epoch: f.Epoch, Seq: f.Seq, Until: f.Seq + 1, EventID: f.EventID, File: f.File, Line: f.Line, Detail: f.Detail}
	}
	return findings, nil
}
