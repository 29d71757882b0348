package seal_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
)

// BenchmarkCommit is all that a Sealer does for a transaction of one tenant: the
// time by which signatures lengthen it, beside what PostgreSQL does.
func BenchmarkCommit(b *testing.B) {
	for _, leaves := range []int{1, 100, 1000} {
		for _, anchored := range []bool{false, true} {
			b.Run(fmt.Sprintf("leaves=%d/anchored=%t", leaves, anchored), func(b *testing.B) {
				benchCommit(b, leaves, anchored)
			})
		}
	}
}

func benchCommit(b *testing.B, count int, anchored bool) {
	opts := seal.Options{Ring: ring(b, "one"), Now: time.Now}
	if anchored {
		file, err := anchor.Open(filepath.Join(b.TempDir(), "anchors"))
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, file.Close()) })
		opts.Anchors = file
	}
	s := seal.New(opts)
	leaves := make([][32]byte, count)
	for i := range leaves {
		leaves[i] = sha256.Sum256(binary.AppendUvarint(nil, uint64(i)))
	}
	head := store.Head{TenantID: "acme"}
	b.ReportAllocs()
	for b.Loop() {
		head.Known = s.Known(head.TenantID)
		require.NoError(b, s.Check(&head))
		at := time.Now().UTC().Truncate(time.Microsecond)
		sealed, err := s.Seal(&head, at, leaves)
		require.NoError(b, err)
		size := head.Size + int64(count)
		s.Committed([]store.Commit{{TenantID: head.TenantID, PrevSize: head.Size, Size: size, RecordedAt: at, Seal: sealed}})
		head = store.Head{TenantID: head.TenantID, PrevSize: head.Size, Size: size, RecordedAt: at, Root: sealed.Root, Frontier: sealed.Frontier, Note: sealed.Note}
	}
}
