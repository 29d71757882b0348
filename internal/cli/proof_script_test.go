package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// TestProofScripts runs the commands that make and verify evidence, each script
// on a database of its own.
func TestProofScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/proof",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fill": fillStore, "attack": attackStore, "journal": fillJournal, "flip": flipByte,
		},
		Setup: func(env *testscript.Env) error {
			db := storetest.NewDatabase(t)
			env.Setenv("AUDIT_WRITER_URL", db.WriterURL)
			env.Setenv("AUDIT_AUDITOR_URL", db.AuditorURL)
			env.Setenv("AUDIT_READER_URL", db.ReaderURL)
			env.Setenv("SUPER_URL", db.SuperURL)
			if err := writeKeys(env); err != nil {
				return err
			}
			return writeTrust(env)
		},
	})
}

// writeTrust makes the trust file NAME.trust of each key file NAME.key.
func writeTrust(env *testscript.Env) error {
	for _, name := range []string{"log", "imposter", "other"} {
		ring, err := keys.LoadRing(filepath.Join(env.WorkDir, name+".key"))
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%s\n%s %s - -\n", keys.TrustHeader, ring.Public()[0], ring.LogName())
		if err := os.WriteFile(filepath.Join(env.WorkDir, name+".trust"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fillJournal is `journal KEY DIR TENANT PREFIX COUNT`: a collector writes to
// the journal what `fill` writes to the store.
func fillJournal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: journal KEY DIR TENANT PREFIX COUNT")
	}
	count, err := strconv.Atoi(args[4])
	ts.Check(err)
	ring, err := keys.LoadRing(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.MkdirAll(ts.MkAbs(args[1]), 0o700))
	writer, err := journal.Open(journal.Options{Directory: ts.MkAbs(args[1]), Name: "journal", Ring: ring, Now: time.Now})
	ts.Check(err)
	defer func() { ts.Check(writer.Close()) }()
	var hasher journal.Hasher
	for n := range count {
		rec := &record.Record{
			TenantID: args[2], EventID: args[3] + strconv.Itoa(n), Action: "invoice.create", Outcome: record.OutcomeSuccess,
			Actor: record.EmptyObject().Set("id", record.StringValue("alice")), TimeUnixNano: 1767225600123456789,
		}
		entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
		ts.Check(err)
		_, err = writer.Append(context.Background(), []journal.Entry{entry})
		ts.Check(err)
	}
}

// flipByte is `flip FILE OFFSET`: one bit of the byte changes.
func flipByte(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	content[offset] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
}
