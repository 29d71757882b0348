package auditquery

import (
	"context"
	"errors"
	"time"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/retention"
	"github.com/otelaudit/otelaudit/internal/store"
	"github.com/otelaudit/otelaudit/internal/systemlog"
)

// Errors of a prune, for errors.Is.
var (
	// ErrPruning is another prune of the same database that is at work.
	ErrPruning = store.ErrPruning
	// ErrUnannounced is a signed log whose removal PruneOptions gave no way to
	// announce.
	ErrUnannounced = retention.ErrUnannounced
)

// PruneOptions say what is old enough to go, and how its removal is announced.
type PruneOptions struct {
	// OlderThan is the age since arrival, by the server's clock, at least 24
	// hours and not shorter than a policy of the tenant. 0 lets the policy
	// decide; without one nothing goes.
	OlderThan time.Duration
	BatchSize int // events per transaction, about; default 10,000

	// A prune of a signed log is announced in the log of _system: with the key
	// file of the log and the connection string, a secret, of a login in the
	// writer role, or by Announce. A preview needs neither.
	LogKeyFile, WriterURL string
	// Announce sends announcements to a collector, as an identity that may write
	// for _system, and returns when it has acknowledged them.
	Announce func(ctx context.Context, announcements []Announcement) error

	// Progress is told after each transaction how many events went and how many
	// will have; nil is nobody.
	Progress func(deleted, rows int64)
}

// Announcement is an event of _system that says a removal is meant.
type Announcement struct {
	EventID string
	Record  []byte // the record with all its members, as JSON
}

// PrunePreview is what a prune would remove now. Its JSON has names of the
// command's; a time that is zero is absent.
type PrunePreview struct {
	Cutoff   time.Time `json:"cutoff,omitzero"` // of arrival; zero where the policy says none
	Rows     int64     `json:"rows"`
	Bytes    int64     `json:"bytes"`           // an estimate, by the size of the tables
	Batches  int64     `json:"batches"`         // transactions
	Oldest   time.Time `json:"oldest,omitzero"` // arrival of what would go; zero where nothing would
	Newest   time.Time `json:"newest,omitzero"`
	HeldBack int64     `json:"held_back"` // events that are old enough and stay, for a legal hold

	Partitions []string      `json:"partitions"` // months that would be dropped as a whole, YYYY-MM: of a prune of all tenants alone
	ByTenant   []TenantPrune `json:"by_tenant"`  // of those with something to go or held back
	Holds      []PruneHold   `json:"holds"`      // legal holds of those whose events are held back
}

// TenantPrune is the part of a tenant.
type TenantPrune struct {
	Tenant   string    `json:"tenant"`
	Cutoff   time.Time `json:"cutoff,omitzero"`
	Rows     int64     `json:"rows"`
	Bytes    int64     `json:"bytes"`
	HeldBack int64     `json:"held_back"`
}

// PruneHold is a legal hold that is not released; zero times are open ends.
type PruneHold struct {
	ID         int64     `json:"id"`
	Tenant     string    `json:"tenant"`
	Since      time.Time `json:"since,omitzero"` // of arrival
	Until      time.Time `json:"until,omitzero"` // exclusive
	TargetType string    `json:"target_type,omitempty"`
	TargetID   string    `json:"target_id,omitempty"`
}

// PruneResult is what a prune has done. Its JSON has names of the command's; a
// time that is zero is absent.
type PruneResult struct {
	Cutoff    time.Time `json:"cutoff,omitzero"` // of arrival; zero where the policy decided
	Deleted   int64     `json:"deleted"`
	Batches   int64     `json:"batches"`   // transactions
	Remaining int64     `json:"remaining"` // events that were to go and are there
	HeldBack  int64     `json:"held_back"` // events that are old enough and stay, for a legal hold
}

// PreviewPrune says what Prune would remove of a tenant. Nothing is removed. The
// login needs the reader role, or the pruner.
func (r *Reader) PreviewPrune(ctx context.Context, tenant string, o PruneOptions) (*PrunePreview, error) {
	options, err := r.pruneOptions(tenant, &o)
	if err != nil {
		return nil, err
	}
	found, err := retention.PreviewPrune(ctx, r.store.Pruner(), options)
	filter := record.EmptyObject()
	if o.OlderThan > 0 {
		filter = filter.Set("older_than", record.StringValue(o.OlderThan.String()))
	}
	read := access.Read{Action: access.ActionPreview, Tenant: tenant, Filter: filter, Rows: -1}
	if err == nil {
		read.Rows = found.Rows
	}
	if err := r.record(ctx, read, err); err != nil {
		return nil, err
	}
	preview := &PrunePreview{
		Cutoff: instant(found.Cutoff), Rows: found.Rows, Bytes: found.Bytes, Batches: found.Batches,
		Oldest: instant(found.Oldest), Newest: instant(found.Newest), HeldBack: found.HeldBack,
		Partitions: found.Partitions, ByTenant: make([]TenantPrune, len(found.ByTenant)), Holds: make([]PruneHold, len(found.Holds)),
	}
	for i, t := range found.ByTenant {
		preview.ByTenant[i] = TenantPrune(t)
	}
	for i, h := range found.Holds {
		preview.Holds[i] = PruneHold{h.ID, h.Tenant, instant(h.Since), instant(h.Until), h.TargetType, h.TargetID}
	}
	if preview.Cutoff.IsZero() && len(found.ByTenant) > 0 {
		preview.Cutoff = found.ByTenant[0].Cutoff
	}
	return preview, nil
}

// Prune removes what is old enough and not held of a tenant, whole commits from
// the beginning of its log, in transactions of their own. With an error the
// result says what was done until then; the next call goes on. The login needs
// the pruner role: it is not for the one that serves readers.
func (r *Reader) Prune(ctx context.Context, tenant string, o PruneOptions) (*PruneResult, error) {
	options, err := r.pruneOptions(tenant, &o)
	if err != nil {
		return nil, err
	}
	if options.Announcer, err = o.announcer(r.store.Schema()); err != nil {
		return nil, err
	}
	done, err := retention.Run(ctx, r.store.Pruner(), options)
	if done == nil {
		return nil, publicError(err)
	}
	return &PruneResult{
		Cutoff: instant(done.Cutoff), Deleted: done.Deleted, Batches: done.Batches, Remaining: done.Remaining, HeldBack: done.HeldBack,
	}, publicError(err)
}

func (r *Reader) pruneOptions(tenant string, o *PruneOptions) (retention.Options, error) {
	options := retention.Options{Age: o.OlderThan, Tenant: tenant, BatchSize: o.BatchSize, Caller: r.caller, Now: clock, Warn: r.untraced}
	switch {
	case tenant == "":
		return options, &FilterError{Field: "tenant", Reason: "is missing"}
	case o.OlderThan != 0 && o.OlderThan < retention.MinAge:
		return options, &FilterError{Field: "older_than", Reason: "is below one day: events younger than that are never pruned"}
	case o.BatchSize < 0 || o.BatchSize > retention.MaxBatchSize:
		return options, &FilterError{Field: "batch_size", Reason: "is not 1 to 1000000"}
	}
	if o.Progress != nil {
		options.Progress = func(p retention.Progress) { o.Progress(p.Deleted, p.Rows) }
	}
	return options, nil
}

func (o *PruneOptions) announcer(schema string) (retention.Announcer, error) {
	switch {
	case o.Announce != nil:
		return announceFunc(o.Announce), nil
	case o.LogKeyFile == "":
		return nil, nil //nolint:nilnil // an unsigned log needs none
	case o.WriterURL == "":
		return nil, errors.New("LogKeyFile needs WriterURL: the key announces through a login of the writer role")
	}
	ring, err := keys.LoadRing(o.LogKeyFile)
	if err != nil {
		return nil, err
	}
	return &retention.KeyAnnouncer{Log: &systemlog.Log{URL: o.WriterURL, Schema: schema, Ring: ring, Now: clock}}, nil
}

// announceFunc is an application's way to a collector.
type announceFunc func(context.Context, []Announcement) error

// Announce implements retention.Announcer.
func (f announceFunc) Announce(ctx context.Context, intents []*record.Record) error {
	announcements := make([]Announcement, len(intents))
	for i, rec := range intents {
		announcements[i] = Announcement{EventID: rec.EventID, Record: rec.AppendCanonical(nil)}
	}
	return f(ctx, announcements)
}

// clock dates announcements. What is old enough to go the server's clock says.
func clock() time.Time { return time.Now() } //nolint:forbidigo // as an application would pass it in

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
