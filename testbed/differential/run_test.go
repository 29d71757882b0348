package differential

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// checkEvery is how many requests lie between two checks of the whole state. A
// worker of `go test -fuzz` has ten seconds for one input, the check included.
const checkEvery = 100

// spoolVariable names the directory where workers of `go test -fuzz` note what
// they gave since their last check.
const spoolVariable = "OTELAUDIT_FUZZ_SPOOL"

// run gives a chain the inputs of a fuzz target, and leaves none of them without
// a check of the whole state. Seeds are checked when the last one is through. A
// worker that fuzzes is killed two seconds after its time is up, which is too
// short for a check: what it gave last is given again by the process that started
// it, to a chain of that process's own.
type run struct {
	chain *chain
	spool *os.File // nil but in a worker
	given int
}

func newRun(f *testing.F) *run {
	f.Helper()
	r := &run{chain: newChain(f)}
	if flag.Lookup("test.fuzzworker").Value.String() == "true" {
		var err error
		r.spool, err = os.Create(filepath.Join(os.Getenv(spoolVariable), strconv.Itoa(os.Getpid())))
		require.NoError(f, err)
		return r
	}
	spools := f.TempDir()
	f.Setenv(spoolVariable, spools)
	f.Cleanup(func() {
		if f.Failed() {
			return // with an input that says more
		}
		again := r.giveAgain(f, spools)
		r.chain.check(f)
		f.Logf("the whole state holds after %d inputs, and %d that workers left", r.given, again)
	})
	return r
}

// give gives one input. What a worker gave stands in its spool before.
func (r *run) give(t *testing.T, request []byte) {
	t.Helper()
	if r.spool != nil {
		_, err := fmt.Fprintf(r.spool, "%x\n", request)
		require.NoError(t, err)
	}
	r.chain.give(t, request)
	r.given++
	if r.given%checkEvery > 0 {
		return
	}
	r.chain.check(t)
	if r.spool != nil {
		require.NoError(t, r.spool.Truncate(0))
		_, err := r.spool.Seek(0, 0)
		require.NoError(t, err)
	}
}

// giveAgain gives what workers noted and returns how many inputs that were.
func (r *run) giveAgain(f *testing.F, spools string) (inputs int) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(spools, "*"))
	require.NoError(f, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		for line := range bytes.Lines(text) {
			request, err := hex.DecodeString(string(bytes.TrimSuffix(line, []byte("\n"))))
			if err != nil || !bytes.HasSuffix(line, []byte("\n")) {
				continue // killed while it wrote
			}
			if _, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(request); err == nil {
				r.chain.give(f, request)
				inputs++
			}
		}
	}
	return inputs
}
