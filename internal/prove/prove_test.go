package prove_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/prove/provetest"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func execute(t testing.TB, url, statement string, arguments ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	_, err = conn.Exec(t.Context(), statement, arguments...)
	require.NoError(t, err)
}

// asAttacker runs SQL as somebody who may do everything, triggers off.
func asAttacker(t testing.TB, s *provetest.Store, statement string, arguments ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Database.SuperURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	_, err = conn.Exec(t.Context(), "SET session_replication_role = replica")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), statement, arguments...)
	require.NoError(t, err)
}

// Every event of logs of many sizes is proven against any commit that holds it,
// by a login that reads that tenant alone.
func TestEveryEventIsProven(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 2, 3, 7, 8, 33, 100} {
		tenant := fmt.Sprintf("tenant-%d", size)
		records := s.Fill(t, random, tenant, 0, size)
		scanner := s.Scanner(t, tenant)
		commits, err := scanner.Commits(t.Context(), store.LogName{Tenant: tenant}, 0, merkle.MaxSize, 1000)
		require.NoError(t, err)
		seen := make(map[int64]bool)
		for _, rec := range records {
			newest, err := prove.Event(t.Context(), scanner, tenant, rec.EventID, 0)
			require.NoError(t, err)
			seen[newest.Proof.Index] = true
			for _, commit := range commits {
				proven, err := prove.Event(t.Context(), scanner, tenant, rec.EventID, commit.Size)
				if commit.Size <= newest.Proof.Index {
					require.ErrorIs(t, err, prove.ErrNoCommit)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, rec.AppendCanonical(nil), proven.Canonical)
				verified, err := prove.VerifyInclusion(k.Trust, proven.Proof.Marshal(), append(proven.Canonical, '\n'))
				require.NoError(t, err)
				require.Equal(t, newest.Proof.Index, verified.Index)
				require.Equal(t, commit.Size, verified.Checkpoint.Size)
				require.True(t, commit.RecordedAt.Equal(verified.SignedAt()))
				require.Equal(t, merkle.TenantOrigin(provetest.LogName, tenant, 0), verified.Checkpoint.Origin)
			}
		}
		require.Len(t, seen, size)
	}
}

func TestEveryBitOfAProofCounts(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	random := rand.New(rand.NewPCG(3, 4))
	records := s.Fill(t, random, "acme", 0, 21)
	scanner := s.Scanner(t, "acme")
	proven, err := prove.Event(t.Context(), scanner, "acme", records[7].EventID, 0)
	require.NoError(t, err)
	proof := proven.Proof.Marshal()
	for i := range proof {
		for bit := range 8 {
			changed := bytes.Clone(proof)
			changed[i] ^= 1 << bit
			_, err := prove.VerifyInclusion(k.Trust, changed, proven.Canonical)
			require.Error(t, err, "byte %d, bit %d of\n%s", i, bit, changed)
		}
		_, err := prove.VerifyInclusion(k.Trust, proof[:i], proven.Canonical)
		require.Error(t, err)
	}
	for i := range proven.Canonical {
		for bit := range 8 {
			changed := bytes.Clone(proven.Canonical)
			changed[i] ^= 1 << bit
			_, err := prove.VerifyInclusion(k.Trust, proof, changed)
			require.Error(t, err, "byte %d, bit %d of\n%s", i, bit, changed)
		}
	}
	_, err = prove.VerifyInclusion(provetest.NewKeys(t, "b").Trust, proof, proven.Canonical)
	require.ErrorIs(t, err, keys.ErrSignature)
}

// An auditor's Scanner of all tenants finds an event of any; what can only be
// answered of one tenant is an error there and not "not found".
func TestAScannerOfAllTenantsProvesToo(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	random := rand.New(rand.NewPCG(1, 2))
	s.Fill(t, random, "other", 0, 3)
	rec := s.Fill(t, random, "acme", 0, 5)[2]
	scanner := s.Scanner(t, "")
	proven, err := prove.Event(t.Context(), scanner, "acme", rec.EventID, 0)
	require.NoError(t, err)
	require.EqualValues(t, 2, proven.Proof.Index)
	_, err = prove.Event(t.Context(), s.Scanner(t, "other"), "acme", rec.EventID, 0)
	require.NoError(t, err, "this login reads every tenant, one at a time")
	_, _, err = scanner.Locate(t.Context(), "acme", rec.EventID)
	require.ErrorIs(t, err, store.ErrOtherTenant)
	_, err = scanner.Find(t.Context(), "acme", []string{rec.EventID})
	require.ErrorIs(t, err, store.ErrOtherTenant)
}

func TestAnEventIsNotProvenInAnotherTenantsLog(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	random := rand.New(rand.NewPCG(5, 6))
	s.Fill(t, random, "acme", 0, 3)
	other := s.Fill(t, random, "other", 0, 3)
	_, err := prove.Event(t.Context(), s.Scanner(t, "acme"), "acme", other[0].EventID, 0)
	require.ErrorIs(t, err, store.ErrNotFound)
	// An auditor sees both, and still one tenant's at a time.
	_, err = prove.Event(t.Context(), s.Scanner(t, ""), "acme", other[0].EventID, 0)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestAStoreThatContradictsItsLogProvesNothing(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	for name, statement := range map[string]string{
		"an edited column":    `UPDATE audit_events SET reason = 'nothing to see' WHERE event_id = 'acme-5'`,
		"and leaf":            `UPDATE audit_events SET reason = 'x', leaf_hash = sha256('x') WHERE event_id = 'acme-5'`,
		"another leaf":        `UPDATE audit_events SET leaf_hash = sha256('x') WHERE event_id <> 'acme-5'`,
		"missing neighbors":   `DELETE FROM audit_events WHERE event_id <> 'acme-5'`,
		"edited frontiers":    `UPDATE audit_commits SET frontier = (SELECT string_agg(sha256('x'), '') FROM generate_series(1, octet_length(frontier) / 32))`,
		"another's note":      `UPDATE audit_commits SET note = replace(note, 'prod', 'test')`,
		"note of another":     `UPDATE audit_commits AS c SET note = o.note FROM audit_commits AS o WHERE c.tenant_id = 'acme' AND o.tenant_id = 'other'`,
		"moved to another id": `UPDATE audit_event_ids SET seq = seq + 1 WHERE id = 'acme-5' AND seq < 20`,
	} {
		t.Run(name, func(t *testing.T) {
			s := provetest.NewStore(t, k)
			random := rand.New(rand.NewPCG(7, 8))
			s.Fill(t, random, "acme", 0, 21)
			s.Fill(t, random, "other", 0, 21)
			scanner := s.Scanner(t, "acme")
			proven, err := prove.Event(t.Context(), scanner, "acme", "acme-5", 0)
			require.NoError(t, err)
			if name == "another's note" {
				statement = fmt.Sprintf(`UPDATE audit_commits SET note = replace(note, '%s', 'audit.example.com/evil')`, provetest.LogName)
			}
			asAttacker(t, s, statement)
			proven, err = prove.Event(t.Context(), scanner, "acme", "acme-5", 0)
			if err == nil { // whose signature it is, is for the verifier
				_, err = prove.VerifyInclusion(k.Trust, proven.Proof.Marshal(), proven.Canonical)
				require.ErrorIs(t, err, keys.ErrSignature)
				return
			}
			require.ErrorIs(t, err, prove.ErrEvidence)
		})
	}
}

func TestALogIsProvenToHaveGrown(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	random := rand.New(rand.NewPCG(9, 10))
	scanner := s.Scanner(t, "acme")
	name := store.LogName{Tenant: "acme"}
	var notes [][]byte
	for i := range 12 {
		s.Fill(t, random, "acme", i*17, 17)
		commits, err := scanner.Commits(t.Context(), name, 0, merkle.MaxSize, 1000)
		require.NoError(t, err)
		notes = notes[:0]
		for _, commit := range commits {
			notes = append(notes, commit.Note)
		}
	}
	for i, note := range notes {
		old, err := anchor.Unverified(note)
		require.NoError(t, err)
		proof, now, err := prove.Growth(t.Context(), scanner, "acme", old)
		require.NoError(t, err)
		require.EqualValues(t, 204, now.Size)
		file := proof.Marshal()
		gotOld, gotNew, err := prove.VerifyConsistency(k.Trust, file, note)
		require.NoError(t, err)
		require.Equal(t, old, gotOld)
		require.Equal(t, now, gotNew)
		again, err := prove.ParseConsistency(file)
		require.NoError(t, err)
		require.Equal(t, file, again.Marshal())
		if i > 0 {
			_, _, err = prove.VerifyConsistency(k.Trust, file, notes[i-1])
			require.ErrorIs(t, err, merkle.ErrProof)
		}
		if i == len(notes)/2 {
			flipEveryBit(t, k, file, note)
		}
	}
}

func flipEveryBit(t *testing.T, k provetest.Keys, file, note []byte) {
	t.Helper()
	for i := range file {
		for bit := range 8 {
			changed := bytes.Clone(file)
			changed[i] ^= 1 << bit
			_, _, err := prove.VerifyConsistency(k.Trust, changed, note)
			require.Error(t, err, "byte %d, bit %d of\n%s", i, bit, changed)
		}
	}
}

func TestAStoreThatWentBackIsSaidSo(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	before, after := provetest.NewStore(t, k), provetest.NewStore(t, k)
	before.Fill(t, rand.New(rand.NewPCG(1, 1)), "acme", 0, 40)
	after.Fill(t, rand.New(rand.NewPCG(2, 2)), "acme", 0, 80) // the same tenant, another history
	old := newest(t, before, "acme")
	_, _, err := prove.Growth(t.Context(), after.Scanner(t, "acme"), "acme", old)
	require.ErrorIs(t, err, prove.ErrFork)
	_, _, err = prove.Growth(t.Context(), before.Scanner(t, "acme"), "acme", newest(t, after, "acme"))
	require.ErrorIs(t, err, prove.ErrBehind)
	require.ErrorContains(t, err, "has 40 entries, the checkpoint 80")
	empty := provetest.NewStore(t, k)
	_, _, err = prove.Growth(t.Context(), empty.Scanner(t, "acme"), "acme", old)
	require.ErrorIs(t, err, prove.ErrBehind)
	_, _, err = prove.Growth(t.Context(), before.Scanner(t, "other"), "other", old)
	require.ErrorIs(t, err, prove.ErrFork)
}

func newest(t *testing.T, s *provetest.Store, tenant string) merkle.Checkpoint {
	t.Helper()
	commit, err := prove.Commit(t.Context(), s.Scanner(t, tenant), store.LogName{Tenant: tenant}, 0)
	require.NoError(t, err)
	c, err := s.Trust.Checkpoint(commit.Note)
	require.NoError(t, err)
	return c
}

func TestWithoutSignaturesNothingIsProven(t *testing.T) {
	k := provetest.NewKeys(t, "a")
	s := provetest.NewStore(t, k)
	records := s.Fill(t, rand.New(rand.NewPCG(1, 1)), "acme", 0, 4)
	execute(t, s.Database.SuperURL, "ALTER TABLE audit_commits DISABLE TRIGGER ALL")
	execute(t, s.Database.SuperURL, "UPDATE audit_commits SET note = NULL, root = NULL, frontier = NULL")
	_, err := prove.Event(t.Context(), s.Scanner(t, "acme"), "acme", records[0].EventID, 0)
	require.ErrorIs(t, err, prove.ErrUnsigned)
}

func FuzzParseConsistency(f *testing.F) {
	f.Add([]byte("old 3\nu8xolRrVSQUPdeWuLYmGr39/mJG0uBzDcmmo3UTEha4=\n\nlog\n3\n"))
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		parsed, err := prove.ParseConsistency(file)
		if err != nil {
			return
		}
		require.Equal(t, file, parsed.Marshal())
	})
}
