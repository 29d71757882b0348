package seal

import (
	"errors"
	"fmt"
)

// Reasons of a refusal, for metrics.
const (
	ReasonRollback    = "rollback"     // the store ends before what was written
	ReasonFork        = "fork"         // it has another root where something was written
	ReasonUnsealed    = "unsealed"     // the newest commit carries no signature
	ReasonForgedHead  = "forged_head"  // it is not what a key of ours signed
	ReasonForgedEpoch = "forged_epoch" // nor is the opening of its epoch
	ReasonAnchor      = "anchor"       // what the anchor file says cannot be used
	ReasonOther       = "other"
)

// Reason is the word for why a tenant was refused.
func Reason(err error) string {
	var rollback *RollbackError
	var fork *ForkError
	var head *HeadError
	switch {
	case errors.As(err, &rollback):
		return ReasonRollback
	case errors.As(err, &fork):
		return ReasonFork
	case errors.As(err, &head):
		return head.Reason
	}
	return ReasonOther
}

// RollbackError is a store that has lost commits: an old copy was restored, or
// the tail was cut off.
type RollbackError struct {
	TenantID          string
	Epoch, KnownEpoch int32
	Found, Known      int64 // number of events
}

// Error names both sizes and the command that opens a new epoch.
func (e *RollbackError) Error() string {
	return fmt.Sprintf("the store has gone back: tenant %q has %d events in epoch %d, and had %d in epoch %d when this log was last written; "+
		"find out who restored or cut it, then run otelaudit recover --new-epoch --tenant %s",
		e.TenantID, e.Found, e.Epoch, e.Known, e.KnownEpoch, shellWord(e.TenantID))
}

// ForkError is a store whose log is not the one that was written: it went back
// and was written to again, or was exchanged.
type ForkError struct {
	TenantID string
	Epoch    int32
	Size     int64 // where the roots differ
	Missing  bool  // there is no commit of this size at all
}

// Error names the place and the command that opens a new epoch.
func (e *ForkError) Error() string {
	what := "the store has another root than was written there"
	if e.Missing {
		what = "the commit that was written there is not in the store"
	}
	return fmt.Sprintf("the log was rewritten: tenant %q, epoch %d, after %d events: %s; "+
		"find out who restored or changed it, then run otelaudit recover --new-epoch --tenant %s",
		e.TenantID, e.Epoch, e.Size, what, shellWord(e.TenantID))
}

// HeadError is a head that cannot be appended to, whatever was known before.
type HeadError struct {
	Reason   string // one of the constants
	TenantID string
	Epoch    int32
	Size     int64
	Err      error
}

// Error names the head, what is wrong and what to do.
func (e *HeadError) Error() string {
	hint := ""
	switch e.Reason {
	case ReasonUnsealed:
		hint = "; if it was written with integrity.mode off, run otelaudit recover --new-epoch --tenant " + shellWord(e.TenantID)
	case ReasonAnchor:
	default:
		hint = "; run otelaudit verify; if another collector wrote it with a key of its own, add that key's public line to this key file"
	}
	return fmt.Sprintf("the log of tenant %q cannot be continued at %d events of epoch %d: %v%s", e.TenantID, e.Size, e.Epoch, e.Err, hint)
}

// Unwrap returns what is wrong.
func (e *HeadError) Unwrap() error { return e.Err }

// shellWord quotes a tenant's name for a command line where it needs that.
func shellWord(s string) string {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' {
			return "'" + escapeQuotes(s) + "'"
		}
	}
	if s == "" {
		return "''"
	}
	return s
}

func escapeQuotes(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] == '\'' {
			out = append(out, `'\''`...)
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}
