package mutation

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/record"
)

// image is all that a store holds. Attacks are made on an image and then
// written to the database row by row, by a superuser with triggers off. Rows are
// comparable, so that only what an attack changed is written.
type image struct {
	events   []eventRow
	ids      []idRow
	commits  []commitRow
	epochs   []epochRow
	prunes   []pruneRow
	survived []leafRow // audit_pruned_leaves
}

type eventRow struct {
	tenant    string
	epoch     int32
	seq       int64
	at        time.Time // recorded_at
	canonical string    // what the columns say, as the canonical record
	leaf      string    // 32 bytes
	mac       string    // "" is NULL
}

type idRow struct {
	tenant      string
	kind        string // e or k
	id          string
	fingerprint string // 32 bytes
	epoch       int32
	seq         int64
	at          time.Time
}

type commitRow struct {
	tenant   string
	epoch    int32
	size     int64
	prevSize int64
	at       time.Time
	root     string // "" is NULL, as are those below
	frontier string
	note     string
}

type epochRow struct {
	tenant   string
	epoch    int32
	prevSize int64
	at       time.Time
	reason   string
	note     string
}

type pruneRow struct {
	tenant     string
	epoch      int32
	size       int64
	cutoff     time.Time
	deleted    int64
	intent     string // event ids, "" is NULL
	completion string
	root       string
	frontier   string
	note       string
}

type leafRow struct {
	tenant string
	epoch  int32
	seq    int64
	at     time.Time
	leaf   string
}

// clone is an image that changes on its own.
func (im *image) clone() *image {
	return &image{
		events: slices.Clone(im.events), ids: slices.Clone(im.ids), commits: slices.Clone(im.commits),
		epochs: slices.Clone(im.epochs), prunes: slices.Clone(im.prunes), survived: slices.Clone(im.survived),
	}
}

// record is what the event's columns say.
func (e *eventRow) record() *record.Record {
	rec, err := record.ParseCanonical([]byte(e.canonical))
	if err != nil {
		panic("mutation: an image holds a record that is none: " + err.Error())
	}
	return rec
}

// say makes the columns say something else, and nothing else fit.
func (e *eventRow) say(rec *record.Record) { e.canonical = string(rec.AppendCanonical(nil)) }

// leafNow is the leaf of what the columns say.
func (e *eventRow) leafNow() string {
	sum := record.LeafHash([]byte(e.canonical))
	return string(sum[:])
}

// columnsOf turns canonical records into the columns of audit_events.
const insertEvents = `
	INSERT INTO public.audit_events (seq, recorded_at, epoch, time_unix_nano, observed_time_unix_nano, severity,
		tenant_id, event_id, action, outcome, correlation_id, causation_id, idempotency_key,
		trace_id, span_id, event_name, severity_text, schema_version, reason, flags,
		original, actor, target, changes, context, payload, producer, source, attributes, body, leaf_hash, mac)
	SELECT seq, at, epoch, (r ->> 'time_unix_nano')::bigint, (r ->> 'observed_time_unix_nano')::bigint, (r ->> 'severity')::smallint,
		tenant, r ->> 'event_id', r ->> 'action', r ->> 'outcome', r ->> 'correlation_id', r ->> 'causation_id', r ->> 'idempotency_key',
		r ->> 'trace_id', r ->> 'span_id', r ->> 'event_name', r ->> 'severity_text', r ->> 'schema_version', r ->> 'reason',
		CASE WHEN r ? 'flags' THEN ARRAY(SELECT jsonb_array_elements_text(r -> 'flags')) END,
		r -> 'original', r -> 'actor', r -> 'target', r -> 'changes', r -> 'context', r -> 'payload', r -> 'producer', r -> 'source',
		r -> 'attributes', r -> 'body', leaf, nullif(mac, '')
	FROM unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[], $5::jsonb[], $6::bytea[], $7::text[])
		AS e (tenant, epoch, seq, at, r, leaf, mac)`

const deleteEvents = `
	DELETE FROM public.audit_events AS e USING unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[]) AS gone (tenant, epoch, seq, at)
	WHERE e.tenant_id = gone.tenant AND e.epoch = gone.epoch AND e.seq = gone.seq AND e.recorded_at = gone.at`

// selectEvents returns what an attacker needs of the rows; their records are
// known by id.
const selectEvents = `SELECT tenant_id, epoch, seq, recorded_at, event_id, leaf_hash, coalesce(mac, '') FROM public.audit_events ORDER BY tenant_id, epoch, seq, recorded_at`

// readImage reads a store that this package wrote: canonical says for each
// tenant and event id which record it is.
func readImage(ctx context.Context, conn *pgx.Conn, canonical map[[2]string]string) (*image, error) {
	im := &image{}
	var e eventRow
	var id string
	var leaf []byte
	err := each(ctx, conn, selectEvents, []any{&e.tenant, &e.epoch, &e.seq, &e.at, &id, &leaf, &e.mac}, func() {
		e.at, e.leaf, e.canonical = e.at.UTC(), string(leaf), canonical[[2]string{e.tenant, id}]
		im.events = append(im.events, e)
	})
	if err != nil {
		return nil, err
	}
	var i idRow
	var fingerprint []byte
	err = each(ctx, conn, `SELECT tenant_id, kind::text, id, fingerprint, epoch, seq, recorded_at FROM public.audit_event_ids ORDER BY 1, 2, 3`,
		[]any{&i.tenant, &i.kind, &i.id, &fingerprint, &i.epoch, &i.seq, &i.at}, func() {
			i.at, i.fingerprint = i.at.UTC(), string(fingerprint)
			im.ids = append(im.ids, i)
		})
	if err != nil {
		return nil, err
	}
	if err := im.readCommits(ctx, conn); err != nil {
		return nil, err
	}
	err = im.readRest(ctx, conn)
	return im, err
}

func (im *image) readCommits(ctx context.Context, conn *pgx.Conn) error {
	var c commitRow
	var root, frontier []byte
	return each(ctx, conn, `SELECT tenant_id, epoch, size, prev_size, recorded_at, root, frontier, coalesce(note, '') FROM public.audit_commits ORDER BY 1, 2, 3`,
		[]any{&c.tenant, &c.epoch, &c.size, &c.prevSize, &c.at, &root, &frontier, &c.note}, func() {
			c.at, c.root, c.frontier = c.at.UTC(), string(root), string(frontier)
			im.commits = append(im.commits, c)
		})
}

func (im *image) readRest(ctx context.Context, conn *pgx.Conn) error {
	var e epochRow
	err := each(ctx, conn, `SELECT tenant_id, epoch, prev_size, recorded_at, reason, note FROM public.audit_epochs ORDER BY 1, 2`,
		[]any{&e.tenant, &e.epoch, &e.prevSize, &e.at, &e.reason, &e.note}, func() {
			e.at = e.at.UTC()
			im.epochs = append(im.epochs, e)
		})
	if err != nil {
		return err
	}
	var p pruneRow
	var root, frontier []byte
	err = each(ctx, conn, `SELECT tenant_id, epoch, size, cutoff, deleted, coalesce(intent_event_id, ''), coalesce(completion_event_id, ''), root, frontier, note
		FROM public.audit_prunes ORDER BY 1, 2, 3`,
		[]any{&p.tenant, &p.epoch, &p.size, &p.cutoff, &p.deleted, &p.intent, &p.completion, &root, &frontier, &p.note}, func() {
			p.cutoff, p.root, p.frontier = p.cutoff.UTC(), string(root), string(frontier)
			im.prunes = append(im.prunes, p)
		})
	if err != nil {
		return err
	}
	var l leafRow
	var leaf []byte
	return each(ctx, conn, `SELECT tenant_id, epoch, seq, recorded_at, leaf_hash FROM public.audit_pruned_leaves ORDER BY 1, 2, 3`,
		[]any{&l.tenant, &l.epoch, &l.seq, &l.at, &leaf}, func() {
			l.at, l.leaf = l.at.UTC(), string(leaf)
			im.survived = append(im.survived, l)
		})
}

func each(ctx context.Context, conn *pgx.Conn, sql string, into []any, do func()) error {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, into, func() error { do(); return nil })
	return err
}

// replace makes the store that is before into the one that is after, within one
// transaction of a superuser whose session has triggers off.
func replace(ctx context.Context, conn *pgx.Conn, before, after *image) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Deletions first: a row may come back under the same key.
		batch := &pgx.Batch{}
		queueDeletions(batch, before, after)
		queueInsertions(batch, before, after)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// without returns the rows of a that are not in b.
func without[R comparable](a, b []R) []R {
	in := make(map[R]int, len(b))
	for _, row := range b {
		in[row]++
	}
	var rest []R
	for _, row := range a {
		if in[row] > 0 {
			in[row]--
			continue
		}
		rest = append(rest, row)
	}
	return rest
}

// column is one column of rows as an array parameter.
func column[R, V any](rows []R, of func(R) V) []V {
	values := make([]V, len(rows))
	for i := range rows {
		values[i] = of(rows[i])
	}
	return values
}

func queueDeletions(batch *pgx.Batch, before, after *image) {
	if gone := without(before.events, after.events); len(gone) > 0 {
		batch.Queue(deleteEvents, column(gone, func(e eventRow) string { return e.tenant }), column(gone, func(e eventRow) int32 { return e.epoch }),
			column(gone, func(e eventRow) int64 { return e.seq }), column(gone, func(e eventRow) time.Time { return e.at }))
	}
	if gone := without(before.ids, after.ids); len(gone) > 0 {
		batch.Queue(`DELETE FROM public.audit_event_ids AS i USING unnest($1::text[], $2::text[], $3::text[]) AS gone (tenant, kind, id)
			WHERE i.tenant_id = gone.tenant AND i.kind = gone.kind::"char" AND i.id = gone.id`,
			column(gone, func(i idRow) string { return i.tenant }), column(gone, func(i idRow) string { return i.kind }), column(gone, func(i idRow) string { return i.id }))
	}
	if gone := without(before.commits, after.commits); len(gone) > 0 {
		batch.Queue(`DELETE FROM public.audit_commits AS c USING unnest($1::text[], $2::int[], $3::bigint[]) AS gone (tenant, epoch, size)
			WHERE c.tenant_id = gone.tenant AND c.epoch = gone.epoch AND c.size = gone.size`,
			column(gone, func(c commitRow) string { return c.tenant }), column(gone, func(c commitRow) int32 { return c.epoch }), column(gone, func(c commitRow) int64 { return c.size }))
	}
	for _, e := range without(before.epochs, after.epochs) {
		batch.Queue(`DELETE FROM public.audit_epochs WHERE tenant_id = $1 AND epoch = $2`, e.tenant, e.epoch)
	}
	for _, p := range without(before.prunes, after.prunes) {
		batch.Queue(`DELETE FROM public.audit_prunes WHERE tenant_id = $1 AND epoch = $2 AND size = $3 AND deleted = $4`, p.tenant, p.epoch, p.size, p.deleted)
	}
	for _, l := range without(before.survived, after.survived) {
		batch.Queue(`DELETE FROM public.audit_pruned_leaves WHERE tenant_id = $1 AND epoch = $2 AND seq = $3`, l.tenant, l.epoch, l.seq)
	}
}

func queueInsertions(batch *pgx.Batch, before, after *image) {
	if events := without(after.events, before.events); len(events) > 0 {
		batch.Queue(insertEvents, column(events, func(e eventRow) string { return e.tenant }), column(events, func(e eventRow) int32 { return e.epoch }),
			column(events, func(e eventRow) int64 { return e.seq }), column(events, func(e eventRow) time.Time { return e.at }),
			column(events, func(e eventRow) string { return e.canonical }), column(events, func(e eventRow) []byte { return []byte(e.leaf) }),
			column(events, func(e eventRow) string { return e.mac }))
	}
	if ids := without(after.ids, before.ids); len(ids) > 0 {
		batch.Queue(`INSERT INTO public.audit_event_ids (tenant_id, kind, id, fingerprint, epoch, seq, recorded_at)
			SELECT t, k::"char", i, f, e, s, a FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::int[], $6::bigint[], $7::timestamptz[]) AS x (t, k, i, f, e, s, a)`,
			column(ids, func(i idRow) string { return i.tenant }), column(ids, func(i idRow) string { return i.kind }), column(ids, func(i idRow) string { return i.id }),
			column(ids, func(i idRow) []byte { return []byte(i.fingerprint) }), column(ids, func(i idRow) int32 { return i.epoch }),
			column(ids, func(i idRow) int64 { return i.seq }), column(ids, func(i idRow) time.Time { return i.at }))
	}
	if commits := without(after.commits, before.commits); len(commits) > 0 {
		batch.Queue(`INSERT INTO public.audit_commits (tenant_id, epoch, size, prev_size, recorded_at, root, frontier, note)
			SELECT t, e, s, p, a, nullif(r, ''::bytea), nullif(f, ''::bytea), nullif(n, '')
			FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[], $8::text[]) AS x (t, e, s, p, a, r, f, n)`,
			column(commits, func(c commitRow) string { return c.tenant }), column(commits, func(c commitRow) int32 { return c.epoch }),
			column(commits, func(c commitRow) int64 { return c.size }), column(commits, func(c commitRow) int64 { return c.prevSize }),
			column(commits, func(c commitRow) time.Time { return c.at }), column(commits, func(c commitRow) []byte { return []byte(c.root) }),
			column(commits, func(c commitRow) []byte { return []byte(c.frontier) }), column(commits, func(c commitRow) string { return c.note }))
	}
	for _, e := range without(after.epochs, before.epochs) {
		batch.Queue(`INSERT INTO public.audit_epochs (tenant_id, epoch, prev_size, recorded_at, reason, note) VALUES ($1, $2, $3, $4, $5, $6)`,
			e.tenant, e.epoch, e.prevSize, e.at, e.reason, e.note)
	}
	for _, p := range without(after.prunes, before.prunes) {
		batch.Queue(`INSERT INTO public.audit_prunes (tenant_id, epoch, size, cutoff, deleted, intent_event_id, completion_event_id, root, frontier, note)
			VALUES ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8, $9, $10)`,
			p.tenant, p.epoch, p.size, p.cutoff, p.deleted, p.intent, p.completion, []byte(p.root), []byte(p.frontier), p.note)
	}
	for _, l := range without(after.survived, before.survived) {
		batch.Queue(`INSERT INTO public.audit_pruned_leaves (tenant_id, epoch, seq, recorded_at, leaf_hash) VALUES ($1, $2, $3, $4, $5)`,
			l.tenant, l.epoch, l.seq, l.at, []byte(l.leaf))
	}
}

// logID is one tree of the store.
type logID struct {
	tenant string
	epoch  int32
}

// logs are the trees that have events or commits, in order.
func (im *image) logs() []logID {
	seen := map[logID]bool{}
	for _, e := range im.events {
		seen[logID{e.tenant, e.epoch}] = true
	}
	for _, c := range im.commits {
		seen[logID{c.tenant, c.epoch}] = true
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b logID) int {
		if a.tenant != b.tenant {
			return compare(a.tenant, b.tenant)
		}
		return int(a.epoch) - int(b.epoch)
	})
}
