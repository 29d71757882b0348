package seal_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// cut takes the events of "acme" behind the tenth out of the store, as whoever restores
// an old copy or deletes a tail does.
func cut(t testing.TB, d *storetest.Database) {
	t.Helper()
	for _, sql := range []string{
		"DELETE FROM audit_events WHERE tenant_id = 'acme' AND seq >= 10",
		"DELETE FROM audit_event_ids WHERE tenant_id = 'acme' AND seq >= 10",
		"DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size > 10",
	} {
		execute(t, d, sql)
	}
}

// tampering is what somebody who may do everything in SQL does between two
// commits of ten and five events of "acme", after which nothing may be appended.
var tampering = []struct {
	name   string
	sql    string // on the store with 15 events
	reason string
	text   string
}{
	{"tail cut", "", seal.ReasonRollback, `the store has gone back: tenant "acme" has 10 events in epoch 0, and had 15 in epoch 0`},
	{"everything deleted", "DELETE FROM audit_commits WHERE tenant_id = 'acme'", seal.ReasonRollback, `has 0 events in epoch 0, and had 15`},
	{"note of another commit", `UPDATE audit_commits c SET note = o.note FROM audit_commits o
		WHERE o.tenant_id = c.tenant_id AND c.tenant_id = 'acme' AND o.size = 10 AND c.size = 15`, seal.ReasonForgedHead, "the signature is for 10 events"},
	{"note of another tenant", `UPDATE audit_commits c SET note = o.note FROM audit_commits o
		WHERE c.tenant_id = 'acme' AND o.tenant_id = 'globex' AND o.size = 15 AND c.size = 15`, seal.ReasonForgedHead, "a checkpoint of another log: it is of audit.example.com/test/t-"},
	{"garbage for a note", "UPDATE audit_commits SET note = 'signed' WHERE tenant_id = 'acme' AND size = 15", seal.ReasonForgedHead, "no valid signature of a known key"},
	{"a bit of the signature", `UPDATE audit_commits SET note = left(note, length(note) - 5) || 'AAA=' || chr(10) WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "no valid signature of a known key"},
	{"no note", "UPDATE audit_commits SET note = NULL WHERE tenant_id = 'acme' AND size = 15", seal.ReasonUnsealed, "its newest commit has no signature; if it was written with integrity.mode off, run otelaudit recover --new-epoch --tenant acme"},
	{"frontier", `UPDATE audit_commits SET frontier = set_byte(frontier, 40, 1 + get_byte(frontier, 40) % 255) WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the frontier does not fold to the root"},
	{"frontier too short", `UPDATE audit_commits SET frontier = substring(frontier from 33) WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the frontier of a tree of 15 entries has 128 bytes, found 96"},
	{"no frontier", `UPDATE audit_commits SET frontier = NULL WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the frontier of a tree of 15 entries"},
	{"root", `UPDATE audit_commits SET root = set_byte(root, 0, 1 + get_byte(root, 0) % 255) WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonFork, "after 15 events: the store has another root"},
	{"no root", `UPDATE audit_commits SET root = NULL WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonUnsealed, "no signature"},
	{"a larger size", `UPDATE audit_commits SET size = 16 WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonFork, "the commit that was written there is not in the store"},
	{"time", `UPDATE audit_commits SET recorded_at = recorded_at + interval '1 microsecond' WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the signature is for the time "},
	{"prev_size", `UPDATE audit_commits SET prev_size = 9 WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the signature is for the events from 10 on, the commit says from 9"},
	{"two commits made one", `DELETE FROM audit_commits WHERE tenant_id = 'acme' AND size = 10;
		UPDATE audit_commits SET prev_size = 0 WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the signature is for the events from 10 on, the commit says from 0"},
	{"a commit on top", `INSERT INTO audit_commits (size, prev_size, recorded_at, epoch, tenant_id, root, frontier, note)
		SELECT 16, 15, recorded_at, epoch, tenant_id, root, frontier, note FROM audit_commits WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedHead, "the signature is for 15 events"},
	{"an unsigned commit on top", `INSERT INTO audit_commits (size, prev_size, recorded_at, epoch, tenant_id)
		SELECT 16, 15, recorded_at, epoch, tenant_id FROM audit_commits WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonUnsealed, "no signature"},
	{"another epoch", `UPDATE audit_commits SET epoch = 1 WHERE tenant_id = 'acme'`, seal.ReasonForgedEpoch, "no statement opened the epoch"},
	{"an epoch without a statement", `INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note)
		SELECT recorded_at, 15, 1, tenant_id, 'x', note FROM audit_commits WHERE tenant_id = 'acme' AND size = 15`, seal.ReasonForgedEpoch, "not an epoch statement"},
	{"an epoch that nobody signed", `INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES (now(), 15, 1, 'acme', 'x', 'x')`, seal.ReasonForgedEpoch, "no valid signature of a known key"},
}

func TestForgedHeadsAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range tampering {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			c := newCollector(t, d.WriterURL, ring(t, "one"), "")
			for _, tenant := range []string{"acme", "globex"} {
				c.stores(t, events(t, tenant, 0, 10))
				c.stores(t, events(t, tenant, 10, 5))
			}
			if test.sql == "" {
				cut(t, d)
			} else {
				execute(t, d, test.sql)
			}
			for name, list := range map[string][]*store.Event{"new events": events(t, "acme", 15, 3), "what is there already": events(t, "acme", 0, 3)} {
				cause := c.refuses(t, list)
				require.ErrorContains(t, cause, test.text, name)
				require.Equal(t, test.reason, seal.Reason(cause), name)
			}
			// One tenant's log is not another's, not even in the same batch.
			outcomes := c.write(t, append(events(t, "acme", 20, 2), events(t, "globex", 20, 2)...))
			assert.Equal(t, []store.Status{store.Refused, store.Refused, store.Stored, store.Stored},
				[]store.Status{outcomes[0].Status, outcomes[1].Status, outcomes[2].Status, outcomes[3].Status})
		})
	}
}

// A collector that has just started, without anchors, believes signatures and
// nothing else. What it cannot see is a tail cut between two commits.
func TestForgedHeadsAreRefusedAfterARestart(t *testing.T) {
	t.Parallel()
	for _, test := range tampering {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			first := newCollector(t, d.WriterURL, ring(t, "one"), "")
			for _, tenant := range []string{"acme", "globex"} {
				first.stores(t, events(t, tenant, 0, 10))
				first.stores(t, events(t, tenant, 10, 5))
			}
			if test.sql == "" {
				cut(t, d)
			} else {
				execute(t, d, test.sql)
			}
			c := newCollector(t, d.WriterURL, ring(t, "one"), "")
			switch test.name {
			case "tail cut":
				c.stores(t, events(t, "acme", 15, 3))
				return
			case "everything deleted":
				outcomes := make([]store.Outcome, 3)
				require.NoError(t, c.writer.Write(t.Context(), events(t, "acme", 15, 3), outcomes))
				return // the events of the tenant are there, its commits are not: positions collide or not, verify tells
			}
			cause := c.refuses(t, events(t, "acme", 15, 3))
			assert.NotEqual(t, seal.ReasonOther, seal.Reason(cause), "%v", cause)
		})
	}
}

// With an anchor file, a restart forgets nothing.
func TestRollbackIsSeenAfterARestart(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	file := filepath.Join(t.TempDir(), "anchors")
	c := newCollector(t, d.WriterURL, ring(t, "one"), file)
	c.stores(t, append(events(t, "acme", 0, 10), events(t, "globex", 0, 10)...))
	c.stores(t, append(events(t, "acme", 10, 5), events(t, "globex", 10, 5)...))
	c.stop()
	cut(t, d)

	again := newCollector(t, d.WriterURL, ring(t, "one"), file)
	var rollback *seal.RollbackError
	require.ErrorAs(t, again.refuses(t, events(t, "acme", 15, 3)), &rollback)
	assert.Equal(t, &seal.RollbackError{TenantID: "acme", Found: 10, Known: 15}, rollback)
	assert.Contains(t, rollback.Error(), "run otelaudit recover --new-epoch --tenant acme")
	again.stores(t, events(t, "globex", 15, 3))
}

// The store goes back, and before this collector writes again another one that
// knows nothing writes more than was lost. The head is ahead of everything that
// is known, signed and whole; the root it had is not there any more.
func TestRollbackIsSeenBehindAnotherCollector(t *testing.T) {
	t.Parallel()
	for name, theirs := range map[string][][2]int{
		"other commits":                 {{100, 20}},
		"a commit of the size of ours":  {{100, 5}, {105, 5}},
		"a commit of just the size":     {{100, 5}},
		"the same events, one by one":   {{10, 1}, {11, 4}, {15, 1}},
		"the same events, another time": {{10, 5}, {15, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			c := newCollector(t, d.WriterURL, ring(t, "one"), "")
			c.stores(t, events(t, "acme", 0, 10))
			c.stores(t, events(t, "acme", 10, 5))
			cut(t, d)
			other := newCollector(t, d.WriterURL, ring(t, "one"), "")
			for _, part := range theirs {
				other.stores(t, events(t, "acme", part[0], part[1]))
			}
			if name == "the same events, one by one" || name == "the same events, another time" {
				// The tree is the same again: nothing was lost.
				c.stores(t, events(t, "acme", 200, 3))
				return
			}
			cause := c.refuses(t, events(t, "acme", 200, 3))
			require.Equal(t, seal.ReasonFork, seal.Reason(cause), "%v", cause)
			require.ErrorContains(t, cause, "recover --new-epoch --tenant acme")
		})
	}
}

// opening signs a statement about what the store has of epoch 0 and what is
// lost, and puts it into the store, as otelaudit recover does.
func opening(t testing.TB, d *storetest.Database, r *keys.Ring, change func(*merkle.EpochStatement)) {
	t.Helper()
	head := rows[commitRow](t, d, "SELECT tenant_id, epoch, size, prev_size, recorded_at, root, frontier, coalesce(note, '') FROM audit_commits WHERE tenant_id = 'acme' ORDER BY epoch DESC, size DESC LIMIT 1")[0]
	statement := merkle.EpochStatement{
		Origin:         merkle.TenantOrigin(logName, "acme", head.Epoch+1),
		PreviousOrigin: merkle.TenantOrigin(logName, "acme", head.Epoch),
		PreviousSize:   head.Size, PreviousRoot: merkle.Hash(head.Root),
		RecordedAt: time.Now().UTC().Truncate(time.Microsecond), Reason: "restored from a backup",
	}
	change(&statement)
	require.NoError(t, statement.Check())
	note, err := r.Sign(statement.Text())
	require.NoError(t, err)
	execute(t, d, "INSERT INTO audit_epochs (recorded_at, prev_size, epoch, tenant_id, reason, note) VALUES ($1, $2, $3, 'acme', $4, $5)",
		statement.RecordedAt, statement.PreviousSize, head.Epoch+1, statement.Reason, string(note))
}

func TestANewEpochGoesOn(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart=%t", restart), func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			file := filepath.Join(t.TempDir(), "anchors")
			c := newCollector(t, d.WriterURL, ring(t, "one"), file)
			c.stores(t, events(t, "acme", 0, 10))
			c.stores(t, events(t, "acme", 10, 5))
			anchored, err := c.anchors.Latest(merkle.TenantOrigin(logName, "acme", 0))
			require.NoError(t, err)
			lost, err := anchor.Unverified(anchored)
			require.NoError(t, err)
			cut(t, d)
			require.Error(t, c.refuses(t, events(t, "acme", 15, 3)))
			opening(t, d, ring(t, "one"), func(s *merkle.EpochStatement) { s.LostSize, s.LostRoot = lost.Size, lost.Root })
			if restart {
				c.stop()
				c = newCollector(t, d.WriterURL, ring(t, "one"), file)
			}
			c.stores(t, events(t, "acme", 15, 3))
			c.stores(t, events(t, "acme", 18, 3))
			require.Empty(t, c.told.unacknowledged)
			require.Equal(t, 3, checkTrees(t, d, ring(t, "one")))
			note, err := c.anchors.Latest(merkle.TenantOrigin(logName, "acme", 1))
			require.NoError(t, err)
			newest, err := anchor.Unverified(note)
			require.NoError(t, err)
			require.Equal(t, int64(6), newest.Size)
			// The new epoch cannot be taken back either.
			execute(t, d, "DELETE FROM audit_commits WHERE epoch = 1")
			execute(t, d, "DELETE FROM audit_epochs")
			require.ErrorContains(t, c.refuses(t, events(t, "acme", 30, 1)), "has 10 events in epoch 0, and had 6 in epoch 1")
			c.stop()
			c = newCollector(t, d.WriterURL, ring(t, "one"), file)
			require.ErrorContains(t, c.refuses(t, events(t, "acme", 30, 1)), "has 10 events in epoch 0, and had 6 in epoch 1")
		})
	}
}

// Whoever opens an epoch has the log's key, so a collector goes on; where the
// statement says less than the collector knows, it says so.
func TestALossThatNobodySpeaksOfIsTold(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	c := newCollector(t, d.WriterURL, ring(t, "one"), "")
	c.stores(t, events(t, "acme", 0, 10))
	c.stores(t, events(t, "acme", 10, 5))
	cut(t, d)
	opening(t, d, ring(t, "one"), func(s *merkle.EpochStatement) { s.LostSize, s.LostRoot = 12, merkle.Hash{1} })
	other := newCollector(t, d.WriterURL, ring(t, "one"), "")
	other.stores(t, events(t, "acme", 100, 3)) // the head is a commit by then
	c.stores(t, events(t, "acme", 15, 3))
	require.Len(t, c.told.unacknowledged, 1)
	require.ErrorContains(t, c.told.unacknowledged[0], "speaks of 12 events of "+merkle.TenantOrigin(logName, "acme", 0)+" that are lost; this log had 15 events in epoch 0")
	c.stores(t, events(t, "acme", 18, 3))
	require.Len(t, c.told.unacknowledged, 1, "told once")
	require.Empty(t, other.told.unacknowledged, "the other had written nothing that is lost")
}

// The statement behind a head is exchanged when a collector that had not seen it
// comes back.
func TestAnExchangedStatementIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, text string }{
		"of a later epoch": {"UPDATE audit_epochs SET note = (SELECT note FROM audit_epochs WHERE epoch = 3) WHERE epoch = 1", "the statement opens epoch 3"},
		"gone":             {"DELETE FROM audit_epochs", "no statement opened the epoch"},
		"garbage":          {"UPDATE audit_epochs SET note = 'x' WHERE epoch = 1", "no valid signature of a known key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := storetest.NewDatabase(t)
			c := newCollector(t, d.WriterURL, ring(t, "one"), "")
			c.stores(t, events(t, "acme", 0, 10))
			opening(t, d, ring(t, "one"), func(*merkle.EpochStatement) {})
			other := newCollector(t, d.WriterURL, ring(t, "one"), "")
			other.stores(t, events(t, "acme", 10, 5))
			if name == "of a later epoch" {
				opening(t, d, ring(t, "one"), func(s *merkle.EpochStatement) { s.Origin = merkle.TenantOrigin(logName, "acme", 3) })
				execute(t, d, "UPDATE audit_epochs SET epoch = 3 WHERE epoch = 2")
				execute(t, d, test.sql)
				execute(t, d, "DELETE FROM audit_epochs WHERE epoch = 3")
			} else {
				execute(t, d, test.sql)
			}
			cause := c.refuses(t, events(t, "acme", 15, 1))
			require.ErrorContains(t, cause, test.text)
			require.Equal(t, seal.ReasonForgedEpoch, seal.Reason(cause))
		})
	}
}

// A loss of another epoch is not the loss of this one.
func TestALossOfAnotherEpochIsNotThisOne(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	c := newCollector(t, d.WriterURL, ring(t, "one"), "")
	c.stores(t, events(t, "acme", 0, 10))
	opening(t, d, ring(t, "one"), func(*merkle.EpochStatement) {})
	c.stores(t, events(t, "acme", 10, 5)) // epoch 1
	require.Empty(t, c.told.unacknowledged)
	execute(t, d, "DELETE FROM audit_events WHERE epoch = 1")
	execute(t, d, "DELETE FROM audit_event_ids WHERE epoch = 1")
	execute(t, d, "DELETE FROM audit_commits WHERE epoch = 1")
	execute(t, d, "DELETE FROM audit_epochs")
	opening(t, d, ring(t, "one"), func(s *merkle.EpochStatement) {
		s.Origin, s.LostSize, s.LostRoot = merkle.TenantOrigin(logName, "acme", 2), 100, merkle.Hash{1}
	})
	execute(t, d, "UPDATE audit_epochs SET epoch = 2")
	c.stores(t, events(t, "acme", 30, 1))
	require.Len(t, c.told.unacknowledged, 1)
	require.ErrorContains(t, c.told.unacknowledged[0], "this log had 5 events in epoch 1")
}

func TestForgedStatementsAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		signer string
		change func(*merkle.EpochStatement)
		after  string
		text   string
	}{
		{"a foreign key", "mallory", func(*merkle.EpochStatement) {}, "", "no valid signature of a known key"},
		{"another epoch", "one", func(s *merkle.EpochStatement) { s.Origin = merkle.TenantOrigin(logName, "acme", 2) }, "", "the statement opens"},
		{"another tenant", "one", func(s *merkle.EpochStatement) {
			s.Origin, s.PreviousOrigin = merkle.TenantOrigin(logName, "globex", 1), merkle.TenantOrigin(logName, "globex", 0)
		}, "", "the statement is about audit.example.com/test/t-"},
		{"another time", "one", func(*merkle.EpochStatement) {}, "UPDATE audit_epochs SET recorded_at = recorded_at - interval '1 microsecond'", "another time"},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/restart=%t", test.name, restart), func(t *testing.T) {
				t.Parallel()
				d := storetest.NewDatabase(t)
				c := newCollector(t, d.WriterURL, ring(t, "one"), "")
				c.stores(t, events(t, "acme", 0, 10))
				opening(t, d, ring(t, test.signer), test.change)
				if test.after != "" {
					execute(t, d, test.after)
				}
				if restart {
					c = newCollector(t, d.WriterURL, ring(t, "one"), "")
				}
				cause := c.refuses(t, events(t, "acme", 10, 5))
				require.ErrorContains(t, cause, test.text)
				require.Equal(t, seal.ReasonForgedEpoch, seal.Reason(cause))
			})
		}
	}
}

// A store that was written without signatures is not signed from the middle on.
func TestUnsealedStoresAreRefusedUntilANewEpoch(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	plain := newWriter(t, d.WriterURL, nil)
	require.NoError(t, plain.Write(t.Context(), events(t, "acme", 0, 10), make([]store.Outcome, 10)))
	c := newCollector(t, d.WriterURL, ring(t, "one"), "")
	require.ErrorContains(t, c.refuses(t, events(t, "acme", 10, 1)), "run otelaudit recover --new-epoch --tenant acme")
	c.stores(t, events(t, "new", 0, 1))
	execute(t, d, "UPDATE audit_commits SET root = sha256('') WHERE tenant_id = 'acme'") // for opening
	opening(t, d, ring(t, "one"), func(*merkle.EpochStatement) {})
	c.stores(t, events(t, "acme", 10, 5))

	// And a signed one is not continued without.
	for _, tenant := range []string{"acme", "new"} {
		outcomes := make([]store.Outcome, 1)
		require.NoError(t, plain.Write(t.Context(), events(t, tenant, 100, 1), outcomes))
		require.Equal(t, store.Refused, outcomes[0].Status)
		require.ErrorIs(t, outcomes[0].Cause, store.ErrSealed)
	}
	require.NoError(t, plain.Write(t.Context(), events(t, "third", 0, 1), make([]store.Outcome, 1)))
}

// An epoch that was opened and has no commit is signed too.
func TestWithoutSealerAnOpenedEpochIsRefused(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	c := newCollector(t, d.WriterURL, ring(t, "one"), "")
	c.stores(t, events(t, "acme", 0, 10))
	opening(t, d, ring(t, "one"), func(*merkle.EpochStatement) {})
	outcomes := make([]store.Outcome, 1)
	require.NoError(t, newWriter(t, d.WriterURL, nil).Write(t.Context(), events(t, "acme", 10, 1), outcomes))
	require.ErrorIs(t, outcomes[0].Cause, store.ErrSealed)
}

// Two collectors, each with a key of its own and the other's as a public line.
func TestTwoKeysOfOneLog(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	one := newCollector(t, d.WriterURL, ring(t, "one", "two"), "")
	two := newCollector(t, d.WriterURL, ring(t, "two", "one"), "")
	for i := range 6 {
		one.stores(t, events(t, "acme", 20*i, 7))
		two.stores(t, events(t, "acme", 20*i+10, 3))
	}
	require.Equal(t, 12, checkTrees(t, d, ring(t, "one", "two")))
	stranger := newCollector(t, d.WriterURL, ring(t, "one"), "")
	cause := stranger.refuses(t, events(t, "acme", 500, 1))
	require.Equal(t, seal.ReasonForgedHead, seal.Reason(cause))
	require.ErrorIs(t, cause, keys.ErrSignature)
	require.ErrorContains(t, cause, "add that key's public line to this key file")
}

// An anchor file of another key is not believed, and not passed over either.
func TestAnchorsOfAnotherKey(t *testing.T) {
	t.Parallel()
	d := storetest.NewDatabase(t)
	file := filepath.Join(t.TempDir(), "anchors")
	c := newCollector(t, d.WriterURL, ring(t, "one"), file)
	c.stores(t, events(t, "acme", 0, 10))
	c.stop()
	other := newCollector(t, d.WriterURL, ring(t, "two", "one"), file)
	other.stores(t, events(t, "acme", 10, 5))
	other.stop()
	back := newCollector(t, d.WriterURL, ring(t, "one"), file)
	cause := back.refuses(t, events(t, "acme", 15, 1))
	require.Equal(t, seal.ReasonAnchor, seal.Reason(cause))
	require.ErrorContains(t, cause, "the anchor file has a checkpoint of this log that is not ours")
	back.stores(t, events(t, "globex", 0, 1))
}

func TestReasonOfOtherErrors(t *testing.T) {
	t.Parallel()
	require.Equal(t, seal.ReasonOther, seal.Reason(errors.New("x")))
}

// Commands in messages can be pasted, whatever the tenant is called.
func TestTenantsAreQuotedInCommands(t *testing.T) {
	t.Parallel()
	for tenant, word := range map[string]string{
		"acme": "acme", "a.b-c_1": "a.b-c_1", "a b": `'a b'`, "": "''", "$(reboot)": `'$(reboot)'`, "it's": `'it'\''s'`, "-x": "-x",
	} {
		require.ErrorContains(t, &seal.RollbackError{TenantID: tenant}, "--tenant "+word)
		require.ErrorContains(t, &seal.ForkError{TenantID: tenant}, "--tenant "+word)
	}
}
