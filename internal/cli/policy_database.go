package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/migrations"
)

// fromDatabase is the source of what the database says.
const fromDatabase = "database"

// readDatabase says what the database knows, as far as the login may read it.
func (o *policyOptions) readDatabase(cmd *cobra.Command, sys *System, p *policy) error {
	ctx := cmd.Context()
	if _, err := o.database.resolve(sys); err != nil {
		p.Unread = append(p.Unread, "retention, holds, traces of reads, roles and versions in the database: no login was given")
		return nil
	}
	reader, err := o.database.connect(ctx, sys)
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(ctx, sys, reader)
	if err != nil {
		return err
	}
	before := len(p.Statements)
	for _, part := range []func(context.Context, *store.Reader, *policy) error{serverPolicy, o.rolesPolicy, retentionPolicy, holdsPolicy, accessPolicy, bindingsPolicy} {
		if err = part(ctx, reader, p); err != nil {
			break
		}
	}
	return recordRead(ctx, trail, access.Read{Action: access.ActionPolicy, Filter: flagsAsked(cmd), Rows: int64(len(p.Statements) - before)}, err)
}

// refused reports a login that may not read something, which is then named.
func refused(err error, p *policy, what string) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	if ok = ok && server.Code == "42501" || errors.Is(err, store.ErrHoldsHidden); ok {
		p.missing("%s: this login may not read them; the auditor's may", what)
	}
	return ok
}

func serverPolicy(ctx context.Context, r *store.Reader, p *policy) error {
	facts, err := r.Server(ctx)
	if err != nil {
		return err
	}
	p.say(configuration.Versions, "PostgreSQL", fromDatabase, "%s", facts.Version)
	p.say(configuration.Versions, "migrations", fromDatabase, "%d applied, %d known to this program", facts.Migration, migrations.Latest())
	encrypted := "without TLS"
	if facts.Encrypted {
		encrypted = "with TLS"
	}
	p.say(configuration.Transport, "this command", fromDatabase, "connected to PostgreSQL %s, as %s", encrypted, facts.Login)
	return nil
}

func (o *policyOptions) rolesPolicy(ctx context.Context, r *store.Reader, p *policy) error {
	roles := migrations.RolesFor(o.prefix)
	groups := []string{roles.Owner, roles.Writer, roles.Reader, roles.Auditor, roles.Operator, roles.Pruner}
	members, err := r.Members(ctx, groups)
	if err != nil {
		return err
	}
	logins := map[string][]string{}
	for _, m := range members {
		logins[m.Role] = m.Logins
	}
	for _, group := range groups {
		p.say(configuration.Roles, group, fromDatabase, "%s", cmp.Or(strings.Join(logins[group], ", "), "no login"))
	}
	p.say(configuration.Roles, "superuser", fromDatabase, "%s (bound by no role)", cmp.Or(strings.Join(logins["superuser"], ", "), "no login"))
	if bypass := logins["bypassrls"]; len(bypass) > 0 {
		p.say(configuration.Roles, "BYPASSRLS", fromDatabase, "%s (sees every tenant)", strings.Join(bypass, ", "))
	}
	return nil
}

func retentionPolicy(ctx context.Context, r *store.Reader, p *policy) error {
	policies, err := r.RetentionList(ctx)
	if err != nil {
		if refused(err, p, "periods of retention") {
			return nil
		}
		return err
	}
	known := map[string]bool{}
	for i := range policies {
		k := &policies[i]
		known[k.TenantID] = true
		p.say(configuration.Retention, k.TenantID, fromDatabase, "%s are kept %s%s, since %s by %s", kept(k.TenantID), counted(k.KeepDays, "day"),
			because(k), k.UpdatedAt.Format("2006-01-02"), k.UpdatedBy)
	}
	for _, name := range []string{store.RetentionDefault, store.RetentionQuarantine, store.RetentionJournal} {
		if !known[name] {
			p.say(configuration.Retention, name, fromDatabase, "no period is written down: %s are kept for ever", kept(name))
		}
	}
	return nil
}

// kept is what a policy of this name is about.
func kept(name string) string {
	switch name {
	case store.RetentionDefault:
		return "events of tenants without a policy of their own"
	case store.RetentionQuarantine:
		return "quarantined records"
	case store.RetentionJournal:
		return "segments of the journal"
	}
	return "events"
}

func because(k *store.RetentionPolicy) string {
	if k.Framework == "" {
		return ""
	}
	return " (" + k.Framework + ")"
}

func holdsPolicy(ctx context.Context, r *store.Reader, p *policy) error {
	holds, err := r.LegalHolds(ctx)
	if err != nil {
		if refused(err, p, "legal holds") {
			return nil
		}
		return err
	}
	tenants := map[string]int{}
	var order []string
	for i := range holds {
		if tenants[holds[i].TenantID] == 0 {
			order = append(order, holds[i].TenantID)
		}
		tenants[holds[i].TenantID]++
	}
	for _, tenant := range order {
		p.say(configuration.Retention, tenant, fromDatabase, "%s in force", counted(tenants[tenant], "legal hold"))
	}
	if len(holds) == 0 {
		p.say(configuration.Retention, "legal holds", fromDatabase, "none in force")
	}
	return nil
}

func accessPolicy(ctx context.Context, r *store.Reader, p *policy) error {
	modes, err := r.AccessRules(ctx)
	if err != nil {
		if refused(err, p, "modes of traces of reads") {
			return nil
		}
		return err
	}
	everybody := false
	for _, m := range modes {
		everybody = everybody || m.Login == ""
		p.say(configuration.Access, cmp.Or(m.Login, "all other logins"), fromDatabase, "%s", modeShown(m.Mode))
	}
	if !everybody {
		p.say(configuration.Access, "all other logins", fromDatabase, "%s", modeShown(access.Required))
	}
	p.say(configuration.Access, "with psql", fromDatabase, "whoever reads the tables without this program leaves no trace here; pgaudit does that")
	return nil
}

// bindingsPolicy says which logins read some tenants only. One that is not named
// reads every tenant that it names itself, within the rights of its role.
func bindingsPolicy(ctx context.Context, r *store.Reader, p *policy) error {
	bindings, err := r.Bindings(ctx)
	if err != nil {
		if refused(err, p, "logins bound to tenants") {
			return nil
		}
		return err
	}
	for _, b := range bindings {
		also := ""
		switch {
		case b.Now == nil:
			also = " (no login has that name any more)"
		case *b.Now != b.Login:
			also = " (it is called " + *b.Now + " now, and reads nothing)"
		}
		p.say(configuration.Access, b.Login, fromDatabase, "reads these tenants only: %s%s", strings.Join(b.Tenants, ", "), also)
	}
	p.say(configuration.Access, "all other readers", fromDatabase, "bound to no tenant: each reads whichever it names")
	return nil
}

func modeShown(mode access.Mode) string {
	switch mode {
	case access.Signed:
		return "signed: no read before its trace is in the signed log"
	case access.Required:
		return "required: no read before its trace is stored"
	case access.BestEffort:
		return "best_effort: a read without a trace is told and goes on"
	case access.Off:
		return "off: reads leave no trace"
	}
	return string(mode)
}
