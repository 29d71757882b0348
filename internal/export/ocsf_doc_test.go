package export

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/ocsf.md has every verb in the row of its activity, and the version.
func TestTheDocumentHasTheVerbs(t *testing.T) {
	text, err := os.ReadFile("../../docs/ocsf.md")
	require.NoError(t, err)
	require.Contains(t, string(text), "version "+OCSFVersion)
	rows := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, " | "); len(cells) == 4 {
			rows[cells[1]+" "+cells[2]] += cells[0]
		}
	}
	for verb, activity := range ocsfVerbs {
		require.Contains(t, rows[fmt.Sprintf("%d %s", activity.id, activity.name)], "`"+verb+"`")
	}
}
