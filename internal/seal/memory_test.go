package seal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
)

// commit is what a store confirms of a tenant, at this size.
func commit(t testing.TB, s *seal.Sealer, tenant string, size int) store.Commit {
	t.Helper()
	head := store.Head{TenantID: tenant}
	at := time.UnixMicro(int64(1_763_800_000_000_000 + size)).UTC()
	sealed, err := s.Seal(&head, at, make([][32]byte, size))
	require.NoError(t, err)
	return store.Commit{TenantID: tenant, Size: int64(size), RecordedAt: at, Seal: sealed}
}

// What is forgotten in memory is looked up in the anchor file.
func TestMoreTenantsThanMemory(t *testing.T) {
	t.Parallel()
	for _, anchored := range []bool{true, false} {
		t.Run(fmt.Sprintf("anchored=%t", anchored), func(t *testing.T) {
			t.Parallel()
			opts := seal.Options{Ring: ring(t, "one"), Now: time.Now, MaxKnown: 10}
			if anchored {
				file, err := anchor.Open(filepath.Join(t.TempDir(), "anchors"))
				require.NoError(t, err)
				defer func() { require.NoError(t, file.Close()) }()
				opts.Anchors = file
			}
			s := seal.New(opts)
			const tenants = 100
			for i := range tenants {
				s.Committed([]store.Commit{commit(t, s, strconv.Itoa(i), 1+i)})
			}
			known := 0
			for i := range tenants {
				at := s.Known(strconv.Itoa(i))
				if at.Size == 0 {
					continue
				}
				known++
				require.Equal(t, int64(1+i), at.Size)
				require.Equal(t, commit(t, s, "", 1+i).Seal.Root, at.Root[:])
			}
			if anchored {
				require.Equal(t, tenants, known)
			} else {
				require.Equal(t, 10, known)
			}
		})
	}
}

// A commit that is told of late takes nothing back.
func TestKnownNeverGoesBack(t *testing.T) {
	t.Parallel()
	s := seal.New(seal.Options{Ring: ring(t, "one"), Now: time.Now})
	newer, older := commit(t, s, "acme", 9), commit(t, s, "acme", 4)
	s.Committed([]store.Commit{newer})
	s.Committed([]store.Commit{older})
	require.Equal(t, int64(9), s.Known("acme").Size)
	older.Epoch = 1
	s.Committed([]store.Commit{older})
	newer.Size = 100
	s.Committed([]store.Commit{newer})
	require.Equal(t, int64(4), s.Known("acme").Size)
	require.Equal(t, int32(1), s.Known("acme").Epoch)
}

// Sealing is not committing.
func TestOnlyCommitsAreKnown(t *testing.T) {
	t.Parallel()
	s := seal.New(seal.Options{Ring: ring(t, "one"), Now: time.Now, CollectChanges: true})
	commit(t, s, "acme", 9)
	require.Zero(t, s.Known("acme").Size)
	require.Empty(t, s.Changes(10))
	require.Zero(t, s.Unanchored())
}

func TestAnchorsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "anchors")
	file, err := anchor.Open(path)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	told := &observed{}
	now := time.Unix(1_763_800_000, 0)
	s := seal.New(seal.Options{Ring: ring(t, "one"), Anchors: file, Observer: told, Now: func() time.Time { return now }})
	s.Committed([]store.Commit{commit(t, s, "acme", 1)})
	require.NoError(t, s.Flush())
	require.Zero(t, s.Unanchored())

	good, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(good, 'x'), 0o600))
	s.Committed([]store.Commit{commit(t, s, "acme", 2), commit(t, s, "globex", 1)})
	now = now.Add(time.Minute)
	s.Committed([]store.Commit{commit(t, s, "acme", 3)})
	require.Len(t, told.anchorFailed, 2)
	require.ErrorIs(t, told.anchorFailed[0], anchor.ErrChanged)
	require.ErrorIs(t, s.Flush(), anchor.ErrChanged)
	require.Equal(t, time.Minute, s.Unanchored())
	require.Equal(t, int64(3), s.Known("acme").Size, "it is known all the same")

	require.NoError(t, os.WriteFile(path, good, 0o600))
	require.NoError(t, s.Flush())
	require.Zero(t, s.Unanchored())
	notes, err := anchor.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, notes, 3, "acme at 1 and 3, globex at 1")
}

// Changes are the newest of each log, once, and without a file they are what
// anchors.
func TestChanges(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_763_800_000, 0)
	s := seal.New(seal.Options{Ring: ring(t, "one"), Now: func() time.Time { return now }, CollectChanges: true})
	for size := 1; size <= 3; size++ {
		s.Committed([]store.Commit{commit(t, s, "acme", size), commit(t, s, "globex", size)})
	}
	now = now.Add(time.Second)
	require.Equal(t, time.Second, s.Unanchored())
	first, second := s.Changes(1), s.Changes(1)
	require.Len(t, first, 1)
	require.Len(t, second, 1)
	require.Empty(t, s.Changes(1))
	require.Zero(t, s.Unanchored())
	var origins []string
	for _, note := range append(first, second...) {
		c, err := anchor.Unverified(note)
		require.NoError(t, err)
		require.Equal(t, int64(3), c.Size)
		origins = append(origins, c.Origin)
	}
	assert.ElementsMatch(t, []string{merkle.TenantOrigin(logName, "acme", 0), merkle.TenantOrigin(logName, "globex", 0)}, origins)
}

// Without any anchor every commit waits for one.
func TestWithoutAnchorsNothingIsAnchored(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_763_800_000, 0)
	s := seal.New(seal.Options{Ring: ring(t, "one"), Now: func() time.Time { return now }})
	s.Committed([]store.Commit{commit(t, s, "acme", 1)})
	now = now.Add(time.Hour)
	s.Committed([]store.Commit{commit(t, s, "acme", 2)})
	require.NoError(t, s.Flush())
	require.Equal(t, time.Hour, s.Unanchored())
}

// BenchmarkSeal is what integrity costs a tenant in a transaction, without SQL:
// the check of a head that another process left, or this one, and the signature.
func BenchmarkSeal(b *testing.B) {
	at := time.UnixMicro(1_763_800_000_000_000).UTC()
	fresh := func() *seal.Sealer { return seal.New(seal.Options{Ring: ring(b, "one"), Now: time.Now}) }
	s := fresh()
	first := commit(b, s, "acme", 1_000_003)
	head := store.Head{
		TenantID: "acme", Size: first.Size, RecordedAt: first.RecordedAt,
		Root: first.Seal.Root, Frontier: first.Seal.Frontier, Note: first.Seal.Note,
	}
	b.Run("check/foreign", func(b *testing.B) {
		sealers := make([]*seal.Sealer, b.N)
		for i := range sealers {
			sealers[i] = fresh()
		}
		b.ResetTimer()
		for i := range b.N {
			if err := sealers[i].Check(&head); err != nil {
				b.Fatal(err)
			}
		}
	})
	s.Committed([]store.Commit{first})
	b.Run("check/ours", func(b *testing.B) {
		for range b.N {
			if err := s.Check(&head); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, events := range []int{1, 1000} {
		leaves := make([][32]byte, events)
		b.Run(fmt.Sprintf("sign/events=%d", events), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := s.Seal(&head, at, leaves); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	file, err := anchor.Open(filepath.Join(b.TempDir(), "anchors"))
	require.NoError(b, err)
	b.Cleanup(func() { _ = file.Close() })
	for _, anchors := range []*anchor.File{nil, file} {
		s := seal.New(seal.Options{Ring: ring(b, "one"), Anchors: anchors, Now: time.Now})
		next := commit(b, s, "acme", 1)
		b.Run(fmt.Sprintf("committed/anchored=%t", anchors != nil), func(b *testing.B) {
			notes := make([][]byte, b.N)
			for i := range notes {
				notes[i] = commitNote(b, int64(i)+next.Size+1)
			}
			b.ResetTimer()
			for i := range b.N {
				next.Size++
				next.Seal.Note = notes[i]
				s.Committed([]store.Commit{next})
			}
		})
	}
}

// commitNote looks like a signed checkpoint, for the anchor file.
func commitNote(t testing.TB, size int64) []byte {
	t.Helper()
	c := merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, "acme", 0), Size: size, RecordedAt: time.UnixMicro(1).UTC()}
	return []byte(c.Text() + "\n— " + logName + " Az3grlgdsNRUmQL1NyTL8WK9FvsAzc0NUSFSNdq3AJWkCcHmZtOl0gHp8MkTKtTRNjzHbBIZwbyMEO2hd6kkQqCbSAE=\n")
}
