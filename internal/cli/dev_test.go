package cli

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/config"
)

// runFakeCollector stands in for otelcol-audit: it listens where the
// environment says, answers, and says goodbye on SIGTERM. The real one is run
// by the end-to-end tests.
func runFakeCollector() int {
	if os.Getenv("FAKE_COLLECTOR") == "dies" {
		fmt.Println("one line of the log")
		fmt.Println("cannot unmarshal the configuration")
		return 7
	}
	if os.Getenv("AUDIT_OWNER_URL") != "" || os.Getenv("AUDIT_WRITER_URL") == "" {
		fmt.Println("the collector gets the writer's login and no other")
		return 8
	}
	if _, err := os.Stat(os.Getenv("AUDIT_LOG_KEY_FILE")); err != nil {
		fmt.Println("the collector gets the key of the log:", err)
		return 8
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{}")
	})
	for _, variable := range []string{"AUDIT_HTTP_ENDPOINT", "AUDIT_GRPC_ENDPOINT", "AUDIT_HEALTH_ENDPOINT"} {
		l, err := net.Listen("tcp", os.Getenv(variable))
		if err != nil {
			fmt.Println(err)
			return 9
		}
		go http.Serve(l, answer) //nolint:errcheck // ends with the process
	}
	if os.Getenv("FAKE_COLLECTOR") == "dies later" {
		time.Sleep(2 * time.Second)
		fmt.Println("panic: something")
		return 2
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	fmt.Println("drained")
	return 0
}

// scriptCommands are what scripts of `dev` need besides testscript's own.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"await":    awaitText,
	"freeport": setFreePort,
}

// openToServer lets PostgreSQL's account walk into the script's directory when
// the tests run as root; otherwise `dev` would put its data elsewhere, where
// nobody removes them.
func openToServer(env *testscript.Env) error {
	for _, dir := range []string{filepath.Dir(env.WorkDir), env.WorkDir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// awaitText is `await FILE REGEXP`: it waits until the file has a line that
// matches.
func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	pattern := regexp.MustCompile("(?m)" + args[1])
	for range 1200 {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && pattern.Match(text) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(ts.MkAbs(args[0]))
	ts.Fatalf("no %s in %s:\n%s", args[1], args[0], text)
}

// setFreePort is `freeport NAME…`: it sets each variable to a free address.
func setFreePort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		ts.Check(l.Close())
	}
}

func TestShellQuote(t *testing.T) {
	assert.Equal(t, "/a/b-c_1.env", shellQuote("/a/b-c_1.env"))
	assert.Equal(t, "'/a b'", shellQuote("/a b"))
	assert.Equal(t, `'/a'\''b'`, shellQuote("/a'b"))
	assert.Equal(t, "''", shellQuote(""))
}

func TestTailOfALog(t *testing.T) {
	c := &childProcess{logPath: filepath.Join(t.TempDir(), "log")}
	assert.Empty(t, c.tail(3), "no log yet")
	for text, want := range map[string]string{
		"":               "",
		"one":            "one",
		"one\ntwo\n":     "one\ntwo",
		"1\n2\n3\n4\n\n": "2\n3\n4",
	} {
		require.NoError(t, os.WriteFile(c.logPath, []byte(text), 0o600))
		assert.Equal(t, want, string(c.tail(3)))
	}
}

func TestDialable(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:4318": "127.0.0.1:4318",
		"0.0.0.0:4318":   "127.0.0.1:4318",
		":4318":          "127.0.0.1:4318",
		"[::]:4318":      "127.0.0.1:4318",
		"[::1]:4318":     "[::1]:4318",
		"localhost:4318": "localhost:4318",
	} {
		assert.Equal(t, want, dialable(address), address)
	}
}

// TestTheBuiltInConfigurationListens: a variable that dev.yaml does not read
// would leave the collector on its default port.
func TestTheBuiltInConfigurationListens(t *testing.T) {
	for _, variable := range []string{
		"AUDIT_WRITER_URL", "AUDIT_HTTP_ENDPOINT", "AUDIT_GRPC_ENDPOINT", "AUDIT_HEALTH_ENDPOINT", "AUDIT_METRICS_HOST", "AUDIT_METRICS_PORT",
		"AUDIT_LOG_KEY_FILE", "AUDIT_ANCHOR_FILE", "AUDIT_JOURNAL_DIR", "AUDIT_JOURNAL_ANCHOR_FILE",
	} {
		assert.Regexp(t, `\$\{env:`+variable+`[:}]`, string(config.Dev))
	}
}
