package verify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// State is where an earlier run ended: per log the signed checkpoint up to which
// every event was verified, and the frontier from which the tree goes on. It is
// an anchor, too. In a file it is one checkpoint line per log:
//
//	{"checkpoint":"<signed note>","frontier":"<base64>","verified_events":N,"intents":[…]}
//
// so whatever reads anchors reads it. The file is the verifier's own: whoever
// can write it can hide what came before.
type State struct {
	logs map[streamKey]savedLog
}

type savedLog struct {
	note       []byte
	checkpoint merkle.Checkpoint
	frontier   merkle.Frontier
	intents    []intent
}

// savedLine is the JSON of a log.
type savedLine struct {
	Checkpoint string   `json:"checkpoint"`
	Frontier   string   `json:"frontier"`
	Verified   int64    `json:"verified_events"`
	Intents    []intent `json:"intents,omitempty"`
}

// ErrState is wrapped by every error about the content of a state file.
var ErrState = errors.New("damaged state of verify")

// ParseState reads what Bytes wrote and holds it against the trust file. An
// empty text is the state before the first run.
func ParseState(text []byte, trust *keys.Trust) (*State, error) {
	s := &State{logs: make(map[streamKey]savedLog)}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if err := s.parse(line, trust); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrState, number, err)
		}
	}
	return s, nil
}

func (s *State) parse(line string, trust *keys.Trust) error {
	if !strings.HasSuffix(line, "\n") {
		return errors.New("it has no end")
	}
	var saved savedLine
	if err := json.Unmarshal([]byte(line), &saved); err != nil {
		return errors.New("not a checkpoint line")
	}
	checkpoint, err := trust.Checkpoint([]byte(saved.Checkpoint))
	if err != nil {
		return err
	}
	origin, err := merkle.ParseOrigin(checkpoint.Origin)
	if err != nil {
		return err
	}
	hashes, err := base64.StdEncoding.Strict().DecodeString(saved.Frontier)
	if err != nil {
		return errors.New("the frontier is not base64")
	}
	frontier, err := merkle.ParseFrontier(checkpoint.Size, hashes)
	if err != nil {
		return err
	}
	if frontier.Root() != checkpoint.Root || saved.Verified != checkpoint.Size {
		return errors.New("the frontier is not that of the checkpoint")
	}
	key := streamKey{origin.Stream, origin.Epoch}
	if _, twice := s.logs[key]; twice {
		return errors.New("a second line for one log")
	}
	s.logs[key] = savedLog{note: []byte(saved.Checkpoint), checkpoint: checkpoint, frontier: frontier, intents: saved.Intents}
	return nil
}

// Next is the state after a run: what the run verified, and of the logs that it
// did not look at, or found damaged, what was known before.
func (s *State) Next(r *Report, trust *keys.Trust) (*State, error) {
	next := &State{logs: make(map[streamKey]savedLog)}
	if s != nil {
		maps.Copy(next.logs, s.logs)
	}
	for i := range r.Logs {
		log := &r.Logs[i]
		if log.note == nil {
			continue
		}
		checkpoint, err := trust.Checkpoint(log.note)
		if err != nil {
			return nil, err
		}
		frontier, err := merkle.ParseFrontier(checkpoint.Size, log.frontier)
		if err != nil {
			return nil, err
		}
		origin, err := merkle.ParseOrigin(checkpoint.Origin)
		if err != nil {
			return nil, err
		}
		key := streamKey{origin.Stream, origin.Epoch}
		if known, ok := next.logs[key]; ok && known.checkpoint.Size > checkpoint.Size && known.checkpoint.Size > log.lost {
			continue // what was known stays an anchor, unless its loss is acknowledged
		}
		next.logs[key] = savedLog{note: log.note, checkpoint: checkpoint, frontier: frontier, intents: log.intents}
	}
	return next, nil
}

// Bytes are the lines of the state, in the order of their origins.
func (s *State) Bytes() ([]byte, error) {
	lines := make([]string, 0, len(s.logs))
	for _, log := range s.logs {
		line, err := json.Marshal(savedLine{
			Checkpoint: string(log.note), Frontier: base64.StdEncoding.EncodeToString(log.frontier.Bytes()),
			Verified: log.checkpoint.Size, Intents: log.intents,
		})
		if err != nil {
			return nil, err
		}
		lines = append(lines, string(line)+"\n")
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "")), nil
}

// Logs is the number of logs that the state knows.
func (s *State) Logs() int {
	if s == nil {
		return 0
	}
	return len(s.logs)
}

func (s *State) of(stream string, epoch int32) (savedLog, bool) {
	if s == nil {
		return savedLog{}, false
	}
	log, ok := s.logs[streamKey{stream, epoch}]
	return log, ok
}

// addTo makes anchors of what the state knows.
func (s *State) addTo(anchors *anchorSet) error {
	if s == nil {
		return nil
	}
	for key, log := range s.logs {
		if !anchors.wants(key.stream) {
			continue
		}
		if err := anchors.add(log.checkpoint); err != nil {
			return err
		}
	}
	anchors.given = anchors.given || len(s.logs) > 0
	anchors.sort()
	return nil
}
