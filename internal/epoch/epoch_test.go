package epoch

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const logName = "audit.example.com/test"

func newRing(t *testing.T, log string) *keys.Ring {
	t.Helper()
	private, _, err := keys.Generate(rand.Reader, log)
	require.NoError(t, err)
	ring, err := keys.ParseRing([]byte(private))
	require.NoError(t, err)
	return ring
}

// fixture is a store with one log that grows by commits of three events.
type fixture struct {
	t        *testing.T
	db       *storetest.Database
	conn     *pgx.Conn // superuser
	ring     *keys.Ring
	tenant   string
	epoch    int32
	frontier merkle.Frontier
	at       time.Time
	notes    [][]byte                    // of all commits
	leafOf   func(seq int64) merkle.Hash // nil: leaf
}

// restored is the record at a position of a store that was restored to a size and
// written on.
func (f *fixture) restored(seq, size int64) merkle.Hash {
	if f.leafOf == nil || seq < size {
		return leaf(f.epoch, seq)
	}
	return f.leafOf(seq)
}

func newFixture(t *testing.T, tenant string) *fixture {
	t.Helper()
	db := storetest.NewDatabase(t)
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return &fixture{
		t: t, db: db, conn: conn, ring: newRing(t, logName), tenant: tenant,
		at: time.Date(2026, 5, 1, 12, 0, 0, 123456000, time.UTC),
	}
}

// leaf stands for the record at a position.
func leaf(epoch int32, seq int64) merkle.Hash {
	return sha256.Sum256(fmt.Appendf(nil, "%d/%d", epoch, seq))
}

// grow appends signed commits.
func (f *fixture) grow(commits int) {
	f.t.Helper()
	for range commits {
		previous := f.frontier.Size()
		for range 3 {
			f.frontier.Append(f.restored(f.frontier.Size(), 0))
		}
		f.at = f.at.Add(time.Second)
		checkpoint := merkle.Checkpoint{
			Origin: merkle.TenantOrigin(logName, f.tenant, f.epoch), Size: f.frontier.Size(), Root: f.frontier.Root(), RecordedAt: f.at, PrevSize: previous,
		}
		note, err := f.ring.Sign(checkpoint.Text())
		require.NoError(f.t, err)
		f.notes = append(f.notes, note)
		f.exec(`INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at, root, frontier, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			f.tenant, f.epoch, checkpoint.Size, previous, f.at, checkpoint.Root[:], f.frontier.Bytes(), string(note))
	}
}

// exec runs SQL as an attacker who can switch triggers off.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	_, err := f.conn.Exec(f.t.Context(), "SET session_replication_role = replica")
	require.NoError(f.t, err)
	_, err = f.conn.Exec(f.t.Context(), sql, args...)
	require.NoError(f.t, err)
}

type recomputer = func(context.Context, string, int32, []int64) (Tree, error)

// tree recomputes the fixture's epoch as its auditor would, size events of it.
func tree(size int64) recomputer {
	return func(_ context.Context, _ string, epoch int32, sizes []int64) (Tree, error) {
		var f merkle.Frontier
		roots := make(map[int64]merkle.Hash)
		for seq := range size {
			f.Append(leaf(epoch, seq))
			if slices.Contains(sizes, f.Size()) {
				roots[f.Size()] = f.Root()
			}
		}
		return Tree{Size: size, Root: f.Root(), Roots: roots}, nil
	}
}

func (f *fixture) store(recompute recomputer, notes ...[]byte) *Store {
	f.t.Helper()
	known, err := NewKnown(f.ring, notes)
	require.NoError(f.t, err)
	s, err := Connect(f.t.Context(), Options{URL: f.db.WriterURL, Schema: "public", Ring: f.ring, Known: known, Recompute: recompute})
	require.NoError(f.t, err)
	f.t.Cleanup(func() { require.NoError(f.t, s.Close(context.WithoutCancel(f.t.Context()))) })
	return s
}

func (f *fixture) origin(epoch int32) string { return merkle.TenantOrigin(logName, f.tenant, epoch) }

func rootOf(epoch int32, size int64) merkle.Hash {
	t, _ := tree(size)(context.Background(), "", epoch, nil)
	return t.Root
}

func TestAnIntactLogIsLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(3)
	s := f.store(nil, f.notes...)
	state, err := s.Examine(t.Context(), "acme")
	require.NoError(t, err)
	require.True(t, state.Intact())
	require.EqualValues(t, 9, state.Size)
	_, err = s.Open(t.Context(), "acme", "no reason")
	require.ErrorIs(t, err, ErrNothing)
	_, err = s.Open(t.Context(), "nobody", "no reason")
	require.ErrorIs(t, err, ErrNothing)
	var rows int
	require.NoError(t, f.conn.QueryRow(t.Context(), `SELECT count(*) FROM audit_epochs`).Scan(&rows))
	require.Zero(t, rows)
}

// TestEveryDamageIsNamed: what an attacker or an accident does to a head, and
// what the statement says of it.
func TestEveryDamageIsNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		damage   func(f *fixture)
		known    []int // which commits' notes are known, 0-based
		computed int64 // what the events recompute to; 0: they must not be read
		unsealed bool
		forged   string
		size     int64 // of the old epoch in the statement
		lost     int64
	}{
		{
			name: "restored backup", known: []int{0, 2}, size: 3, lost: 9,
			damage: func(f *fixture) { f.exec(`DELETE FROM audit_commits WHERE size > 3`) },
		},
		{
			name: "the whole tenant deleted", known: []int{2}, size: 0, lost: 9,
			damage: func(f *fixture) { f.exec(`DELETE FROM audit_commits`) },
		},
		{
			name: "restored, and written on by somebody with the key", known: []int{2}, size: 12, lost: 9,
			damage: func(f *fixture) {
				f.exec(`DELETE FROM audit_commits WHERE size > 3`)
				f.frontier = merkle.Frontier{}
				for seq := range int64(3) {
					f.frontier.Append(leaf(0, seq))
				}
				f.frontier.Append(sha256.Sum256([]byte("another event")))
				f.frontier.Append(leaf(0, 4))
				f.frontier.Append(leaf(0, 5))
				f.exec(`INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at, root) VALUES ('acme', 0, 6, 3, now(), sha256('x'))`)
				f.grow(2)
			},
		},
		{
			name: "commit cut out", known: []int{1}, size: 9, lost: 6,
			damage: func(f *fixture) { f.exec(`DELETE FROM audit_commits WHERE size = 6`) },
		},
		{
			name: "never signed", computed: 9, unsealed: true, size: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET root = NULL, frontier = NULL, note = NULL`) },
		},
		{
			name: "head without its note, events all there", known: []int{2}, computed: 9, unsealed: true, size: 9, lost: 0,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET note = NULL WHERE size = 9`) },
		},
		{
			name: "head without its note, events gone", known: []int{2}, computed: 8, unsealed: true, size: 8, lost: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET note = NULL WHERE size = 9`) },
		},
		{
			name: "root edited", computed: 9, forged: "differs from what was signed", size: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET root = sha256('x') WHERE size = 9`) },
		},
		{
			name: "time edited", computed: 9, forged: "differs from what was signed", size: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET recorded_at = now() WHERE size = 9`) },
		},
		{
			name: "prev_size edited", computed: 9, forged: "differs from what was signed", size: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET prev_size = 5 WHERE size = 9`) },
		},
		{
			name: "frontier edited", computed: 9, forged: "does not belong to its root", size: 9,
			damage: func(f *fixture) {
				f.exec(`UPDATE audit_commits SET frontier = sha256('a') || sha256('b') WHERE size = 9`)
			},
		},
		{
			name: "frontier cut", computed: 9, forged: "the frontier of a tree of 9 entries has 64 bytes", size: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET frontier = sha256('a') WHERE size = 9`) },
		},
		{
			name: "signed by another key", computed: 9, forged: "no valid signature of a known key", size: 9,
			damage: func(f *fixture) {
				note, err := newRing(t, logName).Sign((&merkle.Checkpoint{Origin: f.origin(0), Size: 9, Root: f.frontier.Root(), RecordedAt: f.at}).Text())
				require.NoError(t, err)
				f.exec(`UPDATE audit_commits SET note = $1 WHERE size = 9`, string(note))
			},
		},
		{
			name: "note of another tenant", computed: 9, forged: "the newest commit: a checkpoint of another log", size: 9,
			damage: func(f *fixture) {
				note, err := f.ring.Sign((&merkle.Checkpoint{Origin: merkle.TenantOrigin(logName, "other", 0), Size: 9, Root: f.frontier.Root(), RecordedAt: f.at}).Text())
				require.NoError(t, err)
				f.exec(`UPDATE audit_commits SET note = $1 WHERE size = 9`, string(note))
			},
		},
		{
			name: "no note at all", computed: 9, forged: "not a signed note", size: 9,
			damage: func(f *fixture) { f.exec(`UPDATE audit_commits SET note = 'garbage' WHERE size = 9`) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, "acme")
			f.grow(3)
			var notes [][]byte
			for _, i := range tt.known {
				notes = append(notes, f.notes[i])
			}
			var lost merkle.Hash
			if tt.lost > 0 {
				lost = rootOf(0, tt.lost)
			}
			tt.damage(f)
			var recompute recomputer
			want := f.frontier.Root()
			if tt.computed > 0 {
				_, err := f.store(nil, notes...).Open(t.Context(), "acme", "drill")
				require.ErrorIs(t, err, ErrNoRecompute)
				recompute = tree(tt.computed)
				want = rootOf(0, tt.computed)
			} else if tt.size == 3 || tt.size == 0 {
				want = rootOf(0, tt.size)
			}
			s := f.store(recompute, notes...)
			state, err := s.Examine(t.Context(), "acme")
			require.NoError(t, err)
			require.False(t, state.Intact())
			require.Equal(t, tt.unsealed, state.Unsealed)
			if tt.forged == "" {
				require.NoError(t, state.Forged)
			} else {
				require.ErrorContains(t, state.Forged, tt.forged)
			}

			plan, err := s.Plan(t.Context(), "acme", "drill")
			require.NoError(t, err)
			require.EqualValues(t, 1, plan.Epoch)
			again, err := s.Examine(t.Context(), "acme")
			require.NoError(t, err)
			require.Equal(t, state, again, "a plan writes nothing")

			opening, err := s.Open(t.Context(), "acme", "drill")
			require.NoError(t, err)
			require.Len(t, opening.Statements, 1)
			statement := opening.Statements[0]
			require.Equal(t, f.origin(1), statement.Origin)
			require.Equal(t, f.origin(0), statement.PreviousOrigin)
			require.Equal(t, tt.size, statement.PreviousSize)
			require.Equal(t, want, statement.PreviousRoot)
			require.Equal(t, tt.lost, statement.LostSize)
			require.Equal(t, lost, statement.LostRoot)
			require.Equal(t, "drill", statement.Reason)

			var epoch, previous int
			var note string
			var at time.Time
			require.NoError(t, f.conn.QueryRow(t.Context(), `SELECT epoch, prev_size, recorded_at, note FROM audit_epochs WHERE tenant_id = 'acme' AND reason = 'drill'`).
				Scan(&epoch, &previous, &at, &note))
			require.Equal(t, 1, epoch)
			require.EqualValues(t, tt.size, previous)
			text, err := f.ring.Open([]byte(note))
			require.NoError(t, err)
			stored, err := merkle.ParseEpochStatement(text)
			require.NoError(t, err)
			require.Equal(t, statement, stored)
			require.True(t, at.Equal(stored.RecordedAt), "to the microsecond")
			require.False(t, stored.RecordedAt.Before(f.at), "time does not go back")

			after, err := s.Examine(t.Context(), "acme")
			require.NoError(t, err)
			require.True(t, after.Intact(), "%+v", after)
			require.EqualValues(t, 1, after.Epoch)
			_, err = s.Open(t.Context(), "acme", "twice")
			require.ErrorIs(t, err, ErrNothing)
		})
	}
}

// TestTwoHistories: a store was restored, and one collector wrote on while the
// other knows what is lost. The newest checkpoint is not the one that counts.
func TestTwoHistories(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		restored int // commits of three events that are left
		appended int // commits that the other collector writes then
		known    []int
		other    bool // the other collector's checkpoints are known, too
		lost     int64
		differs  int64
		vouched  int64
	}{
		{name: "newest of both", restored: 2, appended: 4, known: []int{3}, other: true, lost: 12, differs: 12, vouched: 9},
		{name: "all of both", restored: 2, appended: 4, known: []int{0, 1, 2, 3}, other: true, lost: 12, differs: 9, vouched: 6},
		{name: "all of what is lost", restored: 2, appended: 4, known: []int{0, 1, 2, 3}, lost: 12, differs: 9, vouched: 6},
		{name: "nothing that agrees", restored: 2, appended: 4, known: []int{2}, lost: 9, differs: 9},
		{name: "still behind", restored: 0, appended: 1, known: []int{0, 1, 2, 3}, other: true, lost: 12, differs: 3},
		{name: "behind and not written on", restored: 2, known: []int{0, 1, 2, 3}, lost: 12, vouched: 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, "acme")
			f.grow(4)
			var notes [][]byte
			for _, i := range tt.known {
				notes = append(notes, f.notes[i])
			}
			lostRoot := rootOf(0, tt.lost)
			f.exec(`DELETE FROM audit_commits WHERE size > $1`, 3*tt.restored)
			f.frontier = merkle.Frontier{}
			for seq := range int64(3 * tt.restored) {
				f.frontier.Append(leaf(0, seq))
			}
			f.leafOf = func(seq int64) merkle.Hash { return leaf(7, seq) }
			f.notes = nil
			f.grow(tt.appended)
			if tt.other {
				notes = append(notes, f.notes...)
			}
			slices.Reverse(notes) // their order says nothing

			check := func(s *Store) {
				state, err := s.Examine(t.Context(), "acme")
				require.NoError(t, err)
				require.False(t, state.Intact())
				require.Equal(t, tt.differs, state.Differs)
				require.Equal(t, tt.vouched, state.Vouched)
			}
			check(f.store(nil, notes...))

			// The same of a head that cannot be believed: the events say it.
			f.exec(`UPDATE audit_commits SET note = NULL, root = sha256('x')`)
			recompute := func(_ context.Context, _ string, _ int32, sizes []int64) (Tree, error) {
				var frontier merkle.Frontier
				tree := Tree{Roots: make(map[int64]merkle.Hash)}
				for seq := range f.frontier.Size() {
					frontier.Append(f.restored(seq, int64(3*tt.restored)))
					if slices.Contains(sizes, frontier.Size()) {
						tree.Roots[frontier.Size()] = frontier.Root()
					}
				}
				tree.Size, tree.Root = frontier.Size(), frontier.Root()
				return tree, nil
			}
			s := f.store(recompute, notes...)
			plan, err := s.Plan(t.Context(), "acme", "drill")
			require.NoError(t, err)
			require.Equal(t, tt.differs, plan.State.Differs)
			require.Equal(t, tt.vouched, plan.State.Vouched)

			opening, err := s.Open(t.Context(), "acme", "drill")
			require.NoError(t, err)
			require.Len(t, opening.Statements, 1)
			statement := opening.Statements[0]
			require.Equal(t, f.frontier.Size(), statement.PreviousSize)
			require.Equal(t, f.frontier.Root(), statement.PreviousRoot)
			require.Equal(t, tt.lost, statement.LostSize)
			require.Equal(t, lostRoot, statement.LostRoot)
		})
	}
}

// TestPrunedCommitsAreNoLoss: what retention removed cannot be compared.
func TestPrunedCommitsAreNoLoss(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(4)
	f.exec(`DELETE FROM audit_commits WHERE size <= 6`)
	state, err := f.store(nil, f.notes...).Examine(t.Context(), "acme")
	require.NoError(t, err)
	require.True(t, state.Intact())
	f.exec(`DELETE FROM audit_commits WHERE size = 9`)
	f.exec(`INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('acme', 0, 3, 0, now())`)
	state, err = f.store(nil, f.notes...).Examine(t.Context(), "acme")
	require.NoError(t, err)
	require.EqualValues(t, 9, state.Lost[0].Size, "a gap between commits is one")
}

// TestALostEpochIsFollowedByAnother: a backup from before an earlier recovery. No
// two epochs may share an origin, so the log goes on behind the newest known.
func TestALostEpochIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(2)
	s := f.store(nil, f.notes...)
	f.exec(`DELETE FROM audit_commits WHERE size > 3`)
	_, err := s.Open(t.Context(), "acme", "first")
	require.NoError(t, err)
	f.epoch, f.frontier = 1, merkle.Frontier{}
	f.grow(4)

	f.exec(`DELETE FROM audit_commits WHERE epoch = 1`)
	f.exec(`DELETE FROM audit_epochs`)
	opening, err := f.store(nil, f.notes...).Open(t.Context(), "acme", "second")
	require.NoError(t, err)
	require.EqualValues(t, 2, opening.Epoch)
	require.Len(t, opening.Statements, 2)
	first, second := opening.Statements[0], opening.Statements[1]
	require.Equal(t, f.origin(1), first.Origin)
	require.Equal(t, f.origin(0), first.PreviousOrigin)
	require.EqualValues(t, 3, first.PreviousSize)
	require.EqualValues(t, 6, first.LostSize)
	require.Equal(t, f.origin(2), second.Origin)
	require.Equal(t, f.origin(1), second.PreviousOrigin)
	require.Zero(t, second.PreviousSize)
	require.EqualValues(t, 12, second.LostSize)
	require.Equal(t, rootOf(1, 12), second.LostRoot)
	state, err := f.store(nil, f.notes...).Examine(t.Context(), "acme")
	require.NoError(t, err)
	require.True(t, state.Intact())
	require.EqualValues(t, 2, state.Epoch)
}

// TestTheWrongKeyEndsNoLog: with a key that signed nothing here every head looks
// forged.
func TestTheWrongKeyEndsNoLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(3)
	owner := f.ring
	for _, log := range []string{logName, "audit.example.com/other"} {
		f.ring = newRing(t, log)
		_, err := f.store(tree(9)).Open(t.Context(), "acme", "drill")
		require.ErrorIs(t, err, ErrForeignKey, log)
	}
	f.ring = owner
	f.exec(`UPDATE audit_commits SET note = 'garbage'`)
	_, err := f.store(tree(9)).Open(t.Context(), "acme", "drill")
	require.ErrorIs(t, err, ErrForeignKey, "nothing tells our key from another")
	_, err = f.store(tree(9), f.notes[1]).Open(t.Context(), "acme", "drill")
	require.NoError(t, err, "a checkpoint of ours does")
}

func TestAForgedStatementIsNoHead(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(1)
	statement := merkle.EpochStatement{
		Origin: f.origin(1), PreviousOrigin: f.origin(0), PreviousSize: 3, PreviousRoot: rootOf(0, 3), RecordedAt: f.at, Reason: "r",
	}
	for _, tt := range []struct {
		name, says string
		note       func() []byte
	}{
		{"another key", "no valid signature", func() []byte {
			note, err := newRing(t, logName).Sign(statement.Text())
			require.NoError(t, err)
			return note
		}},
		{"a checkpoint", "not an epoch statement", func() []byte { return f.notes[0] }},
		{"another tenant", "of another log", func() []byte {
			other := statement
			other.Origin, other.PreviousOrigin = merkle.TenantOrigin(logName, "x", 1), merkle.TenantOrigin(logName, "x", 0)
			note, err := f.ring.Sign(other.Text())
			require.NoError(t, err)
			return note
		}},
		{"another time", "at another time", func() []byte {
			other := statement
			other.RecordedAt = f.at.Add(time.Hour)
			note, err := f.ring.Sign(other.Text())
			require.NoError(t, err)
			return note
		}},
	} {
		f.exec(`DELETE FROM audit_epochs`)
		f.exec(`INSERT INTO audit_epochs (tenant_id, epoch, prev_size, recorded_at, reason, note) VALUES ('acme', 1, 3, $1, 'r', $2)`, f.at, string(tt.note()))
		s := f.store(nil)
		state, err := s.Examine(t.Context(), "acme")
		require.NoError(t, err)
		require.ErrorContains(t, state.Forged, tt.says, tt.name)
		opening, err := s.Open(t.Context(), "acme", "forged statement")
		require.NoError(t, err, "an empty epoch needs no events read")
		require.EqualValues(t, 2, opening.Epoch, tt.name)
	}
}

func TestKnownCheckpoints(t *testing.T) {
	t.Parallel()
	ring, other := newRing(t, logName), newRing(t, "audit.example.com/other")
	sign := func(ring *keys.Ring, origin string, size int64) []byte {
		note, err := ring.Sign((&merkle.Checkpoint{Origin: origin, Size: size}).Text())
		require.NoError(t, err)
		return note
	}
	acme, globex := merkle.TenantOrigin(logName, "acme", 3), merkle.TenantOrigin(logName, "globex", 0)
	known, err := NewKnown(ring, [][]byte{
		sign(ring, acme, 3), sign(ring, acme, 4), sign(ring, acme, 4), sign(ring, globex, 2), sign(ring, merkle.JournalOrigin(logName, "j", 0), 9),
		sign(other, merkle.TenantOrigin("audit.example.com/other", "acme", 0), 7),
	})
	require.NoError(t, err)
	require.Len(t, known.of(logName, "acme"), 2, "each once, and none of another log")
	require.EqualValues(t, 4, known.of(logName, "acme")[0].Size)
	require.True(t, known.Covers(logName, "acme"))
	require.False(t, known.Covers(logName, "j"))
	require.Equal(t, []string{merkle.TenantOrigin(logName, "acme", 0)}, known.Missing(logName, []string{"globex"}), "a journal is no tenant")
	_, err = NewKnown(ring, [][]byte{sign(newRing(t, logName), acme, 4)})
	require.ErrorIs(t, err, keys.ErrSignature)
	require.ErrorContains(t, err, acme)
	note, err := ring.Sign(acme + "\nnot a checkpoint\n")
	require.NoError(t, err)
	_, err = NewKnown(ring, [][]byte{note})
	require.ErrorIs(t, err, merkle.ErrCheckpoint)
}

func TestTenants(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "b")
	f.grow(3)
	f.tenant, f.frontier = "a\\ ü", merkle.Frontier{}
	f.grow(2)
	f.exec(`INSERT INTO audit_epochs (tenant_id, epoch, prev_size, recorded_at, reason, note) VALUES ('c', 1, 0, now(), 'r', 'n')`)
	tenants, err := f.store(nil).Tenants(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a\\ ü", "b", "c"}, tenants)
}

// TestOpeningWaitsForTheWriter: the head that is examined is the one that the new
// epoch follows.
func TestOpeningWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(1)
	f.exec(`UPDATE audit_commits SET note = NULL`)
	s := f.store(tree(6))
	lock, err := f.conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), `SELECT pg_advisory_xact_lock(x'61756474'::int, (get_byte(sha256('acme'), 0) << 8 | get_byte(sha256('acme'), 1)) & 1023)`)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		opening, err := s.Open(t.Context(), "acme", "drill")
		if err == nil && opening.State.Size != 6 {
			err = fmt.Errorf("examined at size %d", opening.State.Size)
		}
		done <- err
	}()
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, lock.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting))
		return waiting == 1
	}, time.Minute, 10*time.Millisecond)
	_, err = lock.Exec(t.Context(), `INSERT INTO audit_commits (tenant_id, epoch, size, prev_size, recorded_at) VALUES ('acme', 0, 6, 3, now())`)
	require.NoError(t, err)
	require.NoError(t, lock.Commit(t.Context()))
	require.NoError(t, <-done)
}
