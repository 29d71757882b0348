// Package retention holds the schedules that prune and verify, for cron, systemd
// and Kubernetes, and their test.
package retention

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/cli"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// lines are those of a file that are neither empty nor comments.
func lines(text string) (kept []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			kept = append(kept, line)
		}
	}
	return kept
}

// helpOf is what a command prints with --help, "" where there is none.
func helpOf(path []string) string {
	var out strings.Builder
	sys := &cli.System{Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard, Getenv: func(string) string { return "" }}
	if cli.Run(context.Background(), sys, append(slices.Clip(path), "--help")) != 0 {
		return ""
	}
	_, usage, _ := strings.Cut(out.String(), "\nUsage:")
	return usage
}

var (
	word = regexp.MustCompile(`^[a-z][a-z-]*$`)
	flag = regexp.MustCompile(`^--[a-z][a-z-]*$`)
)

// checkCommand holds a command line against the program's help. A connection
// string or a header in it would stand in the list of processes.
func checkCommand(words []string) error {
	if len(words) < 2 || filepath.Base(words[0]) != "otelaudit" {
		return fmt.Errorf("%q is no otelaudit command", words)
	}
	var path []string
	for _, w := range words[1:] {
		if !word.MatchString(w) {
			break
		}
		path = append(path, w)
	}
	help := helpOf(path)
	if !strings.Contains(help, "\n  otelaudit "+strings.Join(path, " ")+" ") {
		return fmt.Errorf("there is no command %q", path)
	}
	for _, w := range words[1:] {
		switch {
		case w == "--database-url", w == "--header", w == "--writer-url", strings.Contains(w, "postgres"), strings.Contains(w, "_URL"):
			return fmt.Errorf("%q: secrets belong in the environment", w)
		case strings.HasPrefix(w, "-") && !flag.MatchString(w):
			return fmt.Errorf("%q is no flag", w)
		case flag.MatchString(w) && !regexp.MustCompile(regexp.QuoteMeta(w)+`[\s,]`).MatchString(help):
			return fmt.Errorf("%q has no %s", path, w)
		}
	}
	return nil
}

func TestCheckCommandFails(t *testing.T) {
	require.NoError(t, checkCommand([]string{"/usr/bin/otelaudit", "checkpoint", "--append", "x"}))
	for _, words := range [][]string{
		nil,
		{"otelaudit"},
		{"sh", "-c"},
		{"otelaudit", "lost"},
		{"otelaudit", "verify", "--lost"},
		{"otelaudit", "verify", "--database-url", "$X"},
		{"otelaudit", "verify", "--state", "$AUDIT_PRUNER_URL"},
		{"otelaudit", "verify", "-x"},
	} {
		require.Error(t, checkCommand(words), words)
	}
}

// Every variable that a schedule reads stands in the settings that it names.
func checkVariables(t *testing.T, command, settings string) {
	t.Helper()
	for _, match := range regexp.MustCompile(`\$[({]?([A-Z][A-Z_]+)`).FindAllStringSubmatch(command, -1) {
		require.Contains(t, "\n"+settings, "\n"+match[1]+"=", command)
	}
}

// shellCommand takes the otelaudit command out of a shell's line.
func shellCommand(line string) []string {
	if i := strings.LastIndex(line, "otelaudit "); i >= 0 {
		line = line[i:]
	}
	words := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(line))
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, ">") }); i >= 0 {
		words = words[:i]
	}
	return words
}

func TestCron(t *testing.T) {
	jobs := 0
	for _, line := range lines(read(t, "otelaudit.cron")) {
		if regexp.MustCompile(`^[A-Z]+=\S+$`).MatchString(line) {
			continue
		}
		jobs++
		fields := strings.Fields(line)
		require.Greater(t, len(fields), 6, line)
		require.NoError(t, checkSchedule(strings.Join(fields[:5], " ")), line)
		require.Equal(t, "otelaudit", fields[5], "the user")
		require.NotContains(t, line, "%", "cron makes a new line of it")
		command := strings.Join(fields[6:], " ")
		require.Contains(t, command, "flock -n ")
		_, after, found := strings.Cut(command, "flock -n ")
		require.True(t, found)
		_, after, _ = strings.Cut(after, ".lock ")
		require.NoError(t, checkCommand(shellCommand(after)), line)
		settings := regexp.MustCompile(`\. /etc/otelaudit/(\S+\.env);`).FindStringSubmatch(command)
		require.NotNil(t, settings, line)
		checkVariables(t, command, read(t, "otelaudit-"+settings[1]))
		shell := exec.Command("sh", "-n", "-c", command)
		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
	}
	require.Equal(t, 3, jobs)
}

// TestCronReadsItsSettings runs each line as a user who owns nothing, with the
// files installed as the comments and docs/retention.md say.
func TestCronReadsItsSettings(t *testing.T) {
	_, err := exec.LookPath("flock")
	require.NoError(t, err, "the lines of cron use it: install util-linux")
	const nobody = 65534
	text := read(t, "otelaudit.cron")
	guide := read(t, "../../docs/retention.md")
	root, err := os.MkdirTemp("", "cron") //nolint:usetesting // no other user may enter that of the test
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(root)) })
	bin, settings, state := filepath.Join(root, "bin"), filepath.Join(root, "etc"), filepath.Join(root, "state")
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	for _, dir := range []string{root, bin, settings, state} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	program := "#!/bin/sh\necho \"$AUDIT_PRUNER_URL$AUDIT_AUDITOR_URL $*\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "otelaudit"), []byte(program), 0o755))
	installs := regexp.MustCompile(`install -m ([0-7]+) -g otelaudit (otelaudit-\S+\.env) /etc/otelaudit/(\S+)`).FindAllStringSubmatch(text, -1)
	require.Len(t, installs, 2)
	for _, install := range installs {
		require.Contains(t, guide, "install -m "+install[1]+" -g otelaudit config/retention/"+install[2])
		mode, err := strconv.ParseUint(install[1], 8, 32)
		require.NoError(t, err)
		require.Zero(t, mode&0o7, "others read no secret")
		path := filepath.Join(settings, install[3])
		require.NoError(t, os.WriteFile(path, []byte(read(t, install[2])), 0o600))
		if as != nil {
			require.NoError(t, os.Chown(path, 0, nobody))
			require.NoError(t, os.Chown(state, nobody, nobody))
		}
		require.NoError(t, os.Chmod(path, os.FileMode(mode)))
	}
	for _, line := range lines(text) {
		fields := strings.SplitN(line, " otelaudit ", 2)
		if len(fields) != 2 || strings.Contains(fields[0], "=") {
			continue
		}
		command := strings.NewReplacer("/etc/otelaudit", settings, "/var/lib/otelaudit", state, ">/dev/null", "").Replace(fields[1])
		shell := exec.Command("sh", "-c", command)
		shell.Env, shell.Dir, shell.SysProcAttr = []string{"PATH=" + bin + ":/usr/bin:/bin"}, "/", as
		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
		require.Contains(t, string(out), "?sslmode=verify-full ", line)
	}
}

// checkSchedule parses the five fields of a cron schedule.
func checkSchedule(schedule string) error {
	fields := strings.Fields(schedule)
	if len(fields) != 5 {
		return fmt.Errorf("%q has %d fields", schedule, len(fields))
	}
	for i, limits := range [][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}} {
		for part := range strings.SplitSeq(fields[i], ",") {
			if err := checkPart(part, limits); err != nil {
				return fmt.Errorf("%q: %w", schedule, err)
			}
		}
	}
	return nil
}

func checkPart(part string, limits [2]int) error {
	part, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > limits[1]) {
		return fmt.Errorf("step %q", step)
	}
	if part == "*" {
		return nil
	}
	low, high, ranged := strings.Cut(part, "-")
	if !ranged {
		high = low
	}
	from, err := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if err = errors.Join(err, err2); err != nil {
		return err
	}
	if from < limits[0] || to > limits[1] || from > to {
		return fmt.Errorf("%q is not within %d to %d", part, limits[0], limits[1])
	}
	return nil
}

func TestCheckScheduleFails(t *testing.T) {
	for _, good := range []string{"17 2 * * *", "*/5 0-6 1,15 * 7", "0 0 1 1 0"} {
		require.NoError(t, checkSchedule(good))
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "*/0 * * * *", "5-1 * * * *", "@daily"} {
		require.Error(t, checkSchedule(bad), bad)
	}
}

// unit is a systemd unit: values by section and name.
type unit map[string]map[string][]string

// parseUnit is strict: what systemd would skip with a warning is an error.
func parseUnit(text string, known map[string]string) (unit, error) {
	u, section := unit{}, ""
	for n, line := range lines(text) {
		if name, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(name, "]") {
			section = strings.TrimSuffix(name, "]")
			if known[section] == "" || u[section] != nil {
				return nil, fmt.Errorf("section %q", section)
			}
			u[section] = map[string][]string{}
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found || section == "" || strings.HasSuffix(line, `\`) || !slices.Contains(strings.Fields(known[section]), name) {
			return nil, fmt.Errorf("line %d: %q in section %q", n, line, section)
		}
		u[section][name] = append(u[section][name], value)
	}
	return u, nil
}

var (
	ofService = map[string]string{
		"Unit": "Description Documentation Wants After",
		"Service": "Type User Group EnvironmentFile ExecStart TimeoutStartSec TimeoutStopSec NoNewPrivileges CapabilityBoundingSet PrivateTmp " +
			"PrivateDevices ProtectHome ProtectSystem ReadWritePaths RestrictAddressFamilies StateDirectory StateDirectoryMode",
	}
	ofTimer = map[string]string{"Unit": "Description", "Timer": "OnCalendar Persistent RandomizedDelaySec", "Install": "WantedBy"}
)

func TestUnits(t *testing.T) {
	services, err := filepath.Glob("*.service")
	require.NoError(t, err)
	require.Len(t, services, 3)
	for _, name := range services {
		t.Run(name, func(t *testing.T) {
			service, err := parseUnit(read(t, name), ofService)
			require.NoError(t, err)
			s := service["Service"]
			require.Equal(t, []string{"oneshot"}, s["Type"])
			require.NotContains(t, []string{"", "root"}, strings.Join(s["User"], ""))
			for _, hardened := range []string{"NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"} {
				require.Equal(t, []string{"true"}, s[hardened], hardened)
			}
			require.Equal(t, []string{"strict"}, s["ProtectSystem"])
			require.Len(t, s["EnvironmentFile"], 1)
			base := strings.TrimSuffix(name, ".service")
			require.Equal(t, "otelaudit-"+filepath.Base(s["EnvironmentFile"][0]), base+".env")
			settings := read(t, base+".env")
			for _, command := range s["ExecStart"] {
				words := strings.Fields(command)
				if words[0] == "/bin/sh" {
					words = shellCommand(command)
				}
				require.NoError(t, checkCommand(words))
				checkVariables(t, command, settings)
			}
			timer, err := parseUnit(read(t, base+".timer"), ofTimer)
			require.NoError(t, err)
			require.Equal(t, []string{"true"}, timer["Timer"]["Persistent"])
			require.Equal(t, []string{"timers.target"}, timer["Install"]["WantedBy"])
		})
	}
	for _, bad := range []string{"[Unit\n", "[Lost]\n", "Type=oneshot\n", "[Service]\nType\n", "[Service]\nExecStrat=x\n", "[Unit]\n[Unit]\n", "[Service]\nExecStart=a \\\n"} {
		_, err := parseUnit(bad, ofService)
		require.Error(t, err, bad)
	}
}

// TestUnitsBySystemd asks systemd itself.
func TestUnitsBySystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	require.NoError(t, err, "'make systemd' installs it")
	executable, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	var units []string
	for _, pattern := range []string{"*.service", "*.timer"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range found {
			// It wants the program to be there.
			text := strings.ReplaceAll(read(t, name), "/usr/bin/otelaudit", executable)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			units = append(units, filepath.Join(dir, name))
		}
	}
	out, err := exec.Command(analyze, append([]string{"verify", "--man=no"}, units...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	for line := range strings.Lines(string(out)) {
		require.NotContains(t, line, dir, "a warning about one of our units")
	}
	for _, name := range units {
		timer, err := parseUnit(read(t, name), ofTimer)
		if err != nil {
			continue // a service
		}
		out, err := exec.Command(analyze, "calendar", timer["Timer"]["OnCalendar"][0]).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}
