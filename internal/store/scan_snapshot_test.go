package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestASnapshotSeesOneMoment(t *testing.T) {
	db := storetest.NewDatabase(t)
	w := newWriter(t, db.WriterURL)
	write := func(ids ...string) {
		for _, id := range ids {
			list := events(t, audit("acme", id, "", 1))
			outcomes := make([]store.Outcome, 1)
			require.NoError(t, w.Write(t.Context(), list, outcomes))
			require.Equal(t, store.Stored, outcomes[0].Status)
		}
	}
	write("1", "2")
	// One connection: what a snapshot leaves open, the next statement would meet.
	scanner, err := store.OpenScanner(t.Context(), store.Options{URL: db.ReaderURL, MaxConnections: 1}, "acme")
	require.NoError(t, err)
	defer scanner.Close()
	log := store.LogName{Tenant: "acme"}
	sizes := func(s *store.Scanner) (newest, last int64) {
		t.Helper()
		commits, err := s.NewestCommit(t.Context(), log)
		require.NoError(t, err)
		require.Len(t, commits, 1)
		page := &store.EventPage{}
		require.NoError(t, s.Events(t.Context(), log, store.BeforeSeq(0), 100, 100, page))
		return commits[0].Size, page.Row(page.Len()-1).Seq() + 1
	}
	require.NoError(t, scanner.Snapshot(t.Context(), func(s *store.Scanner) error {
		for _, id := range []string{"3", "4"} {
			newest, last := sizes(s)
			require.Equal(t, [2]int64{2, 2}, [2]int64{newest, last})
			write(id)
		}
		return nil
	}))
	newest, last := sizes(scanner)
	require.Equal(t, [2]int64{4, 4}, [2]int64{newest, last})
}

// However a snapshot ends, the connection serves the next one.
func TestASnapshotEnds(t *testing.T) {
	db := storetest.NewDatabase(t)
	scanner, err := store.OpenScanner(t.Context(), store.Options{URL: db.ReaderURL, MaxConnections: 1}, "acme")
	require.NoError(t, err)
	defer scanner.Close()
	own := errors.New("of the caller")
	for name, test := range map[string]struct {
		do   func(context.Context, *store.Scanner) error
		want error
	}{
		"nothing read": {do: func(context.Context, *store.Scanner) error { return nil }},
		"an error of the caller": {do: func(ctx context.Context, s *store.Scanner) error {
			_, err := s.Head(ctx, store.LogName{Tenant: "acme"})
			require.NoError(t, err)
			return own
		}, want: own},
		"an event that is not there": {do: func(ctx context.Context, s *store.Scanner) error {
			_, _, err := s.Locate(ctx, "acme", "none")
			return err
		}, want: store.ErrNotFound},
		"a context that ended": {do: func(ctx context.Context, s *store.Scanner) error {
			_, err := s.Head(ctx, store.LogName{Tenant: "acme"})
			require.NoError(t, err)
			ended, cancel := context.WithCancel(ctx)
			cancel()
			_, err = s.Head(ended, store.LogName{Tenant: "acme"})
			return err
		}, want: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				require.ErrorIs(t, scanner.Snapshot(t.Context(), func(s *store.Scanner) error { return test.do(t.Context(), s) }), test.want)
				size, err := scanner.Head(t.Context(), store.LogName{Tenant: "acme"})
				require.NoError(t, err)
				require.Zero(t, size)
			}
		})
	}
}
