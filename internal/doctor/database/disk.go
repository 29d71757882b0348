package database

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// freeShare is the part of a disk that must be free.
const freeShare = 0.1

var errNoDisk = errors.New("SQL does not tell how full a disk is, and the server's is not on this machine: watch it there")

// lookAtDisk looks at the server's disk where that is a disk of this machine.
func lookAtDisk(ctx context.Context, s *Subject, r *doctor.Result) error {
	row, err := s.one(ctx, `
		SELECT coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), ''),
			pg_catalog.pg_size_pretty((SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)
				FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
				WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname LIKE 'audit\_%'))`, s.options.Schema)
	if err != nil {
		return err
	}
	if address := net.ParseIP(row[0]); row[0] != "" && !address.IsLoopback() {
		return fmt.Errorf("%w (the tables take %s)", errNoDisk, row[1])
	}
	rows, _, err := s.asWhoMay(ctx, "pg_read_all_settings", "SELECT pg_catalog.current_setting('data_directory')")
	if err != nil {
		return err
	}
	free, size, err := diskSpace(rows[0][0])
	if err != nil {
		return fmt.Errorf("the data directory of the server cannot be looked at from here (the tables take %s)", row[1])
	}
	if float64(free) < s.options.freeShare*float64(size) {
		r.Find(doctor.Finding{
			Where:  "disk of the server",
			Detail: fmt.Sprintf("%d of %d GiB are free, the tables take %s", free>>30, size>>30, row[1]),
		})
	}
	return nil
}

// asWhoMay asks the first login that is a member of a role of PostgreSQL.
func (s *Subject) asWhoMay(ctx context.Context, group, statement string) ([][]string, *login, error) {
	for _, role := range s.Connected() {
		l := s.logins[role]
		is, err := s.texts(ctx, l, "SELECT pg_catalog.pg_has_role($1::text::name, 'USAGE')::text", group)
		if err != nil {
			return nil, nil, err
		}
		if is[0][0] == "true" {
			rows, err := s.texts(ctx, l, statement)
			return rows, l, err
		}
	}
	return nil, nil, fmt.Errorf("no login may ask the server for it: GRANT %s TO one", group)
}
