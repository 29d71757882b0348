package mutation

import (
	"context"
	"errors"
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
func (w *world) writeJournal(ctx context.Context, name string, batches []journalBatch) (notes []string, err error) {
	var clock time.Time
	var writer *journal.Writer
	var hasher journal.Hasher
	options := journal.Options{Directory: w.journal, Name: name, Ring: w.ring, Now: func() time.Time { return clock }, MaxSegmentBytes: segmentBytes}
	for i, batch := range batches {
		clock = batch.at
		if writer == nil {
			writer, err = journal.Open(options)
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
		ends := w.shape.recovered && i == w.epochEnd()
		if ends || w.shape.restarted && i%3 == 2 {
			if err := writer.Close(); err != nil {
				return nil, err
			}
			writer = nil
		}
		if ends {
			if err := openEpoch(options); err != nil {
				return nil, err
			}
		}
	}
	if writer == nil {
		return notes, nil
	}
	return notes, writer.Close()
}

// epochEnd is the last batch of a journal's epoch 0, where it has a second one.
func (w *world) epochEnd() int { return len(w.batches) / 2 }

// openEpoch is `otelaudit recover --journal DIR --new-epoch`.
func openEpoch(options journal.Options) error {
	found, err := journal.Examine(options)
	if err != nil {
		return err
	}
	_, err = found.OpenEpoch("restored from the backup of Sunday")
	return errors.Join(err, found.Close())
}
