package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// LogExtent is one log of a tenant as it was at a moment.
type LogExtent struct {
	Epoch  int32 `json:"epoch"`
	Size   int64 `json:"size"`                    // events that were ever committed
	Pruned int64 `json:"pruned_before,omitempty"` // retention has removed those below this seq
	// Head is the root of the log at its size, hexadecimal, or where none is stored
	// the time of its last commit.
	Head string `json:"head,omitempty"`
}

// Extent is what a tenant has at a moment: everything that was committed.
type Extent struct {
	Login string      // of the database
	Logs  []LogExtent // by epoch
}

// NotAdmittedError is a login that is bound to other tenants.
type NotAdmittedError struct{ Login, Tenant string }

// Error names the login and the tenant.
func (e *NotAdmittedError) Error() string {
	return fmt.Sprintf("%q is bound to other tenants than %q", e.Login, e.Tenant)
}

// Extent returns the logs of a tenant as they are, or a *NotAdmittedError.
func (r *Reader) Extent(ctx context.Context, tenant string) (Extent, error) {
	var extent Extent
	if err := (&Filter{}).check(tenant); err != nil {
		return extent, err
	}
	admitted := false
	var e exchange
	r.beginExport(&e, tenant)
	e.ask(r.sql.exportLogin, []param{textOf(tenant)}, func(columns [][]byte) error {
		extent.Login, admitted = string(columns[0]), len(columns[1]) == 1 && columns[1][0] == 1
		return nil
	})
	e.ask(r.sql.exportExtent, []param{textOf(tenant)}, func(columns [][]byte) error {
		log, err := asLogExtent(columns)
		extent.Logs = append(extent.Logs, log)
		return err
	})
	err := r.exchange(ctx, &e)
	if err == nil && !admitted {
		err = &NotAdmittedError{Login: extent.Login, Tenant: tenant}
	}
	return extent, err
}

func asLogExtent(columns [][]byte) (log LogExtent, err error) {
	if log.Epoch, err = asInt32(columns[0]); err != nil {
		return log, err
	}
	if log.Size, err = asInt64(columns[1]); err != nil {
		return log, err
	}
	log.Pruned, err = asInt64(columns[2])
	log.Head = string(columns[3])
	return log, err
}

// Extends reports whether the logs of a tenant go on from what they were: they
// have as many events, and at that size the same head.
func (r *Reader) Extends(ctx context.Context, tenant string, had []LogExtent) (bool, error) {
	if len(had) == 0 {
		return true, nil
	}
	heads := make([]string, len(had))
	var e exchange
	r.beginExport(&e, tenant)
	for i, log := range had {
		e.ask(r.sql.exportHead, []param{textOf(tenant), int4Of(log.Epoch), int8Of(log.Size)}, func(columns [][]byte) error {
			heads[i] = string(columns[0])
			return nil
		})
	}
	if err := r.exchange(ctx, &e); err != nil {
		return false, err
	}
	for i, log := range had {
		if heads[i] == "" || log.Head != "" && heads[i] != log.Head {
			return false, nil
		}
	}
	return true, nil
}

// beginExport queues the begin of a transaction that sees one tenant.
func (r *Reader) beginExport(e *exchange, tenant string) {
	e.add("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
	e.add(r.sql.exportSession, textOf(tenant), textOf(r.statementTimeout()))
}

// exchange ends the transaction of an exchange, and runs it in one round trip.
func (r *Reader) exchange(ctx context.Context, e *exchange) error {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return pgurl.Describe(err)
	}
	defer conn.Release() // which closes the connection after an error: its transaction has not ended
	e.add("COMMIT")
	return pgurl.Describe(e.run(ctx, conn.Conn().PgConn()))
}

// filterParams are the parameters of the filter in read_export.sql, in order.
func filterParams(f *Filter) []param {
	params := []param{textOrNull(f.Action)}
	if end, open := prefixEnd(f.ActionPrefix); open {
		params = append(params, textOrNull(f.ActionPrefix), textOrNull(""))
	} else {
		params = append(params, textOf(f.ActionPrefix), textOf(end))
	}
	for _, text := range []string{
		f.ActorType, f.ActorID, f.TargetType, f.TargetID, f.Outcome,
		f.CorrelationID, f.CausationID, f.TraceID, f.RequestID, f.IP,
	} {
		params = append(params, textOrNull(text))
	}
	return append(params, instantOrNull(f.Since), instantOrNull(f.Until), textOrNull(f.ReasonContains))
}

func textOrNull(text string) param {
	if text == "" {
		return param{oid: oidText}
	}
	return textOf(text)
}

func instantOrNull(t time.Time) param {
	if t.IsZero() {
		return param{oid: oidTimestamp}
	}
	return microsOf(pgMicros(asBound(t)))
}

// filters reports whether the filter leaves anything out.
func (f *Filter) filters() bool {
	if !f.Since.IsZero() || !f.Until.IsZero() {
		return true
	}
	for _, t := range f.texts() {
		if t.text != "" {
			return true
		}
	}
	return false
}

// Place is one in the logs of a tenant: everything up to it was read.
type Place struct {
	Epoch int32 `json:"epoch"`
	Seq   int64 `json:"seq"` // -1 before the first event
	// RecordedAt, in microseconds since 1970, tells two rows of one seq apart,
	// which verify would find; the largest integer stands behind them all.
	RecordedAt int64 `json:"recorded_at"`
}

// After is the position behind everything with this seq and before.
func After(epoch int32, seq int64) Place {
	return Place{Epoch: epoch, Seq: seq, RecordedAt: math.MaxInt64}
}

func (p Place) key() EventKey { return EventKey{Seq: p.Seq, RecordedAt: p.RecordedAt} }

// ExportOptions say what an export reads.
type ExportOptions struct {
	Tenant string
	Filter Filter      // Limit, Cursor and OldestFirst are not looked at
	Logs   []LogExtent // of Extent; nothing behind them is read
	After  *Place      // where an earlier export ended; nil is the beginning
	Now    func() time.Time
}

// check is that of a list, but that text in the reason needs no window: no
// statement looks at more than a stretch.
func (o *ExportOptions) check() error {
	f := o.Filter
	if f.Since.IsZero() {
		f.ReasonContains = ""
	}
	return errors.Join(f.check(o.Tenant), checkText("reason_contains", o.Filter.ReasonContains))
}

// Export reads the events of a tenant in the order of its logs, a page per
// transaction of about a fifth of a second. It believes what the server answers;
// what is missing it reports, see Gap. Not safe for concurrent use.
type Export struct {
	reader *Reader
	o      ExportOptions
	params []param // of the filter
	all    bool    // nothing is filtered
	at     int     // index in o.Logs
	done   Place
	window int64 // seqs that one statement looks at, where there is a filter
	limit  int32
}

// Gap is events that should be there and are not: of the seqs From <= seq < To.
type Gap struct {
	Epoch    int32
	From, To int64
	// Pruned says that retention removed them since the extent was read. Others
	// were removed one by one, as audit_pruned_leaves says, or nothing says why.
	Pruned    bool
	Unstated  int64 // events that are missing and nothing says why
	Estimated bool  // a filter hides how many there were
}

// Export begins an export. It returns a *FilterError for what cannot be meant.
func (r *Reader) Export(o ExportOptions) (*Export, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	x := &Export{
		reader: r, o: o, params: filterParams(&o.Filter), all: !o.Filter.filters(),
		window: firstWindow, limit: FirstLimit, done: Place{Seq: -1, RecordedAt: math.MaxInt64},
	}
	if len(o.Logs) > 0 {
		x.done.Epoch = o.Logs[0].Epoch
	}
	if o.After != nil {
		x.done = *o.After
		for x.at < len(o.Logs) && o.Logs[x.at].Epoch < x.done.Epoch {
			x.at++
		}
	}
	return x, nil
}

// Done is the position up to which everything was read.
func (x *Export) Done() Place { return x.done }

const (
	firstWindow   = 1 << 14
	largestWindow = 1 << 28
	// chunkTime is how long a transaction takes, about.
	chunkTime = 200 * time.Millisecond
)

// Next fills the page with the next events, none where none of a stretch match,
// and returns what is missing among them; io.EOF where the extent ends.
func (x *Export) Next(ctx context.Context, page *EventPage) ([]Gap, error) {
	page.Reset()
	for x.at < len(x.o.Logs) {
		log := x.o.Logs[x.at]
		if x.done.Epoch != log.Epoch {
			x.done = Place{Epoch: log.Epoch, Seq: -1, RecordedAt: math.MaxInt64}
		}
		if x.done.Seq < log.Size-1 || x.done.Seq == log.Size-1 && x.done.RecordedAt != math.MaxInt64 {
			return x.read(ctx, log, page)
		}
		x.at++
	}
	return nil, io.EOF
}

func (x *Export) read(ctx context.Context, log LogExtent, page *EventPage) ([]Gap, error) {
	page.Epoch = log.Epoch
	until := log.Size
	if !x.all {
		until = min(until, max(x.done.Seq, 0)+x.window)
	}
	var pruned int64
	cut := false
	var e exchange
	x.reader.beginExport(&e, x.o.Tenant)
	key := x.done.key()
	e.ask(x.reader.sql.export, append([]param{
		textOf(x.o.Tenant), int4Of(log.Epoch), int8Of(key.Seq), microsOf(key.micros()), int8Of(until), int4Of(x.limit),
	}, x.params...), func(columns [][]byte) error {
		if cut = cut || page.Len() > 0 && page.Bytes() > maxPageBytes; cut {
			return nil // large rows: the next page begins with the first one left out
		}
		return page.add(columns)
	})
	// After the events: whatever a prune took from them is seen here.
	e.ask(x.reader.sql.exportPruned, []param{textOf(x.o.Tenant), int4Of(log.Epoch)}, func(columns [][]byte) (err error) {
		pruned, err = asInt64(columns[0])
		return err
	})
	start := x.o.Now()
	if err := x.reader.exchange(ctx, &e); err != nil {
		return nil, err
	}
	before := x.done
	x.done = After(log.Epoch, until-1)
	if full := int64(page.Len()) == int64(x.limit); cut || full {
		last := page.Row(page.Len() - 1)
		x.done = Place{Epoch: log.Epoch, Seq: last.Seq(), RecordedAt: last.RecordedAt()}
	}
	x.adapt(x.o.Now().Sub(start), page)
	return x.gaps(ctx, log, before, pruned, page)
}

// adapt chooses how much the next statement reads.
func (x *Export) adapt(took time.Duration, page *EventPage) {
	switch {
	case took > 2*chunkTime:
		x.window, x.limit = max(x.window/4, 256), max(x.limit/2, 16)
		return
	case took > chunkTime:
		x.window = max(x.window/2, 256)
	case took < chunkTime/2 && page.Len() < int(x.limit):
		x.window = min(x.window*4, largestWindow)
	}
	const smallest, largest = 16, 16384
	if page.Len() > 0 {
		fits := maxPageBytes * 3 / 4 / (page.Bytes()/page.Len() + 1)
		x.limit = int32(min(max(fits, smallest), largest, 4*int(x.limit))) //nolint:gosec // at most 16384
	}
}

// gaps tells what is missing between the position before and the one now.
func (x *Export) gaps(ctx context.Context, log LogExtent, before Place, pruned int64, page *EventPage) ([]Gap, error) {
	if !x.all {
		if from := max(before.Seq+1, log.Pruned); pruned > from {
			to := min(pruned, x.done.Seq+1)
			if from < to {
				return []Gap{{Epoch: log.Epoch, From: from, To: to, Pruned: true, Estimated: true}}, nil
			}
		}
		return nil, nil
	}
	var gaps []Gap
	next := before.Seq + 1
	if before.RecordedAt != math.MaxInt64 {
		next = before.Seq // the page may begin with another row of that seq
		if page.Len() > 0 && page.Row(0).Seq() > next {
			next++
		}
	}
	miss := func(to int64) error {
		found, err := x.gap(ctx, log, max(next, log.Pruned), to, pruned)
		gaps = append(gaps, found...)
		return err
	}
	for i := range page.Len() {
		seq := page.Row(i).Seq()
		if seq > next {
			if err := miss(seq); err != nil {
				return nil, err
			}
		}
		next = max(next, seq+1)
	}
	if x.done.Seq >= next {
		if err := miss(x.done.Seq + 1); err != nil {
			return nil, err
		}
	}
	return gaps, nil
}

// gap explains why events from <= seq < to are not there.
func (x *Export) gap(ctx context.Context, log LogExtent, from, to, pruned int64) ([]Gap, error) {
	var gaps []Gap
	if end := min(to, pruned); from < end {
		gaps = append(gaps, Gap{Epoch: log.Epoch, From: from, To: end, Pruned: true})
		from = end
	}
	if from >= to {
		return gaps, nil
	}
	var removed int64
	var e exchange
	x.reader.beginExport(&e, x.o.Tenant)
	e.ask(x.reader.sql.exportLeaves, []param{textOf(x.o.Tenant), int4Of(log.Epoch), int8Of(from), int8Of(to)}, func(columns [][]byte) (err error) {
		removed, err = asInt64(columns[0])
		return err
	})
	if err := x.reader.exchange(ctx, &e); err != nil {
		return nil, err
	}
	return append(gaps, Gap{Epoch: log.Epoch, From: from, To: to, Unstated: max(to-from-removed, 0)}), nil
}

// LastEvents returns the position in front of the last n events that match, for
// an Export that shows these.
func (r *Reader) LastEvents(ctx context.Context, o ExportOptions, n int) (Place, error) {
	if err := o.check(); err != nil {
		return Place{}, err
	}
	at := Place{Seq: -1, RecordedAt: math.MaxInt64}
	params := filterParams(&o.Filter)
	for i := len(o.Logs) - 1; i >= 0 && n > 0; i-- {
		log := o.Logs[i]
		window := int64(firstWindow)
		for end := log.Size; end > 0 && n > 0; {
			from := max(end-window, 0)
			begin := o.Now()
			var e exchange
			r.beginExport(&e, o.Tenant)
			e.ask(r.sql.exportLast, append([]param{
				textOf(o.Tenant), int4Of(log.Epoch), int8Of(from - 1), microsOf(math.MaxInt64), int8Of(end), int4Of(int32(n)),
			}, params...), func(columns [][]byte) error {
				seq, err := asInt64(columns[0])
				at = After(log.Epoch, seq-1)
				n--
				return err
			})
			if err := r.exchange(ctx, &e); err != nil {
				return Place{}, err
			}
			if end = from; o.Now().Sub(begin) < chunkTime/2 {
				window = min(window*4, largestWindow)
			}
		}
	}
	if n > 0 { // there are fewer
		at = Place{Seq: -1, RecordedAt: math.MaxInt64}
	}
	return at, nil
}

// Since returns the position in front of the first event that was recorded at t
// or later; behind everything where there is none.
func (r *Reader) Since(ctx context.Context, tenant string, logs []LogExtent, t time.Time) (Place, error) {
	for _, log := range logs {
		seq, err := r.firstSince(ctx, tenant, log, t)
		if err != nil {
			return Place{}, err
		}
		if seq < log.Size {
			return After(log.Epoch, seq-1), nil
		}
	}
	return End(logs), nil
}

// End is the position behind all of the logs.
func End(logs []LogExtent) Place {
	if len(logs) == 0 {
		return Place{Seq: -1, RecordedAt: math.MaxInt64}
	}
	last := logs[len(logs)-1]
	return After(last.Epoch, last.Size-1)
}

// firstSince halves the log until one commit is left: recorded_at never goes
// back within a tenant.
func (r *Reader) firstSince(ctx context.Context, tenant string, log LogExtent, t time.Time) (int64, error) {
	low, high := int64(0), log.Size // the answer is low <= seq <= high
	for low < high {
		var first, size int64
		var recordedAt time.Time
		found := false
		var e exchange
		r.beginExport(&e, tenant)
		e.ask(r.sql.exportCommit, []param{textOf(tenant), int4Of(log.Epoch), int8Of(low + (high-low)/2)}, func(columns [][]byte) (err error) {
			found = true
			if first, err = asInt64(columns[0]); err != nil {
				return err
			}
			if size, err = asInt64(columns[1]); err != nil {
				return err
			}
			recordedAt, err = asTime(columns[2])
			return err
		})
		if err := r.exchange(ctx, &e); err != nil {
			return 0, err
		}
		switch {
		case !found || size <= low || first >= high:
			return 0, errors.New("the commits of the log do not follow one another: run otelaudit verify")
		case recordedAt.Before(t):
			low = size
		default:
			high = max(first, low)
		}
	}
	return low, nil
}
