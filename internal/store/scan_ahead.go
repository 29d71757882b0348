package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/pgurl"
)

// TenantAhead is what of a tenant was read together with others: of small logs
// all that a verification begins with, each as the method of that name returns
// it. The order of the moments is that of a tenant read by itself.
type TenantAhead struct {
	Tenant string
	Prunes []PruneRow
	Epochs []EpochRow
	Logs   map[int32]*LogAhead
	// Identities are those of the tenant; nil where they were not all read.
	Identities []Identity
}

// LogAhead is what of a log was read together with others. What is nil was not
// read, or not to its end.
type LogAhead struct {
	Head    int64
	Leaves  []PrunedLeaf
	Commits []CommitRow
	Events  *EventPage
	From    int64 // where Events begin
	Beyond  *EventPage

	name LogName
}

// The rows of one log that ReadAhead asks for at most: what has so many is read
// by itself.
const (
	aheadEvents     = 24
	aheadLeaves     = 8
	aheadBeyond     = 4
	aheadIdentities = 64
	// aheadLog is how many events a log has at most that are read ahead.
	aheadLog = 16
	// aheadBytes bounds the events that are kept of one call.
	aheadBytes = 8 << 20
)

// ReadAhead reads the small logs of several tenants in two exchanges, and the
// size of every log. Logs names their epochs; from is where the reading of the
// events of a log begins, given its size. It returns how many bytes of events
// came, for the choice of how many tenants to read at a time.
func (s *Scanner) ReadAhead(ctx context.Context, tenants []string, epochs map[string][]int32, from func(name LogName, head int64) int64) (ahead []*TenantAhead, bytes int, err error) {
	var logs []*LogAhead
	for _, tenant := range tenants {
		t := &TenantAhead{Tenant: tenant, Logs: make(map[int32]*LogAhead, len(epochs[tenant]))}
		for _, epoch := range epochs[tenant] {
			log := &LogAhead{name: LogName{Tenant: tenant, Epoch: epoch}}
			t.Logs[epoch] = log
			logs = append(logs, log)
		}
		ahead = append(ahead, t)
	}
	if err := s.readHeads(ctx, tenants, ahead, logs); err != nil {
		return nil, 0, err
	}
	var small []*LogAhead
	for _, log := range logs {
		if log.From = from(log.name, log.Head); log.Head-log.From <= aheadLog {
			small = append(small, log)
		}
	}
	if bytes, err = s.readSmall(ctx, ahead, small); err != nil {
		return nil, 0, err
	}
	return ahead, bytes, nil
}

// readHeads is the first exchange: what was removed, where logs began anew, and
// then the sizes, up to which everything else is read.
func (s *Scanner) readHeads(ctx context.Context, tenants []string, ahead []*TenantAhead, logs []*LogAhead) error {
	g := s.group()
	of := []array{texts(tenants)}
	g.askEach(s.sql.prunes, of, nil, func(n int, columns [][]byte) error {
		row, err := asPrune(columns)
		ahead[n].Prunes = append(ahead[n].Prunes, row)
		return err
	})
	g.askEach(s.sql.epochs, of, nil, func(n int, columns [][]byte) error {
		row, err := asEpoch(columns)
		ahead[n].Epochs = append(ahead[n].Epochs, row)
		return err
	})
	g.askEach(s.sql.head, namesOf(logs), nil, func(n int, columns [][]byte) (err error) {
		logs[n].Head, err = asInt64(columns[0])
		return err
	})
	return s.together(ctx, g)
}

// readSmall is the second exchange.
func (s *Scanner) readSmall(ctx context.Context, ahead []*TenantAhead, logs []*LogAhead) (bytes int, err error) {
	if len(logs) == 0 {
		return 0, nil
	}
	g := s.group()
	names := namesOf(logs)
	first := make([]int64, len(logs))
	seqs, times, heads := slices.Clone(first), slices.Clone(first), slices.Clone(first)
	firstTimes := slices.Clone(first)
	for i, log := range logs {
		first[i], firstTimes[i] = math.MinInt64, BeforeSeq(0).micros()
		key := BeforeSeq(log.From)
		seqs[i], times[i], heads[i] = key.Seq, key.micros(), log.Head
		log.Leaves, log.Commits, log.Events, log.Beyond = []PrunedLeaf{}, []CommitRow{}, s.newPage(), s.newPage()
	}
	g.askEach(s.sql.prunedLeaves, with(names, int8s(first)), []param{int4Of(aheadLeaves)}, func(n int, columns [][]byte) error {
		row, err := asPrunedLeaf(columns)
		logs[n].Leaves = append(logs[n].Leaves, row)
		return err
	})
	g.askEach(s.sql.commits, with(names, int8s(first), int8s(heads)), []param{int4Of(aheadEvents)}, func(n int, columns [][]byte) error {
		row, err := asCommit(columns)
		logs[n].Commits = append(logs[n].Commits, row)
		return err
	})
	kept := 0
	take := func(page *EventPage, columns [][]byte) error {
		size := 0
		for _, column := range columns {
			size += len(column)
		}
		bytes += size
		if page.More = page.More || kept+size > aheadBytes; page.More {
			return nil
		}
		kept += size
		return page.add(columns)
	}
	g.askEach(s.sql.events, with(names, int8s(seqs), instants(times), int8s(heads)), []param{int4Of(aheadEvents)}, func(n int, columns [][]byte) error {
		return take(logs[n].Events, columns)
	})
	g.askEach(s.sql.beyond, with(names, int8s(first), instants(firstTimes)), []param{int4Of(aheadBeyond)}, func(n int, columns [][]byte) error {
		return take(logs[n].Beyond, columns)
	})
	whole := s.wholeTenants(ahead, logs)
	if s.access.Identities && len(whole) > 0 {
		names := make([]string, len(whole))
		for i, t := range whole {
			names[i], t.Identities = t.Tenant, []Identity{}
		}
		params := []param{{oidChar, []byte{0}}, textOf(""), int4Of(aheadIdentities)}
		g.askEach(s.sql.identities, []array{texts(names)}, params, func(n int, columns [][]byte) error {
			row, err := asIdentity(columns)
			whole[n].Identities = append(whole[n].Identities, row)
			return err
		})
	}
	if err := s.together(ctx, g); err != nil {
		return bytes, err
	}
	dropPartial(whole, logs)
	return bytes, nil
}

// wholeTenants are those whose logs are all small.
func (s *Scanner) wholeTenants(ahead []*TenantAhead, small []*LogAhead) (whole []*TenantAhead) {
	counts := make(map[string]int)
	for _, log := range small {
		counts[log.name.Tenant]++
	}
	for _, t := range ahead {
		if counts[t.Tenant] == len(t.Logs) {
			whole = append(whole, t)
		}
	}
	return whole
}

// dropPartial forgets what may go on behind what was asked for.
func dropPartial(tenants []*TenantAhead, logs []*LogAhead) {
	for _, log := range logs {
		if len(log.Leaves) >= aheadLeaves {
			log.Leaves = nil
		}
		if len(log.Commits) >= aheadEvents {
			log.Commits = nil
		}
		if log.Events.More || log.Events.Len() >= aheadEvents {
			log.Events = nil
		}
		if log.Beyond.More || log.Beyond.Len() >= aheadBeyond {
			log.Beyond = nil
		}
	}
	for _, t := range tenants {
		if len(t.Identities) >= aheadIdentities {
			t.Identities = nil
		}
	}
}

// array is a parameter with one element for each of a group.
type array struct {
	param
	element string // its type in SQL
}

func texts(values []string) array { return array{param{oidTextArray, textArray(values)}, "text"} }
func int8s(values []int64) array  { return array{param{oidInt8Array, int8Array(values)}, "int8"} }

// instants are in microseconds since 2000.
func instants(values []int64) array {
	elements := make([][]byte, len(values))
	for i, v := range values {
		elements[i] = int8Param(v)
	}
	return array{param{oidTimestampArray, nullableArray(oidTimestamp, elements)}, "timestamptz"}
}

const oidTimestampArray = 1185

func namesOf(logs []*LogAhead) []array {
	tenants, epochs := make([]string, len(logs)), make([]int32, len(logs))
	for i, log := range logs {
		tenants[i], epochs[i] = log.name.Tenant, log.name.Epoch
	}
	return []array{texts(tenants), {param{oidInt4Array, int4Array(epochs)}, "int4"}}
}

func with(arrays []array, more ...array) []array { return append(slices.Clone(arrays), more...) }

// group is several statements of one exchange, each for many logs at once.
type group struct{ exchange }

func (s *Scanner) group() *group {
	g := &group{}
	s.begin(&g.exchange, "READ COMMITTED")
	return g
}

// askEach queues a statement for each element of the arrays, which take the places
// of its first parameters; params are the others. f gets the index of the element
// and the columns. Every element has an index scan and a limit of its own.
func (g *group) askEach(sql string, arrays []array, params []param, f func(n int, columns [][]byte) error) {
	var lists, names []string
	all := make([]param, 0, len(arrays)+len(params))
	for i, a := range arrays {
		number := strconv.Itoa(i + 1)
		lists, names = append(lists, "pg_catalog.unnest($"+number+"::"+a.element+"[])"), append(names, "p"+number)
		sql = strings.ReplaceAll(sql, "$"+number+"::"+a.element, "each.p"+number)
		all = append(all, a.param)
	}
	sql = fmt.Sprintf("SELECT each.n, found.* FROM ROWS FROM (%s) WITH ORDINALITY AS each (%s, n) CROSS JOIN LATERAL (\n%s) AS found",
		strings.Join(lists, ", "), strings.Join(names, ", "), sql)
	g.ask(sql, append(all, params...), func(columns [][]byte) error {
		n, err := asInt64(columns[0])
		if err != nil {
			return err
		}
		return f(int(n)-1, columns[1:])
	})
}

// together runs the statements in one transaction.
func (s *Scanner) together(ctx context.Context, g *group) error {
	conn, err := s.reader.pool.Acquire(ctx)
	if err != nil {
		return pgurl.Describe(err)
	}
	defer conn.Release() // which closes the connection after an error: its transaction has not ended
	g.add("COMMIT")
	return pgurl.Describe(g.run(ctx, conn.Conn().PgConn()))
}
