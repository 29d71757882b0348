package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A request holds what one read of standard input brought, up to these limits:
// a file goes in large batches, and a line that trickles in is sent at once.
const (
	maxBatchRecords = 1000
	maxBatchBytes   = 4 << 20
	stdinBuffer     = 1 << 20
	maxLineBytes    = 16 << 20
)

type sendOptions struct {
	record        outgoing
	payload       string
	time          string
	actor, target entityFlags
	endpoint      string
	headers       []string
	timeout       time.Duration
	format        string
}

func newSend(sys *System) *cobra.Command {
	o := &sendOptions{}
	cmd := &cobra.Command{
		Use:   "send [flags] | send -",
		Short: "Send audit events to a collector by OTLP",
		Long: `Send one audit event made of flags, or with '-' one event per line of JSON on
standard input. It prints what the collector answered and the event's id.

"accepted" means that the collector has answered for the event: it is stored,
was stored before, or is in quarantine with a reason. A request that got no
answer is repeated with the same bytes, so it is never stored twice.

A line of JSON has the members tenant_id, action, actor {type, id, …},
target {type, id, …}, outcome, reason, payload, changes, context,
idempotency_key, correlation_id, causation_id, event_id, time,
observed_time, schema_version, event_name, severity, severity_text, trace_id,
span_id, body, attributes, source (resource attributes). Only --tenant may be
given with '-': it fills in lines that name none.

An event without a time gets the present one. One without an id or key gets a
new id; a line that has a time of its own gets an id derived from its content
by the collector, so that sending the same file again stores nothing twice.

Exit codes: 1 the collector refused; 2 it cannot be reached, or wrong usage.`,
		Example: `  otelaudit send --tenant acme --action invoice.approve --actor user:alice --target invoice:42 --outcome success
  otelaudit send --tenant acme --action session.open --actor-type anonymous --outcome denied --reason "bad password"
  otelaudit send --tenant acme --action order.refund --actor user:bob --payload '{"amount": 1250}' --idempotency-key refund-7
  echo '{"tenant_id":"acme","action":"user.delete","actor":{"type":"user","id":"alice"},"outcome":"success"}' | otelaudit send -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 1 && args[0] == "-" {
				return nil
			}
			return usageError("an event is made of flags, or of lines of JSON with '-'", "send: unexpected argument %q", args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), cmd, sys, len(args) == 1)
		},
	}
	o.register(cmd)
	return cmd
}

func (o *sendOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.record.tenantID, "tenant", "", "`tenant` the event belongs to")
	f.StringVar(&o.record.action, "action", "", "what was done, such as `invoice.approve`")
	o.actor.register(cmd, "actor", "who did it,")
	o.target.register(cmd, "target", "what it was done to,")
	f.StringVar(&o.record.outcome, "outcome", "", "`success`, failure or denied")
	_ = cmd.RegisterFlagCompletionFunc("outcome", completeOutcome) // the flag exists
	f.StringVar(&o.record.reason, "reason", "", "why, as `text`")
	f.StringVar(&o.payload, "payload", "", "any `JSON` value")
	f.StringVar(&o.record.eventID, "record-id", "", "`id` of the event (default: a new one)")
	f.StringVar(&o.record.idempotencyKey, "idempotency-key", "", "`key` that makes a repetition the same event")
	f.StringVar(&o.record.correlationID, "correlation-id", "", "`id` shared by the events of one operation")
	f.StringVar(&o.record.causationID, "causation-id", "", "`id` of the event that caused this one")
	f.StringVar(&o.time, "time", "", "when it happened, RFC 3339, a date or an age (default: now)")
	f.StringVar(&o.endpoint, "endpoint", "", "base `URL` of the OTLP/HTTP receiver (default: $OTEL_EXPORTER_OTLP_ENDPOINT, else "+defaultEndpoint+")")
	f.StringArrayVar(&o.headers, "header", nil, "request header `KEY=VALUE`, repeatable")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "`time` for one request and its repetitions")
	f.StringVar(&o.format, "format", "text", "`format` of the result: text or json")
}

func (o *sendOptions) run(ctx context.Context, cmd *cobra.Command, sys *System, lines bool) error {
	if o.format != "text" && o.format != "json" {
		return usageError("", "--format %q is not text or json", o.format)
	}
	if o.timeout <= 0 {
		return usageError("", "--timeout %s is not positive", o.timeout)
	}
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	client, err := newOTLPClient(sys, o.endpoint, o.headers)
	if err != nil {
		return err
	}
	s := &sender{sys: sys, client: client, timeout: o.timeout, format: o.format}
	if lines {
		err = s.sendLines(ctx, cmd.Flags(), o.record.tenantID)
	} else {
		err = s.sendFlags(ctx, cmd, o)
	}
	if s.answered {
		return errors.Join(s.result.print(sys.Stdout, o.format), err)
	}
	return err
}

// recordFlags are those that describe an event.
var recordFlags = []string{
	"action", "actor", "actor-type", "actor-id", "target", "target-type", "target-id", "outcome", "reason",
	"payload", "record-id", "idempotency-key", "correlation-id", "causation-id", "time",
}

// sender counts what the collector answered for.
type sender struct {
	sys      *System
	client   *otlpClient
	timeout  time.Duration
	format   string
	answered bool
	result   sendResult
}

func (s *sender) sendFlags(ctx context.Context, cmd *cobra.Command, o *sendOptions) error {
	r, err := o.outgoing(cmd, s.sys.Now())
	if err != nil {
		return err
	}
	if err = s.identify(r); err != nil {
		return err
	}
	return s.send(ctx, []*outgoing{r})
}

// outgoing makes the event of the flags. What would end in quarantine is a
// mistake of somebody who types, so it is refused here.
func (o *sendOptions) outgoing(cmd *cobra.Command, now time.Time) (*outgoing, error) {
	r := &o.record
	if r.tenantID == "" || r.action == "" {
		return nil, usageError(helpHint(cmd), "send needs --tenant and --action")
	}
	if r.outcome != "" && !isOutcome(r.outcome) {
		return nil, usageError(outcomeHint, "--outcome %q is no outcome", r.outcome)
	}
	actor, err := o.actor.parse()
	if err != nil {
		return nil, err
	}
	target, err := o.target.parse()
	if err != nil {
		return nil, err
	}
	if !o.actor.given() && !isDenied(r.outcome) {
		return nil, usageError("write --actor TYPE:ID; only a denial may have no actor", "send needs --actor")
	}
	r.actor, r.target = actor.object(), target.object()
	if o.payload != "" {
		r.payload = json.RawMessage(o.payload)
		if err = checkPayload(r.payload); err != nil {
			return nil, usageError(`text needs quotes of its own: --payload '"text"'`, "--payload is not JSON: %w", err)
		}
	}
	if o.time != "" {
		at, perr := parseInstant(o.time, now)
		if perr != nil {
			return nil, usageError(instantHint, "--time %q: %w", o.time, perr)
		}
		if r.timeUnixNano, err = unixNano(at); err != nil {
			return nil, usageError("", "--time %q %w", o.time, err)
		}
	}
	return r, nil
}

func checkPayload(text json.RawMessage) error {
	if !json.Valid(text) {
		var v any
		return json.Unmarshal(text, &v)
	}
	return checkValue(text)
}

// identify gives r the time, the id and the source that were not given.
func (s *sender) identify(r *outgoing) (err error) {
	if r.eventID == "" {
		switch {
		case r.idempotencyKey != "":
			r.eventID = keyedRecordID(r.tenantID, r.idempotencyKey)
		default:
			if r.eventID, err = newRecordID(s.sys.Now(), s.sys.Rand); err != nil {
				return err
			}
		}
	}
	s.complete(r)
	return nil
}

// complete gives r the time and the source that were not given.
func (s *sender) complete(r *outgoing) {
	if r.timeUnixNano == 0 {
		r.timeUnixNano = uint64(s.sys.Now().UnixNano())
	}
	if r.source == nil {
		name := s.sys.Getenv("OTEL_SERVICE_NAME")
		if name == "" {
			name = "otelaudit"
		}
		r.source = append(appendString([]byte(`{"service.name":`), name), '}')
	}
}

func (s *sender) sendLines(ctx context.Context, flags *pflag.FlagSet, tenant string) error {
	for _, name := range recordFlags {
		if flags.Changed(name) {
			return usageError("only --tenant completes lines of JSON", "--%s cannot be given with '-'", name)
		}
	}
	in := bufio.NewReaderSize(s.sys.Stdin, stdinBuffer)
	var (
		batch []*outgoing
		size  int
		sent  int // lines before the batch
	)
	for number := 1; ; number++ {
		line, err := readLine(in)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return lineError(number, sent, err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			r, perr := s.parseLine(text, tenant)
			if perr != nil {
				return lineError(number, sent, perr)
			}
			batch = append(batch, r)
			size += len(text)
		}
		if len(batch) > 0 && (end || in.Buffered() == 0 || len(batch) == maxBatchRecords || size >= maxBatchBytes) {
			if err = s.send(ctx, batch); err != nil {
				return fmt.Errorf("lines %d to %d: %w", sent+1, number, err)
			}
			batch, size, sent = nil, 0, number
		}
		if end {
			break
		}
	}
	s.answered = true
	return nil
}

func (s *sender) parseLine(text []byte, tenant string) (*outgoing, error) {
	r, err := parseOutgoing(text)
	if err != nil {
		return nil, err
	}
	if r.tenantID == "" {
		r.tenantID = tenant
	}
	// With a time of its own the collector's content id is the same for every
	// try of the line; without one only an id made here can tell two lines apart.
	if r.timeUnixNano != 0 && r.eventID == "" {
		s.complete(r)
		return r, nil
	}
	return r, s.identify(r)
}

// readLine returns the next line, with io.EOF beside the last.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLineBytes {
			return nil, fmt.Errorf("is longer than %d MiB", maxLineBytes>>20)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func lineError(number, sent int, err error) error {
	hint := "nothing was sent"
	if sent > 0 {
		hint = fmt.Sprintf("the lines up to %d were sent, nothing after them", sent)
	}
	return usageError(hint, "line %d: %w", number, err)
}

// send delivers one batch. Every error after an answer still counts what was
// accepted.
func (s *sender) send(ctx context.Context, batch []*outgoing) error {
	body, err := appendRequest(nil, batch)
	if err != nil {
		return usageError("", "%w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	a, err := s.client.deliver(ctx, body)
	if err != nil {
		return err
	}
	s.answered = true
	rejected := max(0, min(a.rejected, int64(len(batch))))
	s.result.Accepted += int64(len(batch)) - rejected
	s.result.Rejected += rejected
	if rejected > 0 {
		return negative("", "the collector rejected %d of %d: %s", rejected, len(batch), a.message)
	}
	return s.printIDs(batch)
}

// printIDs prints the ids as text as soon as they are accepted: standard input
// may never end. For JSON they are kept for the one object at the end.
func (s *sender) printIDs(batch []*outgoing) error {
	out := bufio.NewWriter(s.sys.Stdout)
	for _, r := range batch {
		switch {
		case r.eventID == "":
		case s.format == "json":
			s.result.EventIDs = append(s.result.EventIDs, r.eventID)
		default:
			fmt.Fprintf(out, "event_id %s\n", printable(r.eventID))
		}
	}
	return out.Flush()
}

// sendResult is what `send --format json` prints.
type sendResult struct {
	Accepted int64    `json:"accepted"`
	Rejected int64    `json:"rejected"`
	EventIDs []string `json:"event_ids"` // of the events that have one before they are stored
}

func (r *sendResult) print(w io.Writer, format string) error {
	if format == "json" {
		if r.EventIDs == nil {
			r.EventIDs = []string{}
		}
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, "accepted %d\n", r.Accepted)
	if err == nil && r.Rejected > 0 {
		_, err = fmt.Fprintf(w, "rejected %d\n", r.Rejected)
	}
	return err
}
