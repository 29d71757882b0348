package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Page is one page of a list.
type Page struct {
	Events []StoredEvent
	Next   string // cursor of the page after, "" on the last one
}

// List returns a page of the tenant's events, newest first unless the filter
// says otherwise: by event_time, then seq. It returns *FilterError or ErrCursor
// for a filter that cannot be meant.
func (r *Reader) List(ctx context.Context, tenant string, f Filter) (Page, error) {
	if err := f.check(tenant); err != nil {
		return Page{}, err
	}
	f.Since, f.Until = asBound(f.Since), asBound(f.Until)
	var after *position
	if f.Cursor != "" {
		at, err := decodeCursor(f.Cursor, tenant, &f)
		if err != nil {
			return Page{}, err
		}
		after, f.Since, f.Until = &at, at.since, at.until
	}
	var page Page
	err := r.read(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.listQuery(&f), listArguments(tenant, &f, after)...)
		if err != nil {
			return err
		}
		page.Events, err = collectEvents(rows)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	// One more than asked for was read, to know whether there is another page.
	if limit := f.limit(); len(page.Events) > limit {
		page.Events = page.Events[:limit]
		last := &page.Events[limit-1]
		at := position{eventTime: last.EventTime, seq: last.Seq, epoch: last.Epoch, since: f.Since, until: f.Until}
		page.Next = at.encode(tenant, &f)
	}
	return page, nil
}

func (r *Reader) listQuery(f *Filter) string {
	if f.OldestFirst {
		return r.sql.listOldest
	}
	return r.sql.listNewest
}

func listArguments(tenant string, f *Filter, after *position) []any {
	arguments := []any{tenant, orNull(f.Action)}
	end, open := prefixEnd(f.ActionPrefix)
	if open {
		arguments = append(arguments, orNull(f.ActionPrefix), nil)
	} else {
		arguments = append(arguments, f.ActionPrefix, end)
	}
	for _, text := range []string{
		f.ActorType, f.ActorID, f.TargetType, f.TargetID, f.Outcome,
		f.CorrelationID, f.CausationID, f.TraceID, f.RequestID, f.IP,
	} {
		arguments = append(arguments, orNull(text))
	}
	for _, bound := range []interface{ IsZero() bool }{f.Since, f.Until} {
		if bound.IsZero() {
			bound = nil
		}
		arguments = append(arguments, bound)
	}
	if after == nil {
		arguments = append(arguments, nil, nil, nil)
	} else {
		arguments = append(arguments, after.eventTime, after.seq, after.epoch)
	}
	return append(arguments, f.limit()+1, orNull(f.ReasonContains))
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
