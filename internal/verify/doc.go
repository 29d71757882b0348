// Package verify proves that a store or a journal is what was signed, or says
// exactly what is not: it recomputes every leaf from the columns that a reader
// sees, every root, and holds them against the signed checkpoint of every
// commit and against anchors, the checkpoints that were copied out of the
// database administrator's reach. It writes nothing and needs no secret.
//
// # What is believed
//
// The trust file, the anchors and the state of an earlier run are the
// verifier's own. Of the trust file one log is meant: what the keys of another
// signed counts for nothing, and anchors of another are reported as unchecked.
// Of the store nothing is believed but that the server answers what the tables
// hold. That they are tables, and that no rule, policy or lost primary key
// stands between them and the verifier, is checked against what the migrations
// made, and is a finding where it is not so. A superuser who changes the server
// itself is beyond that; the journal and the anchors are not within his reach.
//
// # Commits without a signature
//
// A log that was written with integrity off is under no signature: it cannot be
// checked, until the statement of a new epoch takes it under one. Where anything
// shows that the log was signed in this epoch (an anchor, the state of an earlier
// run, a prune, the statement that opened the epoch, one signed commit), commits
// without a signature were stripped of it and are forged. Events behind the last
// signed commit are then held against the anchors.
//
// # Removal
//
// Missing events are tampering unless their removal is proven by an event of the
// tenant _system, to which no client can write: the processor refuses tenants
// whose name begins with an underscore, except from an authenticated sender whose
// entry in its configuration names _system. An event in the tenant's own tree
// authorizes nothing, since every client may send one of any action. A row of
// audit_prunes counts if its note is a valid checkpoint of exactly that size,
// its frontier folds to that root, and the event it names as intent is in the
// tree of _system, where that is the signed one. The intent's action is
// audit.prune and its payload holds
//
//	{"tenant": T, "epoch": E, "size": N}
//
// with N at least the size of the row: one announcement covers the removal of
// everything before N, which goes in batches, each with a row that names it. Of
// several rows of one log the largest that is proven stands for the smaller
// ones.
//
// An event that was removed by itself leaves its leaf in audit_pruned_leaves; it
// counts if the payload of such an event names it, by seq or by a range whose
// end is exclusive:
//
//	{"tenant": T, "epoch": E, "seqs": [3, [7, 9]]}
//
// Both are notices, and counted in the coverage as pruned and as removed. Where
// one tenant is verified and something of it was removed, _system is verified,
// too; where the login may not read that, the removal is unchecked and not a
// finding. _system itself may be pruned by an event that stays there.
//
// # Concurrency
//
// The newest commit of each log is read first and everything is verified up to
// it; what is written meanwhile is not judged. A log with findings is looked at
// again if a prune was recorded meanwhile, and _system is read again where it
// has grown.
//
// # Cost
//
// Whoever damages a store decides how much of it must be located. Every range is
// read once more, a journal once per log and for at most 64 logs, no more than
// 2^24 leaves of a log are hashed in the search, and it ends with MaxFindings:
// what is beyond is counted.
package verify
