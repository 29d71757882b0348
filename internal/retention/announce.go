package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/systemlog"
)

// Announcer puts events of _system that announce removals on their way into its
// log. Their tenant and ids are set.
type Announcer interface {
	Announce(ctx context.Context, intents []*record.Record) error
}

// Teller is an Announcer that can also write into the logs of other tenants.
type Teller interface {
	Tell(ctx context.Context, events []*record.Record) error
}

// ErrUnannounced is returned where a log is signed and nothing was given to
// announce the removal with.
var ErrUnannounced = errors.New("a signed log is pruned after an event of _system has announced it, and there is nothing to announce it with")

// ErrNotInLog is returned where an announcement was sent and the log of _system
// does not get it. Nothing was removed.
var ErrNotInLog = errors.New("nothing was removed, because its announcement is not in the log of " + record.SystemTenant)

// actionPrune is the action of an announcement.
const actionPrune = "audit.prune"

// announcementsAtOnce are written in one transaction or request.
const announcementsAtOnce = 500

// intent is the announcement that the events of a log before a size go.
func (o *Options) intent(log store.LogName, size int64, cutoff time.Time) (*record.Record, error) {
	payload := record.EmptyObject().
		Set("tenant", record.StringValue(log.Tenant)).
		Set("epoch", record.NumberValue(float64(log.Epoch))).
		Set("size", record.NumberValue(float64(size)))
	if !cutoff.IsZero() {
		payload = payload.Set("cutoff", record.StringValue(cutoff.Format(time.RFC3339Nano)))
	}
	return o.event(record.SystemTenant, log.Tenant, payload)
}

// event is one with the action audit.prune about a tenant.
func (o *Options) event(of, about string, payload record.Value) (*record.Record, error) {
	actor := o.Caller.Name
	if actor == "" {
		actor = o.Caller.OSUser
	}
	if actor == "" {
		actor = "unknown"
	}
	rec := &record.Record{
		TenantID: of, Action: actionPrune, Outcome: record.OutcomeSuccess, TimeUnixNano: o.Now().UnixNano(),
		Actor:   record.EmptyObject().Set("type", record.StringValue("user")).Set("id", record.StringValue(actor)),
		Target:  record.EmptyObject().Set("type", record.StringValue("tenant")).Set("id", record.StringValue(about)),
		Source:  record.EmptyObject().Set("service.name", record.StringValue("otelaudit")),
		Payload: payload,
	}
	if p := rec.Normalize(); p != nil {
		return nil, p
	}
	rec.EventID = rec.DeriveEventID()
	return rec, nil
}

// announce has the intents written and waits until the log of _system has them.
func (r *run) announce(ctx context.Context, intents []*record.Record) error {
	if len(intents) == 0 {
		return nil
	}
	if r.Announcer == nil {
		return ErrUnannounced
	}
	for begin := 0; begin < len(intents); begin += announcementsAtOnce {
		chunk := intents[begin:min(begin+announcementsAtOnce, len(intents))]
		if err := r.Announcer.Announce(ctx, chunk); err != nil {
			return fmt.Errorf("announce the removal: %w", err)
		}
		if err := r.await(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the log has them: a collector has acknowledged them, and may
// have put them elsewhere.
func (r *run) await(ctx context.Context, intents []*record.Record) error {
	ids := make([]string, len(intents))
	for i, rec := range intents {
		ids[i] = rec.EventID
	}
	const tries = 100
	for try := range tries {
		recorded, err := r.pruner.Recorded(ctx, ids...)
		if err != nil || recorded {
			return err
		}
		if err := r.Sleep(ctx, min(time.Duration(try+1)*20*time.Millisecond, 300*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w after 25 s: %s", ErrNotInLog, ids[0])
}

// KeyAnnouncer announces with the log's own key.
type KeyAnnouncer struct{ Log *systemlog.Log }

// Announce implements Announcer.
func (a *KeyAnnouncer) Announce(ctx context.Context, intents []*record.Record) error {
	_, err := a.Log.Write(ctx, intents...)
	return err
}

// Tell implements Teller.
func (a *KeyAnnouncer) Tell(ctx context.Context, events []*record.Record) error {
	_, err := a.Log.Write(ctx, events...)
	return err
}
