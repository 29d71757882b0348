package mutation

import (
	"context"
	"time"

	"github.com/otelaudit/otelaudit/internal/journal"
	"github.com/otelaudit/otelaudit/internal/seal"
	"github.com/otelaudit/otelaudit/internal/store"
)

// restarting is the sealer of a process that comes up anew, with another key
// file perhaps, while the connection to the database stays.
type restarting struct{ store.Sealer }

func (r *restarting) restart(w *world) {
	r.Sealer = seal.New(seal.Options{Ring: w.ring, Now: w.lab.now})
}

const journalName = "beside"

// segmentBytes makes a journal of a seed several segments long.
const segmentBytes = 16 << 10

// writeJournal writes batches with the journal's own writer and returns the
// checkpoint of each. The clock is that of the batches, so that the key holder's
// forgery differs from the original in nothing but entries.
func (w *world) writeJournal(ctx context.Context, batches []journalBatch) (notes []string, err error) {
	var clock time.Time
	var writer *journal.Writer
	var hasher journal.Hasher
	for i, batch := range batches {
		clock = batch.at
		if writer == nil {
			writer, err = journal.Open(journal.Options{
				Directory: w.journal, Name: journalName, Ring: w.ring, Now: func() time.Time { return clock }, MaxSegmentBytes: segmentBytes,
			})
			if err != nil {
				return nil, err
			}
		}
		entries := make([]journal.Entry, len(batch.entries))
		for j, e := range batch.entries {
			if entries[j], err = hasher.NewEntry([]byte(e.canonical), e.mac); err != nil {
				return nil, err
			}
		}
		if _, err := writer.Append(ctx, entries); err != nil {
			return nil, err
		}
		note, _ := writer.Head()
		notes = append(notes, string(note))
		if w.shape.restarted && i%3 == 2 {
			if err := writer.Close(); err != nil {
				return nil, err
			}
			writer = nil
		}
	}
	if writer == nil {
		return notes, nil
	}
	return notes, writer.Close()
}
