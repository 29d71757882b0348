package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/otelaudit/otelaudit/internal/anchor"
	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
)

// Bounds of keys and anchors.
const (
	keyAge     = 365 * 24 * time.Hour
	anchorLag  = 15 * time.Minute // of the first commit behind an anchor
	readableBy = 0o077            // bits of others than the owner
)

func logProbes() []doctor.Probe[*Subject] {
	const section = "doctor.md#keys-and-anchors"
	return []doctor.Probe[*Subject]{
		{
			Check: doctor.Check{
				ID: "log.key_age", Severity: doctor.P1, Needs: []string{"trust file"}, Section: section,
				Title: "The key that signs the log is older than a year, or no key is trusted now",
				Fix:   "otelaudit keys rotate",
			},
			Look: lookAtKeyAge,
		},
		{
			Check: doctor.Check{
				ID: "log.key_file", Severity: doctor.P0, Needs: []string{"key file"}, Section: section,
				Title: "Others than the collector may read the key that signs the log, or change the trust file",
				Fix:   "chmod 600 the key file; whoever could read it could sign: otelaudit keys rotate",
			},
			Look: lookAtKeyFile,
		},
		{
			Check: doctor.Check{
				ID: "log.unsigned", Severity: doctor.P0, Needs: []string{string(Auditor)}, Section: section,
				Title: "What was committed last is not signed: the store shows no tampering",
				Fix:   "give the exporter otelaudit a signing key (otelaudit keygen) and restart the collector",
			},
			Look: lookAtUnsigned,
		},
		{
			Check: doctor.Check{
				ID: "log.anchor", Severity: doctor.P1, Needs: []string{string(Auditor), "anchor file"}, Section: section,
				Title: "The newest anchor is behind the log: what came since could be cut off unseen",
				Fix:   "see the exporter's log; 'otelaudit checkpoint' writes anchors by hand, to a place that the store's administrators cannot reach",
			},
			Look: lookAtAnchor,
		},
	}
}

func lookAtKeyAge(ctx context.Context, s *Subject, r *doctor.Result) error {
	if s.options.TrustFile == "" {
		r.CouldNotCheck("no trust file is named: --trust FILE or AUDIT_TRUST_FILE")
		return nil
	}
	trust, err := keys.LoadTrust(s.options.TrustFile)
	if wide, ok := errors.AsType[*keys.PermissionError](err); ok {
		r.CouldNotCheck("%v", wide) // a finding of log.key_file
		return nil
	}
	if err != nil {
		return err
	}
	now := s.options.Now()
	current := map[string]int{}
	for _, key := range trust.Keys() {
		current[key.Log] += 0
		if !key.From.IsZero() && key.From.After(now) || !key.Until.IsZero() && !key.Until.After(now) {
			continue
		}
		current[key.Log]++
		since := key.From
		if since.IsZero() {
			if since, err = s.firstSigned(ctx); err != nil {
				r.CouldNotCheck("since when the first key signs: %v", err)
				continue
			}
		}
		if age := now.Sub(since); !since.IsZero() && age > keyAge {
			r.Find(doctor.Finding{Where: "key " + key.ID(), Detail: fmt.Sprintf("it signs since %s, for %d days", since.UTC().Format(time.DateOnly), int(age.Hours()/24))})
		}
	}
	for log, n := range current {
		if n == 0 {
			r.Find(doctor.Finding{Where: "log " + log, Detail: "every key of it in the trust file has ended or has yet to begin"})
		}
	}
	return nil
}

// firstSigned is when the log begins, as the first commits of the tenants have it:
// the first key of a log is trusted from ever. It is zero where nothing was signed.
func (s *Subject) firstSigned(ctx context.Context) (time.Time, error) {
	l, asked, err := s.login(Auditor)
	if err != nil || !asked {
		return time.Time{}, err
	}
	rows, err := s.texts(ctx, l, `
		WITH RECURSIVE `+tenantsOfCommits+`
		SELECT coalesce(extract(epoch FROM min(first.recorded_at))::bigint, 0)::text
		FROM (SELECT tenants.id FROM tenants LIMIT 10000) AS t CROSS JOIN LATERAL (
			SELECT early.recorded_at FROM (
				SELECT c.recorded_at, c.note FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = t.id ORDER BY c.epoch, c.size LIMIT 100) AS early
			WHERE early.note IS NOT NULL LIMIT 1) AS first`, "")
	if err != nil || rows[0][0] == "0" {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(rows[0][0], 10, 64)
	return time.Unix(seconds, 0), err
}

func lookAtKeyFile(_ context.Context, s *Subject, r *doctor.Result) error {
	if s.options.KeyFile == "" && s.options.TrustFile == "" {
		r.NotApplicable("no key file is named (AUDIT_LOG_KEY_FILE): it belongs to the collector's machine")
		return nil
	}
	if s.options.TrustFile != "" {
		_, err := keys.LoadTrust(s.options.TrustFile)
		if wide, ok := errors.AsType[*keys.PermissionError](err); ok {
			r.Find(doctor.Finding{Where: s.options.TrustFile, Detail: wide.Error(), Fix: "chmod o-w the trust file, and compare it with the one that was given to you"})
		}
	}
	if s.options.KeyFile == "" {
		return nil
	}
	info, err := os.Stat(s.options.KeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		r.CouldNotCheck("%v", err)
	case err != nil:
		return err
	case info.Mode().Perm()&readableBy != 0:
		r.Find(doctor.Finding{Where: s.options.KeyFile, Detail: fmt.Sprintf("its mode is %04o", info.Mode().Perm())})
	}
	return nil
}

// tenantsOfCommits are the tenants, or the one that is $1, found one after the other
// in the index: there are many more commits. The last is null.
const tenantsOfCommits = `
	tenants (id) AS (
		(SELECT tenant_id FROM {{schema}}.audit_commits WHERE $1::text = '' OR tenant_id = $1::text ORDER BY tenant_id LIMIT 1)
		UNION ALL
		SELECT (SELECT c.tenant_id FROM {{schema}}.audit_commits AS c WHERE c.tenant_id > t.id ORDER BY c.tenant_id LIMIT 1)
		FROM tenants AS t WHERE t.id IS NOT NULL AND $1::text = '')`

// recentCommits are the newest commits of the tenants, of each the last.
const recentCommits = `
	WITH RECURSIVE ` + tenantsOfCommits + `
	SELECT newest.tenant_id, coalesce(newest.note, ''), newest.epoch::text
	FROM tenants CROSS JOIN LATERAL (
		SELECT c.* FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = tenants.id ORDER BY c.epoch DESC, c.size DESC LIMIT 1) AS newest
	ORDER BY newest.recorded_at DESC LIMIT 10000`

func lookAtUnsigned(ctx context.Context, s *Subject, r *doctor.Result) error {
	return s.forLogin(r, Auditor, func(l *login) error {
		rows, err := s.texts(ctx, l, recentCommits, s.options.Tenant)
		if err != nil {
			return err
		}
		unsigned := 0
		for _, row := range rows {
			if row[1] == "" {
				unsigned++
			}
		}
		switch {
		case len(rows) == 0:
			r.NotApplicable("nothing was committed yet")
		case unsigned > 0:
			r.Find(doctor.Finding{Where: "audit_commits", Detail: fmt.Sprintf("the newest commits of %d of %d tenants have no checkpoint", unsigned, len(rows))})
		}
		return nil
	})
}

func lookAtAnchor(ctx context.Context, s *Subject, r *doctor.Result) error {
	if s.options.AnchorFile == "" {
		r.CouldNotCheck("no anchor file is named: --anchors FILE or AUDIT_ANCHOR_FILE")
		return nil
	}
	contents, err := anchor.Load(s.options.AnchorFile)
	if err != nil {
		return err
	}
	anchored := make(map[string]merkle.Checkpoint)
	for _, note := range contents.Notes {
		checkpoint, err := anchor.Unverified(note)
		if err == nil && checkpoint.Size > anchored[checkpoint.Origin].Size {
			anchored[checkpoint.Origin] = checkpoint
		}
	}
	return s.forLogin(r, Auditor, func(l *login) error {
		waiting, err := s.unanchored(ctx, l, anchored)
		if err != nil {
			return err
		}
		for i, w := range waiting {
			if i == shownExamples {
				r.Find(doctor.Finding{Where: s.options.AnchorFile, Detail: fmt.Sprintf("and the logs of %d other tenants", len(waiting)-shownExamples)})
				break
			}
			r.Find(doctor.Finding{Where: s.options.AnchorFile, Detail: fmt.Sprintf("the log of tenant %s has %d events, the newest anchor is of %d, and what it does not cover begins at %s",
				w.tenant, w.size, w.anchored, w.since.UTC().Format(time.RFC3339))})
		}
		return nil
	})
}

// waitingLog is a log whose newest anchor is behind it for too long.
type waitingLog struct {
	tenant         string
	size, anchored int64     // in events
	since          time.Time // when the first commit behind the anchor was made
}

// firstBehind are the times of the first commits behind sizes, in the order of
// the logs that are asked for.
const firstBehind = `
	SELECT log.tenant_id, log.newest::text, log.anchored::text, (extract(epoch FROM first.recorded_at) * 1000)::bigint::text
	FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS log (tenant_id, epoch, newest, anchored, n)
	CROSS JOIN LATERAL (
		SELECT c.recorded_at FROM {{schema}}.audit_commits AS c
		WHERE c.tenant_id = log.tenant_id AND c.epoch = log.epoch::integer AND c.size > log.anchored
		ORDER BY c.size LIMIT 1) AS first
	ORDER BY log.n`

// unanchored are the logs of which commits older than anchorLag have no anchor. A
// log that is written to all the time has a newest commit of just now, however
// long ago the anchors ended: the first one without an anchor tells.
func (s *Subject) unanchored(ctx context.Context, l *login, anchored map[string]merkle.Checkpoint) ([]waitingLog, error) {
	rows, err := s.texts(ctx, l, recentCommits, s.options.Tenant)
	if err != nil {
		return nil, err
	}
	var tenants, epochs []string
	var newest, sizes []int64
	for _, row := range rows {
		checkpoint, err := anchor.Unverified([]byte(row[1]))
		if err != nil {
			continue // not signed, or verify's to say
		}
		if before := anchored[checkpoint.Origin].Size; before < checkpoint.Size {
			tenants, epochs = append(tenants, row[0]), append(epochs, row[2])
			newest, sizes = append(newest, checkpoint.Size), append(sizes, before)
		}
	}
	if rows, err = s.texts(ctx, l, firstBehind, tenants, epochs, newest, sizes); err != nil {
		return nil, err
	}
	var waiting []waitingLog
	for _, row := range rows {
		w := waitingLog{tenant: row[0]}
		var milliseconds int64
		if _, err := fmt.Sscan(row[1]+" "+row[2]+" "+row[3], &w.size, &w.anchored, &milliseconds); err != nil {
			return nil, err
		}
		if w.since = time.UnixMilli(milliseconds); s.options.Now().Sub(w.since) > anchorLag {
			waiting = append(waiting, w)
		}
	}
	return waiting, nil
}

const shownExamples = 3
