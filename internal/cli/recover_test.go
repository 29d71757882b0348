package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// TestRecoverScripts runs recover on stores that went back, were never signed or
// were edited. Each script has a database of its own, filled by `fill`.
func TestRecoverScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/recover",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fill": fillStore, "refused": writesRefused, "attack": attackStore, "journal": runJournalWriter,
		},
		Setup: func(env *testscript.Env) error {
			db := storetest.NewDatabase(t)
			env.Setenv("AUDIT_WRITER_URL", db.WriterURL)
			env.Setenv("AUDITOR_URL", db.AuditorURL)
			env.Setenv("AUDIT_READER_URL", db.ReaderURL)
			env.Setenv("SUPER_URL", db.SuperURL)
			return writeKeys(env)
		},
	})
}

// writeKeys makes log.key, imposter.key of the same log and other.key of another.
func writeKeys(env *testscript.Env) error {
	for file, name := range map[string]string{"log.key": "audit.example.com/test", "imposter.key": "audit.example.com/test", "other.key": "audit.example.com/other"} {
		private, _, err := keys.Generate(rand.Reader, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(env.WorkDir, file), []byte(private+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// collectorOf is what a collector of the script writes with: the key, its anchor
// file, or neither where integrity is off.
func collectorOf(ts *testscript.TestScript, key, anchors string) (sealer store.Sealer, remove func()) {
	if key == "off" {
		return nil, func() {}
	}
	ring, err := keys.LoadRing(ts.MkAbs(key))
	ts.Check(err)
	file, err := anchor.Open(ts.MkAbs(anchors))
	ts.Check(err)
	return seal.New(seal.Options{Ring: ring, Anchors: file, Now: time.Now}), func() { ts.Check(file.Close()) }
}

// write stores count events of a tenant, in commits of two, and returns what the
// writer was told last.
func write(ts *testscript.TestScript, sealer store.Sealer, tenant, first string, count int) store.Outcome {
	config, err := pgurl.Parse(ts.Getenv("AUDIT_WRITER_URL"), "test")
	ts.Check(err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Sealer: sealer, Now: time.Now})
	defer w.Close()
	var last store.Outcome
	for i := 0; i < count; i += 2 {
		var events []*store.Event
		for n := i; n < min(i+2, count); n++ {
			var encoder store.Encoder
			event, err := encoder.Encode(&record.Record{
				TenantID: tenant, EventID: first + strconv.Itoa(n), Action: "invoice.create", Outcome: record.OutcomeSuccess,
				Actor: record.EmptyObject().Set("id", record.StringValue("alice")), TimeUnixNano: 1767225600123456789,
			}, "")
			ts.Check(err)
			events = append(events, &event)
		}
		outcomes := make([]store.Outcome, len(events))
		ts.Check(w.Write(context.Background(), events, outcomes))
		last = outcomes[0]
	}
	return last
}

// fillStore is `fill KEY|off ANCHORS TENANT PREFIX COUNT`: a collector writes.
func fillStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: fill KEY|off ANCHORS TENANT PREFIX COUNT")
	}
	count, err := strconv.Atoi(args[4])
	ts.Check(err)
	sealer, remove := collectorOf(ts, args[0], args[1])
	defer remove()
	if outcome := write(ts, sealer, args[2], args[3], count); outcome.Status != store.Stored {
		ts.Fatalf("not stored: %v %v", outcome.Status, outcome.Cause)
	}
}

// runJournalWriter is `[!] journal KEY DIR ANCHORS COUNT`: a collector writes a
// journal, or with ! may not.
func runJournalWriter(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: [!] journal KEY DIR ANCHORS COUNT")
	}
	count, err := strconv.Atoi(args[3])
	ts.Check(err)
	ring, err := keys.LoadRing(ts.MkAbs(args[0]))
	ts.Check(err)
	file, err := anchor.Open(ts.MkAbs(args[2]))
	ts.Check(err)
	defer file.Close()
	w, err := journal.Open(journal.Options{Directory: ts.MkAbs(args[1]), Name: "journal", Ring: ring, Anchors: file, Now: time.Now})
	if neg {
		if err == nil {
			ts.Fatalf("opened a journal that is behind or damaged")
		}
		return
	}
	ts.Check(err)
	defer func() { ts.Check(w.Close()) }()
	_, before := w.Head()
	var hasher journal.Hasher
	for n := range count {
		rec := &record.Record{
			TenantID: "acme", EventID: fmt.Sprintf("j-%d", before+int64(n)), Action: "invoice.create", Outcome: record.OutcomeSuccess,
			Actor: record.EmptyObject().Set("id", record.StringValue("alice")), TimeUnixNano: 1767225600123456789,
		}
		entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
		ts.Check(err)
		_, err = w.Append(context.Background(), []journal.Entry{entry})
		ts.Check(err)
	}
}

// writesRefused is `refused KEY ANCHORS TENANT REASON`: a collector is refused.
func writesRefused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: refused KEY ANCHORS TENANT REASON")
	}
	sealer, remove := collectorOf(ts, args[0], args[1])
	defer remove()
	outcome := write(ts, sealer, args[2], "refused-", 1)
	if outcome.Status != store.Refused || seal.Reason(outcome.Cause) != args[3] {
		ts.Fatalf("%v: %v", outcome.Status, outcome.Cause)
	}
}

// attackStore is `attack SQL`: somebody who can switch triggers off.
func attackStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: attack SQL")
	}
	ts.Check(ts.Exec("psql", ts.Getenv("SUPER_URL"), "-qAt", "-v", "ON_ERROR_STOP=1",
		"-c", "SET session_replication_role = replica", "-c", args[0]))
}

func TestSystemEventNeedsItsOwnLog(t *testing.T) {
	db := storetest.NewDatabase(t)
	private, _, err := keys.Generate(rand.Reader, "audit.example.com/test")
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	sys := &System{Now: time.Now, User: "alice"}
	event := func() *record.Record {
		rec := newSystemRecord(sys, "audit.key.rotate", time.Unix(1767225600, 0))
		rec.Payload = record.EmptyObject().Set("key", record.StringValue("audit.example.com/test+01234567"))
		return rec
	}
	require.NoError(t, writeSystemEvent(t.Context(), sys, db.WriterURL, ring, nil, event()))
	require.NoError(t, writeSystemEvent(t.Context(), sys, db.WriterURL, ring, nil, event()), "the same again is a duplicate")

	rec := event()
	rec.EventID, rec.Reason = "taken", "first"
	require.NoError(t, writeSystemEvent(t.Context(), sys, db.WriterURL, ring, nil, rec))
	rec = event()
	rec.EventID, rec.Reason = "taken", "second"
	require.ErrorContains(t, writeSystemEvent(t.Context(), sys, db.WriterURL, ring, nil, rec), "another event of the tenant _system has the id taken")

	// Checkpoints of a store that had more than this one.
	note, err := ring.Sign("audit.example.com/test/" + systemStream() + "\n9\n" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	require.NoError(t, err)
	err = writeSystemEvent(t.Context(), sys, db.WriterURL, ring, [][]byte{note}, newSystemRecord(sys, "audit.key.retire", time.Unix(1767225601, 0)))
	require.ErrorContains(t, err, "the store has gone back")
	require.ErrorContains(t, writeSystemEvent(t.Context(), sys, db.ReaderURL, ring, nil, event()), "may not write audit events")

	reader, err := store.Connect(t.Context(), store.Options{URL: db.ReaderURL})
	require.NoError(t, err)
	defer reader.Close()
	page, err := reader.List(t.Context(), systemTenant, store.Filter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page.Events, 2)
	for _, e := range page.Events {
		require.Equal(t, "alice", e.Record.ActorID())
		require.Equal(t, "user", e.Record.ActorType())
	}
}

// systemStream is the hash of the system tenant's name in an origin.
func systemStream() string {
	return "t-" + fmt.Sprintf("%x", sha256.Sum256([]byte(systemTenant)))[:32]
}
