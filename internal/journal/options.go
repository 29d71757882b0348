package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Anchors are checkpoints kept where nobody who can change the journal can
// change them: *anchor.File.
type Anchors interface {
	// LatestEpoch returns the newest checkpoint of the newest epoch of a log,
	// nil where there is none. It takes the origin of epoch 0.
	LatestEpoch(first string) (note []byte, epoch int32, err error)
	// Add writes checkpoints: they outlive the process.
	Add(notes ...[]byte) error
	// Sync returns when what was added is durable.
	Sync() error
}

// Options of a Writer. Directory, Name, Ring and Now are required.
type Options struct {
	Directory string
	Name      string // of the journal, part of its origin
	Ring      *keys.Ring
	Anchors   Anchors // nil: a journal that has gone back is not noticed
	Now       func() time.Time
	Observer  Observer // nil: nobody

	MaxSegmentBytes int64         // a batch that would exceed it goes to a new segment; 0 is DefaultSegmentBytes
	MaxSegmentAge   time.Duration // 0 is DefaultSegmentAge
	MaxBatchBytes   int64         // of one write; 0 is DefaultBatchBytes
	MaxWaitingBytes int64         // of entries that wait; 0 is DefaultWaitingBytes
	DedupEntries    int           // leaves remembered; 0 is none

	disk disk
}

// Defaults of Options.
const (
	DefaultSegmentBytes = 256 << 20
	DefaultSegmentAge   = 24 * time.Hour
	DefaultBatchBytes   = 8 << 20
	DefaultWaitingBytes = 64 << 20
	DefaultDedupEntries = 65536
)

func (o *Options) fill() error {
	switch {
	case o.Directory == "":
		return errors.New("a journal needs a directory")
	case o.Ring == nil:
		return errors.New("a journal needs a key")
	}
	if err := merkle.CheckJournalName(o.Name); err != nil {
		return err
	}
	for _, d := range []struct {
		value    *int64
		fallback int64
	}{
		{&o.MaxSegmentBytes, DefaultSegmentBytes},
		{&o.MaxBatchBytes, DefaultBatchBytes},
		{&o.MaxWaitingBytes, DefaultWaitingBytes},
	} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	if o.MaxSegmentAge == 0 {
		o.MaxSegmentAge = DefaultSegmentAge
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.disk == nil {
		o.disk = osDisk{}
	}
	return nil
}

// origin of the journal in an epoch.
func (o *Options) origin(epoch int32) merkle.Origin {
	origin, err := merkle.ParseOrigin(merkle.JournalOrigin(o.Ring.LogName(), o.Name, epoch))
	if err != nil { // both names were checked
		panic(fmt.Sprintf("journal: %v", err))
	}
	return origin
}

// Observer is told what a Writer does. Its methods must not block.
type Observer interface {
	// Wrote: a batch is durable. synced is the time of its fdatasync.
	Wrote(entries int, bytes int64, synced time.Duration)
	// Failed: a batch was not written, and its callers were told so.
	Failed(err error)
	// Began: a new segment; Sealed: one that is complete.
	Began(file string)
	Sealed(file string)
	// SetAside: what a crash or a failed write left behind the last durable
	// batch is now in this file.
	SetAside(file string, bytes int64)
	// Anchored: the journal's head is durable in the anchors; err says why it
	// is not.
	Anchored(size int64, err error)
}

type nobody struct{}

func (nobody) Wrote(int, int64, time.Duration) {}
func (nobody) Failed(error)                    {}
func (nobody) Began(string)                    {}
func (nobody) Sealed(string)                   {}
func (nobody) SetAside(string, int64)          {}
func (nobody) Anchored(int64, error)           {}
