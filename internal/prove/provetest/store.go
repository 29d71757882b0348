// Package provetest fills real stores with signed logs for the tests of proofs,
// bundles and reconciliation.
package provetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/record/recordtest"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// LogName is the log of these tests.
const LogName = "audit.example.com/test"

// Keys are a log's key with the trust file that believes it.
type Keys struct {
	Ring      *keys.Ring
	Trust     *keys.Trust
	KeyFile   string
	TrustFile string
}

// NewKeys makes the key that follows from a seed, in files of the test's.
func NewKeys(t testing.TB, seed string) Keys {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	private, public, err := keys.Generate(bytes.NewReader(sum[:]), LogName)
	require.NoError(t, err)
	k := Keys{KeyFile: filepath.Join(t.TempDir(), "log.key"), TrustFile: filepath.Join(t.TempDir(), "trust")}
	require.NoError(t, os.WriteFile(k.KeyFile, []byte(private+"\n"), 0o600))
	require.NoError(t, os.WriteFile(k.TrustFile, fmt.Appendf(nil, "%s\n%s %s - -\n", keys.TrustHeader, public, LogName), 0o600))
	k.Ring, err = keys.LoadRing(k.KeyFile)
	require.NoError(t, err)
	k.Trust, err = keys.LoadTrust(k.TrustFile)
	require.NoError(t, err)
	return k
}

// Store writes to a test's database as a collector does.
type Store struct {
	Keys
	Database *storetest.Database

	writer *store.Writer
}

// NewStore returns a store of an empty database.
func NewStore(t testing.TB, k Keys) *Store {
	t.Helper()
	db := storetest.NewDatabase(t)
	config, err := pgurl.Parse(db.WriterURL, "test")
	require.NoError(t, err)
	s := &Store{Keys: k, Database: db, writer: store.NewWriter(store.WriterOptions{
		Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now,
		Sealer: seal.New(seal.Options{Ring: k.Ring, Now: time.Now}),
	})}
	t.Cleanup(s.writer.Close)
	return s
}

// Write commits records in one transaction. They are normalized and given an id
// where they have none.
func (s *Store) Write(t testing.TB, records ...*record.Record) {
	t.Helper()
	var encoder store.Encoder
	events := make([]*store.Event, len(records))
	for i, rec := range records {
		require.Nil(t, rec.Normalize())
		if rec.EventID == "" {
			rec.EventID = rec.DeriveEventID()
		}
		event, err := encoder.Encode(rec, "")
		require.NoError(t, err)
		events[i] = &event
	}
	outcomes := make([]store.Outcome, len(events))
	require.NoError(t, s.writer.Write(t.Context(), events, outcomes))
	for i, outcome := range outcomes {
		require.Equal(t, store.Stored, outcome.Status, "event %d: %v", i, outcome)
	}
}

// Arbitrary returns a record of a tenant with awkward content, whose id is its
// number.
func Arbitrary(random *rand.Rand, tenant string, number int) *record.Record {
	rec := recordtest.Arbitrary(random)
	rec.TenantID, rec.EventID, rec.IdempotencyKey = tenant, fmt.Sprintf("%s-%d", tenant, number), ""
	return rec
}

// Fill commits n arbitrary records of a tenant, numbered from first on, in
// commits of at most 20.
func (s *Store) Fill(t testing.TB, random *rand.Rand, tenant string, first, n int) []*record.Record {
	t.Helper()
	var all []*record.Record
	for len(all) < n {
		batch := make([]*record.Record, min(1+random.IntN(20), n-len(all)))
		for i := range batch {
			batch[i] = Arbitrary(random, tenant, first+len(all)+i)
		}
		s.Write(t, batch...)
		all = append(all, batch...)
	}
	return all
}

// Scanner opens the store as the reader role, for one tenant, or as an auditor
// for all.
func (s *Store) Scanner(t testing.TB, tenant string) *store.Scanner {
	t.Helper()
	url := s.Database.ReaderURL
	if tenant == "" {
		url = s.Database.AuditorURL
	}
	scanner, err := store.OpenScanner(t.Context(), store.Options{URL: url}, tenant)
	require.NoError(t, err)
	t.Cleanup(scanner.Close)
	return scanner
}
