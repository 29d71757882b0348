package chaos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/migrations"
	"github.com/otelaudit/otelaudit/testbed/database"
)

// migrationFaults are migrations while collectors write.
func migrationFaults() []Fault {
	return []Fault{
		{Name: "schema migrated under load", Happen: migrateUnderLoad},
		{Name: "migration repeated under load", Happen: func(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
			return again(ctx, random, 5, func() error { return l.migrate(ctx, 0) })
		}},
	}
}

// older is the schema before everything that programs of this version need.
const older = 9

// migrateUnderLoad takes the schema back to an older one, as if the newer
// migrations had not been there yet, lets a collector start on that and all make
// new sessions, and migrates. Collectors may write meanwhile or refuse to.
func migrateUnderLoad(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	for version := int(migrations.Latest()); version > older; version-- {
		if err := l.takeBack(ctx, version); err != nil {
			return 0, err
		}
	}
	if err := sleep(ctx, between(random, 50*time.Millisecond, 300*time.Millisecond)); err != nil {
		return 0, err
	}
	n := l.anyNode(random)
	if err := n.Terminate(ctx); err != nil {
		return 0, err
	}
	if err := n.Launch(); err != nil {
		return 0, err
	}
	if err := l.Server.TerminateLogin(ctx, database.Writer); err != nil {
		return 0, err
	}
	if err := sleep(ctx, between(random, 500*time.Millisecond, 1500*time.Millisecond)); err != nil {
		return 0, err
	}
	return 1, l.migrate(ctx, int(migrations.Latest())-older)
}

// migrate applies what is missing, and holds how much that was.
func (l *Lab) migrate(ctx context.Context, want int) error {
	done, err := (migrations.Runner{}).Up(ctx, l.Database.Owner)
	if err == nil && len(done) != want {
		err = fmt.Errorf("%d migrations were applied, not %d", len(done), want)
	}
	return err
}

// takeBack reverses a migration by its own Down part, in one transaction.
func (l *Lab) takeBack(ctx context.Context, version int) error {
	names, err := fs.Glob(migrations.FS, fmt.Sprintf("%05d_*.sql", version))
	if err != nil || len(names) != 1 {
		return errors.Join(err, fmt.Errorf("migration %d is %q", version, names))
	}
	raw, err := fs.ReadFile(migrations.FS, names[0])
	if err != nil {
		return err
	}
	_, down, found := strings.Cut(string(raw), "-- +goose Down")
	if !found {
		return errors.New(names[0] + " has no Down part")
	}
	roles := migrations.RolesFor(migrations.DefaultRolePrefix)
	down = strings.NewReplacer(
		"{{schema}}", "public", "{{owner}}", roles.Owner, "{{owner_name}}", roles.Owner, "{{writer}}", roles.Writer, "{{reader}}", roles.Reader,
		"{{auditor}}", roles.Auditor, "{{pruner}}", roles.Pruner, "{{operator}}", roles.Operator,
	).Replace(down)
	conn, err := pgx.Connect(ctx, l.Server.SocketURL(pglocal.Superuser, l.Database.Name))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	statements := fmt.Sprintf("BEGIN; %s; RESET ROLE; DELETE FROM public.audit_migrations WHERE version_id = %d; COMMIT", down, version)
	for range 10 {
		_, err = conn.Exec(ctx, statements)
		if failed, ok := errors.AsType[*pgconn.PgError](err); !ok || failed.Code != "40P01" {
			break // not a deadlock with a writer
		}
		if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("take %s back: %w", names[0], err)
	}
	return nil
}
