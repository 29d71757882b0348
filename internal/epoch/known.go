package epoch

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Known are checkpoints that were seen outside the store, of one log's tenants
// and journals: all of them and not only the newest of each log. Where a store
// was restored and written on, the newest is of the history that is there, and
// older ones of the history that is lost. They take less memory than the notes
// they were read from. Safe for concurrent use once it is made.
type Known struct {
	streams map[string][]merkle.Checkpoint // by origin without the epoch, largest first
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
		known.streams[stream] = append(known.streams[stream], checkpoint)
	}
	for stream, checkpoints := range known.streams {
		known.streams[stream] = distinct(checkpoints)
	}
	return known, nil
}

// distinct keeps one checkpoint of each tree. Two of one size may differ, and
// then the store cannot hold both.
func distinct(checkpoints []merkle.Checkpoint) []merkle.Checkpoint {
	slices.SortFunc(checkpoints, func(a, b merkle.Checkpoint) int {
		return cmp.Or(strings.Compare(a.Origin, b.Origin), cmp.Compare(b.Size, a.Size), bytes.Compare(a.Root[:], b.Root[:]))
	})
	return slices.CompactFunc(checkpoints, func(a, b merkle.Checkpoint) bool {
		return a.Origin == b.Origin && a.Size == b.Size && a.Root == b.Root
	})
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

// of are the checkpoints of a tenant, those of an epoch together and the
// largest first.
func (k *Known) of(logName, tenant string) []merkle.Checkpoint {
	return k.streams[merkle.TenantOrigin(logName, tenant, 0)]
}

// Covers reports whether there is a checkpoint of a tenant.
func (k *Known) Covers(logName, tenant string) bool { return len(k.of(logName, tenant)) > 0 }

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
