package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/verify"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
)

// goneBack is what a collector logs when it refuses a tenant.
const goneBack = "the store has gone back: tenant"

// failoverAsynchronous promotes a standby that lags. What it never had is gone,
// acknowledged or not, and must be seen to be: the collectors refuse to append,
// verify names what is gone, and after recover everything goes on.
func failoverAsynchronous(ctx context.Context, l *Lab, random *rand.Rand) (int, error) {
	if _, err := l.standby(ctx); err != nil {
		return 0, err
	}
	if err := l.detach(ctx); err != nil {
		return 0, err
	}
	if err := l.grow(ctx, 200); err != nil {
		return 0, err
	}
	if err := sleep(ctx, between(random, 0, 500*time.Millisecond)); err != nil {
		return 0, err
	}
	said := l.saidByAll(goneBack)
	old, err := l.replace(ctx)
	if err != nil {
		return 0, err
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for l.saidByAll(goneBack) == said {
		if err := sleep(waiting, 20*time.Millisecond); err != nil {
			return 1, fmt.Errorf("no collector refused a store that went back: %w", err)
		}
	}
	if err := l.account(ctx, old); err != nil {
		return 1, err
	}
	return 1, l.recover(ctx)
}

// grow waits until so many more events are stored.
func (l *Lab) grow(ctx context.Context, events int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var now int
	if err := l.queryOwner(ctx, &now, "SELECT count(*) FROM audit_events"); err != nil {
		return err
	}
	return l.Server.AwaitTrue(ctx, l.Database.Name, fmt.Sprintf("SELECT count(*) >= %d FROM audit_events", now+events))
}

func (l *Lab) saidByAll(text string) int {
	n := 0
	for _, node := range l.Nodes {
		n += strings.Count(node.process.Log(), text)
	}
	return n
}

// place is where an event stands.
type place struct {
	tenant string
	epoch  int32
	seq    int64
}

// account finds what the old primary had and the new one has not, and which of it
// verify reports: exactly that, and of what is there nothing.
func (l *Lab) account(ctx context.Context, old *database.Server) (err error) {
	// Whatever goes wrong here or is interrupted, no old primary stays behind.
	defer func() { err = errors.Join(err, bury(context.WithoutCancel(ctx), old)) }()
	trust, err := keys.LoadTrust(l.Keys.Trust)
	if err != nil {
		return err
	}
	report, err := l.verified(ctx, trust)
	if err != nil {
		return err
	}
	if err := old.Restart(ctx); err != nil {
		return err
	}
	had, err := places(ctx, old.Database(l.Database.Name).Auditor)
	if err != nil {
		return err
	}
	has, err := places(ctx, l.Database.Auditor)
	if err != nil {
		return err
	}
	if l.gone == nil {
		l.gone = map[string]bool{}
	}
	for _, f := range report.Findings {
		if f.Kind != verify.TailMissing {
			return fmt.Errorf("verify found more than that the store went back: %+v", f)
		}
		for seq := f.Seq; seq < f.Until; seq++ {
			at := place{f.Tenant, f.Epoch, seq}
			if _, there := has[at]; there {
				return fmt.Errorf("verify reported %+v as gone, and it is there", at)
			}
			if marker, was := had[at]; was {
				l.gone[marker] = true
			}
		}
	}
	return nil
}

// places are the markers of all events.
func places(ctx context.Context, url string) (map[place]string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, "SELECT tenant_id, epoch, seq, coalesce(target_id, '') FROM audit_events")
	if err != nil {
		return nil, err
	}
	all := map[place]string{}
	var at place
	var marker string
	_, err = pgx.ForEachRow(rows, []any{&at.tenant, &at.epoch, &at.seq, &marker}, func() error {
		all[at] = marker
		return nil
	})
	return all, err
}

// recover acknowledges the loss as an operator does.
func (l *Lab) recover(ctx context.Context) error {
	root, err := collector.Root()
	if err != nil {
		return err
	}
	for _, node := range l.Nodes {
		cmd := exec.CommandContext(ctx, filepath.Join(root, "bin", "otelaudit"), "recover", "--new-epoch", "--all", "--reason", "failover to a standby that lagged")
		cmd.Env = append(os.Environ(), "AUDIT_WRITER_URL="+l.Database.Writer, "AUDIT_AUDITOR_URL="+l.Database.Auditor,
			"AUDIT_TRUST_FILE="+l.Keys.Trust, "AUDIT_LOG_KEY_FILE="+l.Keys.Key, "AUDIT_ANCHOR_FILE="+filepath.Join(node.data(), "anchors"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("otelaudit recover: %w\n%s", err, out)
		}
	}
	return nil
}
