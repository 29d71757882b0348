package store

import (
	"cmp"
	"context"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

//go:embed sql/proof_*.sql
var proofSQL embed.FS

// proofQueries are the statements that proofs need, for one schema.
type proofQueries struct{ locate, sent, frontiers, leaves string }

func newProofQueries(schema string) proofQueries {
	quoted := pgx.Identifier{schema}.Sanitize()
	load := func(name string) string {
		text, err := proofSQL.ReadFile("sql/proof_" + name + ".sql")
		if err != nil {
			panic(err) // embedded: the build would have failed
		}
		return strings.ReplaceAll(string(text), "{{schema}}", quoted)
	}
	return proofQueries{locate: load("locate"), sent: load("sent"), frontiers: load("frontiers"), leaves: load("leaves")}
}

// ErrLeafMissing is wrapped where a proof needs the leaf of an event that is not
// in the store, or that stands there twice.
var ErrLeafMissing = errors.New("the store does not hold every event once")

// Locate returns the log and the seq of an event of the tenant that the Scanner
// was opened for (see For), or an error that wraps ErrNotFound or ErrOtherTenant.
func (s *Scanner) Locate(ctx context.Context, tenant, eventID string) (name LogName, seq int64, err error) {
	if err := errors.Join(s.isOf(tenant), checkText("event_id", eventID)); err != nil {
		return LogName{}, 0, err
	}
	found := false
	err = s.rows(ctx, newProofQueries(s.reader.options.Schema).locate, []param{textOf(eventID)}, func(columns [][]byte) (err error) {
		found = true
		if name.Epoch, err = asInt32(columns[0]); err != nil {
			return err
		}
		seq, err = asInt64(columns[1])
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("event %q of tenant %q: %w", eventID, tenant, ErrNotFound)
	}
	name.Tenant = tenant
	return name, seq, err
}

// Presence says what a store knows of an event id.
type Presence uint8

const (
	// Unknown is an id that was never stored, or was forgotten after its event.
	Unknown Presence = iota
	// Gone is an id whose event was removed, by retention or by somebody.
	Gone
	// Present is an id whose event is there.
	Present
)

// Find returns what the store knows of each event id of the tenant that the
// Scanner was opened for.
func (s *Scanner) Find(ctx context.Context, tenant string, eventIDs []string) ([]Presence, error) {
	if err := s.isOf(tenant); err != nil {
		return nil, err
	}
	for _, id := range eventIDs {
		if err := checkText("event_id", id); err != nil {
			return nil, err
		}
	}
	found := make([]Presence, len(eventIDs))
	params := []param{textOf(tenant), {oidTextArray, textArray(eventIDs)}}
	err := s.rows(ctx, newProofQueries(s.reader.options.Schema).sent, params, func(columns [][]byte) error {
		ord, err := asInt64(columns[0])
		if err != nil || ord < 1 || ord > int64(len(found)) {
			return errShape
		}
		found[ord-1] = Gone
		if isTrue(columns[1]) {
			found[ord-1] = Present
		}
		return nil
	})
	return found, err
}

// LogReader reads what proofs about one log need. What it returns is as stored:
// a proof made of it is held against a signed root.
type LogReader struct {
	scanner *Scanner
	name    LogName
	sql     proofQueries
}

var _ merkle.Reader = (*LogReader)(nil)

// Log returns a reader for proofs about a log.
func (s *Scanner) Log(name LogName) *LogReader {
	return &LogReader{scanner: s, name: name, sql: newProofQueries(s.reader.options.Schema)}
}

// Frontiers returns for each size the frontier at the largest commit boundary at
// or below it.
func (l *LogReader) Frontiers(ctx context.Context, sizes []int64) ([]merkle.Frontier, error) {
	frontiers := make([]merkle.Frontier, 0, len(sizes))
	params := []param{textOf(l.name.Tenant), int4Of(l.name.Epoch), {oidInt8Array, int8Array(sizes)}}
	err := l.scanner.rows(ctx, l.sql.frontiers, params, func(columns [][]byte) error {
		var f merkle.Frontier
		if columns[1] != nil {
			size, err := asInt64(columns[1])
			if err != nil {
				return err
			}
			if f, err = merkle.ParseFrontier(size, columns[2]); err != nil {
				return fmt.Errorf("the commit of size %d: %w", size, err)
			}
		}
		frontiers = append(frontiers, f)
		return nil
	})
	return frontiers, err
}

// Leaves calls do with the leaf of every entry of the ranges. It holds them all
// in memory: a proof needs some thousands.
func (l *LogReader) Leaves(ctx context.Context, ranges []merkle.Range, do func(merkle.Hash) error) error {
	low, high := make([]int64, len(ranges)), make([]int64, len(ranges))
	for i, r := range ranges {
		low[i], high[i] = r.From, r.To
	}
	type leaf struct {
		ord, seq int64
		hash     merkle.Hash
	}
	var leaves []leaf
	params := []param{textOf(l.name.Tenant), int4Of(l.name.Epoch), {oidInt8Array, int8Array(low)}, {oidInt8Array, int8Array(high)}}
	err := l.scanner.rows(ctx, l.sql.leaves, params, func(columns [][]byte) error {
		ord, err := asInt64(columns[0])
		if err != nil {
			return err
		}
		const size = 8 + len(merkle.Hash{})
		if len(columns[1])%size != 0 {
			return errShape
		}
		for entry := range slices.Chunk(columns[1], size) {
			found := leaf{ord: ord, seq: int64(binary.BigEndian.Uint64(entry))} //nolint:gosec // two's complement on the wire
			copy(found.hash[:], entry[8:])
			leaves = append(leaves, found)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return cmp.Or(cmp.Compare(a.ord, b.ord), cmp.Compare(a.seq, b.seq)) })
	at := 0
	for i, r := range ranges {
		for seq := r.From; seq < r.To; seq++ {
			if at == len(leaves) || leaves[at].ord != int64(i+1) || leaves[at].seq != seq {
				return fmt.Errorf("%w: seq %d of tenant %q, epoch %d", ErrLeafMissing, seq, l.name.Tenant, l.name.Epoch)
			}
			if err := do(leaves[at].hash); err != nil {
				return err
			}
			at++
		}
	}
	if at != len(leaves) {
		return fmt.Errorf("%w: seq %d of tenant %q, epoch %d", ErrLeafMissing, leaves[at].seq, l.name.Tenant, l.name.Epoch)
	}
	return nil
}
