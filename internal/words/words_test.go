package words_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/words"
)

func TestCounted(t *testing.T) {
	for _, test := range []struct {
		n    int64
		one  string
		want string
	}{
		{1, "day", "1 day"},
		{12, "day", "12 days"},
		{0, "entry", "0 entries"},
		{1, "entry", "1 entry"},
		{2, "key", "2 keys"},
		{3, "event", "3 events"},
		{2, "y", "2 ys"},
	} {
		require.Equal(t, test.want, words.Counted(test.n, test.one))
		require.Equal(t, test.want, words.Counted(int(test.n), test.one))
	}
}
