package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// TestMain makes the test binary answer to the name otelaudit too, so that the
// scripts run the command as a process.
func TestMain(m *testing.M) {
	if os.Getenv(processEnv) != "" {
		os.Exit(runProcess())
	}
	testscript.Main(withDatabases{m}, map[string]func(){
		"otelaudit": func() { os.Exit(runProcess()) },
		// ids prints the event ids of a list, one per line.
		"ids":         func() { os.Exit(runIDs()) },
		collectorName: func() { os.Exit(runFakeCollector()) },
	})
}

// withDatabases stops the cluster of the database tests after the last one.
type withDatabases struct{ m *testing.M }

func (w withDatabases) Run() int { return storetest.Main(w.m) }

func runProcess() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	executable, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	return Run(ctx, &System{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ(), KeepOnBrokenPipe: func() { signal.Ignore(syscall.SIGPIPE) },
		Now: time.Now, Rand: rand.Reader, Executable: executable, User: "tester",
	}, os.Args[1:])
}

func runIDs() int {
	var out bytes.Buffer
	code := Run(context.Background(), &System{
		Stdin: os.Stdin, Stdout: &out, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now, Rand: rand.Reader,
	}, append([]string{"list", "--format", "jsonl"}, os.Args[1:]...))
	for line := range bytes.Lines(out.Bytes()) {
		var event struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 99
		}
		fmt.Println(event.ID)
	}
	return code
}

// TestScripts runs the command lines of testdata/script as a user types them.
// A fake collector answers at $COLLECTOR/<behavior> and appends each request
// it took to requests.jsonl.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                scriptCommands,
		Setup: func(env *testscript.Env) error {
			c := &fakeCollector{log: filepath.Join(env.WorkDir, "requests.jsonl")}
			server := httptest.NewServer(c)
			env.Defer(server.Close)
			env.Setenv("COLLECTOR", server.URL)
			return openToServer(env)
		},
	})
}

// fakeCollector answers as its path says and remembers what it was sent.
type fakeCollector struct {
	log string

	mu    sync.Mutex // guards tries, last and the log file
	tries int
	last  []byte
}

func (c *fakeCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || !json.Valid(body) {
		http.Error(w, "not JSON", http.StatusTeapot)
		return
	}
	c.tries++
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/ok/v1/logs":
		fmt.Fprint(w, `{"partialSuccess":{}}`)
	case "/busy/v1/logs": // takes the third try of one request
		if c.tries < 3 {
			c.last = body
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if !bytes.Equal(c.last, body) {
			http.Error(w, "another try, other bytes", http.StatusTeapot)
			return
		}
	case "/down/v1/logs":
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"code":14,"message":"audit: PostgreSQL is not reachable"}`)
		return
	case "/partial/v1/logs":
		fmt.Fprint(w, `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"one too many"}}`)
	case "/forged/v1/logs":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "no\x1b[31m\notelaudit: error: forged")
		return
	case "/token/v1/logs":
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	default:
		http.NotFound(w, r)
		return
	}
	f, err := os.OpenFile(c.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.Write(append(body, '\n')); err != nil {
		panic(err)
	}
}
