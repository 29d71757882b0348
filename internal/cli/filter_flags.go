package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/store"
)

// filterFlags say which events of which tenant are meant, the same for every
// command that shows events.
type filterFlags struct {
	tenant        string
	said          store.Filter // as typed
	actor, target entityFlags
	since, until  string
}

func (o *filterFlags) register(cmd *cobra.Command) {
	o.registerMembers(cmd)
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "from this `time` on: RFC 3339, a date, or an age such as 30d")
	f.StringVar(&o.until, "until", "", "before this `time`")
}

// registerMembers registers what is not about time.
func (o *filterFlags) registerMembers(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.tenant, "tenant", "", "`tenant` whose events are meant (required)")
	f.StringVar(&o.said.ActionPrefix, "action-prefix", "", "actions that begin with `text`")
	f.StringVar(&o.said.Action, "action", "", "this `action`")
	o.target.register(cmd, "target", "what it was done to,")
	o.actor.register(cmd, "actor", "who did it,")
	f.StringVar(&o.said.Outcome, "outcome", "", "`outcome`: success, failure, denied, unknown or an alias")
	_ = cmd.RegisterFlagCompletionFunc("outcome", completeOutcome) // the flag exists
	f.StringVar(&o.said.CorrelationID, "correlation-id", "", "events of one operation, by its `id`")
	f.StringVar(&o.said.CausationID, "causation-id", "", "events caused by the event with this `id`")
	f.StringVar(&o.said.TraceID, "trace-id", "", "events of a trace, 32 hexadecimal `digits`; no index, add --since")
	f.StringVar(&o.said.RequestID, "request-id", "", "events of a request, by its `id`; no index, add --since")
	f.StringVar(&o.said.IP, "ip", "", "events from a client `address`, as it was recorded; no index, add --since")
	f.StringVar(&o.said.ReasonContains, "reason-contains", "", "events whose reason has this `text` in it; needs --since")
}

// refuse refuses a command without a tenant, and flags that were given an empty
// text, except the named ones.
func (o *filterFlags) refuse(cmd *cobra.Command, mayBeEmpty ...string) error {
	if o.tenant == "" {
		return usageError("every "+cmd.Name()+" is one tenant's: --tenant T", "%s needs --tenant", cmd.Name())
	}
	return refuseEmpty(cmd, append(mayBeEmpty, "action-prefix", "by-prefix")...)
}

// into completes a filter with what the flags say, or refuses what cannot be
// meant. Ages are before now.
func (o *filterFlags) into(filter *store.Filter, now time.Time) error {
	said := o.said
	actor, err := o.actor.parse()
	if err != nil {
		return err
	}
	target, err := o.target.parse()
	if err != nil {
		return err
	}
	said.ActorType, said.ActorID = actor.kind, actor.id
	said.TargetType, said.TargetID = target.kind, target.id
	if said.Outcome != "" {
		outcome, known := record.ParseOutcome(said.Outcome)
		if !known {
			return usageError(outcomeHint, "--outcome %q is no outcome", said.Outcome)
		}
		said.Outcome = outcome
	}
	if said.TraceID != "" && !isHexadecimal(said.TraceID, 16) {
		return usageError("", "--trace-id %q is not 32 hexadecimal digits", said.TraceID)
	}
	said.TraceID = strings.ToLower(said.TraceID)
	w, err := parseWindow(o.since, o.until, now)
	if err != nil {
		return err
	}
	said.Since, said.Until = w.since, w.until
	if isAge(o.since) || isAge(o.until) {
		said.Relative = o.since + ".." + o.until
	}
	said.Limit, said.Cursor, said.OldestFirst = filter.Limit, filter.Cursor, filter.OldestFirst
	*filter = said
	return nil
}

func isAge(s string) bool {
	_, err := parseAge(s)
	return err == nil
}
