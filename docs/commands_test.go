package docs_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/cli"
)

var (
	codeSpan  = regexp.MustCompile("`((?:bin/)?otelaudit [a-z][^`\n]*)`")
	codeLine  = regexp.MustCompile(`(?m)^(?: {4}|[A-Z_]+=\S+ )?((?:bin/)?otelaudit [a-z].*)$`)
	codeBlock = regexp.MustCompile("(?s)```sh\n(.*?)\n```")
	flagName  = regexp.MustCompile(`^--[a-z][a-z-]*`)
)

// TestDocumentedCommandsExist asks the program for the help of every command
// that a document names, and looks for each flag there.
func TestDocumentedCommandsExist(t *testing.T) {
	found := 0
	for _, pattern := range []string{"*.md", "../*.md", "../*/README.md"} {
		documents, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, document := range documents {
			text, err := os.ReadFile(document)
			require.NoError(t, err)
			for _, command := range documentedCommands(string(text)) {
				found++
				require.NoError(t, checkCommand(command), "%s: %s", document, command)
			}
		}
	}
	require.Greater(t, found, 40)
}

var (
	readmeCommands  = regexp.MustCompile("(?s)## Command line\n\n`otelaudit ([^`]*)`")
	programCommands = regexp.MustCompile(`(?m)^ {2}([a-z][a-z-]*) +\S`)
)

// TestReadmeNamesEveryCommand compares the README's list with the program's.
func TestReadmeNamesEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	list := readmeCommands.FindStringSubmatch(string(text))
	require.NotNil(t, list, "the list of commands")
	named := strings.FieldsFunc(list[1], func(r rune) bool { return r == '|' || unicode.IsSpace(r) })

	_, available, found := strings.Cut(helpOf(nil), "Available Commands:\n")
	require.True(t, found)
	available, _, _ = strings.Cut(available, "\n\n")
	var commands []string
	for _, match := range programCommands.FindAllStringSubmatch(available, -1) {
		if match[1] != "help" {
			commands = append(commands, match[1])
		}
	}
	require.Greater(t, len(commands), 15)
	require.ElementsMatch(t, commands, named)
}

// documentedCommands are the command lines in code spans and code blocks.
func documentedCommands(text string) (commands []string) {
	for _, match := range codeSpan.FindAllStringSubmatch(text, -1) {
		commands = append(commands, match[1])
	}
	for _, block := range codeBlock.FindAllStringSubmatch(text, -1) {
		for _, match := range codeLine.FindAllStringSubmatch(strings.ReplaceAll(block[1], "\\\n", " "), -1) {
			commands = append(commands, match[1])
		}
	}
	return commands
}

// checkCommand finds a command line's command and flags in the program's help.
func checkCommand(line string) error {
	words := strings.Fields(line)[1:]
	var path []string
	var help string
	for _, word := range words {
		if !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word) {
			break
		}
		text := helpOf(append(path, word))
		if !strings.Contains(text, "\n  otelaudit "+strings.Join(append(path, word), " ")+" ") &&
			!strings.Contains(text, "\n  otelaudit "+strings.Join(append(path, word), " ")+"\n") {
			break
		}
		path, help = append(path, word), text
	}
	if help == "" {
		return fmt.Errorf("there is no command %q", strings.Join(words, " "))
	}
	for _, word := range words {
		if flag := flagName.FindString(word); flag != "" && !regexp.MustCompile(regexp.QuoteMeta(flag)+`[\s=,]`).MatchString(help) {
			return fmt.Errorf("%s has no %s", strings.Join(path, " "), flag)
		}
	}
	return nil
}

// helpOf is the usage and flags that a command prints with --help.
func helpOf(path []string) string {
	var out strings.Builder
	sys := &cli.System{Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard, Getenv: func(string) string { return "" }}
	if cli.Run(context.Background(), sys, append(slices.Clip(path), "--help")) != 0 {
		return ""
	}
	_, usage, _ := strings.Cut(out.String(), "\nUsage:")
	return "\nUsage:" + usage
}

// TestCheckCommandFails shows that the check can.
func TestCheckCommandFails(t *testing.T) {
	require.NoError(t, checkCommand("otelaudit list --tenant acme --outcome denied"))
	require.NoError(t, checkCommand("otelaudit migrate print --schema audit"))
	for _, line := range []string{
		"otelaudit lost --tenant acme", "otelaudit list --tennant acme", "otelaudit migrate print --trust x",
	} {
		require.Error(t, checkCommand(line), line)
	}
}
