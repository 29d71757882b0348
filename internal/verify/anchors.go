package verify

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// AnchorError is an anchor that the trust file does not vouch for: the
// verifier's own file is wrong, not the store.
type AnchorError struct {
	Index int // into Options.Anchors
	Err   error
}

// Error says what is wrong with the anchor.
func (e *AnchorError) Error() string { return fmt.Sprintf("anchor %d: %v", e.Index+1, e.Err) }

// Unwrap returns the cause.
func (e *AnchorError) Unwrap() error { return e.Err }

// anchorSet holds anchors by the tree they belong to. Read-only once made.
type anchorSet struct {
	wanted   []string                          // the streams that anchors are taken of, none for all
	given    bool                              // there were anchors, wanted or not
	byStream map[streamKey][]merkle.Checkpoint // by size, each once
	epochs   map[string][]int32                // of each stream
	foreign  map[foreignKey]int64              // how many are of other logs than the trust file's
}

// streamKey is an origin without the log's name: t-<hash>, or j-<name>.
type streamKey struct {
	stream string
	epoch  int32
}

// foreignKey is a tree of another log than the one that is meant.
type foreignKey struct{ log, stream string }

// newAnchorSet verifies anchors on every core: 100,000 signatures take one some
// six seconds. Where streams are named, those of others are passed over.
func newAnchorSet(trust *keys.Trust, notes [][]byte, wanted ...string) (*anchorSet, error) {
	set := &anchorSet{
		wanted: wanted, given: len(notes) > 0, byStream: make(map[streamKey][]merkle.Checkpoint),
		epochs: make(map[string][]int32), foreign: make(map[foreignKey]int64),
	}
	logs := trust.Logs()
	workers := min(runtime.GOMAXPROCS(0), len(notes))
	found := make([]merkle.Checkpoint, len(notes))
	failed := make([]error, len(notes))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(notes); i += workers {
				found[i], failed[i] = set.open(trust, logs, notes[i])
			}
		})
	}
	wg.Wait()
	for i := range found {
		if errors.Is(failed[i], errUnwanted) {
			continue
		}
		if failed[i] != nil {
			return nil, &AnchorError{i, failed[i]}
		}
		if origin, err := merkle.ParseOrigin(found[i].Origin); err == nil && !slices.Contains(logs, origin.Log) {
			set.foreign[foreignKey{origin.Log, origin.Stream}]++
			continue
		}
		if err := set.add(found[i]); err != nil {
			return nil, &AnchorError{i, err}
		}
	}
	set.sort()
	return set, nil
}

// errUnwanted says that an anchor is of a stream that is not wanted: it is not
// looked into.
var errUnwanted = errors.New("an anchor of another stream")

func (s *anchorSet) wants(stream string) bool {
	return len(s.wanted) == 0 || slices.Contains(s.wanted, stream)
}

// open verifies an anchor of the logs that are meant. One of another log is
// not looked into: its keys are not trusted here.
func (s *anchorSet) open(trust *keys.Trust, logs []string, note []byte) (merkle.Checkpoint, error) {
	if claimed, err := anchor.Unverified(note); err == nil {
		if origin, err := merkle.ParseOrigin(claimed.Origin); err == nil && !s.wants(origin.Stream) {
			return claimed, errUnwanted
		}
		if log := logOf(claimed.Origin); log != "" && !slices.Contains(logs, log) {
			return claimed, nil
		}
	}
	return trust.Checkpoint(note)
}

// reportForeign says which anchors were held against nothing because they are of
// another log, of the streams that the report is about.
func (s *anchorSet) reportForeign(r *Report, about func(stream string) bool) {
	counts := make(map[string]int64)
	for key, n := range s.foreign {
		if about(key.stream) {
			counts[key.log] += n
		}
	}
	for _, log := range slices.Sorted(maps.Keys(counts)) {
		n := counts[log]
		r.Unchecked = append(r.Unchecked, Unchecked{Seq: -1, Until: -1, Reason: fmt.Sprintf(
			"%s given of another log, %s: leave the file out, or name that log (--log) to verify it", wasOrWere(n, "anchor"), log)})
	}
}

func wasOrWere(n int64, one string) string {
	if n == 1 {
		return counted(n, one) + " was"
	}
	return counted(n, one) + " were"
}

// sort puts the anchors of each tree in order, each once.
func (s *anchorSet) sort() {
	for key, list := range s.byStream {
		slices.SortFunc(list, func(a, b merkle.Checkpoint) int {
			return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Origin, b.Origin), slices.Compare(a.Root[:], b.Root[:]),
				a.RecordedAt.Compare(b.RecordedAt), cmp.Compare(a.PrevSize, b.PrevSize))
		})
		s.byStream[key] = slices.CompactFunc(list, func(a, b merkle.Checkpoint) bool {
			return a.Size == b.Size && a.Origin == b.Origin && a.Root == b.Root && a.RecordedAt.Equal(b.RecordedAt) && a.PrevSize == b.PrevSize
		})
	}
}

func (s *anchorSet) add(checkpoint merkle.Checkpoint) error {
	origin, err := merkle.ParseOrigin(checkpoint.Origin)
	if err != nil {
		return fmt.Errorf("checkpoint of another log: %w", err)
	}
	key := streamKey{origin.Stream, origin.Epoch}
	if len(s.byStream[key]) == 0 {
		s.epochs[key.stream] = append(s.epochs[key.stream], key.epoch)
	}
	s.byStream[key] = append(s.byStream[key], checkpoint)
	return nil
}

func (s *anchorSet) of(stream string, epoch int32) []merkle.Checkpoint {
	return s.byStream[streamKey{stream, epoch}]
}

// firstOf is the index of the first anchor of at least this size.
func firstOf(anchors []merkle.Checkpoint, size int64) int {
	i, _ := slices.BinarySearchFunc(anchors, size, func(a merkle.Checkpoint, size int64) int { return cmp.Compare(a.Size, size) })
	return i
}

// firstBehind is the index of the first anchor that is larger.
func firstBehind(anchors []merkle.Checkpoint, size int64) int {
	if size == math.MaxInt64 {
		return len(anchors)
	}
	return firstOf(anchors, size+1)
}

func logOf(origin string) string {
	o, err := merkle.ParseOrigin(origin)
	if err != nil {
		return ""
	}
	return o.Log
}
