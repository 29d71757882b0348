package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"time"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/testbed/collector"
	"github.com/otelaudit/otelaudit/testbed/database"
	"github.com/otelaudit/otelaudit/testbed/pgproxy"
	"github.com/otelaudit/otelaudit/testbed/signing"
)

// patience is how long anything may take that must happen: a bound against
// hanging, not a promise of speed.
const patience = 90 * time.Second

// Lab is a PostgreSQL of its own, a proxy in front of it and collectors that
// reach it only through that.
type Lab struct {
	Dir      string
	Server   *database.Server // durable: fsync is on
	Proxy    *pgproxy.Proxy
	Database database.Database // its URLs go to the server, past the proxy
	Keys     signing.Files
	Nodes    []*Node
	Setup    Setup

	clock *clock // nil without Setup.Clock

	Pooler *database.Pooler // between Proxy and Server, nil for none

	disk     *database.Disk   // of Server's data, nil where that is anywhere
	spare    *database.Server // a standby that streams from Server, nil for none
	standbys int              // so far
	// gone are the markers that verify, with the collectors' anchors, reported as
	// gone with a server.
	gone map[string]bool
}

// Setup is what a fault needs around it.
type Setup struct {
	Mode       Mode
	Collectors int               // 0 means 1
	Tenants    int               // in the load; 0 means 4
	Settings   map[string]string // of the server
	Clock      bool              // the server's clock can be moved
	TLS        bool              // collectors reach the server by TLS, and know its certificate
	DiskBytes  int64             // of the disk on which a collector keeps its files; 0 means the machine's
	// Pooler is the pool_mode of a pgbouncer in front of the server, "" for none.
	Pooler        string
	PoolerOptions map[string]string
}

// NewLab starts everything in dir, which exists and is empty.
func NewLab(ctx context.Context, dir string, s Setup) (*Lab, error) {
	l := &Lab{Dir: dir, Setup: s}
	starting, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	if err := l.start(starting); err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context) error {
	binary, err := collector.Binary()
	if err != nil {
		return err
	}
	if l.Keys, err = signing.New(l.Dir); err != nil {
		return err
	}
	if err := l.startServer(ctx); err != nil {
		return err
	}
	if l.Database, err = l.Server.New(ctx); err != nil {
		return err
	}
	target := addressOf(l.Server)
	if l.Setup.Pooler != "" {
		if l.Pooler, err = l.Server.StartPooler(ctx, l.Setup.Pooler, l.Setup.PoolerOptions); err != nil {
			return err
		}
		target = l.Pooler.Address()
	}
	if l.Proxy, err = pgproxy.Start(target); err != nil {
		return err
	}
	writer, err := url.Parse(l.Database.Writer)
	if err != nil {
		return err
	}
	writer.Host = l.Proxy.Address()
	if l.Setup.TLS {
		if err := l.encrypt(ctx, writer); err != nil {
			return err
		}
	}
	for i := range max(l.Setup.Collectors, 1) {
		node, err := newNode(filepath.Join(l.Dir, fmt.Sprintf("collector-%d", i)), binary, l.Setup.Mode, writer.String(), l.Keys.Key)
		if err != nil {
			return err
		}
		if l.Setup.DiskBytes > 0 {
			if err := mountDisk(node.data(), l.Setup.DiskBytes); err != nil {
				return err
			}
		}
		l.Nodes = append(l.Nodes, node)
		if err := node.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) startServer(ctx context.Context) error {
	settings := map[string]string{"log_line_prefix": database.SQLStateLogged}
	maps.Copy(settings, l.Setup.Settings)
	options := pglocal.Options{Dir: filepath.Join(l.Dir, "pg"), Settings: settings}
	var err error
	if l.Setup.Clock {
		if l.clock, err = newClock(); err != nil {
			return err
		}
		if options.Env, err = l.clock.env(); err != nil {
			return err
		}
	}
	l.Server, err = database.Start(ctx, options)
	return err
}

// Heal takes away what a fault may have left in the proxy, and waits until every
// collector can store again.
func (l *Lab) Heal(ctx context.Context) error {
	l.Proxy.Disarm()
	l.Proxy.Slow(0)
	l.Proxy.Refuse(false)
	for _, n := range l.Nodes {
		if err := n.Healthy(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends all processes.
func (l *Lab) Close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, n := range l.Nodes {
		errs = append(errs, n.close(ctx))
		if l.Setup.DiskBytes > 0 {
			errs = append(errs, unmountDisk(n.data()))
		}
	}
	if l.clock != nil {
		errs = append(errs, l.clock.remove())
	}
	if l.Proxy != nil {
		errs = append(errs, l.Proxy.Close())
	}
	if l.Pooler != nil {
		errs = append(errs, l.Pooler.Kill())
	}
	stopping, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	for _, server := range []*database.Server{l.spare, l.Server} {
		if server != nil {
			errs = append(errs, server.Stop(stopping))
		}
	}
	if l.disk != nil {
		errs = append(errs, l.disk.Close())
	}
	return errors.Join(errs...)
}

// anyNode is one of the collectors.
func (l *Lab) anyNode(random *rand.Rand) *Node { return l.Nodes[random.IntN(len(l.Nodes))] }

// afterwards is a context for taking something back, whatever became of ctx.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
