package otlpmap

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// requireStorable checks what audit_quarantine demands of a row: one row it
// refuses would hold up the batch it is in.
func requireStorable(t *testing.T, mark QuarantineMark) {
	t.Helper()
	require.True(t, record.IsReason(mark.Reason), "%q", mark.Reason)
	for _, text := range []string{mark.Detail, mark.TenantID} {
		require.True(t, utf8.ValidString(text), "%q", text)
		require.NotContains(t, text, "\x00")
	}
	require.LessOrEqual(t, len(mark.Detail), 4096)
	require.LessOrEqual(t, len(mark.TenantID), 512)
}

func TestMarksAreMadeStorable(t *testing.T) {
	const sum = "00000000000000000000000000000000000000000000000000000000000000ff"
	attributes := func(reason, detail, digest, tenant any) map[string]any {
		return map[string]any{AttrQuarantineReason: reason, AttrQuarantineDetail: detail, AttrQuarantineSHA256: digest, AttrQuarantineTenant: tenant}
	}
	last := [32]byte{31: 0xff}
	for name, test := range map[string]struct {
		sent map[string]any
		want QuarantineMark
	}{
		"ours":                {attributes("conflict", "why", sum, "acme"), QuarantineMark{"conflict", "why", last, "acme"}},
		"no reason":           {attributes("", "why", sum, "acme"), QuarantineMark{"malformed", "the mark names no reason: why", last, "acme"}},
		"nothing else":        {map[string]any{AttrQuarantineReason: "conflict"}, QuarantineMark{Reason: "conflict"}},
		"reason is no text":   {attributes(7, "why", sum, "acme"), QuarantineMark{"malformed", "the mark names no reason: why", last, "acme"}},
		"a newer reason":      {attributes("too_wide", "why", sum, "acme"), QuarantineMark{"malformed", `the mark's reason "too_wide" is unknown: why`, last, "acme"}},
		"a broken reason":     {attributes("\xff\x00", "", sum, "acme"), QuarantineMark{"malformed", `the mark's reason "\xff\x00" is unknown`, last, "acme"}},
		"an endless reason":   {attributes(strings.Repeat("é", 1<<20), "why", sum, "acme"), QuarantineMark{"malformed", `the mark's reason "` + strings.Repeat("é", 32) + `" is unknown: why`, last, "acme"}},
		"an endless detail":   {attributes("conflict", strings.Repeat("é", 1<<20)+"x", sum, "acme"), QuarantineMark{"conflict", strings.Repeat("é", 2048), last, "acme"}},
		"a broken detail":     {attributes("conflict", "a\x00b\xffc", sum, "acme"), QuarantineMark{"conflict", "a\uFFFDb\uFFFDc", last, "acme"}},
		"no hexadecimal":      {attributes("conflict", "why", strings.Repeat("g", 64), "acme"), QuarantineMark{"conflict", "why", [32]byte{}, "acme"}},
		"half a digest":       {attributes("conflict", "why", sum[:63], "acme"), QuarantineMark{"conflict", "why", [32]byte{}, "acme"}},
		"an endless tenant":   {attributes("conflict", "why", sum, strings.Repeat("t", 1<<20)), QuarantineMark{"conflict", "why", last, strings.Repeat("t", 512)}},
		"a broken tenant":     {attributes("conflict", "why", sum, "a\x00\xff"), QuarantineMark{"conflict", "why", last, "a\uFFFD\uFFFD"}},
		"a tenant of a thing": {attributes("conflict", "why", sum, []any{"acme"}), QuarantineMark{"conflict", "why", last, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			lr := plog.NewLogRecord()
			require.NoError(t, lr.Attributes().FromRaw(test.sent))
			mark, ok := QuarantineMarkOf(lr)
			require.True(t, ok)
			require.Equal(t, test.want, mark)
			requireStorable(t, mark)

			// What the next hop reads is the same.
			Quarantine(lr, mark)
			again, _ := QuarantineMarkOf(lr)
			require.Equal(t, mark, again)
		})
	}
}

func TestArbitraryMarks(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		text := func() string {
			pieces := []string{"", "a", "\x00", "\xff", "é", "\U0001F600", "\xed\xa0\x80", "conflict", "00", strings.Repeat("x", r.IntN(6000))}
			var b strings.Builder
			for range r.IntN(5) {
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
			return b.String()
		}
		lr := plog.NewLogRecord()
		for _, name := range []string{AttrQuarantineReason, AttrQuarantineDetail, AttrQuarantineSHA256, AttrQuarantineTenant} {
			v := lr.Attributes().PutEmpty(name)
			switch r.IntN(8) {
			case 0:
				v.SetInt(r.Int64())
			case 1:
				v.SetEmptyMap().PutStr("k", text())
			case 2:
				v.SetEmptyBytes().FromRaw([]byte(text()))
			case 3:
				pcommon.NewValueEmpty().MoveTo(v)
			default:
				v.SetStr(text())
			}
		}
		mark, ok := QuarantineMarkOf(lr)
		require.True(t, ok)
		requireStorable(t, mark)

		written := QuarantineMark{Reason: text(), Detail: text(), TenantID: text()}
		Quarantine(lr, written)
		mark, _ = QuarantineMarkOf(lr)
		requireStorable(t, mark)
		before := wire(t, lr)
		Quarantine(lr, mark)
		require.Equal(t, before.Attributes().AsRaw(), lr.Attributes().AsRaw(), "seed %d: marking again changes nothing", seed)
	}
}
