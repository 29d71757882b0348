package export

import (
	"context"
	"errors"
	"io"

	"github.com/otelaudit/otelaudit/internal/store"
)

// Totals is what an export has written so far.
type Totals struct {
	Rows   int64         `json:"rows"`
	Epochs []EpochTotals `json:"epochs"`
	// Pruned are stretches that retention removed while the export ran.
	Pruned []Stretch `json:"pruned_meanwhile,omitempty"`
	// Missing are stretches in which events are missing and nothing says why.
	Missing []Stretch `json:"missing,omitempty"`
}

// EpochTotals is what was written of one log.
type EpochTotals struct {
	Epoch int32 `json:"epoch"`
	Rows  int64 `json:"rows"`
	First int64 `json:"first_seq"`
	Last  int64 `json:"last_seq"`
}

// Stretch is the seqs From <= seq < To of a log.
type Stretch struct {
	Epoch int32 `json:"epoch"`
	From  int64 `json:"from_seq"`
	To    int64 `json:"to_seq"`
}

func (t *Totals) add(row store.EventRow) {
	t.Rows++
	seq := row.Seq()
	if n := len(t.Epochs); n == 0 || t.Epochs[n-1].Epoch != row.Epoch() {
		t.Epochs = append(t.Epochs, EpochTotals{Epoch: row.Epoch(), First: seq})
	}
	last := &t.Epochs[len(t.Epochs)-1]
	last.Rows++
	last.Last = seq
}

// gap notes what is missing, joined with what was missing just before. Beyond a
// hundred stretches the last one grows: the file of a state stays small.
func (t *Totals) gap(g store.Gap) {
	to := &t.Pruned
	switch {
	case g.Pruned:
	case g.Unstated > 0:
		to = &t.Missing
	default:
		return // removed one by one, as the store says
	}
	if n := len(*to); n > 0 {
		if last := &(*to)[n-1]; last.Epoch == g.Epoch && (last.To == g.From || n >= 100) {
			last.To = g.To
			return
		}
	}
	*to = append(*to, Stretch{Epoch: g.Epoch, From: g.From, To: g.To})
}

// Chunk is encoded events, whole ones, and where they end.
type Chunk struct {
	Bytes  []byte // valid during the call
	At     store.Place
	Totals *Totals
	Gaps   []store.Gap
}

// page is what one transaction read.
type page struct {
	rows *store.EventPage
	at   store.Place
	gaps []store.Gap
	err  error
}

// Stream reads to the end of the extent and hands on chunk after chunk, while the
// next one is read. It ends with the first error, of the store or of write; after
// one, everything up to the place of the last chunk that write took is written.
func Stream(ctx context.Context, x *store.Export, encoder Encoder, totals *Totals, write func(Chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	free, pages := make(chan *store.EventPage, 2), make(chan page)
	free <- &store.EventPage{}
	free <- &store.EventPage{}
	go read(ctx, x, free, pages)
	defer func() {
		cancel()
		for range pages { // until the reader has ended
		}
	}()
	var buf []byte
	for p := range pages {
		if errors.Is(p.err, io.EOF) {
			return nil
		}
		if p.err != nil {
			return p.err
		}
		buf = buf[:0]
		for i := range p.rows.Len() {
			var err error
			if buf, err = encoder.Append(buf, p.rows.Row(i)); err != nil {
				return err
			}
			totals.add(p.rows.Row(i))
		}
		for _, gap := range p.gaps {
			totals.gap(gap)
		}
		if err := write(Chunk{Bytes: buf, At: p.at, Totals: totals, Gaps: p.gaps}); err != nil {
			return err
		}
		free <- p.rows
	}
	return ctx.Err()
}

// read reads one page ahead, until the end, an error, or ctx.
func read(ctx context.Context, x *store.Export, free <-chan *store.EventPage, pages chan<- page) {
	defer close(pages)
	for {
		select {
		case rows := <-free:
			gaps, err := x.Next(ctx, rows)
			select {
			case pages <- page{rows: rows, at: x.Done(), gaps: gaps, err: err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
