package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// PrivilegeError is a login that could change what it has written.
type PrivilegeError struct {
	Login      string
	Privileges []string // superuser, bypassrls, owner
	RolePrefix string
}

// Error names the login and what to do.
func (e *PrivilegeError) Error() string {
	return fmt.Sprintf("login %q has privileges a writer must not have (%s): use a login that is only a member of %swriter",
		e.Login, strings.Join(e.Privileges, ", "), e.RolePrefix)
}

// SchemaError is a database without the tables, or a login without the rights,
// that writing needs.
type SchemaError struct {
	Login, Schema, RolePrefix string
	Missing                   bool // the tables; otherwise the rights
}

// Error names what is missing and the command that brings it.
func (e *SchemaError) Error() string {
	if e.Missing {
		return fmt.Sprintf("schema %q has no audit tables: run otelaudit migrate up (or check the key schema)", e.Schema)
	}
	return fmt.Sprintf("login %q may not write audit events in schema %q: GRANT %swriter TO it", e.Login, e.Schema, e.RolePrefix)
}

// errReadOnly is a standby: the primary is elsewhere, or will be here soon.
var errReadOnly = errors.New("the database is a standby and takes no writes")

// connect opens the connection if there is none and checks who it is. It costs
// nothing when the connection is there.
func (w *Writer) connect(ctx context.Context) error {
	if w.wire != nil && !w.wire.closed {
		return w.settleLost(ctx)
	}
	if w.wire != nil {
		w.unnamed = w.unnamed || w.wire.lostNames
		w.careful = carefulFor // what was not acknowledged comes again
	}
	w.unsettled = true
	conn, err := pgconn.ConnectConfig(ctx, w.opts.Connection)
	if err != nil {
		return err
	}
	wire, err := newWire(conn)
	if err != nil {
		return err
	}
	w.wire = wire
	if err := w.checkRole(ctx); err != nil {
		w.Close()
		return err
	}
	return w.settleLost(ctx)
}

// checkRole refuses to write as somebody who could change what was written,
// and says what is missing before the first event finds out.
func (w *Writer) checkRole(ctx context.Context) error {
	var privilege *PrivilegeError
	var schema *SchemaError
	standby, rows, backend := false, 0, uint32(0)
	w.wire.queueStatement(w.sql.role, nil)
	w.wire.queueSync()
	_, err := w.wire.exchange(ctx, func(columns [][]byte) error {
		rows++
		if len(columns) != 8 || len(columns[7]) != 4 {
			return errShape
		}
		backend = binary.BigEndian.Uint32(columns[7])
		login := string(columns[0])
		var privileges []string
		for i, name := range []string{"superuser", "bypassrls", "owner"} {
			if isTrue(columns[1+i]) {
				privileges = append(privileges, name)
			}
		}
		if len(privileges) > 0 {
			privilege = &PrivilegeError{Login: login, Privileges: privileges, RolePrefix: w.opts.RolePrefix}
		}
		if missing := !isTrue(columns[4]); missing || !isTrue(columns[5]) {
			schema = &SchemaError{Login: login, Schema: w.opts.Schema, RolePrefix: w.opts.RolePrefix, Missing: missing}
		}
		standby = isTrue(columns[6])
		return nil
	})
	switch {
	case err != nil:
		return err
	case rows != 1:
		return errShape
	case privilege != nil && w.opts.WarnPrivileged == nil:
		return privilege
	case schema != nil:
		return schema
	case standby:
		return errReadOnly
	case privilege != nil:
		w.opts.WarnPrivileged(privilege)
	}
	if !w.unnamed {
		w.wire.keepPlans(backend)
	}
	return nil
}

func isTrue(column []byte) bool { return len(column) == 1 && column[0] == 1 }
