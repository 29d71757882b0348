// Package chaos lets faults happen to collectors and their PostgreSQL under load
// and reckons afterwards: what clients were told against what is stored, in
// quarantine and in the journals, and whether everything still verifies.
//
// A [Lab] is a PostgreSQL of its own behind a proxy, and collectors that reach it
// only through that. A [Fault] is what happens to one of them, [Faults] is the
// matrix of all. [Run] does rounds of every fault: load begins, the fault happens,
// load goes on, everything patient is answered, the whole state is checked. The
// result is a [Table] whose last columns must be zero.
package chaos
