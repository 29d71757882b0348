package access_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelaudit/otelaudit/internal/access"
)

// untaken is an outbox from which no collector takes anything.
type untaken struct{ traced []access.Read }

func (u *untaken) Trace(_ context.Context, _ access.Caller, read access.Read) (string, error) {
	u.traced = append(u.traced, read)
	return "id", nil
}

func (*untaken) Rehearse(context.Context, access.Caller, access.Read) error { return nil }

func (*untaken) Recorded(ctx context.Context, _ ...string) (bool, error) { return false, ctx.Err() }

// TestWhoeverWaitsInVainIsToldForWhat: a deadline of the caller's, or one within a
// query, is no other answer than that of the wait itself.
func TestWhoeverWaitsInVainIsToldForWhat(t *testing.T) {
	for name, limit := range map[string]time.Duration{"of the caller": 20 * time.Millisecond, "of the wait": time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err := access.AwaitRecorded(ctx, &untaken{}, 50*time.Millisecond, "id")
		cancel()
		require.ErrorIs(t, err, access.ErrNotSigned, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, access.AwaitRecorded(ctx, &untaken{}, time.Hour, "id"), context.Canceled)
}

// TestTheEndOfARead is recorded after the user has ended it, and where that fails
// it says so: its rows were shown.
func TestTheEndOfARead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	outbox := &untaken{}
	trail := access.Trail{Mode: access.Signed, Outbox: outbox, Wait: 20 * time.Millisecond}
	err := trail.RecordEnd(ctx, access.Read{Action: access.ActionTail, Rows: 3})
	require.Len(t, outbox.traced, 1)
	require.ErrorIs(t, err, access.ErrNotSigned)
	require.EqualError(t, err, "the end of this read (audit.read.tail of _system) could not be recorded: "+access.ErrNotSigned.Error())
	var refused *access.RefusedError
	require.True(t, errors.As(err, &refused) && refused.End)
}
