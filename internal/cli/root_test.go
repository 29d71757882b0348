package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryCommandExplainsItself: a help text, an example that names the
// command, a usage line for every flag.
func TestEveryCommandExplainsItself(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			assert.NotEmpty(t, cmd.Short)
			assert.NotEmpty(t, cmd.Long)
			assert.Contains(t, cmd.Example, cmd.CommandPath())
			for line := range strings.SplitSeq(cmd.Long, "\n") {
				assert.LessOrEqual(t, len([]rune(line)), 84, "a line that wraps on a terminal: %s", line)
			}
			cmd.Flags().VisitAll(func(f *pflag.Flag) { assert.NotEmpty(t, f.Usage, f.Name) })
		})
		for _, child := range cmd.Commands() {
			if child.Name() != "help" {
				walk(child)
			}
		}
	}
	walk(newRoot(&System{}))
}

func TestHelpIsAResult(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"list", "--help"}, {"help", "quarantine", "show"}, {"migrate", "export", "-h"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Run(t.Context(), &System{Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Now: time.Now}, args)
			require.Equal(t, exitOK, code)
			assert.Contains(t, stdout.String(), "Examples:")
			assert.Empty(t, stderr.String())
		})
	}
}

func TestPrintableKeepsTextOnItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain äöü 語":         "plain äöü 語",
		"two\nlines\r\n":      "two lines  ",
		"\x1b[31mred\x1b[0m":  "�[31mred�[0m",
		"bell\a del\x7f":      "bell� del�",
		"c1 \u009b31m":        "c1 �31m",
		"\u202eesrever\u2066": "�esrever�",
	} {
		assert.Equal(t, want, printable(text))
	}
	assert.Equal(t, "abc…", cell("abcdef", 4))
	assert.Equal(t, "äöüß", cell("äöüß", 4))
}

// Shells offer the names of files only where an argument is one.
func TestNoCommandOffersFilesThatItDoesNotTake(t *testing.T) {
	files := map[string]string{"otelaudit verify-bundle": ":0", "otelaudit migrate export": ":16"} // 16: directories
	complete := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
		require.Equal(t, exitOK, Run(t.Context(), &System{Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }, Now: time.Now}, args))
		return stdout.String()
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		want := files[cmd.CommandPath()]
		if want == "" {
			want = ":4" // none
		}
		offered := strings.TrimSpace(complete(append(strings.Fields(cmd.CommandPath())[1:], "")...))
		assert.Equal(t, want, offered[strings.LastIndex(offered, "\n")+1:], cmd.CommandPath())
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(newRoot(&System{}))
	assert.Equal(t, "signed\nrequired\nbest_effort\noff\n:4\n", complete("access", "set", ""))
	assert.Equal(t, ":4\n", complete("access", "set", "off", ""))
}
