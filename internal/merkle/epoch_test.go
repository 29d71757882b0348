package merkle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

const logName = "audit.example.com/prod"

var at = time.Date(2026, 1, 1, 0, 0, 0, 123456000, time.UTC)

func epochStatement() merkle.EpochStatement {
	return merkle.EpochStatement{
		Origin:         merkle.TenantOrigin(logName, "acme", 1),
		PreviousOrigin: merkle.TenantOrigin(logName, "acme", 0),
		PreviousSize:   80, PreviousRoot: merkle.LeafHash([]byte("80")),
		LostSize: 100, LostRoot: merkle.LeafHash([]byte("100")),
		RecordedAt: at, Reason: "restored from the backup of Sunday",
	}
}

func TestEpochStatementIsWhatItsTextSays(t *testing.T) {
	s := epochStatement()
	require.NoError(t, s.Check())
	require.Equal(t, `otelaudit epoch v1
origin audit.example.com/prod/t-822b33ad87c148a0a20a5ba7cd5ebcaa/e1
previous_origin audit.example.com/prod/t-822b33ad87c148a0a20a5ba7cd5ebcaa
previous_size 80
previous_root `+base64Of(s.PreviousRoot)+`
lost_size 100
lost_root `+base64Of(s.LostRoot)+`
recorded_at 2026-01-01T00:00:00.123456Z
reason restored from the backup of Sunday
`, s.Text())
	read, err := merkle.ParseEpochStatement(s.Text())
	require.NoError(t, err)
	require.Equal(t, s, read)

	s.LostSize, s.LostRoot = 0, merkle.Hash{}
	require.NotContains(t, s.Text(), "lost")
	read, err = merkle.ParseEpochStatement(s.Text())
	require.NoError(t, err)
	require.Equal(t, s, read)
}

func TestEpochStatementsThatMeanNothingAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*merkle.EpochStatement)
		want   string
	}{
		"another tenant":       {func(s *merkle.EpochStatement) { s.Origin = merkle.TenantOrigin(logName, "globex", 1) }, "does not continue"},
		"another log":          {func(s *merkle.EpochStatement) { s.Origin = merkle.TenantOrigin("other", "acme", 1) }, "does not continue"},
		"same epoch":           {func(s *merkle.EpochStatement) { s.Origin = s.PreviousOrigin }, "epoch 0 does not follow epoch 0"},
		"epoch back":           {func(s *merkle.EpochStatement) { s.Origin, s.PreviousOrigin = s.PreviousOrigin, s.Origin }, "epoch 0 does not follow epoch 1"},
		"no origin":            {func(s *merkle.EpochStatement) { s.Origin = "" }, "origin: "},
		"origin in two lines":  {func(s *merkle.EpochStatement) { s.Origin += "\nx" }, "want header"},
		"negative size":        {func(s *merkle.EpochStatement) { s.PreviousSize = -1 }, `size "-1"`},
		"size without an end":  {func(s *merkle.EpochStatement) { s.PreviousSize = merkle.MaxSize + 1 }, "is not a number of entries"},
		"negative loss":        {func(s *merkle.EpochStatement) { s.LostSize = -5 }, `size "-5"`},
		"loss without size":    {func(s *merkle.EpochStatement) { s.LostSize = 0 }, "a lost root without a lost size"},
		"empty with a root":    {func(s *merkle.EpochStatement) { s.PreviousSize = 0 }, "previous_root is not that of the empty tree"},
		"nothing lost":         {func(s *merkle.EpochStatement) { s.LostSize, s.LostRoot = s.PreviousSize, s.PreviousRoot }, "what is lost is what is there"},
		"no time":              {func(s *merkle.EpochStatement) { s.RecordedAt = time.Time{} }, "is not a time in UTC"},
		"year of five digits":  {func(s *merkle.EpochStatement) { s.RecordedAt = at.AddDate(9000, 0, 0) }, "is not a time in UTC"},
		"no reason":            {func(s *merkle.EpochStatement) { s.Reason = "" }, "the reason is empty"},
		"reason in two lines":  {func(s *merkle.EpochStatement) { s.Reason = "a\nb" }, "want header"},
		"reason with CR":       {func(s *merkle.EpochStatement) { s.Reason = "a\rb" }, "does not print"},
		"reason right to left": {func(s *merkle.EpochStatement) { s.Reason = "a\u202eb" }, "does not print"},
		"reason not UTF-8":     {func(s *merkle.EpochStatement) { s.Reason = "a\xff" }, "does not print"},
		"reason with a space":  {func(s *merkle.EpochStatement) { s.Reason = "a " }, "ends with a space"},
		"reason too long":      {func(s *merkle.EpochStatement) { s.Reason = strings.Repeat("a", 501) }, "more than 500"},
	} {
		t.Run(name, func(t *testing.T) {
			s := epochStatement()
			c.change(&s)
			err := s.Check()
			require.ErrorIs(t, err, merkle.ErrEpochStatement)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestEpochStatementAndCheckpointAreNeverTheSameText(t *testing.T) {
	s := epochStatement()
	_, err := merkle.ParseCheckpoint(s.Text())
	require.ErrorIs(t, err, merkle.ErrCheckpoint)
	c := merkle.Checkpoint{Origin: s.Origin, Size: 1, Root: s.PreviousRoot, RecordedAt: at}
	_, err = merkle.ParseEpochStatement(c.Text())
	require.ErrorIs(t, err, merkle.ErrEpochStatement)
}
