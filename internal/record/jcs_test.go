package record_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
)

// TestCanonicalBytesAgreeWithAnotherImplementation compares with gowebpki/jcs,
// which parses and writes by code of its own.
func TestCanonicalBytesAgreeWithAnotherImplementation(t *testing.T) {
	for seed := range uint64(2000) {
		r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 3)))
		ours := r.AppendCanonical(nil)
		theirs, err := jcs.Transform(ours)
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, string(theirs), string(ours), "seed %d", seed)
	}
}

func TestCanonicalRoundTrip(t *testing.T) {
	for seed := range uint64(3000) {
		r := recordtest.Arbitrary(rand.New(rand.NewPCG(seed, 4)))
		b := r.AppendCanonical(nil)
		back, err := record.ParseCanonical(b)
		require.NoError(t, err, "seed %d: %s", seed, b)
		require.Equal(t, r.DeriveEventID(), back.DeriveEventID())
		require.Equal(t, r.Fingerprint(), back.Fingerprint())
		require.Equal(t, string(b), string(back.AppendCanonical(nil)))
	}
}

// TestNumbers holds the numbers of RFC 8785, appendix B, and the edges of the
// value rules.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		bits uint64
		want string
	}{
		{0x0000000000000000, `0`},
		{0x8000000000000000, `0`},
		{0x0000000000000001, `5e-324`},
		{0x8000000000000001, `-5e-324`},
		{0x7fefffffffffffff, `1.7976931348623157e+308`},
		{0xffefffffffffffff, `-1.7976931348623157e+308`},
		{0x4340000000000000, `"9007199254740992"`},
		{0xc340000000000000, `"-9007199254740992"`},
		{0x433fffffffffffff, `9007199254740991`},
		{0x4430000000000000, `"295147905179352825856"`},
		{0x7fffffffffffffff, `"NaN"`},
		{0x7ff0000000000000, `"Infinity"`},
		{0xfff0000000000000, `"-Infinity"`},
		{0x44b52d02c7e14af5, `9.999999999999997e+22`},
		{0x44b52d02c7e14af6, `1e+23`},
		{0x44b52d02c7e14af7, `1.0000000000000001e+23`},
		{0x444b1ae4d6e2ef4e, `"999999999999999737856"`},
		{0x444b1ae4d6e2ef4f, `"999999999999999868928"`},
		{0x444b1ae4d6e2ef50, `1e+21`},
		{0x3eb0c6f7a0b5ed8c, `9.999999999999997e-7`},
		{0x3eb0c6f7a0b5ed8d, `0.000001`},
		{0x41b3de4355555553, `333333333.3333332`},
		{0x41b3de4355555557, `333333333.33333343`},
		{0xbecbf647612f3696, `-0.0000033333333333333333`},
		{0x43143ff3c1cb0959, `1424953923781206.2`},
	} {
		v, asText := record.FloatValue(math.Float64frombits(c.bits))
		require.Equal(t, c.want, string(v.AppendJSON(nil)), "%x", c.bits)
		require.Equal(t, c.want[0] == '"', asText)
	}
	for i, want := range map[int64]string{
		1<<53 - 1: `9007199254740991`, 1 << 53: `"9007199254740992"`, -(1 << 53): `"-9007199254740992"`, math.MaxInt64: `"9223372036854775807"`, 0: `0`,
	} {
		v, _ := record.IntValue(i)
		require.Equal(t, want, string(v.AppendJSON(nil)))
	}
}

func TestStringsAreAlwaysJSON(t *testing.T) {
	for in, want := range map[string]string{
		"":                     `""`,
		"\b\t\n\f\r\"\\/\x7f":  `"\b\t\n\f\r\"\\/` + "\x7f" + `"`,
		"\x00\x1f":             `"\u0000\u001f"`,
		"é\u2028😀":             "\"é\u2028😀\"",
		"a\xffb\xed\xa0\x80cé": "\"a\uFFFDb\uFFFD\uFFFD\uFFFDcé\"",
	} {
		require.Equal(t, want, string(record.StringValue(in).AppendJSON(nil)))
	}
	require.Equal(t, `null`, string(record.Value{}.AppendJSON(nil)))
}

func TestAppendCanonicalDoesNotAllocate(t *testing.T) {
	r := recordtest.Typical()
	buf := make([]byte, 0, 4096)
	require.Zero(t, testing.AllocsPerRun(100, func() { buf = r.AppendCanonical(buf[:0]) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { record.LeafHash(buf) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { r.Fingerprint() }))
}

func BenchmarkAppendCanonical(b *testing.B) {
	r := recordtest.Typical()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendCanonical(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkLeafHash(b *testing.B) {
	buf := recordtest.Typical().AppendCanonical(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		record.LeafHash(buf)
	}
}

func BenchmarkDeriveEventID(b *testing.B) {
	r := recordtest.Typical()
	b.ReportAllocs()
	for b.Loop() {
		r.DeriveEventID()
	}
}

func BenchmarkNormalize(b *testing.B) {
	r := recordtest.Typical()
	b.ReportAllocs()
	for b.Loop() {
		if p := r.Normalize(); p != nil {
			b.Fatal(p)
		}
	}
}

func BenchmarkParseCanonical(b *testing.B) {
	buf := recordtest.Typical().AppendCanonical(nil)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.ParseCanonical(buf); err != nil {
			b.Fatal(err)
		}
	}
}
