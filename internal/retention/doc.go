// Package retention plans and makes prunes: events leave a store where their time
// is over and nothing holds them. It decides nothing that the store does not
// check: the functions of migration 00009 look for themselves at age, policy,
// holds, commit boundaries and announcement.
//
// A prune first has the removal announced by events of the tenant _system, one
// per log, and waits until they are in its log. Then it goes month by month,
// oldest first: a month of which everything goes is dropped as a whole,
// otherwise each log gives up whole commits in batches. Every batch is a
// transaction of its own that also says in audit_prunes where the log begins
// now, so a prune that was killed has done what it has done, and the next goes
// on.
package retention
