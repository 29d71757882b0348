package cli

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// TestKeysScripts runs keygen and keys as a user types them, with a database of
// its own for each script.
func TestKeysScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/keys",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fill": fillStore, "mode": requireMode, "hash": keyHash, "chmod": changeMode,
		},
		Setup: func(env *testscript.Env) error {
			db := storetest.NewDatabase(t)
			env.Setenv("AUDIT_WRITER_URL", db.WriterURL)
			env.Setenv("AUDIT_READER_URL", db.ReaderURL)
			env.Setenv("AUDIT_AUDITOR_URL", db.AuditorURL)
			return writeBlocks(env.WorkDir, "../../docs/keys.md")
		},
	})
}

// shellBlock is a block of commands in a document.
var shellBlock = regexp.MustCompile("(?s)\n *```sh\n(.*?)\n *```\n")

// writeBlocks writes each block of commands of a document into a file, named
// after the document and numbered from 0.
func writeBlocks(dir, document string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(document), ".md")
	for i, block := range shellBlock.FindAllSubmatch(text, -1) {
		if err := os.WriteFile(filepath.Join(dir, name+strconv.Itoa(i)+".sh"), block[1], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// requireMode is `mode FILE OCTAL`.
func requireMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE OCTAL")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if mode := fmt.Sprintf("%04o", info.Mode().Perm()); mode != args[1] {
		ts.Fatalf("%s has mode %s", args[0], mode)
	}
}

// changeMode is `chmod OCTAL FILE`.
func changeMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: chmod OCTAL FILE")
	}
	mode, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	ts.Check(os.Chmod(ts.MkAbs(args[1]), os.FileMode(mode)))
}

// keyHash is `hash VARIABLE FILE`: the hash of the first key that signs.
func keyHash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hash VARIABLE FILE")
	}
	ring, err := keys.LoadRing(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Setenv(args[0], hashOf(ring.Public()[0]))
}

func hashOf(verifier string) string {
	_, rest, _ := strings.Cut(verifier, "+")
	hash, _, _ := strings.Cut(rest, "+")
	return hash
}

// drill is one store through a rotation of its key.
type drill struct {
	*testing.T
	db                  *storetest.Database
	key, trust, anchors string
	events              int
}

// run runs a command line that succeeds and returns what it printed.
func (d *drill) run(args ...string) string {
	d.Helper()
	var out, errs bytes.Buffer
	sys := &System{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Now: time.Now, Rand: rand.Reader, User: "alice"}
	require.Zero(d, Run(d.Context(), sys, args), "%v: %s", args, errs.String())
	return out.String()
}

// commit has a collector with the key file of now store an event of each tenant
// in a commit of its own.
func (d *drill) commit(tenants ...string) {
	d.Helper()
	ring, err := keys.LoadRing(d.key)
	require.NoError(d, err)
	anchors, err := anchor.Open(d.anchors)
	require.NoError(d, err)
	defer func() { require.NoError(d, anchors.Close()) }()
	config, err := pgurl.Parse(d.db.WriterURL, "drill")
	require.NoError(d, err)
	w := store.NewWriter(store.WriterOptions{
		Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now,
		Sealer: seal.New(seal.Options{Ring: ring, Anchors: anchors, Now: time.Now}),
	})
	defer w.Close()
	for _, tenant := range tenants {
		d.events++
		var encoder store.Encoder
		event, err := encoder.Encode(&record.Record{
			TenantID: tenant, EventID: "event-" + strconv.Itoa(d.events), Action: "invoice.create", Outcome: record.OutcomeSuccess,
			Actor: record.EmptyObject().Set("id", record.StringValue("alice")), TimeUnixNano: 1767225600123456789,
		}, "")
		require.NoError(d, err)
		outcomes := make([]store.Outcome, 1)
		require.NoError(d, w.Write(d.Context(), []*store.Event{&event}, outcomes))
		require.Equal(d, store.Stored, outcomes[0].Status, "%v", outcomes[0].Cause)
	}
}

// signatures counts the signatures on a tenant's newest commit.
func (d *drill) signatures(tenant string) int {
	d.Helper()
	count := -1
	log := &keyLog{database: databaseFlags{url: d.db.WriterURL, schema: "public"}}
	require.NoError(d, log.eachHead(d.Context(), &System{Getenv: os.Getenv}, time.Time{}, func(head string, _ time.Time, note []byte) error {
		if head == tenant {
			count = bytes.Count(note, []byte("\n— "))
		}
		return nil
	}))
	return count
}

// verify checks the store, and the anchors where they are wanted, with a trust
// file.
func (d *drill) verify(trustFile string, anchored bool) (*verify.Report, error) {
	d.Helper()
	trust, err := keys.LoadTrust(trustFile)
	require.NoError(d, err)
	var notes [][]byte
	if anchored {
		notes, err = anchor.ReadFile(d.anchors)
		require.NoError(d, err)
	}
	return verify.Store(d.Context(), verify.Options{
		Database: store.Options{URL: d.db.AuditorURL, Schema: "public"}, Trust: trust, Anchors: notes,
	})
}

func (d *drill) requireIntact(trustFile string) {
	d.Helper()
	report, err := d.verify(trustFile, true)
	require.NoError(d, err)
	require.Empty(d, report.Findings)
	require.Empty(d, report.Unchecked)
}

// TestRotationDrill is the procedure of docs/keys.md with what happens around
// it: tenants that write all the time, one that wakes up after the rotation, one
// that never does, and an auditor with a trust file from before.
func TestRotationDrill(t *testing.T) {
	dir := t.TempDir()
	d := &drill{
		T: t, db: storetest.NewDatabase(t),
		key: filepath.Join(dir, "log.key"), trust: filepath.Join(dir, "trust"), anchors: filepath.Join(dir, "anchors"),
	}
	files := []string{"--key", d.key, "--trust", d.trust, "--database-url", d.db.WriterURL}

	public := d.run("keygen", "--log", "audit.example.com/prod", "--out", d.key, "--trust", d.trust)
	old := hashOf(public)
	d.commit("acme", "wakes", "sleeps", "acme")
	require.Equal(t, 1, d.signatures("acme"))

	outdated := filepath.Join(dir, "outdated")
	text, err := os.ReadFile(d.trust)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(outdated, text, 0o600))

	d.run(append([]string{"keys", "rotate"}, files...)...)
	d.commit("acme", "acme")
	require.Equal(t, 2, d.signatures("acme"))
	require.Equal(t, 1, d.signatures("sleeps"))
	// While both sign, an auditor who has not got the new trust file notices nothing.
	d.requireIntact(outdated)
	d.requireIntact(d.trust)

	d.run(append([]string{"keys", "retire", old, "--alone-within", "1ns"}, files...)...)
	d.commit("acme", "wakes", "new")
	require.Equal(t, 1, d.signatures("acme"))
	require.Equal(t, 1, d.signatures("wakes"))
	require.Equal(t, 1, d.signatures("sleeps"))
	d.requireIntact(d.trust)

	// From then on, with the trust file of before, what the new key alone signed
	// is a forgery, and anchors of it are not believed: that is why the new one is
	// brought to auditors first.
	_, err = d.verify(outdated, true)
	require.ErrorIs(t, err, keys.ErrSignature)
	report, err := d.verify(outdated, false)
	require.NoError(t, err)
	require.NotEmpty(t, report.Findings)
	blamed := make(map[string]bool)
	for _, finding := range report.Findings {
		require.Equal(t, verify.CommitForged, finding.Kind, "%+v", finding)
		blamed[finding.Tenant] = true
	}
	require.Equal(t, map[string]bool{"acme": true, "wakes": true, "new": true, systemTenant: true}, blamed)

	// Both changes are events under the signature of the log they are about.
	d.run(append([]string{"keys", "record"}, files...)...)
	listed := d.run("list", "--tenant", systemTenant, "--format", "jsonl", "--database-url", d.db.ReaderURL)
	require.Equal(t, 2, strings.Count(listed, "\n"))
	require.Equal(t, 1, strings.Count(listed, actionKeyRotate))
	require.Equal(t, 1, strings.Count(listed, actionKeyRetire))
}
