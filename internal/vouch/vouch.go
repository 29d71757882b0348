// Package vouch lets a component of this collector speak for the tenant _system
// to the processor behind it. The word is a value of the context whose key only
// this package has: nothing that comes over the network, no header, attribute or
// identity, becomes one, and it is lost where a record leaves its call, in a
// queue or in the batch processor. Without it the processor refuses the record,
// so what is lost is delivery and never the refusal.
package vouch

import "context"

type system struct{}

// ForSystem returns a context whose records are the system's own.
func ForSystem(ctx context.Context) context.Context { return context.WithValue(ctx, system{}, true) }

// System reports whether the records of a call are the system's own.
func System(ctx context.Context) bool {
	vouched, _ := ctx.Value(system{}).(bool)
	return vouched
}
