package mutation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/pgurl"
	"github.com/otelaudit/otelaudit/internal/store"
)

const (
	logName = "audit.example.com/mutation"
	// otherLog is a log of the same trust file that has nothing to do with this
	// store.
	otherLog = "audit.example.com/elsewhere"
)

// Lab is where seeds are run one after the other: a database, the attacker's
// session in it, and keys. Not safe for concurrent use.
type Lab struct {
	Dir string // for journals; a directory per seed is made in it and removed

	conn    *pgx.Conn // the superuser's, with triggers off
	urls    URLs
	writer  *store.Writer
	sealer  *restarting
	now     func() time.Time
	cleared int

	keyRing    [3]*keys.Ring // before, during and after a rotation
	stranger   *keys.Ring    // of the same log name, trusted by nobody
	foreign    *keys.Ring    // of another log that the trust file knows
	both       *keys.Trust   // of this log and of the other one
	trust      *keys.Trust   // of this log alone
	sinks      *sinks        // connections, nil while there are none
	macs       *keys.MACRing // verifies all
	macSigners [2]*keys.MACRing
	months     [2]time.Time // begin of the last month and of this one
}

// URLs reach one migrated database (schema public).
type URLs struct{ Super, Writer, Auditor string }

// Open makes a lab in a database that nobody else writes to.
func Open(ctx context.Context, dir string, urls URLs, now func() time.Time) (*Lab, error) {
	lab := &Lab{Dir: dir, urls: urls, now: now, sealer: &restarting{}}
	if err := lab.makeKeys(); err != nil {
		return nil, err
	}
	var err error
	if lab.conn, err = pgx.Connect(ctx, urls.Super); err != nil {
		return nil, err
	}
	// What a database administrator does who wants to be rid of triggers.
	if _, err := lab.conn.Exec(ctx, `SET session_replication_role = replica; SET timezone = 'UTC'`); err != nil {
		return nil, err
	}
	config, err := pgurl.Parse(urls.Writer, "mutation")
	if err != nil {
		return nil, err
	}
	lab.writer = store.NewWriter(store.WriterOptions{Connection: &config.Config, Schema: "public", RolePrefix: "audit_", Now: now, Sealer: lab.sealer})
	err = lab.makeMonths(ctx)
	return lab, err
}

func (l *Lab) makeMonths(ctx context.Context) error {
	for i, back := range []int{1, 0} {
		err := l.conn.QueryRow(ctx, `SELECT date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - $1 * interval '1 month'`, back).Scan(&l.months[i])
		if err != nil {
			return err
		}
		if _, err := l.conn.Exec(ctx, `SELECT public.audit_ensure_month($1)`, l.months[i]); err != nil {
			return err
		}
		l.months[i] = l.months[i].UTC()
	}
	return nil
}

// makeKeys makes the same keys in every lab: a seed has to mean the same
// wherever it runs.
func (l *Lab) makeKeys() error {
	random := rand.NewChaCha8([32]byte{'m', 'u', 't', 'a', 't', 'i', 'o', 'n'})
	names := [4]string{logName, logName, logName, otherLog}
	var private, public [len(names)]string
	for i, name := range names {
		var err error
		if private[i], public[i], err = keys.Generate(random, name); err != nil {
			return err
		}
	}
	var errs []error
	ring := func(lines ...string) *keys.Ring {
		r, err := keys.ParseRing([]byte(strings.Join(lines, "\n")))
		errs = append(errs, err)
		return r
	}
	l.keyRing = [3]*keys.Ring{ring(private[0]), ring(private[0], private[1]), ring(private[1], public[0])}
	l.stranger, l.foreign = ring(private[2]), ring(private[3])
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var err error
	l.both, err = keys.ParseTrust(fmt.Appendf(nil, "%s\n%s %s - -\n%s %s - -\n%s %s - -\n", keys.TrustHeader, public[0], logName, public[1], logName, public[3], otherLog))
	if err != nil {
		return err
	}
	l.trust, err = l.both.Pin(logName)
	errs = append(errs, err)
	line := func(id string, fill byte) string {
		return id + " " + strings.Repeat(string([]byte{fill}), 43) + "=\n"
	}
	mac := func(lines string) *keys.MACRing {
		r, err := keys.ParseMACRing([]byte(lines))
		errs = append(errs, err)
		return r
	}
	older, newer := line("edge-1", 'A'), line("edge-2", 'E')
	l.macs, l.macSigners = mac(newer+older), [2]*keys.MACRing{mac(older), mac(newer)}
	return errors.Join(errs...)
}

// Clear empties the store, so that the next seed is alone in it. Deleting is
// cheaper than TRUNCATE, which has every session learn the tables anew, but
// leaves dead rows to scan over.
func (l *Lab) Clear(ctx context.Context) error {
	const tables = "public.audit_events, public.audit_event_ids, public.audit_commits, public.audit_epochs, public.audit_prunes, public.audit_pruned_leaves, public.audit_quarantine"
	l.cleared++
	if l.cleared%truncateEvery == 0 {
		_, err := l.conn.Exec(ctx, "TRUNCATE "+tables)
		return err
	}
	batch := &pgx.Batch{}
	for table := range strings.SplitSeq(tables, ", ") {
		batch.Queue("DELETE FROM " + table)
	}
	return l.conn.SendBatch(ctx, batch).Close()
}

const truncateEvery = 50 // seeds

// Close ends the lab's sessions.
func (l *Lab) Close(ctx context.Context) error {
	l.disconnect()
	l.writer.Close()
	return l.conn.Close(ctx)
}
