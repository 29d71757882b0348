package verify

import (
	"context"
	"time"

	"github.com/otelaudit/otelaudit/internal/keys"
	"github.com/otelaudit/otelaudit/internal/merkle"
	"github.com/otelaudit/otelaudit/internal/store"
)

// Loss is a loss of one tenant that the holder of the log's key acknowledged
// when an epoch was opened.
type Loss struct {
	Tenant    string
	Epoch     int32 // that was opened
	Statement merkle.EpochStatement
	// After is the signed time of the last commit before what was lost; zero
	// where that commit is not there, or does not say where the loss begins.
	After time.Time
}

// Count is how many events were lost at most. Where the store had gone on in
// another way than the lost checkpoint, the statement does not say where the two
// part, and all of that checkpoint may be lost.
func (l *Loss) Count() int64 {
	if l.Statement.LostSize > l.Statement.PreviousSize {
		return l.Statement.LostSize - l.Statement.PreviousSize
	}
	return l.Statement.LostSize
}

// ReadLosses returns the losses of a tenant that statements in audit_epochs
// acknowledge, by epoch. A row whose statement does not count, which verifying
// reports as EpochForged, acknowledges nothing.
func ReadLosses(ctx context.Context, scanner *store.Scanner, trust *keys.Trust, tenant string) ([]Loss, error) {
	rows, err := scanner.Epochs(ctx, tenant)
	if err != nil {
		return nil, err
	}
	judge := &tenantCheck{trust: trust, stream: merkle.TenantStream(tenant)}
	var losses []Loss
	for _, row := range rows {
		statement, err := judge.judgeEpoch(row)
		if err != nil || statement.LostSize == 0 {
			continue
		}
		loss := Loss{Tenant: tenant, Epoch: row.Epoch, Statement: statement}
		if statement.LostSize > statement.PreviousSize {
			if loss.After, err = endOf(ctx, scanner, trust, tenant, &statement); err != nil {
				return nil, err
			}
		}
		losses = append(losses, loss)
	}
	return losses, nil
}

// endOf is when the epoch before a statement ended as the store has it, zero
// where no signed commit says so.
func endOf(ctx context.Context, scanner *store.Scanner, trust *keys.Trust, tenant string, statement *merkle.EpochStatement) (time.Time, error) {
	previous, err := merkle.ParseOrigin(statement.PreviousOrigin)
	if err != nil {
		return time.Time{}, err
	}
	size := statement.PreviousSize
	commits, err := scanner.Commits(ctx, store.LogName{Tenant: tenant, Epoch: previous.Epoch}, size-1, size, 1)
	if err != nil || len(commits) == 0 {
		return time.Time{}, err
	}
	checkpoint, err := trust.Checkpoint(commits[0].Note)
	if err != nil || checkpoint.Origin != statement.PreviousOrigin || checkpoint.Size != size || checkpoint.Root != statement.PreviousRoot {
		return time.Time{}, nil //nolint:nilerr // verifying says what is wrong with the commit
	}
	return checkpoint.RecordedAt, nil
}
