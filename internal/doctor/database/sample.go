package database

import (
	"context"
	_ "embed" // the query of the sample
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/record"
)

//go:embed sql/sample.sql
var sampleSQL string

// sampled is an event as the checks see it.
type sampled struct {
	tenant, id, action, outcome         string
	actorType, actorID                  string
	targetType, targetID                string
	requestID, clientIP                 string
	correlationID, causationID, traceID string
	reason                              string
	afterArrival                        bool
	flags                               []string
	json                                [len(jsonColumns)]record.Value // absent where null
}

// jsonColumns are the columns of a sampled event that hold JSON.
var jsonColumns = [...]string{"actor", "target", "changes", "context", "payload", "attributes", "body", "original", "source"}

func (e *sampled) column(name string) record.Value { return e.json[slices.Index(jsonColumns[:], name)] }

// byPeople says whether a person was, or may have been, the actor.
func (e *sampled) byPeople() bool {
	switch strings.ToLower(e.actorType) {
	case "system", "service", "job", "cron", "machine", "worker", "scheduler":
		return false
	}
	return true
}

// byPerson says whether the actor says that it is a person.
func (e *sampled) byPerson() bool {
	switch strings.ToLower(e.actorType) {
	case "user", "person", "human", "admin", "operator", "employee", "customer":
		return true
	}
	return false
}

// sample is what the events that were read come to.
type sample struct {
	events   int
	complete bool // all of the window

	actions    map[string]*actionCount
	services   map[string]*contextCount
	operations map[string]*operation
	flagged    map[string]*spotted
	late       spotted

	machines, tokens, badActions spotted
	secrets, personal            map[string]*spotted // by column
}

// actionCount are the events of an action; of people's, how many were denied, and
// how many came from actors that say they are persons.
type actionCount struct {
	all, people, persons, denied int
	actors                       map[string]bool // of people, no more than severalActors
	example                      string
}

// contextCount are the events of people that a service sent, and what they lack.
type contextCount struct{ events, noIP, noRequest, noUserAgent int }

// operation are the events of one trace or request.
type operation struct {
	events  int
	chained bool
	example string
}

// spotted counts events and keeps the ids of a few.
type spotted struct {
	events   int
	examples []string
}

func (p *spotted) add(e *sampled) {
	p.events++
	if len(p.examples) < shownExamples {
		p.examples = append(p.examples, e.id)
	}
}

func spot(m map[string]*spotted, name string, e *sampled) {
	if m[name] == nil {
		m[name] = &spotted{}
	}
	m[name].add(e)
}

// share is the part of the events that were read, as text.
func (s *sample) share(n int) string {
	of := "events"
	if !s.complete {
		of = "events of a sample"
	}
	return fmt.Sprintf("%d of %d %s", n, s.events, of)
}

// reading reads the sample once.
func (s *Subject) reading(ctx context.Context, l *login) (*sample, error) {
	if s.sample != nil {
		return s.sample, nil
	}
	checks, err := newExaminer()
	if err != nil {
		return nil, err
	}
	result := &sample{
		actions: make(map[string]*actionCount), services: make(map[string]*contextCount), operations: make(map[string]*operation),
		flagged: make(map[string]*spotted), secrets: make(map[string]*spotted), personal: make(map[string]*spotted),
	}
	since := s.options.Now().Add(-s.options.Window).UTC().Format(time.RFC3339Nano)
	err = l.read(ctx, func(tx pgx.Tx) error {
		how, err := s.sampling(ctx, tx, since, result)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, strings.NewReplacer("{{sampling}}", how, "{{order}}", s.order()).Replace(s.fill(sampleSQL)), s.options.Tenant, since, s.options.Sample)
		if err != nil {
			return err
		}
		return eachSampled(rows, func(e *sampled) { checks.look(e, result) })
	})
	if err != nil {
		return nil, err
	}
	s.sample = result
	return result, nil
}

// sampling says how the table is read, so that about as many events come as are
// wanted, from all of the window.
func (s *Subject) sampling(ctx context.Context, tx pgx.Tx, since string, result *sample) (string, error) {
	var some int
	err := tx.QueryRow(ctx, s.fill(`
		SELECT count(*) FROM (
			SELECT FROM {{schema}}.audit_events
			WHERE {{whose}} AND recorded_at >= $2::text::timestamptz
			LIMIT $3::int + 1) AS counted`), s.options.Tenant, since, s.options.Sample).Scan(&some)
	if err != nil {
		return "", err
	}
	if result.complete = some <= s.options.Sample; result.complete || s.options.Tenant != "" {
		return "", nil // of one tenant, the newest
	}
	var rows float64
	err = tx.QueryRow(ctx, `
		SELECT greatest(sum(c.reltuples), 1)::float8 FROM pg_catalog.pg_inherits AS i
		JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
		JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
		JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
		WHERE n.nspname = $1 AND p.relname = 'audit_events' AND c.reltuples > 0
			AND c.relname::text COLLATE "C" >= 'audit_events_' || to_char($2::text::timestamptz, 'YYYY_MM')`, s.options.Schema, since).Scan(&rows)
	if err != nil {
		return "", err
	}
	percent := max(0.0001, min(100, 100*float64(s.options.Sample)/rows))
	return fmt.Sprintf("TABLESAMPLE SYSTEM (%f)", percent), nil
}

// order has the newest events of a tenant first: its index has them so.
func (s *Subject) order() string {
	if s.options.Tenant != "" {
		return "ORDER BY event_time DESC, seq DESC"
	}
	return ""
}

func eachSampled(rows pgx.Rows, do func(*sampled)) error {
	var e sampled
	var texts [len(jsonColumns)]*string
	fields := []any{
		&e.tenant, &e.id, &e.action, &e.outcome, &e.actorType, &e.actorID, &e.targetType, &e.targetID, &e.requestID, &e.clientIP,
		&e.correlationID, &e.causationID, &e.traceID, &e.reason, &e.afterArrival, &e.flags,
	}
	for i := range texts {
		fields = append(fields, &texts[i])
	}
	_, err := pgx.ForEachRow(rows, fields, func() error {
		for i, text := range texts {
			e.json[i] = record.Value{}
			if text == nil {
				continue
			}
			value, err := record.ParseStored(*text)
			if err != nil {
				return fmt.Errorf("event %s: its %s cannot be read: run 'otelaudit verify'", e.id, jsonColumns[i])
			}
			e.json[i] = value
		}
		do(&e)
		return nil
	})
	return err
}
