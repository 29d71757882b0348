package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// RoleMembers are the logins that have a role's rights.
type RoleMembers struct {
	Role   string // a group role, or "superuser" or "bypassrls" for the attribute
	Logins []string
}

// Members returns who has the rights of each of the group roles, and which logins
// no role binds. A role without logins is not among them. Every login may ask.
func (r *Reader) Members(ctx context.Context, groups []string) (members []RoleMembers, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.policyLogins, groups)
		if err != nil {
			return err
		}
		var role, login string
		_, err = pgx.ForEachRow(rows, []any{&role, &login}, func() error {
			if n := len(members); n == 0 || members[n-1].Role != role {
				members = append(members, RoleMembers{Role: role})
			}
			last := &members[len(members)-1]
			last.Logins = append(last.Logins, login)
			return nil
		})
		return err
	})
	return members, err
}

// Binding is a login that reads some tenants only.
type Binding struct {
	Login   string
	Now     *string // what the login is called now, nil for one that is gone
	Tenants []string
}

// Bindings returns the logins that are bound to tenants. The login must be an
// auditor.
func (r *Reader) Bindings(ctx context.Context) (bindings []Binding, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, r.sql.policyBindings)
		if err != nil {
			return err
		}
		bindings, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Binding])
		return err
	})
	return bindings, err
}

// ServerFacts are what a connection says of itself.
type ServerFacts struct {
	Version   string // of PostgreSQL
	Migration int    // the newest one applied
	Login     string
	Encrypted bool // the connection
}

// Server returns what a connection of this reader says of itself. Every login
// may ask.
func (r *Reader) Server(ctx context.Context) (facts ServerFacts, err error) {
	err = r.read(ctx, "", func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, r.sql.policyServer).Scan(&facts.Version, &facts.Migration, &facts.Login, &facts.Encrypted)
	})
	return facts, err
}
