package epoch

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Known are checkpoints that were seen outside the store, of one log's tenants
// and journals. Safe for concurrent use once it is made.
type Known struct {
	streams map[string][]merkle.Checkpoint // by origin without the epoch; see keep
}

// NewKnown reads signed checkpoints, such as those of an anchor file. What is of
// another log is left out; what claims to be of this one and is not signed by a
// key of the ring is an error, because it can neither be believed nor ignored.
func NewKnown(ring *keys.Ring, notes [][]byte) (*Known, error) {
	known := &Known{streams: make(map[string][]merkle.Checkpoint)}
	for i, note := range notes {
		origin, ok := originOf(note)
		if !ok || origin.Log != ring.LogName() {
			continue
		}
		text, err := ring.Open(note)
		if err != nil {
			return nil, fmt.Errorf("checkpoint %d of %s: %w", i+1, origin, err)
		}
		checkpoint, err := merkle.ParseCheckpoint(text)
		if err != nil {
			return nil, fmt.Errorf("checkpoint %d of %s: %w", i+1, origin, err)
		}
		stream := streamOf(origin)
		known.streams[stream] = keep(known.streams[stream], checkpoint)
	}
	return known, nil
}

// keep adds a checkpoint unless a newer one of its epoch is there: a store that
// holds that has grown from all before. Two of one size may differ, and then
// the store cannot hold both.
func keep(checkpoints []merkle.Checkpoint, checkpoint merkle.Checkpoint) []merkle.Checkpoint {
	kept := checkpoints[:0:0]
	for _, other := range checkpoints {
		switch {
		case other.Origin != checkpoint.Origin:
		case other.Size > checkpoint.Size || other == checkpoint:
			return checkpoints
		case other.Size < checkpoint.Size:
			continue
		}
		kept = append(kept, other)
	}
	return append(kept, checkpoint)
}

// originOf reads the first line of a note without believing it.
func originOf(note []byte) (merkle.Origin, bool) {
	line, _, _ := bytes.Cut(note, []byte("\n"))
	origin, err := merkle.ParseOrigin(string(line))
	return origin, err == nil
}

// streamOf is the origin that all epochs of a log share.
func streamOf(origin merkle.Origin) string {
	origin.Epoch = 0
	return origin.String()
}

// of are the checkpoints of a tenant in no order.
func (k *Known) of(logName, tenant string) []merkle.Checkpoint {
	return k.streams[merkle.TenantOrigin(logName, tenant, 0)]
}

// Missing are the origins, without their epoch, of tenants that have a
// checkpoint here and are none of those named.
func (k *Known) Missing(logName string, tenants []string) []string {
	missing := make(map[string]bool, len(k.streams))
	for stream := range k.streams {
		if origin, err := merkle.ParseOrigin(stream); err == nil && origin.IsTenant() {
			missing[stream] = true
		}
	}
	for _, tenant := range tenants {
		delete(missing, merkle.TenantOrigin(logName, tenant, 0))
	}
	return slices.Sorted(maps.Keys(missing))
}
