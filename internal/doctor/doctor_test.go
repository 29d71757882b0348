package doctor_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

func probe(id string, severity doctor.Severity, look func(*doctor.Result) error) doctor.Probe[string] {
	return doctor.Probe[string]{
		Check: doctor.Check{ID: id, Severity: severity, Title: "title", Fix: "fix", Section: "doc.md#anchor"},
		Look:  func(_ context.Context, _ string, r *doctor.Result) error { return look(r) },
	}
}

var probes = []doctor.Probe[string]{
	probe("c.small", doctor.P2, func(*doctor.Result) error { return errors.New("not told") }),
	probe("a.fine", doctor.P0, func(*doctor.Result) error { return nil }),
	probe("a.naming", doctor.P2, func(r *doctor.Result) error {
		r.Find(doctor.Finding{Detail: "detail", Where: "here"})
		return nil
	}),
	probe("a.worse", doctor.P1, func(r *doctor.Result) error {
		r.Find(doctor.Finding{Severity: doctor.P0, Title: "other", Fix: "other fix", Section: "other.md"})
		r.Find(doctor.Finding{})
		r.CouldNotCheck("the rest")
		r.CouldNotCheck("the rest")
		return nil
	}),
	probe("b.error", doctor.P1, func(*doctor.Result) error { return errors.New("no server") }),
	probe("b.none", doctor.P1, func(r *doctor.Result) error {
		r.NotApplicable("no journal")
		return nil
	}),
}

func run(t *testing.T, choice doctor.Choice) *doctor.Report {
	t.Helper()
	report := doctor.NewReport()
	require.NoError(t, doctor.Run(t.Context(), report, choice, probes, ""))
	report.Sort()
	return report
}

func TestReportHasWhatEveryCheckSaid(t *testing.T) {
	report := run(t, doctor.Choice{})
	require.Equal(t, &doctor.Report{
		Findings: []doctor.Finding{
			{ID: "a.worse", Severity: doctor.P0, Title: "other", Fix: "other fix", Section: "other.md"},
			{ID: "a.worse", Severity: doctor.P1, Title: "title", Fix: "fix", Section: "doc.md#anchor"},
			{ID: "a.naming", Severity: doctor.P2, Title: "title", Fix: "fix", Section: "doc.md#anchor", Detail: "detail", Where: "here"},
		},
		Unchecked:     []doctor.Remark{{ID: "c.small", Severity: doctor.P2, Why: "not told"}, {ID: "a.worse", Severity: doctor.P1, Why: "the rest"}, {ID: "b.error", Severity: doctor.P1, Why: "no server"}},
		NotApplicable: []doctor.Remark{{ID: "b.none", Severity: doctor.P1, Why: "no journal"}},
		Passed:        []string{"a.fine"},
	}, report)
	require.Equal(t, doctor.Counts{P0: 1, P1: 1, P2: 1, Unchecked: 3, NotApplicable: 1, Passed: 1}, report.Counts())
	require.Equal(t, doctor.P0, report.Worst())
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		name            string
		only            []string
		lenient, strict doctor.Verdict
	}{
		{"nothing", []string{"a.fine", "b.none"}, doctor.Healthy, doctor.Healthy},
		{"P2 alone", []string{"a.naming"}, doctor.Healthy, doctor.Unhealthy},
		{"P2 and incomplete", []string{"a.naming", "b.error"}, doctor.Incomplete, doctor.Unhealthy},
		{"a P2 not checked", []string{"c.small"}, doctor.Healthy, doctor.Incomplete},
		{"incomplete", []string{"b.error"}, doctor.Incomplete, doctor.Incomplete},
		{"a finding wins over incomplete", []string{"a.worse"}, doctor.Unhealthy, doctor.Unhealthy},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := run(t, doctor.Choice{Only: test.only})
			require.Equal(t, test.lenient, report.Verdict(false))
			require.Equal(t, test.strict, report.Verdict(true))
		})
	}
}

func TestChoice(t *testing.T) {
	require.Equal(t, []string{"a.fine"}, run(t, doctor.Choice{Only: []string{"a"}, Skip: []string{"a.naming", "a.worse"}}).Passed)
	require.False(t, doctor.Choice{Only: []string{"a.fin"}}.Includes("a.fine"), "a name ends at a dot")
	require.Empty(t, doctor.Choice{Only: []string{"a"}, Skip: []string{"b.none"}}.Unknown(doctor.Checks(probes)))
	require.Equal(t, "a.fin", doctor.Choice{Only: []string{"a"}, Skip: []string{"a.fin"}}.Unknown(doctor.Checks(probes)))
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, doctor.Run(ctx, doctor.NewReport(), doctor.Choice{}, probes, ""), context.Canceled)
}

// A subject is left out of a check that exempts, by the check's whole id.
func TestOneSubjectIsLeftOut(t *testing.T) {
	of := probe("a.actions", doctor.P1, func(r *doctor.Result) error {
		r.Find(doctor.Finding{Subject: "invoice.read"})
		r.Find(doctor.Finding{Subject: "invoice:list"})
		return nil
	})
	of.Exempts = true
	all := append([]doctor.Probe[string]{of}, probes...)
	for name, left := range map[string]int{
		"a.actions:invoice.read": 1, "a.actions:invoice:list": 1, "a.actions:invoice": 2, "a.actions": 0, "a.worse:": 2,
	} {
		report := doctor.NewReport()
		choice := doctor.Choice{Only: []string{"a.actions"}, Skip: []string{name}}
		require.NoError(t, doctor.Run(t.Context(), report, choice, all, ""))
		require.Len(t, report.Findings, left, name)
	}
	checks := doctor.Checks(all)
	require.Empty(t, doctor.Choice{Skip: []string{"a.actions:x"}}.Unknown(checks))
	for _, wrong := range []doctor.Choice{{Only: []string{"a.actions:x"}}, {Skip: []string{"a.naming:x"}}, {Skip: []string{"a:x"}}} {
		require.NotEmpty(t, wrong.Unknown(checks))
	}
}
