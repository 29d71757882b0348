package bundle

import (
	"context"
	"errors"
	"fmt"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/prove"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// ErrSystemUnseen is returned where events of the tenant were removed and the
// login may not read the log of _system, which says whether that was meant.
var ErrSystemUnseen = errors.New("events were removed, and this login may not read the log of _system")

// readRemovals has everything judged that the store says was removed of the
// tenant, and refuses what is not proven.
func (b *builder) readRemovals(ctx context.Context, logs []store.LogName) error {
	tenant := b.options.Tenant
	some, err := b.someRemoved(ctx, logs)
	if err != nil || !some {
		return err
	}
	trust, err := b.trust()
	if err != nil {
		return err
	}
	found, err := verify.ReadRemovals(ctx, b.scanner, trust, tenant)
	switch {
	case err != nil:
		return err
	case !found.SystemSeen:
		return fmt.Errorf("tenant %q: %w", tenant, ErrSystemUnseen)
	case len(found.Unproven) > 0:
		return fmt.Errorf("%w: tenant %q, epoch %d: %s", ErrDamaged, tenant, found.Unproven[0].Epoch, found.Unproven[0].Detail)
	}
	b.removals = found
	return nil
}

func (b *builder) someRemoved(ctx context.Context, logs []store.LogName) (bool, error) {
	prunes, err := b.scanner.Prunes(ctx, b.options.Tenant)
	if err != nil || len(prunes) > 0 {
		return true, err
	}
	for _, name := range logs {
		if name.Tenant != b.options.Tenant {
			continue
		}
		leaves, err := b.scanner.PrunedLeaves(ctx, name, -1, 1)
		if err != nil || len(leaves) > 0 {
			return true, err
		}
	}
	return false, nil
}

// trust is what the key file vouches for, at any time.
func (b *builder) trust() (*keys.Trust, error) {
	text := []byte(keys.TrustHeader + "\n")
	for _, key := range b.options.Ring.Public() {
		text = fmt.Appendf(text, "%s %s - -\n", key, b.options.Ring.LogName())
	}
	return keys.ParseTrust(text)
}

func (b *builder) removed(name store.LogName) *verify.LogRemovals {
	if b.removals == nil {
		return nil
	}
	return b.removals.Logs[name]
}

// putRemovals puts the evidence into the header of an epoch.
func (b *builder) putRemovals(ctx context.Context, name store.LogName, epoch *Epoch) error {
	removed := b.removed(name)
	if p := removed.Pruned(); p != nil {
		r, err := b.announcement(ctx, p.Row.IntentEventID)
		if err != nil {
			return err
		}
		r.Note = string(p.Row.Note)
		epoch.Pruned, epoch.Removals = p.Row.Size, append(epoch.Removals, r)
	}
	if removed == nil {
		return nil
	}
	for _, id := range removed.SeqIntents {
		r, err := b.announcement(ctx, id)
		if err != nil {
			return err
		}
		epoch.Removals = append(epoch.Removals, r)
	}
	return nil
}

func (b *builder) announcement(ctx context.Context, eventID string) (Removal, error) {
	proven, err := prove.Event(ctx, b.scanner, record.SystemTenant, eventID, 0)
	if err != nil {
		return Removal{}, fmt.Errorf("the announcement of a removal: %w", err)
	}
	return Removal{Record: string(proven.Canonical), Proof: string(proven.Proof.Marshal())}, nil
}
