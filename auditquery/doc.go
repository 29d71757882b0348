// Package auditquery reads a tenant's audit events for an application, such as
// the activity page of a product: lists, single events, counts, and what followed
// from one operation. It answers what the command otelaudit answers, from the
// same statements.
//
// Every call names its tenant, and the database holds to it by row-level
// security, so forgetting a condition shows nothing of another tenant. The login
// in Options.URL needs the reader role and should have no other. Where it is bound
// to tenants, every other one is a *NotAdmittedError.
//
// Every read leaves a trace, an event of the tenant _system, before its result is
// returned. Whether it must is decided by the owner of the store ('otelaudit
// access set'), not by the application; a read whose trace cannot be recorded
// returns a *RefusedError. Say who asks with Reader.As.
//
// Times are UTC; a window is since <= t < until of an event's time, which is
// never later than its arrival. Lists are by this time, then by seq.
package auditquery
