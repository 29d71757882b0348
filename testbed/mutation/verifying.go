package mutation

import (
	"context"
	"errors"

	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// result is what the commands say.
type result struct {
	findings []verify.Finding
	notices  []verify.Notice
	unsure   []verify.Unchecked
	exit     int
}

// and joins what a second command says: tampering outranks everything, and that
// something was not verified outranks that nothing was found.
func (r result) and(other result) result {
	r.findings = append(r.findings, other.findings...)
	r.unsure = append(r.unsure, other.unsure...)
	if r.exit != 1 && other.exit != 0 {
		r.exit = other.exit
	}
	return r
}

func resultOf(report *verify.Report) result {
	return result{findings: report.Findings, notices: report.Notices, unsure: report.Unchecked, exit: report.Verdict.ExitCode()}
}

// verifyStore is `otelaudit verify` on the store, and with the journal beside it
// `otelaudit reconcile`, too.
func (w *world) verifyStore(ctx context.Context, with evidence) (result, error) {
	sinks, err := w.lab.connect(ctx)
	if errors.Is(err, store.ErrOneTenant) {
		return result{findings: []verify.Finding{{Kind: notAuditor, Seq: -1, Until: -1, Detail: err.Error()}}, exit: 2}, nil
	}
	if err != nil {
		return result{}, err
	}
	options := verify.Options{Scanner: sinks.scanner, Trust: w.lab.both, Log: logName, Anchors: notes(with.anchors), MACs: with.macs, RequireMACs: w.shape.macs && with.macs != nil, Workers: 1}
	if with.beside {
		options.Witness = verify.JournalWitness{Directory: w.journal}
	}
	report, err := verify.Store(ctx, options)
	if err != nil {
		return result{}, err
	}
	return w.beside(ctx, resultOf(report), with)
}

// verifyJournal is `otelaudit verify` on the journal, and with the store beside
// it `otelaudit reconcile`, too.
func (w *world) verifyJournal(ctx context.Context, with evidence) (result, error) {
	report, err := verify.Journal(ctx, verify.JournalOptions{Directory: w.journal, Trust: w.lab.both, Log: logName, Anchors: notes(with.journalAnchors), MACs: with.macs})
	if err != nil {
		return result{}, err
	}
	return w.beside(ctx, resultOf(report), with)
}

func (w *world) beside(ctx context.Context, r result, with evidence) (result, error) {
	if with.beside && r.exit != 2 {
		more, err := w.reconcile(ctx)
		if err != nil {
			return r, err
		}
		r = r.and(more)
	}
	return r, nil
}

func notes(texts []string) [][]byte {
	list := make([][]byte, len(texts))
	for i, text := range texts {
		list[i] = []byte(text)
	}
	return list
}

// sinks are the auditor's connections. They are kept from seed to seed: a
// connection costs PostgreSQL more than what is asked over it.
type sinks struct {
	scanner *store.Scanner
	reader  *store.Reader
}

func (l *Lab) connect(ctx context.Context) (*sinks, error) {
	if l.sinks != nil {
		return l.sinks, nil
	}
	database := store.Options{URL: l.urls.Auditor}
	scanner, err := store.OpenScanner(ctx, database, "")
	if err != nil {
		return nil, err
	}
	reader, err := store.Connect(ctx, database)
	if err != nil {
		scanner.Close()
		return nil, err
	}
	l.sinks = &sinks{scanner, reader}
	return l.sinks, nil
}

// disconnect ends the connections, for a schema that is another one now.
func (l *Lab) disconnect() {
	if l.sinks != nil {
		l.sinks.scanner.Close()
		l.sinks.reader.Close()
		l.sinks = nil
	}
}

// reconcile compares the two sinks as `otelaudit reconcile` does.
func (w *world) reconcile(ctx context.Context) (result, error) {
	sinks, err := w.lab.connect(ctx)
	if err != nil {
		return result{}, err
	}
	report, err := reconcile.Run(ctx, reconcile.Options{
		Scanner: sinks.scanner, Reader: sinks.reader, Directories: []string{w.journal}, Trust: w.lab.trust, TempDir: w.lab.Dir, Now: w.lab.now,
	})
	if errors.Is(err, reconcile.ErrNoJournal) {
		return result{findings: []verify.Finding{{Kind: refused, Seq: -1, Until: -1, Detail: err.Error()}}, exit: 2}, nil
	}
	if err != nil {
		return result{}, err
	}
	findings := make([]verify.Finding, len(report.Findings))
	for i, f := range report.Findings {
		findings[i] = verify.Finding{Kind: verify.Kind(f.Kind), Tenant: f.Tenant, Epoch: f.Epoch, Seq: f.Seq, Until: f.Seq + 1, EventID: f.EventID, File: f.File, Line: f.Line, Detail: f.Detail}
	}
	return result{findings: findings, exit: report.ExitCode()}, nil
}
