package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
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

// TestVerifyScripts runs verify on a signed store of two tenants and the journal
// beside it. Each script has a database of its own, which it may damage:
// `tamper SQL`.
func TestVerifyScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/verify",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			db := storetest.NewDatabase(t)
			plantSigned(t, db, env.WorkDir)
			env.Setenv("AUDIT_AUDITOR_URL", db.AuditorURL)
			env.Setenv("OTELAUDIT_TEST_SUPER_URL", db.SuperURL)
			return setURLs(env, db)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"tamper": tamper},
	})
}

// tamper runs SQL as a superuser to whom no trigger applies.
func tamper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tamper SQL")
	}
	conn, err := pgx.Connect(context.Background(), ts.Getenv("OTELAUDIT_TEST_SUPER_URL"))
	ts.Check(err)
	defer conn.Close(context.Background())
	for _, sql := range []string{"SET session_replication_role = replica", args[0]} {
		_, err := conn.Exec(context.Background(), sql)
		ts.Check(err)
	}
}

// signingKey is a key made from a word, and its line of a trust file.
func signingKey(t *testing.T, word string) (*keys.Ring, string) {
	t.Helper()
	seed := sha256.Sum256([]byte(word))
	private, public, err := keys.Generate(bytes.NewReader(seed[:]), "audit.example.com/test")
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	return ring, keys.TrustHeader + "\n" + public + " audit.example.com/test - -\n"
}

// plantSigned writes acme e-0 to e-9 in two commits and other e-0, and in dir:
// trust, other-trust, both (of two logs), anchors, other-anchors, mac, journal,
// journal2.
func plantSigned(t *testing.T, db *storetest.Database, dir string) {
	t.Helper()
	ring, trust := signingKey(t, "first")
	otherRing, otherTrust := signingKey(t, "second")
	for name, text := range map[string]string{"trust": trust, "other-trust": otherTrust, "garbage": "no trust\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	anchors, err := anchor.Open(filepath.Join(dir, "anchors"))
	require.NoError(t, err)
	config, err := pgurl.Parse(db.WriterURL, "test")
	require.NoError(t, err)
	w := store.NewWriter(store.WriterOptions{
		Connection: &config.Config, Schema: "public", Now: time.Now, Sealer: seal.New(seal.Options{Ring: ring, Anchors: anchors, Now: time.Now}),
	})
	defer w.Close()
	j, err := journal.Open(journal.Options{Directory: filepath.Join(dir, "journal"), Name: "journal", Ring: ring, Now: time.Now})
	require.NoError(t, err)
	var enc store.Encoder
	var hasher journal.Hasher
	for _, batch := range []struct {
		tenant   string
		from, to int
	}{{"acme", 0, 6}, {"acme", 6, 10}, {"other", 0, 1}} {
		var events []*store.Event
		var entries []journal.Entry
		for i := batch.from; i < batch.to; i++ {
			rec := &record.Record{
				TenantID: batch.tenant, EventID: fmt.Sprintf("e-%d", i), Action: "invoice.approve", Outcome: record.OutcomeSuccess,
				Actor: record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue("alice")), TimeUnixNano: 1_763_800_000_000_000_000,
			}
			event, err := enc.Encode(rec, "")
			require.NoError(t, err)
			events = append(events, &event)
			entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
			require.NoError(t, err)
			entries = append(entries, entry)
		}
		require.NoError(t, w.Write(t.Context(), events, make([]store.Outcome, len(events))))
		_, err := j.Append(t.Context(), entries)
		require.NoError(t, err)
	}
	require.NoError(t, anchors.Close())
	require.NoError(t, j.Close())
	second, err := journal.Open(journal.Options{Directory: filepath.Join(dir, "journal2"), Name: "second", Ring: ring, Now: time.Now})
	require.NoError(t, err)
	rec := &record.Record{TenantID: "acme", EventID: "s-0", Action: "a", Outcome: record.OutcomeSuccess, TimeUnixNano: 1}
	entry, err := hasher.NewEntry(rec.AppendCanonical(nil), "")
	require.NoError(t, err)
	_, err = second.Append(t.Context(), []journal.Entry{entry})
	require.NoError(t, err)
	require.NoError(t, second.Close())
	_, foreign, err := keys.Generate(bytes.NewReader(make([]byte, 32)), "audit.example.com/other")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "both"), []byte(trust+foreign+" audit.example.com/other - -\n"), 0o600))
	mac := "edge " + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mac"), []byte(mac), 0o600))
	note, err := otherRing.Sign("audit.example.com/test/t-822b33ad87c148a0a20a5ba7cd5ebcaa\n1\n0nKpDTwYPYK+Q7yYCDIGX2TGi58xvgMMyqwlq5KNF2I=\n")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other-anchors"), note, 0o600))
}
