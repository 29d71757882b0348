package merkle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

const checkpointText = `audit.example.com/prod/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e1
3
0nKpDTwYPYK+Q7yYCDIGX2TGi58xvgMMyqwlq5KNF2I=
recorded_at 2026-01-01T00:00:00.120000Z
prev_size 1
`

func TestCheckpointRoundTrip(t *testing.T) {
	c, err := merkle.ParseCheckpoint(checkpointText)
	require.NoError(t, err)
	require.Equal(t, merkle.TenantOrigin(logName, "acme", 1), c.Origin)
	require.Equal(t, int64(3), c.Size)
	require.Equal(t, "0nKpDTwYPYK+Q7yYCDIGX2TGi58xvgMMyqwlq5KNF2I=", base64Of(c.Root))
	require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 120000000, time.UTC), c.RecordedAt)
	require.Equal(t, checkpointText, c.Text())

	require.Equal(t, int64(1), c.PrevSize)

	// Another zone and what is below a microsecond make no other text.
	c.RecordedAt = c.RecordedAt.Add(999 * time.Nanosecond).In(time.FixedZone("x", 3600))
	require.Equal(t, checkpointText, c.Text())

	c.RecordedAt, c.PrevSize = time.Time{}, 0
	without, _, _ := strings.Cut(checkpointText, "recorded_at")
	require.Equal(t, without, c.Text())
	read, err := merkle.ParseCheckpoint(without)
	require.NoError(t, err)
	require.Equal(t, c, read)

	// The opening of an epoch, which has no entry yet.
	empty := merkle.Checkpoint{Origin: c.Origin, Root: merkle.EmptyRoot(), RecordedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	read, err = merkle.ParseCheckpoint(empty.Text())
	require.NoError(t, err)
	require.Equal(t, empty, read)
}

func TestParseCheckpointRefuses(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(checkpointText, old, with, 1) }
	_, behindOrigin, _ := strings.Cut(checkpointText, "\n")
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                    {"", "want origin, size, root"},
		"no last newline":            {strings.TrimSuffix(checkpointText, "\n"), "want origin, size, root"},
		"a line more":                {checkpointText + "x\n", "want origin, size, root"},
		"an empty line":              {checkpointText + "\n", "want origin, size, root"},
		"no origin":                  {"\n" + behindOrigin, "the origin is empty"},
		"origin with a space":        {"go.sum database tree\n" + behindOrigin, "has a space, a plus sign or a character outside ASCII"},
		"origin with a plus":         {replace("/e1", "+e1"), "has a space, a plus sign or a character outside ASCII"},
		"origin look-alike":          {replace("audit", "аudit"), "has a space, a plus sign or a character outside ASCII"},
		"origin endless":             {replace("audit", strings.Repeat("a", 600)), "the origin has more than 512 bytes"},
		"leading zero":               {replace("\n3\n", "\n03\n"), `size "03" is not a number of entries`},
		"plus sign":                  {replace("\n3\n", "\n+3\n"), "is not a number of entries"},
		"negative":                   {replace("\n3\n", "\n-3\n"), "is not a number of entries"},
		"too large":                  {replace("\n3\n", "\n9007199254740992\n"), "is not a number of entries"},
		"hexadecimal":                {replace("\n3\n", "\n0x3\n"), "is not a number of entries"},
		"root too short":             {replace("0nKp", ""), "the root is not base64 of 32 bytes"},
		"root with loose bits":       {replace("F2I=", "F2J="), "the root is not base64 of 32 bytes"},
		"root of the wrong alphabet": {replace("+", "-"), "the root is not base64 of 32 bytes"},
		"size without a root":        {replace("\n3\n", "\n0\n"), "a log without entries has another root"},
		"another extension":          {replace("recorded_at", "recorded_by"), "is not recorded_at"},
		"another second extension":   {replace("prev_size", "prev_side"), "is not prev_size"},
		"a third extension":          {checkpointText + "prev_size 1\n", "want origin, size, root"},
		"only the time":              {replace("prev_size 1\n", ""), "want origin, size, root"},
		"only the beginning":         {replace("recorded_at 2026-01-01T00:00:00.120000Z\n", ""), "want origin, size, root"},
		"extensions exchanged":       {replace("recorded_at 2026-01-01T00:00:00.120000Z\nprev_size 1\n", "prev_size 1\nrecorded_at 2026-01-01T00:00:00.120000Z\n"), "is not recorded_at"},
		"the time twice":             {replace("prev_size 1\n", "recorded_at 2026-01-01T00:00:00.120000Z\n"), "is not prev_size"},
		"begins at its end":          {replace("prev_size 1", "prev_size 3"), "prev_size 3 is not less than the size 3"},
		"begins behind its end":      {replace("prev_size 1", "prev_size 4"), "prev_size 4 is not less than the size 3"},
		"begins below nothing":       {replace("prev_size 1", "prev_size -1"), `prev_size: size "-1" is not a number of entries`},
		"begins at minus nothing":    {replace("prev_size 1", "prev_size -0"), `prev_size: size "-0" is not a number of entries`},
		"begins with a zero":         {replace("prev_size 1", "prev_size 01"), `prev_size: size "01" is not a number of entries`},
		"begins nowhere":             {replace("prev_size 1", "prev_size "), `prev_size: size "" is not a number of entries`},
		"begins behind two spaces":   {replace("prev_size 1", "prev_size  1"), `prev_size: size " 1" is not a number of entries`},
		"begins in front of nothing": {"a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nrecorded_at 2026-01-01T00:00:00.120000Z\nprev_size 1\n", "prev_size 1 is not less than the size 0"},
		"begins beyond all sizes":    {replace("prev_size 1", "prev_size 9223372036854775807"), "is not a number of entries"},
		"begins with an overflow":    {replace("prev_size 1", "prev_size 18446744073709551617"), "is not a number of entries"},
		"no fraction":                {replace(".120000", ""), "is not a time in UTC to the microsecond"},
		"short fraction":             {replace(".120000", ".12"), "is not a time in UTC to the microsecond"},
		"comma":                      {replace(".120000", ",120000"), "is not a time in UTC to the microsecond"},
		"offset":                     {replace("0000Z", "0000+00:00"), "is not a time in UTC to the microsecond"},
		"lower case":                 {replace("0000Z", "0000z"), "is not a time in UTC to the microsecond"},
		"day that is not":            {replace("2026-01-01", "2026-02-30"), "is not a time in UTC to the microsecond"},
		"zero time":                  {replace("2026-01-01T00:00:00.120000Z", "0001-01-01T00:00:00.000000Z"), "is not a time in UTC to the microsecond"},
		"carriage returns":           {strings.ReplaceAll(checkpointText, "\n", "\r\n"), "has a space, a plus sign or a character outside ASCII"},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := merkle.ParseCheckpoint(c.text)
			require.ErrorIs(t, err, merkle.ErrCheckpoint)
			require.ErrorContains(t, err, c.want)
			require.Zero(t, read)
		})
	}
}

// TestEveryBitOfACheckpointCounts: a text that was changed is refused or says
// something else.
func TestEveryBitOfACheckpointCounts(t *testing.T) {
	want, err := merkle.ParseCheckpoint(checkpointText)
	require.NoError(t, err)
	text := []byte(checkpointText)
	for i := range len(text) * 8 {
		text[i/8] ^= 1 << (i % 8)
		if c, err := merkle.ParseCheckpoint(string(text)); err == nil {
			require.NotEqual(t, want, c)
		}
		text[i/8] ^= 1 << (i % 8)
	}
}

func TestGoReadsOurCheckpoints(t *testing.T) {
	c, err := merkle.ParseCheckpoint(checkpointText)
	require.NoError(t, err)
	// The first three lines are what every reader of the format understands.
	lines := strings.SplitAfter(checkpointText, "\n")
	root, err := tlog.ParseHash(strings.TrimSuffix(lines[2], "\n"))
	require.NoError(t, err)
	require.Equal(t, merkle.Hash(root), c.Root)
}

func TestOrigins(t *testing.T) {
	acme := merkle.Origin{Log: "audit.example.com/prod", Stream: "t-822b33ad87c148a0a20a5ba7cd5ebcaa"}
	for origin, want := range map[string]merkle.Origin{
		merkle.TenantOrigin(logName, "acme", 0):           acme,
		merkle.TenantOrigin(logName, "acme", 7):           {Log: acme.Log, Stream: acme.Stream, Epoch: 7},
		merkle.JournalOrigin(logName, "journal", 0):       {Log: acme.Log, Stream: "j-journal"},
		merkle.JournalOrigin(logName, "e2", 2):            {Log: acme.Log, Stream: "j-e2", Epoch: 2},
		merkle.JournalOrigin("a/j-b/e1", "c", 3):          {Log: "a/j-b/e1", Stream: "j-c", Epoch: 3},
		merkle.JournalOrigin("e1", "e1", 0):               {Log: "e1", Stream: "j-e1"},
		merkle.TenantOrigin("a", "t\nwith a line end", 0): {Log: "a", Stream: "t-" + strings.TrimPrefix(strings.SplitN(merkle.TenantOrigin("a", "t\nwith a line end", 0), "/", 2)[1], "t-")},
	} {
		got, err := merkle.ParseOrigin(origin)
		require.NoError(t, err, origin)
		require.Equal(t, want, got)
		require.Equal(t, origin, got.String())
	}
	for _, bad := range []string{
		"", "/", "a", "a/", "a/b", "/t-822b33ad87c148a0a20a5ba7cd5ebcaa", "t-822b33ad87c148a0a20a5ba7cd5ebcaa",
		"a/t-822b33ad87c148a0a20a5ba7cd5ebca", "a/t-822B33ad87c148a0a20a5ba7cd5ebcaa", "a/t-822b33ad87c148a0a20a5ba7cd5ebcaaff",
		"a/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e0", "a/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e01", "a/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e-1",
		"a/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e2147483648", "a/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e1/e2", "a/t-822b33ad87c148a0a20a5ba7cd5ebcaa/",
		"a/j-", "a/j-b c", "a/j-" + strings.Repeat("x", 65), "a b/j-c", "a//j-c", "a/j-c/e", "e1",
	} {
		_, err := merkle.ParseOrigin(bad)
		require.Error(t, err, bad)
	}
}

func TestNames(t *testing.T) {
	for _, good := range []string{"a", "audit.example.com/prod", "A_b~c-d.e/0", strings.Repeat("x", 128)} {
		require.NoError(t, merkle.CheckLogName(good))
	}
	for _, bad := range []string{"", "/", "a/", "/a", "a//b", "a b", "a+b", "a\n", "ä", "a:b", "https://a", strings.Repeat("x", 129)} {
		require.Error(t, merkle.CheckLogName(bad), bad)
	}
	for _, good := range []string{"journal", "A_b~c-d.e0", strings.Repeat("x", 64)} {
		require.NoError(t, merkle.CheckJournalName(good))
	}
	for _, bad := range []string{"", "a/b", "a b", "a+b", "ä", strings.Repeat("x", 65)} {
		require.Error(t, merkle.CheckJournalName(bad), bad)
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(checkpointText)
	f.Add("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nrecorded_at 2026-01-01T00:00:00.120000Z\nprev_size 0\n")
	f.Add("a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := merkle.ParseCheckpoint(text)
		if err != nil {
			require.ErrorIs(t, err, merkle.ErrCheckpoint)
			return
		}
		require.Equal(t, text, c.Text())
		require.True(t, c.PrevSize < c.Size || c.PrevSize == 0 && c.Size == 0)
	})
}

func FuzzEpochStatement(f *testing.F) {
	s := epochStatement()
	f.Add(s.Text())
	s.LostSize, s.LostRoot = 0, merkle.Hash{}
	f.Add(s.Text())
	f.Fuzz(func(t *testing.T, text string) {
		s, err := merkle.ParseEpochStatement(text)
		if err != nil {
			require.ErrorIs(t, err, merkle.ErrEpochStatement)
			return
		}
		require.Equal(t, text, s.Text())
		require.NoError(t, s.Check())
		_, err = merkle.ParseCheckpoint(text)
		require.Error(t, err, "one text must not be two things")
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add(merkle.TenantOrigin(logName, "acme", 1))
	f.Add(merkle.JournalOrigin("a/j-b", "c", 0))
	f.Fuzz(func(t *testing.T, origin string) {
		o, err := merkle.ParseOrigin(origin)
		if err == nil {
			require.Equal(t, origin, o.String())
			require.NoError(t, merkle.CheckLogName(o.Log))
		}
	})
}

// TestEveryBitOfAnEpochStatementCounts: a text that was changed is refused or
// says something else.
func TestEveryBitOfAnEpochStatementCounts(t *testing.T) {
	want := epochStatement()
	text := []byte(want.Text())
	for i := range len(text) * 8 {
		text[i/8] ^= 1 << (i % 8)
		if s, err := merkle.ParseEpochStatement(string(text)); err == nil {
			require.NotEqual(t, want, s)
		}
		text[i/8] ^= 1 << (i % 8)
	}
}
