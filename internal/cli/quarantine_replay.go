package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/replay"
	"github.com/otelaudit/otelaudit/internal/store"
)

type replayOptions struct {
	database *databaseFlags
	all      bool
	filter   store.QuarantineFilter
	expected string
	note     string
	endpoint string
	headers  []string
	timeout  time.Duration
	wait     time.Duration
	access   accessFlags
	format   formatFlag
}

func newQuarantineReplay(sys *System, database *databaseFlags) *cobra.Command {
	o := &replayOptions{database: database}
	cmd := &cobra.Command{
		Use:   "replay ID… | --all [--reason R] [--tenant T]",
		Short: "Send quarantined records to a collector again",
		Long: `Send quarantined records to a collector again, after what was wrong was mended: as
they are kept, without the processor's marks. A record is resolved when an event
with its identity is stored, and not before; otherwise it stays open, and the
result says whether it went to quarantine again, was refused or is not to be
found. Doing it twice, or going on after an interruption, makes no second event.

A record that claims no tenant needs --expect-tenant: the one that the collector
gives it (tenant.default, or that of the sender's authentication). It is where
the event is looked for, and does not change the record.

Whoever replays for many tenants authenticates as one of tenant.forwarders; the
credentials go into --header.

Exit codes: 1 some record was not resolved; 2 the collector cannot be reached.`,
		Example: `  otelaudit quarantine replay 17 18
  otelaudit quarantine replay --all --reason missing_tenant --expect-tenant acme
  otelaudit quarantine replay --all --tenant acme --endpoint https://gateway.example.com:4318 \
      --header "Authorization=Basic $CREDENTIALS"`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, sys, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all that are open, newest first")
	f.StringVar(&o.filter.Tenant, "tenant", "", "with --all: those that claim this `tenant`")
	f.StringVar(&o.filter.Reason, "reason", "", "with --all: those quarantined for this `reason`")
	f.StringVar(&o.expected, "expect-tenant", "", "`tenant` whose event a record without a claim becomes")
	f.StringVar(&o.note, "note", "", "`text` on what was mended, kept with the resolution")
	f.StringVar(&o.endpoint, "endpoint", "", "base `URL` of the OTLP/HTTP receiver (default: $OTEL_EXPORTER_OTLP_ENDPOINT, else "+defaultEndpoint+")")
	f.StringArrayVar(&o.headers, "header", nil, "request header `KEY=VALUE`, repeatable")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "`time` for one record and its repetitions")
	f.DurationVar(&o.wait, "wait", 5*time.Second, "`time` to wait for the events of what was accepted")
	o.access.register(cmd)
	o.format.register(cmd, formatJSONL, formatTable, formatJSONL)
	return cmd
}

func (o *replayOptions) run(cmd *cobra.Command, sys *System, args []string) error {
	ids, err := o.check(cmd, args)
	if err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	client, err := newOTLPClient(sys, o.endpoint, o.headers)
	if err != nil {
		return err
	}
	client.protobuf = true
	reader, err := o.database.connect(cmd.Context(), sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(cmd.Context(), sys, reader)
	if err != nil {
		return err
	}
	read := func(n int, err error) error {
		return recordRead(cmd.Context(), trail,
			access.Read{Action: access.ActionQuarantine, Tenant: o.filter.Tenant, Filter: flagsAsked(cmd), Rows: int64(n)}, err)
	}
	switch may, err := reader.MayResolve(cmd.Context()); {
	case err != nil:
		return read(-1, err)
	case !may:
		_ = trail.Record(cmd.Context(), access.Read{
			Action: access.ActionQuarantine, Tenant: o.filter.Tenant, Outcome: record.OutcomeDenied, Filter: flagsAsked(cmd), Rows: -1,
		})
		return environmentError("replay needs the operator role; the login is the user in the database URL",
			errors.New("this login may not resolve quarantined records: nothing was sent"))
	}
	r := &replayer{options: o, sys: sys, reader: reader, client: client, filter: o.filter, ids: ids}
	err = r.all(cmd.Context(), read)
	if printed := printReplayed(sys, format, r.results); err != nil || printed != nil {
		return errors.Join(printed, err)
	}
	return r.verdict()
}

// check refuses what cannot be meant and returns the ids.
func (o *replayOptions) check(cmd *cobra.Command, args []string) (ids []int64, err error) {
	if err := refuseEmpty(cmd); err != nil {
		return nil, err
	}
	switch {
	case len(args) == 0 && !o.all:
		return nil, usageError("ids, or --all", "%s: which records is not said", cmd.CommandPath())
	case len(args) > 0 && o.all:
		return nil, usageError("", "ids and --all exclude each other")
	case len(args) > 0 && (o.filter.Tenant != "" || o.filter.Reason != ""):
		return nil, usageError("", "--tenant and --reason choose among --all")
	case o.timeout <= 0:
		return nil, usageError("", "--timeout %s is not positive", o.timeout)
	case o.wait < 0:
		return nil, usageError("", "--wait %s is negative", o.wait)
	}
	return parseIDs(args)
}

func parseIDs(args []string) (ids []int64, err error) {
	for _, arg := range args {
		id, err := parseID(arg, "'otelaudit quarantine list' shows the ids")
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// What became of a record that was replayed, besides what the store says.
const (
	replayQuarantined = "quarantined" // it went to quarantine again
	replayRefused     = "refused"     // by the collector
	replayUnsendable  = "unsendable"  // nothing could be sent
	replayNotFound    = "not_found"
)

// replayed is the result for one record.
type replayed struct {
	ID       int64  `json:"id"`
	Result   string `json:"result"`
	Resolved bool   `json:"resolved"`
	Detail   string `json:"detail,omitempty"`
}

// pending is a record that the collector has accepted.
type pending struct {
	result   *replayed
	record   *replay.Record
	identity *store.ReplayIdentity
}

// replayer goes through the records, a page at a time.
type replayer struct {
	options *replayOptions
	sys     *System
	reader  *store.Reader
	client  *otlpClient
	filter  store.QuarantineFilter
	ids     []int64
	results []*replayed
}

// replayPage bounds what is kept between sending and looking.
const replayPage = 200

// all replays every record; read leaves the trace of so many records, or of the
// error that reading them had.
func (r *replayer) all(ctx context.Context, read func(int, error) error) error {
	if !r.options.all {
		if err := read(len(r.ids), nil); err != nil {
			return err
		}
		return r.page(ctx, r.ids)
	}
	r.filter.Limit = replayPage
	for {
		listed, err := r.reader.QuarantineList(ctx, r.filter)
		if err := read(len(listed.Records), err); err != nil {
			return err
		}
		ids := make([]int64, len(listed.Records))
		for i := range listed.Records {
			ids[i] = listed.Records[i].ID
		}
		if err := r.page(ctx, ids); err != nil || listed.Next == 0 {
			return err
		}
		r.filter.Before = listed.Next
	}
}

// page sends records and then looks for their events, so that what takes its time
// does so once. What was accepted is looked for even if the next is not.
func (r *replayer) page(ctx context.Context, ids []int64) error {
	var sent []pending
	var failed error
	for _, id := range ids {
		result := &replayed{ID: id}
		accepted, err := r.send(ctx, result)
		if err != nil {
			failed = err
			break
		}
		r.results = append(r.results, result)
		if accepted != nil {
			sent = append(sent, *accepted)
		}
	}
	return errors.Join(failed, r.confirm(ctx, sent))
}

// send sends one record. nil and no error is a result that is final.
func (r *replayer) send(ctx context.Context, result *replayed) (*pending, error) {
	q, err := r.reader.QuarantineGet(ctx, result.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		result.Result, result.Detail = replayNotFound, "there is no quarantined record with this id"
		return nil, nil //nolint:nilnil // final
	case err != nil:
		return nil, describeRead(err)
	case q.Resolution != "":
		result.settle(q.Resolution)
		return nil, nil //nolint:nilnil // final
	}
	record, err := replay.New(q.OTLP, q.Encoding, q.ReceivedAt)
	if err != nil {
		result.Result, result.Detail = replayUnsendable, err.Error()
		return nil, nil //nolint:nilnil // final
	}
	tenant := replay.Tenant(&q, r.options.expected)
	if tenant == "" {
		result.Result, result.Detail = replayUnsendable, "it claims no tenant: say with --expect-tenant whose event it will be"
		return nil, nil //nolint:nilnil // final
	}
	within, cancel := context.WithTimeout(ctx, r.options.timeout)
	defer cancel()
	answered, err := r.client.deliver(within, record.Body)
	if refused, ok := errors.AsType[*refusal](err); ok {
		result.Result, result.Detail = replayRefused, refused.Error()
		return nil, nil //nolint:nilnil // final
	}
	if err != nil {
		return nil, err
	}
	if answered.rejected > 0 {
		result.Result, result.Detail = replayRefused, "the collector rejected the record: "+answered.message
		return nil, nil //nolint:nilnil // final
	}
	return &pending{result: result, record: record, identity: record.Identity(tenant)}, nil
}

// settle takes over what the store says.
func (r *replayed) settle(found string) {
	r.Result = found
	switch found {
	case store.ReplayStored, store.ReplayReplayed:
		r.Resolved = true
	case store.ReplayDiscarded:
		r.Detail = "it was discarded before"
	case store.ReplayConflict:
		r.Detail = "an event with this identity is stored and says something else; the first one stays"
	case store.ReplayDiffers:
		r.Detail = "an event with this identity is stored and says something else, as it does where the collector redacts more: compare them, and run it again with --note"
	}
}

// confirm looks for the events of what was accepted, until all are settled or
// --wait has passed.
func (r *replayer) confirm(ctx context.Context, sent []pending) error {
	pause := 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		open := sent[:0]
		for i := range sent {
			settled, err := r.settled(ctx, &sent[i])
			if err != nil {
				return err
			}
			if !settled {
				open = append(open, sent[i])
			}
		}
		if sent = open; len(sent) == 0 {
			return nil
		}
		if waited >= r.options.wait {
			break
		}
		pause = min(2*pause, 500*time.Millisecond)
		if err := sleep(ctx, pause); err != nil {
			return environmentError("run it again: what was stored is resolved then", errors.New("interrupted"))
		}
	}
	for i := range sent {
		sent[i].result.Result = store.ReplayAbsent
		sent[i].result.Detail = "the collector took it, and no such event of the tenant is stored: it went to quarantine as it was, or still waits in a queue; 'otelaudit quarantine show " +
			strconv.FormatInt(sent[i].result.ID, 10) + "' says why it is there"
	}
	return nil
}

// settled asks the store about one record.
func (r *replayer) settled(ctx context.Context, p *pending) (bool, error) {
	found, err := r.reader.ResolveReplayed(ctx, r.options.access.caller(r.sys), p.result.ID, p.identity, r.options.note)
	if err != nil {
		return false, describeChange(err)
	}
	if found != store.ReplayAbsent {
		p.result.settle(found)
		return true, nil
	}
	twin, err := r.reader.QuarantineTwin(ctx, p.result.ID, p.record.SHA256)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, describeRead(err)
	}
	p.result.Result = replayQuarantined
	p.result.Detail = fmt.Sprintf("it went to quarantine again as %d: %s: %s", twin.ID, twin.Reason, twin.Detail)
	return true, nil
}

// verdict is a finding where a record was not resolved.
func (r *replayer) verdict() error {
	open := 0
	for _, result := range r.results {
		if !result.Resolved {
			open++
		}
	}
	if open == 0 {
		return nil
	}
	return negative("what is wrong with a record stands in its result; 'otelaudit quarantine discard' is for what will never be an event",
		"%d of %s not resolved", open, counted(len(r.results), "record"))
}

func printReplayed(sys *System, format string, results []*replayed) error {
	l := &listing{header: []string{"id", "result", "resolved", "detail"}}
	for _, r := range results {
		l.add(strconv.FormatInt(r.ID, 10), r.Result, strconv.FormatBool(r.Resolved), r.Detail)
	}
	return printRows(sys, format, l, results)
}

func newQuarantineDiscard(sys *System, database *databaseFlags) *cobra.Command {
	var reason string
	var who accessFlags
	cmd := &cobra.Command{
		Use:   "discard ID… --reason R",
		Short: "Say that quarantined records will not become events",
		Long: `Say of quarantined records that they will not become events, and why. Nothing is
deleted: a record stays to be seen until the window of the quarantine has passed
('otelaudit retention set --quarantine'). Exit code 1 when one is not there or
was resolved before; the others are discarded.`,
		Example: `  otelaudit quarantine discard 17 --reason "a load test"`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			switch {
			case err != nil:
				return err
			case len(ids) == 0:
				return usageError(helpHint(cmd), "%s: ID is missing", cmd.CommandPath())
			case strings.TrimSpace(reason) == "":
				return usageError("it is what an auditor will read", "quarantine discard needs --reason")
			}
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			reader, err := database.connect(cmd.Context(), sys)
			if err != nil {
				return err
			}
			defer reader.Close()
			for _, id := range ids {
				err = errors.Join(err, discard(cmd.Context(), sys, reader, who.caller(sys), id, reason))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for whoever asks why (required)")
	who.register(cmd)
	return cmd
}

func discard(ctx context.Context, sys *System, reader *store.Reader, caller access.Caller, id int64, reason string) error {
	if err := reader.Discard(ctx, caller, id, reason); err != nil {
		return describeChange(err)
	}
	_, err := fmt.Fprintf(sys.Stdout, "{\"id\":%d,\"result\":\"discarded\"}\n", id)
	return err
}
