package epoch

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// stored writes ten events without a signature and returns their leaves.
func (f *fixture) stored() []merkle.Hash {
	f.t.Helper()
	config, err := pgurl.Parse(f.db.WriterURL, "test")
	require.NoError(f.t, err)
	w := store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: time.Now})
	defer w.Close()
	var leaves []merkle.Hash
	for seq := range 10 {
		var encoder store.Encoder
		event, err := encoder.Encode(&record.Record{
			TenantID: f.tenant, EventID: fmt.Sprintf("e-%d", seq), Action: "invoice.create", Outcome: record.OutcomeSuccess,
			Actor: record.EmptyObject().Set("id", record.StringValue("älice")), TimeUnixNano: 1767225600123456789,
			Payload: record.EmptyObject().Set("n", record.NumberValue(float64(seq)+0.5)),
		}, "")
		require.NoError(f.t, err)
		outcomes := make([]store.Outcome, 1)
		require.NoError(f.t, w.Write(f.t.Context(), []*store.Event{&event}, outcomes))
		require.Equal(f.t, store.Stored, outcomes[0].Status)
		leaves = append(leaves, event.Leaf)
	}
	return leaves
}

// pruned removes the events before size as retention would, with a note signed
// for what text says.
func (f *fixture) pruned(leaves []merkle.Hash, size int64, text func(*merkle.Checkpoint)) {
	f.t.Helper()
	var frontier merkle.Frontier
	for _, leaf := range leaves[:size] {
		frontier.Append(leaf)
	}
	checkpoint := merkle.Checkpoint{Origin: f.origin(0), Size: size, Root: frontier.Root(), RecordedAt: f.at}
	text(&checkpoint)
	note, err := f.ring.Sign(checkpoint.Text())
	require.NoError(f.t, err)
	f.exec(`INSERT INTO audit_prunes (tenant_id, epoch, size, cutoff, deleted, root, frontier, note) VALUES ($1, 0, $2, now(), $2, $3, $4, $5)`,
		f.tenant, size, checkpoint.Root[:], frontier.Bytes(), string(note))
	f.exec(`DELETE FROM audit_events WHERE seq < $1`, size)
}

func TestRecompute(t *testing.T) {
	t.Parallel()
	asItIs := func(*merkle.Checkpoint) {}
	for _, tt := range []struct {
		name    string
		damage  func(f *fixture, leaves []merkle.Hash)
		size    int64
		beyond  int64
		changed []string
		other   bool // another root than that of the leaves as written
	}{
		{name: "as written", damage: func(*fixture, []merkle.Hash) {}, size: 10},
		{name: "leaf hash edited", size: 10, changed: []string{"e-4"}, damage: func(f *fixture, _ []merkle.Hash) {
			f.exec(`UPDATE audit_events SET leaf_hash = sha256('x') WHERE seq = 4`)
		}},
		{name: "column edited", size: 10, changed: []string{"e-4"}, other: true, damage: func(f *fixture, _ []merkle.Hash) {
			f.exec(`UPDATE audit_events SET reason = 'edited' WHERE seq = 4`)
		}},
		{name: "column and leaf hash edited", size: 10, changed: nil, other: true, damage: func(f *fixture, _ []merkle.Hash) {
			// The leaf of another record: what a person with the code can compute.
			f.exec(`UPDATE audit_events AS e SET payload = o.payload, event_id = o.event_id, leaf_hash = o.leaf_hash FROM audit_events AS o WHERE e.seq = 4 AND o.seq = 5`)
		}},
		{name: "gap", size: 4, beyond: 5, damage: func(f *fixture, _ []merkle.Hash) {
			f.exec(`DELETE FROM audit_events WHERE seq = 4`)
		}},
		{name: "tail cut", size: 8, damage: func(f *fixture, _ []merkle.Hash) {
			f.exec(`DELETE FROM audit_events WHERE seq >= 8`)
		}},
		{name: "a place taken twice", size: 10, beyond: 1, damage: func(f *fixture, _ []merkle.Hash) {
			f.exec(`INSERT INTO audit_events (tenant_id, epoch, seq, recorded_at, event_id, action, outcome, leaf_hash)
				SELECT tenant_id, epoch, seq, recorded_at + interval '1 microsecond', 'twin', action, outcome, leaf_hash FROM audit_events WHERE seq = 4`)
		}},
		{name: "pruned", size: 10, damage: func(f *fixture, leaves []merkle.Hash) {
			f.pruned(leaves, 3, asItIs)
			f.pruned(leaves, 6, asItIs)
		}},
		{name: "pruned, signed for another tenant", size: 0, beyond: 4, damage: func(f *fixture, leaves []merkle.Hash) {
			f.pruned(leaves, 6, func(c *merkle.Checkpoint) { c.Origin = merkle.TenantOrigin(logName, "other", 0) })
		}},
		{name: "pruned, signed for another size", size: 0, beyond: 4, damage: func(f *fixture, leaves []merkle.Hash) {
			f.pruned(leaves, 6, func(c *merkle.Checkpoint) { c.Size = 5 })
		}},
		{name: "pruned, frontier of another tree", size: 0, beyond: 4, damage: func(f *fixture, leaves []merkle.Hash) {
			f.pruned(leaves, 6, asItIs)
			f.exec(`UPDATE audit_prunes SET frontier = sha256('a') || sha256('b')`)
		}},
		{name: "removed one by one", size: 10, damage: func(f *fixture, _ []merkle.Hash) {
			f.exec(`INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash)
				SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE seq IN (0, 4, 5, 9)`)
			f.exec(`DELETE FROM audit_events WHERE seq IN (0, 4, 5, 9)`)
		}},
		{name: "pruned and removed, then a gap", size: 8, beyond: 1, damage: func(f *fixture, leaves []merkle.Hash) {
			f.pruned(leaves, 3, asItIs)
			f.exec(`INSERT INTO audit_pruned_leaves (seq, recorded_at, epoch, tenant_id, leaf_hash)
				SELECT seq, recorded_at, epoch, tenant_id, leaf_hash FROM audit_events WHERE seq = 6`)
			f.exec(`DELETE FROM audit_events WHERE seq IN (6, 8)`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, "acme")
			leaves := f.stored()
			tt.damage(f, leaves)
			scanner, err := store.OpenScanner(t.Context(), store.Options{URL: f.db.AuditorURL}, "")
			require.NoError(t, err)
			defer scanner.Close()
			tree, err := Recompute(t.Context(), scanner, f.ring, "acme", 0, []int64{2, 5, tt.size})
			require.NoError(t, err)
			var want merkle.Frontier
			for _, leaf := range leaves[:tt.size] {
				want.Append(leaf)
			}
			require.Equal(t, tt.size, tree.Size)
			require.Equal(t, tt.beyond, tree.Beyond)
			require.Equal(t, tt.changed, tree.Changed)
			require.Equal(t, tt.other, tree.Root != want.Root())
		})
	}
}

func TestUnrecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	f.grow(2)
	f.exec(`DELETE FROM audit_commits WHERE size > 3`)
	s := f.store(nil, f.notes...)
	opening, err := s.Open(t.Context(), "acme", "drill")
	require.NoError(t, err)
	f.exec(`INSERT INTO audit_epochs (tenant_id, epoch, prev_size, recorded_at, reason, note) VALUES ('acme', 2, 0, now(), 'r', 'forged')`)
	found, err := s.Unrecorded(t.Context())
	require.NoError(t, err)
	require.Equal(t, []Unrecorded{{Tenant: "acme", Note: opening.Notes[0]}}, found, "signed ones only")

	record := `INSERT INTO audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at) VALUES ($1, 'e', $2, sha256(''), 0, 0, now())`
	f.exec(record, "acme", EventID(opening.Notes[0]))
	found, err = s.Unrecorded(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1, "an event of a client records nothing")
	f.exec(record, "_system", EventID(opening.Notes[0]))
	found, err = s.Unrecorded(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestUnsealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "signed")
	f.grow(2)
	for _, tenant := range []string{"unsigned", "a\\ ü", "ended"} {
		f.tenant, f.frontier = tenant, merkle.Frontier{}
		f.grow(2)
	}
	f.exec(`UPDATE audit_commits SET note = NULL WHERE tenant_id = 'signed' AND size = 3 OR tenant_id IN ('unsigned', 'ended') AND size = 6`)
	f.exec(`UPDATE audit_commits SET note = '' WHERE tenant_id = $1`, "a\\ ü")
	f.exec(`INSERT INTO audit_epochs (tenant_id, epoch, prev_size, recorded_at, reason, note) VALUES ('ended', 1, 6, now(), 'r', 'n')`)
	tenants, err := f.store(nil).Unsealed(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a\\ ü", "unsigned"}, tenants, "the newest commit counts, and what ended is over")
}

func TestWhoMayOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "acme")
	for name, url := range map[string]string{"reader": f.db.ReaderURL, "auditor": f.db.AuditorURL, "nobody": f.db.NobodyURL} {
		_, err := Connect(t.Context(), Options{URL: url, Schema: "public", Ring: f.ring})
		require.Error(t, err, name)
	}
	_, err := Connect(t.Context(), Options{URL: f.db.WriterURL, Schema: "elsewhere", Ring: f.ring})
	var schema *store.SchemaError
	require.ErrorAs(t, err, &schema)
	require.True(t, schema.Missing)
}
